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

// dirEntry is a name in a directory, of a regular file.
type dirEntry struct {
	name string
	// shape is the name with each number as 0.
	shape string
	stat  fileStat
}

// rotation knows what rotation can make of a log's name.
type rotation struct {
	base, stem, ext string
	// shape is "" if another number in base makes no other log of it.
	shape string
}

// rotationOf is that of a log called base. numbered says that another number in the same
// place may be its next or its former name.
func rotationOf(base string, numbered bool) rotation {
	r := rotation{base: base, ext: filepath.Ext(base)}
	r.stem = strings.TrimSuffix(base, r.ext)
	if numbered && digits.MatchString(base) {
		r.shape = shapeOf(base)
	}
	return r
}

// made says whether e can be what rotation made of the log: base with a suffix
// (auth.log.1, auth.log-20260310, auth.log.old), a date or number before the
// extension (auth-20260310.log), or, for a link that is switched from file to file,
// another number in the same place (app-0001.log, app-0002.log).
func (r rotation) made(e dirEntry) bool {
	if e.name == r.base {
		return false
	}
	if suffix, ok := strings.CutPrefix(e.name, r.base); ok {
		return rotationSuffix.MatchString(suffix)
	}
	if r.ext != "" && r.stem != "" {
		if middle, ok := strings.CutPrefix(e.name, r.stem); ok {
			if middle, ok = strings.CutSuffix(middle, r.ext); ok && rotationSuffix.MatchString(middle) {
				return true
			}
		}
	}
	return r.shape != "" && r.shape == e.shape
}

// shapeOf is name with each number as 0.
func shapeOf(name string) string { return digits.ReplaceAllString(name, "0") }

var (
	rotationSuffix = regexp.MustCompile(`^[-._](?:[0-9][-._:+0-9A-Za-z]*|old|bak|prev|save)$`)
	rotatedName    = regexp.MustCompile(`[0-9]|[-._](?:old|bak|prev|save)$`)
	digits         = regexp.MustCompile(`[0-9]+`)
	lastNumber     = regexp.MustCompile(`([0-9]{1,9})[^0-9]*$`)
)

// views are the directories that were read in one look.
type views map[string][]dirEntry

// in returns what may be a rotated file in dir, none if it cannot be read.
func (v views) in(dir string) []dirEntry {
	entries, ok := v[dir]
	if !ok {
		entries = viewDir(dir)
		v[dir] = entries
	}
	return entries
}

// siblings finds the rotated files beside real, see rotationOf for numbered.
func (v views) siblings(real string, numbered bool) []sibling {
	dir, base := filepath.Split(real)
	r := rotationOf(base, numbered)
	var found []sibling
	for _, e := range v.in(filepath.Clean(dir)) {
		if r.made(e) {
			found = append(found, sibling{dir + e.name, e.stat})
		}
	}
	return found
}

// viewTries is how often a directory is read to see it twice the same.
const viewTries = 10

// viewDir reads a directory. While files in it are renamed, a reading may miss one
// of them, so it is read until it looks the same twice.
func viewDir(dir string) []dirEntry {
	before := readDir(dir)
	for range viewTries {
		now := readDir(dir)
		if slices.EqualFunc(before, now, sameEntry) {
			return now
		}
		before = now
	}
	return before
}

func sameEntry(a, b dirEntry) bool { return a.name == b.name && a.stat.id == b.stat.id }

// readDir reads a directory once, in the order of names.
func readDir(dir string) []dirEntry {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	slices.Sort(names)
	var entries []dirEntry
	for _, name := range names {
		if compressed(name) || !rotatedName.MatchString(name) {
			continue
		}
		st, err := lstatPath(filepath.Join(dir, name))
		if err == nil && st.regular() {
			entries = append(entries, dirEntry{name, shapeOf(name), st})
		}
	}
	return entries
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
	return cmp.Or(compareBirth(a, b), cmp.Compare(rotationNumber(b.path), rotationNumber(a.path)))
}

// compareBirth is compareAge without the numbers: 0 within one tick.
func compareBirth(a, b sibling) int {
	if a.stat.id.born != 0 && b.stat.id.born != 0 {
		return cmp.Compare(a.stat.id.born, b.stat.id.born)
	}
	return a.stat.modified.Compare(b.stat.modified)
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
