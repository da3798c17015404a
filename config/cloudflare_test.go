package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gaol/config"
)

const cloudflareEntry = `name = "cloudflare", account = "0123456789abcdef0123456789abcdef", list = "gaol"`

func TestCloudflareList(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := load(t, map[string]string{
		"gaol.toml": "[jail.sshd]\naction = [{ " + cloudflareEntry + `, token = "file:` + token + `" }, "edge", { name = "edge", limit = 500000 }]`,
		"action.d/edge.toml": `
kind = "cloudflare"
token = "s3cret"
account = "0123456789abcdef0123456789abcdef"
list = "edge_1"
hostname = "web1"
every = "10s"
timeout = "5s"
limit = 200
url = "https://127.0.0.1/client/v4"
`})
	actions := jailOf(t, c, "sshd").Actions
	if len(actions) != 3 {
		t.Fatalf("got %+v", actions)
	}
	own := config.CloudflareList{Token: "s3cret", Account: "0123456789abcdef0123456789abcdef", List: "gaol"}
	edge := own
	edge.List, edge.Hostname, edge.Every, edge.Timeout, edge.Limit, edge.URL = "edge_1", "web1", 10*time.Second, 5*time.Second, 200, "https://127.0.0.1/client/v4"
	more := edge
	more.Limit = 500_000
	for i, want := range []config.CloudflareList{own, edge, more} {
		a := actions[i]
		if a.Cloudflare == nil || *a.Cloudflare != want || !a.KeepsState() || a.Name != []string{"cloudflare", "edge", "edge"}[i] {
			t.Errorf("%d: got %+v %+v, want %+v", i, a, a.Cloudflare, want)
		}
		document, _ := json.Marshal(a)
		if text := fmt.Sprintf("%v %+v %#v %s", *a.Cloudflare, *a.Cloudflare, *a.Cloudflare, document); strings.Contains(text, "s3cret") {
			t.Errorf("printing shows a secret: %s", text)
		}
	}
	host, err := os.Hostname()
	if got := own.Options().Host; err != nil || got != host || edge.Options().Host != "web1" {
		t.Errorf("host %q, %v", got, err)
	}
}

func TestCloudflareProblems(t *testing.T) {
	const valid = cloudflareEntry + `, token = "s3cret"`
	for _, tt := range []struct{ name, entry, want string }{
		{"no token", cloudflareEntry, `:2: the action "cloudflare": no token in [jail.sshd.action]: give it token = "file:/etc/gaol/cloudflare-token"`},
		{"no account", `name = "cloudflare", token = "s3cret", list = "gaol"`, `the action "cloudflare": no account in [jail.sshd.action]`},
		{"account by name", `name = "cloudflare", token = "s3cret", list = "gaol", account = "Example Ltd"`, "account is not the ID of one in [jail.sshd.action]: it has 32 hexadecimal digits"},
		{"no list", `name = "cloudflare", token = "s3cret", account = "0123456789abcdef0123456789abcdef"`, `no list in [jail.sshd.action]: give it list = "gaol"`},
		{"list as in a rule", strings.Replace(valid, `"gaol"`, `"$gaol"`, 1), "list is not the name of one in [jail.sshd.action]: it has letters, digits and _ only; leave out the $"},
		{"no limit", valid + ", limit = 0", "expected a whole number from 1 to 500000"},
		{"too often", valid + `, every = "10ms"`, "every"},
		{"no url", valid + `, url = "s3cret"`, "url is not one: expected https://HOST/PATH"},
		{"no file", valid + `, ca = "/nowhere/ca.pem"`, "/nowhere/ca.pem"},
		{"unknown key", valid + `, tokn = "s3cret"`, `unknown key "tokn" in [jail.sshd.action]: did you mean "token"?`},
		{"key of another kind", valid + `, reload = ["/bin/true"]`, `unknown key "reload"`},
		{"host name of two lines", valid + `, hostname = "a\nb"`, "expected text on one line"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := write(t, map[string]string{"gaol.toml": "[jail.sshd]\naction = { " + tt.entry + " }"})
			problems := config.Load(opts).Problems
			if len(problems) != 1 || !strings.Contains(said(problems, opts)[0], tt.want) || problems[0].Jail != "sshd" {
				t.Fatalf("got %v, want %q", problems, tt.want)
			}
			if strings.Contains(problems[0].Source+problems[0].Error(), "s3cret") {
				t.Errorf("it shows a secret: %s\n%s", problems[0], problems[0].Source)
			}
		})
	}
}
