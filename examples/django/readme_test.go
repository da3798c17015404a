package django_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// readme runs the README's commands as root of a machine would: RUN and GAOL are those that go
// on, ASK is gaol as it says to be asked, ALLOW is the one for nginx.
const readme = `
mount -t tmpfs tmpfs /srv
mount -t tmpfs tmpfs /var/lib
until_ok() { until "$@" >"$OUT/asked" 2>&1; do kill -0 "$stays" || exit 1; sleep 0.1; done; }
page() { [ "$("$SELF" get "$1")" = 200 ]; }

RUN &
stays=$! site=$!
trap 'kill $site $gaol 2>/dev/null; wait' EXIT
until_ok page http://127.0.0.1:8080/
GAOL >"$OUT/gaol" 2>&1 &
stays=$! gaol=$!
until_ok ASK banned
ASK status django-auth
for attempt in 1 2 3 4 5; do "$SELF" login http://127.0.0.1:8080 admin wrong; echo; done
cat /srv/example/data/auth.log
ASK banned # nobody: the failures are of this machine itself

nginx() { command /usr/sbin/nginx -p /srv/example -c /srv/example/nginx.conf "$@"; }
cd /srv/example
ALLOW
cat admin-allow.conf
`

func TestTheCommandsOfTheReadme(t *testing.T) {
	needRoot(t)
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := shellLines(string(text))
	if len(commands) != 4 {
		t.Fatalf("the README has other commands than this test knows: %q", commands)
	}
	packages, err := os.ReadFile("../../.ci/packages")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(strings.TrimPrefix(commands[0], "apt-get install ")) {
		if !strings.Contains(string(packages), name) {
			t.Errorf("the README installs %s, the tests do not", name)
		}
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	script := strings.NewReplacer("RUN", commands[1], "GAOL", commands[2], "ASK", "gaol --socket /tmp/gaol.sock", "ALLOW", commands[3]).Replace(readme)
	script = strings.ReplaceAll(script, "/tmp/gaol.sock", filepath.Join(out, "gaol.sock"))
	cmd := newNetwork(t).server.command("unshare", "--mount", "sh", "-ec", script)
	cmd.Env = append(os.Environ(), "OUT="+out, "SELF="+self, asClient+"=1",
		"PATH="+filepath.Dir(buildGaol(t))+":"+here+":"+os.Getenv("PATH"))
	said, err := cmd.CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(out, "gaol"))
		t.Fatalf("%v\n%s\ngaol:\n%s", err, said, log)
	}
	for _, want := range []string{
		"user admin, password ", "ready: 127.0.0.1:8080", "/srv/example/data/auth.log", "ERROR Login failure 127.0.0.1\n",
		"Nobody is banned.", "allow 203.0.113.10;", "deny all;",
	} {
		if !strings.Contains(string(said), want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
}

// shellLines are the commands in the blocks of a Markdown text that are for a shell.
func shellLines(text string) []string {
	var lines []string
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "```sh":
			inside = true
		case line == "```":
			inside = false
		case inside && line != "":
			command, _, _ := strings.Cut(line, " #")
			lines = append(lines, strings.TrimSpace(command))
		}
	}
	return lines
}
