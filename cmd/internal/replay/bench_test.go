package replay_test

import (
	"bufio"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gaol/cmd/internal/replay"
	"gaol/config"
	"gaol/config/stock"
	"gaol/examples/bench/logs"
)

// BenchmarkRun replays an auth.log of which 30 % are failed logins, on one core.
func BenchmarkRun(b *testing.B) {
	const lines = 1_000_000
	path := filepath.Join(b.TempDir(), "auth.log")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	logs.SSHD(w, lines)
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	conf := config.Load(config.Options{File: emptyFile(b), Stock: stock.FS()})
	opts := replay.Options{Config: conf, Logs: []string{path}, Jail: "sshd", Now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Cores: 1}
	b.ReportAllocs()
	for b.Loop() {
		r, err := replay.Run(b.Context(), opts)
		if err != nil || r.Lines != lines || len(r.Bans) == 0 {
			b.Fatalf("%+v, %v", r, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/line")
}

func emptyFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gaol.toml")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
