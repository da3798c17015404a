package filter_test

import (
	"reflect"
	"strings"
	"testing"

	"gaol/filter"
)

func failed(results []filter.TestResult) []filter.TestResult {
	var bad []filter.TestResult
	for _, r := range results {
		if !r.OK {
			bad = append(bad, r)
		}
	}
	return bad
}

func TestAttack(t *testing.T) {
	matching := func(lines ...string) []filter.Test {
		return []filter.Test{{Lines: lines, Match: true}}
	}
	for _, tt := range []struct {
		name string
		spec filter.Spec
		// attacks is how many places are attacked at least; weak says whether one of the attacks succeeds, by
		// which of the weapons.
		attacks int
		weak    string
	}{
		{
			"anchored, user of any text", filter.Spec{
				Failregex: []string{`^Failed password for <F-USER>.*</F-USER> from <HOST> port \d+ ssh2$`},
				Tests:     matching("Failed password for root from 192.0.2.1 port 22 ssh2"),
			}, 1, "",
		},
		{
			"not anchored at its end", filter.Spec{
				Failregex: []string{`^Failed password for <F-USER>.*?</F-USER> from <HOST> port`},
				Tests:     matching("Failed password for root from 192.0.2.1 port 22 ssh2"),
			}, 1, "an address and a port",
		},
		{
			"not anchored at its start", filter.Spec{
				Failregex: []string{`Failed for <F-USER>\S+</F-USER> from <HOST>`},
				Tests:     matching("2026-03-10 21:31:23 Failed for root from 192.0.2.1"),
			}, 1, "the message",
		},
		{
			"user in quotes that cannot hold any", filter.Spec{
				Failregex: []string{`^login "[^"]*" failed: <HOST>`},
				Tests:     matching(`login "root" failed: 192.0.2.1`),
			}, 1, "the rest of the line",
		},
		{
			"user in quotes, to the last of them", filter.Spec{
				Failregex: []string{`^login ".*" failed: <HOST>$`},
				Tests:     matching(`login "root" failed: 192.0.2.1`),
			}, 1, "",
		},
		{
			"quotes around the host are the service's", filter.Spec{
				Failregex: []string{`^login of "<HOST>" failed$`},
				Tests:     matching(`login of "192.0.2.1" failed`),
			}, 0, "",
		},
		{
			"IPv6", filter.Spec{
				Failregex: []string{`^Failed for <F-USER>.*</F-USER> from <HOST>`},
				Tests:     matching("Failed for root from 2001:db8::1"),
			}, 1, "",
		},
		{
			"web server", filter.Spec{
				Failregex: []string{`^<HOST> - <F-USER>.*</F-USER> \[\] "POST /login [^"]*" 401 `},
				Tests:     matching(`192.0.2.1 - joe [10/Mar/2026:21:31:23 +0000] "POST /login HTTP/1.1" 401 5 "-" "curl/8.0"`),
			}, 4, "",
		},
		{
			"web server, not anchored", filter.Spec{
				Failregex: []string{`<HOST> - \S+ \[\] "POST /login [^"]*" 401 `},
				Tests:     matching(`example.com 192.0.2.1 - - [10/Mar/2026:21:31:23 +0000] "POST /login HTTP/1.1" 401 5 "-" "curl/8.0"`),
			}, 3, "the message",
		},
		{
			"session", filter.Spec{
				Failregex: []string{
					`^<F-MLFID>\d+</F-MLFID> <F-NOFAIL>hello</F-NOFAIL> from <HOST>`,
					`^<F-MLFID>\d+</F-MLFID> user <F-USER>.*?</F-USER> failed(?: from <HOST>)?`,
				},
				Tests: matching("1 hello from 192.0.2.1", "1 user root failed"),
			}, 1, "the rest of the line, from another host",
		},
		{
			"id", filter.Spec{
				Failregex: []string{`^mailbox <F-ID>.*</F-ID> locked by <HOST>$`},
				Tests:     matching("mailbox joe locked by 192.0.2.1"),
			}, 1, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, r := range filter.RunTests(tt.spec) {
				if !r.OK {
					t.Fatalf("the test itself fails: %s", r.Problem)
				}
			}
			results := filter.Attack(tt.spec)
			places := map[string]bool{}
			for _, r := range results {
				_, place, ok := strings.Cut(r.Attack, " in place of ")
				if !ok || r.OK != (r.Problem == "") {
					t.Errorf("got %+v", r)
				}
				places[place] = true
			}
			if len(places) < tt.attacks || tt.attacks == 0 && len(places) > 0 {
				t.Errorf("%d places are attacked, want %d: %v", len(places), tt.attacks, places)
			}
			bad := failed(results)
			if tt.weak == "" && len(bad) > 0 {
				t.Errorf("%s: %s", bad[0].Attack, bad[0].Problem)
			}
			if tt.weak != "" {
				found := false
				for _, r := range bad {
					found = found || strings.HasPrefix(r.Attack, tt.weak)
				}
				if !found {
					t.Errorf("%q did not succeed, only %+v", tt.weak, bad)
				}
			}
			if again := filter.Attack(tt.spec); !reflect.DeepEqual(results, again) {
				t.Error("the second run differs from the first")
			}
		})
	}
}

func TestAttackNamesAccused(t *testing.T) {
	spec := filter.Spec{
		Failregex: []string{`^user <F-USER>.*?</F-USER> from <HOST>`},
		Tests:     []filter.Test{{Lines: []string{"user x from 192.0.2.2"}}, {Lines: []string{"user joe from 192.0.2.1"}, Match: true}},
	}
	for _, r := range failed(filter.Attack(spec)) {
		if r.Index != 1 || r.Test.Lines[0] != "user joe from 192.0.2.1" {
			t.Errorf("test %d: %q", r.Index, r.Test.Lines)
		}
		if want := `"198.51.100.66" instead of 192.0.2.1 was accused when user was replaced by "x from 198.51.100.66 port 22"`; r.Attack == "an address and a port in place of user in line 1" && r.Problem != want {
			t.Errorf("got  %s\nwant %s", r.Problem, want)
		}
	}
}

// withTests is a filter with as many tests as a real one has.
func withTests() filter.Spec {
	spec := sshd
	for _, text := range []string{
		"Failed password for root from 192.0.2.1 port 22 ssh2",
		"Failed password for invalid user joe from 192.0.2.1 port 22 ssh2",
		"Invalid user joe from 2001:db8::1 port 22",
		"Connection closed by invalid user joe 192.0.2.1 port 22 [preauth]",
		"maximum authentication attempts exceeded for root from 192.0.2.1 port 22 ssh2 [preauth]",
	} {
		spec.Tests = append(spec.Tests, filter.Test{Lines: []string{"Mar 10 21:31:23 host sshd[1]: " + text}, Match: true})
	}
	return spec
}

func TestAttackOnMessagesOfADaemon(t *testing.T) {
	results := filter.Attack(withTests())
	if bad := failed(results); len(bad) > 0 {
		t.Errorf("%s: %s", bad[0].Attack, bad[0].Problem)
	}
	if len(results) < 5*20 {
		t.Errorf("only %d attacks", len(results))
	}
}

func BenchmarkAttack(b *testing.B) {
	spec := withTests()
	for b.Loop() {
		filter.Attack(spec)
	}
}
