package filter_test

import (
	"strings"
	"testing"

	"gaol/filter"
)

// let is who was let in, "" for nobody.
func let(r filter.Result) string {
	switch {
	case r.Success == nil:
		return ""
	case r.Success.Host != "":
		return r.Success.Host
	default:
		return "id " + r.Success.ID
	}
}

func TestSuccesses(t *testing.T) {
	login := filter.Spec{
		Failregex:    []string{`^no (?:<F-USER>\w+</F-USER> )?from <HOST>$`},
		Successregex: []string{`^yes <F-USER>\w+</F-USER> from <HOST>$`, `^session <F-ID>\w+</F-ID> opened$`},
		Ignoreregex:  []string{`monitor`},
	}
	narrowed, daemon, session, json := login, login, login, login
	narrowed.Prefregex = `^app: <F-CONTENT>.+</F-CONTENT>$`
	daemon.Daemon = []string{"app"}
	session = filter.Spec{Failregex: []string{
		`^<F-MLFID>\w+</F-MLFID> <F-NOFAIL>from</F-NOFAIL> <ADDR>$`,
		`^<F-MLFID>\w+</F-MLFID> wrong password for <F-USER>\w+</F-USER>$`,
		`^<F-MLFID>\w+</F-MLFID> <F-MLFGAINED>welcome</F-MLFGAINED> <F-USER>\w+</F-USER>$`,
	}}
	json.JSON = []filter.JSON{{Message: []string{"msg"}}}
	rules := filter.Spec{JSON: []filter.JSON{
		{When: []filter.Condition{{Path: "event", Values: []any{"^login_failed$"}}}, Host: []string{"ip"}},
		{When: []filter.Condition{{Path: "event", Values: []any{"^login$"}}}, Host: []string{"ip"}, User: []string{"user"}, Success: true},
	}}
	mixed := login
	mixed.JSON = rules.JSON[1:]
	for _, tt := range []struct {
		name, lines string
		spec        filter.Spec
		want        string // of the last line
	}{
		{"a rule for JSON", `{"event":"login","user":"joe","ip":"192.0.2.5"}`, rules, "192.0.2.5"},
		{"a rule for failures in JSON", `{"event":"login_failed","user":"joe","ip":"192.0.2.5"}`, rules, ""},
		{"no rule", `{"event":"logout","user":"joe","ip":"192.0.2.5"}`, rules, ""},
		{"a rule for JSON beside patterns", `{"event":"login","user":"joe","ip":"192.0.2.5"}`, mixed, "192.0.2.5"},
		{"a pattern beside a rule for JSON", "yes joe from 192.0.2.5", mixed, "192.0.2.5"},
		{"a failure beside a rule for JSON", "no joe from 192.0.2.5", mixed, ""},
		{"an address", "yes joe from 192.0.2.5", login, "192.0.2.5"},
		{"dated", "2026-03-10 21:31:23 yes joe from 2001:db8::5", login, "2001:db8::5"},
		{"an id", "session abc opened", login, "id abc"},
		{"a failure", "no joe from 192.0.2.5", login, ""},
		{"neither", "hello joe from 192.0.2.5", login, ""},
		{"no address", "yes joe from 192.0.2.555", login, ""},
		{"ignored", "yes monitor from 192.0.2.5", login, ""},
		{"behind a prefregex", "app: yes joe from 192.0.2.5", narrowed, "192.0.2.5"},
		{"without it", "yes joe from 192.0.2.5", narrowed, ""},
		{"ignored behind a prefregex", "app: yes monitor from 192.0.2.5", narrowed, ""},
		{"of the daemon", "Mar 10 21:31:23 host app[1]: yes joe from 192.0.2.5", daemon, "192.0.2.5"},
		{"of another daemon", "Mar 10 21:31:23 host other[1]: yes joe from 192.0.2.5", daemon, ""},
		{"a session", "a from 192.0.2.5|a welcome joe", session, "192.0.2.5"},
		{"a session after failures of the same user", "a from 192.0.2.5|a wrong password for joe|a welcome joe", session, "192.0.2.5"},
		{"a session after tries of several users", "a from 192.0.2.5|a wrong password for ann|a welcome joe", session, ""},
		{"a session of nobody knows whom", "a welcome joe", session, ""},
		{"a message in JSON", `{"msg":"yes joe from 192.0.2.5"}`, json, "192.0.2.5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := compile(t, tt.spec, filter.Options{Success: true}).NewMatcher()
			plain := compile(t, tt.spec, filter.Options{}).NewMatcher()
			var got, without filter.Result
			for _, text := range strings.Split(tt.lines, "|") {
				got, without = m.Match(line(text)), plain.Match(line(text))
				if accused(got) != accused(without) {
					t.Errorf("%s: accuses %q, without Options.Success %q", text, accused(got), accused(without))
				}
			}
			if let(got) != tt.want {
				t.Errorf("got %q, want %q", let(got), tt.want)
			}
			if without.Success != nil {
				t.Errorf("without Options.Success: got %+v", without.Success)
			}
		})
	}
}

