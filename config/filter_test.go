package config_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/config"
	"gaol/filter"
)

const wholeFilter = `
description = "a filter"
daemon = "thing"
failregex = ['^a <HOST>$']
ignoreregex = '^a 192'
unless = 'z'
maxlines = 5
datepattern = '%Y-%m-%d'
journalmatch = '_COMM=thing'
[mode.more]
failregex = ['^b <HOST>$']
ignoreregex = ['i']
unless = ['u']
[[test]]
line = 'a 192.0.2.1'
host = '192.0.2.1'
user = 'u'
time = 2026-03-10T21:31:23Z
[[test]]
lines = ['x', 'b 192.0.2.1']
mode = 'more'
id = '7'
time = 2026-03-10 21:31:23.5
[[test]]
line = 'c'
match = false
`

func TestLoadFilter(t *testing.T) {
	opts := write(t, map[string]string{"filter.d/whole.toml": wholeFilter})
	spec, problems := config.LoadFilter(opts, "whole[mode=more]")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := filter.Spec{
		Name: "whole", Description: "a filter", Daemon: []string{"thing"},
		Failregex: []string{"^a <HOST>$"}, Ignoreregex: []string{"^a 192"}, Unless: []string{"z"}, MaxLines: 5,
		Datepattern: []string{"%Y-%m-%d"}, Journalmatch: []string{"_COMM=thing"},
		Modes: map[string]filter.Mode{"more": {Failregex: []string{"^b <HOST>$"}, Ignoreregex: []string{"i"}, Unless: []string{"u"}}},
		Tests: []filter.Test{
			{Lines: []string{"a 192.0.2.1"}, Match: true, Host: "192.0.2.1", User: "u", Time: time.Date(2026, 3, 10, 21, 31, 23, 0, time.UTC)},
			{Lines: []string{"x", "b 192.0.2.1"}, Mode: "more", Match: true, ID: "7", Time: time.Date(2026, 3, 10, 21, 31, 23, 5e8, time.UTC)},
			{Lines: []string{"c"}},
		},
	}
	if diff := cmp.Diff(want, spec); diff != "" {
		t.Errorf("the filter (-want +got):\n%s", diff)
	}
	byPath, problems := config.LoadFilter(opts, strings.TrimSuffix(opts.File, "gaol.toml")+"filter.d/whole.toml")
	if diff := cmp.Diff(spec, byPath); diff != "" || len(problems) > 0 {
		t.Errorf("by its path: %v\n%s", problems, diff)
	}
}

func TestFilterProblems(t *testing.T) {
	for _, tt := range []struct {
		name, load, text string
		want             []string
	}{
		{"no such filter", "shsd", "", []string{`reading shsd: no such filter: did you mean "sshd"?`}},
		{"nothing like it", "zzzzzzz", "", []string{`reading zzzzzzz: no such filter: write one of django-auth, sshd, x, or the path of a .toml file`}},
		{"no such file", "none.toml", "", []string{`reading none.toml: no such file or directory`}},
		{"not closed", "sshd[mode=", "", []string{`reading sshd[mode=: "sshd[mode=" is not a filter's name: write "sshd" or "sshd[mode=NAME]"`}},
		{"no failregex", "x", "daemon = 'x'", []string{`reading filter.d/x.toml:1: no failregex: write failregex = ['…'], with <HOST> where the address stands, or [[json]] for lines of JSON`}},
		{"key of a jail", "x", "failregex = '^<HOST>$'\nmaxretry = 3", []string{`reading filter.d/x.toml:2: unknown key "maxretry": it belongs in [default] or [jail.NAME]`}},
		{"keys misspelt", "x", "failregx = 'a'\nfailregex = '^<HOST>$'\n[mode.m]\nunles = 'x'\n[[test]]\nlin = 'x'", []string{
			`reading filter.d/x.toml:1: unknown key "failregx": did you mean "failregex"?`,
			`reading filter.d/x.toml:4: unknown key "unles" in [mode.m]: did you mean "unless"?`,
			`reading filter.d/x.toml:6: unknown key "lin": did you mean "line"?`}},
		{"patterns in a mode", "x", "failregex = ['^<HOST>$']\n[mode.a]\nfailregex = ['^a <HOST>$',\n'^b', '^( <HOST>']\n", []string{
			`reading filter.d/x.toml:4: failregex[2] in [mode.a]: pattern "^b": names neither a host nor an id nor a session: write <HOST> where the client's address stands (or <F-ID>, <F-MLFID>)`,
			`reading filter.d/x.toml:4: failregex[3] in [mode.a]: pattern "^( <HOST>": a parenthesis is not closed: add ), or write \( for the character`}},
		{"tests that contradict themselves", "x", "failregex = '^<HOST>$'\n[[test]]\nmatch = true\n[[test]]\nline = 'a'\nlines = ['a']\n[[test]]\nline = 'a'\nmatch = false\nhost = 'b'\n[[test]]\nline = 'a'\nmode = 'c'\ntime = 'd'", []string{
			`reading filter.d/x.toml:2: test[1]: no line: write line = '…'`,
			`reading filter.d/x.toml:4: test[2]: line and lines: one of the two is enough`,
			`reading filter.d/x.toml:10: test[3].host: match = false has nothing to name: leave host or match out`,
			`reading filter.d/x.toml:13: test[4].mode: found "c", expected a mode of this filter`,
			`reading filter.d/x.toml:14: test[4].time: found "d", expected a date with its time, such as 2026-03-10T21:31:23Z`}},
		{"no such mode", "x[mode=b]", "failregex = '^<HOST>$'\n[mode.a]\n", []string{
			`reading filter.d/x.toml:1: found mode "b", expected "a" or "normal": did you mean "a"?`}},
		{"maxlines", "x", "failregex = '^<HOST>$'\nmaxlines = 0", []string{`reading filter.d/x.toml:2: maxlines: found number 0, expected a whole number from 1 to 1000`}},
		{"maxlines that is no number", "x", "failregex = '^<HOST>$'\nmaxlines = 'all'", []string{`reading filter.d/x.toml:2: maxlines: found string "all", expected a whole number from 1 to 1000`}},
		{"lines to skip without maxlines", "x", "failregex = 'a<SKIPLINES>b <HOST>$'", []string{
			`reading filter.d/x.toml:1: failregex: pattern "a<SKIPLINES>b <HOST>$": <SKIPLINES> stands between lines, but this pattern sees one: set maxlines to the number of lines that failregex sees together`}},
		{"journal terms", "x", "failregex = '^<HOST>$'\njournalmatch = ['_COMM=a', 'b']\n", []string{
			`reading filter.d/x.toml:2: journalmatch[2]: found "b", expected a term of journalctl, such as "_SYSTEMD_UNIT=ssh.service" or "+"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := write(t, map[string]string{"filter.d/x.toml": tt.text})
			_, problems := config.LoadFilter(opts, tt.load)
			if diff := cmp.Diff(tt.want, said(problems, opts)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFilterNames(t *testing.T) {
	opts := write(t, map[string]string{"filter.d/mine.toml": "", "filter.d/sshd.toml": ""})
	if got, want := config.FilterNames(opts), []string{"django-auth", "mine", "sshd"}; !slices.Equal(got, want) {
		t.Errorf("filters are %q, want %q", got, want)
	}
}
