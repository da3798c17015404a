package jail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"strings"
	"time"

	"gaol/jail/program"
)

const (
	// listWait is how long a name server or a web server may take to answer; a program has as long.
	listWait = program.Wait
	// listRetry is how long somebody whose answer could not be had waits for the next try.
	listRetry = time.Minute
	// maxListFaults are reported of one list.
	maxListFaults = 20
)

// list is an entry of ignoreip or trusted that stands for addresses which are kept elsewhere.
type list struct {
	purpose purpose
	// key is what IgnoreMemory knows the list by, rule how it is called where somebody is ignored.
	key, rule string
	origin    origin

	// prefixes are what was learned last; known says that something was. Ignore.mu guards them.
	prefixes []netip.Prefix
	known    bool

	// next is when to ask again, errs what is wrong since the last time. Who asks guards them.
	next time.Time
	errs []error
}

// origin is where the addresses of a list come from.
type origin interface {
	// ask learns what the list holds now. It may block until ctx ends.
	ask(ctx context.Context) (answer, error)
}

// answer is what a list holds.
type answer struct {
	prefixes []netip.Prefix
	// same says that it is what it was the last time; prefixes is empty then.
	same bool
	// faults are what is wrong with some of the entries; the others are in prefixes.
	faults []error
	// holds is how long it need not be asked for again.
	holds time.Duration
}

// ask asks the origin. An answer that cannot be had leaves the last one in place: who
// depends on it must not be locked out by a fault of somebody else's.
func (l *list) ask(ctx context.Context, now time.Time) answer {
	waiting, cancel := context.WithTimeoutCause(ctx, listWait, fmt.Errorf("no answer within %s", listWait))
	defer cancel()
	a, err := l.origin.ask(waiting)
	switch {
	case err == nil:
		l.next, l.errs = now.Add(a.holds), a.faults
		return a
	case ctx.Err() != nil:
		// Nobody's fault, as gaol would not wait. The next time it may.
		return answer{same: true}
	}
	l.next = now.Add(listRetry)
	l.errs = []error{fmt.Errorf("%s: %w: its last known addresses (%d) stay ignored", l.purpose, err, len(l.prefixes))}
	return answer{same: true}
}

// parseList reads addresses and prefixes, separated by blanks, commas and new lines. A
// comment runs from a '#' or ';' at the start of a line or behind a blank to its end.
// Whatever is neither is a fault with its line; all others count.
func parseList(text string) (prefixes []netip.Prefix, faults []error) {
	more, number := 0, 0
	for line := range strings.Lines(text) {
		number++
		for word := range strings.FieldsFuncSeq(withoutComment(line), isSeparator) {
			prefix, err := parsePrefix(word)
			if err == nil {
				prefixes = append(prefixes, prefix)
			} else if len(faults) < maxListFaults {
				faults = append(faults, fmt.Errorf("line %d: %w", number, err))
			} else {
				more++
			}
		}
	}
	if more > 0 {
		faults = append(faults, fmt.Errorf("%d more entries are neither addresses nor networks", more))
	}
	return prefixes, faults
}

// parseAnswer reads what somebody else has sent: a list, or a JSON array of texts. There every entry must be
// good, as one that is not tells that the rest, too, may be something else, such as a page that
// says what went wrong; and it must hold something, be it a comment, as an answer that was lost
// has nothing.
func parseAnswer(text string) ([]netip.Prefix, error) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return nil, errors.New("the answer is empty: if nobody is meant, let it have a comment (#)")
	}
	var prefixes []netip.Prefix
	var err error
	if strings.HasPrefix(trimmed, "[") {
		prefixes, err = parseArray(trimmed)
	} else {
		var faults []error
		if prefixes, faults = parseList(text); len(faults) > 0 {
			err = faults[0]
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: nothing of that answer is taken", err)
	}
	return prefixes, tooWide(prefixes)
}

func parseArray(text string) ([]netip.Prefix, error) {
	var entries []string
	if err := json.Unmarshal([]byte(text), &entries); err != nil {
		return nil, fmt.Errorf("reading it as a JSON array of texts: %w", err)
	}
	prefixes := make([]netip.Prefix, len(entries))
	for i, entry := range entries {
		var err error
		if prefixes[i], err = parsePrefix(entry); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	return prefixes, nil
}

// tooWide refuses lists that hold more than a sixteenth of all IPv4 addresses or of all public IPv6
// ones (2000::/3): a slip or an ill will in a list must not make gaol ignore everybody. Whoever
// means that writes the prefix into the configuration itself.
func tooWide(prefixes []netip.Prefix) error {
	const most = 1.0 / 16
	rules := make([]rule, len(prefixes))
	for i, p := range prefixes {
		rules[i].prefix = p
	}
	v4, v6 := 0.0, 0.0
	for _, r := range outermost(rules) {
		p := r.prefix
		switch public := netip.PrefixFrom(publicIPv6, 3); {
		case p.Addr().Is4():
			v4 += share(p.Bits())
		case p.Overlaps(public):
			v6 += share(max(p.Bits()-public.Bits(), 0))
		}
	}
	if v4 > most || v6 > most {
		return errors.New("it holds more than a sixteenth of all addresses, and nothing of it is taken: who means that writes the prefixes into the configuration itself")
	}
	return nil
}

// publicIPv6 begins 2000::/3, all that is assigned as global unicast (RFC 4291 section 2.4 and IANA's registry).
var publicIPv6 = netip.AddrFrom16([16]byte{0x20})

// share is the part of a space that a prefix of so many bits holds.
func share(bits int) float64 { return math.Ldexp(1, -bits) }

// readAll reads at most limit bytes; of what is longer nothing is of use.
func readAll(r io.Reader, limit int64) (string, error) {
	var text strings.Builder
	n, err := io.Copy(&text, io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = tooLong(limit)
	}
	return text.String(), err
}

func tooLong(limit int64) error {
	return fmt.Errorf("it has more than %d MiB: name networks instead of addresses", limit>>20)
}

func isSeparator(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' || r == '\n' }

func withoutComment(line string) string {
	for i := range len(line) {
		if (line[i] == '#' || line[i] == ';') && (i == 0 || isSeparator(rune(line[i-1]))) {
			return line[:i]
		}
	}
	return line
}
