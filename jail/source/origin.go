package source

import (
	"path/filepath"
	"slices"
	"strings"
)

// Origins lists the paths that the log at path may have been written at: path itself, without
// the extension of a compressed file, and without what rotation adds to a name, the longest
// first. It goes by names alone: /var/log/auth.log.2.gz may have been /var/log/auth.log.
func Origins(path string) []string {
	list := []string{path}
	if compressed(path) {
		path = strings.TrimSuffix(path, filepath.Ext(path))
		list = append(list, path)
	}
	dir, base := filepath.Split(path)
	ext := filepath.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	for i := len(base) - 1; i > 0; i-- {
		if rotationSuffix.MatchString(base[i:]) {
			list = append(list, dir+base[:i])
		}
		if i < len(stem) && rotationSuffix.MatchString(stem[i:]) {
			list = append(list, dir+stem[:i]+ext)
		}
	}
	slices.SortStableFunc(list, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(list)
}
