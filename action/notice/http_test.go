package notice_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gaol/action/notice"
)

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		status            int
		header            string
		refused, settings bool
		after             time.Duration
	}{
		{status: 400, refused: true},
		{status: 401, settings: true},
		{status: 403, settings: true},
		{status: 404, settings: true},
		{status: 301, settings: true},
		{status: 408},
		{status: 413, refused: true},
		{status: 422, refused: true},
		{status: 429, header: "120", after: 2 * time.Minute},
		{status: 429, header: "nonsense"},
		{status: 429, header: "99999999999", after: 24 * time.Hour},
		{status: 500},
		{status: 503, header: "-5"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.Header().Set("Retry-After", tt.header)
			w.WriteHeader(tt.status)
			_, _ = w.Write([]byte("because\x1b[2J of\nthis" + strings.Repeat("x", 1<<20)))
		}))
		client, err := notice.NewClient("")
		if err != nil {
			t.Fatal(err)
		}
		req, err := notice.Post(t.Context(), server.URL+"/token", "text/plain", "hello")
		if err != nil {
			t.Fatal(err)
		}
		_, err = notice.Do(client, req, nil)
		server.Close()
		f, ok := errors.AsType[*notice.Failure](err)
		if !ok || f.Refused != tt.refused || f.Settings != tt.settings || f.After != tt.after {
			t.Errorf("%d: got %+v", tt.status, f)
			continue
		}
		if text := f.Error(); !strings.Contains(text, "because [2J of this") || len(text) > 500 || strings.Contains(text, "token") {
			t.Errorf("%d: it says %q", tt.status, text)
		}
	}
}

func TestRetryAfterADate(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(503)
	}))
	defer server.Close()
	req, _ := notice.Post(t.Context(), server.URL, "text/plain", "")
	_, err := notice.Do(server.Client(), req, nil)
	f, _ := errors.AsType[*notice.Failure](err)
	if f == nil || f.After < 59*time.Minute || f.After > time.Hour {
		t.Errorf("got %+v", f)
	}
}

func TestErrorsOfTheConnectionHideTheURL(t *testing.T) {
	hanging := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hanging.Close()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	defer untrusted.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for _, tt := range []struct {
		name, url, want string
		settings        bool
		patience        time.Duration
	}{
		{"hanging", hanging.URL, "deadline exceeded", false, 100 * time.Millisecond},
		{"unknown certificate", untrusted.URL, "certificate", true, 10 * time.Second},
		{"closed", closed.URL, "connection refused", false, 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), tt.patience)
			defer cancel()
			client, err := notice.NewClient("")
			if err != nil {
				t.Fatal(err)
			}
			req, _ := notice.Post(ctx, tt.url+"/t0ken?key=t0ken", "text/plain", "")
			_, err = notice.Do(client, req, nil)
			if err == nil || strings.Contains(err.Error(), "t0ken") || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v", err)
			}
			if f, _ := errors.AsType[*notice.Failure](err); (f != nil && f.Settings) != tt.settings {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestMaskURL(t *testing.T) {
	for url, want := range map[string]string{
		"https://hooks.example.com/services/T0/B0/xyz": "https://hooks.example.com/***",
		"https://u:p@example.com/":                     "https://example.com/***",
		"https://example.com/?key=1":                   "https://example.com/***",
		"https://example.com":                          "https://example.com",
		"::":                                           "***",
	} {
		if got := notice.MaskURL(url); got != want {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
	}
}
