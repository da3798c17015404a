package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
)

// newLogger returns the daemon's log on standard error: short lines for a person
// at a terminal, lines with a priority for the journal, and the usual
// key=value lines for everything else.
func (a *app) newLogger(verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	switch {
	case isTerminal(a.stderr):
		paint := a.paint(a.stderr)
		return slog.New(newLineHandler(a.stderr, level, func(r slog.Record) string {
			return paint.in(dim, r.Time.Format("15:04:05")) + " " + paint.in(levelStyle(r.Level), r.Message)
		}))
	case a.getenv("JOURNAL_STREAM") != "":
		return slog.New(newLineHandler(a.stderr, level, func(r slog.Record) string {
			return priority(r.Level) + r.Message
		}))
	default:
		return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
	}
}

func levelStyle(level slog.Level) style {
	switch {
	case level >= slog.LevelError:
		return red
	case level >= slog.LevelWarn:
		return yellow
	default:
		return bold
	}
}

// priority is the prefix by which the journal knows a line's level
// (sd-daemon(3)).
func priority(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "<3>"
	case level >= slog.LevelWarn:
		return "<4>"
	case level >= slog.LevelInfo:
		return "<6>"
	default:
		return "<7>"
	}
}

// lineHandler writes a head of its own and behind it the attributes as
// slog.TextHandler writes them, control characters quoted.
type lineHandler struct {
	head  func(slog.Record) string
	attrs slog.Handler // writes to out.line
	out   *lineOutput
}

// lineOutput is shared by all handlers made of one by With.
type lineOutput struct {
	mu   sync.Mutex
	w    io.Writer
	line bytes.Buffer // guarded by mu
}

func newLineHandler(w io.Writer, level slog.Level, head func(slog.Record) string) *lineHandler {
	out := &lineOutput{w: w}
	attrs := slog.NewTextHandler(&out.line, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
				return slog.Attr{}
			}
			return a
		},
	})
	return &lineHandler{head: head, attrs: attrs, out: out}
}

// Enabled asks for the level.
func (h *lineHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.attrs.Enabled(ctx, level)
}

// Handle writes one line.
func (h *lineHandler) Handle(ctx context.Context, r slog.Record) error {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	h.out.line.Reset()
	h.out.line.WriteString(h.head(r) + " ")
	if err := h.attrs.Handle(ctx, r); err != nil {
		return err
	}
	_, err := h.out.w.Write(append(bytes.TrimRight(h.out.line.Bytes(), " \n"), '\n'))
	return err
}

// WithAttrs returns a handler that adds attrs to each line.
func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &lineHandler{head: h.head, attrs: h.attrs.WithAttrs(attrs), out: h.out}
}

// WithGroup returns a handler that puts what follows in a group.
func (h *lineHandler) WithGroup(name string) slog.Handler {
	return &lineHandler{head: h.head, attrs: h.attrs.WithGroup(name), out: h.out}
}
