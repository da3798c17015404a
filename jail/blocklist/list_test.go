package blocklist_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gaol/jail/blocklist"
)

// web is a server whose answer can be changed.
type web struct {
	*httptest.Server
	answer func(http.ResponseWriter, *http.Request)
	asked  int
}

func newWeb(t *testing.T) *web {
	w := &web{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) { w.asked++; w.answer(to, r) }))
	t.Cleanup(w.Close)
	return w
}

func says(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

func addresses(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "1.2.%d.%d\n", i/100, i%100*2)
	}
	return b.String()
}

// TestBadAnswersKeepTheList has a list of 200 networks, and then something else.
func TestBadAnswersKeepTheList(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		// atOnce says that it is a problem the first time.
		atOnce bool
	}{
		"not found": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, true},
		"a fault":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, false},
		"empty":     {says(""), true},
		"a page":    {says("<html>\n<body>\nSorry\n</body>\n</html>\n"), true},
		"too long":  {says(strings.Repeat("# nothing\n", 200_000)), true},
		"much less": {says("192.0.2.1\n"), true},
		"a comment": {says("# nobody\n"), true},
		"a truncated": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4000")
			fmt.Fprint(w, addresses(150))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWeb(t)
			w.answer = says(addresses(200))
			l, err := blocklist.NewList(blocklist.Source{Text: w.URL}, blocklist.Options{Limits: limits, Every: time.Hour, Kept: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			if !l.Refresh(t.Context(), now) || len(l.Prefixes()) != 200 {
				t.Fatalf("got %+v", l.Status())
			}
			w.answer = tt.answer
			now = now.Add(2 * time.Hour)
			if l.Refresh(t.Context(), now) || len(l.Prefixes()) != 200 || (l.Status().Problem != "") != tt.atOnce {
				t.Errorf("the first time: %+v", l.Status())
			}
			l.Refresh(t.Context(), now) // not due
			if w.asked != 2 {
				t.Errorf("asked %d times", w.asked)
			}
			l.Refresh(t.Context(), now.Add(2*time.Hour))
			if len(l.Prefixes()) != 200 {
				t.Errorf("the second time: %+v", l.Status())
			}
			l.Refresh(t.Context(), now.Add(4*time.Hour))
			s := l.Status()
			believed := strings.HasPrefix(name, "much") || strings.HasPrefix(name, "a comment")
			if (s.Networks != 200) != believed || (s.Problem == "") != believed {
				t.Errorf("the third time: %+v", s)
			}
		})
	}
}

func TestKeptOverRestart(t *testing.T) {
	w, dir := newWeb(t), t.TempDir()
	w.answer = func(to http.ResponseWriter, r *http.Request) {
		to.Header().Set("ETag", `"7"`)
		if r.Header.Get("If-None-Match") == `"7"` {
			to.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(to, "192.0.2.0/24\n2001:db8::/32\n")
	}
	src, opts := blocklist.Source{Text: w.URL}, blocklist.Options{Limits: limits, Every: time.Hour, Kept: dir}
	begin := func(damaged bool) *blocklist.List {
		l, err := blocklist.NewList(src, opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Recall(); (err != nil) != damaged {
			t.Errorf("what was kept: %v", err)
		}
		return l
	}
	begin(false).Refresh(t.Context(), time.Now())
	l := begin(false)
	if s := l.Status(); !s.Known || s.Networks != 2 {
		t.Fatalf("got %+v", s)
	}
	if l.Refresh(t.Context(), time.Now()) || l.Status().Problem != "" {
		t.Errorf("304: %+v", l.Status())
	}
	kept := filepath.Join(dir, blocklist.KeptName(src))
	text, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept, text[:len(text)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	if l := begin(true); l.Status().Known {
		t.Errorf("of a damaged file: %+v", l.Status())
	} else if !l.Refresh(t.Context(), time.Now()) {
		t.Errorf("it was not asked for: %+v", l.Status())
	}
}

func TestFileActsAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "own.txt")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	l, err := blocklist.NewList(blocklist.Source{Text: "file:" + path}, blocklist.Options{Limits: limits, Every: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{300, 1, 20} {
		write(addresses(n))
		if !l.Refresh(t.Context(), time.Now()) || l.Status().Networks != n {
			t.Errorf("%d: got %+v", n, l.Status())
		}
		if l.Refresh(t.Context(), time.Now()) {
			t.Error("the same is news")
		}
	}
}
