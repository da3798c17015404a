package webhook_test

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/notice"
	"gaol/action/webhook"
	"gaol/jail"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func message(user string) notice.Message {
	b := jail.Ban{
		Jail: "sshd", Prefix: netip.MustParsePrefix("192.0.2.7/32"), Start: noon, End: noon.Add(10 * time.Minute),
		Count: 2, Failures: 5, User: user, Lines: []string{"first", "Failed password for " + user}, By: "jail",
	}
	return notice.Message{Host: "web1", Events: []notice.Event{notice.NewEvent(notice.Ban, b, noon, "")}}
}

// received is what a server was sent.
type received struct {
	header http.Header
	body   string
}

func serve(t *testing.T, status int) (url string, got *received) {
	got = &received{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost {
			t.Errorf("method %s", r.Method)
		}
		*got = received{r.Header, string(body)}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/hook/T0PSECRET", got
}

func newWebhook(t *testing.T, opts webhook.Options) *webhook.Webhook {
	t.Helper()
	opts.Now = func() time.Time { return noon }
	w, err := webhook.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestDocument(t *testing.T) {
	url, got := serve(t, 204)
	w := newWebhook(t, webhook.Options{URL: action.Secret(url), Lines: 1})
	if err := w.Send(t.Context(), message("root")); err != nil {
		t.Fatal(err)
	}
	want := `{"version":1,"host":"web1","observe":false,"text":"web1: sshd banned 192.0.2.7 for 10m0s after 5 failures, ban no. 2",` +
		`"total":1,"more":0,"events":[{"what":"ban","time":"2026-03-10T12:00:00Z","jail":"sshd","target":"192.0.2.7","prefix":"192.0.2.7/32","id":"",` +
		`"start":"2026-03-10T12:00:00Z","end":"2026-03-10T12:10:00Z","seconds":600,"count":2,"failures":5,"user":"root",` +
		`"lines":["Failed password for root"],"by":"jail","why":""}]}`
	if got.body != want {
		t.Errorf("got\n%s\nwant\n%s", got.body, want)
	}
	if ct := got.header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("content type %q", ct)
	}
}

func TestHeadersAndSignature(t *testing.T) {
	url, got := serve(t, 200)
	opts := webhook.Options{URL: action.Secret(url), Token: "t0ken", Secret: "s3cret", Headers: map[string]action.Secret{"X-Api-Key": "k3y"}}
	w := newWebhook(t, opts)
	if err := w.Send(t.Context(), message("root")); err != nil {
		t.Fatal(err)
	}
	stamp := got.header.Get("X-Gaol-Timestamp")
	for name, want := range map[string]string{
		"Authorization": "Bearer t0ken", "X-Api-Key": "k3y", "X-Gaol-Timestamp": "1773144000",
		"X-Gaol-Signature": "sha256=" + webhook.Sign("s3cret", stamp, got.body),
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s: got %q, want %q", name, got.header.Get(name), want)
		}
	}
	if webhook.Sign("other", stamp, got.body) == webhook.Sign("s3cret", stamp, got.body) || webhook.Sign("s3cret", stamp+"1", got.body) == webhook.Sign("s3cret", stamp, got.body) {
		t.Error("the signature depends neither on secret nor time")
	}

	p, err := w.Preview(t.Context(), message("root"))
	if err != nil {
		t.Fatal(err)
	}
	shown := p.To + strings.Join(p.Headers, "\n") + p.Body
	for _, secret := range []string{"t0ken", "s3cret", "k3y", "T0PSECRET"} {
		if strings.Contains(shown, secret) {
			t.Errorf("the preview shows %s:\n%s", secret, shown)
		}
	}
	if p.Body != got.body {
		t.Errorf("the preview's body is another: %s", p.Body)
	}
}

