package cloudflare

import (
	"strings"
	"testing"
	"time"
)

func TestMarks(t *testing.T) {
	at := time.Date(2026, 3, 10, 12, 9, 59, 1, time.FixedZone("", 3600))
	for text, m := range map[string]mark{
		"gaol web1 sshd until 2026-03-10T11:10:00Z": {host: "web1", jail: "sshd", end: at},
		"gaol web1 sshd for ever":                   {host: "web1", jail: "sshd"},
	} {
		got, ok := parseMark(text)
		if m.String() != text || !ok || got.String() != text || got.overBy(0, at) || got.overBy(0, at.Add(time.Second)) == m.end.IsZero() {
			t.Errorf("%q: %q, %+v, %v", text, m, got, ok)
		}
	}
	for _, text := range []string{
		"", "gaol", "gaol web1 sshd", "gaol web1 sshd until tomorrow", "gaol web1 sshd since 2026-03-10T12:10:00Z", "Gaol web1 sshd for ever",
		"gaol web1 sshd for ever ", " gaol web1 sshd for ever", "gaol web1 sshd until 2026-03-10", "not gaol web1 sshd for ever",
	} {
		if m, ok := parseMark(text); ok {
			t.Errorf("%q is taken for %+v", text, m)
		}
	}
	long := mark{host: word(strings.Repeat("wéb 1\n", 100)), jail: strings.Repeat("j", 64), end: at}.String()
	if got, ok := parseMark(long); !ok || got.String() != long || len(long) > 500 {
		t.Errorf("%q: %v", long, ok)
	}
}

// FuzzItems has what is read of an item be what is written.
func FuzzItems(f *testing.F) {
	f.Add("203.0.113.7", "gaol web1 sshd until 2026-03-10T11:10:00Z")
	f.Add("2001:DB8::/32", "gaol web1 sshd for ever")
	f.Add("::ffff:203.0.113.7", "by hand")
	f.Add("fe80::1%eth0", "gaol a b until 0001-01-01T00:00:00Z")
	f.Fuzz(func(t *testing.T, ip, comment string) {
		if m, ok := parseMark(comment); ok {
			if again, ok := parseMark(m.String()); !ok || again.String() != m.String() {
				t.Errorf("%q is %q, and then %q, %v", comment, m, again, ok)
			}
		}
		if p, ok := parseItem(ip); ok {
			if again, ok := parseItem(itemText(p)); !ok || again != p {
				t.Errorf("%q is %s, and then %s, %v", ip, p, again, ok)
			}
		}
	})
}
