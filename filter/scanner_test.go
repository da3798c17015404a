package filter_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/filter"
)

var scannedLog = []string{
	"Mar 10 21:31:23 host sshd[4711]: Failed password for root from 192.0.2.1 port 50022 ssh2",
	"Mar 10 21:31:23 host CRON[4711]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)",
	"2026-03-10 21:31:23,899 ERROR Login failure 192.0.2.6",
	"",
	"Mar 10 21:31:23 host su[4711]: Failed password for root from 192.0.2.1 port 50022 ssh2",
	"x 192.0.2.7",
	"Mar 10 21:31:23 host sshd[4711]: Invalid user a from 192.0.2.2 port 1",
}

// anything has a pattern of which no text is known.
var anything = filter.Spec{Failregex: []string{`^x <HOST>$`}}

func TestScannerSameAsMatch(t *testing.T) {
	var lines []filter.Line
	for _, text := range scannedLog {
		lines = append(lines, line(text))
	}
	specs := []filter.Spec{sshd, django, anything}
	var filters []*filter.Filter
	for _, spec := range specs {
		filters = append(filters, compile(t, spec, filter.Options{}))
	}
	filters = append(filters, filters[0])
	scanner := filter.NewScanner(filters)
	for i, f := range append(filters, compile(t, sshd, filter.Options{})) { // the last is unknown to it
		got := make([]filter.Verdict, len(lines))
		f.NewMatcher().MatchAll(scanner.Scan(lines), func(line int, result filter.Result) { got[line] = result.Verdict })
		var want []filter.Verdict
		m := f.NewMatcher()
		for _, l := range lines {
			want = append(want, m.Match(l).Verdict)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("filter %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestScannerOfNothing(t *testing.T) {
	called := 0
	m := compile(t, django, filter.Options{}).NewMatcher()
	m.MatchAll(filter.NewScanner(nil).Scan([]filter.Line{line("x")}), func(int, filter.Result) { called++ })
	if called != 1 {
		t.Errorf("called %d times, want once: the scanner doesn't know the filter", called)
	}
}

func TestCandidate(t *testing.T) {
	block := strings.Join(scannedLog, "\n")
	for _, tt := range []struct {
		name string
		spec filter.Spec
		want []int // indices in scannedLog
	}{
		{"daemon", sshd, []int{0, 4, 6}}, // whose line it is, only its header says
		{"text", django, []int{2}},
		{"no text is known", anything, []int{0, 1, 2, 3, 4, 5, 6}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := compile(t, tt.spec, filter.Options{})
			var got []int
			for at := f.Candidate(block, 0); at >= 0; {
				got = append(got, strings.Count(block[:at], "\n"))
				end := strings.IndexByte(block[at:], '\n')
				if end < 0 {
					break
				}
				at = f.Candidate(block, at+end+1)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBorrow(t *testing.T) {
	for _, text := range []string{scannedLog[0], "Mar 10 21:31:23 host sshd[1]: Failed password for invalid user a b from ::ffff:192.0.2.1 port 1"} {
		m, lender := compile(t, sshd, filter.Options{}).NewMatcher(), compile(t, sshd, filter.Options{}).NewMatcher()
		lender.Borrow()
		want, got := m.Match(line(text)).Failure, lender.Match(line(text)).Failure
		if want == nil || got == nil || want.Host != got.Host || want.User != got.User || want.Lines[0] != got.Lines[0] || want.Prefix != got.Prefix {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
		lender.Match(line(scannedLog[6]))
		if n := testing.AllocsPerRun(100, func() { lender.Match(line(scannedLog[0])) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}
