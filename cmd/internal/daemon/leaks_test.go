package daemon

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gaol/cmd/internal/leak"
	"gaol/filter"
	"gaol/jail"
)

func failureOf(i int, at time.Time) filter.Failure {
	addr := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
	return filter.Failure{Prefix: netip.PrefixFrom(addr, 32), Host: addr.String(), Time: at, Read: at}
}

func TestLeaksOfAFloodAreOneLine(t *testing.T) {
	var l leaks
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	texts := map[string]bool{}
	for i := range 10_000 {
		f := failureOf(i, now.Add(time.Duration(i)*time.Millisecond))
		l.see(f, jail.Key{Prefix: f.Prefix})
		for _, h := range l.due(now.Add(time.Hour)) {
			h.learn(leak.Diagnosis{Kind: leak.Port, Text: fmt.Sprintf("it is of %s", h.prefix)})
		}
		texts[l.problem()] = true
	}
	if len(l.hosts) != maxLeaks || l.failures != 10_000 || len(texts) > 12 {
		t.Errorf("%d hosts, %d failures, %d texts", len(l.hosts), l.failures, len(texts))
	}
	if got, want := l.problem(), "more than 100 banned addresses go on failing, such as 10.0.0.0: it is of 10.0.0.0/32"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if s := l.describe(); s.Current != maxLeaks || len(s.Examples) != leaksShown || s.Examples[0].Address != "10.0.0.0" {
		t.Errorf("got %+v", s)
	}
	banned := func(jail.Key) bool { return true }
	l.forget(now.Add(leakHold+time.Minute), banned)
	if l.problem() != "" || len(l.hosts) > 0 {
		t.Errorf("not forgotten: %q", l.problem())
	}
}

func TestLeaksOfOneHost(t *testing.T) {
	var l leaks
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	f := failureOf(7, now)
	l.see(f, jail.Key{Prefix: f.Prefix})
	if l.problem() != "" {
		t.Errorf("without a look: %q", l.problem())
	}
	h := l.due(now)[0]
	h.looked = now
	h.learn(leak.Diagnosis{Kind: leak.Port, Text: "it connects"})
	if got := l.problem(); got != "10.0.0.7 goes on failing though it is banned: it connects" {
		t.Errorf("got %q", got)
	}
	l.see(failureOf(7, now.Add(time.Second)), jail.Key{Prefix: f.Prefix})
	if len(l.due(now.Add(lookAgain-1))) != 0 || len(l.due(now.Add(lookAgain))) != 1 {
		t.Error("looked for too often, or never again")
	}
	h.learn(leak.Diagnosis{Kind: leak.Unseen, Text: "nothing"})
	if h.diagnosis.Kind != leak.Port || l.failures != 2 || h.failures != 2 {
		t.Errorf("got %+v", h)
	}
	l.forget(now.Add(time.Minute), func(jail.Key) bool { return false })
	if l.problem() != "" {
		t.Errorf("the ban is over: %q", l.problem())
	}
}

func TestLateLinesAreNoLeak(t *testing.T) {
	held := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name          string
		written, read time.Duration // after the ban is held; written -1: not known
		shift         time.Duration
		want          int
	}{
		{"before", -time.Second, time.Minute, 0, 0},
		{"at once", 2 * time.Second, 2 * time.Second, 0, 0},
		{"within the grace, read late", leakGrace - time.Second, time.Hour, 0, 0},
		{"after the grace", leakGrace, leakGrace, 0, 1},
		{"dated ahead, read at once", time.Hour, time.Second, 0, 0},
		{"undated", -1, leakGrace, 0, 0},
		{"undated, long after", -1, undatedGrace, 0, 1},
		{"of a log with a wrong clock", time.Hour, leakGrace, time.Hour, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := failureOf(7, held.Add(tt.written))
			f.Read = held.Add(tt.read)
			if tt.written == -1 {
				f.Time = time.Time{}
			}
			key := jail.Key{Prefix: f.Prefix}
			c := &cell{imposed: map[jail.Key]imposed{key: {held: held}}}
			c.noteBannedLocked(f, jail.Outcome{Within: key, Shift: tt.shift})
			if c.leaks.failures != tt.want || strings.Contains(c.leaks.problem(), "fail") {
				t.Errorf("got %d, want %d", c.leaks.failures, tt.want)
			}
		})
	}
}
