package config_test

import (
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gaol/config"
	"gaol/filter"
)

const jsonFilter = `
failregex = '^Login failure <HOST>$'
trusted = ['10.0.0.0/8', '::1']
[[json]]
when = { "request.method" = "^POST$", status = [401, 403], 'x."a.b"' = true, ratio = 0.5 }
unless = { request.host = ['^internal', '^test'] }
host = "request.client_ip"
user = ["request.user", "user_id"]
time = "ts"
[[json]]
when.event = 'failed'
host = 'xff'
peer = 'remote'
trusted = '192.0.2.7'
id = 'token'
[[json]]
message = ['msg', 'log']
[[mode.more.json]]
when = { status = 400 }
host = 'h'
`

var comparePrefixes = cmpopts.EquateComparable(netip.Prefix{})

func TestJSONRules(t *testing.T) {
	spec, problems := config.LoadFilter(write(t, map[string]string{"filter.d/x.toml": jsonFilter}), "x")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := filter.Spec{
		Name: "x", Failregex: []string{"^Login failure <HOST>$"},
		Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		JSON: []filter.JSON{{
			When: []filter.Condition{
				{Path: "request.method", Values: []any{"^POST$"}}, {Path: "status", Values: []any{int64(401), int64(403)}},
				{Path: `x."a.b"`, Values: []any{true}}, {Path: "ratio", Values: []any{0.5}},
			},
			Unless: []filter.Condition{{Path: "request.host", Values: []any{"^internal", "^test"}}},
			Host:   []string{"request.client_ip"}, User: []string{"request.user", "user_id"}, Time: []string{"ts"},
		}, {
			When: []filter.Condition{{Path: "event", Values: []any{"failed"}}},
			Host: []string{"xff"}, Peer: "remote", ID: []string{"token"},
			Trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32")},
		}, {
			Message: []string{"msg", "log"},
		}},
		Modes: map[string]filter.Mode{"more": {JSON: []filter.JSON{{
			When: []filter.Condition{{Path: "status", Values: []any{int64(400)}}}, Host: []string{"h"},
		}}}},
	}
	if diff := cmp.Diff(want, spec, comparePrefixes); diff != "" {
		t.Errorf("the filter (-want +got):\n%s", diff)
	}
}

