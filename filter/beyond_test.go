package filter_test

import (
	"strings"
	"testing"

	"gaol/filter"
)

// TestBeyondRE2 holds what fail2ban's patterns can have and RE2 has not to what Python makes of it.
func TestBeyondRE2(t *testing.T) {
	for _, tt := range []struct {
		name, pattern string
		text, user    string // "" for no failure
	}{
		{"look-ahead", `^(?=.*\bfailed\b)user <F-USER>\S+</F-USER> <HOST>`, "user joe 192.0.2.1 failed", "joe"},
		{"look-ahead that isn't there", `^(?=.*\bfailed\b)user <F-USER>\S+</F-USER> <HOST>`, "user joe 192.0.2.1 fine", ""},
		{"look-ahead at the end", `user <F-USER>\S+</F-USER> <HOST>(?= port|$)`, "user joe 192.0.2.1 port 7", "joe"},
		{"negative look-ahead at the start", `^(?!user admin )user <F-USER>\S+</F-USER> <HOST>`, "user admin 192.0.2.1", ""},
		{"negative look-ahead that holds", `^(?!user admin )user <F-USER>\S+</F-USER> <HOST>`, "user joe 192.0.2.1", "joe"},
		{"negative look-ahead within", `^user <F-USER>(?!admin )\S+</F-USER> <HOST>`, "user admin 192.0.2.1", ""},
		{"negative look-ahead before each character", `^user <F-USER>(?:(?! from ).)+</F-USER> from <HOST>$`, "user a b from 192.0.2.1", "a b"},
		{"the same on two", `^user <F-USER>(?:(?! from ).)+</F-USER> from <HOST>$`, "user a from b from 192.0.2.1", ""},
		{"look-behind", `(?<=\s)user <F-USER>\S+</F-USER> <HOST>`, "x user joe 192.0.2.1", "joe"},
		{"look-behind at the text's start", `(?<=\s)user <F-USER>\S+</F-USER> <HOST>`, "user joe 192.0.2.1", ""},
		{"negative look-behind", `(?<!un)known <F-USER>\S+</F-USER> <HOST>`, "unknown joe 192.0.2.1 known ann 192.0.2.2", "ann"},
		{"back-reference by number", `^(["'])<F-USER>.*?</F-USER>\1 <HOST>$`, `"it's" 192.0.2.1`, "it's"},
		{"back-reference to the second group", `^(?:a)(b)(?P<user>\w+)\2 <HOST>`, "abjoejoe 192.0.2.1", "joe"},
		{"back-reference by name", `^(?P<user>\w+):(?P=user) <HOST>`, "joe:joe 192.0.2.1", "joe"},
		{"back-reference to a tag", `^<F-USER>\w+</F-USER>:(?P=user) <HOST>`, "joe:ann 192.0.2.1", ""},
		{"back-reference to a tag by its number", `^(x)<F-USER>\w+</F-USER>:\2 <HOST>`, "xjoe:joe 192.0.2.1", "joe"},
		{"back-reference, case aside", `(?i)^<F-USER>\w+</F-USER>:(?P=user) <HOST>`, "joe:JOE 192.0.2.1", "joe"},
		{"numbers behind a tag of three groups", `<HOST> (a|b) <F-USER>\w+</F-USER>\4$`, "192.0.2.1 b joeb", "joe"},
		{"condition that holds", `^(<)?<F-USER>\w+</F-USER>(?(1)>|) <HOST>`, "<joe> 192.0.2.1", "joe"},
		{"condition that doesn't", `^(<)?<F-USER>\w+</F-USER>(?(1)>|!) <HOST>`, "joe! 192.0.2.1", "joe"},
		{"condition of one branch", `^(?P<o><)?<F-USER>\w+</F-USER>(?(o)>) <HOST>`, "<joe 192.0.2.1", ""},
		{"condition of one branch, without", `^(?P<o><)?<F-USER>\w+</F-USER>(?(o)>) <HOST>`, "joe 192.0.2.1", "joe"},
		{"atomic group", `^(?>a+)ab <F-USER>\w+</F-USER> <HOST>`, "aaab joe 192.0.2.1", ""},
		{"possessive loop", `^"<F-USER>[^"]*+</F-USER>" <HOST>`, `"joe" 192.0.2.1`, "joe"},
		{"possessive loop that took too much", `^user .*+<HOST>`, "user 192.0.2.1", ""},
		{"possessive loop over a group", `^(?:ab|a){,2}+b <F-USER>\w+</F-USER> <HOST>`, "abab joe 192.0.2.1", ""},
		{"possessive loop over a character", `^ü++ <F-USER>\w+</F-USER> <HOST>`, "üü joe 192.0.2.1", "joe"},
		{"back-reference to what must not be", `^(?!(a))(?:\1)?<F-USER>\w+</F-USER> <HOST>`, "joe 192.0.2.1", "joe"},
		{"end of text as in Python", `^(?!x)<F-USER>\w+</F-USER> (?<=\s)<HOST>\s\Z`, "joe 192.0.2.1", "joe"},
		{"flags end with their group", `^(?:(?i)USER)(?!x) <F-USER>(?-i:\w+)</F-USER> <HOST>`, "user joe 192.0.2.1", "joe"},
		{"an address must be one", `^(?!x)user <F-USER>\w+</F-USER> <HOST>`, "user joe 192.0.2.1999", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := filter.Spec{Failregex: []string{tt.pattern}, Fail2ban: true}
			r := compile(t, spec, filter.Options{}).NewMatcher().Match(line(tt.text))
			user := ""
			if r.Failure != nil {
				user = r.Failure.User
			}
			if user != tt.user {
				t.Errorf("%s on %q: %q, want %q", tt.pattern, tt.text, user, tt.user)
			}
			spec.Fail2ban = false
			if _, err := filter.Compile(spec, filter.Options{}); err == nil {
				t.Error("compiles without Fail2ban, too")
			}
		})
	}
}

