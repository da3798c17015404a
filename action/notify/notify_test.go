package notify_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"gaol/action"
	"gaol/action/notice"
	"gaol/action/notify"
	"gaol/jail"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func message(user string) notice.Message {
	b := jail.Ban{
		Jail: "sshd", Prefix: netip.MustParsePrefix("192.0.2.7/32"), Start: noon, End: noon.Add(10 * time.Minute),
		Count: 1, Failures: 5, User: user, Lines: []string{"Failed password for " + user}, By: "jail",
	}
	return notice.Message{Host: "web1", Events: []notice.Event{notice.NewEvent(notice.Ban, b, noon, "")}}
}

type request struct {
	path, body string
	header     http.Header
}

// serve is a server of a service; it answers with status and body.
func serve(t *testing.T, status int, body string) (host string, got *request) {
	got = &request{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		*got = request{r.URL.String(), string(text), r.Header}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), got
}

func newNotify(t *testing.T, url string) *notify.Notify {
	t.Helper()
	n, err := notify.New(notify.Options{URL: action.Secret(url), Lines: 1})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestNtfy checks a request against https://docs.ntfy.sh/publish/: a POST to the topic, the text as body,
// the title as header.
func TestNtfy(t *testing.T) {
	host, got := serve(t, 200, `{"id":"x","event":"message"}`)
	if err := newNotify(t, "ntfy://me:s3cret@"+host+"/topic?scheme=http").Send(t.Context(), message("root")); err != nil {
		t.Fatal(err)
	}
	if user, password, _ := (&http.Request{Header: got.header}).BasicAuth(); got.path != "/topic" || user != "me" || password != "s3cret" {
		t.Errorf("sent %+v", got)
	}
	if !strings.Contains(got.body, "sshd banned 192.0.2.7 for 10m0s") || !strings.Contains(got.header.Get("Title"), "web1: sshd banned 192.0.2.7") {
		t.Errorf("sent %+v", got)
	}
}

// TestGotify checks a request against https://gotify.net/docs/pushmsg: JSON with title and message.
func TestGotify(t *testing.T) {
	host, got := serve(t, 200, `{"id":1}`)
	if err := newNotify(t, "gotify://"+host+"/AzyoeNS.D4iJLVa?disabletls=yes").Send(t.Context(), message("root")); err != nil {
		t.Fatal(err)
	}
	var v struct{ Title, Message string }
	if err := json.Unmarshal([]byte(got.body), &v); err != nil || !strings.Contains(v.Message, "192.0.2.7") || !strings.HasPrefix(got.path, "/message") {
		t.Errorf("sent %+v, %v", got, err)
	}
}

func TestServicesAreKnown(t *testing.T) {
	for _, url := range []string{
		"telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=@channel",
		"slack://hook:WNA3PBYV6-F20DUQND3RQ-Webc4MAvoacrpPakR8phF0zi@webhook",
		"discord://T0ken1_2@123456789012345678",
		"matrix://user:password@example.com:8448/?rooms=!room:example.com",
		"pushover://shoutrrr:token@user",
		"ntfy://ntfy.sh/topic",
	} {
		n := newNotify(t, url)
		p, err := n.Preview(t.Context(), message("root"))
		if err != nil || !strings.HasSuffix(p.To, "://***") || !strings.Contains(p.Body, "192.0.2.7") {
			t.Errorf("%s: preview %+v, %v", url, p, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, url := range []string{"", "x", "nosuch://s3cretsecret/", "logger://", "smtp://x", "telegram://s3cretsecret", "ntfy://%zz"} {
		_, err := notify.New(notify.Options{URL: action.Secret(url)})
		if err == nil || strings.Contains(err.Error(), "s3cretsecret") {
			t.Errorf("%s: got %v", url, err)
		}
	}
}

func TestFailures(t *testing.T) {
	for status, settings := range map[int]bool{401: true, 403: true, 429: false, 500: false} {
		host, _ := serve(t, status, `{"code":40101,"error":"unauthorized","http":401}`)
		if status != 401 {
			host, _ = serve(t, status, `no`)
		}
		err := newNotify(t, "ntfy://me:s3cret@"+host+"/topic?scheme=http").Send(t.Context(), message("root"))
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Fatalf("%d: got %v", status, err)
		}
		f, _ := errors.AsType[*notice.Failure](err)
		if f == nil || f.Settings != settings || f.Refused {
			t.Errorf("%d: got %v %+v", status, err, f)
		}
	}
}

func TestAHangingServiceIsGivenUp(t *testing.T) {
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	defer server.Close()
	defer close(over)
	n := newNotify(t, "ntfy://"+strings.TrimPrefix(server.URL, "http://")+"/topic?scheme=http")
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if err := n.Send(ctx, message("root")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		cancel()
	}
}

// TestAnEndlessAnswerIsGivenUp lets servers answer for ever. The library itself reads all there is.
func TestAnEndlessAnswerIsGivenUp(t *testing.T) {
	var sent atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		part := []byte(strings.Repeat(" ", 1<<16))
		for {
			n, err := w.Write(part)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	for _, url := range []string{"ntfy://" + host + "/topic?scheme=http", "gotify://" + host + "/AzyoeNS.D4iJLVa?disabletls=yes"} {
		if err := newNotify(t, url).Send(t.Context(), message("root")); err == nil {
			t.Errorf("%s: no error", url)
		}
	}
	client := http.Client{Transport: notify.Bounded(http.DefaultTransport)}
	answer, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(answer.Body); err == nil || len(text) > 1<<16 {
		t.Errorf("read %d bytes, %v", len(text), err)
	}
	answer.Body.Close()
	// What the kernel keeps for the connections comes on top.
	if n := sent.Load(); n > 64<<20 {
		t.Errorf("the server got rid of %d bytes", n)
	}
}

func TestCertificates(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) }))
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(server.URL, "https://")
	for _, url := range []string{"ntfy://" + host + "/topic", "gotify://" + host + "/AzyoeNS.D4iJLVa"} {
		err := newNotify(t, url).Send(t.Context(), message("root"))
		if f, _ := errors.AsType[*notice.Failure](err); f == nil || !f.Settings || !strings.HasSuffix(err.Error(), notice.NameCA) {
			t.Errorf("%s: an unknown certificate: %v", url, err)
		}
		n, err := notify.New(notify.Options{URL: action.Secret(url), CA: ca})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Send(t.Context(), message("root")); err != nil {
			t.Errorf("%s: a known certificate: %v", url, err)
		}
	}
	if _, err := notify.New(notify.Options{URL: "pushover://shoutrrr:token@user", CA: ca}); err == nil {
		t.Error("a ca that is not heeded is taken")
	}
}

func TestHostileValues(t *testing.T) {
	host, got := serve(t, 200, `{"id":"x"}`)
	n := newNotify(t, "ntfy://"+host+"/topic?scheme=http")
	for name, user := range map[string]string{
		"headers":       "root\r\nX-Injected: yes\r\n\r\n",
		"quotes":        `"'$(reboot)` + "`",
		"invalid UTF-8": "\xff\xfe",
		"controls":      "\x00\x1b[2J\u202e",
		"a megabyte":    strings.Repeat("Ä\n", 1<<19),
		"a template":    "{{.}} %s %n",
	} {
		m := message(user)
		b := m.Events[0].Ban
		b.Prefix, b.ID = netip.Prefix{}, user
		m.Events[0] = notice.NewEvent(notice.Ban, b, noon, "")
		if err := n.Send(t.Context(), m); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.header.Get("X-Injected") != "" || len(got.body) > 4000 || !utf8.ValidString(got.body) || strings.ContainsAny(got.body, "\r\x00\x1b\u202e") {
			t.Errorf("%s: sent %+v", name, got)
		}
	}
}
