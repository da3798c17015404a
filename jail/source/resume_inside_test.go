package source

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestKnownWhileRotating lists what was rotated, and rotates once more, before what is known is
// settled.
func TestKnownWhileRotating(t *testing.T) {
	r := newRotating(t)
	r.siblings = sync.OnceValue(r.siblings)
	r.open("read already\n")
	r.rename(".2")
	before := r.siblings()
	r.open("new\n")
	r.rename(".1")
	if known := r.known(r.path); len(before) != 1 || !maps.Equal(known, ids(before)) {
		t.Errorf("known are %v, want %v", known, ids(before))
	}
}

// TestResumeWhileRotating renames the newest file between its opening and the listing of what was
// rotated, where it is then found once more.
func TestResumeWhileRotating(t *testing.T) {
	r := newRotating(t)
	r.files = []resumed{{r.open("read already\n"), beginning{offset: 13}}}
	r.rename(".2")
	newest := r.open("new\n")
	r.rename(".1")
	r.addNewer(&newest)
	if len(r.files) != 2 || r.files[1].stat.id != newest.stat.id {
		t.Errorf("%d files are to be read, want 2: %v", len(r.files), r.files)
	}
}

// rotating is a log that is rotated while it is resumed.
type rotating struct {
	resumption
	test *testing.T
	path string
}

func newRotating(t *testing.T) *rotating {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.log")
	files, err := NewFiles(FilesOptions{Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	trail, _ := files.trailOf(path)
	return &rotating{test: t, path: path, resumption: resumption{
		l: newLooker(files, nil, t.Context(), nil), t: trail,
		siblings: func() []sibling { return views{}.beside(trail, path, true, true) },
	}}
}

// open writes a new file where the path leads, and opens it.
func (r *rotating) open(text string) opened {
	r.test.Helper()
	if err := os.WriteFile(r.path, []byte(text), 0o600); err != nil {
		r.test.Fatal(err)
	}
	file, st, err := openRegular(r.path)
	if err != nil {
		r.test.Fatal(err)
	}
	r.test.Cleanup(func() { file.Close() })
	return opened{file, sibling{r.path, st}}
}

func (r *rotating) rename(suffix string) {
	r.test.Helper()
	if err := os.Rename(r.path, r.path+suffix); err != nil {
		r.test.Fatal(err)
	}
}
