package blocklist_test

import (
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gaol/jail/blocklist"
)

// TestHostileServers has a list of 200 networks, and then a server that answers as none should: the list stays as it was, an end
// comes soon, and no more is read than a list may have.
func TestHostileServers(t *testing.T) {
	var sent atomic.Int64
	endless := func(w http.ResponseWriter, text string) {
		for {
			n, err := w.Write([]byte(text))
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}
	var bomb bytes.Buffer
	packed := gzip.NewWriter(&bomb)
	for range 200 { // 20 MB of 1
		_, _ = packed.Write(bytes.Repeat([]byte("# nothing\n"), 10<<10))
	}
	_ = packed.Close()
	untilGone := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		// problem is what is wrong; "": nothing, yet, as it may well be gone the next time.
		problem string
	}{
		"never answers": {untilGone, ""},
		"stops in the middle": {func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, addresses(150))
			w.(http.Flusher).Flush()
			untilGone(w, r)
		}, ""},
		"a byte now and then": {func(w http.ResponseWriter, r *http.Request) {
			for tick := time.NewTicker(10 * time.Millisecond); r.Context().Err() == nil; <-tick.C {
				fmt.Fprint(w, "#")
				w.(http.Flusher).Flush()
			}
		}, ""},
		"addresses without end":   {func(w http.ResponseWriter, _ *http.Request) { endless(w, addresses(200)) }, "entries"},
		"comments without end":    {func(w http.ResponseWriter, _ *http.Request) { endless(w, "# nothing\n") }, "bytes"},
		"empty lines without end": {func(w http.ResponseWriter, _ *http.Request) { endless(w, "\n\n\n\n\n\n") }, "bytes"},
		"a line without end":      {func(w http.ResponseWriter, _ *http.Request) { endless(w, "1.2.3.4 ") }, "line 1 has more than 64 KiB"},
		"nonsense without end":    {func(w http.ResponseWriter, _ *http.Request) { endless(w, "nobody\n") }, "bytes"},
		"a gzip bomb":             {func(w http.ResponseWriter, _ *http.Request) { w.Write(bomb.Bytes()) }, "bytes"},
		"a gzip bomb as its encoding": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb.Bytes())
		}, "bytes"},
		"headers without end": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 128<<10))
			fmt.Fprint(w, addresses(200))
		}, "headers"},
		"more than it has announced": {hijacked("Content-Length: 20\r\n\r\n" + addresses(200)), "networks, of 200 before"},
		"less than it has announced": {hijacked("Content-Length: 9999\r\n\r\n" + addresses(199)), ""},
		"two lengths":                {hijacked("Content-Length: 9\r\nContent-Length: 99\r\n\r\n" + addresses(200)), "Content-Length"},
		"no HTTP":                    {func(w http.ResponseWriter, _ *http.Request) { raw(w, "SSH-2.0-OpenSSH\r\n") }, "malformed"},
		"not modified":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }, "304 Not Modified"},
		"wants a password":           {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "401 Unauthorized"},
		"too many requests":          {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, "429 Too Many Requests"},
		"sent on and on":             {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }, "sent on more than 3 times"},
		"sent on without TLS":        {sendOn("http://127.0.0.1/"), "sent on from https to http"},
		"sent on to a file":          {sendOn("file:///etc/passwd"), "sent on from https to file"},
		"an address that is none":    {sendOn("https://"), "host is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			var answer atomic.Pointer[http.HandlerFunc]
			first := http.HandlerFunc(says(addresses(200)))
			answer.Store(&first)
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*answer.Load())(w, r) }))
			defer server.Close()
			server.Config.ErrorLog = nil
			src := blocklist.Source{Text: server.URL + "/list.txt", CA: certificateOf(t, server)}
			opts := blocklist.Options{Limits: limits, Every: time.Hour, Kept: t.TempDir(), Wait: time.Minute}
			l, err := blocklist.NewList(src, opts)
			if err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			if !l.Refresh(t.Context(), now) || l.Status().Networks != 200 {
				t.Fatalf("got %+v", l.Status())
			}
			if tt.problem == "" {
				opts.Wait = 100 * time.Millisecond
				if l, err = blocklist.NewList(src, opts); err != nil {
					t.Fatal(err)
				}
				if err := l.Recall(); err != nil {
					t.Fatal(err)
				}
			}
			then := http.HandlerFunc(tt.answer)
			answer.Store(&then)
			sent.Store(0)
			if l.Refresh(t.Context(), now.Add(2*time.Hour)) || len(l.Prefixes()) != 200 {
				t.Errorf("it is believed: %+v", l.Status())
			}
			if problem := l.Status().Problem; (problem == "") != (tt.problem == "") || !strings.Contains(problem, tt.problem) {
				t.Errorf("got problem %q, want %q", problem, tt.problem)
			}
			if most := limits.Bytes + 64<<20; sent.Load() > most { // what lies in sockets counts as sent
				t.Errorf("%d bytes were sent", sent.Load())
			}
			for i := range 2 { // the third time in a row is a problem in any case, but for what is believed by then
				l.Refresh(t.Context(), now.Add(time.Duration(4+2*i)*time.Hour))
			}
			if believed := strings.HasPrefix(name, "more than"); !believed && (len(l.Prefixes()) != 200 || l.Status().Problem == "") {
				t.Errorf("the third time: %+v", l.Status())
			}
			answer.Store(&first)
			for i := range 100 { // as many times as a busy machine takes to answer in time
				if l.Refresh(t.Context(), now.Add(time.Duration(24+2*i)*time.Hour)); l.Status().Problem == "" {
					break
				}
			}
			if l.Status().Problem != "" || len(l.Prefixes()) != 200 {
				t.Errorf("as it was before: %+v", l.Status())
			}
		})
	}
}

