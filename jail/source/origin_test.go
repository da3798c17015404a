package source_test

import (
	"slices"
	"testing"

	"gaol/jail/source"
)

func TestOrigins(t *testing.T) {
	for path, want := range map[string][]string{
		"/var/log/auth.log":             {"/var/log/auth.log"},
		"/var/log/auth.log.1":           {"/var/log/auth.log.1", "/var/log/auth.log"},
		"/var/log/auth.log.2.gz":        {"/var/log/auth.log.2.gz", "/var/log/auth.log.2", "/var/log/auth.log"},
		"/var/log/auth.log-20260310.gz": {"/var/log/auth.log-20260310.gz", "/var/log/auth.log-20260310", "/var/log/auth.log"},
		"/var/log/auth-20260310.log":    {"/var/log/auth-20260310.log", "/var/log/auth.log"},
		"/var/log/secure.old":           {"/var/log/secure.old", "/var/log/secure"},
		"access.log.2026-03-10.zst":     {"access.log.2026-03-10.zst", "access.log.2026-03-10", "access.log"},
		"messages":                      {"messages"},
	} {
		got := source.Origins(path)
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("%s: got %q, want %q among them", path, got, w)
			}
		}
		if got[0] != path {
			t.Errorf("%s: got %q first", path, got[0])
		}
	}
}
