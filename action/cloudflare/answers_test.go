package cloudflare_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/cloudflare"
)

// refuseBody refuses a request whose body has text in it.
func refuseBody(w http.ResponseWriter, r *http.Request, text string) bool {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if !strings.Contains(string(body), text) {
		return false
	}
	actiontest.CloudflareFault(w, http.StatusBadRequest, 10035, "not that one")
	return true
}

// TestAnswers has Cloudflare answer in every way there is: nothing is lost, it is left alone for a while, and
// all is well afterwards.
func TestAnswers(t *testing.T) {
	fault := func(status, code int, message string, headers ...string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			actiontest.CloudflareFault(w, status, code, message+" for "+r.Header.Get("Authorization"))
			return true
		}
	}
	text := func(status int, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return true
		}
	}
	for name, tt := range map[string]struct {
		fault func(http.ResponseWriter, *http.Request) bool
		want  string
		// alone is for how long no request is made.
		alone time.Duration
	}{
		"wrong token":     {fault(401, 10000, "Authentication error"), "401 Unauthorized: Authentication error for Bearer *** (code 10000): does the token have the permission", time.Minute},
		"no permission":   {fault(403, 10000, "Authentication error"), "does the token have the permission Account Filter Lists: Edit", time.Minute},
		"another account": {fault(404, 7003, "Could not route"), "for the right account?", time.Minute},
		"too many":        {fault(429, 10429, "Rate limited", "Retry-After", "240"), "429 Too Many Requests: Rate limited", 240 * time.Second},
		"down":            {fault(500, 10001, "Internal error"), "500 Internal Server Error: Internal error", 5 * time.Second},
		"a proxy's page":  {text(502, "<html>\x00Bad gateway</html>"), "502 Bad Gateway: <html> Bad gateway</html>", 5 * time.Second},
		"not its API":     {text(200, "<html>"), "answered something that is not of its API", 5 * time.Second},
		"nothing":         {text(200, ""), "answered something that is not of its API", 5 * time.Second},
		"no result":       {text(200, `{"success":true}`), "answered something that is not of its API", 5 * time.Second},
		"no success":      {text(200, `{"success":false,"errors":[{"code":1000,"message":"no"}]}`), "refused: no (code 1000)", 5 * time.Second},
		"elsewhere":       {fault(302, 0, "", "Location", "http://203.0.113.1/"), "302 Found", time.Minute},
		"no end":          {text(200, `{"success":true,"result":[],"result_info":{"cursors":{"after":"x"}}}`), "does not come to the end of the list after 0 items", 5 * time.Second},
		"hanging": {func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true },
			"no answer within 3s", 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			server := actiontest.NewCloudflare(t)
			opts := quick(server)
			now := time.Now()
			opts.Now, opts.Look = func() time.Time { return now }, time.Hour
			if name == "hanging" {
				opts.Timeout = 3 * time.Second
			}
			s := begun(t, newList(t, opts), "sshd", "203.0.113.1")
			server.Fault(tt.fault)
			ban := bansOf("203.0.113.2")
			asked := s.Ban(t.Context(), ban, now)
			if asked == nil || !strings.Contains(asked.Error(), tt.want) || strings.Contains(asked.Error(), server.Token) ||
				!strings.HasPrefix(asked.Error(), "the list gaol at Cloudflare: ") {
				t.Errorf("got %v, want %s", asked, tt.want)
			}
			server.Fault(nil)
			server.Requests()
			now = now.Add(tt.alone - time.Millisecond)
			for what, again := range map[string]error{"Ban": s.Ban(t.Context(), ban, now), "Start": s.Start(t.Context()), "Stop": s.Stop(t.Context())} {
				if again == nil || again.Error() != asked.Error() {
					t.Errorf("%s says %v after that", what, again)
				}
			}
			if asked := server.Requests(); len(asked) > 0 {
				t.Errorf("too early, it asked %v", asked)
			}
			now = now.Add(tt.alone) // a pause is spread by up to a quarter
			must(t, s.Start(t.Context()))
			must(t, s.Ban(t.Context(), ban, now))
			wantOnList(t, server, "203.0.113.2")
		})
	}
}

// TestAnotherOperationIsUnderWay waits for what another host of the account has begun.
func TestAnotherOperationIsUnderWay(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	one, two := newList(t, quick(server)), newList(t, quick(server))
	a, b := begun(t, one, "a"), begun(t, two, "b")
	server.Takes(700 * time.Millisecond)
	done := make(chan error, 1)
	go func() { done <- a.Ban(t.Context(), bansOf("203.0.113.1"), time.Now()) }()
	for !strings.Contains(strings.Join(server.Requests(), " "), "POST") {
		time.Sleep(time.Millisecond)
	}
	must(t, b.Ban(t.Context(), bansOf("203.0.113.2"), time.Now()))
	must(t, <-done)
	wantOnList(t, server, "203.0.113.1 203.0.113.2")
}

