package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"gaol/filter"
)

// lateAfter is how long a consumer may take for a block before what is behind it
// counts as catch-up.
const lateAfter = 30 * time.Second

// refreshEvery is how old Position.Seen becomes of a file that is quiet, before its position
// is handed on again.
const refreshEvery = time.Minute

// maxTruncations bounds how many truncations wait for the looker, which takes
// milliseconds; more in that time is nobody's log rotation.
const maxTruncations = 16

// generation follows one file, whatever its name becomes. Its goroutine is
// follow; the looker tells it what happens to the path, and when to end.
type generation struct {
	trail   *trail
	id      fileID
	logger  *slog.Logger
	now     func() time.Time
	buffers *sync.Pool
	gate    *gate
	// truncated is called when a truncation has been seen.
	truncated func()
	// after is closed when the generation before has been read to where it
	// ended when this one appeared; nil: there is none.
	after <-chan struct{}
	// announce says that the position is to be stored before the first line;
	// announced is closed when it has been handed on.
	announce  bool
	announced chan struct{}

	// superseded says that the path leads to another file by now.
	superseded atomic.Bool
	// drained is closed when superseded and read to its end once.
	drained chan struct{}
	// wake asks for a look at the file; it holds one.
	wake chan struct{}
	// finish is closed to ask for the end, after ending was set.
	finish chan struct{}
	ending ending
	// retryWatch asks to try inotify again.
	retryWatch atomic.Bool

	// What the goroutine alone uses:

	reader  reader
	catchUp bool
	// seenEnd is the last moment at which nothing was behind what has been read; zero: not known.
	seenEnd time.Time
	isOut   bool // drained is closed
	watch   *watching

	mu   sync.Mutex
	file *os.File // nil: ended
	// seen and position follow the reader's; checked is the file's time of
	// change at the last look at its end.
	seen     int64
	position filter.Position
	checked  time.Time
	// reported is the Seen of the position that was handed on last.
	reported time.Time
	// behind is since when there has been something to read; zero: caught up.
	behind time.Time
	// quiet is since when there has been nothing new.
	quiet time.Time
	// polled says that there is no inotify watch; remote, that there cannot be.
	polled, remote bool
	problems       map[problemKind]string
	// truncations are where the reader stood when the file was truncated.
	truncations []filter.Position
}

// problemKind tells a generation's problems apart.
type problemKind int

const (
	readProblem problemKind = iota
	watchProblem
	lineProblem
)

// follow delivers lines until ctx or finish says to end, or emit fails.
func (g *generation) follow(ctx context.Context, emit Emit) error {
	defer g.close()
	announced := sync.OnceFunc(func() { close(g.announced) })
	defer announced()
	if g.after != nil {
		select {
		case <-g.after:
		case <-g.finish:
			return nil
		case <-ctx.Done():
		}
		// At the end of all, the file before has not been read to its end.
		if ctx.Err() != nil {
			return nil
		}
	}
	if g.announce {
		if err := g.advance(ctx, emit, Batch{}); err != nil {
			return err
		}
	}
	announced()
	g.startWatch()
	for {
		if err := g.readToEnd(ctx, emit); err != nil {
			return err
		}
		select {
		case <-g.watch.modified():
		case <-g.watch.truncated():
		case <-g.watch.deleted():
			g.rearm()
		case <-g.wake:
			if g.retryWatch.Swap(false) {
				g.startWatch()
			}
		case <-g.finish:
			return g.end(ctx, emit)
		case <-ctx.Done():
			return nil
		}
	}
}

// end reads what is left, unless the file is to be resumed, and reports the
// position as done if it is.
func (g *generation) end(ctx context.Context, emit Emit) error {
	if g.ending == abandoned {
		return nil
	}
	if err := g.readToEnd(ctx, emit); err != nil || ctx.Err() != nil {
		return err
	}
	g.logger.Debug("rotated file finished", "offset", g.reader.offset)
	if g.ending == retained {
		return nil
	}
	return g.emit(ctx, emit, Batch{Done: []filter.Position{g.place()}})
}

// readToEnd delivers everything up to the present end of the file.
func (g *generation) readToEnd(ctx context.Context, emit Emit) error {
	target := int64(-1)
	for ctx.Err() == nil {
		if target < 0 && g.superseded.Load() {
			target = g.size()
		}
		b, err := g.read()
		switch {
		case errors.Is(err, errTruncated):
			g.restart()
			continue
		case err != nil:
			g.setProblem(readProblem, "reading: "+explain(err))
			g.drain() // what can't be read must not hold up what can
			return nil
		}
		if b.text != "" {
			if err := g.deliver(ctx, emit, b); err != nil {
				return err
			}
		}
		g.publish(b.end)
		if target >= 0 && (b.end || g.reader.seen() >= target) {
			g.drain()
		}
		if b.end {
			return g.refresh(ctx, emit)
		}
	}
	return nil
}

// read is the reader's next, with a buffer that is only borrowed, and with a
// look at the file at its end.
func (g *generation) read() (block, error) {
	buf := g.buffers.Get().(*[]byte)
	defer g.buffers.Put(buf)
	b, err := g.reader.next(*buf)
	if err != nil || !b.end {
		return b, err
	}
	st, err := statFile(g.file)
	if err != nil {
		return b, err
	}
	if st.size < g.reader.offset {
		return b, errTruncated
	}
	if st.size < g.reader.seen() {
		g.reader.scanned = 0
	}
	g.mu.Lock()
	g.checked = st.modified
	g.mu.Unlock()
	return b, g.reader.check()
}