func sendOn(to string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	}
}

// hijacked answers what is to follow the status, as it stands there.
func hijacked(rest string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { raw(w, "HTTP/1.1 200 OK\r\n"+rest) }
}

func raw(w http.ResponseWriter, text string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = conn.Write([]byte(text))
	_ = conn.Close()
}

// certificateOf is a file with the certificate of a server.
func certificateOf(t *testing.T, server *httptest.Server) string {
	path := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCertificates(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(says(addresses(200))))
	defer server.Close()
	trusted := certificateOf(t, server)
	for name, tt := range map[string]struct{ ca, problem string }{
		"an unknown one":     {"", "certificate signed by unknown authority"},
		"its own":            {trusted, ""},
		"a file that is not": {"/nonexistent", "reading certificates"},
		"a file of others":   {os.Args[0], "has none in PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			kept := t.TempDir()
			list := func(ca string) *blocklist.List {
				l, err := blocklist.NewList(blocklist.Source{Text: server.URL, CA: ca}, blocklist.Options{Limits: limits, Every: time.Hour, Kept: kept})
				if err != nil {
					t.Fatal(err)
				}
				if err := l.Recall(); err != nil {
					t.Fatal(err)
				}
				l.Refresh(t.Context(), time.Now())
				return l
			}
			list(trusted)
			s := list(tt.ca).Status()
			if s.Networks != 200 || (s.Problem == "") != (tt.problem == "") || !strings.Contains(s.Problem, tt.problem) {
				t.Errorf("got %+v", s)
			}
		})
	}
}

// TestVersions has a server that counts up its ETag, and takes it back.
func TestVersions(t *testing.T) {
	w := newWeb(t)
	tag, body := `"1"`, addresses(200)
	var last string
	w.answer = func(to http.ResponseWriter, r *http.Request) {
		last = r.Header.Get("If-None-Match")
		to.Header().Set("ETag", tag)
		if last == tag && tag != "" {
			to.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(to, body)
	}
	l, err := blocklist.NewList(blocklist.Source{Text: w.URL}, blocklist.Options{Limits: limits, Every: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for i, step := range []struct {
		tag, body, asked string
		news             bool
		networks         int
	}{
		{`"1"`, addresses(200), ``, true, 200},
		{`"1"`, addresses(300), `"1"`, false, 200}, // it says that nothing has changed
		{`"2"`, addresses(300), `"1"`, true, 300},
		{`W/"2"`, addresses(310), `"2"`, true, 310},
		{``, addresses(320), `W/"2"`, true, 320},
		{``, addresses(330), ``, true, 330},
	} {
		tag, body = step.tag, step.body
		now = now.Add(2 * time.Hour)
		news := l.Refresh(t.Context(), now)
		if s := l.Status(); news != step.news || s.Networks != step.networks || last != step.asked || s.Problem != "" || !s.Updated.Equal(now) {
			t.Errorf("step %d: news %t, asked with %q, %+v", i, news, last, s)
		}
	}
}
