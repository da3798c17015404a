package source_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gaol/jail/source"
)

// followForBenchmark follows log and sends each batch's number of lines.
func followForBenchmark(b *testing.B, log string, from source.From) <-chan int {
	b.Helper()
	files, err := source.NewFiles(source.FilesOptions{
		Patterns: []source.Pattern{{
			Glob: log, From: from, FindTime: time.Hour,
			Date: func(string) (time.Time, bool) { return time.Now(), true },
		}},
		Logger: testLogger(),
		Now:    time.Now,
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	batches, done := make(chan int, 1), make(chan error, 1)
	go func() {
		done <- files.Run(ctx, func(ctx context.Context, batch source.Batch) error {
			select {
			case batches <- len(batch.Lines):
			case <-ctx.Done():
			}
			return nil
		})
	}()
	b.Cleanup(func() {
		stop()
		<-done
	})
	return batches
}

// BenchmarkWriteToEmit measures from before a line is written until it is emitted.
func BenchmarkWriteToEmit(b *testing.B) {
	log := filepath.Join(b.TempDir(), "x.log")
	w, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	batches := followForBenchmark(b, log, source.FromEnd)
	<-batches // its position
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := w.WriteString("2026-03-10 21:31:23 failure from 192.0.2.5\n"); err != nil {
			b.Fatal(err)
		}
		<-batches
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkCatchUp measures reading what is there already, as after a start.
func BenchmarkCatchUp(b *testing.B) {
	const lines = 1 << 20
	log := filepath.Join(b.TempDir(), "x.log")
	line := "192.0.2.7 - - [10/Mar/2026:21:31:23 +0000] \"GET /index.html HTTP/1.1\" 200 1234 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"\n"
	if err := os.WriteFile(log, []byte(strings.Repeat(line, lines)), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(lines * len(line)))
	b.ReportAllocs()
	for b.Loop() {
		batches := followForBenchmark(b, log, source.FromTime)
		for n := 0; n < lines; {
			n += <-batches
		}
	}
}
