package filter

import (
	"fmt"
	"net/netip"
	"strings"
)

// Explain says in plain words the most likely reason why line did not match, as
// `"555.5.5.6" is not an address`. It leaves the matcher as it was, and is
// slower than Match: use it for lines that a person looks at. With maxlines it
// also looks at the lines before, so line must be the one that was matched last.
func (m *Matcher) Explain(line Line) string {
	f := m.filter
	var w work
	var v view
	f.look(&v, &line, m.aside().dates, &w)
	if !v.daemon {
		return f.explainHeader(&line, &v)
	}
	if f.json != nil {
		return m.aside().explainJSON(&line, &v)
	}
	if reason := f.explainText(v.text, m.window); reason != "" {
		return reason
	}
	if !v.dated && line.Time.IsZero() {
		return "no pattern matched, and no date found"
	}
	return "no pattern matched"
}

// explainText says what came between text, the last line in window if there is one, and the patterns, "" if
// nothing near fits.
func (f *Filter) explainText(text string, window *window) string {
	var w work
	if i := first(f.ignore, text, &w); i >= 0 && window == nil {
		return fmt.Sprintf("ignored by ignoreregex %d", i+1)
	}
	var found captures
	narrowed, _, ok := f.narrow(text, &found, &w)
	switch {
	case ok && window != nil:
		return f.explainPatterns(window.from(0))
	case ok:
		return f.explainPatterns(narrowed)
	}
	if reason := f.pref.explainAddress(text); reason != "" {
		return reason
	}
	return "prefregex did not match"
}

func (f *Filter) explainHeader(line *Line, v *view) string {
	want := make([]string, len(f.spec.Daemon))
	for i, daemon := range f.spec.Daemon {
		want[i] = fmt.Sprintf("%q", daemon)
	}
	switch {
	case v.hasHeader:
		return fmt.Sprintf("header of another daemon (%s, want %s)", quote(v.header.Daemon), strings.Join(want, " or "))
	case !v.dated && line.Time.IsZero():
		return "no date found, and no syslog header (want that of " + strings.Join(want, " or ") + ")"
	default:
		return "no syslog header (want that of " + strings.Join(want, " or ") + ")"
	}
}

// explainPatterns says what came between text and the failregex that fits it
// best; "" if none fits.
func (f *Filter) explainPatterns(text string) string {
	var found captures
	var w work
	for i, p := range f.fail {
		if !p.find(text, &found, &w) {
			continue
		}
		if veto := first(f.unless, text, &w); veto >= 0 {
			return fmt.Sprintf("failregex %d matched, but unless %d forbids it", i+1, veto+1)
		}
		if ignored := first(f.ignore, text, &w); ignored >= 0 {
			return fmt.Sprintf("ignored by ignoreregex %d", ignored+1)
		}
		return fmt.Sprintf("failregex %d matched", i+1)
	}
	for _, p := range f.fail {
		if reason := p.explainAddress(text); reason != "" {
			return reason
		}
	}
	return ""
}

// explainAddress says what stands in text where the pattern needs an address.
// It is "" if the pattern would not match whatever stood there.
func (p *pattern) explainAddress(text string) string {
	if !p.accuses || !p.required.In(text) {
		return ""
	}
	loose := p.loose()
	if loose == nil {
		return ""
	}
	var w work
	at := loose.submatches(text, &w)
	if at == nil {
		return ""
	}
	for _, g := range loose.groups {
		start, end := at[2*g.index], at[2*g.index+1]
		if g.kind != address || start == end {
			continue
		}
		if reason := notAddress(text[start:end], g.family); reason != "" {
			return reason
		}
	}
	return ""
}

// notAddress says why word is none that accepts takes; "" if it is one.
func notAddress(word string, accepts family) string {
	word = unbracketed(strings.TrimRight(word, `,;:.)"'`))
	if _, ok := parseAddress(word, accepts); ok {
		return ""
	}
	addr, err := netip.ParseAddr(word)
	switch {
	case err == nil && addr.Zone() != "":
		return quote(word) + " has a zone, which stands for a link and not for a host"
	case err == nil && accepts.v4:
		return quote(word) + " is not an IPv4 address"
	case err == nil:
		return quote(word) + " is not an IPv6 address"
	case accepts.dns && isName(word):
		return ""
	case strings.Contains(word, ".") && isName(word):
		return quote(word) + " is a host name, not an address (usedns takes names)"
	default:
		return quote(word) + " is not an address"
	}
}

// quote is text from a log, shortened, with control characters escaped.
func quote(text string) string {
	const most = 80
	if len(text) > most {
		return fmt.Sprintf("%q…", text[:most])
	}
	return fmt.Sprintf("%q", text)
}
