package blocklistde_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gaol/action/blocklistde"
	"gaol/action/notice"
	"gaol/jail"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func message(user string) notice.Message {
	b := jail.Ban{
		Jail: "sshd", Prefix: netip.MustParsePrefix("192.0.2.7/32"), Start: noon, Count: 1, Failures: 5, User: user,
		Lines: []string{"web1 sshd[1]: Failed password for " + user + " from 192.0.2.7 to 203.0.113.9"}, By: "jail",
	}
	return notice.Message{Host: "web1", Events: []notice.Event{notice.NewEvent(notice.Ban, b, noon, "")}}
}

func serve(t *testing.T, body string) (address string, got *url.Values) {
	got = &url.Values{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.URL.RawQuery != "" {
			t.Errorf("asked %s %s: %v", r.Method, r.URL, err)
		}
		*got = r.PostForm
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/en/httpreports.html", got
}

func newReporter(t *testing.T, address string) *blocklistde.Reporter {
	t.Helper()
	r, err := blocklistde.New(blocklistde.Options{Server: "me@example.com", Key: "s3cret", URL: address, Lines: 10, Mask: []string{"web1"}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReport(t *testing.T) {
	address, got := serve(t, `{"status":"success"}`)
	r := newReporter(t, address)
	if err := r.Send(t.Context(), message("alice")); err != nil {
		t.Fatal(err)
	}
	want := url.Values{"server": {"me@example.com"}, "apikey": {"s3cret"}, "ip": {"192.0.2.7"}, "service": {"ssh"}, "format": {"json"},
		"logs": {"[hidden] sshd[1]: Failed password for [account] from 192.0.2.7 to [address]"}}
	if got.Encode() != want.Encode() {
		t.Errorf("sent\n%v\nwant\n%v", *got, want)
	}
	if p, err := r.Preview(t.Context(), message("alice")); err != nil || strings.Contains(p.Body, "s3cret") || !strings.Contains(p.Body, "apikey=***") {
		t.Errorf("preview %+v, %v", p, err)
	}
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		body              string
		failure           bool
		refused, settings bool
	}{
		{`{"status":"error","error":{"apikey":"Please give the API key"}}`, true, false, true},
		{`{"status":"error","error":{"ip":"not valid"}}`, true, true, false},
		{`<html>maintenance</html>`, false, false, false},
	} {
		address, _ := serve(t, tt.body)
		err := newReporter(t, address).Send(t.Context(), message("root"))
		f, ok := errors.AsType[*notice.Failure](err)
		if err == nil || ok != tt.failure || ok && (f.Refused != tt.refused || f.Settings != tt.settings) {
			t.Errorf("%s: got %v", tt.body, err)
		}
	}
}

func TestHostileValues(t *testing.T) {
	address, got := serve(t, `{"status":"success","error":0}`)
	r := newReporter(t, address)
	for _, user := range []string{"a&ip=203.0.113.1", "x\r\ny", "\xff\xfe", "\x00\x1b[2J\u202e", strings.Repeat("A ", 1<<19), "$(reboot)", "x from 203.0.113.1"} {
		if err := r.Send(t.Context(), message(user)); err != nil {
			t.Errorf("%.20q: %v", user, err)
			continue
		}
		logs := got.Get("logs")
		if len(*got) != 6 || strings.Join((*got)["ip"], ",") != "192.0.2.7" || !utf8.ValidString(logs) || len(logs) > 2000 || strings.ContainsAny(logs, "\r\n\x00\x1b") {
			t.Errorf("%.20q: sent %v", user, *got)
		}
	}
}
