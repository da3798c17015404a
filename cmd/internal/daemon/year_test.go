package daemon

import (
	"cmp"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gaol/config"
	"gaol/filter"
	"gaol/jail"
	"gaol/jail/formula"
	"gaol/jail/store"
)

// yearJails are the jails of the simulated year: a way to grow each, and recidive.
func yearJails(t *testing.T) []config.Jail {
	t.Helper()
	grows, err := formula.Parse("count < 4 ? time * (1 + count) : min(time * pow(count, 3), 3w)")
	if err != nil {
		t.Fatal(err)
	}
	const week = 7 * 24 * time.Hour
	jails := []config.Jail{
		{Name: "sshd", MaxRetry: 5, FindTime: 10 * time.Minute, BanTime: 10 * time.Minute,
			Increment: jail.Increment{Enabled: true, MaxTime: 5 * week}},
		{Name: "web", MaxRetry: 3, FindTime: 5 * time.Minute, BanTime: time.Hour,
			Increment: jail.Increment{Enabled: true, Factor: 1.5, Multipliers: []int{1, 2, 4, 8, 16}, OverallJails: true}},
		{Name: "ftp", MaxRetry: 4, FindTime: time.Hour, BanTime: 20 * time.Minute,
			Increment: jail.Increment{Enabled: true, Formula: grows}},
		{Name: "mail", MaxRetry: 3, FindTime: time.Hour, BanTime: 2 * time.Hour},
		{Name: "recidive", MaxRetry: 5, FindTime: 24 * time.Hour, BanTime: week, Bans: true},
	}
	for i := range jails {
		jails[i].Enabled, jails[i].Enforce, jails[i].BanAction = true, true, "none"
	}
	return jails
}

// expectedLength is how long a ban in one of yearJails lasts, after so many earlier ones, in seconds. It is
// written out by hand, so that it shares nothing with what is tested.
func expectedLength(name string, earlier int) float64 {
	n := float64(earlier)
	switch {
	case name == "recidive":
		return 604800
	case name == "mail":
		return 7200
	case name == "sshd":
		return math.Min(600*math.Pow(2, math.Min(n, 20)), 5*604800)
	case name == "web" && earlier == 0:
		return 3600
	case name == "web":
		return 3600 * 1.5 * math.Pow(2, math.Min(n, 4))
	case earlier < 4:
		return 1200 * (1 + n)
	default:
		return math.Min(1200*n*n*n, 3*604800)
	}
}

// attacker tries one service every now and then until it is locked out, then waits for a while and goes on.
type attacker struct {
	host            netip.Prefix
	service         string
	pause, patience time.Duration
	next            time.Time

	// What must become of it: the bans so far, until when it is locked out by which jail, and the times of
	// its failures and bans since they last led to a ban.
	bans   []string
	count  map[string]int
	until  map[string]time.Time
	failed []time.Time
	jailed []time.Time
}

// fails notes that the attacker fails once more at its time, and what must come of that.
func (a *attacker) fails(jails map[string]config.Jail) {
	j := jails[a.service]
	a.failed = append(a.failed, a.next)
	if !within(a.failed, j.MaxRetry, j.FindTime) {
		return
	}
	a.failed = nil
	a.banned(a.service, jails)
	a.jailed = append(a.jailed, a.next)
	r := jails["recidive"]
	if within(a.jailed, r.MaxRetry, r.FindTime) {
		a.jailed = nil
		a.banned("recidive", jails)
	}
}

// within says whether the last n of times lie within d.
func within(times []time.Time, n int, d time.Duration) bool {
	return len(times) >= n && times[len(times)-1].Sub(times[len(times)-n]) <= d
}

func (a *attacker) banned(name string, jails map[string]config.Jail) {
	earlier := a.count[name]
	if jails[name].Increment.OverallJails {
		earlier = 0
		for _, n := range a.count {
			earlier += n
		}
	}
	a.count[name]++
	length := time.Duration(expectedLength(name, earlier) * float64(time.Second))
	a.until[name] = a.next.Add(length)
	a.bans = append(a.bans, banText(name, a.next, a.next.Add(length), a.count[name]))
}

func banText(name string, start, end time.Time, count int) string {
	return fmt.Sprintf("%s %s %s %d", start.UTC().Format(time.RFC3339), name, end.Sub(start), count)
}

// goesOn chooses when the attacker tries next: soon, or a while after it is let in again.
func (a *attacker) goesOn() {
	free := a.next
	for _, until := range a.until {
		if until.After(free) {
			free = until
		}
	}
	if free.After(a.next) {
		a.next = free.Add(a.patience)
	} else {
		a.next = a.next.Add(a.pause)
	}
}

