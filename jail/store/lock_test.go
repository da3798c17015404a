package store_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"gaol/jail/store"
)

func TestStoreInUseIsRefused(t *testing.T) {
	path := sound(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, path, 4096*10, info.Size())
	first := open(t, path)
	refused := func(when string) {
		t.Helper()
		s, err := store.Open(path, store.Options{})
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, store.ErrInUse) || !strings.Contains(err.Error(), path+": ") || !strings.Contains(err.Error(), "set another path") {
			t.Fatalf("%s: got %v, want a refusal that names the file and says what to do", when, err)
		}
	}
	refused("open")
	refused("refused once")
	if _, err := first.Load(t.Context(), noon); !errors.Is(err, store.ErrBegunAnew) {
		t.Fatalf("got %v, want the store begun anew", err)
	}
	refused("moved aside and begun anew")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestStoreThatCannotBeOpenedIsNotLocked(t *testing.T) {
	path := sound(t)
	execSQL(t, path, "PRAGMA user_version = 999")
	for range 2 {
		if _, err := store.Open(path, store.Options{}); !errors.Is(err, store.ErrNewerSchema) {
			t.Fatalf("got %v, want %v", err, store.ErrNewerSchema)
		}
	}
}
