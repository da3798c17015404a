package source

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestResumeWhileRotating renames the newest file between its opening and the listing of what was
// rotated, where it is then found once more.
func TestResumeWhileRotating(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	files, err := NewFiles(FilesOptions{Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	l := newLooker(files, nil, t.Context(), nil)
	open := func(text string) opened {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		file, st, err := openRegular(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		return opened{file, sibling{path, st}}
	}
	rename := func(to string) {
		t.Helper()
		if err := os.Rename(path, path+to); err != nil {
			t.Fatal(err)
		}
	}
	trail, _ := files.trailOf(path)
	r := &resumption{l: l, t: trail, files: []resumed{{open("read already\n"), beginning{offset: 13}}}}
	rename(".2")
	newest := open("new\n")
	rename(".1")
	r.siblings = func() []sibling { return views{}.beside(trail, path, true, true) }
	r.addNewer(&newest)
	if len(r.files) != 2 || r.files[1].stat.id != newest.stat.id {
		t.Errorf("%d files are to be read, want 2: %v", len(r.files), r.files)
	}
}
