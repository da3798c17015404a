package filter_test

import (
	"strings"
	"testing"

	"gaol/filter"
)

func TestWeights(t *testing.T) {
	spec := filter.Spec{
		Failregex: []string{`^light <HOST>$`, `^heavy <HOST>$`},
		Weights:   []int{0, 3},
		JSON: []filter.JSON{
			{When: []filter.Condition{{Path: "what", Values: []any{"^light$"}}}, Host: []string{"ip"}},
			{When: []filter.Condition{{Path: "what", Values: []any{"^heavy$"}}}, Host: []string{"ip"}, Weight: 7},
		},
		Modes: map[string]filter.Mode{"more": {Failregex: []string{`^other <HOST>$`, `^heaviest <HOST>$`}, Weights: []int{0, 100}}},
	}
	m := compile(t, spec, filter.Options{Mode: "more"}).NewMatcher()
	for text, want := range map[string]int{
		"light 192.0.2.6": 1, "heavy 192.0.2.6": 3, "other 192.0.2.6": 1, "heaviest 192.0.2.6": 100,
		`{"what":"light","ip":"192.0.2.6"}`: 1, `{"what":"heavy","ip":"192.0.2.6"}`: 7,
	} {
		if got := m.Match(line(text)).Failure; got == nil || got.Weight != want {
			t.Errorf("%s: got %+v, want weight %d", text, got, want)
		}
	}
}

func TestWeightsOfModesStandBehindThoseOfPatternsWithout(t *testing.T) {
	spec := filter.Spec{
		Failregex: []string{`^light <HOST>$`, `^plain <HOST>$`},
		Modes:     map[string]filter.Mode{"more": {Failregex: []string{`^heavy <HOST>$`}, Weights: []int{5}}},
	}
	f := compile(t, spec, filter.Options{Mode: "more"})
	for i, want := range []int{1, 1, 5, 1} {
		if got := f.Weight(i); got != want {
			t.Errorf("pattern %d: got weight %d, want %d", i, got, want)
		}
	}
}

// A session whose lines are reported together is one failure, of the greatest of their weights.
func TestWeightOfASession(t *testing.T) {
	spec := filter.Spec{
		Failregex: []string{
			`^<F-MLFID>\w+</F-MLFID> wrong password$`,
			`^<F-MLFID>\w+</F-MLFID> forged ticket$`,
			`^<F-MLFID>\w+</F-MLFID> <F-NOFAIL>from</F-NOFAIL> <ADDR>$`,
			`^<F-MLFID>\w+</F-MLFID> <F-MLFGAINED>welcome</F-MLFGAINED>$`,
		},
		Weights: []int{0, 4},
	}
	f := compile(t, spec, filter.Options{})
	for _, tt := range []struct {
		name, lines string
		want        string
	}{
		{"heavy, then light", "a forged ticket|a wrong password|a from 192.0.2.6", "4"},
		{"light, then heavy", "a wrong password|a forged ticket|a from 192.0.2.6", "4"},
		{"light alone", "a wrong password|a from 192.0.2.6", "1"},
		{"what has been reported counts no more", "a forged ticket|a from 192.0.2.6|a wrong password", "4 1"},
		{"another session's", "a forged ticket|b wrong password|b from 192.0.2.6", "1"},
		{"who has been let in", "a from 192.0.2.6|a forged ticket|a welcome|a wrong password", "4 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := f.NewMatcher()
			var got []string
			for _, text := range strings.Split(tt.lines, "|") {
				if failure := m.Match(line(text)).Failure; failure != nil {
					got = append(got, string(rune('0'+failure.Weight)))
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got weights %v, want %s", got, tt.want)
			}
		})
	}
}

func TestWeightsThatAreNone(t *testing.T) {
	for _, spec := range []filter.Spec{
		{Failregex: []string{`^<HOST>$`}, Weights: []int{-1}},
		{Failregex: []string{`^<HOST>$`}, Weights: []int{101}},
		{JSON: []filter.JSON{{When: []filter.Condition{{Path: "x", Values: []any{true}}}, Host: []string{"ip"}, Weight: 101}}},
	} {
		if _, err := filter.Compile(spec, filter.Options{}); err == nil || !strings.Contains(err.Error(), "weight") {
			t.Errorf("%+v: got error %v", spec, err)
		}
	}
}
