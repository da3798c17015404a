package source

import (
	"time"

	"gaol/filter"
)

// This file holds what others than its goroutine ask a generation.

// ended says that the goroutine is done.
func (g *generation) ended() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.file == nil
}

// lastPosition is where it stood.
func (g *generation) lastPosition() filter.Position {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.position
}

// letGo asks it to end; only the first call counts.
func (g *generation) letGo(how ending) {
	if g.ending == 0 {
		g.ending = how
		close(g.finish)
	}
}

// takeTruncations returns, once, where it stood when the file was truncated.
func (g *generation) takeTruncations() []filter.Position {
	g.mu.Lock()
	defer g.mu.Unlock()
	taken := g.truncations
	g.truncations = nil
	return taken
}

// state is what Status shows: how much is unread, since when, and what is wrong.
func (g *generation) state() (unread int64, since time.Time, problem string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.file == nil {
		return 0, time.Time{}, ""
	}
	if st, err := statFile(g.file); err == nil {
		unread = max(0, st.size-g.seen)
	}
	var problems []string
	for _, p := range g.problems {
		problems = append(problems, p)
	}
	return unread, g.behind, joinProblems(problems)
}

// setProblem shows a problem of one kind, "" for none.
func (g *generation) setProblem(kind problemKind, problem string) {
	g.mu.Lock()
	was := g.problems[kind]
	if problem == "" {
		delete(g.problems, kind)
	} else {
		g.problems[kind] = problem
	}
	g.mu.Unlock()
	logProblem(g.logger, was, problem)
}

// poke wakes the goroutine if the file has changed without its knowledge, or
// could not be read, or its position is to be handed on again. With onlyPolled, nothing happens to a file that inotify
// watches.
func (g *generation) poke(onlyPolled bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.file == nil || onlyPolled && !g.polled {
		return
	}
	st, err := statFile(g.file)
	if err != nil || st.size != g.seen || !st.modified.Equal(g.checked) || g.problems[readProblem] != "" || g.isStaleLocked(g.now()) {
		g.nudge()
	}
}

// nudge wakes the goroutine.
func (g *generation) nudge() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// watchable says that inotify might be had after all.
func (g *generation) watchable() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.polled && !g.remote
}

// isPolled says that nobody but the looker tells of changes.
func (g *generation) isPolled() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.polled && g.file != nil
}

// idleSince is since when nothing has come; ok is false if there is something
// to read.
func (g *generation) idleSince() (since time.Time, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.quiet, g.behind.IsZero() && !g.quiet.IsZero()
}

// unlinked says that the file has no name any more.
func (g *generation) unlinked() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.file == nil {
		return false
	}
	st, err := statFile(g.file)
	return err == nil && st.links == 0
}

// supersede says that the path leads to another file by now.
func (g *generation) supersede() {
	g.superseded.Store(true)
	g.nudge()
}
