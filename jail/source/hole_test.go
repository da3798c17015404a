package source_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Sparse files of terabytes, in which a log may begin, go on or end, hold up neither their own lines
// nor those of other logs.
func TestHugeHoles(t *testing.T) {
	t.Parallel()
	const huge = 8 << 40
	for _, tt := range []struct {
		name   string
		before string
	}{
		{"nothing but a hole", ""},
		{"behind a line", "old\n"},
		{"behind a line without its end", "old\nhalf"},
	} {
		for _, late := range []bool{false, true} {
			name := tt.name + ", there at the start"
			if late {
				name = tt.name + ", coming later"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				log, other := filepath.Join(dir, "x.log"), filepath.Join(dir, "y.log")
				appear := func() {
					write(t, log+".new", tt.before)
					if err := os.Truncate(log+".new", huge); err != nil {
						t.Skipf("this file system has no files of 8 TiB: %v", err)
					}
					rename(t, log+".new", log)
				}
				write(t, other, "")
				if !late {
					appear()
				}
				begun := time.Now()
				f := run(t, options(log, other))
				f.ready(other)
				if late {
					appear()
				}
				f.ready(log)
				write(t, log, "\nnew\n")
				write(t, other, "other\n")
				f.until("the new lines", func() bool {
					n := 0
					for _, l := range f.lines {
						if l == "new" || l == "other" {
							n++
						}
					}
					return n == 2
				})
				f.end()
				if took := time.Since(begun); took > 10*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		}
	}
}
