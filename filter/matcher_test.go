package filter_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gaol/filter"
)

func TestFailure(t *testing.T) {
	f := compile(t, filter.Spec{Failregex: []string{
		`^never <HOST>$`,
		`^ERROR Login failure for <F-USER>\S+</F-USER> from <HOST> port <F-PORT/>$`,
	}}, filter.Options{})
	text := "2026-03-10 21:31:23 ERROR Login failure for root from 192.0.2.6 port 4711"
	got := f.NewMatcher().Match(filter.Line{Text: text, Read: read, CatchUp: true, Source: "/var/log/x"})
	at := time.Date(2026, time.March, 10, 21, 31, 23, 0, time.UTC)
	want := filter.Result{
		Verdict: filter.Matched,
		Pattern: 1,
		Time:    at,
		Failure: &filter.Failure{
			Time: at, Read: read, CatchUp: true,
			Prefix: netip.MustParsePrefix("192.0.2.6/32"), Host: "192.0.2.6", User: "root", Pattern: 1, Weight: 1,
			Failregex: `^ERROR Login failure for <F-USER>\S+</F-USER> from <HOST> port <F-PORT/>$`,
			Fields:    map[string]string{"user": "root", "port": "4711"},
			Lines:     []string{text}, Source: "/var/log/x",
		},
	}
	options := []cmp.Option{cmpopts.IgnoreFields(filter.Result{}, "Date"), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })}
	if diff := cmp.Diff(want, got, options...); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Date == "" {
		t.Error("the date's template is not named")
	}
}

// Nothing of a failure is a part of the block that the line stood in.
func TestFailureIsACopy(t *testing.T) {
	spec := filter.Spec{Failregex: []string{
		`session (?P<mlfid>\w+) user=<F-USER>\S*</F-USER>(?P<nofail> ok)?$`,
		`session (?P<mlfid>\w+) mail=(?P<fid>\S+) agent=(?P<agent>\S+)$`,
		`session (?P<mlfid>\w+) name=<F-DNS>\S+</F-DNS>$`,
	}}
	for _, texts := range [][]string{
		{"session a user=root ok", "session a mail=joe agent=curl"},
		{"session a user=root ok", "session a name=www.example.com"},
	} {
		m := compile(t, spec, filter.Options{}).NewMatcher()
		var last *filter.Failure
		for _, text := range texts {
			block := []byte(text)
			last = m.Match(line(unsafe.String(&block[0], len(block)))).Failure
			for i := range block {
				block[i] = 'X' // the source reads on
			}
		}
		if last == nil {
			t.Fatal("no failure")
		}
		if diff := cmp.Diff(texts, last.Lines); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
		for _, text := range []string{last.User, last.ID, last.Host, last.Fields["agent"], last.Fields["user"]} {
			if len(text) > 0 && text[0] == 'X' {
				t.Errorf("%+v lives in the line's memory", last)
			}
		}
	}
}

