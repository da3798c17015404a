package filter_test

import (
	"strings"
	"testing"

	"gaol/filter"
)

func TestDialect(t *testing.T) {
	for _, tt := range []struct {
		name    string
		pattern string
		text    string
		want    bool
	}{
		{"at most three", `a{,3} from <HOST>`, "aaa from 192.0.2.1", true},
		{"at most three, from the start", `^a{,3} from <HOST>`, "aaaa from 192.0.2.1", false},
		{"brace that is text", `a{,x} from <HOST>`, "a{,x} from 192.0.2.1", true},
		{"escaped brace", `a\{,3} from <HOST>`, "a{,3} from 192.0.2.1", true},
		{"end of text as in Python", `from <HOST>\Z`, "from 192.0.2.1", true},
		{"comment", `from(?# the client) <HOST>`, "from 192.0.2.1", true},
		{"Unicode escape", `f\u00fcr <HOST>`, "für 192.0.2.1", true},
		{"octal escape", `\101 <HOST>`, "A 192.0.2.1", true},
		{"quoted text", `\Q(<HOST>\E <HOST>`, "(<HOST> 192.0.2.1", true},
		{"flags in the middle", `from (?:(?i)HOST) <HOST>`, "from host 192.0.2.1", true},
		{"flags end with their group", `(?:(?i)FROM) Host <HOST>`, "from host 192.0.2.1", false},
		{"bracket first in a class", `[]<] <HOST>`, "] 192.0.2.1", true},
		{"negated class with a bracket first", `[^]<] <HOST>`, "] 192.0.2.1", false},
		{"named class", `[[:upper:]<] <HOST>`, "A 192.0.2.1", true},
		{"escaped bracket in a class", `[\]<] <HOST>`, "] 192.0.2.1", true},
		{"the same name twice", `(?P<x>a) (?P<x>b) <HOST>`, "a b 192.0.2.1", true},
		{"any byte", `^.{3} <HOST>`, "\xff\xfe\x00 192.0.2.1", true},
		{"no dot for a line end", `^a.b <HOST>`, "a\nb 192.0.2.1", false},
		{"no start behind a line end", `^b <HOST>`, "a\nb 192.0.2.1", false},
		{"no end before a line end", `^a <HOST>$`, "a 192.0.2.1\nb", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := match(t, tt.pattern, tt.text, filter.Options{}).Failure != nil
			if got != tt.want {
				t.Errorf("%s on %q: %v, want %v", tt.pattern, tt.text, got, tt.want)
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	failregex := func(texts ...string) filter.Spec { return filter.Spec{Failregex: texts} }
	for _, tt := range []struct {
		name string
		spec filter.Spec
		want []string // each in the error
	}{
		{"nobody", failregex(`Login failure`), []string{`failregex 1 "Login failure"`, "neither a host nor an id nor a session", "<HOST>"}},
		{"user alone", failregex(`<F-USER>x</F-USER>`), []string{"neither a host"}},
		{"lower-case tag", failregex(`from <host>`), []string{"neither a host"}},
		{"no pattern", filter.Spec{}, []string{"no failregex"}},
		{"empty pattern", failregex(``), []string{"failregex 1", "empty"}},
		{"empty ignoreregex", filter.Spec{Failregex: []string{`<HOST>`}, Ignoreregex: []string{``}}, []string{"ignoreregex 1", "empty"}},
		{"several lines", failregex(`a<SKIPLINES>b <HOST>`), []string{"<SKIPLINES>", "set maxlines"}},
		{"look-ahead", failregex(`a(?=b) <HOST>`), []string{`failregex 1 "a(?=b) <HOST>"`, "look-ahead (?=…)"}},
		{"negative look-ahead", failregex(`a(?!b) <HOST>`), []string{"negative look-ahead (?!…)", `"unless"`}},
		{"look-behind", failregex(`(?<=b)a <HOST>`), []string{"look-behind (?<=…)"}},
		{"negative look-behind", failregex(`(?<!b)a <HOST>`), []string{"negative look-behind (?<!…)", `"unless"`}},
		{"back-reference", failregex(`(a)\1 <HOST>`), []string{`back-reference \1`}},
		{"back-reference by name", failregex(`(?P<a>a)(?P=a) <HOST>`), []string{"back-reference (?P=…)"}},
		{"back-reference by name, short", failregex(`(?<a>a)\k<a> <HOST>`), []string{`back-reference \k`}},
		{"condition", failregex(`(a)?(?(1)b|c) <HOST>`), []string{"conditional group"}},
		{"atomic group", failregex(`(?>a+) <HOST>`), []string{"atomic group", "(?:…)"}},
		{"possessive", failregex(`a++ <HOST>`), []string{"possessive"}},
		{"comment without end", failregex(`a(?#b <HOST>`), []string{"comment", "not closed"}},
		{"parenthesis without end", failregex(`(a <HOST>`), []string{"parenthesis is not closed"}},
		{"parenthesis without beginning", failregex(`a) <HOST>`), []string{"parenthesis is closed"}},
		{"class without end", failregex(`<HOST> [abc`), []string{"[abc", "not closed"}},
		{"nothing to repeat", failregex(`<HOST>|*`), []string{"nothing stands before *"}},
		{"repeated too often", failregex(`a{2000} <HOST>`), []string{"at most 1000"}},
		{"backslash at the end", failregex(`<HOST>\`), []string{"backslash"}},
		{"unknown escape", failregex(`<HOST>\y`), []string{`\\y`}},
		{"tag in a class", failregex(`[<HOST>]`), []string{"<HOST> stands in a character class [<HOST>]"}},
		{"tag without end", failregex(`<F-USER>x <HOST>`), []string{"<F-USER> is not closed", "</F-USER>"}},
		{"tags across each other", failregex(`<F-A>x<F-B>y</F-A>z</F-B> <HOST>`), []string{"</F-A>", "<F-B> in it is open"}},
		{"tag across a parenthesis", failregex(`<F-A>x(y</F-A>) <HOST>`), []string{"</F-A>", "a parenthesis in it is open"}},
		{"no short form", failregex(`<F-USER/> <HOST>`), []string{"<F-USER/> has no short form"}},
		{"tuple", failregex(`<F-TUPLE_ID>x</F-TUPLE_ID> <HOST>`), []string{"<F-TUPLE_ID> is not supported"}},
		{"prefregex", filter.Spec{Failregex: []string{`<HOST>`}, Prefregex: `(`}, []string{`prefregex "("`}},
		{"unless", filter.Spec{Failregex: []string{`<HOST>`}, Unless: []string{`a`, `(`}}, []string{`unless 2 "("`}},
		{
			"all at once", filter.Spec{Failregex: []string{`(`, `<HOST>`, `x`}, Ignoreregex: []string{`)`}},
			[]string{`failregex 1 "("`, `failregex 3 "x"`, `ignoreregex 1 ")"`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := filter.Compile(tt.spec, filter.Options{})
			if err == nil {
				t.Fatal("compiled")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q in it", err, want)
				}
			}
		})
	}
}
