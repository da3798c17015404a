package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// progressEvery is how often the bar is drawn anew.
const progressEvery = 100 * time.Millisecond

// progress draws how much of a log has been read. It draws on a terminal alone.
type progress struct {
	w     io.Writer
	log   *logInput
	drawn time.Time
	shown bool
}

// newProgress returns the bar for log, which draws nothing unless w is a terminal.
func newProgress(w io.Writer, log *logInput) *progress {
	p := &progress{w: w, log: log, drawn: time.Now()}
	if !isTerminal(w) {
		p.w = nil
	}
	return p
}

// show draws the bar, if it is time to.
func (p *progress) show(lines int64) {
	p.draw(func() string { return progressText(lines, p.log.read.Load(), p.log.size) })
}

// draw draws a text as the bar, if it is time to.
func (p *progress) draw(text func() string) {
	if p.w == nil {
		return
	}
	now := time.Now()
	if now.Sub(p.drawn) < progressEvery {
		return
	}
	p.drawn, p.shown = now, true
	fmt.Fprintf(p.w, "\r%s\x1b[K", text())
}

// clear takes the bar away.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// progressText is the bar, with a share where the size is known.
func progressText(lines, read, size int64) string {
	text := humanCount(lines) + " lines"
	if size <= 0 {
		return text
	}
	return shareText(read, size) + "  " + text
}

// shareText draws a share of a size.
func shareText(read, size int64) string {
	const width = 30
	share := min(float64(read)/float64(size), 1)
	full := int(share * width)
	return fmt.Sprintf("[%s%s] %3.0f%%", strings.Repeat("#", full), strings.Repeat(".", width-full), share*100)
}
