package source

import (
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gaol/filter"
)

// trail is one path and the files that have been found under it.
type trail struct {
	path   string
	logger *slog.Logger
	// turn is held by the generation that is emitting.
	turn chan struct{}

	// What the looker alone uses:

	// own are the patterns that lead to path; all, those of its aliases as well.
	own []Pattern
	// literal says that one of them is the path itself.
	literal bool
	// fresh says that the path has been there ever since its patterns were
	// looked at for the first time, and has not been opened yet.
	fresh bool
	// real is where path led when it was opened last.
	real string
	// known are the rotated files beside it that were there before its
	// current file; nil: never looked.
	known map[fileID]bool
	// unread are those among them that could not be opened.
	unread map[fileID]bool
	// alias is the trail that follows the same file under another path.
	alias *trail

	mu sync.Mutex
	// generations are oldest first; the last is the current one.
	generations []*generation
	patterns    []string
	// pending are positions to be reported as done with the next batch.
	pending []filter.Position
	problem string
	// unwatched says that nobody tells of changes in a directory where the path leads.
	unwatched string
	// loss says what could not be read after the start, "" if nothing.
	loss  string
	stats trailStats
}

// trailStats is what Status tells of a trail as a whole.
type trailStats struct {
	lines, dropped int64
	lastRead       time.Time
	lastLine       string
}

// lastLineSize is how much of the last line is kept for Status.
const lastLineSize = 1024

// current is the newest generation, nil if there is none.
func (t *trail) current() *generation {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.generations) == 0 {
		return nil
	}
	return t.generations[len(t.generations)-1]
}

// oldest is the generation that is followed for longest, nil if there is none.
func (t *trail) oldest() *generation {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.generations) == 0 {
		return nil
	}
	return t.generations[0]
}

// add makes g the current generation.
func (t *trail) add(g *generation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.generations = append(t.generations, g)
}

// insert puts in g as an older generation than the current one.
func (t *trail) insert(g *generation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.generations = slices.Insert(t.generations, len(t.generations)-1, g)
}

// linked says that the path is a link to real, as it has another name.
func (t *trail) linked(real string) bool { return filepath.Base(t.path) != filepath.Base(real) }

// setKnown says which rotated files need not be read.
func (t *trail) setKnown(known map[fileID]bool) {
	for id := range t.unread {
		delete(known, id)
	}
	t.known = known
}

// leave notes that the path leads to a file that is followed, or finished, under
// another path.
func (t *trail) leave(current *generation) {
	t.fresh = false
	t.setProblem("")
	if current != nil {
		current.supersede()
	}
}

// remove forgets a generation that has ended.
func (t *trail) remove(g *generation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.generations = slices.DeleteFunc(t.generations, func(o *generation) bool { return o == g })
}

// setPatterns sets what Batch.Patterns says. The old slice may be in a batch
// still and is not touched.
func (t *trail) setPatterns(globs []string) {
	slices.Sort(globs)
	globs = slices.Compact(globs)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Equal(globs, t.patterns) {
		t.patterns = globs
	}
}

// setProblem shows a problem, "" for none.
func (t *trail) setProblem(problem string) { t.set(&t.problem, problem) }

// setUnwatched shows that a directory cannot be watched, "" for none.
func (t *trail) setUnwatched(problem string) { t.set(&t.unwatched, problem) }

// setLoss shows, for the rest of the Run, that something was missed.
func (t *trail) setLoss(loss string) { t.set(&t.loss, loss) }

// set puts a text for Status where it belongs, and logs it when it is a new one.
func (t *trail) set(place *string, text string) {
	t.mu.Lock()
	was := *place
	*place = text
	t.mu.Unlock()
	logProblem(t.logger, was, text)
}

// logProblem logs that a problem has come, changed or gone. It is for who looks for a fault: what
// matters to an operator is for the caller of Status to say.
func logProblem(logger *slog.Logger, was, problem string) {
	switch {
	case was == problem:
	case problem != "":
		logger.Debug("source has a problem", "problem", problem)
	default:
		logger.Debug("source has recovered", "problem", was)
	}
}

// done leaves positions to be reported with the next batch.
func (t *trail) done(positions ...filter.Position) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending = append(t.pending, positions...)
}

// fill completes a batch of this trail.
func (t *trail) fill(b *Batch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b.Source = t.path
	b.Patterns = t.patterns
	b.Done = append(b.Done, t.pending...)
	t.pending = nil
}

// count notes what was delivered.
func (t *trail) count(lines []filter.Line, cut int, now time.Time) {
	if len(lines) == 0 {
		return
	}
	last := lines[len(lines)-1].Text
	last = strings.Clone(last[:min(len(last), lastLineSize)])
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats.lines += int64(len(lines))
	t.stats.dropped += int64(cut)
	t.stats.lastRead = now
	t.stats.lastLine = last
}

// status adds up the generations.
func (t *trail) status(now time.Time, maxLine int) Status {
	t.mu.Lock()
	generations := slices.Clone(t.generations)
	s := Status{
		Path:     t.path,
		Patterns: t.patterns,
		Lines:    t.stats.lines,
		Dropped:  t.stats.dropped,
		LastRead: t.stats.lastRead,
		LastLine: t.stats.lastLine,
	}
	problems := []string{t.problem, t.unwatched, t.loss}
	t.mu.Unlock()
	for _, g := range generations {
		unread, since, problem := g.state()
		s.Unread += unread
		if !since.IsZero() {
			s.Lag = max(s.Lag, now.Sub(since))
		}
		problems = append(problems, problem)
	}
	if s.Dropped > 0 {
		problems = append(problems, tooLong(maxLine))
	}
	s.Problem = joinProblems(problems)
	return s
}

// joinProblems makes one text of those that are not empty, each once.
func joinProblems(problems []string) string {
	problems = slices.DeleteFunc(problems, func(p string) bool { return p == "" })
	slices.Sort(problems)
	return strings.Join(slices.Compact(problems), "; ")
}
