package denylist_test

import (
	"net/http"
	"testing"
)

// FuzzCheck has no header let in whom X-Real-IP names, and nothing but a whole address in X-Forwarded-For keep anybody out.
func FuzzCheck(f *testing.F) {
	s := newServed()
	s.jail(f, "web", "203.0.113.7", "2001:db8::/64")
	for _, seed := range []string{"", ",", "203.0.113.7", "203.0.113.8,203.0.113.7", "[2001:db8::1]:80", "::ffff:203.0.113.7", "unknown", "203.0.113.7%eth0", ",,,127.0.0.1"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		for _, headers := range [][]string{{"X-Forwarded-For", one}, {"X-Forwarded-For", one, "X-Forwarded-For", two}, {"X-Real-IP", one, "X-Forwarded-For", two}} {
			if got := s.get("/check", headers...).Code; got != http.StatusOK && got != http.StatusForbidden {
				t.Errorf("%q: status %d", headers, got)
			}
		}
		if got := s.get("/check", "X-Forwarded-For", one, "X-Forwarded-For", two, "X-Real-IP", "203.0.113.7").Code; got != http.StatusForbidden {
			t.Errorf("%q, %q hide a client: status %d", one, two, got)
		}
		if got := s.get("/check", "X-Forwarded-For", one+two+", 203.0.113.7").Code; got != http.StatusForbidden {
			t.Errorf("%q before a client hides it: status %d", one+two, got)
		}
		if got := s.get("/check", "X-Forwarded-For", one+two+", 203.0.113.8").Code; got != http.StatusOK {
			t.Errorf("%q before a client locks it out: status %d", one+two, got)
		}
	})
}
