// Package cores looks through a log with several processor cores, and finds what one would have found:
// [Read] hands blocks of lines to as many [Examiner]s, and what they find back in the order of the log.
package cores

import (
	"cmp"
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"gaol/filter"
	"gaol/jail/source"
)

// Examiner looks through blocks, one after the other. What it finds in a block must depend on
// nothing but the block and what its matchers remember.
type Examiner[T any] interface {
	// Examine says what is in the block. It may keep nothing that shares the block's memory.
	Examine(b source.Block) T
	// Memory is what its matchers remember.
	Memory() []filter.Memory
	// Recall makes them remember what those of another examiner do.
	Recall(memory []filter.Memory)
}

// Options say how a log is read.
type Options[T any] struct {
	// Name is the log's, Now when it is read.
	Name string
	Now  time.Time
	// Cores is how many blocks are looked through at the same time; with 1, they are where they
	// are read.
	Cores int
	// New makes an examiner that has seen nothing yet.
	New func() Examiner[T]
	// Merge takes what was found, in the order of the log. The block is still there, but only
	// until it returns. An error ends the reading.
	Merge func(b source.Block, found T) error
}

// Read reads log to its end. What is found is the same whatever the number of cores.
func Read[T any](ctx context.Context, log io.Reader, opts Options[T]) error {
	r := reading[T]{Options: opts, again: opts.New()}
	if opts.Cores > 1 {
		return r.shareOut(ctx, log)
	}
	return source.ReadBlocks(ctx, log, opts.Name, opts.Now, 1, func(ctx context.Context, b source.Block) error {
		defer b.Done()
		if err := r.Merge(b, r.again.Examine(b)); err != nil {
			return err
		}
		return ctx.Err()
	})
}

// reading looks through one log.
type reading[T any] struct {
	Options[T]
	// memory is what the matchers of a single core would remember by now, and again looks through a
	// block as that one.
	memory []filter.Memory
	again  Examiner[T]
}

// piece is a block on its way through one of the cores.
type piece[T any] struct {
	block source.Block
	found chan found[T]
}

// found is what was found in a block, with what was remembered before and after.
type found[T any] struct {
	what          T
	before, after []filter.Memory
}

func examine[T any](e Examiner[T], b source.Block) found[T] {
	f := found[T]{before: e.Memory()}
	f.what = e.Examine(b)
	f.after = e.Memory()
	return f
}

// blocksPerCore is how many blocks there are at the same time, in reading, in
// looking through and waiting for their turn: enough that none of these waits often.
const blocksPerCore = 3

// shareOut reads blocks, has several of them looked through at the same time, and
// puts together what was found in the order of the log.
func (r *reading[T]) shareOut(ctx context.Context, log io.Reader) error {
	r.memory = r.again.Memory()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	most := blocksPerCore * r.Cores
	inOrder, todo := make(chan piece[T], most), make(chan piece[T], most)
	var running sync.WaitGroup
	var err error
	running.Go(func() {
		defer close(inOrder)
		defer close(todo)
		err = source.ReadBlocks(ctx, log, r.Name, r.Now, most, func(_ context.Context, b source.Block) error {
			p := piece[T]{b, make(chan found[T], 1)}
			todo <- p
			inOrder <- p
			return nil
		})
	})
	for range r.Cores {
		running.Go(func() {
			e := r.New()
			for p := range todo {
				p.found <- examine(e, p.block)
			}
		})
	}
	var mergeErr error
	for p := range inOrder {
		f := <-p.found
		if mergeErr == nil {
			if mergeErr = cmp.Or(r.put(p.block, f), ctx.Err()); mergeErr != nil {
				stop()
			}
		}
		p.block.Done()
	}
	running.Wait()
	if mergeErr != nil {
		return mergeErr
	}
	return err
}

// put merges what was found in the log's next block. If that was found by one who
// remembered other dates than those before the block, it is looked through once
// more: it may hold a date that can be read in two ways. Mostly a log has one form
// of date, and only the first block of each core is.
func (r *reading[T]) put(b source.Block, f found[T]) error {
	if !slices.EqualFunc(f.before, r.memory, filter.Memory.Equal) {
		r.again.Recall(r.memory)
		f = examine(r.again, b)
	}
	r.memory = f.after
	return r.Merge(b, f.what)
}
