package replay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gaol/filter"
	"gaol/jail/source"
)

// logFile is one of the files that are replayed.
type logFile struct {
	path string
	info fs.FileInfo
	// first is the first date in it, zero if the beginning bears none.
	first time.Time
}

// streamsOf finds out which jails read which files, and what belongs together.
func streamsOf(opts Options, players []*player) ([]*stream, error) {
	files, err := filesOf(opts.Logs)
	if err != nil {
		return nil, err
	}
	byKey := map[string]*stream{}
	var streams []*stream
	var errs []error
	var size int64
	for _, f := range files {
		readers, origin, err := readersOf(f.path, opts, players)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		key := origin
		for _, p := range readers {
			key += "\x00" + p.Name
		}
		s := byKey[key]
		if s == nil {
			s = &stream{opts: opts, players: readers}
			byKey[key] = s
			streams = append(streams, s)
		}
		if f.first, err = s.firstDate(f.path); err != nil {
			errs = append(errs, err)
		}
		s.files = append(s.files, f)
		size += f.info.Size()
	}
	progress := &progress{tell: opts.Progress, size: size}
	for _, s := range streams {
		// Shared out, as each log has blocks in memory for each of its cores.
		s.progress, s.cores = progress, max(opts.Cores/len(streams), 1)
		slices.SortStableFunc(s.files, byAge)
	}
	return streams, errors.Join(errs...)
}

// byAge puts files into the order in which they were written.
func byAge(a, b logFile) int {
	if a.first.IsZero() || b.first.IsZero() || a.first.Equal(b.first) {
		return a.info.ModTime().Compare(b.info.ModTime())
	}
	return a.first.Compare(b.first)
}

// filesOf looks at the files; one that is named twice counts once.
func filesOf(paths []string) ([]logFile, error) {
	var files []logFile
	var errs []error
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("reading a log: %w", err))
		case info.IsDir():
			errs = append(errs, fmt.Errorf("reading %s: it is a directory: name files in it", path))
		case !info.Mode().IsRegular():
			errs = append(errs, fmt.Errorf("reading %s: it is no regular file", path))
		case !slices.ContainsFunc(files, func(f logFile) bool { return os.SameFile(f.info, info) }):
			files = append(files, logFile{path: path, info: info})
		}
	}
	return files, errors.Join(errs...)
}

// readersOf are the jails that read a file, and origin is the log that it is, or was before it was
// rotated.
func readersOf(path string, opts Options, players []*player) (readers []*player, origin string, err error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, "", fmt.Errorf("reading %s: %w", path, err)
	}
	origins := source.Origins(full)
	players = slices.DeleteFunc(slices.Clone(players), func(p *player) bool { return p.Bans })
	if len(players) == 0 {
		return nil, "", fmt.Errorf("no jail reads %s: those that are asked for read the bans of others", path)
	}
	if opts.Jail != "" {
		return players, origins[len(origins)-1], nil
	}
	for _, origin := range origins {
		for _, p := range players {
			if slices.ContainsFunc(p.LogPath, func(glob string) bool { return means(glob, origin) }) {
				readers = append(readers, p)
			}
		}
		if len(readers) > 0 {
			return readers, origin, nil
		}
	}
	names := make([]string, len(players))
	for i, p := range players {
		names[i] = p.Name
	}
	return nil, "", fmt.Errorf("no jail reads %s: name the one that shall with -j (enabled: %s)", path, strings.Join(names, ", "))
}

// means says whether a logpath means a file.
func means(glob, path string) bool {
	full, err := filepath.Abs(glob)
	if err != nil {
		return false
	}
	ok, err := filepath.Match(full, path)
	return ok && err == nil // a bad pattern was found by package config
}

// headSize is how much of a file's beginning is looked at for its first date.
const headSize = 64 << 10

// firstDate finds the first date in a file.
func (s *stream) firstDate(path string) (time.Time, error) {
	log, err := source.Open(path)
	if err != nil {
		return time.Time{}, err
	}
	defer log.Close()
	head := make([]byte, headSize)
	n := 0
	for n < len(head) {
		more, err := log.Read(head[n:])
		n += more
		if err != nil {
			break // it is told when the file is read
		}
	}
	for line := range strings.Lines(string(head[:n])) {
		if at := s.dateOf(line); !at.IsZero() {
			return at, nil
		}
	}
	return time.Time{}, nil
}

// dateOf is the date of a line, zero if it bears none.
func (s *stream) dateOf(line string) time.Time {
	if s.dates == nil {
		s.dates = s.players[0].Compiled.NewMatcher()
	}
	_, at := s.dates.Date(filter.Line{Text: strings.TrimRight(line, "\r\n"), Read: s.opts.Now, CatchUp: true})
	return at
}
