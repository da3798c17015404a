package source

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Pattern names the files to follow.
type Pattern struct {
	// Glob is a path or a pattern as filepath.Match takes it. Of a pattern's
	// matches, directories, compressed files and other things that cannot be
	// followed are passed over; under a path they are a problem.
	Glob string
	// From says where a file begins that has no stored position and is
	// there when the pattern is looked at for the first time. A file that
	// comes later is read from its first line.
	From From
	// FindTime and Date belong to FromTime: reading begins at the first line
	// that Date dates no earlier than FindTime ago, taking dates to ascend.
	// Date returns false for a line without a date; without Date, FromTime
	// is FromEnd.
	FindTime time.Duration
	Date     func(line string) (time.Time, bool)
}

// From is where a file that has never been seen begins.
type From int

const (
	// FromEnd: only what is written from now on.
	FromEnd From = iota
	// FromTime: what was written within FindTime.
	FromTime
)

// checkPatterns finds the errors that no later moment can mend.
func checkPatterns(patterns []Pattern) error {
	var errs []error
	for _, p := range patterns {
		if p.Glob == "" {
			errs = append(errs, errors.New("following files: empty path"))
			continue
		}
		if _, err := filepath.Match(p.Glob, ""); err != nil {
			errs = append(errs, fmt.Errorf("following %s: %w: escape a bracket that is part of the name as \\[", p.Glob, err))
		}
	}
	return errors.Join(errs...)
}

// literal says that the pattern is a path.
func (p Pattern) literal() bool { return !strings.ContainsAny(p.Glob, `*?[\`) }

// found are the patterns that lead to each path.
type found map[string][]Pattern

// byGlob are the paths of each pattern.
func (f found) byGlob() map[string][]string {
	paths := map[string][]string{}
	for path, patterns := range f {
		for _, p := range patterns {
			paths[p.Glob] = append(paths[p.Glob], path)
		}
	}
	return paths
}

// expand looks for the files of all patterns. A literal path is found whether
// it is there or not. troubles are the patterns without a match, or with too many, and why.
func expand(patterns []Pattern) (paths found, troubles map[string]string) {
	paths, troubles = found{}, map[string]string{}
	for _, p := range patterns {
		if p.literal() {
			path := filepath.Clean(p.Glob)
			paths[path] = append(paths[path], p)
			continue
		}
		matches, _ := filepath.Glob(p.Glob) // the pattern was checked before
		matches = slices.DeleteFunc(matches, compressed)
		if len(matches) == 0 {
			troubles[p.Glob] = whyUnmatched(p)
		}
		matches, crowd := thin(matches)
		if crowd != "" {
			troubles[p.Glob] = crowd
		}
		for _, path := range matches {
			path = filepath.Clean(path)
			paths[path] = append(paths[path], p)
		}
	}
	return paths, troubles
}

// maxInDirectory is how many files of one directory are followed for one pattern. Each takes a
// descriptor, a watch and some 25 kB, and whoever may write to the directory, which is not always
// root, could make as many as it takes for nothing else to be left.
const maxInDirectory = 4000

// thin leaves of each directory the files that were written last, if there are too many, and
// says where there are.
func thin(paths []string) (kept []string, crowd string) {
	if len(paths) <= maxInDirectory {
		return paths, ""
	}
	byDir := map[string][]string{}
	for _, path := range paths {
		dir := filepath.Dir(path)
		byDir[dir] = append(byDir[dir], path)
	}
	for _, dir := range slices.Sorted(maps.Keys(byDir)) {
		all := byDir[dir]
		if len(all) > maxInDirectory {
			crowd = fmt.Sprintf("%d files match in %s: of these only the %d that were written last are read: "+
				"make the pattern narrower, or remove old logs", len(all), dir, maxInDirectory)
			all = writtenLast(all, maxInDirectory)
		}
		kept = append(kept, all...)
	}
	return kept, crowd
}

// writtenLast are the n paths that were written last.
func writtenLast(paths []string, n int) []string {
	type dated struct {
		path string
		at   time.Time
	}
	all := make([]dated, 0, len(paths))
	for _, path := range paths {
		st, err := statPath(path)
		if err == nil && st.regular() {
			all = append(all, dated{path, st.modified})
		}
	}
	slices.SortStableFunc(all, func(a, b dated) int { return b.at.Compare(a.at) })
	kept := make([]string, 0, n)
	for _, d := range all[:min(n, len(all))] {
		kept = append(kept, d.path)
	}
	return kept
}

// whyUnmatched says why a pattern leads to no file.
func whyUnmatched(p Pattern) string {
	for _, dir := range directories(p.Glob) {
		d, err := os.Open(dir)
		if err == nil {
			_, err = d.Readdirnames(1)
			d.Close()
		}
		if errors.Is(err, fs.ErrPermission) {
			return fmt.Sprintf("no file matches, and the directory %s: %s", dir, explain(err))
		}
	}
	return noFile
}

const noFile = "no file matches"

// directories are those in which a change can bring or take away a match: the
// deepest existing one on the way to the first wildcard, and all that match the
// parts of the pattern behind it.
func directories(glob string) []string {
	parts := strings.Split(filepath.Clean(glob), string(filepath.Separator))
	var dirs []string
	for i := len(parts) - 1; i > 0; i-- {
		prefix := strings.Join(parts[:i], string(filepath.Separator))
		if prefix == "" {
			prefix = string(filepath.Separator)
		}
		wild := strings.ContainsAny(prefix, `*?[\`)
		matches := []string{prefix}
		if wild {
			matches, _ = filepath.Glob(prefix)
		}
		exist := false
		for _, m := range matches {
			if st, err := statPath(m); err == nil && st.directory() {
				dirs = append(dirs, m)
				exist = true
			}
		}
		if exist && !wild {
			break // all above it is fixed
		}
	}
	if len(dirs) == 0 && !filepath.IsAbs(glob) {
		dirs = []string{"."}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// compressed says so of a file, by its name.
func compressed(path string) bool {
	switch filepath.Ext(path) {
	case ".gz", ".xz", ".bz2", ".zst", ".lz4", ".lzma", ".Z", ".zip", ".7z":
		return true
	}
	return false
}