// deliver emits what was read and counts it.
func (g *generation) deliver(ctx context.Context, emit Emit, b block) error {
	read := g.now()
	var since time.Time
	if g.catchUp {
		since = g.seenEnd
	} else {
		g.seenEnd = read // what comes behind these lines is being written now, at the earliest
	}
	like := filter.Line{Read: read, CatchUp: g.catchUp, Source: g.trail.path}
	lines, cut := appendLines(nil, b.text, like, g.reader.maxLine)
	if b.long {
		cut = 1
	}
	g.mu.Lock()
	if g.behind.IsZero() {
		g.behind = read
	}
	g.quiet = read
	g.mu.Unlock()
	if err := g.advance(ctx, emit, Batch{Lines: lines, Since: since}); err != nil {
		return err
	}
	g.trail.count(lines, cut, read)
	if g.now().Sub(read) > lateAfter {
		g.catchUp = true
	}
	return nil
}

// advance hands over a batch with the present position.
func (g *generation) advance(ctx context.Context, emit Emit, b Batch) error {
	b.Position = g.place()
	if err := g.emit(ctx, emit, b); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reported = b.Position.Seen
	return nil
}

// refresh hands the position on again if it has become old that the file was seen to end
// there.
func (g *generation) refresh(ctx context.Context, emit Emit) error {
	g.mu.Lock()
	stale := g.isStaleLocked(g.seenEnd)
	g.mu.Unlock()
	if !stale {
		return nil
	}
	return g.advance(ctx, emit, Batch{})
}

func (g *generation) isStaleLocked(now time.Time) bool { return now.Sub(g.reported) >= refreshEvery }

// emit waits for the trail's other generations and hands over a batch.
func (g *generation) emit(ctx context.Context, emit Emit, b Batch) error {
	select {
	case g.trail.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-g.trail.turn }()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	g.trail.fill(&b)
	return emit(ctx, b)
}

// restart begins the file anew after a truncation.
func (g *generation) restart() {
	g.logger.Info("log was truncated, reading it from its beginning", "offset", g.reader.offset)
	g.mu.Lock()
	if len(g.truncations) < maxTruncations {
		g.truncations = append(g.truncations, g.place())
	}
	g.mu.Unlock()
	g.reader.restart()
	g.truncated()
}

// drain lets the next generation begin.
func (g *generation) drain() {
	if !g.isOut && g.superseded.Load() {
		g.isOut = true
		close(g.drained)
	}
}

// publish shows the reader's state to the others.
func (g *generation) publish(end bool) {
	if end {
		g.seenEnd = g.now()
	}
	position := g.place()
	g.mu.Lock()
	g.seen = g.reader.seen()
	g.position = position
	if end {
		g.behind = time.Time{}
		if g.quiet.IsZero() {
			g.quiet = g.seenEnd
		}
	}
	g.mu.Unlock()
	g.setProblem(readProblem, "")
	g.setProblem(lineProblem, g.endless())
	if end {
		g.catchUp = false
	}
}

// endless is the problem of a line that does not end.
func (g *generation) endless() string {
	if g.reader.scanned <= int64(g.reader.maxLine) {
		return ""
	}
	return fmt.Sprintf("a line longer than %d bytes has no end yet: it will be cut", g.reader.maxLine)
}

// tooLong is the problem of lines that were cut.
func tooLong(maxLine int) string {
	return fmt.Sprintf("lines longer than %d bytes were cut", maxLine)
}

// place is where the reader stands.
func (g *generation) place() filter.Position {
	return filter.Position{
		Path:            g.trail.path,
		Device:          g.id.device,
		Inode:           g.id.inode,
		Offset:          g.reader.offset,
		Fingerprint:     g.reader.print.sum,
		FingerprintSize: g.reader.print.size,
		Seen:            g.seenEnd,
	}
}

// size is the file's present size, 0 if it does not tell.
func (g *generation) size() int64 {
	st, err := statFile(g.file)
	if err != nil {
		return 0
	}
	return st.size
}

// startWatch asks the kernel to tell of changes; without that, the looker polls.
func (g *generation) startWatch() {
	if g.watch != nil {
		return
	}
	var err error
	isRemote := remote(g.file)
	if !isRemote {
		g.watch, err = g.gate.watch(g.file)
	}
	g.mu.Lock()
	g.polled, g.remote = g.watch == nil, isRemote
	g.mu.Unlock()
	problem := ""
	if err != nil {
		problem = fmt.Sprintf("looking at it every %v: %v", pollEvery, err)
	}
	g.setProblem(watchProblem, problem)
}

// rearm goes on watching after the file was renamed.
func (g *generation) rearm() {
	if err := g.watch.arm(); err != nil {
		g.watch = nil
		g.startWatch()
	}
}

// close ends everything.
func (g *generation) close() {
	if g.watch != nil {
		g.watch.stop()
	}
	if !g.isOut {
		close(g.drained)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.file.Close()
	g.file = nil
}
