package daemon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"gaol/action/actiontest"
	"gaol/action/notice"
	"gaol/cmd/internal/control"
)

// hostileValues are what strangers may give as their names. TOUCH stands for a command that leaves a file.
var hostileValues = map[string]string{
	"quotes":           `a'b"c\d` + "`TOUCH`",
	"a shell's words":  `$(TOUCH) ; TOUCH | TOUCH & ${IFS} > /dev/null #`,
	"an encoded line":  `root%0a%0d%00&ip=198.51.100.1&categories=4`,
	"NUL":              "root\x00GAOL_IP=198.51.100.1",
	"a return":         "root\rBcc: evil@example.com\r\x0b\x0c\x85x",
	"the end of SMTP":  "root\r.\rMAIL FROM:<evil@example.com>\r",
	"a line feed":      "root\nBcc: evil@example.com\n.\nX-Injected: yes\n\nTOUCH",
	"invalid UTF-8":    "\xff\xfe\xc3(\xed\xa0\x80\xf8",
	"an escape":        "\x1b[2J\x1b]0;owned\x07\u009b31m",
	"direction":        "\u202Eimoc\u2066 \u200b\u2028\u2029\ufeffx",
	"JSON":             `"},{"what":"unban","jail":"app"`,
	"HTML":             `</script><img src=x onerror=alert(1)>&amp;`,
	"Markdown":         "[x](javascript:alert(1)) **b** @everyone <!channel> _i_",
	"a template":       `{{.Events}} %s %n ${jndi:ldap://x}`,
	"a MIME word":      "=?utf-8?q?=0d=0aBcc:_evil=40example.com?=",
	"a MIME boundary":  "--boundary\r\rContent-Type: text/html\r",
	"a path":           "../../../../etc/passwd",
	"a line of rules":  "1.2.3.4; } add rule inet gaol x accept; deny all;",
	"a firewall's end": "COMMIT *filter -A INPUT -j ACCEPT",
	"a megabyte":       strings.Repeat("Ä", 1<<19),
	"a megabyte of no": strings.Repeat("\xff\x01", 1<<19),
	"long options":     "--upload-file=/etc/passwd -o x",
}

// asked is one request to a server.
type asked struct {
	header http.Header
	body   string
}

// scribe is a server of the web that keeps what it is asked, by the last word of the path.
type scribe struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string][]asked
}

