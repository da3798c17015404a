package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/config"
	"gaol/filter"
)

const loginFilter = `
failregex = ['^<HOST> POST <path> <failure>$']
[param.path]
default = '/login'
doc = "the page"
[param.failure]
default = [401, 403]
[[test]]
line = '192.0.2.1 POST /in 401'
param = { path = '/in' }
host = '192.0.2.1'
[[test]]
line = '192.0.2.1 POST /in 401'
match = false
`

func TestParametersOfAFilter(t *testing.T) {
	spec, problems := config.LoadFilter(write(t, map[string]string{"filter.d/x.toml": loginFilter}), "x")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := map[string]filter.Param{
		"path":    {Default: []any{"/login"}, Doc: "the page"},
		"failure": {Default: []any{int64(401), int64(403)}},
	}
	if diff := cmp.Diff(want, spec.Params); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, r := range filter.RunTests(spec) {
		if !r.OK {
			t.Errorf("test %d: %s", r.Index+1, r.Problem)
		}
	}
}

func TestParametersOfJails(t *testing.T) {
	c := config.Load(write(t, map[string]string{
		"gaol.toml": `
[jail.a]
enabled = true
filter = 'x'
logpath = '/x'
[jail.b]
enabled = true
filter = 'x'
logpath = '/x'
param = { path = ['/in', '/up'], failure = 200 }
[jail.c]
enabled = true
filter = 'x'
logpath = '/x'
param.path = '/in'
[jail.c2]
enabled = true
filter = 'x'
logpath = '/x'
param = { path = '/in' }
[jail.d]
enabled = true
filter = { failregex = '^<HOST> <word>$', param.word.default = 'no' }
param.word = 'never'
logpath = '/x'
`, "filter.d/x.toml": loginFilter}))
	for _, tt := range []struct {
		name   string
		params filter.Params
		want   string
	}{
		{"a", filter.Params{"path": {"/login"}, "failure": {int64(401), int64(403)}}, `^<HOST> POST (?:/login) (?:401|403)$`},
		{"b", filter.Params{"path": {"/in", "/up"}, "failure": {int64(200)}}, `^<HOST> POST (?:(?:/in)|(?:/up)) (?:200)$`},
		{"c", filter.Params{"path": {"/in"}, "failure": {int64(401), int64(403)}}, `^<HOST> POST (?:/in) (?:401|403)$`},
		{"d", filter.Params{"word": {"never"}}, `^<HOST> (?:never)$`},
	} {
		j := jailOf(t, c, tt.name)
		if len(j.Problems) > 0 {
			t.Fatal(j.Problems)
		}
		if diff := cmp.Diff(tt.params, j.Params); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if got := j.Compiled.Failregex()[0]; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if jailOf(t, c, "c").Compiled != jailOf(t, c, "c2").Compiled {
		t.Error("jails with the same parameters do not share their filter")
	}
}

func TestParameterProblems(t *testing.T) {
	const form = "expected a text, a whole number, or a list of these"
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"no table", "failregex = '^<HOST>$'\nparam = 3", []string{`reading filter.d/x.toml:2: param: found number 3, expected a table, such as [param.path]`}},
		{"no table of its own", "failregex = '^<x> <HOST>$'\nparam.x = 3", []string{`reading filter.d/x.toml:2: x in [param]: found number 3, expected a table`}},
		{"its name", "failregex = '^<HOST>$'\n[param.Path]\ndefault = 'a'", []string{
			`reading filter.d/x.toml:2: a parameter's name in [param]: found "Path", expected small letters, digits, "_" and "-", 32 at most`}},
		{"no default", "failregex = '^<x> <HOST>$'\n[param.x]\ndoc = 'x'", []string{`reading filter.d/x.toml:2: x in [param]: no default: write default = …, a text, a number or a list of these`}},
		{"unknown key", "failregex = '^<x> <HOST>$'\n[param.x]\ndefualt = 'x'\ndefault = 1", []string{`reading filter.d/x.toml:3: unknown key "defualt" in [param.x]: did you mean "default"?`}},
		{"defaults", "failregex = '^<x> <HOST>$'\n[param.x]\ndefault = ['a', true, 1.5, -1, '(', '<HOST>', '^a', '']", []string{
			`reading filter.d/x.toml:3: default[2] in [param.x]: found true, ` + form,
			`reading filter.d/x.toml:3: default[3] in [param.x]: found number 1.5, ` + form,
			`reading filter.d/x.toml:3: default[4] in [param.x]: found number -1: a number below 0`,
			`reading filter.d/x.toml:3: default[5] in [param.x]: found string "(": a parenthesis is not closed: add ), or write \( for the character`,
			`reading filter.d/x.toml:3: default[6] in [param.x]: found string "<HOST>": a tag or a named group in a parameter: write (?:…), and capture in the filter's patterns`,
			`reading filter.d/x.toml:3: default[7] in [param.x]: found string "^a": ^ or $ in a parameter, which stands within a pattern: leave it out`,
			`reading filter.d/x.toml:3: default[8] in [param.x]: found string "": the pattern is empty and would match every line: remove it`}},
		{"no values", "failregex = '^<x> <HOST>$'\n[param.x]\ndefault = []", []string{`reading filter.d/x.toml:3: default in [param.x]: found an empty list, ` + form}},
		{"not used", "failregex = '^x <HOST>$'\n[param.x]\ndefault = 'a'", []string{
			`reading filter.d/x.toml:2: x in [param]: no pattern and no path has <x>: write <x> where its value is to stand`}},
		{"in a class", "failregex = '^[<x>] <HOST>$'\n[param.x]\ndefault = 'a'", []string{
			`reading filter.d/x.toml:1: failregex: pattern "^[<x>] <HOST>$": <x> stands in a character class [<x>]: write literal brackets as \[ and \]`}},
		{"of a test", "failregex = '^<x> <HOST>$'\n[param.x]\ndefault = 'a'\n[[test]]\nline = 'a'\nmatch = false\nparam = { length = 'a', x = 3 }", []string{
			`reading filter.d/x.toml:7: test[1].param.length: no parameter "length": the filter has x`,
			`reading filter.d/x.toml:7: test[1].param.x: found number 3, expected a text or a list of these, as in the filter`}},
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

func TestParameterProblemsOfJails(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"no table", "param = '/in'", []string{`reading gaol.toml:5: param in [jail.a]: found string "/in", expected a table, such as { path = '/login' }`}},
		{"misspelt", "param = { pat = '/in' }", []string{`reading gaol.toml:5: pat in [jail.a.param]: no parameter "pat": did you mean "path"?`}},
		{"a text for numbers", "param.failure = '401'", []string{
			`reading gaol.toml:5: failure in [jail.a.param]: found string "401", expected a whole number or a list of these, as in the filter`}},
		{"a number for a text", "param.path = ['/a', 5]", []string{
			`reading gaol.toml:5: path[2] in [jail.a.param]: found number 5, expected a text or a list of these, as in the filter`}},
		{"bad pattern", "param.path = '/in('", []string{
			`reading gaol.toml:5: path in [jail.a.param]: found string "/in(": a parenthesis is not closed: add ), or write \( for the character`}},
		{"not used", "param.path = '/in'\nfailregex = '^<HOST> <failure>$'", []string{
			`reading gaol.toml:5: path in [jail.a.param]: no pattern and no path has <path>: write <path> where its value is to stand`}},
		{"a filter without any", "param.path = '/in'\nfilter = 'sshd'", []string{`reading gaol.toml:5: path in [jail.a.param]: no parameter "path": the filter has none`}},
		{"jails that count bans", "param.path = '/in'\nlogpath = 'bans'", []string{
			`reading gaol.toml:6: logpath in [jail.a]: "bans" goes without a filter, and the jail has filter, param: leave that out, or give the jail another name`}},
		{"in default", "[default]\nparam.path = '/in'", []string{`reading gaol.toml:6: unknown key "param" in [default]: it belongs in [jail.NAME], a filter file or [[test]] of a filter file`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := "[jail.a]\nenabled = true\n"
			if tt.name != "jails that count bans" {
				text += "logpath = '/x'\n"
			} else {
				text += "\n"
			}
			if tt.name != "a filter without any" {
				text += "filter = 'x'\n"
			} else {
				text += "\n"
			}
			opts := write(t, map[string]string{"gaol.toml": text + tt.text, "filter.d/x.toml": loginFilter})
			if diff := cmp.Diff(tt.want, said(config.Load(opts).Problems, opts)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}
