package daemon_test

import (
	"bytes"
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
		b.ReportMetric(s.processor(), "processor-s")
		s.kill()
	}
	b.ReportMetric(took.Seconds()/float64(b.N), "start-s")
}

// processor is the daemon's processor time in seconds: utime and stime of proc_pid_stat(5).
func (s *site) processor() float64 {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.daemon.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	// The second field is a name in brackets.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	ticks := 0.0
	for _, field := range fields[11:13] {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		ticks += n
	}
	return ticks / 100 // USER_HZ
}

// BenchmarkTrackedHosts is a daemon that reads a failure of each of a million hosts: how fast, and what
// memory it takes at the end. Run with -benchtime=1x.
func BenchmarkTrackedHosts(b *testing.B) {
	for name, address := range map[string]func(n int) netip.Addr{"IPv4": hostV4, "IPv6": hostV6} {
		b.Run(name, func(b *testing.B) {
			const hosts = 1_000_000
			for b.Loop() {
				s := newSite(b, oneJail("app", `findtime = "1h"`))
				s.start("GAOL_TEST_OBSERVE=1")
				b.ReportMetric(s.memory("VmRSS"), "idle-MB")
				begin := time.Now()
				for n := 0; n < hosts; {
					var text strings.Builder
					for range 10_000 {
						text.WriteString(failures(1, address(n).String()))
						n++
					}
					s.append("app.log", text.String())
				}
				for s.jail("app").Hosts.Current < hosts {
					time.Sleep(50 * time.Millisecond)
				}
				b.ReportMetric(hosts/time.Since(begin).Seconds(), "failures/s")
				b.ReportMetric(s.memory("VmRSS"), "MB")
				b.ReportMetric(s.memory("VmHWM"), "peak-MB")
				s.kill()
			}
		})
	}
}

func hostV4(n int) netip.Addr {
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], uint32(0x0b000000+n))
	return netip.AddrFrom4(a)
}

// hostV6 has a /64 for each n.
func hostV6(n int) netip.Addr {
	var a [16]byte
	binary.BigEndian.PutUint64(a[:], 0x20010db8_00000000+uint64(n)*4099)
	a[15] = 1
	return netip.AddrFrom16(a)
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
			addr := hostV4(done)
			c.Counted = append(c.Counted, jail.Counted{
				Jail: "app", Prefix: netip.PrefixFrom(addr, 32), Time: now, Read: now, Until: now.Add(time.Hour), User: "root",
				Line: fmt.Sprintf("2026-03-10 21:31:23,899 ERROR Login failure %s", addr),
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
