package daemon

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"gaol/config"
	"gaol/filter"
	"gaol/jail"
)

var friend = netip.MustParsePrefix("203.0.113.9/32")

func testInquiry(room *bool, asked *int) *inquiry {
	return newInquiry(config.Jail{Name: "app", IgnoreCommand: []string{"/bin/false"}, IgnoreRefresh: time.Hour},
		func(*inquiry, netip.Addr) bool {
			if *room {
				*asked++
			}
			return *room
		})
}

func TestInquiryRemembers(t *testing.T) {
	room, asked := true, 0
	q := testInquiry(&room, &asked)
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	check := func(what string, p netip.Prefix, want jail.Verdict, times int) {
		t.Helper()
		if got := q.judge(p, now); got != want || asked != times {
			t.Errorf("%s: got %v after %d questions, want %v after %d", what, got, asked, want, times)
		}
	}
	check("new", friend, jail.Undecided, 1)
	check("still asked", friend, jail.Undecided, 1)
	q.learn(friend.Addr(), true, nil, now)
	check("a friend", friend, jail.Spared, 1)
	check("his network", netip.MustParsePrefix("203.0.113.0/24"), jail.Spared, 1)
	check("another network", netip.MustParsePrefix("203.0.112.0/24"), jail.Bannable, 1)
	check("a stranger", hostile, jail.Undecided, 2)
	q.learn(hostile.Addr(), false, nil, now)
	check("known as such", hostile, jail.Bannable, 2)
	now = now.Add(time.Hour)
	check("a friend, asked again", friend, jail.Spared, 3)
	check("a stranger, asked again", hostile, jail.Undecided, 4)
	q.learn(friend.Addr(), false, errors.New("no database"), now)
	q.learn(hostile.Addr(), false, errors.New("no database"), now)
	check("a friend whose program fails", friend, jail.Spared, 4)
	check("a stranger whose program fails", hostile, jail.Bannable, 4)
	now = now.Add(inquiryRetry)
	check("once more", hostile, jail.Undecided, 5)
	room = false
	check("a new one without room", netip.MustParsePrefix("203.0.113.77/32"), jail.Bannable, 5)
	now = now.Add(inquiryRetry)
	check("a friend without room", friend, jail.Spared, 5)
}

func TestInquiryIsBounded(t *testing.T) {
	room, asked := true, 0
	q := testInquiry(&room, &asked)
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	address := func(i int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
	}
	for i := range 2 * maxOpinions {
		q.judge(address(i), now)
		q.learn(address(i).Addr(), i == 0, nil, now)
		now = now.Add(time.Second)
	}
	if len(q.known) > maxOpinions || q.judge(address(0), now) != jail.Spared {
		t.Errorf("%d are known, the friend is %v", len(q.known), q.judge(address(0), now))
	}
}

// TestIgnoreCommand runs a program that knows one friend, and is out of order for others.
func TestIgnoreCommand(t *testing.T) {
	b := newBench(t)
	script := `test "$GAOL_JAIL" = app && test "$GAOL_FAMILY" = inet4 || exit 7
case $GAOL_IP in 203.0.113.9) exit 0;; 203.0.113.1) exit 1;; *) echo "no database" >&2; exit 3;; esac`
	conf := b.cell.conf
	conf.IgnoreCommand, conf.IgnoreRefresh = []string{"/bin/sh", "-c", script}, time.Hour
	decided := make(chan netip.Addr, 10)
	i := newInquirer(time.Now, func(q *inquiry, addr netip.Addr) {
		b.decide(q, addr, time.Now())
		decided <- addr
	}, func(jail, text string) { b.problems.set(jail, "inquiry", text) })
	c, err := newCell(conf, nil, newInquiry(conf, i.ask))
	if err != nil {
		t.Fatal(err)
	}
	b.cell, b.cells["app"] = c, c
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- i.Run(ctx) }()
	unknown := netip.MustParsePrefix("203.0.113.50/32")
	for _, p := range []netip.Prefix{friend, hostile, unknown} {
		for range 2 { // as many as lead to a ban
			b.observe(c, []filter.Failure{{Time: time.Now(), Read: time.Now(), Prefix: p}})
		}
	}
	for range 3 {
		<-decided
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	var got []string
	for _, ban := range c.jail.Banned() {
		got = append(got, ban.Target())
	}
	if len(got) != 2 || got[0] != "203.0.113.1" || got[1] != "203.0.113.50" {
		t.Errorf("banned: %q", got)
	}
	if counts := c.jail.Counts(); counts.FailuresCurrent != 0 {
		t.Errorf("still counted: %+v", counts)
	}
	problems := b.problems.list("app")
	want := `ignorecommand: running /bin/sh: exit status 3: "no database": those of whom it said nothing may be banned`
	if len(problems) != 1 || problems[0] != want {
		t.Errorf("problems: %q", problems)
	}
}