func TestASuccessIsACopyAndWhole(t *testing.T) {
	spec := filter.Spec{Failregex: []string{`^no <HOST>$`}, Successregex: []string{`^yes <F-USER>\w+</F-USER> from <HOST> port <F-PORT/>$`}}
	m := compile(t, spec, filter.Options{Success: true}).NewMatcher()
	m.Borrow()
	text := []byte("2026-03-10 21:31:23 yes joe from 192.0.2.5 port 22")
	l := line(string(text))
	l.CatchUp = true
	got := m.Match(l)
	s := got.Success
	if got.Verdict != filter.Succeeded || got.Pattern != 0 || s == nil {
		t.Fatalf("got %+v", got)
	}
	if !s.Time.Equal(read) || !s.Read.Equal(l.Read) || !s.CatchUp || s.User != "joe" || s.Host != "192.0.2.5" || s.Prefix.String() != "192.0.2.5/32" ||
		s.Fields["port"] != "22" || len(s.Lines) != 1 || s.Lines[0] != string(text) || s.Source != l.Source {
		t.Errorf("got %+v", s)
	}
}

func TestWhoCanTellOfSuccesses(t *testing.T) {
	plain := filter.Spec{Failregex: []string{`^no <HOST>$`}}
	with, gains := plain, filter.Spec{Failregex: []string{`^<F-MLFID>\w+</F-MLFID> <F-MLFGAINED>yes</F-MLFGAINED>$`}}
	with.Successregex = []string{`^yes <HOST>$`}
	for _, tt := range []struct {
		name string
		spec filter.Spec
		want bool
	}{{"neither", plain, false}, {"successregex", with, true}, {"F-MLFGAINED", gains, true}} {
		if compile(t, tt.spec, filter.Options{}).Trusts() {
			t.Errorf("%s: without being asked", tt.name)
		}
		if got := compile(t, tt.spec, filter.Options{Success: true}).Trusts(); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestBadSuccessregex(t *testing.T) {
	for _, tt := range []struct {
		name string
		spec filter.Spec
		want string
	}{
		{"nobody", filter.Spec{Failregex: []string{`^no <HOST>$`}, Successregex: []string{`^yes$`}}, "successregex 1"},
		{"a session alone", filter.Spec{Failregex: []string{`^no <HOST>$`}, Successregex: []string{`^<F-MLFID>\w+</F-MLFID> yes$`}}, "names neither a host nor an id"},
		{"no pattern", filter.Spec{Failregex: []string{`^no <HOST>$`}, Successregex: []string{`^yes <HOST>(`}}, "a parenthesis is not closed"},
		{"over lines", filter.Spec{Failregex: []string{`^no <HOST>$`}, Successregex: []string{`^yes <HOST>$`}, MaxLines: 3}, "maxlines with successregex"},
	} {
		if _, err := filter.Compile(tt.spec, filter.Options{Success: true}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
}

// Nobody may be trusted by what he writes into an object either.
func TestAttacksOnTrustInJSON(t *testing.T) {
	spec := filter.Spec{
		JSON: []filter.JSON{
			{When: []filter.Condition{{Path: "event", Values: []any{"^login_failed$"}}}, Host: []string{"ip"}, User: []string{"user"}},
			{When: []filter.Condition{{Path: "event", Values: []any{"^login$"}}}, Host: []string{"ip"}, User: []string{"user"}, Success: true},
		},
		Tests: []filter.Test{
			{Lines: []string{`{"event":"login_failed","user":"joe","ip":"192.0.2.5"}`}, Match: true, Host: "192.0.2.5"},
			{Lines: []string{`{"event":"login","user":"joe","ip":"192.0.2.6"}`}, Success: true, Host: "192.0.2.6", User: "joe"},
		},
	}
	for _, r := range append(filter.RunTests(spec), filter.Attack(spec)...) {
		if !r.OK {
			t.Errorf("%s: %s", r.Attack, r.Problem)
		}
	}
	// A rule that looks for the event anywhere in the object's text finds it in the name.
	spec.JSON[1].When[0] = filter.Condition{Path: "user", Values: []any{"login"}}
	spec.JSON[0].Unless = []filter.Condition{{Path: "user", Values: []any{"login"}}}
	spec.Tests[1].Lines[0] = `{"event":"x","user":"login","ip":"192.0.2.6"}`
	spec.Tests[1].User = "login"
	for _, r := range filter.Attack(spec) {
		if !r.OK {
			return
		}
	}
	t.Error("no attack finds a rule that a name fulfils")
}

func TestTestsOfSuccesses(t *testing.T) {
	spec := filter.Spec{Failregex: []string{`^no <HOST>$`}, Successregex: []string{`^yes <F-USER>\w+</F-USER> from <HOST>$`}}
	for _, tt := range []struct {
		name string
		test filter.Test
		want string
	}{
		{"fine", filter.Test{Lines: []string{"yes joe from 192.0.2.5"}, Success: true, Host: "192.0.2.5", User: "joe"}, ""},
		{"another host", filter.Test{Lines: []string{"yes joe from 192.0.2.5"}, Success: true, Host: "192.0.2.6"}, `want host "192.0.2.6", got "192.0.2.5"`},
		{"none", filter.Test{Lines: []string{"yes from 192.0.2.5"}, Success: true}, "want a successful login, got none"},
		{"a failure", filter.Test{Lines: []string{"no 192.0.2.5"}, Success: true}, "want a successful login, got none"},
		{"unwanted", filter.Test{Lines: []string{"yes joe from 192.0.2.5"}}, `want no successful login, got one of "192.0.2.5" by successregex 1`},
		{"instead of a failure", filter.Test{Lines: []string{"yes joe from 192.0.2.5"}, Match: true}, `want no successful login`},
	} {
		spec.Tests = []filter.Test{tt.test}
		got := filter.RunTests(spec)[0]
		if got.OK != (tt.want == "") || !strings.Contains(got.Problem, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got.Problem, tt.want)
		}
	}
}

func TestAttacksOnTrust(t *testing.T) {
	failing := filter.Test{Lines: []string{"failed login of joe from 192.0.2.5"}, Match: true}
	passing := filter.Test{Lines: []string{"let joe in from 192.0.2.6"}, Success: true}
	for _, tt := range []struct {
		name, success string
		caught        bool
	}{
		{"tied to both ends", `^let <F-USER>\S+</F-USER> in from <HOST>$`, false},
		{"not tied to the start: a user name is enough", `let <F-USER>\S+</F-USER> in from <HOST>`, true},
		{"a name with blanks: the first address in it", `^let <F-USER>.+?</F-USER> in from <HOST>`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := filter.Spec{
				Failregex: []string{`^failed login of <F-USER>.*</F-USER> from <HOST>$`}, Successregex: []string{tt.success},
				Tests: []filter.Test{failing, passing},
			}
			var caught []string
			results := filter.Attack(spec)
			for _, r := range results {
				if !r.OK {
					caught = append(caught, r.Attack+": "+r.Problem)
				}
			}
			if (len(caught) > 0) != tt.caught || len(results) < 40 {
				t.Errorf("%d attacks, caught %q", len(results), caught)
			}
		})
	}
}

// A client who fails must not be able to have himself trusted either.
func TestNobodyTrustsHimselfByHisName(t *testing.T) {
	spec := filter.Spec{
		Failregex:    []string{`^failed login of <F-USER>.*</F-USER> from <HOST>$`},
		Successregex: []string{`let \S+ in from <HOST>`},
		Tests: []filter.Test{
			{Lines: []string{"failed login of joe from 192.0.2.5"}, Match: true},
			{Lines: []string{"let joe in from 192.0.2.6"}, Success: true},
		},
	}
	// The failregex comes first; with a line end in the name, it no longer matches.
	for _, r := range filter.Attack(spec) {
		if !r.OK && strings.Contains(r.Problem, `"192.0.2.5" was let in`) {
			return
		}
	}
	t.Error("no attack makes the same host trusted by a name that ends the line")
}

// Whoever asks for successes must get the failures of everybody else, and no line may be skipped for them.
func TestCandidatesOfSuccesses(t *testing.T) {
	spec := filter.Spec{Daemon: []string{"app"}, Failregex: []string{`^Failed for <HOST>$`}, Successregex: []string{`^Accepted for <HOST>$`}}
	block := "Mar 10 21:31:23 host app[1]: nothing\nMar 10 21:31:23 host app[1]: Accepted for 192.0.2.5\nMar 10 21:31:23 host app[1]: Failed for 192.0.2.5\n"
	second, third := strings.Index(block, "\n")+1, strings.Index(block, "Failed")-29
	for _, tt := range []struct {
		success bool
		want    int
	}{{true, second}, {false, third}} {
		if got := compile(t, spec, filter.Options{Success: tt.success}).Candidate(block, 0); got != tt.want {
			t.Errorf("success %v: the first candidate is at %d, want %d", tt.success, got, tt.want)
		}
	}
}
