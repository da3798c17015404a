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
	"gaol/jail/source"
)

// journalKey begins the name of a journal's match set among patterns; its batches come from
// journalName.
const (
	journalKey  = "journal:"
	journalName = "journal"
)

// staleAfter is the age from which on a log file is thought to be left over: where
// the journal can be read as well, it is read instead.
const staleAfter = 24 * time.Hour

// sources are all sources of the daemon: one follower of files for all jails, and
// one of the journal for each match set. Their Run returns an error only if emit did, so
// whatever is wrong with a log is in its status and ends nothing.
type sources struct {
	log   *slog.Logger
	now   func() time.Time
	files *source.Files
	emit  source.Emit
	group *errgroup.Group
	ctx   context.Context // of Run; journals that a reload brings end with it
	// place is how far a journal has been read, nil: not at all.
	place func(path string) *filter.Position

	mu       sync.Mutex
	journals map[string]*followedJournal
}

type followedJournal struct {
	*source.Journal
	cancel context.CancelFunc
	ended  chan struct{}
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
		names = append(names, p.journalKey())
	}
	return names
}

func (p plan) journalKey() string { return journalKey + strings.Join(p.journal, " ") }

// planFor says what a jail reads. Where its files and the journal have the same records,
// it chooses: files win where they are being written; a log that went stale (its
// syslog daemon was removed) or is not there leaves the field to the journal.
func planFor(j config.Jail, stat func(glob string) (newest time.Time, ok bool), haveJournal bool, now time.Time) plan {
	var p plan
	fresh := false
	for _, glob := range j.LogPath {
		f := source.Pattern{Glob: glob, From: source.FromEnd}
		if j.FromFindTime {
			f.From, f.FindTime, f.Date = source.FromTime, j.FindTime, dateReader(j, now)
		}
		p.files = append(p.files, f)
		if newest, ok := stat(glob); ok && now.Sub(newest) < staleAfter && !ofContainers(glob) {
			fresh = true
		}
	}
	if !j.Journal || j.Either && (fresh || !haveJournal) {
		return p
	}
	if j.Either {
		p.files = slices.DeleteFunc(p.files, func(f source.Pattern) bool { return !ofContainers(f.Glob) })
	}
	// Never nil: an empty match is the whole journal.
	p.journal = append([]string{}, j.Filter.Journalmatch...)
	return p
}

// ofContainers says that a pattern is for what container engines keep of the output of all their containers. They are read
// beside the journal, as they have other records, and their being written says nothing of the service.
func ofContainers(glob string) bool {
	for _, folder := range []string{"/var/lib/docker/containers/", "/var/log/containers/", "/var/log/pods/"} {
		if strings.HasPrefix(glob, folder) {
			return true
		}
	}
	return false
}

// dateReader dates a line as the jail's filter would.
func dateReader(j config.Jail, now time.Time) func(string) (time.Time, bool) {
	if j.Compiled == nil {
		return nil // its problems say why
	}
	m := j.Compiled.NewMatcher()
	var mu sync.Mutex
	return func(line string) (time.Time, bool) {
		mu.Lock()
		defer mu.Unlock()
		_, at := m.Date(filter.Line{Text: line, Read: now})
		return at, !at.IsZero()
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

// haveJournal says whether a journal is being written here (journald's socket,
// systemd-journald.service(8)) and can be read.
func haveJournal() bool {
	_, running := os.Stat("/run/systemd/journal/socket")
	_, readable := exec.LookPath("journalctl")
	return running == nil && readable == nil
}

// follow makes plans the only things that are read, and returns what can't be. One caller at a
// time; it must not hold what emit needs.
func (s *sources) follow(plans []plan) (problems map[string]string) {
	globs := map[string]source.Pattern{}
	wanted := map[string][]string{}
	for _, p := range plans {
		for _, f := range p.files {
			if _, ok := globs[f.Glob]; !ok || f.From == source.FromTime {
				globs[f.Glob] = f
			}
		}
		if p.journal != nil {
			wanted[p.journalKey()] = p.journal
		}
	}
	problems = map[string]string{}
	if err := s.files.SetPatterns(slices.Collect(maps.Values(globs))); err != nil {
		problems["files"] = err.Error()
	}
	s.leaveJournals(wanted)
	for key, match := range wanted {
		if err := s.startJournal(key, match); err != nil {
			problems[key] = err.Error()
		}
	}
	return problems
}

// leaveJournals ends those that nobody wants, and waits for them: begun again, one must not meet
// itself.
func (s *sources) leaveJournals(wanted map[string][]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, j := range s.journals {
		if _, ok := wanted[key]; !ok {
			j.cancel()
			<-j.ended
			delete(s.journals, key)
		}
	}
}

// startJournal follows a journal if it is not followed already.
func (s *sources) startJournal(key string, match []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journals[key] != nil {
		return nil
	}
	j, err := source.NewJournal(source.JournalOptions{
		Key: strings.TrimPrefix(key, journalKey), Match: match, Position: s.place(key), Logger: s.log, Now: s.now,
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(s.ctx)
	followed := &followedJournal{j, cancel, make(chan struct{})}
	s.journals[key] = followed
	s.group.Go(func() error {
		defer close(followed.ended)
		return j.Run(ctx, s.emit)
	})
	return nil
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
