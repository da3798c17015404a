package daemon_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gaol/action/notice"
	"gaol/cmd/internal/control"
)

// hook is a server that is told of bans.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	asked  int
	events []notice.EventDocument
}

func newHook(t *testing.T, status int) *hook {
	h := &hook{status: status}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.asked++
		w.WriteHeader(h.status)
		if h.status != http.StatusOK {
			fmt.Fprint(w, "I don't know s3cret")
			return
		}
		var d notice.Document
		if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
			t.Error(err)
		}
		h.events = append(h.events, d.Events...)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) answer(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

// told are the events so far, in a line each.
func (h *hook) told() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var lines []string
	for _, e := range h.events {
		lines = append(lines, strings.TrimSpace(e.What+" "+e.Jail+" "+e.Target+" "+e.Why))
	}
	return strings.Join(lines, "\n")
}

func (s *site) waitTold(h *hook, want ...string) {
	s.t.Helper()
	s.wait("the server has been told", func() error {
		if got := h.told(); got != strings.Join(want, "\n") {
			return fmt.Errorf("it was told\n%s", got)
		}
		return nil
	})
}

func hookAction(h *hook, more string) string {
	return `{ name = "webhook", url = "` + h.URL + `/s3cret", on = ["ban", "unban"]` + more + ` }`
}

func TestOthersAreTold(t *testing.T) {
	h := newHook(t, http.StatusOK)
	s := newCommandSite(t, hookAction(h, ""))
	s.start()
	s.append("app.log", failures(2, "192.0.2.7"))
	s.waitTold(h, "ban app 192.0.2.7")
	if _, err := s.client.Unban(t.Context(), control.UnbanRequest{Addresses: []string{"192.0.2.7"}}); err != nil {
		t.Fatal(err)
	}
	s.waitTold(h, "ban app 192.0.2.7", "unban app 192.0.2.7 hand")
	if a := s.status().Jails[0].Actions[0]; a.Name != "webhook" || !a.Healthy || a.Sent != 2 || a.Waiting != 0 {
		t.Errorf("status %+v", a)
	}
}

// TestARestartTellsWhatWasNot kills the daemon while the server refuses, and expects that the next one tells
// of each ban once, and of none again that it restores.
func TestARestartTellsWhatWasNot(t *testing.T) {
	h := newHook(t, http.StatusServiceUnavailable)
	s := newCommandSite(t, hookAction(h, `, burst = 1, every = "1s"`))
	s.start()
	s.append("app.log", failures(2, "192.0.2.7"))
	s.append("app.log", failures(2, "192.0.2.8"))
	s.wait("the problem shows", func() error {
		j := s.status().Jails[0]
		problems := strings.Join(j.Problems, "\n")
		if !strings.Contains(problems, "action webhook: ") || !strings.Contains(problems, "503 Service Unavailable: I don't know ***") {
			return fmt.Errorf("problems: %s", problems)
		}
		if a := j.Actions[0]; a.Healthy || a.Waiting != 2 {
			return fmt.Errorf("status %+v", a)
		}
		return nil
	})
	if m := s.metrics(); !strings.Contains(m, `gaol_action_waiting{action="webhook",jail="app"} 2`) || !strings.Contains(m, `gaol_action_healthy{action="webhook",jail="app"} 0`) {
		t.Errorf("metrics:\n%s", m)
	}
	if strings.Contains(s.log(), "s3cret") {
		t.Errorf("the log shows a secret:\n%s", s.log())
	}
	s.waitDecided("192.0.2.8")
	s.kill()
	h.answer(http.StatusOK)
	s.start()
	s.waitTold(h, "ban app 192.0.2.7", "ban app 192.0.2.8")
	s.append("app.log", failures(2, "192.0.2.9"))
	s.waitTold(h, "ban app 192.0.2.7", "ban app 192.0.2.8", "ban app 192.0.2.9")
	s.wait("the answer has come", func() error { // else it is asked again
		if a := s.status().Jails[0].Actions[0]; a.Waiting != 0 {
			return fmt.Errorf("status %+v", a)
		}
		return nil
	})
	s.stop()
	s.start()
	s.append("app.log", failures(2, "192.0.2.10"))
	s.waitTold(h, "ban app 192.0.2.7", "ban app 192.0.2.8", "ban app 192.0.2.9", "ban app 192.0.2.10")
}

// TestAReloadMendsAnAction lets a reload correct the token; what waited is told with the new one.
func TestAReloadMendsAnAction(t *testing.T) {
	h := newHook(t, http.StatusUnauthorized)
	s := newCommandSite(t, hookAction(h, `, token = "wr0ng"`))
	s.start()
	s.append("app.log", failures(2, "192.0.2.7"))
	s.waitProblem("app", "401 Unauthorized")
	h.answer(http.StatusOK)
	s.reload(commandSite(hookAction(h, `, token = "r1ght"`)))
	s.waitTold(h, "ban app 192.0.2.7")
	s.wait("the problem is over", func() error {
		if p := s.status().Jails[0].Problems; len(p) > 0 {
			return fmt.Errorf("problems: %q", p)
		}
		return nil
	})
}

// TestAHangingServerHoldsNobodyUp bans while a server does not answer.
func TestAHangingServerHoldsNobodyUp(t *testing.T) {
	over := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	t.Cleanup(func() { close(over); hanging.Close() })
	s := newCommandSite(t, `{ name = "webhook", url = "`+hanging.URL+`" }, `+record)
	s.start()
	for i := range 20 {
		s.append("app.log", failures(2, fmt.Sprintf("198.51.100.%d", i+1)))
	}
	s.waitDecided("198.51.100.20")
	s.wait("the program has run for all", func() error {
		if n := strings.Count(ran(s), "\n"); n != 20 {
			return fmt.Errorf("%d times", n)
		}
		return nil
	})
	s.stop()
}

// ran is what the program of record wrote.
func ran(s *site) string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "ran"))
	return string(text)
}