func TestSignatureOfAKnownValue(t *testing.T) {
	// printf '1773144000.{}' | openssl dgst -sha256 -hmac key
	const want = "d63b0a3e0d618f93d54ff0dcfc83746e49a0ac9afe7527220b994d282c0aca63"
	if got := webhook.Sign("key", "1773144000", "{}"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// hostile are user names that try to get out of where they are put.
func hostile() map[string]string {
	return map[string]string{
		"quotes":          `","admin":true,"x":"`,
		"line ends":       "root\r\nX-Injected: yes\r\n\r\n{}",
		"shell":           "$(reboot) `id` ; rm -rf /",
		"template":        `{{.Host}} {{json .}} {{template "x"}}`,
		"invalid UTF-8":   "\xff\xfe\x80root",
		"controls":        "\x00\x1b]0;x\x07\x7f\u009b2J\u202e",
		"a megabyte":      strings.Repeat("A\"\\\n", 1<<18),
		"script":          "</script><script>alert(1)</script>",
		"a lone backlash": `\`,
	}
}

func TestHostileValues(t *testing.T) {
	url, got := serve(t, 200)
	const body = `{"content": {{json .Text}}, "users": [{{range $i, $e := .Events}}{{if $i}},{{end}}{{json $e.User}}{{end}}], "lines": {{json (index .Events 0).Lines}}}`
	for _, template := range []string{"", body} {
		w := newWebhook(t, webhook.Options{URL: action.Secret(url), Template: template, Lines: 5})
		for name, user := range hostile() {
			if err := w.Send(t.Context(), message(user)); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var v map[string]any
			if err := json.Unmarshal([]byte(got.body), &v); err != nil {
				t.Errorf("%s: %v in\n%.500s", name, err, got.body)
			}
			if v["admin"] != nil || got.header.Get("X-Injected") != "" || len(got.body) > 20_000 || strings.ContainsAny(got.body, "\x1b\n\u009b\u202e") {
				t.Errorf("%s: sent\n%.500s", name, got.body)
			}
		}
	}
}

func TestTemplateOfText(t *testing.T) {
	url, got := serve(t, 200)
	w := newWebhook(t, webhook.Options{URL: action.Secret(url), Template: "{{range .Events}}{{.Jail}} {{.Target}}{{end}}"})
	if err := w.Send(t.Context(), message("root")); err != nil || got.body != "sshd 192.0.2.7" || got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("sent %+v, %v", got, err)
	}
}

func TestAFlood(t *testing.T) {
	url, got := serve(t, 200)
	m := message("root")
	m.Events[0].More = 100
	m.Events = append(m.Events, m.Events[0])
	m.Events[1].More = 0
	if err := newWebhook(t, webhook.Options{URL: action.Secret(url)}).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	var d notice.Document
	if err := json.Unmarshal([]byte(got.body), &d); err != nil || d.Total != 102 || d.More != 100 || len(d.Events) != 2 {
		t.Errorf("sent %s, %v", got.body, err)
	}
}

func TestTLSIsVerified(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	w := newWebhook(t, webhook.Options{URL: action.Secret(server.URL)})
	err := w.Send(t.Context(), message("root"))
	if f, _ := errors.AsType[*notice.Failure](err); f == nil || !f.Settings {
		t.Errorf("an unknown certificate is taken: %v", err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := newWebhook(t, webhook.Options{URL: action.Secret(server.URL), CA: ca}).Send(t.Context(), message("root")); err != nil {
		t.Error(err)
	}
}

func TestNewRefuses(t *testing.T) {
	const url = "https://example.com/"
	for name, opts := range map[string]webhook.Options{
		"no url":            {},
		"another scheme":    {URL: "file:///etc/passwd"},
		"a bad header":      {URL: url, Headers: map[string]action.Secret{"X Y": "z"}},
		"a header's lines":  {URL: url, Headers: map[string]action.Secret{"X": "a\r\nB: c"}},
		"a token of lines":  {URL: url, Token: "a\nb"},
		"a broken template": {URL: url, Template: "{{"},
		"an unknown field":  {URL: url, Template: "{{.Hots}}"},
		"quotes around":     {URL: url, Template: `{"x": "{{json .Text}}"}`},
		"no such ca":        {URL: url, CA: "/nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := webhook.New(opts); err == nil {
				t.Error("no error")
			}
		})
	}
}
