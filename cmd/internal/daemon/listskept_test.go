package daemon_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gaol/jail/blocklist"
)

// TestKeptListsAreTidied leaves the files of lists in use alone, whole or not yet, and removes all others.
func TestKeptListsAreTidied(t *testing.T) {
	s := newSite(t, "")
	list := filepath.Join(s.dir, "gone.txt")
	dir := filepath.Join(s.dir, "gaol.sqlite3.blocklists")
	name := func(path string) string { return blocklist.KeptName(blocklist.Source{Text: "file:" + path}) }
	want := []string{name(list) + blocklist.NewKept}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range append(want, name("/nowhere"), name("/nowhere")+blocklist.NewKept) {
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.configure("[jail.sshd]\nenabled = false\n[jail.drop]\nenabled = true\nblocklist = [\"file:" + list + "\"]\n")
	s.run(nil)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("kept are %q, not %q", got, want)
	}
}
