package main

import (
	"context"
	"io"
	"time"

	"gaol/cmd/internal/cores"
	"gaol/filter"
	"gaol/jail/source"
)

// reading looks through one log.
type reading struct {
	tally *tally
	// cores is how many blocks are looked through at the same time.
	cores int
	// merged is called after each block.
	merged func()
}

// read reads the log to its end. What it finds is the same whatever the number of
// cores.
func (r *reading) read(ctx context.Context, log io.Reader, name string, now time.Time) error {
	return cores.Read(ctx, log, cores.Options[*portion]{
		Name: name, Now: now, Cores: r.cores,
		New: func() cores.Examiner[*portion] { return newExaminer(r.tally) },
		Merge: func(_ source.Block, found *portion) error {
			r.tally.merge(found)
			r.merged()
			return nil
		},
	})
}

// Memory implements [cores.Examiner].
func (e *examiner) Memory() []filter.Memory { return []filter.Memory{e.matcher.Memory()} }

// Recall implements [cores.Examiner].
func (e *examiner) Recall(memory []filter.Memory) { e.matcher.Recall(memory[0]) }
