package filter_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/filter"
)

// story runs lines, given one a row, and says what came of each that is not
// missed: its number, the verdict, who was accused, and the lines that prove it.
func story(m *filter.Matcher, lines string) []string {
	var said []string
	for i, text := range strings.Split(lines, "\n") {
		r := m.Match(line(text))
		if r.Verdict == filter.Missed {
			continue
		}
		one := fmt.Sprintf("%d %s", i+1, r.Verdict)
		if r.Failure != nil {
			one += " " + accused(r) + ": " + strings.Join(r.Failure.Lines, " / ")
		}
		said = append(said, one)
	}
	return said
}

func TestMaxLines(t *testing.T) {
	const pair = `^user <F-USER>.*</F-USER><SKIPLINES>^from <HOST>$`
	spec := func(n int, failregex ...string) filter.Spec { return filter.Spec{MaxLines: n, Failregex: failregex} }
	for _, tt := range []struct {
		name  string
		spec  filter.Spec
		lines string
		want  []string
	}{
		{"two lines in a row", spec(2, `^user \S+\nfrom <HOST>$`), "user joe\nfrom 192.0.2.1",
			[]string{"2 matched 192.0.2.1: user joe / from 192.0.2.1"}},
		{"not in a row", spec(3, `^user \S+\nfrom <HOST>$`), "user joe\nx\nfrom 192.0.2.1", nil},
		{"one line alone", spec(2, `^from <HOST>$`), "x\nfrom 192.0.2.1\nfrom 192.0.2.2",
			[]string{"2 matched 192.0.2.1: from 192.0.2.1", "3 matched 192.0.2.2: from 192.0.2.2"}},
		{"lines are skipped", spec(4, pair), "user joe\nx\ny\nfrom 192.0.2.1",
			[]string{"4 matched 192.0.2.1: user joe / from 192.0.2.1"}},
		{"none to skip", spec(4, pair), "user joe\nfrom 192.0.2.1",
			[]string{"2 matched 192.0.2.1: user joe / from 192.0.2.1"}},
		{"too far apart", spec(3, pair), "user joe\nx\ny\nfrom 192.0.2.1", nil},
		{"used lines are gone", spec(9, pair), "user joe\nfrom 192.0.2.1\nfrom 192.0.2.2",
			[]string{"2 matched 192.0.2.1: user joe / from 192.0.2.1"}},
		{"skipped lines stay", spec(9, pair), "user joe\nuser ann\nfrom 192.0.2.1\nfrom 192.0.2.2",
			[]string{"3 matched 192.0.2.1: user joe / from 192.0.2.1", "4 matched 192.0.2.2: user ann / from 192.0.2.2"}},
		{"lines outside of the match stay", spec(9, `^b\nc <HOST>$`, `^a<SKIPLINES>^d <HOST>$`), "a\nb\nc 192.0.2.1\nd 192.0.2.2",
			[]string{"3 matched 192.0.2.1: b / c 192.0.2.1", "4 matched 192.0.2.2: a / d 192.0.2.2"}},
		{"several skips", spec(9, `^a<SKIPLINES>^b<SKIPLINES>^c <HOST>$`), "a\nx\nb\ny\nc 192.0.2.1",
			[]string{"5 matched 192.0.2.1: a / b / c 192.0.2.1"}},
		{"the host stands first", spec(3, `^from <HOST><SKIPLINES>^failed`), "from 192.0.2.1\nx\nfailed for joe",
			[]string{"3 matched 192.0.2.1: from 192.0.2.1 / failed for joe"}},
		{"no address in the line before", spec(9, `^by <HOST><SKIPLINES>^failed`), "by 555.1.1.1\nby 192.0.2.1\nfailed",
			[]string{"3 matched 192.0.2.1: by 192.0.2.1 / failed"}},
		{"unless sees the lines of the match alone",
			filter.Spec{MaxLines: 9, Failregex: []string{pair}, Unless: []string{`^user ann$`}},
			"user ann\nuser joe\nfrom 192.0.2.1\nuser ann\nfrom 192.0.2.2",
			[]string{"3 matched 192.0.2.1: user joe / from 192.0.2.1"}},
		{"and so does ignoreregex",
			filter.Spec{MaxLines: 9, Failregex: []string{pair}, Ignoreregex: []string{`^x$`, `^user ann\nfrom`}},
			"user joe\nx\nfrom 192.0.2.1\nuser ann\nfrom 192.0.2.2\nfrom 192.0.2.3",
			[]string{"3 matched 192.0.2.1: user joe / from 192.0.2.1", "5 ignored"}},
		{"prefregex sees each line",
			filter.Spec{MaxLines: 3, Prefregex: `^app: <F-CONTENT>.*</F-CONTENT>$`, Failregex: []string{`^user \S+\nfrom <HOST>$`}},
			"app: user joe\nother: x\napp: from 192.0.2.1",
			[]string{"3 matched 192.0.2.1: app: user joe / app: from 192.0.2.1"}},
		{"lines of other daemons don't count",
			filter.Spec{MaxLines: 2, Daemon: []string{"app"}, Failregex: []string{`^user \S+\nfrom <HOST>$`}},
			"Mar 10 21:31:23 h app[1]: user joe\nMar 10 21:31:23 h cron[2]: x\nMar 10 21:31:23 h app[1]: from 192.0.2.1",
			[]string{"3 matched 192.0.2.1: Mar 10 21:31:23 h app[1]: user joe / Mar 10 21:31:23 h app[1]: from 192.0.2.1"}},
		{"the session's lines",
			spec(3, `^(?P<mlfid>\d+) user (?P<user>\S+)\nfailed$`, `^(?P<mlfid>\d+) from <HOST>$`), "7 user joe\nfailed\n7 from 192.0.2.1",
			[]string{"2 matched", "3 matched 192.0.2.1: 7 user joe / failed / 7 from 192.0.2.1"}},
		{"flags and alternatives stay the pattern's own", spec(2, `^a|(?i)^B <HOST>`), "a\nb 192.0.2.1",
			[]string{"1 matched", "2 matched 192.0.2.1: b 192.0.2.1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := story(compile(t, tt.spec, filter.Options{}).NewMatcher(), tt.lines)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A record with line ends in it, as the journal can hold, passes for one line.
func TestMaxLinesRecord(t *testing.T) {
	m := compile(t, filter.Spec{MaxLines: 5, Failregex: []string{`^user \S+<SKIPLINES>^from <HOST>$`}}, filter.Options{}).NewMatcher()
	for _, text := range []string{"user joe", "x\nfrom 192.0.2.66", "x\nfrom 192.0.2.66\n", "\nfrom 192.0.2.66"} {
		if r := m.Match(line(text)); r.Failure != nil {
			t.Errorf("%q accuses %s", text, accused(r))
		}
	}
	if r := m.Match(line("from 192.0.2.1")); accused(r) != "192.0.2.1" {
		t.Errorf("accuses %q", accused(r))
	}
}

func TestMaxLinesTime(t *testing.T) {
	const header, failed = "2026-03-10 21:00:00 login", "WARNING: from 192.0.2.1 failed"
	headed := time.Date(2026, time.March, 10, 21, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name    string
		last    string
		read    time.Time
		catchUp bool
		want    time.Time
	}{
		{"the last line's own", "2026-03-10 21:00:07 " + failed, headed, false, headed.Add(7 * time.Second)},
		{"undated, soon", failed, headed.Add(time.Minute), false, headed},
		{"undated, late", failed, headed.Add(time.Hour), false, time.Time{}},
		{"undated, catching up", failed, headed.Add(time.Hour), true, headed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := compile(t, filter.Spec{MaxLines: 2, Failregex: []string{`^login\n.*from <HOST> failed$`}}, filter.Options{}).NewMatcher()
			m.Match(filter.Line{Text: header, Read: tt.read, CatchUp: tt.catchUp})
			r := m.Match(filter.Line{Text: tt.last, Read: tt.read, CatchUp: tt.catchUp})
			if r.Failure == nil || !r.Failure.Time.Equal(tt.want) {
				t.Errorf("got %+v, want a failure at %s", r.Failure, tt.want)
			}
		})
	}
}

// However long its lines, a window holds no more than it may, and an old line leaves
// first.
func TestMaxLinesBytes(t *testing.T) {
	m := compile(t, filter.Spec{MaxLines: 1000, Failregex: []string{`^user \S+<SKIPLINES>^from <HOST>$`}}, filter.Options{}).NewMatcher()
	long := strings.Repeat("x", 64<<10)
	for n, want := range []bool{true, true, true, true, false, false} {
		m.Match(line("user joe"))
		for range n {
			m.Match(line(long))
		}
		if n == 4 {
			want = false // four lines of 64 kB, and no room for more
		}
		if got := m.Match(line("from 192.0.2.1")).Failure != nil; got != want {
			t.Errorf("behind %d long lines: %v, want %v", n, got, want)
		}
		for range 10 {
			m.Match(line(long))
		}
	}
}

// Scanning for lines first, alone or with other filters, loses none that a window
// needs.
func TestMaxLinesCandidates(t *testing.T) {
	for _, daemon := range [][]string{nil, {"app"}} {
		spec := filter.Spec{MaxLines: 3, Daemon: daemon, Failregex: []string{`user (?P<user>\S+)<SKIPLINES>.*from <HOST>$`}}
		f := compile(t, spec, filter.Options{})
		other := compile(t, filter.Spec{Failregex: []string{`failed for <HOST>`}}, filter.Options{})
		var lines []filter.Line
		for _, text := range []string{"user joe", "and so on", "from 192.0.2.1", "failed for 192.0.2.2"} {
			lines = append(lines, line("Mar 10 21:31:23 h app[1]: "+text))
		}
		found := ""
		f.NewMatcher().MatchAll(filter.NewScanner([]*filter.Filter{other, f}).Scan(lines), func(_ int, r filter.Result) {
			found += accused(r)
		})
		if found != "192.0.2.1" {
			t.Errorf("daemon %q: together, %q is accused", daemon, found)
		}
		block, found := "", ""
		for _, l := range lines {
			block += l.Text + "\n"
		}
		m := f.NewMatcher()
		for at := f.Candidate(block, 0); at >= 0; {
			text, _, _ := strings.Cut(block[at:], "\n")
			found += accused(m.MatchCandidate(line(text), block[:at]))
			at = f.Candidate(block, at+len(text)+1)
		}
		if found != "192.0.2.1" {
			t.Errorf("daemon %q: in a block, %q is accused", daemon, found)
		}
	}
}

func TestMaxLinesExplain(t *testing.T) {
	m := compile(t, filter.Spec{MaxLines: 3, Failregex: []string{`^user \S+<SKIPLINES>^from <HOST>$`}}, filter.Options{}).NewMatcher()
	m.Match(line("user joe"))
	last := line("from 555.1.1.1")
	m.Match(last)
	if got, want := m.Explain(last).Text, `"555.1.1.1" is not an address`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMaxLinesAttack(t *testing.T) {
	for _, tt := range []struct {
		name, pattern string
		attacks       int
		weak          bool
	}{
		{"anchored", `^user <F-USER>.*</F-USER><SKIPLINES>^from <HOST>$`, 23, false},
		{"not tied to a line", `^user <F-USER>.*</F-USER>(?s).*from <HOST>$`, 23, true},
		{"not anchored", `user <F-USER>.*</F-USER>(?s).*?from <HOST>`, 23, true},
		{"user in the last line", `^login<SKIPLINES>.*from <HOST>.* user <F-USER>.*</F-USER>$`, 23, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := filter.Spec{MaxLines: 5, Failregex: []string{tt.pattern}, Tests: []filter.Test{
				{Lines: []string{"2026-03-10 21:31:23 user joe", "2026-03-10 21:31:24 x", "2026-03-10 21:31:25 from 192.0.2.1"}, Match: true, Host: "192.0.2.1"},
			}}
			if strings.Contains(tt.pattern, "login") {
				spec.Tests[0].Lines = []string{"login", "from 192.0.2.1 user joe"}
			}
			for _, r := range filter.RunTests(spec) {
				if !r.OK {
					t.Fatal(r.Problem)
				}
			}
			results := filter.Attack(spec)
			if len(results) < tt.attacks {
				t.Errorf("%d attacks, want at least %d", len(results), tt.attacks)
			}
			if bad := failed(results); len(bad) > 0 != tt.weak {
				t.Errorf("attacks that succeed: %+v", bad)
			}
		})
	}
}

func TestMaxLinesErrors(t *testing.T) {
	for _, tt := range []struct {
		name string
		spec filter.Spec
		want string
	}{
		{"too many", filter.Spec{MaxLines: 1001, Failregex: []string{`<HOST>`}}, "maxlines is 1001: write a number from 1 to 1000"},
		{"fewer than none", filter.Spec{MaxLines: -1, Failregex: []string{`<HOST>`}}, "maxlines is -1"},
		{"skipped lines in prefregex", filter.Spec{MaxLines: 5, Prefregex: `a<SKIPLINES>b`, Failregex: []string{`<HOST>`}}, "set maxlines"},
		{"a fault that a parenthesis would mend", filter.Spec{MaxLines: 5, Failregex: []string{`a)(<HOST>`}}, "parenthesis is closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := filter.Compile(tt.spec, filter.Options{}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

// Whatever the lines, those that prove a failure are the last one and some of those before
// it, in their order, that are among the last maxlines of those that no failure has used.
func FuzzMaxLines(f *testing.F) {
	f.Add("user a\nx\nfrom 192.0.2.1\nfrom 192.0.2.2\nuser b\nfrom ::1", byte(3))
	f.Add("user a\nuser b\nfrom 192.0.2.1\nfrom 192.0.2.2", byte(9))
	f.Add("a\n\nb 192.0.2.1\n\n\na\r\nb 192.0.2.1", byte(2))
	f.Add("c\nd 192.0.2\nd 192.0.2.1\nc d 192.0.2.1", byte(2))
	f.Fuzz(func(t *testing.T, log string, n byte) {
		spec := filter.Spec{MaxLines: 2 + int(n)%9, Failregex: []string{
			`^user .*<SKIPLINES>^from <HOST>$`, `^a\s*\nb <HOST>`, `c(?s).*d <HOST>`,
		}}
		m := compile(t, spec, filter.Options{}).NewMatcher()
		var last []string
		for text := range strings.SplitSeq(log, "\n") {
			last = append(last, text)
			last = last[max(0, len(last)-spec.MaxLines):]
			failure := m.Match(line(text)).Failure
			if failure == nil {
				continue
			}
			if !standsIn(text, failure.Prefix) {
				t.Errorf("%q accuses %q", text, failure.Host)
			}
			at := len(last)
			for _, used := range slices.Backward(failure.Lines) {
				for at--; at >= 0 && last[at] != used; at-- {
				}
				if at < 0 {
					t.Fatalf("%q, of which %q is not among %q", failure.Lines, used, last)
				}
				last = slices.Delete(last, at, at+1)
			}
			if !strings.HasSuffix(failure.Lines[len(failure.Lines)-1], text) {
				t.Errorf("%q proves a failure in %q", failure.Lines, text)
			}
		}
	})
}
