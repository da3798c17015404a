package source

import (
	"context"
	"time"

	"gaol/filter"
)

// Batch is a run of complete lines of one source, with the position behind them.
type Batch struct {
	// Source is the path as it was found, "journal", or "-" for standard input.
	Source string
	// Patterns are all configured patterns that lead to this source, as they
	// were configured: a glob, or the key of a journal.
	Patterns []string
	// Lines are in the order they were written. Their texts share one block
	// of memory: clone what is kept. Lines is empty in a batch that only has
	// something to say about positions.
	Lines []filter.Line
	// Since is the latest moment at which Lines that are CatchUp are known not to have been
	// written yet: the Seen of the position that was resumed. Zero: nothing is known.
	Since time.Time
	// Position is to be stored together with what Lines led to, in place of
	// the one with the same Path, Device and Inode. Its Path is "" if there is
	// nothing to store.
	Position filter.Position
	// Done are positions that will never be needed again: of rotated files
	// that have been read to their end, or that are gone. They are matched by
	// Path, Device and Inode.
	Done []filter.Position
}

// Emit takes a batch. It may block, which makes its source wait and nothing
// else; it must return when ctx is cancelled. It is never called twice at once
// for the same Batch.Source, but at the same time for different ones. An
// error ends the Run that called it, which returns that error.
type Emit func(ctx context.Context, b Batch) error

// Status says how one source is doing.
type Status struct {
	// Path is the file's path as found, the pattern if no file matches it, or
	// the journal's key.
	Path string
	// Patterns are the configured patterns that lead here.
	Patterns []string
	// Lines have been delivered since Run began.
	Lines int64
	// Lag is how long unread bytes have been waiting; 0 when caught up.
	Lag time.Duration
	// Unread is the number of bytes that wait to be read.
	Unread int64
	// LastRead is when the last lines were read; zero: none yet.
	LastRead time.Time
	// LastLine is the last line delivered, its first 1024 bytes.
	LastLine string
	// Dropped is the number of lines that were cut for being too long.
	Dropped int64
	// Problem is what keeps gaol from seeing everything, with what to do
	// about it; "" if all is well.
	Problem string
}