// TestOthersOfTheAccountNeverRest comes back after seconds, however often others were first.
func TestOthersOfTheAccountNeverRest(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	opts := quick(server)
	now := time.Now()
	opts.Now = func() time.Time { return now }
	s := newList(t, opts).Set("sshd")
	must(t, s.Start(t.Context()))
	server.Fault(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			actiontest.CloudflareFault(w, http.StatusTooManyRequests, 10045, "another operation is still being processed")
		}
		return r.Method == http.MethodPost
	})
	ban := bansOf("203.0.113.1")
	for range 2 {
		if err := s.Ban(t.Context(), ban, now); err == nil || !strings.Contains(err.Error(), "another operation is still being processed") {
			t.Errorf("got %v", err)
		}
		now = now.Add(7 * time.Second)
	}
	server.Fault(nil)
	must(t, s.Ban(t.Context(), ban, now))
	wantOnList(t, server, "203.0.113.1")
}

// TestAnOperationThatFails is one that Cloudflare accepts first.
func TestAnOperationThatFails(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	s := begun(t, newList(t, quick(server)), "sshd")
	server.Fault(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/bulk_operations/") {
			return false
		}
		_, _ = io.WriteString(w, `{"success":true,"errors":[],"messages":[],"result":{"id":"x","status":"failed","error":"the list is\nlocked"}}`)
		return true
	})
	err := s.Ban(t.Context(), bansOf("203.0.113.1"), time.Now())
	if failed, ok := errors.AsType[*action.FailedError](err); !ok || len(failed.Bans) != 1 || !strings.Contains(err.Error(), "could not do it: the list is locked") {
		t.Errorf("got %v", err)
	}
}

func TestFindsTheList(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	for list, want := range map[string]string{
		"gaol":                   "",
		strings.Repeat("0c", 16): "",
		"goal":                   "the account has no such list: it has elsewhere, gaol: make it under Manage Account, Configurations, Lists",
		"elsewhere":              `it is a list of kind "redirect": make one of kind IP`,
	} {
		opts := quick(server)
		opts.List = list
		l := newList(t, opts)
		err := l.Set("sshd").Start(t.Context())
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasSuffix(err.Error(), want)) {
			t.Errorf("%s: got %v, want %s", list, err, want)
		}
		text, err := l.Inspect(t.Context())
		if want == "" && (err != nil || text != "list gaol: items 0, rules that refer to it 1") || want != "" && err == nil {
			t.Errorf("%s: %s, %v", list, text, err)
		}
	}
}

func TestPreview(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	ban := actiontest.Ban("2001:db8:0:7::/64", time.Hour)
	ban.User, ban.End = "$(id)\"\n", time.Date(2026, 3, 10, 12, 9, 59, 1, time.UTC)
	p, err := newList(t, quick(server)).Set("sshd").Preview(ban)
	must(t, err)
	if want := server.URL + "/accounts/" + server.Account + "/rules/lists/gaol/items"; p.To != "POST "+want {
		t.Errorf("to %s", p.To)
	}
	if headers := strings.Join(p.Headers, "\n"); !strings.Contains(headers, "Authorization: Bearer ***") || strings.Contains(headers, server.Token) {
		t.Errorf("headers %s", headers)
	}
	if want := `[{"ip":"2001:db8:0:7::/64","comment":"gaol web1 sshd until 2026-03-10T12:10:00Z"}]`; p.Body != want {
		t.Errorf("body %s, want %s", p.Body, want)
	}
	if len(server.Requests()) > 0 {
		t.Error("it asked")
	}
}

func TestNewRefuses(t *testing.T) {
	server := actiontest.NewCloudflare(t)
	for name, change := range map[string]func(*cloudflare.Options){
		"no token":   func(o *cloudflare.Options) { o.Token = "" },
		"no account": func(o *cloudflare.Options) { o.Account = "" },
		"no list":    func(o *cloudflare.Options) { o.List = "" },
		"no host":    func(o *cloudflare.Options) { o.Host = "" },
		"no url":     func(o *cloudflare.Options) { o.URL = "x" },
		"a file":     func(o *cloudflare.Options) { o.URL = "file://host/x" },
		"no file":    func(o *cloudflare.Options) { o.CA = "/nowhere" },
	} {
		opts := quick(server)
		change(&opts)
		if _, err := cloudflare.New(opts); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
