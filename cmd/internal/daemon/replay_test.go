package daemon_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gaol/cmd/internal/replay"
	"gaol/config"
	"gaol/config/stock"
	"gaol/jail"
	"gaol/jail/store"
)

const replayedJails = `
[default]
ignoreself = false
ignoreip = ["192.0.2.9"]
[default.bantime_increment]
enabled = true
[jail.sshd]
enabled = false
[jail.app]
enabled = true
failregex = ['^ERROR Login failure <HOST>$']
logpath = ["DIR/app.log"]
maxretry = 3
findtime = "1m"
bantime = "2m"
[jail.session]
enabled = true
failregex = ['^<F-NOFAIL>INFO</F-NOFAIL> begin <F-MLFID>\d+</F-MLFID>$', '^ERROR Login failure <HOST>$', '^ERROR <F-MLFID>\d+</F-MLFID> failed from <ADDR>$']
logpath = ["DIR/app.log"]
maxretry = 4
`

const escalatingJails = `
[default]
ignoreself = false
[jail.sshd]
enabled = false
[jail.recidive]
enabled = true
maxretry = 3
bantime = "1h"
[jail.app]
enabled = true
failregex = ['^ERROR Login failure <HOST>$', { regex = '^ERROR \d+ failed from <HOST>$', weight = 2 }]
logpath = ["DIR/app.log"]
maxretry = 4
findtime = "2m"
bantime = "1m"
escalate = { enabled = true, hosts = 5, findtime = "5m", bantime = "3m" }
`

// replayedLog is a log of two hours that begins at a time: some hosts that fail, with a few lines that
// are dated out of their order.
func replayedLog(begin time.Time) (text string, lines int) {
	random := rand.New(rand.NewPCG(7, 7))
	var b strings.Builder
	for at := begin; at.Before(begin.Add(2 * time.Hour)); at = at.Add(time.Duration(random.IntN(4000)) * time.Millisecond) {
		date := at
		if random.IntN(20) == 0 {
			date = at.Add(-time.Duration(random.IntN(200)) * time.Second)
		}
		b.WriteString(date.UTC().Format("2006-01-02T15:04:05.000Z "))
		host := fmt.Sprintf("192.0.2.%d", random.IntN(30))
		switch random.IntN(4) {
		case 0:
			fmt.Fprintf(&b, "INFO begin %d\n", random.IntN(100))
		case 1:
			fmt.Fprintf(&b, "ERROR %d failed from %s\n", random.IntN(100), host)
		default:
			fmt.Fprintf(&b, "ERROR Login failure %s\n", host)
		}
		lines++
	}
	return b.String(), lines
}

// TestReplayDecidesAsTheDaemon has a daemon read a log that was written while it was down, and
// replays the same.
func TestReplayDecidesAsTheDaemon(t *testing.T) {
	for name, tt := range map[string]struct {
		conf  string
		jails []string
		has   []string
	}{
		"two jails, one with sessions":  {replayedJails, []string{"app", "session"}, []string{"app ", "session ", "#3 "}},
		"recidive, escalation, weights": {escalatingJails, []string{"app"}, []string{"recidive ", "/24 ", "by escalation", "for 5 "}},
	} {
		t.Run(name, func(t *testing.T) {
			all := strings.Join(decideAlike(t, tt.conf, tt.jails), "\n")
			for _, has := range tt.has {
				if !strings.Contains(all, has) {
					t.Errorf("%q is not tried:\n%s", has, all)
				}
			}
		})
	}
}

// decideAlike returns the bans of both.
func decideAlike(t *testing.T, jails string, readers []string) []string {
	s := newSite(t, jails)
	if err := s.run(nil)(); err != nil {
		t.Fatal(err)
	}
	text, lines := replayedLog(time.Now().Add(-72 * time.Hour))
	s.append("app.log", text)
	stop := s.run(nil)
	s.wait("all lines are read", func() error {
		for _, name := range readers {
			if sources := s.jail(name).Sources; len(sources) != 1 || sources[0].Lines != int64(lines) {
				return fmt.Errorf("%s: %+v, want %d lines", name, sources, lines)
			}
		}
		return nil
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	want := storedBans(t, filepath.Join(s.dir, "gaol.sqlite3"))

	conf := config.Load(config.Options{File: filepath.Join(s.dir, "gaol.toml"), Stock: stock.FS()})
	r, err := replay.Run(t.Context(), replay.Options{Config: conf, Logs: []string{filepath.Join(s.dir, "app.log")}, Now: time.Now(), Cores: 2})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range r.Bans {
		got = append(got, banText(b))
	}
	slices.Sort(got)
	if len(got) < 50 || !slices.Equal(got, want) {
		t.Errorf("replay has %d bans, the daemon %d:\n%s\n\n%s", len(got), len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return got
}

func banText(b jail.Ban) string {
	return fmt.Sprintf("%s %s %s to %s #%d for %d by %s", b.Jail, b.Prefix, b.Start.UTC().Format(time.RFC3339Nano), b.End.UTC().Format(time.RFC3339Nano), b.Count, b.Failures, b.By)
}

// storedBans are all bans that a store has.
func storedBans(t *testing.T, path string) []string {
	t.Helper()
	st, err := store.OpenReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	events, more, err := st.History(t.Context(), jail.Key{Prefix: netip.MustParsePrefix("0.0.0.0/0")}, 100_000)
	if err != nil || more {
		t.Fatal(more, err)
	}
	var list []string
	for _, e := range events {
		if e.What == store.Banned {
			list = append(list, banText(*e.Ban))
		}
	}
	slices.Sort(list)
	return list
}
