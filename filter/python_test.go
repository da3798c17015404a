package filter_test

import (
	"strings"
	"testing"
	"time"

	"gaol/filter"
)

// TestPython holds what filters for fail2ban mean to what Python makes of them.
func TestPython(t *testing.T) {
	for _, tt := range []struct {
		name, pattern, text string
		want                bool
	}{
		{"word characters of any script", `^ \w+ <HOST>$`, " Jürgen 192.0.2.1", true},
		{"bytes that are no text are no word", `^ \w+ <HOST>$`, " J\xfcrgen 192.0.2.1", false},
		{"no word characters", `^ \W <HOST>$`, " ü 192.0.2.1", false},
		{"digits of any script", `^ \d <HOST>$`, " ٣ 192.0.2.1", true},
		{"no digits", `^ \D <HOST>$`, " ٣ 192.0.2.1", false},
		{"blanks of any kind", `^ x\s<HOST>$`, " x\u00a0192.0.2.1", true},
		{"vertical tab", `^ x\s<HOST>$`, " x\v192.0.2.1", true},
		{"no blanks", `^ x\S<HOST>$`, " x\u2003192.0.2.1", false},
		{"word in a class", `^ [\w.-]+ <HOST>$`, " jür.gen 192.0.2.1", true},
		{"no word in a class", `^ [\W\d]+ <HOST>$`, " ,1 192.0.2.1", true},
		{"no word in a class, of a letter", `^ [\W\d]+ <HOST>$`, " ü 192.0.2.1", false},
		{"no blanks in a class", `^ [^\S ]x <HOST>$`, " \tx 192.0.2.1", true},
		{"no blanks in a class, of a blank", `^ [^\S ]x <HOST>$`, "  x 192.0.2.1", false},
		{"no named classes", `^ [[:alpha:]+ <HOST>$`, " [:al 192.0.2.1", true},
		{"bracket in a class", `^ [[x]] <HOST>$`, " [] 192.0.2.1", true},
		{"bracket first in a class", `^ []x]+ <HOST>$`, " ]x 192.0.2.1", true},
		{"bracket first in a negated class", `^ [^]x]+ <HOST>$`, " ab 192.0.2.1", true},
		{"backspace in a class", `^ [\b]+ <HOST>$`, " \b 192.0.2.1", true},
		{"octal in a class", `^ [\101]+ <HOST>$`, " A 192.0.2.1", true},
		{"escaped letter of another script", `^ \ü[\ü] <HOST>$`, " üü 192.0.2.1", true},
		{"long Unicode escape", `^ \U0001f600[\U0001f600\u00fc] <HOST>$`, " 😀ü 192.0.2.1", true},
		{"flag for what holds anyway", `(?iu)^ X <HOST>$`, " x 192.0.2.1", true},
		{"such a flag alone", `(?u)^ x <HOST>$`, " x 192.0.2.1", true},
		{"such a flag on a group", `^ (?u:x) (?i-s:Y) <HOST>$`, " x y 192.0.2.1", true},
		{"end before the line end", `<HOST>$`, "192.0.2.1", true},
		{"blank that is the line end", `<HOST>\s$`, "192.0.2.1", true},
		{"line end that is spelled out", `from <HOST>\n`, "from 192.0.2.1", true},
		{"very end, behind the line end", `<HOST>\Z`, "192.0.2.1", false},
		{"no end before a blank", `<HOST>$`, "192.0.2.1 ", false},
		{"one line end, not two", `<HOST>\s\s$`, "192.0.2.1", false},
		{"blank behind the date", `^ x <HOST>$`, "2026-03-10 21:31:23 x 192.0.2.1", true},
		{"blank behind the date, not there", `^x <HOST>$`, "2026-03-10 21:31:23 x 192.0.2.1", false},
		{"brackets around the date", `^\[\] x <HOST>$`, "[2026-03-10 21:31:23] x 192.0.2.1", true},
		{"port that may be there behind IPv6", `^\[client <HOST>(?::\d{1,5})?\] x$`, "[client 2001:db8::5:58106] x", true},
		{"port that may be there, and is not", `^\[client <HOST>(?::\d{1,5})?\] x$`, "[client 2001:db8::5] x", true},
		{"no address within a longer one", `^client <HOST>`, "client 2001:db8::58106 x", false},
		{"header", `^\s*h sshd\[1\]: x <HOST>$`, "Mar 10 21:31:23 h sshd[1]: x 192.0.2.1", true},
		{"a container's record as it stands", `^{"log":"x <HOST>\\n"`, `{"log":"x 192.0.2.1\n","stream":"stdout","time":"2026-03-10T21:31:23Z"}`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := compile(t, filter.Spec{Failregex: []string{tt.pattern}, Fail2ban: true}, filter.Options{})
			if got := f.NewMatcher().Match(line(tt.text)).Failure != nil; got != tt.want {
				t.Errorf("%s on %q: %v, want %v", tt.pattern, tt.text, got, tt.want)
			}
			if tt.want && f.Candidate(tt.text+"\n", 0) != 0 {
				t.Errorf("%s on %q: no candidate", tt.pattern, tt.text)
			}
			f.NewMatcher().Explain(line(tt.text))
		})
	}
}

