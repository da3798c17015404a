package replay

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"gaol/cmd/internal/cores"
	"gaol/filter"
	"gaol/jail/source"
)

// stream is one log, of one or several files, on its way to the jails that read it.
type stream struct {
	opts     Options
	players  []*player
	files    []logFile
	progress *progress
	// cores look through it at the same time.
	cores int
	// dates finds the dates of lines aside.
	dates *filter.Matcher

	// The goroutine that reads writes these; they are read once it has ended.

	lines int64
	// last is the last line.
	last string
	// clocks are the latest dates so far, by player.
	clocks []int64
	// usual is for how many hits of a block there was room the last time.
	usual int
	// ordered are the matchers of filters that need all lines in their order; nil: others.
	ordered []*filter.Matcher

	// hits come in the order of their clock, a slice for each block that has any.
	hits chan []hit
	err  error
}

// hit is a failure or, with success, a login that was let in, as far as it matters. It shares no memory with the log.
type hit struct {
	// clock is the latest date in the log for this jail so far, at the failure's own; both in
	// nanoseconds since 1970. 0: it is not known yet.
	clock, at int64
	player    int32
	weight    int32
	undated   bool
	success   bool
	prefix    netip.Prefix
	id, host  string
}

// hitsAhead is how many blocks' hits may wait for other logs.
const hitsAhead = 4

// run reads the log to its end.
func (s *stream) run(ctx context.Context) {
	defer close(s.hits)
	log := &chain{files: s.files, progress: s.progress}
	defer log.Close()
	s.clocks = make([]int64, len(s.players))
	s.ordered = make([]*filter.Matcher, len(s.players))
	shared := false
	for i, p := range s.players {
		if p.Compiled.Stateful() {
			s.ordered[i] = newMatcher(p)
		} else {
			shared = true
		}
	}
	n := 1
	if shared {
		n = s.cores
	}
	s.err = cores.Read(ctx, log, cores.Options[examined]{
		Name: s.files[0].path, Now: s.opts.Now, Cores: n,
		New:   func() cores.Examiner[examined] { return newExaminer(s) },
		Merge: func(b source.Block, found examined) error { return s.take(ctx, b, found) },
	})
}

func newMatcher(p *player) *filter.Matcher {
	m := p.Compiled.NewMatcher()
	m.Borrow() // a hit copies what is kept
	m.Trust(p.ignore.Trusts)
	return m
}

