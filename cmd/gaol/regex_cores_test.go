package main

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/filter"
)

// longLog has what may depend on where a log is divided: dates that can be read in
// two ways, a change of year, long lines, NUL bytes, missed lines here and there, no line
// end at its end.
func longLog() string {
	var log strings.Builder
	for i := range 30_000 {
		switch {
		case i%10_007 == 10_006:
			log.WriteString("03-30-2025 04:05:06 user root at 192.0.2.9\n") // month first, from now on
		case i%15_013 == 15_012:
			log.WriteString("30-03-2025 04:05:06 user root at 192.0.2.9\n") // day first
		case i%9_001 == 9_000:
			log.WriteString("03-04-2025 04:05:06 user " + strings.Repeat("x", 300<<10) + " at 192.0.2.8\n")
		case i%1_009 == 1_008:
			log.WriteString("\x00\x00[x] Fri Jan 23 04:05:06 2025 user probe at 192.0.2.7\r\n")
		case i%1_009 == 1_007:
			log.WriteString("[x] Jan 23 04:05:06 2025 user probe at 192.0.2.7\n")
		case i%7 == 0:
			fmt.Fprintf(&log, "Dec 31 23:59:%02d user root at 192.0.2.%d\nJan  1 00:00:%02d user root at 192.0.2.%d\n", i%60, i%256, i%60, i%256)
		case i%3 == 0:
			fmt.Fprintf(&log, "03-04-2025 04:05:06 user joe at 192.0.2.%d\n", i%256)
		default:
			fmt.Fprintf(&log, "03-04-2025 04:05:06 all is well %d\n", i)
		}
	}
	log.WriteString("03-04-2025 04:05:06 user last at 192.0.2.1")
	return log.String()
}

// What is found is the same, bit by bit, whatever the number of cores and however the
// log comes in.
func TestSameOnAllCores(t *testing.T) {
	log := longLog()
	plain := filter.Spec{Failregex: []string{`user <F-USER>joe</F-USER> at <HOST>$`, `user <F-USER>\S+</F-USER> at <HOST>$`}, Ignoreregex: []string{`probe`}}
	session := filter.Spec{Failregex: []string{
		`user (?P<mlfid>root) (?P<nofail>at) <HOST>$`, `user <F-USER>(?P<mlfid>joe)</F-USER> at <HOST>$`, `user (?P<mlfid>last) at <HOST>$`}}
	for _, tt := range []struct {
		name  string
		spec  filter.Spec
		wants wants
	}{
		{"counts", plain, wants{}},
		{"failures", plain, wants{failures: true}},
		{"missed lines", plain, wants{missed: true}},
		{"sessions", session, wants{}},
		{"failures of sessions", session, wants{failures: true}},
		{"no text is known", filter.Spec{Failregex: []string{`(?:a|[^a]) <HOST>$`}}, wants{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := filter.Compile(tt.spec, filter.Options{Timezone: time.UTC})
			if err != nil {
				t.Fatal(err)
			}
			found := func(cores int, r io.Reader) (regexReport, []filter.Reason) {
				tally := newTally(f, tt.wants)
				if tt.wants.failures && f.Stateful() {
					cores = coresFor(f, tt.wants)
				}
				one := reading{tally: tally, cores: cores, merged: func() {}}
				if err := one.read(t.Context(), r, "log", time.Date(2026, 1, 1, 0, 0, 30, 0, time.UTC)); err != nil {
					t.Fatal(err)
				}
				return tally.report(0), tally.reasons
			}
			want, reasons := found(1, strings.NewReader(log))
			if want.Matched == 0 || want.Missed == 0 {
				t.Fatalf("%+v", want)
			}
			for _, cores := range []int{2, 3, 8} {
				for _, r := range []io.Reader{strings.NewReader(log), iotest.HalfReader(strings.NewReader(log))} {
					got, gotReasons := found(cores, r)
					if !reflect.DeepEqual(want, got) {
						t.Errorf("%d cores: another report, with %d matched and %d missed, want %d and %d", cores, got.Matched, got.Missed, want.Matched, want.Missed)
					}
					if diff := cmp.Diff(reasons, gotReasons); diff != "" {
						t.Errorf("%d cores (-want +got):\n%s", cores, diff)
					}
				}
			}
		})
	}
}

func TestReadingFails(t *testing.T) {
	f, err := filter.Compile(filter.Spec{Failregex: []string{`x <HOST>`}}, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, cores := range []int{1, 4} {
		tally := newTally(f, wants{})
		one := reading{tally: tally, cores: cores, merged: func() {}}
		log := io.MultiReader(strings.NewReader("x 192.0.2.1\n"), iotest.ErrReader(io.ErrUnexpectedEOF))
		if err := one.read(t.Context(), log, "log", time.Now()); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
			t.Errorf("%d cores: error is %v", cores, err)
		}
		if tally.matched != 1 {
			t.Errorf("%d cores: %d lines matched before the error", cores, tally.matched)
		}
	}
}
