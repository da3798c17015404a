package main

import (
	"io"
	"os"
	"strings"
	"time"

	"gaol/filter"
	"gaol/filter/header"
)

const (
	// tailSize is how much of a log's end is looked at.
	tailSize = 64 << 10
	// enough lines that the filter should know, and knows none of, are no accident.
	enough = 20
)

// isStrange says that the end of a log has lines, and none that the filter knows: it is another
// program's, or in another format. It is false where that can't be said.
func isStrange(path string, f *filter.Filter, now time.Time) bool {
	if f == nil || !f.Watchful() || strings.HasSuffix(path, ".gz") {
		return false
	}
	text, err := tail(path)
	if err != nil {
		return false // the daemon tells, which has other rights than who asks
	}
	m, strange := f.NewMatcher(), 0
	for text := range strings.Lines(text) {
		line := filter.Line{Text: strings.TrimRight(text, "\r\n"), Read: now, CatchUp: true}
		if verdict := m.Match(line).Verdict; verdict == filter.Matched || verdict == filter.Succeeded {
			return false
		}
		switch m.Sight(line) {
		case filter.Known:
			return false
		case filter.Strange:
			if _, record := header.ParseRecord(line.Text); !record { // it may be another container's
				strange++
			}
		}
	}
	return strange >= enough
}

// tail is the end of a file, from the beginning of a line on.
func tail(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", os.ErrInvalid
	}
	start := max(0, info.Size()-tailSize)
	text, err := io.ReadAll(io.NewSectionReader(file, start, tailSize))
	if err != nil {
		return "", err
	}
	if start > 0 {
		_, rest, _ := strings.Cut(string(text), "\n")
		return rest, nil
	}
	return string(text), nil
}
