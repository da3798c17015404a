package daemon

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"gaol/config"
	"gaol/filter"
	"gaol/filter/logtime"
	"gaol/jail/source"
)

// journalKey begins the key of a journal's match set, which stands for it among
// patterns.
const journalKey = "journal:"

// staleAfter is the age from which on a log file is thought to be left over: where
// the journal can be read as well, it is read instead.
const staleAfter = 24 * time.Hour

// sources are all sources of the daemon: one follower of files for all jails, and
// one of the journal for each match set.
type sources struct {
	log    *slog.Logger
	now    func() time.Time
	files  *source.Files
	emit   source.Emit
	group  *errgroup.Group
	ctx    context.Context // of Run; journals that a reload brings end with it
	stored []filter.Position

	mu       sync.Mutex
	journals map[string]*followedJournal
}

type followedJournal struct {
	*source.Journal
	cancel context.CancelFunc
}

// plan says what a jail reads: files by pattern, or the journal.
type plan struct {
	files   []source.Pattern
	journal []string
}

// patterns are the names by which batches are handed to the jail.
func (p plan) patterns() []string {
	var names []string
	for _, f := range p.files {
		names = append(names, f.Glob)
	}
	if p.journal != nil {
		names = append(names, journalKey+strings.Join(p.journal, " "))
	}
	return names
}

// planFor chooses between a jail's files and the journal. Files win where they are
// being written; a log that went stale (its syslog daemon was removed) or is not
// there leaves the field to the journal.
func planFor(j config.Jail, stat func(glob string) (newest time.Time, ok bool), haveJournal bool, now time.Time) plan {
	var files []source.Pattern
	fresh := false
	for _, glob := range j.LogPath {
		files = append(files, source.Pattern{Glob: glob, From: source.FromEnd})
		if j.FromFindTime {
			last := &files[len(files)-1]
			last.From, last.FindTime, last.Date = source.FromTime, j.FindTime, dateReader(j, now)
		}
		if newest, ok := stat(glob); ok && now.Sub(newest) < staleAfter {
			fresh = true
		}
	}
	if j.Journal && (len(files) == 0 || haveJournal && !fresh) {
		match := j.Filter.Journalmatch
		if match == nil {
			match = []string{}
		}
		return plan{journal: match}
	}
	return plan{files: files}
}

// dateReader dates a line as the jail's filter would.
func dateReader(j config.Jail, now time.Time) func(string) (time.Time, bool) {
	finder, err := logtime.New(logtime.Options{Location: j.Timezone, Patterns: j.Filter.Datepattern})
	if err != nil {
		// The filter does not compile either, and says why.
		return nil
	}
	var mu sync.Mutex
	return func(line string) (time.Time, bool) {
		mu.Lock()
		defer mu.Unlock()
		found, ok := finder.Find(line, now)
		return found.Time, ok
	}
}

// newestMatch returns the latest change among the files of a glob.
func newestMatch(glob string) (newest time.Time, ok bool) {
	// A bad pattern was found by package config.
	paths, _ := filepath.Glob(glob)
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		ok = true
		if info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return newest, ok
}

func haveJournal() bool {
	_, err := exec.LookPath("journalctl")
	return err == nil
}

// follow makes plans the only things that are read.
func (s *sources) follow(plans []plan) {
	globs := map[string]source.Pattern{}
	wanted := map[string]plan{}
	for _, p := range plans {
		for _, f := range p.files {
			if _, ok := globs[f.Glob]; !ok || f.From == source.FromTime {
				globs[f.Glob] = f
			}
		}
		if p.journal != nil {
			wanted[p.patterns()[0]] = p
		}
	}
	s.files.SetPatterns(slices.Collect(maps.Values(globs)))
	s.followJournals(wanted)
}

func (s *sources) followJournals(wanted map[string]plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, j := range s.journals {
		if _, ok := wanted[key]; !ok {
			j.cancel()
			delete(s.journals, key)
		}
	}
	for key, p := range wanted {
		if s.journals[key] == nil {
			s.startJournalLocked(key, p.journal)
		}
	}
}

func (s *sources) startJournalLocked(key string, match []string) {
	opts := source.JournalOptions{Key: key, Match: match, Logger: s.log, Now: s.now}
	for i := range s.stored {
		if s.stored[i].Path == key {
			opts.Position = &s.stored[i]
		}
	}
	j, err := source.NewJournal(opts)
	if err != nil {
		s.log.Error("following the journal", "source", key, "err", err)
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.journals[key] = &followedJournal{j, cancel}
	s.group.Go(func() error { return j.Run(ctx, s.emit) })
}

// status describes all sources, in a steady order.
func (s *sources) status() []source.Status {
	all := s.files.Status()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(s.journals)) {
		all = append(all, s.journals[key].Status()...)
	}
	return all
}
