package daemon_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// spoil overwrites an address in the store's files with another one of the same length.
func (s *site) spoil(address, other string) {
	s.t.Helper()
	found := false
	for _, ending := range []string{"", "-wal"} {
		path := filepath.Join(s.dir, "gaol.sqlite3"+ending)
		text, err := os.ReadFile(path)
		if err != nil {
			s.t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			s.t.Fatal(err)
		}
		for at := 0; ; {
			next := bytes.Index(text[at:], []byte(address))
			if next < 0 {
				break
			}
			at += next
			if _, err := f.WriteAt([]byte(other), int64(at)); err != nil {
				s.t.Fatal(err)
			}
			at, found = at+len(other), true
		}
		f.Close()
	}
	if !found {
		s.t.Fatalf("%s is not in the store", address)
	}
}

// TestDamagedBanIsNotEnforced changes the address of a ban in the store of a stopped daemon: every byte
// that SQLite looks at is as it should be, but the ban would be somebody else's.
func TestDamagedBanIsNotEnforced(t *testing.T) {
	s := newSite(t, oneJail("app", "bantime = \"1h\""))
	s.start("GAOL_TEST_OBSERVE=1")
	s.append("app.log", failures(5, "203.0.113.11")+failures(5, "203.0.113.12"))
	s.waitDecided("203.0.113.11")
	s.waitDecided("203.0.113.12")
	s.stop()
	s.spoil("203.0.113.11", "203.0.113.99")
	s.start("GAOL_TEST_OBSERVE=1")
	s.waitDecided("203.0.113.12")
	if bans := s.banned(); len(bans) != 1 {
		t.Errorf("in force: %+v", bans)
	}
	s.waitProblem("", "damaged records")
	if text := s.metrics(); !strings.Contains(text, "gaol_problems{jail=\"\"} 1\n") {
		t.Errorf("metrics:\n%s", text)
	}
	if log := s.log(); !strings.Contains(log, "level=WARN msg=problem") || !strings.Contains(log, "damaged records") {
		t.Errorf("log:\n%s", log)
	}
}

// TestStoreDestroyedWhileRunning overwrites all of a running daemon's store. Bans go on, those in
// force are stored again in a new file, and all of it is told.
func TestStoreDestroyedWhileRunning(t *testing.T) {
	s := newSite(t, oneJail("app", "bantime = \"1h\""))
	s.start("GAOL_TEST_OBSERVE=1")
	s.append("app.log", failures(5, "203.0.113.11"))
	s.waitDecided("203.0.113.11")
	for _, ending := range []string{"", "-wal"} {
		path := filepath.Join(s.dir, "gaol.sqlite3"+ending)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(bytes.Repeat([]byte{0x5a}, int(info.Size()))); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	n := 12
	s.wait("the file is moved aside", func() error {
		// What is in its memory SQLite does not read again at once.
		s.append("app.log", failures(5, fmt.Sprintf("203.0.113.%d", n%200)))
		n++
		if aside, _ := filepath.Glob(filepath.Join(s.dir, "gaol.sqlite3.broken-*")); len(aside) == 0 {
			return fmt.Errorf("problems: %q", s.status().Problems)
		}
		return nil
	})
	s.append("app.log", failures(5, "203.0.113.250"))
	s.waitDecided("203.0.113.250")
	s.waitDecided("203.0.113.11")
	s.wait("all is stored, and the file that was moved aside is told of", func() error {
		problems := strings.Join(s.status().Problems, "\n")
		if !strings.Contains(problems, "gaol.sqlite3.broken-") || strings.Contains(problems, "storing failures") {
			return fmt.Errorf("problems: %q", problems)
		}
		return nil
	})
	s.kill()
	s.start("GAOL_TEST_OBSERVE=1")
	s.waitDecided("203.0.113.250")
	s.waitDecided("203.0.113.11")
}
