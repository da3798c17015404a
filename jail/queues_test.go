package jail_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"gaol/filter"
	"gaol/jail"
)

// crowd makes addresses, each once.
type crowd func(n int) netip.Prefix

// scattered is host number n of all of IPv4.
func scattered(n int) netip.Prefix {
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], uint32(n)*2654435761+1) // Knuth's multiplier: every number once
	return netip.PrefixFrom(netip.AddrFrom4(a), 32)
}

// in makes /64s of a /32.
func in(network uint32) crowd {
	return func(n int) netip.Prefix {
		var a [16]byte
		binary.BigEndian.PutUint32(a[:], network)
		binary.BigEndian.PutUint32(a[4:], uint32(n))
		return netip.PrefixFrom(netip.AddrFrom16(a), 64)
	}
}

// fails lets hosts from-to of a crowd fail so many times each.
func fails(j *jail.Jail, who crowd, from, to, times int, now time.Time) (bans int) {
	for n := from; n < to; n++ {
		for range times {
			if j.Observe(filter.Failure{Prefix: who(n), Time: now, Read: now}).Ban != nil {
				bans++
			}
		}
	}
	return bans
}

// smallTable is what a jail of these tests tracks at most. They have been run with a million as well.
const smallTable = 4_000

func crowdedJail(t *testing.T) *jail.Jail {
	opts := options() // five failures in ten minutes
	opts.MaxHosts = smallTable
	return newJail(t, opts)
}

// TestCrowdDoesNotHideASlowAttacker lets an attacker fail four times, a crowd as often as it likes, and
// the attacker a fifth time.
func TestCrowdDoesNotHideASlowAttacker(t *testing.T) {
	slow := func(int) netip.Prefix { return netip.MustParsePrefix("192.0.2.1/32") }
	neighbour := in(0x2a000001)
	for _, tt := range []struct {
		name  string
		slow  crowd
		crowd crowd
		hosts int
		times int
	}{
		{"addresses from everywhere, once each", slow, scattered, 50 * smallTable, 1},
		{"/64s of one /32, once each", slow, in(0x20010db8), 10 * smallTable, 1},
		{"/64s of one /32, four times each", slow, in(0x20010db8), 3 * smallTable, 4},
		{"/64s of the attacker's own /32, once each", neighbour, func(n int) netip.Prefix { return neighbour(n + 1) }, 10 * smallTable, 1},
		{"addresses from everywhere, twice each, of half the table", slow, scattered, smallTable / 2, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := crowdedJail(t)
			fails(j, tt.slow, 0, 1, 4, noon)
			if bans := fails(j, tt.crowd, 0, tt.hosts, tt.times, at(1)); bans > 0 {
				t.Fatalf("%d of the crowd are banned", bans)
			}
			if c := j.Counts(); c.Hosts > smallTable || c.EvictedHosts != tt.hosts+1-c.Hosts {
				t.Errorf("got %+v", c)
			}
			if fails(j, tt.slow, 0, 1, 1, at(2)) != 1 {
				t.Error("the attacker has been forgotten")
			}
		})
	}
}

// TestPriceOfBeingForgotten holds what queues.go says of it: as many hosts as there is room for, three
// quarters of which fail twice, and which are not of few networks.
func TestPriceOfBeingForgotten(t *testing.T) {
	isForgotten := func(twice int) bool {
		j := crowdedJail(t)
		fails(j, in(1<<28), 0, 1, 4, noon)
		fails(j, scattered, 0, twice, 2, at(1))
		fails(j, scattered, twice, smallTable+1000, 1, at(1))
		return fails(j, in(1<<28), 0, 1, 1, at(2)) == 0
	}
	if isForgotten(smallTable*3/4 - 1) {
		t.Error("it costs less")
	}
	if !isForgotten(smallTable*3/4 + 1) {
		t.Error("it costs more")
	}
}

// TestNewcomersHaveRoom fills the table with hosts that have failed repeatedly. A newcomer must still be
// caught, though others come all the time.
func TestNewcomersHaveRoom(t *testing.T) {
	j := crowdedJail(t)
	fails(j, scattered, 0, 2*smallTable, 2, noon)
	if c := j.Counts(); c.Hosts != smallTable {
		t.Fatalf("got %+v", c)
	}
	newcomer := in(1 << 28)
	bans, next := 0, 2*smallTable
	for range 5 {
		bans += fails(j, newcomer, 0, 1, 1, at(1))
		fails(j, scattered, next, next+smallTable/5, 1, at(1))
		next += smallTable / 5
	}
	if bans != 1 {
		t.Error("the newcomer was forgotten")
	}
}

// TestQueuesForget checks after a random life of a small table that everybody who is due is forgotten,
// in time, and that what is left is nothing.
func TestQueuesForget(t *testing.T) {
	opts := options()
	opts.MaxHosts, opts.FindTime = 100, time.Minute
	j := newJail(t, opts)
	rnd := rand.New(rand.NewPCG(4, 2))
	now := noon
	last := map[int]time.Time{}
	for range 20_000 {
		now = now.Add(time.Duration(rnd.IntN(2000)) * time.Millisecond)
		n := rnd.IntN(200)
		fails(j, scattered, n, n+1, 1, now)
		last[n] = now
		j.Expire(now)
		alive := 0
		for _, at := range last {
			if now.Sub(at) <= opts.FindTime+2*time.Minute {
				alive++
			}
		}
		if c := j.Counts(); c.Hosts > min(alive, opts.MaxHosts) {
			t.Fatalf("%d hosts are known, %d have failed lately", c.Hosts, alive)
		}
	}
	for range 1000 {
		next, ok := j.Next()
		if !ok {
			break
		}
		j.Expire(next)
	}
	if c := j.Counts(); c.Hosts+c.FailuresCurrent+c.BannedCurrent != 0 {
		t.Errorf("left is %+v", c)
	}
}
