// Package blocklist reads lists of networks that others publish, to be refused without any log. Begin with
// [NewList] and [List.Refresh]; [Parse] reads a list, [Outside] leaves out who must not be refused.
package blocklist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"gaol/jail/fetch"
)

// Source is where a list is.
type Source struct {
	// Text is "file:/PATH" or "https://…", see [CheckSource].
	Text string
	Format
	// CA is a file of certificates to trust besides the system's; "": there is none.
	CA string
}

// CheckSource says what is wrong with where a list is.
func CheckSource(text string) error {
	_, _, err := parseSource(text)
	return err
}

func parseSource(text string) (path string, u *url.URL, err error) {
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		if !strings.HasPrefix(path, "/") {
			return "", nil, fmt.Errorf("%q: the path must be absolute", text)
		}
		return path, nil, nil
	}
	if !strings.HasPrefix(text, "https:") && !strings.HasPrefix(text, "http:") {
		return "", nil, fmt.Errorf(`%q: neither "https://…" nor "file:/PATH"`, text)
	}
	if u, err = url.Parse(text); err != nil {
		return "", nil, err
	}
	return "", u, fetch.CheckURL(u)
}

// Options say how a list is kept up with.
type Options struct {
	Limits
	// Every is how often the web is asked; files are read when they change.
	Every time.Duration
	// Kept is the folder for what was read last, for the next start; "": nothing is kept.
	Kept string
	// Wait bounds a request; 0: a minute.
	Wait time.Duration
	// Transport carries requests; nil: one of its own.
	Transport http.RoundTripper
}

const (
	// firstRetry doubles with each failure, up to Options.Every.
	firstRetry = time.Minute
	// patience is after how many failures in a row a list that is known has a problem.
	patience = 3
	// A list of at least shrinkFrom entries that has less than half of them at once is not believed before it has said
	// so shrinkTimes: what was lost on its way, or emptied by a slip, must not open the door.
	shrinkFrom, shrinkTimes = 100, 3
	// tooManyFaults is which part of the lines must not be faults.
	tooManyFaults = 10
	defaultWait   = time.Minute
)

// List is one list that is kept up with. Use NewList. Recall and Refresh are for one goroutine at a time, the rest for several.
type List struct {
	name string // without a password
	src  Source
	opts Options
	path string      // of the file, if it is one
	page *fetch.Page // if it is on the web
	seen fetch.FileVersion
	// next is when to ask again, failed how often that went wrong in a row, shrunk how often the list was too short.
	next           time.Time
	failed, shrunk int

	mu     sync.Mutex
	status Status
	// prefixes are what was read last; never changed, but replaced.
	prefixes []netip.Prefix
}

// Status is how a list fares.
type Status struct {
	// Source is where it is, without a password.
	Source string
	// Known says that it has been read, be it by an earlier run.
	Known bool
	// Entries were read; Networks is what they come to. Of the entries, Wide and Reserved ones were left out,
	// entirely or in part.
	Entries, Networks, Wide, Reserved int
	// Faults lines have no entry, Fault is the first.
	Faults int
	Fault  string
	// Updated is when it was read, or found to be the same, last.
	Updated time.Time
	// Problem is what is wrong now; "" if nothing is.
	Problem string
}

// NewList makes a list of which nothing is known yet. It reads nothing: Recall and Refresh do.
func NewList(src Source, opts Options) (*List, error) {
	path, u, err := parseSource(src.Text)
	if err != nil {
		return nil, err
	}
	if opts.Wait == 0 {
		opts.Wait = defaultWait
	}
	l := &List{name: src.Text, src: src, opts: opts, path: path}
	if u != nil {
		l.name = u.Redacted()
		l.page = fetch.NewPage(u, opts.Transport)
		l.page.CA = src.CA
	}
	l.status.Source = l.name
	return l, nil
}

// Status says how the list fares.
func (l *List) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// Prefixes are what the list holds, as [Merge] leaves them. They must not be changed.
func (l *List) Prefixes() []netip.Prefix {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.prefixes
}

// Refresh asks for the list if it is due, and says whether it holds something else now. It may take a minute. What can't be
// had, or is not to be believed, leaves the list as it was; Status says why.
func (l *List) Refresh(ctx context.Context, now time.Time) (news bool) {
	if l.page != nil && now.Before(l.next) {
		return false
	}
	parsed, same, err := l.ask(ctx)
	if ctx.Err() != nil {
		return false // nobody's fault
	}
	if err == nil && !same {
		err = l.believe(parsed)
	}
	if err != nil {
		l.fail(err, now)
		return false
	}
	l.failed, l.shrunk = 0, 0
	l.next = now.Add(jitter(l.opts.Every))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status.Problem = ""
	if l.page != nil || !same {
		l.status.Updated = now
	}
	if same {
		return false
	}
	l.take(parsed)
	if err := l.keep(); err != nil {
		l.status.Problem = err.Error()
	}
	return true
}

