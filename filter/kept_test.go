package filter_test

import (
	"strings"
	"testing"

	"gaol/filter"
)

// What is kept of a failure does not grow with what a client writes, and yet says who it was.
func TestProofOfLongLines(t *testing.T) {
	const longest = 4 << 10
	f := compile(t, filter.Spec{Failregex: []string{`^x .* user <F-USER>\w+</F-USER> from <HOST>$`}}, filter.Options{})
	for _, filler := range []string{"y", "é"} {
		for _, borrow := range []bool{false, true} {
			m := f.NewMatcher()
			if borrow {
				m.Borrow()
			}
			got := m.Match(line("x z" + strings.Repeat(filler, 100<<10/len(filler)) + " user joe from 192.0.2.1")).Failure
			if got == nil || got.User != "joe" || got.Host != "192.0.2.1" || len(got.Lines) != 1 {
				t.Fatalf("got %+v", got)
			}
			if n := len(got.Lines[0]); n > longest || n < longest-3 || strings.ToValidUTF8(got.Lines[0], "") != got.Lines[0] {
				t.Errorf("%d bytes are kept, the last are %q", n, got.Lines[0][n-5:])
			}
		}
	}
}
