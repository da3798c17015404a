package main

import (
	"context"
	"io"
	"sync"
	"time"

	"gaol/filter"
	"gaol/jail/source"
)

// reading looks through one log.
type reading struct {
	tally *tally
	// cores is how many blocks are looked through at the same time; with 1, they are
	// where they are read.
	cores int
	// merged is called after each block.
	merged func()
	// memory is what the matcher of a single core would remember by now, and again
	// looks through a block as that one.
	memory filter.Memory
	again  *examiner
}

// read reads the log to its end. What it finds is the same whatever the number of
// cores.
func (r *reading) read(ctx context.Context, log io.Reader, name string, now time.Time) error {
	r.again = newExaminer(r.tally)
	if r.cores > 1 {
		return r.shareOut(ctx, log, name, now)
	}
	return source.ReadBlocks(ctx, log, name, now, 1, func(ctx context.Context, b source.Block) error {
		r.merge(r.again.examine(b))
		b.Done()
		return ctx.Err()
	})
}

// piece is a block on its way through one of the cores.
type piece struct {
	block source.Block
	found chan *portion
}

// blocksPerCore is how many blocks there are at the same time, in reading, in
// looking through and waiting for their turn: enough that none of these waits often.
const blocksPerCore = 3

// shareOut reads blocks, has several of them looked through at the same time, and
// puts together what was found in the order of the log.
func (r *reading) shareOut(ctx context.Context, log io.Reader, name string, now time.Time) error {
	most := blocksPerCore * r.cores
	inOrder, todo := make(chan piece, most), make(chan piece, most)
	var running sync.WaitGroup
	var err error
	running.Go(func() {
		defer close(inOrder)
		defer close(todo)
		err = source.ReadBlocks(ctx, log, name, now, most, func(_ context.Context, b source.Block) error {
			p := piece{b, make(chan *portion, 1)}
			todo <- p
			inOrder <- p
			return nil
		})
	})
	for range r.cores {
		running.Go(func() {
			e := newExaminer(r.tally)
			for p := range todo {
				p.found <- e.examine(p.block)
			}
		})
	}
	for p := range inOrder {
		r.put(p.block, <-p.found)
	}
	running.Wait()
	return err
}

// put merges what was found in the log's next block. If that was found by one who
// remembered other dates than those before the block, it is looked through once
// more: it may hold a date that can be read in two ways. Mostly a log has one form
// of date, and only the first block of each core is.
func (r *reading) put(b source.Block, found *portion) {
	if !found.before.Equal(r.memory) {
		r.again.matcher.Recall(r.memory)
		found = r.again.examine(b)
	}
	b.Done()
	r.merge(found)
}

func (r *reading) merge(found *portion) {
	r.memory = found.after
	r.tally.merge(found)
	r.merged()
}
