package filter_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/filter"
)

// withParam is a filter with the parameter x.
func withParam(pattern string, value ...any) filter.Spec {
	return filter.Spec{Failregex: []string{pattern}, Params: map[string]filter.Param{"x": {Default: value}}}
}

func TestParameters(t *testing.T) {
	for _, tt := range []struct {
		name, pattern string
		value         []any
		want          string
	}{
		{"a text", `^<x> <HOST>$`, []any{`a|b`}, `^(?:a|b) <HOST>$`},
		{"a number", `^<x> <HOST>$`, []any{int64(401)}, `^(?:401) <HOST>$`},
		{"numbers", `^<x> <HOST>$`, []any{int64(401), int64(403)}, `^(?:401|403) <HOST>$`},
		{"texts", `^<x> <HOST>$`, []any{`(?i)a`, `b`}, `^(?:(?:(?i)a)|(?:b)) <HOST>$`},
		{"twice", `^<x><x> <HOST>$`, []any{`a`}, `^(?:a)(?:a) <HOST>$`},
		{"in a field", `^<F-USER><x></F-USER> <HOST>$`, []any{`a`}, `^<F-USER>(?:a)</F-USER> <HOST>$`},
		{"escaped", `^\<x> \Q<x>\E <HOST>$`, []any{`a`}, `^\<x> \Q<x>\E <HOST>$`},
		{"the name of a group", `^(?P<x>.) (?<x>.) <HOST>$`, []any{`a`}, `^(?P<x>.) (?<x>.) <HOST>$`},
		{"not a parameter", `^<y> <X> <x <HOST>$`, []any{`a`}, `^<y> <X> <x <HOST>$`},
	} {
		f, err := filter.Compile(withParam(tt.pattern, tt.value...), filter.Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if got := f.Failregex()[0]; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestParametersEverywhere(t *testing.T) {
	spec := withParam(`^f<x> <HOST>$`, "a")
	spec.Params["p"] = filter.Param{Default: []any{"b", "c"}}
	spec.Successregex, spec.Ignoreregex, spec.Unless, spec.Alive = []string{`^s<x> <HOST>`}, []string{`i<x>`}, []string{`u<x>`}, []string{`^l<x>`}
	spec.Prefregex = `<x>`
	rule := filter.JSON{
		When:   []filter.Condition{{Path: "x.<p>.y", Values: []any{`^<x>$`, int64(1), true}}},
		Unless: []filter.Condition{{Path: "<p>", Values: []any{`<x>`}}},
		Host:   []string{"h", "<p>.h"}, Peer: "peer.<x>", User: []string{"<p>[0]"}, Time: []string{"<x>"}, ID: []string{"<x>.<p>"},
	}
	spec.JSON = []filter.JSON{rule}
	spec.Modes = map[string]filter.Mode{"m": {Failregex: []string{`^m<x> <HOST>$`}, Ignoreregex: []string{`mi<x>`}, Unless: []string{`mu<x>`}, JSON: []filter.JSON{rule}}}
	f, err := filter.Compile(spec, filter.Options{Mode: "m", Success: true, Params: filter.Params{"x": {"z"}}})
	if err != nil {
		t.Fatal(err)
	}
	got := f.Spec()
	rule = filter.JSON{
		When:   []filter.Condition{{Path: "x.b.y", Or: []string{"x.c.y"}, Values: []any{`^(?:z)$`, int64(1), true}}},
		Unless: []filter.Condition{{Path: "b", Or: []string{"c"}, Values: []any{`(?:z)`}}},
		Host:   []string{"h", "b.h", "c.h"}, Peer: "peer.z", User: []string{"b[0]", "c[0]"}, Time: []string{"z"}, ID: []string{"z.b", "z.c"},
	}
	want := spec
	want.Failregex, want.Prefregex = []string{`^f(?:z) <HOST>$`, `^m(?:z) <HOST>$`}, `(?:z)`
	want.Successregex, want.Ignoreregex, want.Unless, want.Alive = []string{`^s(?:z) <HOST>`}, []string{`i(?:z)`, `mi(?:z)`}, []string{`u(?:z)`, `mu(?:z)`}, []string{`^l(?:z)`}
	want.JSON = []filter.JSON{rule, rule}
	want.Modes, got.Modes = nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if spec.Failregex[0] != `^f<x> <HOST>$` || spec.JSON[0].When[0].Values[0] != `^<x>$` || spec.Modes["m"].Failregex[0] != `^m<x> <HOST>$` {
		t.Errorf("the spec itself was changed: %+v", spec)
	}
}

// Of a condition on several fields, one is enough.
func TestConditionOnSeveralFields(t *testing.T) {
	f, err := filter.Compile(filter.Spec{JSON: []filter.JSON{{
		When: []filter.Condition{{Path: "a", Or: []string{"b"}, Values: []any{"^no$"}}}, Host: []string{"h"},
		Unless: []filter.Condition{{Path: "c", Or: []string{"d"}, Values: []any{true}}},
	}}}, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ text, want string }{
		{`{"a":"no","h":"192.0.2.1"}`, "json rule matched"},
		{`{"b":"no","h":"192.0.2.1"}`, "json rule matched"},
		{`{"a":"yes","b":"no","h":"192.0.2.1"}`, "json rule matched"},
		{`{"b":"yes","h":"192.0.2.1"}`, `b is "yes", not ^no$`},
		{`{"h":"192.0.2.1","x":"no"}`, "no field a or b"},
		{`{"a":"no","d":true,"h":"192.0.2.1"}`, "d is true, which unless forbids"},
	} {
		m := f.NewMatcher()
		matched := m.Match(line(tt.text)).Failure != nil
		if matched != (tt.want == "json rule matched") {
			t.Errorf("%s: matched is %v", tt.text, matched)
		}
		if got := m.Explain(line(tt.text)).Text; !matched && got != tt.want {
			t.Errorf("%s: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestParameterErrors(t *testing.T) {
	for _, tt := range []struct {
		value any
		want  string
	}{
		{"", "empty"},
		{"(", "not closed"},
		{"a)(b", "closed that was not opened"},
		{`\Qa`, "not closed"},
		{"<HOST>", "a tag or a named group"},
		{"<F-USER>a</F-USER>", "a tag or a named group"},
		{"(?P<user>a)", "a tag or a named group"},
		{"^/login", "^ or $"},
		{"/login(?:a|$)", "^ or $"},
		{`(?!a)`, "look-ahead"},
		{int64(-1), "below 0"},
		{1.5, "give a text or a whole number"},
		{true, "give a text or a whole number"},
	} {
		_, err := filter.Compile(withParam(`^<x> <HOST>$`, tt.value), filter.Options{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %q", tt.value, err, tt.want)
		}
	}
	for _, tt := range []struct {
		spec  filter.Spec
		given filter.Params
		want  string
	}{
		{withParam(`^<x> <HOST>$`, "a"), filter.Params{"y": {"b"}}, `parameter "y" is not known: the filter has x`},
		{filter.Spec{Failregex: []string{`^<HOST>$`}}, filter.Params{"y": {"b"}}, `the filter has none`},
		{withParam(`^<x> <HOST>$`), nil, "no value"},
		{withParam(`^[<x>] <HOST>$`, "a"), nil, "<x> stands in a character class"},
		{withParam(`^<x> <HOST>$`, "a{1000}{1000}"), nil, "repetition"},
	} {
		_, err := filter.Compile(tt.spec, filter.Options{Params: tt.given})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %q", tt.given, err, tt.want)
		}
	}
}

func TestPathsOfParameters(t *testing.T) {
	many := make([]any, 11)
	for i := range many {
		many[i] = int64(i)
	}
	compile := func(path, peer string, value ...any) error {
		spec := withParam(`^<HOST>$`, value...)
		spec.JSON = []filter.JSON{{When: []filter.Condition{{Path: "a", Values: []any{true}}}, Host: []string{path}, Peer: peer}}
		_, err := filter.Compile(spec, filter.Options{})
		return err
	}
	for _, tt := range []struct {
		path, peer string
		value      []any
		want       string
	}{
		{"<x>.<x>", "p", many, "more than 100 paths"},
		{"h", "<x>", many, "several paths, where one can be"},
		{"a<x>", "p", []any{"[0"}, "not closed"},
		{"a.<x>", "p", []any{"b."}, "a key is missing at the end"},
	} {
		if err := compile(tt.path, tt.peer, tt.value...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s of %v: %v, want %q", tt.path, tt.value, err, tt.want)
		}
	}
	if err := compile("<x>", "p.<x>", "a"); err != nil {
		t.Error(err)
	}
}

func TestRunTestsWithParameters(t *testing.T) {
	spec := withParam(`^<x> <HOST>$`, "a")
	spec.Tests = []filter.Test{
		{Lines: []string{"a 192.0.2.1"}, Match: true},
		{Lines: []string{"b 192.0.2.1"}, Params: filter.Params{"x": {"b"}}, Match: true},
		{Lines: []string{"a 192.0.2.1"}, Params: filter.Params{"x": {"b"}}},
		{Lines: []string{"a 192.0.2.1"}, Params: filter.Params{"y": {"b"}}},
	}
	for i, r := range filter.RunTests(spec) {
		if r.OK != (i < 3) {
			t.Errorf("test %d: %v %s", i, r.OK, r.Problem)
		}
	}
}

// FuzzParameter puts any text in place of a parameter: what is accepted means the same as it does by itself.
func FuzzParameter(f *testing.F) {
	for _, text := range []string{"/login", `a|b`, `(?i)a`, `\Qa`, `[a`, `a)(b`, `<HOST>`, `(?#`, `a{,3}`, `\`, `a\`, `(?s).*`, `(?:a`, `|`, `[<x>]`, `<x>`} {
		f.Add(text, "/login")
	}
	f.Fuzz(func(t *testing.T, value, word string) {
		if len(value) > 100 || len(word) > 100 || strings.ContainsAny(word, " \n") || filter.CheckParam(value) != nil {
			t.Skip()
		}
		compiled, err := filter.Compile(withParam(`^- <x> - <HOST>$`, value), filter.Options{})
		if err != nil {
			t.Fatalf("%q passed the check, and then: %v", value, err)
		}
		alone, err := filter.Compile(filter.Spec{Failregex: []string{`^- (?:` + value + `) - <HOST>$`}}, filter.Options{})
		if err != nil {
			t.Fatalf("%q in a group of its own: %v", value, err)
		}
		text := line("- " + word + " - 192.0.2.1")
		failure := compiled.NewMatcher().Match(text).Failure
		if want := alone.NewMatcher().Match(text).Failure; (failure == nil) != (want == nil) {
			t.Errorf("%q on %q: %v, want %v", value, word, failure, want)
		}
		if failure != nil && failure.Host != "192.0.2.1" {
			t.Errorf("%q on %q accuses %q", value, word, failure.Host)
		}
	})
}
