package store_test

import (
	"context"
	"encoding/binary"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gaol/filter"
	"gaol/jail"
	"gaol/jail/store"
)

func hostNumber(n int) netip.Prefix {
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], uint32(0x0b000000+n))
	return netip.PrefixFrom(netip.AddrFrom4(a), 32)
}

const line = "Mar 10 21:31:23 host sshd[1234]: Failed password for root from 203.0.113.77 port 51234 ssh2"

func manyBans(n int) []jail.Ban {
	list := make([]jail.Ban, n)
	for i := range list {
		list[i] = ban("192.0.2.1", 0, 3600)
		list[i].Prefix, list[i].Lines = hostNumber(i), []string{line, line, line, line, line}
	}
	return list
}

func BenchmarkCommit(b *testing.B) {
	b.Run("5000 failures", func(b *testing.B) {
		s := fresh(b)
		n := 0
		for b.Loop() {
			c := store.Changes{Positions: []filter.Position{{Path: "log", Offset: int64(n)}}}
			for range 5000 {
				f := counted("192.0.2.1", n/1000)
				f.Prefix, f.Line = hostNumber(n%100_000), line
				c.Counted = append(c.Counted, f)
				n++
			}
			commit(b, s, c)
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "failures/s")
	})
	b.Run("5000 bans", func(b *testing.B) {
		s := fresh(b)
		n := 0
		for b.Loop() {
			bans := manyBans(5000)
			for i := range bans {
				bans[i].Start = at(n)
			}
			n++
			commit(b, s, store.Changes{Bans: bans})
		}
		b.ReportMetric(float64(5000*n)/b.Elapsed().Seconds(), "bans/s")
	})
	b.Run("1 failure", func(b *testing.B) {
		s := fresh(b)
		n := 0
		for b.Loop() {
			n++
			commit(b, s, store.Changes{Counted: []jail.Counted{counted("192.0.2.1", n)}, Positions: []filter.Position{{Path: "log", Offset: int64(n)}}})
		}
	})
	b.Run("1 ban by hand, flushed", func(b *testing.B) {
		s := fresh(b)
		n := 0
		for b.Loop() {
			n++
			hand := ban("192.0.2.1", n, 10)
			hand.By = store.ByHand
			commit(b, s, store.Changes{Bans: []jail.Ban{hand}})
		}
	})
}

// BenchmarkAtOnce commits 50,000 bans with the failures that led to them, and the lifting of all.
func BenchmarkAtOnce(b *testing.B) {
	var c store.Changes
	var ended []store.Ended
	for i := range 50_000 {
		f, banned := counted("192.0.2.1", 0), ban("192.0.2.1", 0, 3600)
		f.Prefix, f.Line = hostNumber(i), line
		banned.Prefix, banned.Lines = f.Prefix, []string{line}
		c.Counted, c.Bans = append(c.Counted, f), append(c.Bans, banned)
		ended = append(ended, store.Ended{Ban: banned, At: at(5), By: store.ByHand})
	}
	b.Run("bans", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			commit(b, fresh(b), c)
		}
	})
	b.Run("unbans", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			s := fresh(b)
			commit(b, s, c)
			b.StartTimer()
			commit(b, s, store.Changes{Ended: ended})
		}
	})
}

// BenchmarkBackup copies a store of 50,000 bans while others commit.
func BenchmarkBackup(b *testing.B) {
	s := fresh(b)
	commit(b, s, store.Changes{Bans: manyBans(50_000)})
	whileCommitting(b, s, func() {
		for b.Loop() {
			f, err := s.Backup(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			f.Close()
		}
	})
}

// BenchmarkPurge deletes 50,000 bans while others commit.
func BenchmarkPurge(b *testing.B) {
	s := fresh(b)
	for b.Loop() {
		b.StopTimer()
		commit(b, s, store.Changes{Bans: manyBans(50_000)})
		b.StartTimer()
		whileCommitting(b, s, func() {
			if err := s.Purge(b.Context(), at(1e6)); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// whileCommitting does something and says how long a commit of one failure took at most meanwhile.
func whileCommitting(b *testing.B, s *store.Store, do func()) {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	var longest time.Duration
	var committing sync.WaitGroup
	committing.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			begin := time.Now()
			commit(b, s, store.Changes{Counted: []jail.Counted{counted("192.0.2.1", n)}})
			longest = max(longest, time.Since(begin))
		}
	})
	do()
	stop()
	committing.Wait()
	b.ReportMetric(float64(longest.Microseconds())/1000, "longest-commit-ms")
}

func BenchmarkLoad50000Bans(b *testing.B) {
	path := filepath.Join(b.TempDir(), "gaol.sqlite3")
	s := open(b, path)
	commit(b, s, store.Changes{Bans: manyBans(50_000)})
	s.Close()
	for b.Loop() {
		s := open(b, path)
		st, err := s.Load(b.Context(), at(1))
		if err != nil || len(st.Bans) != 50_000 {
			b.Fatal(len(st.Bans), err)
		}
		j, err := jail.New(jail.Options{Name: "sshd", MaxRetry: 5, FindTime: time.Minute, BanTime: time.Hour})
		if err != nil {
			b.Fatal(err)
		}
		if n := len(j.Restore(st.Bans, st.Earlier["sshd"], at(1))); n != 50_000 {
			b.Fatal(n)
		}
		s.Close()
	}
}

// BenchmarkLoadFailures hands a million counted failures to a jail.
func BenchmarkLoadFailures(b *testing.B) {
	s := fresh(b)
	for n := 0; n < 1_000_000; {
		c := store.Changes{}
		for range 10_000 {
			f := counted("192.0.2.1", 0)
			f.Prefix, f.Line = hostNumber(n), line
			c.Counted = append(c.Counted, f)
			n++
		}
		commit(b, s, c)
	}
	b.ReportAllocs()
	for b.Loop() {
		j, err := jail.New(jail.Options{Name: "sshd", MaxRetry: 5, FindTime: 10 * time.Minute, BanTime: time.Hour})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Counted(b.Context(), tenMinutes, func(c jail.Counted) { j.RestoreFailure(c, at(1)) }); err != nil {
			b.Fatal(err)
		}
		if n := j.Counts().Hosts; n != 1_000_000 {
			b.Fatal(n)
		}
	}
}
