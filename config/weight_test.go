package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/config"
	"gaol/filter"
)

func TestWeights(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		failregex  []string
		weights    []int
	}{
		{"beside plain patterns", "failregex = ['^a <HOST>$', { regex = '^b <HOST>$', weight = 3 }]", []string{"^a <HOST>$", "^b <HOST>$"}, []int{1, 3}},
		{"alone, without brackets", "failregex = { regex = '^a <HOST>$', weight = 100 }", []string{"^a <HOST>$"}, []int{100}},
		{"as tables", "[[failregex]]\nregex = '^a <HOST>$'\n[[failregex]]\nregex = '^b <HOST>$'\nweight = 2", []string{"^a <HOST>$", "^b <HOST>$"}, []int{1, 2}},
		{"of one, which is none", "failregex = ['^a <HOST>$', { regex = '^b <HOST>$', weight = 1 }]", []string{"^a <HOST>$", "^b <HOST>$"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec, problems := config.LoadFilter(write(t, map[string]string{"filter.d/x.toml": tt.text}), "x")
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			want := filter.Spec{Name: "x", Failregex: tt.failregex, Weights: tt.weights}
			if diff := cmp.Diff(want, spec); diff != "" {
				t.Errorf("the filter (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWeightsOfRulesModesAndJails(t *testing.T) {
	opts := write(t, map[string]string{
		"filter.d/x.toml": "failregex = { regex = '^a <HOST>$', weight = 3 }\n[[json]]\nwhen.a = 1\nhost = 'h'\nweight = 4\n" +
			"[mode.m]\nfailregex = ['^b <HOST>$', { regex = '^c <HOST>$', weight = 5 }]",
		"gaol.toml": "[jail.sshd]\nenabled = false\n[jail.x]\nenabled = true\nmode = 'm'\nlogpath = '/x.log'\n" +
			"[jail.y]\nenabled = true\nfilter = 'x'\nlogpath = '/x.log'\nfailregex = ['^d <HOST>$']",
	})
	c := config.Load(opts)
	if len(c.Problems) > 0 {
		t.Fatal(c.Problems)
	}
	got := map[string][]int{}
	for _, j := range c.Jails {
		if j.Compiled != nil {
			for i := range j.Compiled.Failregex() {
				got[j.Name] = append(got[j.Name], j.Compiled.Weight(i))
			}
		}
	}
	if diff := cmp.Diff(map[string][]int{"x": {3, 1, 5, 4}, "y": {1, 4}}, got); diff != "" {
		t.Errorf("weights (-want +got):\n%s", diff)
	}
}

func TestWeightProblems(t *testing.T) {
	const form = `expected a whole number from 1 to 100`
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"out of range", "failregex = ['^a <HOST>$', { regex = '^b <HOST>$', weight = 0 }, { regex = '^c <HOST>$', weight = 101 }]", []string{
			`reading filter.d/x.toml:1: failregex[2].weight: found number 0, ` + form,
			`reading filter.d/x.toml:1: failregex[3].weight: found number 101, ` + form}},
		{"not whole", "failregex = { regex = '^b <HOST>$', weight = 1.5 }", []string{
			`reading filter.d/x.toml:1: weight in [failregex]: found number 1.5, ` + form}},
		{"no regex", "failregex = ['^a <HOST>$', { weight = 2 }]", []string{
			`reading filter.d/x.toml:1: failregex[2]: no regex: write { regex = '…', weight = 3 }`}},
		{"unknown key", "failregex = [{ regex = '^a <HOST>$', wieght = 2 }]", []string{
			`reading filter.d/x.toml:1: unknown key "wieght": did you mean "weight"?`}},
		{"a pattern that is none", "failregex = ['^a <HOST>$', { regex = '(<HOST>', weight = 2 }]", []string{
			`reading filter.d/x.toml:1: failregex[2].regex: pattern "(<HOST>": a parenthesis is not closed: add ), or write \( for the character`}},
		{"neither a pattern nor a table", "failregex = ['^a <HOST>$', 3]", []string{
			`reading filter.d/x.toml:1: failregex[2]: found number 3, expected a pattern in single quotes, such as 'login failure from <HOST>$'`}},
		{"of a message", "failregex = '<HOST>'\n[[json]]\nmessage = 'm'\nweight = 2", []string{
			`reading filter.d/x.toml:4: json[1].weight: message and weight: with message, the patterns in failregex have weights`}},
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