// jitter is d, a tenth more or less: not all hosts are to ask at the same time.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + time.Duration(rand.Int64N(int64(d/5)+1))
}

func (l *List) take(p Parsed) {
	l.prefixes = p.Prefixes
	l.status.Known, l.status.Entries, l.status.Networks = true, p.Entries, len(p.Prefixes)
	l.status.Wide, l.status.Reserved, l.status.Faults, l.status.Fault = p.Wide, p.Reserved, p.Faults, p.Fault
}

// ask reads the list, unless it is what was read last.
func (l *List) ask(ctx context.Context) (parsed Parsed, same bool, err error) {
	if l.page == nil {
		return l.readFile()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, l.opts.Wait, fmt.Errorf("%w within %s", errNoAnswer, l.opts.Wait))
	defer cancel()
	before := l.page.Version
	same, err = l.page.Get(ctx, func(body io.Reader) error {
		parsed, err = Parse(body, l.src.Format, l.opts.Limits)
		return err
	})
	if err == nil && !same && l.plausible(parsed) != nil {
		l.page.Version = before // or the next answer would be that nothing has changed
	}
	return parsed, same, err
}

func (l *List) readFile() (parsed Parsed, same bool, err error) {
	file, err := os.OpenFile(l.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return Parsed{}, false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file")
	}
	if err != nil {
		return Parsed{}, false, err
	}
	version := fetch.VersionOf(info)
	if version == l.seen && l.failed == 0 {
		return Parsed{}, true, nil
	}
	parsed, err = Parse(file, l.src.Format, l.opts.Limits)
	if err == nil {
		l.seen = version
	}
	return parsed, false, err
}

// plausible says why what was read can't be the list.
func (l *List) plausible(p Parsed) error {
	switch {
	case p.lines == 0:
		return errors.New("it is empty: if nobody is meant, let it have a comment (#)")
	case p.Faults > 0 && p.Faults >= (p.Entries+p.Faults)/tooManyFaults:
		if p.Entries+p.Faults < tooManyFaults && p.Faults < p.Entries {
			return nil // few lines, of which one may well be a slip
		}
		return fmt.Errorf("%d of %d lines have no address or network (%s): it may be another page, or another format", p.Faults, p.Entries+p.Faults, p.Fault)
	}
	return nil
}

// believe is plausible, and looks whether too much is gone. Files of one's own may become as short as they like.
func (l *List) believe(p Parsed) error {
	if err := l.plausible(p); err != nil {
		return err
	}
	before := l.Status().Networks
	if l.page == nil || before < shrinkFrom || len(p.Prefixes) >= before/2 {
		return nil
	}
	if l.shrunk++; l.shrunk >= shrinkTimes {
		return nil
	}
	l.page.Version = fetch.Validators{}
	return fmt.Errorf("it has %d networks, of %d before: that is believed once it has said so %d times", len(p.Prefixes), before, shrinkTimes)
}

func (l *List) fail(err error, now time.Time) {
	l.failed++
	l.next = now.Add(jitter(min(firstRetry<<min(l.failed-1, 20), l.opts.Every)))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.status.Known && l.failed < patience && l.isPassing(err) {
		return
	}
	kept := "nothing of it is known"
	if l.status.Known {
		kept = fmt.Sprintf("what it was on %s stays in force (%d networks)", l.status.Updated.Format("2006-01-02 15:04"), l.status.Networks)
	}
	l.status.Problem = fmt.Sprintf("blocklist %s: %v: %s", l.name, err, kept)
}

var errNoAnswer = errors.New("no whole answer")

// isPassing says of an error that it may well be gone the next time: nobody answers, the server is in trouble, or a file is just being
// replaced.
func (l *List) isPassing(err error) bool {
	if l.page == nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	if status, ok := errors.AsType[fetch.StatusError](err); ok {
		return status.Code >= 500
	}
	_, file := errors.AsType[*fs.PathError](err) // of certificates; it has the methods of a net.Error
	_, network := errors.AsType[net.Error](err)
	return network && !file || errors.Is(err, errNoAnswer) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}
