package stock_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gaol/config"
)

// TestSendmail runs the action with a sendmail of its own, which keeps what it gets.
func TestSendmail(t *testing.T) {
	dir := t.TempDir()
	sent := filepath.Join(dir, "sent")
	if err := os.WriteFile(filepath.Join(dir, "sendmail"), []byte("#!/bin/sh\ncat >"+sent+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	opts := options(t)
	if err := os.WriteFile(opts.File, []byte("[jail.sshd]\naction = 'sendmail'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mail := actionOf(t, config.Load(opts), "sshd", "sendmail")

	cmd := exec.Command(mail.Ban[0], mail.Ban[1:]...)
	cmd.Env = []string{"PATH=" + dir + ":/usr/bin:/bin", "GAOL_JAIL=sshd", "GAOL_IP=192.0.2.5"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(sent)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "To: root\nSubject: gaol: sshd banned 192.0.2.5\n\nThe jail sshd has banned 192.0.2.5 on ") {
		t.Errorf("sent:\n%s", text)
	}
}

// actionOf finds an action of a jail, which must be without problems.
func actionOf(t *testing.T, c *config.Config, jail, name string) config.Action {
	t.Helper()
	for _, p := range c.Problems {
		t.Error(p)
	}
	for _, j := range c.Jails {
		for _, a := range j.Actions {
			if j.Name == jail && a.Name == name {
				return a
			}
		}
	}
	t.Fatalf("jail %s has no action %s", jail, name)
	return config.Action{}
}
