package jail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gaol/jail"
)

// refused says that errs are one that has these words.
func refused(t *testing.T, errs []error, words string) {
	t.Helper()
	switch {
	case words == "" && len(errs) > 0:
		t.Errorf("got %v", errs)
	case words != "" && (len(errs) != 1 || !strings.Contains(errs[0].Error(), words)):
		t.Errorf("got %v, want one error with %q", errs, words)
	}
}

// ignores says that exactly these of all asked about are ignored, and by which rule.
func ignores(t *testing.T, ig *jail.Ignore, hosts ...string) {
	t.Helper()
	for _, host := range []string{"192.0.2.1", "192.0.2.2", "2001:db8::1"} {
		if rule, ok := ig.Match(addr(host)); ok != slices.Contains(hosts, host) {
			t.Errorf("%s: ignored is %t (%s)", host, ok, rule)
		}
	}
}

// script writes a program and returns its path.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestIgnoreCommand(t *testing.T) {
	for _, tt := range []struct {
		name, text, args string
		mistaken         string
		ignored          []string
	}{
		{name: "a list", text: "echo '# office'; echo 192.0.2.1; echo 2001:db8::/32", ignored: []string{"192.0.2.1", "2001:db8::1"}},
		{name: "JSON", text: `echo '["192.0.2.2"]'`, ignored: []string{"192.0.2.2"}},
		{name: "arguments", text: `test "$#" = 2 && echo "$2"`, args: " -x 192.0.2.1", ignored: []string{"192.0.2.1"}},
		{name: "nobody", text: "echo '#'"},
		{name: "nobody in JSON", text: "echo '[]'"},
		{name: "its environment is small", text: `test -z "$GAOL_TEST_SECRET" && echo 192.0.2.1`, ignored: []string{"192.0.2.1"}},
		{name: "it goes, what it started stays", text: "sleep 60 & echo 192.0.2.1", ignored: []string{"192.0.2.1"}},
		{name: "nothing at all", text: ":", mistaken: "the answer is empty"},
		{name: "it fails", text: "echo 192.0.2.1; echo 'no database' >&2; exit 3", mistaken: `exit status 3: "no database"`},
		{name: "one bad line", text: "echo 192.0.2.1; echo 192.0.2", mistaken: `line 2: "192.0.2": neither`},
		{name: "a page", text: "echo '<html>Oops</html>'", mistaken: `"<html>Oops</html>": neither`},
		{name: "binary", text: "head -c 1000 /dev/urandom; printf '\\0\\377x'", mistaken: "neither an address nor a network"},
		{name: "everybody", text: "echo 0.0.0.0/0", mistaken: "more than a sixteenth of all addresses"},
		{name: "everybody, in halves", text: "echo 0.0.0.0/1 128.0.0.0/1", mistaken: "more than a sixteenth"},
		{name: "everybody of IPv6", text: "echo 2001::/4", mistaken: "more than a sixteenth"},
		{name: "private networks", text: "echo 10.0.0.0/8 fc00::/7 fe80::/10"},
		{name: "endless", text: "exec yes 192.0.2.1", mistaken: "it printed more than 8192 KiB"},
		{name: "endless complaints", text: "head -c 100000000 /dev/zero >&2; exit 1", mistaken: "exit status 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("GAOL_TEST_SECRET", "x")
			ig, err := jail.NewIgnore([]string{"command:" + script(t, tt.text) + tt.args}, jail.IgnoreOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if !ig.Waits() {
				t.Error("it was asked before Refresh")
			}
			began := time.Now()
			refused(t, ig.Refresh(t.Context(), noon), tt.mistaken)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			ignores(t, ig, tt.ignored...)
		})
	}
}

func TestIgnoreCommandThatIsNotThere(t *testing.T) {
	ig, err := jail.NewIgnore([]string{"command:/no/such/program"}, jail.IgnoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, ig.Refresh(t.Context(), noon), "no such file")
}

// TestIgnoreCommandThatHangs is cut short by whoever waits for it, and is asked again at once.
func TestIgnoreCommandThatHangs(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "asked")
	ig, err := jail.NewIgnore([]string{"command:" + script(t, "test -e "+marker+" && { echo 192.0.2.1; exit; }; : > "+marker+"; exec sleep 60")}, jail.IgnoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(marker); err == nil {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	refused(t, ig.Refresh(ctx, noon), "")
	ignores(t, ig)
	refused(t, ig.Refresh(t.Context(), noon), "")
	ignores(t, ig, "192.0.2.1")
}

// TestIgnoreFilesDoNotWaitForAnswers changes a file while a name server keeps everybody waiting.
func TestIgnoreFilesDoNotWaitForAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allow.txt")
	begun := make(chan struct{})
	ig, err := jail.NewIgnore([]string{"office.example", "file:" + path}, jail.IgnoreOptions{
		Lookup: func(ctx context.Context, _ string) ([]netip.Addr, time.Duration, error) {
			close(begun)
			<-ctx.Done()
			return nil, 0, ctx.Err()
		},
	})
	if !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan []error)
	go func() { done <- ig.RefreshAnswers(ctx, noon) }()
	<-begun
	if err := os.WriteFile(path, []byte("192.0.2.1"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, ig.RefreshFiles(noon), "")
	ignores(t, ig, "192.0.2.1")
	cancel()
	refused(t, <-done, "")
}