// TestYear lets a year go by in which attackers come back again and again, with a restart each month, and compares
// every ban with what it must be.
func TestYear(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	y := newYear(t, begin)
	jails := map[string]config.Jail{}
	for _, j := range yearJails(t) {
		jails[j.Name] = j
	}
	var attackers []*attacker
	for i, patience := range []time.Duration{time.Second, 20 * time.Minute, 3 * time.Hour, 26 * time.Hour, 9 * 24 * time.Hour} {
		for n, service := range []string{"sshd", "web", "ftp", "mail"} {
			attackers = append(attackers, &attacker{
				host: netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(10*i + n)}), 32), service: service,
				pause: time.Duration(7+10*n) * time.Second, patience: patience, next: begin.Add(time.Duration(100*i+n) * time.Minute),
				count: map[string]int{}, until: map[string]time.Time{},
			})
		}
	}
	for {
		a := slices.MinFunc(attackers, func(a, b *attacker) int { return a.next.Compare(b.next) })
		if a.next.Sub(begin) >= 365*24*time.Hour {
			break
		}
		y.goTo(a.next)
		y.fail(a.service, a.host)
		a.fails(jails)
		a.goesOn()
	}
	total, recidive := 0, 0
	for _, a := range attackers {
		got := y.bansOf(a.host)
		want := slices.Sorted(slices.Values(a.bans))
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Errorf("%s at %s: ban %d of %d, and %d were expected:\ngot  %q\nwant %q",
					a.host, a.service, i+1, len(got), len(want), got[i:min(i+3, len(got))], want[i:min(i+3, len(want))])
				break
			}
		}
		total, recidive = total+len(got), recidive+a.count["recidive"]
	}
	if total < 1000 || recidive < 10 {
		t.Errorf("only %d bans in a year, %d of them by recidive", total, recidive)
	}
	t.Logf("%d bans, %d of them by recidive, %d restarts", total, recidive, y.restarts)
}

// year is a daemon without logs whose time is told.
type year struct {
	t        *testing.T
	now      time.Time
	store    *store.Store
	daemon   *Daemon
	restarts int
	started  time.Time
	tidied   time.Time
}

func newYear(t *testing.T, begin time.Time) *year {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "gaol.sqlite3"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	y := &year{t: t, now: begin, store: s, tidied: begin}
	y.start()
	return y
}

// start makes a daemon of what the store knows.
func (y *year) start() {
	y.t.Helper()
	log := slog.New(slog.DiscardHandler)
	d := &Daemon{opts: Options{Now: func() time.Time { return y.now }, Logger: log}, bgCtx: y.t.Context(), store: y.store}
	d.engine = &engine{log: log, events: newHub(), cells: map[string]*cell{}, problems: newProblems(log, func(string, string) {})}
	d.writer = newWriter(y.store, func(problem string) {
		if problem != "" {
			y.t.Error(problem)
		}
	}, d.inForce)
	jails := yearJails(y.t)
	d.purgeAge = 2 * 365 * 24 * time.Hour
	tr := &transition{Daemon: d, start: true, after: map[string][]func(){}}
	for _, j := range jails {
		tr.wishes = append(tr.wishes, wish{Jail: j})
	}
	tr.recall(y.t.Context(), nil)
	for _, w := range tr.wishes {
		if err := tr.beginLocked(w); err != nil {
			y.t.Fatal(err)
		}
	}
	y.daemon, y.started = d, y.now
}

// goTo lets time pass: bans end, once a day things are stored and tidied, and once a month there is a restart.
func (y *year) goTo(now time.Time) {
	y.t.Helper()
	y.now = now
	if now.Sub(y.tidied) >= 24*time.Hour {
		y.tidied = now
		y.keep()
		y.daemon.purge(y.t.Context(), now)
	}
	if now.Sub(y.started) >= 30*24*time.Hour {
		y.keep()
		y.restarts++
		y.start()
	}
	y.daemon.expire(now)
}

// keep stores what has happened.
func (y *year) keep() {
	y.t.Helper()
	if !y.daemon.writer.commit(y.t.Context()) {
		y.t.Fatal("the store refuses")
	}
}

func (y *year) fail(service string, host netip.Prefix) {
	c := y.daemon.cells[service]
	y.daemon.observe(c, []filter.Failure{{Time: y.now, Read: y.now, Prefix: host, Host: host.Addr().String(), Lines: []string{"Failed password"}}})
}

// bansOf is what the history has of a host, in order.
func (y *year) bansOf(host netip.Prefix) (list []string) {
	y.t.Helper()
	y.keep()
	events, _, err := y.store.History(y.t.Context(), jail.Key{Prefix: host}, 10_000)
	if err != nil {
		y.t.Fatal(err)
	}
	for _, e := range events {
		if e.What == store.Banned {
			list = append(list, banText(e.Jail, e.Ban.Start, e.Ban.End, e.Ban.Count))
		}
	}
	slices.SortFunc(list, cmp.Compare[string])
	return list
}