func newScribe(t *testing.T) *scribe {
	s := &scribe{asked: map[string][]asked{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := strings.Trim(r.URL.Path, "/")
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.RawQuery != "" {
			t.Errorf("%s: %v", r.URL, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked[kind] = append(s.asked[kind], asked{r.Header, string(body)})
		fmt.Fprint(w, `{"status":"success"}`)
	}))
	t.Cleanup(s.Close)
	return s
}

// of returns what it was asked by a kind of action, n requests at least.
func (s *scribe) of(site *site, kind string, n int) []asked {
	site.t.Helper()
	site.wait(kind+" has told all", func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if got := len(s.asked[kind]); got < n {
			return fmt.Errorf("%d of %d", got, n)
		}
		return nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[kind]
}

// TestHostileValues lets strangers with all kinds of names fail to log in, in a jail that bans addresses and one that
// bans those names, and follows the names through everything that is done with a ban.
func TestHostileValues(t *testing.T) {
	t.Parallel()
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "nft", "iptables", "ipset")
	web, mails := newScribe(t), actiontest.NewMailServer(t, false)
	host := strings.TrimPrefix(web.URL, "http://")
	told := fmt.Sprintf(`
{ name = "webhook", url = "http://%[1]s/webhook", burst = 1000 },
{ name = "notify", url = "ntfy://%[1]s/notify?scheme=http", burst = 1000, lines = 1 },
{ name = "mail", server = %[2]q, tls = "none", from = "gaol@example.com", to = "root@example.com", burst = 1000 },
{ name = "command", ban = ["/bin/sh", "-c", "env -0 > DIR/env/$$"] },
`, host, mails.Address)
	reported := fmt.Sprintf(`
{ name = "abuseipdb", url = "http://%[1]s/abuseipdb", token = "x", burst = 1000, lines = 10 },
{ name = "blocklist.de", url = "http://%[1]s/blocklist.de", token = "x", from = "1", burst = 1000 },
{ name = "xarf", server = %[2]q, tls = "none", from = "gaol@example.com", to = "abuse@example.com", burst = 1000 },
{ name = "nginx", path = "DIR/nginx.conf", reload = ["/bin/true"] },
{ name = "haproxy", path = "DIR/haproxy.acl", reload = ["/bin/true"] },
`, host, mails.Address)
	s := newSite(t, fmt.Sprintf(`
[default]
maxretry = 1
bantime = "1h"
[jail.sshd]
enabled = false
[jail.app]
enabled = true
banaction = "nftables"
logpath = ["DIR/app.log"]
failregex = ['^ERROR Login failure <HOST> user <F-USER>.*</F-USER>$']
action = [%s%s]
[jail.too]
enabled = true
banaction = "iptables"
logpath = ["DIR/app.log"]
failregex = ['^ERROR Login failure <HOST> user <F-USER>.*</F-USER>$']
[jail.ids]
enabled = true
banaction = "none"
logpath = ["DIR/ids.log"]
failregex = ['^ERROR Login failure by <F-ID>.+</F-ID>$']
action = [%s]
`, told, reported, told))
	if err := os.Mkdir(filepath.Join(s.dir, "env"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.append("ids.log", "")
	s.start()
	var events []control.Event
	listening, heard := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(heard)
		_ = s.client.Events(ctx, func() { close(listening) }, func(e control.Event) error { events = append(events, e); return nil })
	}()
	<-listening

	touched := filepath.Join(s.dir, "touched")
	users := map[string]string{} // by address
	var names []string
	for name := range hostileValues {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		address := fmt.Sprintf("203.0.113.%d", i+1)
		value := strings.ReplaceAll(hostileValues[name], "TOUCH", "touch "+touched)
		line := strings.TrimSuffix(failures(1, address), "\n")
		s.append("app.log", line+" user "+value+"\n")
		s.append("ids.log", strings.Replace(line, address, "by "+value, 1)+"\n")
		users[address], _, _ = strings.Cut(value, "\n") // a line ends there
		users[address] = strings.TrimSuffix(users[address], "\r")
	}
	n := len(names)
	for address := range users {
		s.wait(address+" is banned by both", func() error {
			if bans := s.banned(address); len(bans) != 2 || !bans[0].Enforced || !bans[1].Enforced {
				return fmt.Errorf("%+v", bans)
			}
			return nil
		})
	}

	// Each jail tells all of its bans; those of addresses and those of names share the queues.
	for _, r := range web.of(s, "webhook", 2*n) {
		checkWebhook(t, r, users)
	}
	for _, r := range web.of(s, "notify", 2*n) {
		if title := r.header.Get("Title"); title == "" || title != harmless(title, 1024) || r.header.Get("X-Injected") != "" || len(r.body) > 2300 || !isPlain(r.body) {
			t.Errorf("notify was sent %q", r)
		}
	}
	for kind, keys := range map[string]string{"abuseipdb": "categories comment ip timestamp", "blocklist.de": "apikey format ip logs server service"} {
		for _, r := range web.of(s, kind, n) {
			form, err := url.ParseQuery(r.body)
			var got []string
			for key, values := range form {
				if got = append(got, key); len(values) != 1 || !isPlain(values[0]) || len(values[0]) > 11<<10 {
					t.Errorf("%s: %s=%q", kind, key, values)
				}
			}
			slices.Sort(got)
			if _, ok := users[form.Get("ip")]; err != nil || !ok || strings.Join(got, " ") != keys || len(form.Get("comment")) > 1024 {
				t.Errorf("%s was sent %q", kind, form)
			}
		}
	}
	var handedIn []actiontest.Mail
	s.wait("all mails are handed in", func() error {
		if handedIn = append(handedIn, mails.Mails()...); len(handedIn) < 3*n {
			return fmt.Errorf("%d of %d", len(handedIn), 3*n)
		}
		return nil
	})
	for _, m := range handedIn {
		checkMail(t, m)
	}
	checkPrograms(t, s, users)
	for file, format := range map[string]string{"nginx.conf": `^deny [0-9.]+(/32)?;$`, "haproxy.acl": `^[0-9.]+(/32)?$`} {
		text, err := os.ReadFile(filepath.Join(s.dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
			if !strings.HasPrefix(line, "#") && !regexp.MustCompile(format).MatchString(line) {
				t.Errorf("%s has the line %q", file, line)
			}
		}
	}
	for _, command := range []string{"nft list ruleset", "iptables-save", "ipset save"} {
		out, err := exec.Command("sh", "-c", command).CombinedOutput()
		if err != nil || !isPlain(string(out)) || strings.Contains(string(out), touched) || strings.Contains(string(out), "passwd") {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}

	cancel()
	<-heard
	for _, e := range events {
		// An invalid byte arrives as a character of three.
		if len(e.User) > 3*256 || len(e.ID) > 3*512 || len(e.Line) > 3*1024 || len(e.Text) > 4096 {
			t.Errorf("user %d, id %d, line %d, text %d bytes: event %+v", len(e.User), len(e.ID), len(e.Line), len(e.Text), e)
		}
	}
	for line := range strings.Lines(s.log()) {
		if !strings.HasPrefix(line, "time=") || !isPlain(strings.TrimSuffix(line, "\n")) || len(line) > 4096 {
			t.Errorf("the log has %q", line)
		}
	}
	if m := s.metrics(); !utf8.ValidString(m) || strings.Contains(m, touched) {
		t.Errorf("metrics:\n%s", m)
	}

	// What the store has is what was there.
	before := s.banned()
	s.kill()
	s.start()
	s.wait("all bans are back", func() error {
		if after := s.banned(); len(after) != len(before) {
			return fmt.Errorf("%d of %d", len(after), len(before))
		}
		return nil
	})
	for _, b := range s.banned() {
		if !slices.ContainsFunc(before, func(a control.Ban) bool {
			return a.Jail == b.Jail && a.Prefix == b.Prefix && a.ID == b.ID && a.User == b.User
		}) {
			t.Errorf("another ban came back: %+v", b)
		}
	}
	for _, p := range s.jail("app").Problems {
		if !strings.Contains(p, "lines longer than") {
			t.Errorf("problem: %s", p)
		}
	}
	s.stop()
	if _, err := os.Stat(touched); err == nil {
		t.Error("a command in a user name was run")
	}
}

// checkWebhook compares a document with the users of its addresses.
func checkWebhook(t *testing.T, r asked, users map[string]string) {
	t.Helper()
	var d notice.Document
	dec := json.NewDecoder(strings.NewReader(r.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil || dec.More() || len(d.Events) != 1 || len(r.body) > 100_000 {
		t.Errorf("webhook was sent %q: %v", r.body, err)
		return
	}
	e := d.Events[0]
	switch e.Jail {
	case "app":
		user := harmless(users[e.Target], 256)
		if e.User != user || len(e.Lines) != 1 || len(e.Lines[0]) > 1024 || e.Lines[0] != harmless(e.Lines[0], 1024) || !strings.Contains(e.Lines[0], user) {
			t.Errorf("want user %q, got %+v", user, e)
		}
	case "ids":
		known := false
		for _, user := range users {
			known = known || e.ID == harmless(user, 256)
		}
		if !known || e.Prefix != "" {
			t.Errorf("an id of nobody's: %+v", e)
		}
	default:
		t.Errorf("a jail of nobody's: %+v", e)
	}
}

func checkMail(t *testing.T, m actiontest.Mail) {
	t.Helper()
	text, err := netmail.ReadMessage(strings.NewReader(m.Text))
	if err != nil {
		t.Errorf("mail %q: %v", m.Text, err)
		return
	}
	to := strings.Join(m.To, " ")
	if m.From != "gaol@example.com" || to != "root@example.com" && to != "abuse@example.com" || len(m.Text) > 60_000 {
		t.Errorf("mail %+v", m)
	}
	for name, values := range text.Header {
		if !slices.Contains([]string{"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To", "X-Xarf"}, name) || len(values) != 1 {
			t.Errorf("header %s: %q", name, values)
		}
	}
	if strings.HasPrefix(text.Header.Get("Content-Type"), "text/plain") == (to == "abuse@example.com") {
		t.Errorf("to %s: %s", to, text.Header.Get("Content-Type"))
	}
}

// checkPrograms looks at the environment that programs were run with.
func checkPrograms(t *testing.T, s *site, users map[string]string) {
	t.Helper()
	var files []string
	s.wait("the program has run for all", func() error {
		files, _ = filepath.Glob(filepath.Join(s.dir, "env", "*"))
		if len(files) != 2*len(users) {
			return fmt.Errorf("%d times", len(files))
		}
		for _, a := range s.status().Jails {
			if slices.ContainsFunc(a.Actions, func(a control.ActionStatus) bool { return !a.Healthy }) {
				return fmt.Errorf("%+v", a.Actions)
			}
		}
		return nil
	})
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		env := map[string]string{}
		for entry := range strings.SplitSeq(strings.TrimSuffix(string(text), "\x00"), "\x00") {
			name, value, _ := strings.Cut(entry, "=")
			if _, twice := env[name]; twice || !utf8.ValidString(value) || strings.ContainsFunc(strings.ReplaceAll(value, "\n", ""), unicode.IsControl) || len(value) > 64<<10 {
				t.Errorf("%s=%q", name, value)
			}
			env[name] = value
		}
		if env["GAOL_JAIL"] == "app" {
			user, ok := users[env["GAOL_IP"]]
			if user = withoutControls(user); !ok || env["GAOL_USER"] != user[:min(len(user), len(env["GAOL_USER"]))] || len(user) > 0 && len(env["GAOL_USER"]) < min(len(user), 200) {
				t.Errorf("%s is %q, want %q", env["GAOL_IP"], env["GAOL_USER"], user[:min(len(user), 300)])
			}
		}
	}
}

// withoutControls is a text as programs get it: valid, NUL left out, other control characters blanks.
func withoutControls(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == 0:
			return -1
		case unicode.IsControl(r):
			return ' '
		}
		return r
	}, text)
}

// harmless is a text as docs/actions.md says that others are told of it: valid UTF-8 on one line, without control and
// direction characters, of at most longest bytes.
func harmless(text string, longest int) string {
	cutTo := func(s string) string {
		for i := range s {
			_, size := utf8.DecodeRuneInString(s[i:])
			if i+size > longest {
				return s[:i]
			}
		}
		return s
	}
	var b strings.Builder
	for _, r := range cutTo(text) {
		switch {
		case unicode.In(r, unicode.Zl, unicode.Zp), unicode.IsControl(r):
			b.WriteByte(' ')
		case !unicode.Is(unicode.Cf, r):
			b.WriteRune(r)
		}
	}
	return cutTo(b.String())
}

// isPlain says whether text, apart from line ends, is valid and holds nothing that controls or turns.
func isPlain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
	})
}