func TestIgnoreAnswersAreKeptAndAskedForInTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "answer")
	say := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	say("192.0.2.1")
	ig, err := jail.NewIgnore([]string{"command:/bin/cat " + path}, jail.IgnoreOptions{Every: 2 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, ig.Refresh(t.Context(), noon), "")
	ignores(t, ig, "192.0.2.1")
	say("<html>")
	refused(t, ig.Refresh(t.Context(), at(119)), "") // not asked yet
	refused(t, ig.Refresh(t.Context(), at(120)), "its last known addresses (1) stay ignored")
	ignores(t, ig, "192.0.2.1")
	say("192.0.2.2")
	refused(t, ig.Refresh(t.Context(), at(179)), "neither") // still shown, not asked again yet
	refused(t, ig.Refresh(t.Context(), at(180)), "")
	ignores(t, ig, "192.0.2.2")
}

// office is a web server with a list.
type office struct {
	*httptest.Server
	body, etag string
	status     int
	// asked are the requests that it got.
	asked []*http.Request
	send  func(w http.ResponseWriter, r *http.Request)
}

func newOffice(t *testing.T) *office {
	o := &office{body: "192.0.2.1", status: http.StatusOK}
	o.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.asked = append(o.asked, r)
		if o.send != nil {
			o.send(w, r)
			return
		}
		if o.etag != "" {
			w.Header().Set("ETag", o.etag)
			if r.Header.Get("If-None-Match") == o.etag {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		w.WriteHeader(o.status)
		_, _ = io.WriteString(w, o.body)
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *office) ignore(t *testing.T) *jail.Ignore {
	ig, err := jail.NewIgnore([]string{o.URL + "/allow"}, jail.IgnoreOptions{Every: time.Minute, Transport: o.Client().Transport})
	if err != nil {
		t.Fatal(err)
	}
	return ig
}

func TestIgnoreURL(t *testing.T) {
	for _, tt := range []struct {
		name     string
		send     func(w http.ResponseWriter, r *http.Request)
		mistaken string
	}{
		{"text", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "# the office\n192.0.2.1\n") }, ""},
		{"JSON", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, ` ["192.0.2.1/32"]`) }, ""},
		{"sent on", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/allow" {
				http.Redirect(w, r, "/new", http.StatusFound)
				return
			}
			fmt.Fprint(w, "192.0.2.1")
		}, ""},
		{"sent out into the open", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1/", http.StatusFound)
		}, "it was sent on from https to http"},
		{"sent in a circle", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/allow", http.StatusFound) }, "more than 3 times"},
		{"not found", func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, `it answers "404 Not Found"`},
		{"not modified, but nothing is known", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }, "304"},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><title>Log in") }, "neither an address"},
		{"empty", func(http.ResponseWriter, *http.Request) {}, "the answer is empty"},
		{"an object", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"allow":["192.0.2.1"]}`) }, "neither an address"},
		{"numbers", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[1, 2]") }, "JSON array of texts"},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "192.0.2.1\n192.0.2.2")
		}, "unexpected EOF"},
		{"everybody", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `["::/0"]`) }, "more than a sixteenth"},
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			chunk := bytes.Repeat([]byte("192.0.2.1\n"), 10_000)
			for r.Context().Err() == nil {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, "more than 8 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t)
			o.send = tt.send
			ig := o.ignore(t)
			refused(t, ig.Refresh(t.Context(), noon), tt.mistaken)
			if tt.mistaken == "" {
				ignores(t, ig, "192.0.2.1")
			} else {
				ignores(t, ig)
			}
		})
	}
}

func TestIgnoreURLKeepsTheLastGoodCopy(t *testing.T) {
	o := newOffice(t)
	o.etag = `"1"`
	ig := o.ignore(t)
	refused(t, ig.Refresh(t.Context(), noon), "")
	if rule, _ := ig.Match(addr("192.0.2.1")); rule != o.URL+"/allow" {
		t.Errorf("ignored by %q", rule)
	}
	refused(t, ig.Refresh(t.Context(), at(60)), "")
	if last := o.asked[1].Header.Get("If-None-Match"); len(o.asked) != 2 || last != `"1"` {
		t.Errorf("asked %d times, the last time for %s", len(o.asked), last)
	}
	ignores(t, ig, "192.0.2.1")
	o.etag, o.body = `"2"`, "oops"
	refused(t, ig.Refresh(t.Context(), at(120)), `"oops": neither an address nor a network`)
	ignores(t, ig, "192.0.2.1")
	// The version that was refused must not be taken for known.
	o.body = "192.0.2.2"
	refused(t, ig.Refresh(t.Context(), at(180)), "")
	ignores(t, ig, "192.0.2.2")
	o.Close()
	refused(t, ig.Refresh(t.Context(), at(240)), "its last known addresses (1) stay ignored")
	ignores(t, ig, "192.0.2.2")
}

// TestIgnoreURLTellsNoPassword looks at all that people see of an address with a password.
func TestIgnoreURLTellsNoPassword(t *testing.T) {
	o := newOffice(t)
	with := strings.Replace(o.URL, "https://", "https://gaol:secret@", 1)
	ig, err := jail.NewIgnore([]string{with}, jail.IgnoreOptions{Every: time.Minute, Transport: o.Client().Transport})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, ig.Refresh(t.Context(), noon), "")
	if _, password, _ := o.asked[0].BasicAuth(); password != "secret" {
		t.Errorf("the server was told %q", password)
	}
	rule, _ := ig.Match(addr("192.0.2.1"))
	o.Close()
	errs := ig.Refresh(t.Context(), at(60))
	if all := fmt.Sprint(rule, errs); strings.Contains(all, "secret") || len(errs) != 1 {
		t.Error(all)
	}
}

func TestIgnoreNamesForAsLongAsTheirTTL(t *testing.T) {
	var ttl time.Duration
	asked := 0
	ig, err := jail.NewIgnore([]string{"office.example"}, jail.IgnoreOptions{
		Lookup: func(context.Context, string) ([]netip.Addr, time.Duration, error) {
			asked++
			return []netip.Addr{addr("192.0.2.1")}, ttl, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	now := noon
	for _, tt := range []struct {
		name       string
		ttl, holds time.Duration
	}{
		{"none, as in /etc/hosts", 0, 30 * time.Second},
		{"short", time.Second, 30 * time.Second},
		{"usual", 5 * time.Minute, 5 * time.Minute},
		{"long", 24 * time.Hour, time.Hour},
	} {
		ttl, asked = tt.ttl, 0
		ig.Refresh(t.Context(), now)
		ig.Refresh(t.Context(), now.Add(tt.holds-time.Nanosecond))
		if asked != 1 {
			t.Errorf("%s: asked %d times within %v", tt.name, asked, tt.holds)
		}
		now = now.Add(tt.holds)
		ttl = tt.ttl
	}
}

func TestIgnoreFileOfEverybody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allow.txt")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("192.0.2.1")
	ig, err := jail.NewIgnore([]string{"file:" + path}, jail.IgnoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	write("192.0.2.2\n0.0.0.0/0")
	refused(t, ig.Refresh(t.Context(), noon), "more than a sixteenth")
	refused(t, ig.Refresh(t.Context(), at(2)), "its last known addresses (1) stay ignored") // while it is there
	ignores(t, ig, "192.0.2.1")
	write("192.0.2.2")
	refused(t, ig.Refresh(t.Context(), at(4)), "")
	ignores(t, ig, "192.0.2.2")
}

// TestIgnoreMemory starts again while nobody answers.
func TestIgnoreMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ignored.json")
	var fault error
	start := func(t *testing.T, entries ...string) *jail.Ignore {
		memory, err := jail.OpenIgnoreMemory(path)
		if err != nil {
			t.Fatal(err)
		}
		ig, err := jail.NewIgnore(entries, jail.IgnoreOptions{
			Memory: memory,
			Lookup: func(context.Context, string) ([]netip.Addr, time.Duration, error) {
				return []netip.Addr{addr("192.0.2.1")}, time.Minute, fault
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := memory.Save(); err != nil {
				t.Error(err)
			}
		})
		return ig
	}
	t.Run("it answers", func(t *testing.T) {
		ig := start(t, "office.example")
		ignores(t, ig)
		if !ig.Waits() {
			t.Error("known before it was asked")
		}
		ig.Refresh(t.Context(), noon)
		ignores(t, ig, "192.0.2.1")
	})
	fault = errors.New("no name server")
	t.Run("nobody answers", func(t *testing.T) {
		ig := start(t, "office.example", "other.example")
		ignores(t, ig, "192.0.2.1")
		if !ig.Waits() {
			t.Error("the other name is known")
		}
		if errs := ig.Refresh(t.Context(), noon); len(errs) != 2 {
			t.Errorf("got %v", errs)
		}
		ignores(t, ig, "192.0.2.1")
	})
	t.Run("a file is gone", func(t *testing.T) {
		memory, err := jail.OpenIgnoreMemory(path)
		if err != nil {
			t.Fatal(err)
		}
		allow := filepath.Join(t.TempDir(), "allow.txt")
		if err := os.WriteFile(allow, []byte("192.0.2.2"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, read := range []bool{true, false} {
			ig, err := jail.NewIgnore([]string{"file:" + allow}, jail.IgnoreOptions{Memory: memory})
			if read != (err == nil) {
				t.Errorf("got %v", err)
			}
			ignores(t, ig, "192.0.2.2")
			_ = os.Remove(allow)
			if err := memory.Save(); err != nil {
				t.Fatal(err)
			}
			if memory, err = jail.OpenIgnoreMemory(path); err != nil {
				t.Fatal(err)
			}
		}
	})
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if memory, err := jail.OpenIgnoreMemory(path); err == nil || memory == nil {
		t.Errorf("a damaged file: got %v, %v", memory, err)
	}
}

func TestIgnoreProxies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "proxies.txt")
	if err := os.WriteFile(path, []byte("10.0.0.6"), 0o600); err != nil {
		t.Fatal(err)
	}
	ig, err := jail.NewIgnore([]string{"10.0.0.0/8"}, jail.IgnoreOptions{
		Trusted: []string{"10.0.0.5", "file:" + path, "proxy.example"},
		Lookup: func(context.Context, string) ([]netip.Addr, time.Duration, error) {
			return []netip.Addr{addr("10.0.0.7")}, time.Minute, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ig.Refresh(t.Context(), noon)
	for host, want := range map[string]string{
		"10.0.0.5": "trusted 10.0.0.5", "10.0.0.6": "trusted file:" + path, "10.0.0.7": "trusted proxy.example", "10.0.0.8": "",
	} {
		if rule, ok := ig.Proxy(netip.PrefixFrom(addr(host), 32)); rule != want || ok != (want != "") || ok != ig.Trusts(addr(host)) {
			t.Errorf("%s: got %q, want %q", host, rule, want)
		}
		if rule, _ := ig.Match(addr(host)); want != "" && rule != want {
			t.Errorf("%s is ignored by %q", host, rule)
		}
	}
	if rule, _ := ig.Protected(prefix("10.0.0.0/8")); !strings.HasPrefix(rule, "trusted ") {
		t.Errorf("a ban of all of them is held off by %q", rule)
	}
	if rule, ok := ig.Protected(prefix("10.0.0.8/32")); ok {
		t.Errorf("a ban of one that is only ignored is held off by %q", rule)
	}
	var none *jail.Ignore
	if _, ok := none.Protected(prefix("10.0.0.5/32")); ok || none.Trusts(addr("10.0.0.5")) || none.Waits() {
		t.Error("nil protects somebody")
	}
}

func TestIgnoreOperators(t *testing.T) {
	path := filepath.Join(t.TempDir(), "operators.json")
	open := func() (*jail.Operators, *jail.Ignore) {
		operators, err := jail.OpenOperators(path, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		ig, err := jail.NewIgnore(nil, jail.IgnoreOptions{Operators: operators})
		if err != nil {
			t.Fatal(err)
		}
		return operators, ig
	}
	operators, ig := open()
	ignores(t, ig)
	for _, host := range []string{"::ffff:192.0.2.1", "127.0.0.1", "::", "224.0.0.1", "fe80::1%eth0"} {
		operators.See(addr(host), noon)
	}
	operators.See(netip.Addr{}, noon)
	ignores(t, ig, "192.0.2.1")
	if rule, ok := ig.Protected(prefix("192.0.2.0/24")); !ok || rule != "operator 192.0.2.1" {
		t.Errorf("a ban of the network is held off by %q", rule)
	}
	operators.See(addr("192.0.2.1"), at(1800))
	if err := operators.Save(); err != nil {
		t.Fatal(err)
	}
	operators, ig = open()
	operators.Expire(at(5399))
	ignores(t, ig, "192.0.2.1")
	if list := operators.List(); len(list) != 1 || !list[0].Until.Equal(at(5400)) {
		t.Errorf("got %v", list)
	}
	operators.Expire(at(5400))
	ignores(t, ig)
	operators.SetKeep(0)
	operators.See(addr("192.0.2.1"), noon)
	ignores(t, ig)
	operators.SetKeep(time.Hour)
	for n := range 1000 {
		operators.See(failureOf(n, noon).Prefix.Addr(), at(float64(n)))
	}
	if list := operators.List(); len(list) != 64 || list[0].Address != failureOf(936, noon).Prefix.Addr() {
		t.Errorf("%d are known, the first %v", len(list), list[0])
	}
}