func TestPythonErrors(t *testing.T) {
	for _, tt := range []struct{ name, pattern, want string }{
		{"blanks and comments", `(?ix) a <HOST>`, "flag x"},
		{"class without end", `[a\]<HOST>`, "is not closed"},
		{"tag in a class", `[<HOST>] <HOST>`, "stands in a character class"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := filter.Compile(filter.Spec{Failregex: []string{tt.pattern}, Fail2ban: true}, filter.Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

// A record of the journal, which knows its time, keeps its header and what looks like a date.
func TestPythonJournal(t *testing.T) {
	f := compile(t, filter.Spec{Fail2ban: true, Failregex: []string{`^h sshd\[1\]: 2026-03-10 21:31:23 x <HOST>$`}}, filter.Options{})
	r := f.NewMatcher().Match(filter.Line{Text: "h sshd[1]: 2026-03-10 21:31:23 x 192.0.2.1", Time: time.Unix(1773178283, 0)})
	if accused(r) != "192.0.2.1" || !r.Failure.Time.Equal(time.Unix(1773178283, 0)) {
		t.Errorf("got %+v", r)
	}
}

// What prefregex leaves has a line end, too, wherever it stood.
func TestPythonContent(t *testing.T) {
	for _, tt := range []struct{ name, prefregex, failregex string }{
		{"up to the line's end", `^app: <F-CONTENT>.*</F-CONTENT>$`, `^from <HOST>\s$`},
		{"from its middle", `^app: <F-CONTENT>.*</F-CONTENT>, end$`, `^from <HOST>\s$`},
		{"with its end", `^app: <F-CONTENT>.*$</F-CONTENT>`, `^from <HOST>$`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := compile(t, filter.Spec{Prefregex: tt.prefregex, Failregex: []string{tt.failregex}, Fail2ban: true}, filter.Options{})
			m := f.NewMatcher()
			if m.Match(line("app: from 192.0.2.1")).Failure == nil && m.Match(line("app: from 192.0.2.1, end")).Failure == nil {
				t.Error("no match")
			}
		})
	}
}

// An ignoreregex sees the whole line if there are few of them, and always what a failregex has matched.
func TestPythonIgnoreregex(t *testing.T) {
	spec := filter.Spec{Fail2ban: true, Prefregex: `^app: <F-CONTENT>.*</F-CONTENT>$`, Failregex: []string{`from <HOST>`}, Ignoreregex: []string{`^app: ours`, `^theirs`}}
	few := spec
	few.Failregex = append(few.Failregex, `a <HOST>`, `b <HOST>`, `c <HOST>`, `d <HOST>`)
	for _, tt := range []struct {
		name string
		spec filter.Spec
		text string
		want filter.Verdict
	}{
		{"whole line", spec, "app: ours from 192.0.2.1", filter.Matched},
		{"whole line, few", few, "app: ours from 192.0.2.1", filter.Ignored},
		{"whole line, few, of which nothing else is known", few, "app: ours", filter.Ignored},
		{"what is left", spec, "app: theirs from 192.0.2.1", filter.Ignored},
		{"what is left, few", few, "app: theirs from 192.0.2.1", filter.Ignored},
		{"what is left, without failregex", spec, "app: theirs", filter.Missed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := compile(t, tt.spec, filter.Options{})
			if got := f.NewMatcher().Match(line(tt.text)).Verdict; got != tt.want {
				t.Errorf("%q is %s, want %s", tt.text, got, tt.want)
			}
			f.NewMatcher().Explain(line(tt.text))
		})
	}
}

// Over several lines, each has its end, the last one as well.
func TestPythonOverLines(t *testing.T) {
	f := compile(t, filter.Spec{MaxLines: 3, Fail2ban: true, Failregex: []string{`^ login$\n(?:.*\n)*^ failed from <HOST>\s$`}}, filter.Options{})
	got := story(f.NewMatcher(), "2026-03-10 21:31:23 login\n2026-03-10 21:31:23 x\n2026-03-10 21:31:23 failed from 192.0.2.1")
	if len(got) != 1 || !strings.HasPrefix(got[0], "3 matched 192.0.2.1") {
		t.Errorf("got %q", got)
	}
}

// Which patterns need to go back in the text is told, and which could be rewritten are not among
// them.
func TestBacktracking(t *testing.T) {
	f := compile(t, filter.Spec{Fail2ban: true, Prefregex: `^(?!x)a`, Failregex: []string{`<HOST>(?=,)`, `^(a)\1 <HOST>`}, Ignoreregex: []string{`(?<!a)b(?!c).`}}, filter.Options{})
	slow := f.Backtracking()
	if len(slow) != 2 || slow[0].What != "failregex 2" || slow[0].Pattern != `^(a)\1 <HOST>` || slow[1].What != "ignoreregex 1" {
		t.Fatalf("got %+v", slow)
	}
	if text := slow[0].String(); !strings.HasPrefix(text, `failregex 2 "^(a)\\1 <HOST>" runs on the engine`) {
		t.Error(text)
	}
}
