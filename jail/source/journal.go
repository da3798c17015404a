package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"gaol/filter"
)

// journalName is Batch.Source of the journal.
const journalName = "journal"

// journalPrefix stands before a journal's key in Batch.Patterns, Position.Path
// and Status.Path.
const journalPrefix = "journal:"

// JournalOptions configure NewJournal.
type JournalOptions struct {
	// Key tells match sets apart, in whatever words the caller likes;
	// "journal:" and Key is the one of Batch.Patterns, the Position.Path and
	// the Status.Path.
	Key string
	// Match are arguments for journalctl(1): "FIELD=value" terms and "+".
	// None: everything.
	Match []string
	// Position is the stored one; nil: begin at now, or Since ago.
	Position *filter.Position
	// Since is how far back to begin without a stored position.
	Since time.Duration
	// Command is the program with its first arguments; nil: journalctl.
	Command []string
	// MaxLine is the number of bytes after which a line is cut; 0: [filter.MaxLine].
	MaxLine int
	// Logger is required.
	Logger *slog.Logger
	// Now is the daemon's clock; required.
	Now func() time.Time
}

// Journal follows the systemd journal with one child process. Use NewJournal.
type Journal struct {
	opts JournalOptions
	path string

	mu sync.Mutex
	// status but for Lag.
	status Status
	// behind is since when a batch has been waiting for its consumer.
	behind time.Time
	// cut says that lines were too long.
	cut bool
}

// NewJournal checks the options; Run starts the child process.
func NewJournal(opts JournalOptions) (*Journal, error) {
	if opts.Logger == nil || opts.Now == nil {
		return nil, errors.New("following the journal: Logger and Now are required")
	}
	for _, m := range opts.Match {
		if m != "+" && (strings.HasPrefix(m, "-") || !strings.Contains(m, "=")) {
			return nil, fmt.Errorf("following the journal: match %q: expected FIELD=value or +", m)
		}
	}
	if len(opts.Command) == 0 {
		opts.Command = []string{"journalctl"}
	}
	if opts.MaxLine <= 0 {
		opts.MaxLine = filter.MaxLine
	}
	path := journalPrefix + opts.Key
	opts.Logger = opts.Logger.With("source", path)
	return &Journal{
		opts:   opts,
		path:   path,
		status: Status{Path: path, Patterns: []string{path}},
	}, nil
}

// Status describes the journal, as the only one. It is safe at any time.
func (j *Journal) Status() []Status {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.status
	if !j.behind.IsZero() {
		s.Lag = j.opts.Now().Sub(j.behind)
	}
	if j.cut {
		s.Problem = joinProblems([]string{s.Problem, tooLong(j.opts.MaxLine)})
	}
	return []Status{s}
}

// setProblem shows a problem, "" for none.
func (j *Journal) setProblem(problem string) {
	j.mu.Lock()
	was := j.status.Problem
	j.status.Problem = problem
	j.mu.Unlock()
	logProblem(j.opts.Logger, was, problem)
}

// Between two tries to start journalctl lie these times, and from the last one on
// the last.
var backOff = []time.Duration{0, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second}

// Run follows until ctx is cancelled, for which it returns nil, or until emit
// returns an error, which it returns. It may be called once.
func (j *Journal) Run(ctx context.Context, emit Emit) error {
	at := j.opts.Position
	if at == nil || at.Cursor == "" {
		// The time is stored at once: what comes while gaol is down must
		// not be missed because nothing had come before.
		from := filter.Position{Path: j.path, Cursor: timeCursor(j.opts.Now().Add(-j.opts.Since))}
		at = &from
		if err := j.emit(ctx, emit, Batch{Position: from}); err != nil {
			return untilCancelled(ctx, err)
		}
	}
	cursor := at.Cursor
	for failures := 0; ; failures++ {
		pause := time.NewTimer(backOff[min(failures, len(backOff)-1)])
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return nil
		}
		c := &child{journal: j, emit: emit, cursor: cursor, started: j.opts.Now()}
		err := c.run(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case c.emitErr != nil:
			return c.emitErr
		}
		j.setProblem(problemOf(err, j.opts.Command[0]))
		if c.cursor != cursor {
			cursor, failures = c.cursor, 0
		}
	}
}

// untilCancelled is err, or nil if it comes of the cancellation of ctx.
func untilCancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// emit hands over a batch and counts it.
func (j *Journal) emit(ctx context.Context, emit Emit, b Batch) error {
	b.Source = journalName
	b.Patterns = []string{j.path}
	now := j.opts.Now()
	j.mu.Lock()
	j.behind = now
	j.mu.Unlock()
	err := emit(ctx, b)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.behind = time.Time{}
	if n := len(b.Lines); n > 0 && err == nil {
		last := b.Lines[n-1].Text
		j.status.Lines += int64(n)
		j.status.LastRead = now
		j.status.LastLine = strings.Clone(last[:min(len(last), lastLineSize)])
	}
	return err
}

// dropped counts lines that were cut or could not be used.
func (j *Journal) dropped(n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.status.Dropped += int64(n)
	j.cut = j.cut || n > 0
}

// timeMark stands before a time in a cursor of ours: "@" and microseconds since
// 1970. The journal's own cursors begin with a letter and "=".
const timeMark = "@"

// timeCursor means: everything received at t or later.
func timeCursor(t time.Time) string { return timeMark + strconv.FormatInt(t.UnixMicro(), 10) }

// cursorTime is the time that a cursor of ours means.
func cursorTime(cursor string) (t time.Time, ok bool) {
	digits, ok := strings.CutPrefix(cursor, timeMark)
	if !ok {
		return time.Time{}, false
	}
	us, err := strconv.ParseInt(digits, 10, 64)
	return time.UnixMicro(us), err == nil
}
