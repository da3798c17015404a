package filter_test

import (
	"strings"
	"testing"
	"time"

	"gaol/filter"
)

func TestRunTests(t *testing.T) {
	spec := filter.Spec{
		Failregex: []string{
			`^Login failure(?: for <F-USER>\S*</F-USER>)? from <HOST>$`,
			`^mailbox <F-ID/> locked$`,
			`^<F-MLFID>\w+</F-MLFID> <F-NOFAIL>hello</F-NOFAIL> <HOST>$`,
			`^<F-MLFID>\w+</F-MLFID> failed$`,
		},
		Modes: map[string]filter.Mode{"extra": {Failregex: []string{`^odd <HOST>$`}}},
	}
	at := time.Date(2015, time.March, 10, 21, 31, 23, 0, time.UTC)
	for _, tt := range []struct {
		name string
		test filter.Test
		want string // in Problem; "": passes
	}{
		{"host", filter.Test{Lines: []string{"Login failure from 192.0.2.1"}, Match: true, Host: "192.0.2.1"}, ""},
		{"host in another spelling", filter.Test{Lines: []string{"Login failure from 2001:db8::1"}, Match: true, Host: "2001:DB8:0::1"}, ""},
		{"another host", filter.Test{Lines: []string{"Login failure from 192.0.2.1"}, Match: true, Host: "192.0.2.2"}, `want host "192.0.2.2", got "192.0.2.1"`},
		{"user", filter.Test{Lines: []string{"Login failure for root from 192.0.2.1"}, Match: true, User: "root"}, ""},
		{"another user", filter.Test{Lines: []string{"Login failure for root from 192.0.2.1"}, Match: true, User: "joe"}, `want user "joe", got "root"`},
		{"id", filter.Test{Lines: []string{"mailbox joe locked"}, Match: true, ID: "joe"}, ""},
		{"another id", filter.Test{Lines: []string{"mailbox joe locked"}, Match: true, ID: "ann"}, `want id "ann", got "joe"`},
		{"time", filter.Test{Lines: []string{"2015-03-10 21:31:23 Login failure from 192.0.2.1"}, Match: true, Time: at}, ""},
		{"time of a line without a year", filter.Test{Lines: []string{"Mar 10 21:31:23 Login failure from 192.0.2.1"}, Match: true, Time: at}, ""},
		{"another time", filter.Test{Lines: []string{"2015-03-10 21:31:24 Login failure from 192.0.2.1"}, Match: true, Time: at}, "want time 2015-03-10T21:31:23Z, got 2015-03-10T21:31:24Z"},
		{"no match wanted", filter.Test{Lines: []string{"Login success from 192.0.2.1"}}, ""},
		{"match not wanted", filter.Test{Lines: []string{"Login failure from 192.0.2.1"}}, `want no failure, got one of "192.0.2.1" by failregex 1`},
		{"id not wanted", filter.Test{Lines: []string{"mailbox joe locked"}}, `want no failure, got one of id "joe"`},
		{"match missing", filter.Test{Lines: []string{"Login failure from 555.5.5.6"}, Match: true}, `want a failure, got none: "555.5.5.6" is not an address`},
		{"session", filter.Test{Lines: []string{"s hello 192.0.2.1", "s failed"}, Match: true, Host: "192.0.2.1"}, ""},
		{"session without end", filter.Test{Lines: []string{"s hello 192.0.2.1"}, Match: true}, "failregex 3 matched, but only feeds a session"},
		{"long session", filter.Test{Lines: []string{"2015-03-10 21:31:23 s hello 192.0.2.1", "2015-03-10 21:41:23 s failed"}}, ""},
		{"sessions don't last from test to test", filter.Test{Lines: []string{"s failed"}}, ""},
		{"mode", filter.Test{Lines: []string{"odd 192.0.2.1"}, Mode: "extra", Match: true}, ""},
		{"without the mode", filter.Test{Lines: []string{"odd 192.0.2.1"}}, ""},
		{"unknown mode", filter.Test{Lines: []string{"odd 192.0.2.1"}, Mode: "extar"}, "normal, extra"},
		{"no lines", filter.Test{}, "no line"},
	} {
		spec.Tests = append(spec.Tests, tt.test)
		t.Run(tt.name, func(t *testing.T) {
			results := filter.RunTests(spec)
			got := results[len(results)-1]
			if got.OK != (tt.want == "") || !strings.Contains(got.Problem, tt.want) || got.OK != (got.Problem == "") {
				t.Errorf("OK is %v, problem %q, want %q", got.OK, got.Problem, tt.want)
			}
			if got.Index != len(results)-1 || got.Attack != "" {
				t.Errorf("index %d, attack %q", got.Index, got.Attack)
			}
		})
	}
}

func TestRunTestsOfABrokenFilter(t *testing.T) {
	spec := filter.Spec{Failregex: []string{`(`}, Tests: []filter.Test{{Lines: []string{"x"}}}}
	results := filter.RunTests(spec)
	if len(results) != 1 || results[0].OK || !strings.Contains(results[0].Problem, "failregex 1") {
		t.Errorf("got %+v", results)
	}
	if got := filter.Attack(spec); len(got) != 0 {
		t.Errorf("a filter that does not compile is attacked: %+v", got)
	}
}
