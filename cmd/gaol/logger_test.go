package main

import (
	"bytes"
	"log/slog"
	"testing"
)

func TestLineHandler(t *testing.T) {
	tests := []struct {
		name string
		log  func(*slog.Logger)
		want string
	}{
		{"no attribute", func(l *slog.Logger) { l.Info("started") }, "<6>started\n"},
		{"attributes", func(l *slog.Logger) { l.Warn("banned", "jail", "sshd", "count", 2) }, "<4>banned jail=sshd count=2\n"},
		{"attributes of With", func(l *slog.Logger) { l.With("jail", "sshd").Error("x", "err", "a b") }, "<3>x jail=sshd err=\"a b\"\n"},
		{"a forged line in a value", func(l *slog.Logger) { l.Info("x", "user", "a\n<0>y\x1b[2J") }, "<6>x user=\"a\\n<0>y\\x1b[2J\"\n"},
		{"below the level", func(l *slog.Logger) { l.Debug("x") }, ""},
		{"a group", func(l *slog.Logger) { l.WithGroup("g").Info("x", "a", 1) }, "<6>x g.a=1\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			tt.log(slog.New(newLineHandler(&out, slog.LevelInfo, func(r slog.Record) string {
				return priority(r.Level) + r.Message
			})))
			if out.String() != tt.want {
				t.Errorf("got %q, want %q", out.String(), tt.want)
			}
		})
	}
}
