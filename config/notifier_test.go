package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/action"
	"gaol/config"
)

// notifiersOf loads a jail with this action list.
func notifiersOf(t *testing.T, actions string, files map[string]string) []config.Notifier {
	t.Helper()
	all := map[string]string{"gaol.toml": "[jail.sshd]\naction = " + actions}
	for name, text := range files {
		all[name] = text
	}
	return jailOf(t, load(t, all), "sshd").Notifiers
}

func TestNotifiers(t *testing.T) {
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GAOL_TEST_SECRET", "from the environment")
	files := map[string]string{"action.d/ops.toml": `
kind = "webhook"
description = "tells the operators"
url = "https://example.com/hook"
burst = 3
headers = { X-A = "1" }
`}
	got := notifiersOf(t, `[
		"ops",
		{ name = "ops", burst = 1, every = "1h", on = ["ban", "unban"], headers = { X-B = "env:GAOL_TEST_SECRET" } },
		{ name = "second", kind = "webhook", url = "https://example.com/", token = "file:`+token+`", lines = 0, once = "1d" },
	]`, files)
	base := config.Notifier{Name: "ops", Kind: "webhook", URL: "https://example.com/hook", Burst: 3, Lines: -1, Headers: map[string]action.Secret{"X-A": "1"}}
	mine := base
	mine.Burst, mine.Every, mine.On = 1, time.Hour, []string{"ban", "unban"}
	mine.Headers = map[string]action.Secret{"X-A": "1", "X-B": "from the environment"}
	want := []config.Notifier{base, mine, {
		Name: "second", Kind: "webhook", URL: "https://example.com/", Token: "from a file", Once: 24 * time.Hour,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, n := range got {
		document, _ := json.Marshal(n)
		if text := fmt.Sprintf("%v %+v %#v %s", n, n, n, document); strings.Contains(text, "from a file") || strings.Contains(text, "hook") && strings.Contains(text, "example.com/hook") {
			t.Errorf("printing shows a secret: %s", text)
		}
	}
}

func TestEveryKindOfNotifier(t *testing.T) {
	got := notifiersOf(t, `[
		{ name = "mail", server = "mail.example.com", from = "gaol@example.com", to = "root@example.com", user = "me", password = "x" },
		{ name = "notify", url = "ntfy://ntfy.sh/topic" },
		{ name = "abuseipdb", token = "x", categories = [18] },
		{ name = "blocklist.de", token = "x", from = "me@example.com", mask = ["shop"] },
		{ name = "xarf", server = "localhost", from = "abuse@example.com" },
	]`, nil)
	if len(got) != 5 {
		t.Fatalf("got %d", len(got))
	}
	keys := map[string]bool{}
	for i, n := range got {
		if _, err := n.Sender(); err != nil || n.Reports() != (i >= 2) || n.Reports() != (n.Once == 24*time.Hour) {
			t.Errorf("%s: %+v, %v", n.Name, n, err)
		}
		keys[n.Key()] = true
	}
	if len(keys) != 5 {
		t.Errorf("keys %v", keys)
	}
	other := got[2]
	other.Token = "y"
	if other.Key() == got[2].Key() {
		t.Error("another secret has the same key")
	}
}

func TestAFileOfProgramsIsACommand(t *testing.T) {
	c := load(t, map[string]string{
		"gaol.toml":             "[jail.sshd]\naction = ['webhook']",
		"action.d/webhook.toml": "ban = ['/bin/true']",
	})
	if j := jailOf(t, c, "sshd"); len(j.Actions) != 1 || len(j.Notifiers) != 0 {
		t.Errorf("got %+v, %+v", j.Actions, j.Notifiers)
	}
}

func TestNotifierProblems(t *testing.T) {
	for _, tt := range []struct{ name, action, want string }{
		{"no url", `"webhook"`, `:2: the action "webhook": no url in [jail.sshd]: give it url = "https://…"`},
		{"no such scheme", `{ name = "webhook", url = "ftp://x/s3cret" }`, `the action "webhook": url is not one: expected https://HOST/PATH`},
		{"unknown key", `{ name = "webhook", url = "https://x/", tokn = "s3cret" }`, `unknown key "tokn" in [jail.sshd.action]: did you mean "token"?`},
		{"key of another kind", `{ name = "webhook", url = "https://x/", ban = ["/bin/true"], kind = "webhook" }`, `unknown key "ban"`},
		{"unknown kind", `{ name = "x", kind = "webhok" }`, `found "webhok", expected`},
		{"secret that is a number", `{ name = "webhook", url = "https://x/", token = 5153237 }`, `found something else, expected text, "file:/PATH" or "env:NAME"`},
		{"no such file", `{ name = "webhook", url = "https://x/", token = "file:/nowhere/x" }`, "reading /nowhere/x: no such file or directory"},
		{"relative file", `{ name = "webhook", url = "https://x/", token = "file:x" }`, "the path of a file must be absolute"},
		{"empty variable", `{ name = "webhook", url = "https://x/", token = "env:GAOL_NOT_SET" }`, `the environment variable "GAOL_NOT_SET" is empty`},
		{"bad template", `{ name = "webhook", url = "https://x/", template = "{{.Nothing}}" }`, `can't evaluate field Nothing`},
		{"bad header", `{ name = "webhook", url = "https://x/", headers = { "A B" = "s3cret" } }`, `the header "A B" or its value can't be sent`},
		{"no token", `"abuseipdb"`, `the action "abuseipdb": no token in [jail.sshd]`},
		{"bad address", `{ name = "mail", server = "x", from = "nobody", to = "a@example.com" }`, `from: "nobody" is no address`},
		{"bad service", `{ name = "notify", url = "nosuch://s3cret/" }`, `the action "notify": url: `},
		{"bad category", `{ name = "abuseipdb", token = "s3cret", categories = [24] }`, "expected a whole number from 1 to 23"},
		{"bad event", `{ name = "webhook", url = "https://x/", on = ["bann"] }`, `did you mean "ban"?`},
		{"host name of two lines", `{ name = "webhook", url = "https://x/", hostname = "a\nb" }`, `expected text on one line`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := write(t, map[string]string{"gaol.toml": "[jail.sshd]\naction = " + tt.action})
			problems := config.Load(opts).Problems
			if len(problems) != 1 {
				t.Fatalf("problems: %v", problems)
			}
			p := problems[0]
			if !strings.Contains(said(problems, opts)[0], tt.want) {
				t.Errorf("got %v, want %q", p, tt.want)
			}
			if p.Jail != "sshd" {
				t.Errorf("it is of jail %q", p.Jail)
			}
			for _, secret := range []string{"s3cret", "5153237"} {
				if strings.Contains(p.Source+p.Error(), secret) {
					t.Errorf("it shows a secret: %s\n%s", p, p.Source)
				}
			}
		})
	}
}

func TestFaultsElsewhereHideSecrets(t *testing.T) {
	for _, text := range []string{
		`action = [{ name = "webhook", token = "s3cret", url = "https://x/s3cret", lines = = }]`,
		`action = [{ name = "webhook", token = 's3cret' `,
		`action = [{ name = "webhook", token = ["s3cret", "s3cret"], url = "https://x/" }]`,
		`action = [{ name = "webhook", headers = { Authorization = "s3cret" }, url = "https://x/", lines = 11 }]`,
		`maxrety = 3 # token = "s3cret"`,
	} {
		for _, p := range config.Load(write(t, map[string]string{"gaol.toml": "[jail.sshd]\n" + text})).Problems {
			if strings.Contains(p.Source+p.Error(), "s3cret") {
				t.Errorf("%s: it shows a secret: %s\n%s", text, p, p.Source)
			}
			if p.Source != "" && len(p.Source) != len(text) {
				t.Errorf("columns have moved:\n%s\n%s", text, p.Source)
			}
		}
	}
}

func TestFaultsOfTheListenerHideItsToken(t *testing.T) {
	for line, shown := range map[string]string{
		`tokn = "s3cret"`:        `tokn = ********`,
		`token = ["s3cret"]`:     `token = **********`,
		`listen = "127.0.0.1:x"`: `listen = "127.0.0.1:x"`,
		`proxies = ["x"]`:        `proxies = ["x"]`,
	} {
		problems := config.Load(write(t, map[string]string{"gaol.toml": "[web]\n" + line})).Problems
		if len(problems) != 1 || problems[0].Source != shown || strings.Contains(problems[0].Error(), "s3cret") {
			t.Errorf("%s: got %+v", line, problems)
		}
	}
}
