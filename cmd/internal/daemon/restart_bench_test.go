package daemon_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gaol/filter"
	"gaol/jail"
	"gaol/jail/store"
)

// BenchmarkRestart is a start with a million counted failures in the store, from the start of the
// process until it says that it runs. Run with -benchtime=3x.
func BenchmarkRestart(b *testing.B) {
	s := newSite(b, oneJail("app", `findtime = "1h"`))
	fillStore(b, filepath.Join(s.dir, "gaol.sqlite3"), 1_000_000)
	var took time.Duration
	for b.Loop() {
		begin := time.Now()
		s.start("GAOL_TEST_OBSERVE=1")
		took += time.Since(begin)
		if n := s.jail("app").Failures.Current; n != 1_000_000 {
			b.Fatalf("%d failures were restored", n)
		}
		b.ReportMetric(s.memory("VmHWM"), "peak-MB")
		b.ReportMetric(s.memory("VmRSS"), "rest-MB")
		s.kill()
	}
	b.ReportMetric(took.Seconds()/float64(b.N), "start-s")
}

// fillStore makes a store with n hosts of one counted failure each.
func fillStore(t testing.TB, path string, n int) {
	t.Helper()
	st, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	now := time.Now()
	for done := 0; done < n; {
		var c store.Changes
		for range min(5000, n-done) {
			var a [4]byte
			binary.BigEndian.PutUint32(a[:], uint32(0x0b000000+done))
			c.Counted = append(c.Counted, jail.Counted{
				Jail: "app", Prefix: netip.PrefixFrom(netip.AddrFrom4(a), 32), Time: now, Read: now, Until: now.Add(time.Hour), User: "root",
				Line: fmt.Sprintf("2026-03-10 21:31:23,899 ERROR Login failure %s", netip.AddrFrom4(a)),
			})
			done++
		}
		c.Positions = []filter.Position{{Path: "/nowhere", Offset: int64(done)}}
		if err := st.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}

// memory is a figure of proc_pid_status(5) about the daemon, in MB.
func (s *site) memory(field string) float64 {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.daemon.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			kB, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return kB * 1024 / 1e6
		}
	}
	s.t.Fatalf("no %s", field)
	return 0
}
