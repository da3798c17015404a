package source

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gaol/filter"
)

// JournalOptions configure NewJournal.
type JournalOptions struct {
	// Key names the journal's match set: it is the only one of Batch.Patterns,
	// and Position.Path is "journal" or, with a key, the key itself
	// ("journal:" and whatever the caller tells its match sets apart by).
	Key string
	// Match are arguments for journalctl(1): "FIELD=value" terms and "+".
	Match []string
	// Position is the stored one; nil: begin at now, or Since ago.
	Position *filter.Position
	// Since is how far back to begin without a stored position.
	Since time.Duration
	// Command is the program with its first arguments; nil: journalctl.
	Command []string
	// MaxLine is the number of bytes after which a line is cut; 0: 65,536.
	MaxLine int
	// Logger is required.
	Logger *slog.Logger
	// Now is the daemon's clock; required.
	Now func() time.Time
}

// Journal follows the systemd journal with one child process. Use NewJournal.
type Journal struct {
	opts JournalOptions
}

// NewJournal checks the options; Run starts the child process.
func NewJournal(opts JournalOptions) (*Journal, error) {
	if opts.Logger == nil || opts.Now == nil {
		return nil, errors.New("following the journal: Logger and Now are required")
	}
	return &Journal{opts: opts}, nil
}

// Run follows until ctx is cancelled, for which it returns nil, or until emit
// returns an error. It may be called once.
func (j *Journal) Run(ctx context.Context, emit Emit) error {
	<-ctx.Done()
	return nil
}

// Status describes the journal. It is safe at any time.
func (j *Journal) Status() []Status { return nil }
