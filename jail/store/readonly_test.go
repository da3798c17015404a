package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gaol/jail"
	"gaol/jail/store"
)

// lookAt opens the store at path to look at it, and closes it with the test.
func lookAt(t *testing.T, path string) *store.Reader {
	t.Helper()
	s, err := store.OpenReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func bansOf(t *testing.T, s *store.Reader) []string {
	t.Helper()
	var targets []string
	state, err := s.Load(t.Context(), at(10))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range state.Bans {
		targets = append(targets, b.Target())
	}
	return targets
}

func TestReadOnlySeesWhatIsStored(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gaol.sqlite3")
	s := open(t, path)
	commit(t, s, store.Changes{Bans: []jail.Ban{ban("192.0.2.1", 0, 3600)}})
	// While a daemon has it, with a log that was not written back yet.
	other := lookAt(t, path)
	if got := bansOf(t, other); !slices.Equal(got, []string{"192.0.2.1"}) {
		t.Errorf("beside a daemon: got %q", got)
	}
	commit(t, s, store.Changes{Bans: []jail.Ban{ban("192.0.2.2", 1, 3600)}})
	if got := bansOf(t, other); !slices.Equal(got, []string{"192.0.2.1", "192.0.2.2"}) {
		t.Errorf("what was stored later: got %q", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := bansOf(t, lookAt(t, path)); !slices.Equal(got, []string{"192.0.2.1", "192.0.2.2"}) {
		t.Errorf("after the daemon: got %q", got)
	}
}

func TestReadOnlyDoesNotKeepADaemonOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gaol.sqlite3")
	s := open(t, path)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other := lookAt(t, path)
	bansOf(t, other)
	again := open(t, path)
	commit(t, again, store.Changes{Bans: []jail.Ban{ban("192.0.2.1", 0, 3600)}})
	if got := bansOf(t, other); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

func TestReadOnlyRefuses(t *testing.T) {
	if _, err := store.OpenReadOnly(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: got %v", err)
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database at all\n", 200)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenReadOnly(text); err == nil {
		t.Error("another file: no error")
	}
	if kept, err := os.ReadFile(text); err != nil || !strings.HasPrefix(string(kept), "no database") {
		t.Errorf("it is now %q, %v", kept, err)
	}
}
