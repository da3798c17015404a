package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Whoever may write to a log directory can fill it. What is read of it is bounded, and said, and
// other directories of the same pattern don't suffer.
func TestCrowdedDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string, age time.Duration) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for i := range maxInDirectory {
		file(fmt.Sprintf("crowd/%d.log", i), time.Minute)
	}
	old, apart := file("crowd/a-old.log", time.Hour), file("apart/x.log", 2*time.Hour)
	crowd := Pattern{Glob: filepath.Join(dir, "*", "*.log")}
	paths, troubles := expand([]Pattern{crowd})
	if len(paths) != maxInDirectory+1 || paths[old] != nil || paths[apart] == nil {
		t.Errorf("%d paths, the oldest %v, the one apart %v", len(paths), paths[old], paths[apart])
	}
	if why := troubles[crowd.Glob]; !strings.HasPrefix(why, "4001 files match in ") {
		t.Errorf("problem %q", why)
	}
	os.Remove(filepath.Join(dir, "crowd/7.log"))
	if paths, troubles = expand([]Pattern{crowd}); len(troubles) != 0 || paths[old] == nil {
		t.Errorf("with one less: the oldest %v, problems %v", paths[old], troubles)
	}
}

// Logs that are numbered or dated themselves are no rotated files of each other: of some
// thousand, each knowing all others would take all memory.
func TestNumberedLogsAreNotRotated(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("app-%d.log", i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	real := filepath.Join(dir, "app-1.log")
	if all := (views{}).rotated(&trail{path: real, real: real}, real); len(all) != 0 {
		t.Errorf("beside a plain file: %v", all)
	}
	link := filepath.Join(dir, "current")
	if all := (views{}).rotated(&trail{path: link, real: link}, real); len(all) != 2 {
		t.Errorf("beside a link's target: %v", all)
	}
}