func TestOrder(t *testing.T) {
	for _, tt := range []struct {
		name    string
		spec    filter.Spec
		text    string
		verdict filter.Verdict
		pattern int
	}{
		{"first failregex wins", filter.Spec{Failregex: []string{`x`, `from <HOST>`, `<HOST>`}, Prefregex: `<F-ID>.*</F-ID>`}, "from 192.0.2.1", filter.Matched, 1},
		{"one without an address is passed over", filter.Spec{Failregex: []string{`by <HOST>`, `from <HOST>`}}, "by 555.1.1.1 from 192.0.2.1", filter.Matched, 1},
		{"vetoed failregex is passed over", filter.Spec{Failregex: []string{`from <HOST>`}, Unless: []string{`ok`}}, "from 192.0.2.1 ok", filter.Missed, -1},
		{"ignoreregex before all", filter.Spec{Failregex: []string{`from <HOST>`}, Ignoreregex: []string{`x`, `ok`}}, "from 192.0.2.1 ok", filter.Ignored, 1},
		{"ignoreregex without a match", filter.Spec{Failregex: []string{`from <HOST>`}, Ignoreregex: []string{`ok`}}, "all ok", filter.Ignored, 0},
		{"ignoreregex with an address", filter.Spec{Failregex: []string{`from <HOST>`}, Ignoreregex: []string{`by <HOST>`}}, "by 555.1.1.1 from 192.0.2.1", filter.Matched, 0},
		{"prefregex must match", filter.Spec{Failregex: []string{`from <HOST>`}, Prefregex: `^app:`}, "from 192.0.2.1", filter.Missed, -1},
		{"prefregex without content leaves the text", filter.Spec{Failregex: []string{`^app: from <HOST>`}, Prefregex: `^app:`}, "app: from 192.0.2.1", filter.Matched, 0},
		{"prefregex narrows", filter.Spec{Failregex: []string{`^from <HOST>`}, Prefregex: `^app: <F-CONTENT>.+</F-CONTENT>`}, "app: from 192.0.2.1", filter.Matched, 0},
		{"prefregex needs its address", filter.Spec{Failregex: []string{`x`}, Prefregex: `^<HOST>`}, "555.1.1.1 x", filter.Missed, -1},
		{"ignoreregex sees the whole text", filter.Spec{Failregex: []string{`^from <HOST>`}, Prefregex: `^app: <F-CONTENT>.+</F-CONTENT>`, Ignoreregex: []string{`^app`}}, "app: from 192.0.2.1", filter.Ignored, 0},
		{"ignoreregex sees the content after a match", filter.Spec{Failregex: []string{`^from <HOST>`}, Prefregex: `^app: <F-CONTENT>.+</F-CONTENT>`, Ignoreregex: []string{`^from`}}, "app: from 192.0.2.1", filter.Ignored, 0},
		{"ignoreregex sees the content only after a match", filter.Spec{Failregex: []string{`^by <HOST>`}, Prefregex: `^app: <F-CONTENT>.+</F-CONTENT>`, Ignoreregex: []string{`^from`}}, "app: from 192.0.2.1", filter.Missed, -1},
		{"unless sees the content", filter.Spec{Failregex: []string{`^from <HOST>`}, Prefregex: `^app: <F-CONTENT>.+</F-CONTENT>`, Unless: []string{`^app`}}, "app: from 192.0.2.1", filter.Matched, 0},
		{"no failure by itself", filter.Spec{Failregex: []string{`<F-NOFAIL>hello</F-NOFAIL> from <HOST>`}}, "hello from 192.0.2.1", filter.Matched, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := compile(t, tt.spec, filter.Options{}).NewMatcher().Match(line(tt.text))
			if got.Verdict != tt.verdict || got.Pattern != tt.pattern {
				t.Errorf("%q: %s by %d, want %s by %d", tt.text, got.Verdict, got.Pattern, tt.verdict, tt.pattern)
			}
			if fails := got.Failure != nil; fails && got.Verdict != filter.Matched {
				t.Errorf("%q: a failure, although %s", tt.text, got.Verdict)
			}
		})
	}
}

// What prefregex captured counts where failregex captured nothing.
func TestPrefregexCaptures(t *testing.T) {
	f := compile(t, filter.Spec{
		Prefregex: `^<ADDR> <F-USER>\w*</F-USER> (?P<agent>\w+): <F-CONTENT>.*</F-CONTENT>$`,
		Failregex: []string{`^failed(?: as <F-USER>\w*</F-USER>)?(?: by <HOST>)?$`},
	}, filter.Options{})
	for text, want := range map[string][3]string{
		"192.0.2.1 joe curl: failed":                     {"192.0.2.1", "joe", "curl"},
		"192.0.2.1 joe curl: failed as ann":              {"192.0.2.1", "ann", "curl"},
		"192.0.2.1 joe curl: failed as ann by 192.0.2.2": {"192.0.2.2", "ann", "curl"},
	} {
		got := f.NewMatcher().Match(line(text)).Failure
		if got == nil {
			t.Errorf("%q: no failure", text)
			continue
		}
		if have := [3]string{got.Host, got.User, got.Fields["agent"]}; have != want {
			t.Errorf("%q: got %q, want %q", text, have, want)
		}
	}
}

func TestDateIsCut(t *testing.T) {
	for _, tt := range []struct {
		name    string
		pattern string
		text    string
		dated   bool
		matches bool
	}{
		{"with the blank behind it", `^ERROR from <HOST>$`, "2026-03-10 21:31:23 ERROR from 192.0.2.1", true, true},
		{"with blanks on both sides", `^ERROR from <HOST>$`, " 2026-03-10 21:31:23  \tERROR from 192.0.2.1", true, true},
		{"in brackets", `^\[\] ERROR from <HOST>$`, "[2026-03-10 21:31:23] ERROR from 192.0.2.1", true, true},
		{"in the middle", `^<HOST> - \[\] "GET`, `192.0.2.1 - [10/Mar/2026:21:31:23 +0000] "GET /`, true, true},
		{"in the middle, not at the start", `^\[`, "192.0.2.1 - [2026-03-10 21:31:23]", true, false},
		{"at the end", `^from <HOST> at $`, "from 192.0.2.1 at 2026-03-10 21:31:23", true, true},
		{"touched by a word, it stays", `^user@4[0-9a-f]+ from <HOST>$`, "user@4000000069732a5e0a0b0c0d from 192.0.2.1", true, true},
		{"undated line", `^ERROR from <HOST>$`, "ERROR from 192.0.2.1", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := filter.Spec{Failregex: []string{tt.pattern}, Prefregex: `(?P<fid>.)`}
			got := compile(t, spec, filter.Options{}).NewMatcher().Match(line(tt.text))
			if matches := got.Verdict == filter.Matched; matches != tt.matches {
				t.Errorf("%s on %q: %s", tt.pattern, tt.text, got.Verdict)
			}
			if dated := !got.Time.IsZero(); dated != tt.dated {
				t.Errorf("%q: time is %s", tt.text, got.Time)
			}
			if dated := got.Date != ""; dated != tt.dated {
				t.Errorf("%q: date is %q", tt.text, got.Date)
			}
		})
	}
}

