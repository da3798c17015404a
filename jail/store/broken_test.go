package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gaol/jail"
	"gaol/jail/store"
)

// sound makes a closed store with some bans.
func sound(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "gaol.sqlite3")
	s := open(t, path)
	commit(t, s, store.Changes{Bans: manyBans(500)})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func execSQL(t *testing.T, path, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(query); err != nil {
		t.Fatal(err)
	}
}

func versionOf(t *testing.T, path string) (version int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		t.Fatal(err)
	}
	return version
}

func TestUnusableFileIsMovedAside(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(t *testing.T, path string)
	}{
		{"its head overwritten", func(t *testing.T, path string) { overwrite(t, path, 0, 200) }},
		{"text", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("not a database\n", 500)), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"another program's database", func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			execSQL(t, path, "CREATE TABLE music (title TEXT)")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := sound(t)
			tt.spoil(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			s, err := store.Open(path, store.Options{Now: noon, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			aside := path + ".broken-20260310T120000Z"
			if s.Broken() == nil || !strings.Contains(s.Broken().Error(), aside) || !strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("got %v and log %q, want both to say where the file is now", s.Broken(), log.String())
			}
			if after, err := os.ReadFile(aside); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file that was moved aside is not what it was: %v", err)
			}
			commit(t, s, store.Changes{Bans: []jail.Ban{ban("192.0.2.1", 0, 10)}})
			if n := len(load(t, s, noon).Bans); n != 1 {
				t.Errorf("got %d bans in the new store, want 1", n)
			}
		})
	}
}

func overwrite(t *testing.T, path string, from, to int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, int(to-from)), from); err != nil {
		t.Fatal(err)
	}
}

func TestBrokenInside(t *testing.T) {
	path := sound(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, path, 4096*10, info.Size()) // the first pages hold the schema
	s := open(t, path)
	if s.Broken() != nil {
		t.Fatalf("got %v at once", s.Broken())
	}
	if _, err := s.Load(t.Context(), noon); !errors.Is(err, store.ErrBegunAnew) {
		t.Fatalf("got %v, want the store begun anew", err)
	}
	if s.Broken() == nil {
		t.Error("nothing says that the store was broken")
	}
	if n := len(load(t, s, noon).Bans); n != 0 {
		t.Errorf("got %d bans, want none", n)
	}
	commit(t, s, store.Changes{Bans: manyBans(10)})
	if n := len(load(t, s, noon).Bans); n != 10 {
		t.Errorf("got %d bans, want 10", n)
	}
}

func TestBrokenWhileCommitting(t *testing.T) {
	path := sound(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, path, 4096*10, info.Size())
	s := open(t, path)
	again := store.Changes{Bans: manyBans(500)}
	if err := s.Commit(t.Context(), again); !errors.Is(err, store.ErrBegunAnew) {
		t.Fatalf("got %v, want the store begun anew", err)
	}
	commit(t, s, again)
	if n := len(load(t, s, noon).Bans); n != 500 {
		t.Errorf("got %d bans, want 500", n)
	}
}

func TestSecondBrokenFileOfTheSameSecond(t *testing.T) {
	path := sound(t)
	for range 2 {
		overwrite(t, path, 0, 200)
		s, err := store.Open(path, store.Options{Now: noon})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	aside, err := filepath.Glob(path + ".broken-20260310T120000Z*")
	aside = slices.DeleteFunc(aside, func(name string) bool { return strings.HasSuffix(name, "-wal") || strings.HasSuffix(name, "-shm") })
	if err != nil || len(aside) != 2 {
		t.Errorf("got %v, %v, want both", aside, err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	path := sound(t)
	ours := versionOf(t, path)
	execSQL(t, path, "PRAGMA user_version = 999")
	_, err := store.Open(path, store.Options{})
	if !errors.Is(err, store.ErrNewerSchema) || !strings.Contains(err.Error(), "schema 999") {
		t.Errorf("got %v, want a refusal that names the schema", err)
	}
	execSQL(t, path, fmt.Sprintf("PRAGMA user_version = %d", ours))
	if n := len(load(t, open(t, path), noon).Bans); n != 500 {
		t.Errorf("got %d bans, want the file as it was", n)
	}
}

func TestDirectoryThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(file, "gaol.sqlite3"), t.TempDir()} {
		if s, err := store.Open(path, store.Options{}); err == nil {
			s.Close()
			t.Errorf("%s was opened", path)
		}
	}
}