func TestJSONProblems(t *testing.T) {
	const pathForm = `expected the path of a field, such as "request.client_ip"`
	const valueForm = `expected a pattern in single quotes, a number, true or false, or a list of these`
	rule := func(lines string) string { return "[[json]]\nwhen = { a = 1 }\nhost = 'h'\n" + lines }
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"not tables", "json = 'x'", []string{`reading filter.d/x.toml:1: json: found string "x", expected tables [[json]]`}},
		{"not tables in a list", "json = ['x']", []string{`reading filter.d/x.toml:1: json[1]: found string "x", expected a table`}},
		{"unknown key", rule("hots = 'x'"), []string{`reading filter.d/x.toml:4: unknown key "hots": did you mean "host"?`}},
		{"a key of filters", rule("failregex = 'x'"), []string{`reading filter.d/x.toml:4: unknown key "failregex": it belongs in a filter file or [mode.NAME] of a filter file`}},
		{"a key of rules", "host = 'x'\nfailregex = '<HOST>'", []string{`reading filter.d/x.toml:1: unknown key "host": it belongs in [[json]] of a filter file or [[test]] of a filter file`}},
		{"no host", "[[json]]\nwhen = { a = 1 }", []string{`reading filter.d/x.toml:1: json[1]: no host: write host = "…", the path of the client's address`}},
		{"no condition", "[[json]]\nhost = 'a'", []string{`reading filter.d/x.toml:1: json[1]: every line would match: write when = { status = 401 }, or what makes a line a failure`}},
		{"empty condition", "[[json]]\nhost = 'a'\nwhen = {}", []string{`reading filter.d/x.toml:1: json[1]: every line would match: write when = { status = 401 }, or what makes a line a failure`}},
		{"bad paths", rule("user = ['a', 'b..c']\nid = 'a[x]'\ntime = 3\npeer = ''"), []string{
			`reading filter.d/x.toml:4: json[1].user[2]: found "b..c", ` + pathForm + `: a key is missing before ".c"`,
			`reading filter.d/x.toml:5: json[1].id: found "a[x]", ` + pathForm + `: "x" in brackets is neither a number nor *: elements are counted from 0`,
			`reading filter.d/x.toml:6: json[1].time: found number 3, ` + pathForm,
			`reading filter.d/x.toml:7: json[1].peer: found "", ` + pathForm + `: a key is missing at the end`}},
		{"no path", rule("user = []"), []string{`reading filter.d/x.toml:4: json[1].user: found an empty list, ` + pathForm}},
		{"bad path of a condition", "[[json]]\nhost = 'h'\nwhen = { 'a[' = 1 }", []string{
			`reading filter.d/x.toml:3: json[1].when."a[": found "a[", ` + pathForm + `: a bracket is not closed`}},
		{"bad values", "[[json]]\nhost = 'h'\n[json.when]\na = ''\nb = []\nc.d = [1, [2]]\ne = 2026-03-10\nf = nan", []string{
			`reading filter.d/x.toml:4: json[1].when.a: found "", ` + valueForm + `: '^$' is the pattern of an empty text`,
			`reading filter.d/x.toml:5: json[1].when.b: found an empty list, ` + valueForm,
			`reading filter.d/x.toml:6: json[1].when.c.d[2]: found a list, ` + valueForm,
			`reading filter.d/x.toml:7: json[1].when.e: found a date, ` + valueForm,
			`reading filter.d/x.toml:8: json[1].when.f: found number NaN, ` + valueForm}},
		{"when is no table", "[[json]]\nhost = 'h'\nwhen = 'x'", []string{`reading filter.d/x.toml:3: json[1].when: found string "x", expected a table of conditions, such as { status = 401 }`}},
		{"bad patterns", rule("unless = { b = ['x', '('], c.d = '<HOST>' }"), []string{
			`reading filter.d/x.toml:4: json[1].unless.b[2]: pattern "(": a parenthesis is not closed: add ), or write \( for the character`,
			`reading filter.d/x.toml:4: json[1].unless.c.d: pattern "<HOST>": a condition captures nothing: say with host, user or id where these stand`}},
		{"bad pattern in a mode", "failregex = '<HOST>'\n[[mode.m.json]]\nhost = 'h'\nwhen.a = '('", []string{
			`reading filter.d/x.toml:4: json[1].when.a in [mode.m]: pattern "(": a parenthesis is not closed: add ), or write \( for the character`}},
		{"bad proxies", rule("trusted = ['10.0.0.0/8', '10.0.0', 'fe80::1%eth0', 5]"), []string{
			`reading filter.d/x.toml:4: json[1].trusted[2]: found "10.0.0", expected an address or a prefix, such as "10.0.0.0/8"`,
			`reading filter.d/x.toml:4: json[1].trusted[3]: found "fe80::1%eth0", expected an address or a prefix, such as "10.0.0.0/8"`,
			`reading filter.d/x.toml:4: json[1].trusted[4]: found number 5, expected an address or a prefix, such as "10.0.0.0/8"`}},
		{"message and host", "failregex = '<HOST>'\n[[json]]\nmessage = 'm'\nhost = 'h'", []string{
			`reading filter.d/x.toml:4: json[1].host: message and host: with message, <HOST> and <F-USER> in failregex say what is where; leave one out`}},
		{"a success that weighs", rule("success = true\nweight = 2"), []string{
			`reading filter.d/x.toml:5: json[1].weight: success and weight: a login that was let in has no weight: leave one of the two out`}},
		{"message and success", "failregex = '<HOST>'\n[[json]]\nmessage = 'm'\nsuccess = true", []string{
			`reading filter.d/x.toml:4: json[1].success: message and success: with message, successregex looks for successful logins`}},
		{"successes alone", rule("success = true"), []string{
			`reading filter.d/x.toml:1: not a usable pattern: the filter has no failregex: add one that names the failing <HOST>`}},
		{"message alone", "[[json]]\nmessage = 'm'", []string{
			`reading filter.d/x.toml:2: json[1].message: message without failregex: write failregex = ['…'] for the text in that field`}},
		{"peer without host", "[[json]]\nwhen.a = 1\nid = 'i'\npeer = 'p'", []string{
			`reading filter.d/x.toml:4: json[1].peer: peer without host: write host alone, if there are no proxies`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := write(t, map[string]string{"filter.d/x.toml": tt.text})
			_, problems := config.LoadFilter(opts, "x")
			if diff := cmp.Diff(tt.want, said(problems, opts)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestJSONInJails(t *testing.T) {
	caddy := "[[json]]\nwhen = { status = 401 }\nhost = 'xff'\npeer = 'ip'\n"
	const line = `{"status":401,"xff":"198.51.100.1, 192.0.2.1","ip":"10.0.0.1"}`
	for _, tt := range []struct{ name, jail, want string }{
		{"a table", "filter = { json = { when = { status = 401 }, host = 'ip' } }", "10.0.0.1"},
		{"a table with a list", "filter = { json = [{ when = { status = 401 }, host = 'ip' }] }", "10.0.0.1"},
		{"in the jail", "[[jail.x.json]]\nwhen.status = 401\nhost = 'ip'", "10.0.0.1"},
		{"a file", "filter = 'caddy'", "10.0.0.1"},
		{"a file, with the jail's proxies", "filter = 'caddy'\ntrusted = '10.0.0.0/8'", "192.0.2.1"},
		{"a file, with rules of its own", "filter = 'caddy'\njson = [{ when = { status = 401 }, host = 'xff' }]", "192.0.2.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := config.Load(write(t, map[string]string{
				"gaol.toml": "[jail.x]\nenabled = true\nlogpath = '/x'\n" + tt.jail, "filter.d/caddy.toml": caddy,
			}))
			j := jailOf(t, c, "x")
			if len(j.Problems) > 0 || j.Compiled == nil {
				t.Fatal(j.Problems)
			}
			r := j.Compiled.NewMatcher().Match(filter.Line{Text: line})
			if r.Failure == nil || r.Failure.Host != tt.want {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// TestProxiesOfJailsThatShareAFilter gives two jails one filter file and different proxies.
func TestProxiesOfJailsThatShareAFilter(t *testing.T) {
	c := config.Load(write(t, map[string]string{
		"gaol.toml": "[default]\ntrusted = '10.0.0.1'\n[jail.a]\nenabled = true\nlogpath = '/x'\nfilter = 'caddy'\n" +
			"[jail.b]\nenabled = true\nlogpath = '/x'\nfilter = 'caddy'\ntrusted = ['192.0.2.0/24', 'proxy.example']\n",
		"filter.d/caddy.toml": "trusted = '10.9.9.9'\n[[json]]\nwhen = { status = 401 }\nhost = 'xff'\npeer = 'ip'\n",
	}))
	for name, want := range map[string]string{"a": "192.0.2.1", "b": "10.0.0.1"} {
		j := jailOf(t, c, name)
		r := j.Compiled.NewMatcher().Match(filter.Line{Text: `{"status":401,"xff":"198.51.100.1, 192.0.2.1","ip":"10.0.0.1"}`})
		if r.Failure == nil || r.Failure.Host != want || len(j.Filter.Trusted) != 2 {
			t.Errorf("%s: got %+v, trusted %v", name, r, j.Filter.Trusted)
		}
	}
	if got := jailOf(t, c, "b").Trusted; len(got) != 2 {
		t.Errorf("got %q", got)
	}
}

var tomlBlock = regexp.MustCompile("(?s)```toml\n(.*?)```")

// The filters in the documentation work as they stand there.
func TestJSONPage(t *testing.T) {
	page, err := os.ReadFile("../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := tomlBlock.FindAllSubmatch(page, -1)
	if len(blocks) == 0 {
		t.Fatal("the page has no filter")
	}
	for i, block := range blocks {
		name := fmt.Sprintf("x%d", i)
		spec, problems := config.LoadFilter(write(t, map[string]string{"filter.d/" + name + ".toml": string(block[1])}), name)
		if len(problems) > 0 || len(spec.Tests) == 0 {
			t.Errorf("%s: %d tests, problems %v", spec.Description, len(spec.Tests), problems)
		}
		for _, r := range append(filter.RunTests(spec), filter.Attack(spec)...) {
			if !r.OK {
				t.Errorf("%s: test %d: %s %s", spec.Description, r.Index+1, r.Attack, r.Problem)
			}
		}
	}
}