func TestDaemon(t *testing.T) {
	journal := time.Date(2026, time.March, 10, 21, 31, 23, 0, time.UTC)
	spec := filter.Spec{Daemon: []string{"sshd", "sshd-session"}, Failregex: []string{`^Failed for \S+ from <HOST>$`}}
	plain := filter.Spec{Failregex: spec.Failregex}
	odd := filter.Spec{Failregex: spec.Failregex, Daemon: []string{"", "app"}, Datepattern: []string{`^%Y/%j`}}
	wild := filter.Spec{Failregex: spec.Failregex, Daemon: []string{"mail/*/smtpd", "auth-worker(*)"}}
	bare := filter.Spec{Failregex: spec.Failregex, Daemon: []string{"", "app"}}
	for _, tt := range []struct {
		name string
		spec filter.Spec
		line filter.Line
		want bool
	}{
		{"syslog", spec, line("Mar 10 21:31:23 host sshd[1]: Failed for root from 192.0.2.1"), true},
		{"second name", spec, line("Mar 10 21:31:23 host sshd-session[1]: Failed for root from 192.0.2.1"), true},
		{"another daemon", spec, line("Mar 10 21:31:23 host cron[1]: Failed for root from 192.0.2.1"), false},
		{"daemon that begins alike", spec, line("Mar 10 21:31:23 host sshdx[1]: Failed for root from 192.0.2.1"), false},
		{"another daemon quotes it", spec, line("Mar 10 21:31:23 host app[1]: sshd[1]: Failed for root from 192.0.2.1"), false},
		{"no header", spec, line("2026-03-10 21:31:23 Failed for root from 192.0.2.1"), false},
		{"journal", spec, filter.Line{Text: "host sshd[1]: Failed for root from 192.0.2.1", Time: journal}, true},
		{"journal, another daemon", spec, filter.Line{Text: "host cron[1]: Failed for root from 192.0.2.1", Time: journal}, false},
		{"journal, any daemon", plain, filter.Line{Text: "host any[1]: Failed for root from 192.0.2.1", Time: journal}, true},
		{"journal, no header", plain, filter.Line{Text: "Failed for root from 192.0.2.1", Time: journal}, true},
		{"journal, the service's own date is cut", plain, filter.Line{Text: "host any[1]: 2026-03-10 20:00:00 Failed for root from 192.0.2.1", Time: journal}, true},
		{"journal, a date in the message of a daemon stays", spec, filter.Line{Text: "host sshd[1]: 2026-03-10 21:31:23 Failed for root from 192.0.2.1", Time: journal}, false},
		{"bare: no header", bare, line("2026-03-10 21:31:23 Failed for root from 192.0.2.1"), true},
		{"bare: its header", bare, line("Mar 10 21:31:23 host app[1]: Failed for root from 192.0.2.1"), true},
		{"bare: its header, and its own date", bare, line("Mar 10 21:31:23 host app[1]: 2026-03-10 20:00:00 Failed for root from 192.0.2.1"), true},
		{"bare: header of RFC 5424", bare, line("<34>1 2026-03-10T21:31:23Z host app 1 - - Failed for root from 192.0.2.1"), true},
		{"bare: its header, and a form of its own", odd, line("Mar 10 21:31:23 host app[1]: 2026/69 Failed for root from 192.0.2.1"), true},
		{"a name that changes", wild, line("Mar 10 21:31:23 host mail/submission/smtpd[1]: Failed for root from 192.0.2.1"), true},
		{"a name that changes, and more", wild, line("Mar 10 21:31:23 host mail/a/b/smtpd[1]: Failed for root from 192.0.2.1"), false},
		{"a name with its process", wild, line("Mar 10 21:31:23 host auth-worker(1234): Failed for root from 192.0.2.1"), true},
		{"a name that changes, in the journal", wild, filter.Line{Text: "host mail/x/smtpd[1]: Failed for root from 192.0.2.1", Time: journal}, true},
		{"another than the name that changes", wild, line("Mar 10 21:31:23 host mail/smtpd[1]: Failed for root from 192.0.2.1"), false},
		{"bare: a container, by Docker's driver syslog", bare, line("Mar 10 21:31:23 host a6967501689b[1037]: Failed for root from 192.0.2.1"), true},
		{"bare: a container, with its own date", bare, line("Mar 10 21:31:23 host a6967501689b[1037]: 2026-03-10 20:00:00 Failed for root from 192.0.2.1"), true},
		{"bare: a container, with a form of its own", odd, line("Mar 10 21:31:23 host a6967501689b[1037]: 2026/69 Failed for root from 192.0.2.1"), true},
		{"bare: a container of Podman's", bare, line("Mar 10 21:31:23 host conmon[1037]: Failed for root from 192.0.2.1"), true},
		{"a container, of a filter that wants a tag", spec, line("Mar 10 21:31:23 host conmon[1037]: Failed for root from 192.0.2.1"), false},
		{"bare: no container", bare, line("Mar 10 21:31:23 host a6967501689x[1037]: Failed for root from 192.0.2.1"), false},
		{"bare: too long for a container", bare, line("Mar 10 21:31:23 host a6967501689bb[1037]: Failed for root from 192.0.2.1"), false},
		{"bare: another daemon's", bare, line("Mar 10 21:31:23 host cron[1]: Failed for root from 192.0.2.1"), false},
		{"bare: another daemon quotes it", bare, line("Mar 10 21:31:23 host cron[1]: app[1]: Failed for root from 192.0.2.1"), false},
		{"bare: journal", bare, filter.Line{Text: "host app[1]: 2026-03-10 20:00:00 Failed for root from 192.0.2.1", Time: journal}, true},
		{"bare: journal of a container", bare, filter.Line{Text: "host 5e1f[1]: Failed for root from 192.0.2.1", Time: journal}, true},
		{"bare: output of a container", bare, line(`{"log":"Failed for root from 192.0.2.1\n","stream":"stdout","time":"2026-03-10T21:31:23Z"}`), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := compile(t, tt.spec, filter.Options{}).NewMatcher().Match(tt.line)
			if (got.Failure != nil) != tt.want {
				t.Fatalf("%q: %s, want failure %v", tt.line.Text, got.Verdict, tt.want)
			}
			if got.Failure != nil && !got.Failure.Time.Equal(journal) {
				t.Errorf("time %s, want %s", got.Failure.Time, journal)
			}
			if !tt.line.Time.IsZero() && got.Date != "" {
				t.Errorf("date template %q, although the journal knew the time", got.Date)
			}
		})
	}
}

