package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gaol/action/actiontest"
)

// TestCloudflarePage runs the commands of docs/cloudflare.md with its configuration, against a server in Cloudflare's place.
func TestCloudflarePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/cloudflare.md")
	if err != nil {
		t.Fatal(err)
	}
	server := actiontest.NewCloudflare(t)
	dir := t.TempDir()
	token, conf := filepath.Join(dir, "token"), filepath.Join(dir, "gaol.toml")
	if err := os.WriteFile(token, []byte(server.Token), 0o600); err != nil {
		t.Fatal(err)
	}
	block := func(language string) string {
		found := regexp.MustCompile("(?s)\n```" + language + "\n(.*?)```").FindSubmatch(page)
		if found == nil {
			t.Fatalf("the page has no %s", language)
		}
		return string(found[1])
	}
	text := strings.NewReplacer(
		"file:/etc/gaol/cloudflare-token", "file:"+token,
		"0123456789abcdef0123456789abcdef", server.Account,
		`list = "gaol"`, `list = "gaol", url = "`+server.URL+`"`,
	).Replace(block("toml"))
	if err := os.WriteFile(conf, []byte("[jail.sshd]\nenabled = false\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{"through", `"comment":"gaol `, "list gaol: items 0, rules that refer to it 1\n\nIt worked."}
	lines := strings.Split(strings.TrimSpace(block("sh")), "\n")
	if len(lines) != len(want) {
		t.Fatalf("the page has %d commands", len(lines))
	}
	for i, line := range lines {
		line, _, _ = strings.Cut(line, "#")
		var out, errs bytes.Buffer
		status := run(t.Context(), append([]string{"--config", conf}, strings.Fields(line)[1:]...), strings.NewReader(""), &out, &errs)
		if status != 0 || !strings.Contains(out.String(), want[i]) || strings.Contains(out.String(), server.Token) {
			t.Errorf("%s: status %d\n%s%s", line, status, &out, &errs)
		}
	}
	if got := strings.Join(server.Requests(), ", "); got != "GET lists" {
		t.Errorf("asked %s", got)
	}
	// A list that no rule refers to refuses nobody.
	server.Rules(0)
	var out bytes.Buffer
	status := run(t.Context(), []string{"--config", conf, "action", "test", "cloudflare", "--send"}, strings.NewReader(""), &out, &out)
	if status != 1 || !strings.Contains(out.String(), "It failed: no rule refers to the list, so that nobody is refused: make a rule such as (ip.src in $gaol)") {
		t.Errorf("status %d\n%s", status, &out)
	}
}