// take adds what must be looked at in order, and hands over the hits of a block.
func (s *stream) take(ctx context.Context, b source.Block, found examined) error {
	hits := found.hits
	if hits == nil {
		hits = make([]hit, 0, s.usual)
	}
	for i, m := range s.ordered {
		if m != nil {
			hits = look(hits, int32(i), m, s.players[i].Compiled, b)
		}
	}
	s.lines += found.lines
	if found.last != "" {
		s.last = found.last
	}
	if len(hits) == 0 {
		return nil
	}
	s.usual = len(hits) + len(hits)/8
	for i := range hits {
		h := &hits[i]
		clock := &s.clocks[h.player]
		if h.undated {
			h.at = *clock
		}
		*clock = max(*clock, h.at)
		h.clock = *clock
	}
	if len(s.players) > 1 {
		slices.SortStableFunc(hits, func(a, b hit) int { return int(min(max(a.clock-b.clock, -1), 1)) })
	}
	select {
	case s.hits <- hits:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// examined is what is known of a block.
type examined struct {
	lines int64
	hits  []hit
	last  string
}

// examiner looks through blocks for the filters that keep nothing from line to line.
type examiner struct {
	players  []*player
	matchers []*filter.Matcher
}

func newExaminer(s *stream) *examiner {
	e := &examiner{players: s.players, matchers: make([]*filter.Matcher, len(s.players))}
	for i, p := range s.players {
		if !p.Compiled.Stateful() {
			e.matchers[i] = newMatcher(p)
		}
	}
	return e
}

// Examine implements [cores.Examiner].
func (e *examiner) Examine(b source.Block) examined {
	x := examined{lines: int64(strings.Count(b.Text, "\n")), last: strings.Clone(lastLine(b.Text))}
	if !strings.HasSuffix(b.Text, "\n") {
		x.lines++
	}
	for i, m := range e.matchers {
		if m != nil {
			x.hits = look(x.hits, int32(i), m, e.players[i].Compiled, b)
		}
	}
	return x
}

// Memory implements [cores.Examiner].
func (e *examiner) Memory() []filter.Memory {
	memory := make([]filter.Memory, len(e.matchers))
	for i, m := range e.matchers {
		if m != nil {
			memory[i] = m.Memory()
		}
	}
	return memory
}

// Recall implements [cores.Examiner].
func (e *examiner) Recall(memory []filter.Memory) {
	for i, m := range e.matchers {
		if m != nil {
			m.Recall(memory[i])
		}
	}
}

// look appends a filter's failures and successes in a block.
func look(hits []hit, player int32, m *filter.Matcher, f *filter.Filter, b source.Block) []hit {
	for next := 0; next < len(b.Text); {
		at := f.Candidate(b.Text, next)
		if at < 0 {
			break
		}
		var line filter.Line
		line, next = b.Line(at)
		result := m.MatchCandidate(line, b.Text[:at])
		if result.Failure != nil {
			hits = append(hits, hitOf(result.Failure, player))
		}
		if result.Success != nil {
			h := hitOf((*filter.Failure)(result.Success), player)
			h.success = true
			hits = append(hits, h)
		}
	}
	m.Passed(b.Text)
	return hits
}

func hitOf(f *filter.Failure, player int32) hit {
	h := hit{player: player, weight: int32(f.Weight), prefix: f.Prefix, id: strings.Clone(f.ID)}
	if !f.Prefix.IsValid() && f.ID == "" {
		h.host = strings.Clone(f.Host)
	}
	// As in package jail: what is dated before 1970 bears no date.
	if h.undated = f.Time.IsZero() || f.Time.Unix() < 0; !h.undated {
		h.at = f.Time.UnixNano()
	}
	return h
}

// maxLast is how much is kept of a last line: a date stands at its beginning.
const maxLast = 1 << 10

func lastLine(text string) string {
	text = strings.TrimRight(text, "\r\n")
	text = text[strings.LastIndexByte(text, '\n')+1:]
	return text[:min(len(text), maxLast)]
}

// chain reads files one after the other, with a line end between them.
type chain struct {
	files    []logFile
	progress *progress
	log      io.ReadCloser
	counted  *countedFile
	// midline says that the last byte was no line end.
	midline bool
}

// Read implements io.Reader.
func (c *chain) Read(p []byte) (int, error) {
	for {
		if c.log == nil {
			if len(c.files) == 0 {
				return 0, io.EOF
			}
			if err := c.open(); err != nil {
				return 0, err
			}
		}
		n, err := c.log.Read(p)
		c.counted.tell()
		if n > 0 {
			c.midline = p[n-1] != '\n'
			return n, nil
		}
		if err == nil {
			continue
		}
		if err != io.EOF {
			return 0, fmt.Errorf("%s: %w", c.counted.file.Name(), err)
		}
		c.Close()
		if c.midline && len(c.files) > 0 && len(p) > 0 {
			c.midline = false
			p[0] = '\n'
			return 1, nil
		}
	}
}

func (c *chain) open() error {
	log, counted, err := openCounted(c.files[0].path, c.progress)
	if err != nil {
		return err
	}
	c.log, c.counted, c.files = log, counted, c.files[1:]
	return nil
}

// Close closes the file that is being read.
func (c *chain) Close() error {
	if c.log == nil {
		return nil
	}
	err := c.log.Close()
	c.log = nil
	return err
}

// progress adds up what has been read of all logs.
type progress struct {
	tell func(read, size int64)
	size int64

	mu   sync.Mutex
	read int64
	told time.Time
}

// tellEvery is how often progress is told.
const tellEvery = 100 * time.Millisecond

func (p *progress) add(n int64) {
	if p.tell == nil || n == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read += n
	if now := time.Now(); now.Sub(p.told) >= tellEvery {
		p.told = now
		p.tell(p.read, p.size)
	}
}
