package store_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gaol/jail"
	"gaol/jail/store"
)

// restored puts a copy in the place of a store and opens it.
func restored(t *testing.T, content io.Reader) *store.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gaol.sqlite3")
	text, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	if s.Broken() != nil {
		t.Fatal(s.Broken())
	}
	return s
}

func TestBackupHoldsAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gaol.sqlite3")
	s := open(t, path)
	commit(t, s, step(1))
	commit(t, s, store.Changes{Bans: manyBans(500)})
	want := load(t, s, noon)
	f, err := s.Backup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	again := restored(t, f)
	same(t, "of an open store", load(t, again, noon), want)
	commit(t, again, store.Changes{Bans: []jail.Ban{ban("192.0.2.77", 0, 10)}})
	if err := again.Purge(t.Context(), at(1e9)); err != nil {
		t.Error(err)
	}
	// The file itself, not only what is in the write-ahead log.
	if info, err := os.Stat(again.Path()); err != nil || info.Size() > 200_000 {
		t.Errorf("the copy does not shrink: %v, %v", info.Size(), err)
	}

	same(t, "beside it", load(t, restored(t, beside(t, path)), noon), want)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	same(t, "closed", load(t, restored(t, beside(t, path)), noon), want)
}

// beside copies a store that is perhaps open.
func beside(t *testing.T, path string) io.Reader {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := store.Backup(t.Context(), path, to); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(text)
}

// TestBackupsWhileCommitting holds that each copy is of one moment: transactions are in it as a whole.
func TestBackupsWhileCommitting(t *testing.T) {
	s := fresh(t)
	ctx, stop := context.WithCancel(t.Context())
	var committing sync.WaitGroup
	committing.Go(func() {
		for n := 1; ctx.Err() == nil; n++ {
			commit(t, s, step(n))
		}
	})
	var copies []*os.File
	for range 10 {
		f, err := s.Backup(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		copies = append(copies, f)
	}
	stop()
	committing.Wait()
	last := int64(0)
	for _, f := range copies {
		again := restored(t, f)
		st := load(t, again, noon)
		n := int64(0)
		if len(st.Positions) > 0 {
			n = st.Positions[0].Offset
		}
		if n > 0 {
			if err := whole(t.Context(), again, int(n)); err != nil {
				t.Error(err)
			}
		}
		if n < last {
			t.Errorf("a copy of transaction %d after one of %d", n, last)
		}
		last = n
	}
	if last == 0 {
		t.Error("no copy has anything: that proves little")
	}
}

func TestLeftoversOfBackupsAreRemoved(t *testing.T) {
	path := sound(t)
	left, other := path+".backup-123", path+".bak"
	for _, name := range []string{left, other} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, path)
	f, err := s.Backup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	names, _ := filepath.Glob(path + ".b*")
	if len(names) != 1 || names[0] != other {
		t.Errorf("there are %q, want %s alone", names, other)
	}
}

func TestBackupOfSomethingElse(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "foreign")
	execSQL(t, foreign, "CREATE TABLE music (title TEXT)")
	for path, want := range map[string]string{foreign: "not a store of gaol", filepath.Join(dir, "none"): "no such file"} {
		if err := store.Backup(t.Context(), path, filepath.Join(dir, "copy")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}
