package config_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/config"
)

func TestTrust(t *testing.T) {
	opts := write(t, map[string]string{
		"filter.d/x.toml":     "failregex = '^no <HOST>$'\nsuccessregex = '^yes <HOST>$'",
		"filter.d/plain.toml": "failregex = '^no <HOST>$'",
		"gaol.toml": `
[default]
trusttime = "1d"
[jail.sshd]
enabled = false
[jail.inherits]
enabled = true
filter = "x"
logpath = "/x.log"
[jail.own]
enabled = true
filter = "x"
logpath = "/x.log"
trusttime = "2d"
trustretry = 7
[jail.without]
enabled = true
filter = "plain"
logpath = "/x.log"
[jail.itself]
enabled = true
logpath = "/x.log"
failregex = '^no <HOST>$'
successregex = ['^welcome <HOST>$']
`})
	c := config.Load(opts)
	if len(c.Problems) > 0 {
		t.Fatal(c.Problems)
	}
	type trust struct {
		Time   time.Duration
		Retry  int
		Trusts bool
	}
	got := map[string]trust{}
	for _, j := range c.Jails {
		if j.Compiled != nil {
			got[j.Name] = trust{j.TrustTime, j.TrustRetry, j.Compiled.Trusts()}
		}
	}
	const day = 24 * time.Hour
	want := map[string]trust{"inherits": {day, 5, true}, "own": {2 * day, 7, true}, "without": {day, 5, false}, "itself": {day, 5, true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("trust (-want +got):\n%s", diff)
	}
}

// A jail without trusttime must not pay for successregex.
func TestFiltersDoNotLookForSuccessesUnasked(t *testing.T) {
	opts := write(t, map[string]string{
		"filter.d/x.toml": "failregex = '^no <HOST>$'\nsuccessregex = '^yes <HOST>$'",
		"gaol.toml":       "[jail.sshd]\nenabled = false\n[jail.x]\nenabled = true\nlogpath = '/x.log'",
	})
	for _, j := range config.Load(opts).Jails {
		if j.Compiled != nil && j.Compiled.Trusts() {
			t.Errorf("jail %s looks for successes", j.Name)
		}
	}
}

func TestTrustProblems(t *testing.T) {
	for _, tt := range []struct {
		name, filter, jail string
		want               []string
	}{
		{"a filter that can't tell", "failregex = '^no <HOST>$'", "trusttime = '1d'", []string{
			`reading gaol.toml:6: trusttime in [jail.x]: no successregex: write successregex = ['…'] for lines of successful logins into the filter, or leave trusttime out`}},
		{"a success of nobody", "failregex = '^no <HOST>$'\nsuccessregex = ['^yes <HOST>$', '^yes$']", "trusttime = '1d'", []string{
			`reading filter.d/x.toml:2: successregex[2]: pattern "^yes$": names neither a host nor an id: write <HOST> where the client's address stands (or <F-ID>)`}},
		{"over lines", "failregex = '^no <HOST>$'\nsuccessregex = '^yes <HOST>$'\nmaxlines = 3", "trusttime = '1d'", []string{
			`reading filter.d/x.toml:1: failregex: pattern "^no <HOST>$": maxlines with successregex, which sees each line by itself: leave one of them out`}},
		{"no time", "failregex = '^no <HOST>$'\nsuccessregex = '^yes <HOST>$'", "trusttime = 0\ntrustretry = 0", []string{
			`reading gaol.toml:6: trusttime in [jail.x]: found number 0, expected a duration from 1s to 365d`,
			`reading gaol.toml:7: trustretry in [jail.x]: found number 0, expected a whole number from 1 to 10000`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := write(t, map[string]string{
				"filter.d/x.toml": tt.filter,
				"gaol.toml":       "[jail.sshd]\nenabled = false\n[jail.x]\nenabled = true\nlogpath = '/x.log'\n" + tt.jail,
			})
			if diff := cmp.Diff(tt.want, said(config.Load(opts).Problems, opts)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTestsOfSuccesses(t *testing.T) {
	const filter = "failregex = '^no <HOST>$'\nsuccessregex = '^yes <HOST>$'\n[[test]]\nline = 'yes 192.0.2.5'\n"
	for _, tt := range []struct {
		name, keys string
		want       []string
	}{
		{"a success", "success = true\nhost = '192.0.2.5'", nil},
		{"a success that is no failure", "success = true\nmatch = false\nhost = '192.0.2.5'", nil},
		{"both", "success = true\nmatch = true", []string{
			`reading filter.d/x.toml:5: test[1].success: match and success: a login that was let in is no failure: leave one of the two out`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := write(t, map[string]string{"filter.d/x.toml": filter + tt.keys})
			spec, problems := config.LoadFilter(opts, "x")
			if diff := cmp.Diff(tt.want, said(problems, opts)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if test := spec.Tests[0]; len(tt.want) == 0 && (test.Match || !test.Success) {
				t.Errorf("got %+v", test)
			}
		})
	}
}
