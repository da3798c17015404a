package blocklist

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"gaol/jail/fetch"
)

// kept begins the file of what was read last; the networks follow, one a line.
type kept struct {
	Source                            string
	Version                           fetch.Validators
	Updated                           time.Time
	Entries, Networks, Wide, Reserved int
}

// NewKept ends the name of a file that is to take the place of the one without it once it is whole.
const NewKept = ".new"

// KeptName is the name of the file in which a source is kept.
func KeptName(src Source) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%d", src.Text, src.Column, src.Separator))
	return fmt.Sprintf("%x.list", sum[:12])
}

func (l *List) keptPath() string { return filepath.Join(l.opts.Kept, KeptName(l.src)) }

// keep writes the file, so that at any moment the old or the new one is there as a whole. The caller holds mu.
func (l *List) keep() (err error) {
	if l.opts.Kept == "" {
		return nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("keeping blocklist %s for the next start: %w", l.name, err)
		}
	}()
	if err := os.MkdirAll(l.opts.Kept, 0o700); err != nil {
		return err
	}
	private := l.keptPath() + NewKept
	file, err := os.OpenFile(private, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(l.write(file), file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(private))
	}
	return os.Rename(private, l.keptPath())
}

func (l *List) write(to io.Writer) error {
	head := kept{Source: l.name, Updated: l.status.Updated, Entries: l.status.Entries, Networks: l.status.Networks, Wide: l.status.Wide, Reserved: l.status.Reserved}
	if l.page != nil {
		head.Version = l.page.Version
	}
	text, err := json.Marshal(head)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(to, 64<<10)
	w.WriteString("# ")
	w.Write(text)
	line := []byte{}
	for _, p := range l.prefixes {
		line = p.AppendTo(append(line[:0], '\n'))
		w.Write(line)
	}
	return w.Flush() // which has the errors of all writes
}

// Recall makes the list what it was in an earlier run, if that is kept; before any Refresh. It takes half a second for half a million
// networks. The error is that the file can't be read: then it counts for nothing, which is no obstacle.
func (l *List) Recall() error {
	if l.opts.Kept == "" {
		return nil
	}
	file, err := os.Open(l.keptPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var head kept
	var prefixes []netip.Prefix
	if err == nil {
		defer file.Close()
		head, prefixes, err = readKept(file)
	}
	if err != nil {
		return fmt.Errorf("reading what blocklist %s was before the start: %w", l.name, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.take(Parsed{Prefixes: prefixes, Entries: head.Entries, Wide: head.Wide, Reserved: head.Reserved})
	l.status.Updated = head.Updated
	if l.page != nil {
		l.page.Version = head.Version
	}
	return nil
}

func readKept(r io.Reader) (head kept, prefixes []netip.Prefix, err error) {
	lines := bufio.NewScanner(r)
	if !lines.Scan() || len(lines.Bytes()) < 2 || json.Unmarshal(lines.Bytes()[2:], &head) != nil {
		return head, nil, errors.New("its first line is damaged")
	}
	for lines.Scan() {
		p, err := netip.ParsePrefix(lines.Text())
		if err != nil || p.Masked() != p || p.Bits() < narrowest(p) {
			return head, nil, fmt.Errorf("%q is no network", shorten(lines.Text()))
		}
		prefixes = append(prefixes, p)
	}
	if err := lines.Err(); err != nil {
		return head, nil, err
	}
	if len(prefixes) != head.Networks {
		return head, nil, fmt.Errorf("it has %d networks of %d", len(prefixes), head.Networks)
	}
	return head, Merge(prefixes), nil
}
