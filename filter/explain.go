package filter

import (
	"fmt"
	"net/netip"
	"strings"
)

// Reason says why a line did not match.
type Reason struct {
	// Text is in plain words, as `"555.5.5.6" is not an address`.
	Text string
	// At is the offset in the line that it is about, -1 for none.
	At int
	// Vague: it says no more than that nothing matched.
	Vague bool
}

// String is the reason's text.
func (r Reason) String() string { return r.Text }

// about is a reason that is about the line as a whole.
func about(text string) Reason { return Reason{Text: text, At: -1} }

// Explain says the most likely reason why line did not match. It leaves the
// matcher as it was, and is slower than Match: use it for lines that a person
// looks at. With maxlines it also looks at the lines before, so line must be the one that was
// matched last.
func (m *Matcher) Explain(line Line) Reason {
	f := m.filter
	var w work
	var v view
	f.look(&v, &line, m.aside().dates, &w)
	switch {
	case !v.daemon:
		return about(f.explainHeader(&line, &v))
	case f.json != nil:
		return about(m.aside().explainJSON(&line, &v))
	}
	reason := f.explainText(v.text, m.window)
	if reason.At >= 0 {
		reason.At = min(v.inLine(reason.At), len(line.Text))
	}
	if reason.Text == "" {
		reason.Text, reason.Vague = "no pattern matched", true
		if v.time(&line).IsZero() {
			reason.Text += ", and no date found"
		}
	}
	return reason
}

// explainText says what came between text, the last line in window if there is one, and the patterns;
// nothing if nothing near fits. It is about a place in text.
func (f *Filter) explainText(text string, window *window) Reason {
	var w work
	if window == nil && f.ignoresFirst() {
		if i := first(f.ignore, text, &w); i >= 0 {
			return about(fmt.Sprintf("ignored by ignoreregex %d", i+1))
		}
	}
	var found captures
	narrowed, start, ok := f.narrow(text, &found, &w)
	if !ok {
		return f.explainPrefregex(text)
	}
	if window != nil {
		return about(f.explainPatterns(window.from(0)).Text) // the place may be in another line
	}
	reason := f.explainPatterns(narrowed)
	if reason.At >= 0 {
		reason.At += start
	}
	return reason
}

func (f *Filter) explainPrefregex(text string) Reason {
	if reason, ok := f.pref.explainAddress(text); ok {
		return reason
	}
	if reason, ok := nearest("prefregex", []*pattern{f.pref}, text); ok {
		return reason
	}
	return Reason{Text: "prefregex did not match", At: -1, Vague: true}
}

func (f *Filter) explainHeader(line *Line, v *view) string {
	want := make([]string, len(f.daemons))
	for i, daemon := range f.daemons {
		want[i] = fmt.Sprintf("%q", daemon)
	}
	switch {
	case v.hasHeader:
		return fmt.Sprintf("header of another daemon (%s, want %s)", quote(v.header.Daemon), strings.Join(want, " or "))
	case !v.dated && v.record == nil && line.Time.IsZero():
		return "no date found, and no syslog header (want that of " + strings.Join(want, " or ") + ")"
	default:
		return "no syslog header (want that of " + strings.Join(want, " or ") + ")"
	}
}

// explainPatterns says what came between text and the failregex that fits it
// best; nothing if none fits.
func (f *Filter) explainPatterns(text string) Reason {
	var found captures
	var w work
	for i, p := range f.fail {
		if !p.find(text, &found, &w) {
			continue
		}
		if veto := first(f.unless, text, &w); veto >= 0 {
			return about(fmt.Sprintf("failregex %d matched, but unless %d forbids it", i+1, veto+1))
		}
		if ignored := first(f.ignore, text, &w); ignored >= 0 {
			return about(fmt.Sprintf("ignored by ignoreregex %d", ignored+1))
		}
		return about(fmt.Sprintf("failregex %d matched", i+1))
	}
	for _, p := range f.fail {
		if reason, ok := p.explainAddress(text); ok {
			return reason
		}
	}
	if reason, ok := nearest("failregex", f.fail, text); ok {
		return reason
	}
	return about("")
}

// explainAddress says what stands in text where the pattern needs an address.
// It reports false if the pattern would not match whatever stood there.
func (p *pattern) explainAddress(text string) (Reason, bool) {
	if !p.accuses || !p.required.In(text) {
		return Reason{}, false
	}
	loose := p.loose()
	if loose == nil {
		return Reason{}, false
	}
	var w work
	at := loose.submatches(text, &w)
	if at == nil {
		return Reason{}, false
	}
	for _, g := range loose.groups {
		start, end := at[2*g.index], at[2*g.index+1]
		if g.kind != address || start == end {
			continue
		}
		if reason := notAddress(text[start:end], g.family); reason != "" {
			return Reason{Text: reason, At: start}, true
		}
	}
	return Reason{}, false
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