func TestDate(t *testing.T) {
	m := compile(t, filter.Spec{Failregex: []string{`x <HOST>`}}, filter.Options{}).NewMatcher()
	template, at := m.Date(line("2026-03-10 21:31:23 nothing of note"))
	if template == "" || !at.Equal(read) {
		t.Errorf("got %q, %s", template, at)
	}
	if template, at := m.Date(line("nothing of note")); template != "" || !at.IsZero() {
		t.Errorf("undated: got %q, %s", template, at)
	}
	if template, at := m.Date(filter.Line{Text: "x", Time: read}); template != "" || !at.Equal(read) {
		t.Errorf("journal: got %q, %s", template, at)
	}
}

func TestLineForNothingAllocatesNothing(t *testing.T) {
	for _, tt := range []struct {
		name string
		spec filter.Spec
		text string
	}{
		{"no text of the pattern", sshd, "Mar 10 21:31:23 host sshd[1]: Server listening on 0.0.0.0 port 22."},
		{"another daemon", sshd, "Mar 10 21:31:23 host cron[1]: Failed password for root from 192.0.2.1 port 22"},
		{"text of the pattern but no match", sshd, "Mar 10 21:31:23 host sshd[1]: Failed password for root at home"},
		{"date at the start", django, "2026-03-10 21:31:23 ERROR Login failure"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := compile(t, tt.spec, filter.Options{}).NewMatcher()
			l := line(tt.text)
			m.Match(l) // learns the date's form
			if n := testing.AllocsPerRun(100, func() { m.Match(l) }); n > 0 {
				t.Errorf("%q: %v allocations", tt.text, n)
			}
		})
	}
}

func TestVerdictString(t *testing.T) {
	got := fmt.Sprint(filter.Missed, filter.Ignored, filter.Matched)
	if got != "missed ignored matched" {
		t.Error(got)
	}
}
