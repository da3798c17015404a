package source

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// sibling is a file beside a log whose name says that it was the log.
type sibling struct {
	path string
	stat fileStat
}

// isRotated says whether name can be what rotation made of base: base with a
// suffix (auth.log.1, auth.log-20260310, auth.log.old), a date or number before
// the extension (auth-20260310.log), or, for a link that is switched from file to
// file, another number in the same place (app-0001.log, app-0002.log).
func isRotated(base, name string) bool {
	if name == base || compressed(name) {
		return false
	}
	if suffix, ok := strings.CutPrefix(name, base); ok {
		return rotationSuffix.MatchString(suffix)
	}
	ext := filepath.Ext(base)
	if stem := strings.TrimSuffix(base, ext); ext != "" && stem != "" {
		if middle, ok := strings.CutPrefix(name, stem); ok {
			if middle, ok = strings.CutSuffix(middle, ext); ok && rotationSuffix.MatchString(middle) {
				return true
			}
		}
	}
	return digits.MatchString(base) && digits.ReplaceAllString(base, "0") == digits.ReplaceAllString(name, "0")
}

var (
	rotationSuffix = regexp.MustCompile(`^[-._](?:[0-9][-._:+0-9A-Za-z]*|old|bak|prev|save)$`)
	digits         = regexp.MustCompile(`[0-9]+`)
	lastNumber     = regexp.MustCompile(`([0-9]{1,9})[^0-9]*$`)
)

// siblingsOf finds the rotated files beside real among the names in its directory.
func siblingsOf(real string, names []string) []sibling {
	dir, base := filepath.Split(real)
	var found []sibling
	for _, name := range names {
		if !isRotated(base, name) {
			continue
		}
		path := dir + name
		st, err := lstatPath(path)
		if err == nil && st.regular() {
			found = append(found, sibling{path, st})
		}
	}
	return found
}

// ids are the siblings' identities.
func ids(siblings []sibling) map[fileID]bool {
	m := make(map[fileID]bool, len(siblings))
	for _, s := range siblings {
		m[s.stat.id] = true
	}
	return m
}

// compareAge orders files from the oldest to the newest: by birth, by the last
// change where the file system does not know the birth, and within one tick of
// the kernel's clock by the number that rotation gave them.
func compareAge(a, b sibling) int {
	byTime := a.stat.modified.Compare(b.stat.modified)
	if a.stat.id.born != 0 && b.stat.id.born != 0 {
		byTime = cmp.Compare(a.stat.id.born, b.stat.id.born)
	}
	return cmp.Or(byTime, cmp.Compare(rotationNumber(b.path), rotationNumber(a.path)))
}

// rotationNumber is the 1 of auth.log.1: a higher one is older. It is -1 for a
// name without a number and for one with a date.
func rotationNumber(path string) int {
	const tooHighForNumber = 1000
	m := lastNumber.FindStringSubmatch(filepath.Base(path))
	if m == nil {
		return -1
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || n >= tooHighForNumber {
		return -1
	}
	return n
}

// sortByAge sorts from the oldest to the newest.
func sortByAge(files []sibling) { slices.SortStableFunc(files, compareAge) }

// listings are the names in the directories that were read in one look.
type listings map[string][]string

// in returns the names in dir, none if it cannot be read.
func (l listings) in(dir string) []string {
	names, ok := l[dir]
	if !ok {
		if d, err := os.Open(dir); err == nil {
			names, _ = d.Readdirnames(-1)
			d.Close()
		}
		l[dir] = names
	}
	return names
}