func TestBeyondRE2Errors(t *testing.T) {
	for _, tt := range []struct{ name, pattern, want string }{
		{"no such group", `(a)\2 <HOST>`, `back-reference \2: the pattern has no group 2 before it`},
		{"no such name", `(?P=user) <HOST>`, `no group user before it`},
		{"group of a tag", `<HOST> \1`, `group 1 is part of a tag`},
		{"in the group itself", `(a\1) <HOST>`, `it stands in group 1 itself`},
		{"condition on no group", `(?(1)a|b) <HOST>`, `condition (?(1)…): the pattern has no group 1`},
		{"three branches", `(a)?(?(1)a|b|c) <HOST>`, `more than two branches`},
		{"look-behind of several lengths", `(?<=a|bc) <HOST>`, `several lengths`},
		{"parenthesis without end", `(?!a <HOST>`, `parenthesis is not closed`},
		{"a fault that has nothing to do with it", `a** <HOST>`, `write one of`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := filter.Compile(filter.Spec{Failregex: []string{tt.pattern}, Fail2ban: true}, filter.Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

// A pattern that explodes on a line ends, doesn't match it, and is reported; others
// are tried as if it weren't there.
func TestRunaway(t *testing.T) {
	spec := filter.Spec{Fail2ban: true, Failregex: []string{`^(a+)+\1[bc] from <HOST>$`, `from <HOST>$`}, Ignoreregex: []string{`^(a+)+\1[bc]`}}
	m := compile(t, spec, filter.Options{}).NewMatcher()
	long := strings.Repeat("a", 64<<10) + " from 192.0.2.1"
	for range 2 {
		if r := m.Match(line(long)); accused(r) != "192.0.2.1" || r.Pattern != 1 {
			t.Errorf("failregex %d accuses %q", r.Pattern+1, accused(r))
		}
	}
	if r := m.Match(line("aab from 192.0.2.1")); r.Verdict != filter.Ignored {
		t.Errorf("a short line is %s", r.Verdict)
	}
	runaways := m.Runaways()
	if len(runaways) != 2 || runaways[0].What != "failregex 1" || runaways[0].Times != 2 || runaways[1].What != "ignoreregex 1" {
		t.Fatalf("%+v", runaways)
	}
	if text := runaways[0].String(); !strings.Contains(text, `failregex 1 "^(a+)+\\1[bc] from <HOST>$"`) || !strings.Contains(text, "unless") {
		t.Error(text)
	}
}

// Lines are scanned for what such a pattern needs, and for nothing that it only
// looks at to be without.
func TestBeyondRE2Candidates(t *testing.T) {
	f := compile(t, filter.Spec{Fail2ban: true, Failregex: []string{`^login (?!by cron)(?P<user>\w+) (?P=user)? ?failed from <HOST>$`}}, filter.Options{})
	for text, want := range map[string]bool{
		"login joe failed from 192.0.2.1":     true,
		"login joe joe failed from 192.0.2.1": true,
		"login by cron":                       false,
		"nothing at all":                      false,
	} {
		if got := f.Candidate(text+"\n", 0) == 0; got != want {
			t.Errorf("%q: candidate %v, want %v", text, got, want)
		}
		if r := f.NewMatcher().Match(line(text)); r.Failure != nil != want {
			t.Errorf("%q: %+v, want %v", text, r.Failure, want)
		}
	}
}

func TestBeyondRE2OverLines(t *testing.T) {
	f := compile(t, filter.Spec{MaxLines: 5, Fail2ban: true, Failregex: []string{
		`^conn(?P<c>\d+) failed<SKIPLINES>^conn(?P=c) ended <HOST>$`,
	}}, filter.Options{})
	got := story(f.NewMatcher(), "conn1 failed\nconn2 failed\nconn2 ended 192.0.2.2\nconn3 ended 192.0.2.3\nconn1 ended 192.0.2.1")
	want := "3 matched 192.0.2.2: conn2 failed / conn2 ended 192.0.2.2, 5 matched 192.0.2.1: conn1 failed / conn1 ended 192.0.2.1"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBeyondRE2Attack(t *testing.T) {
	for _, tt := range []struct {
		name, pattern string
		weak          bool
	}{
		{"anchored", `^(?!x)user <F-USER>[^,]*+(?<=e)</F-USER>(?=, )(, )from <HOST>\2end$`, false},
		{"not anchored", `user <F-USER>.*?</F-USER>(, )from <HOST>\2end`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := filter.Spec{Failregex: []string{tt.pattern}, Fail2ban: true, Tests: []filter.Test{
				{Lines: []string{"user joe, from 192.0.2.1, end"}, Match: true, Host: "192.0.2.1"},
			}}
			for _, r := range filter.RunTests(spec) {
				if !r.OK {
					t.Fatal(r.Problem)
				}
			}
			results := filter.Attack(spec)
			if bad := failed(results); len(results) == 0 || len(bad) > 0 != tt.weak {
				t.Errorf("%d attacks, of which succeed: %+v", len(results), bad)
			}
		})
	}
}
