package abuseipdb_test

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

	"gaol/action/abuseipdb"
	"gaol/action/notice"
	"gaol/jail"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func message(user string) notice.Message {
	b := jail.Ban{
		Jail: "sshd", Prefix: netip.MustParsePrefix("192.0.2.7/32"), Start: noon, End: noon.Add(10 * time.Minute),
		Count: 1, Failures: 5, User: user, Lines: []string{"web1 sshd[1]: Failed password for " + user + " from 192.0.2.7 to 203.0.113.9"}, By: "jail",
	}
	return notice.Message{Host: "web1", Events: []notice.Event{notice.NewEvent(notice.Ban, b, noon, "")}}
}

// serve is AbuseIPDB, as https://docs.abuseipdb.com/#report-endpoint describes it.
func serve(t *testing.T, status int, body string) (address string, got *url.Values) {
	got = &url.Values{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/api/v2/report" || r.Header.Get("Key") != "s3cret" || r.Header.Get("Accept") != "application/json" {
			t.Errorf("asked %s %s with %v", r.Method, r.URL, r.Header)
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		*got = r.PostForm
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/api/v2/report", got
}

func newReporter(t *testing.T, opts abuseipdb.Options) *abuseipdb.Reporter {
	t.Helper()
	opts.Key, opts.Mask = "s3cret", []string{"web1"}
	r, err := abuseipdb.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReport(t *testing.T) {
	address, got := serve(t, 200, `{"data":{"ipAddress":"192.0.2.7","abuseConfidenceScore":52}}`)
	for _, tt := range []struct {
		opts                abuseipdb.Options
		categories, comment string
	}{
		{abuseipdb.Options{}, "18,22", "5 failed logins, banned by gaol"},
		{abuseipdb.Options{Categories: []int{21}, Lines: 3}, "21",
			"5 failed logins, banned by gaol\n[hidden] sshd[1]: Failed password for [account] from 192.0.2.7 to [address]"},
	} {
		tt.opts.URL = address
		r := newReporter(t, tt.opts)
		if err := r.Send(t.Context(), message("alice")); err != nil {
			t.Fatal(err)
		}
		want := url.Values{"ip": {"192.0.2.7"}, "categories": {tt.categories}, "comment": {tt.comment}, "timestamp": {"2026-03-10T12:00:00Z"}}
		if got.Encode() != want.Encode() {
			t.Errorf("sent\n%v\nwant\n%v", *got, want)
		}
		p, err := r.Preview(t.Context(), message("alice"))
		if err != nil || strings.Contains(p.To+p.Body+strings.Join(p.Headers, ""), "s3cret") || !strings.Contains(p.Body, "ip=192.0.2.7\n") {
			t.Errorf("preview %+v, %v", p, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name              string
		status            int
		detail            string
		refused, settings bool
		after             time.Duration
	}{
		{"wrong key", 401, "Authentication failed. Your API key is either missing, incorrect, or revoked.", false, true, time.Hour},
		{"too many today", 429, "Daily rate limit of 1000 requests exceeded for this endpoint.", false, false, time.Hour},
		{"bad address", 422, "The ip must be a valid IPv4 or IPv6 address.", true, false, time.Hour},
		{"down", 503, "", false, false, time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address, _ := serve(t, tt.status, `{"errors":[{"detail":"`+tt.detail+`","status":0}]}`)
			err := newReporter(t, abuseipdb.Options{URL: address}).Send(t.Context(), message("root"))
			f, _ := errors.AsType[*notice.Failure](err)
			if f == nil || f.Refused != tt.refused || f.Settings != tt.settings || f.After != tt.after || !strings.Contains(f.Error(), tt.detail) {
				t.Errorf("got %v, %+v", err, f)
			}
		})
	}
	address, _ := serve(t, 403, `{"errors":[{"detail":"You can only report the same IP address (192.0.2.7) once in 15 minutes.","status":403}]}`)
	if err := newReporter(t, abuseipdb.Options{URL: address}).Send(t.Context(), message("root")); err != nil {
		t.Errorf("reported already: %v", err)
	}
}

func TestHostileValues(t *testing.T) {
	address, got := serve(t, 200, `{}`)
	r := newReporter(t, abuseipdb.Options{URL: address, Lines: 10})
	for name, user := range map[string]string{
		"form":          "a&ip=203.0.113.1&categories=1",
		"line ends":     "root\r\nKey: other",
		"another host":  "x from 203.0.113.1 port 22 ssh2",
		"invalid UTF-8": "\xff\xfe",
		"controls":      "\x00\x1b[2J\u202e",
		"a megabyte":    strings.Repeat("A ", 1<<19),
		"shell":         "$(reboot) `id`",
	} {
		if err := r.Send(t.Context(), message(user)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		comment := got.Get("comment")
		if len(*got) != 4 || strings.Join((*got)["ip"], ",") != "192.0.2.7" || strings.Contains(comment, "203.0.113.1") && name == "another host" ||
			len(comment) > 1024 || !utf8.ValidString(comment) || strings.ContainsAny(comment, "\r\x00\x1b\u202e") {
			t.Errorf("%s: sent %v", name, *got)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, opts := range map[string]abuseipdb.Options{"category 0": {Categories: []int{0}}, "category 24": {Categories: []int{24}}, "no url": {URL: "x"}} {
		if _, err := abuseipdb.New(opts); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
