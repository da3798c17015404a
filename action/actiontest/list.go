package actiontest

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"gaol/action"
)

// ListSuite says how to test a firewall's lists.
type ListSuite struct {
	// New makes the list of a rule.
	New func(t *testing.T, rule action.Rule) action.Blocker
	// Damage is what other programs may do, each of which must be found out.
	Damage map[string]func(*testing.T)
	// Dirt is what may be there before the start.
	Dirt map[string]func(*testing.T)
	// Clean fails the test if anything is left of jail "web".
	Clean func(*testing.T)
}

// listed is how the server and a listed client are called in one family.
var listed = []host{
	{family: "IPv4", server: "203.0.113.1", prompt: 1900 * time.Millisecond},
	{family: "IPv6", server: "2001:db8:1::1", prompt: 1900 * time.Millisecond},
}

// TestList runs the contract of [action.Blocker] with packets. Isolate must have moved the test into a namespace of its
// own.
func TestList(t *testing.T, suite ListSuite) {
	server, bad, good := Own(t), NewSpace(t), NewSpace(t)
	Connect(t, server, []string{"203.0.113.1/29", "2001:db8:1::1/64"}, bad, []string{"203.0.113.2/29", "2001:db8:1::2/64"})
	Connect(t, server, []string{"203.0.113.9/29", "2001:db8:2::1/64"}, good, []string{"203.0.113.10/29", "2001:db8:2::2/64"})
	good.Route(t, "203.0.113.9")
	good.Route(t, "2001:db8:2::1")
	server.Serve(t, "tcp", ":80")
	l := suite.New(t, action.Rule{Jail: "web"})
	stop := func() {
		t.Helper()
		if err := l.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		suite.Clean(t)
	}
	defer stop()
	put := func(t *testing.T, list action.Refusals) {
		t.Helper()
		if err := l.Replace(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		if err := l.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	replace := func(t *testing.T, prefixes []netip.Prefix) { t.Helper(); put(t, action.Refusals{Prefixes: prefixes}) }
	check := func(t *testing.T, isListed bool) {
		t.Helper()
		for _, h := range listed {
			if isListed {
				refused(t, bad, h, "tcp", "80")
			} else {
				served(t, bad, "tcp", "["+h.server+"]:80")
			}
			served(t, good, "tcp", "["+h.server+"]:80")
		}
	}
	single := Prefixes("203.0.113.2/32", "2001:db8:1::2/128")
	wide := Prefixes("203.0.113.0/29", "2001:db8:1::/64")
	t.Run("nothing to refuse", func(t *testing.T) { replace(t, nil); check(t, false) })
	t.Run("single addresses", func(t *testing.T) { replace(t, single); check(t, true) })
	t.Run("the same once more", func(t *testing.T) { replace(t, single); check(t, true) })
	t.Run("the network instead", func(t *testing.T) { replace(t, wide); check(t, true) })
	t.Run("the addresses instead", func(t *testing.T) { replace(t, single); check(t, true) })
	t.Run("others", func(t *testing.T) { replace(t, Prefixes("198.51.100.0/24", "2001:db8:3::/48")); check(t, false) })
	t.Run("one family alone", func(t *testing.T) { replace(t, single[:1]); refused(t, bad, listed[0], "tcp", "80") })
	t.Run("the last address there is", func(t *testing.T) { replace(t, Prefixes("255.255.255.255/32", "ffff::/16")); check(t, false) })
	t.Run("spared", func(t *testing.T) {
		all := Prefixes("203.0.0.0/16", "2001:d00::/24")
		around := Prefixes("203.0.113.0/29", "203.0.113.8/29", "203.0.113.16/28", "2001:db8:1::/65", "2001:db8:2::2/128")
		for range 2 { // made anew, and changed in place
			replace(t, single)
			put(t, action.Refusals{Prefixes: all, Spared: around})
			check(t, false)
			put(t, action.Refusals{Prefixes: all, Spared: Prefixes("203.0.113.8/29", "2001:db8:2::/64")})
			check(t, true)
			put(t, action.Refusals{Prefixes: all, Spared: Prefixes("203.0.113.2/32", "203.0.113.10/32", "2001:db8:1::2/128", "2001:db8:2::2/128")})
			check(t, false)
		}
		// What was on the list is spared now, and the other way round.
		replace(t, single)
		check(t, true)
		put(t, action.Refusals{Prefixes: wide, Spared: single})
		check(t, false)
		replace(t, single)
		check(t, true)
	})
	t.Run("all lengths there are", func(t *testing.T) {
		var prefixes []netip.Prefix
		for bits := 8; bits <= 32; bits++ {
			prefixes = append(prefixes, netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(bits), 1, 2, 3}), bits).Masked())
		}
		for bits := 16; bits <= 128; bits++ {
			prefixes = append(prefixes, netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, byte(bits), 15: 1}), bits).Masked())
		}
		replace(t, Merged(slices.Concat(prefixes, single)))
		check(t, true)
		put(t, action.Refusals{Prefixes: Merged(slices.Concat(prefixes, wide)), Spared: single})
		check(t, false)
		replace(t, Merged(slices.Concat(prefixes, wide)))
		check(t, true)
	})
	t.Run("counts", func(t *testing.T) {
		replace(t, single)
		before := counted(t, l, action.Counts{})
		for i, prefixes := range [][]netip.Prefix{single, wide} { // the second is made anew, at least by nftables
			replace(t, prefixes)
			refused(t, bad, listed[i], "tcp", "80")
			before = counted(t, l, before)
		}
	})
	t.Run("many, with no moment without", func(t *testing.T) {
		replace(t, Merged(append(RandomPrefixes(20_000, 1), single...)))
		for seed := range uint64(4) {
			next := Merged(append(RandomPrefixes(20_000, seed), single...))
			done := make(chan error, 1)
			go func() { done <- l.Replace(t.Context(), action.Refusals{Prefixes: next}) }()
			for asked := 0; ; asked++ {
				refused(t, bad, listed[asked%2], "tcp", "80")
				select {
				case err := <-done:
					if err != nil {
						t.Fatal(err)
					}
				default:
					continue
				}
				break
			}
			if err := l.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
	for name, do := range suite.Damage {
		t.Run("damage: "+name, func(t *testing.T) {
			replace(t, single)
			do(t)
			if err := l.Check(t.Context()); err == nil {
				t.Error("it was not found out")
			}
			replace(t, single)
			check(t, true)
		})
	}
	for name, do := range suite.Dirt {
		t.Run("dirt: "+name, func(t *testing.T) {
			stop()
			do(t)
			replace(t, single)
			check(t, true)
		})
	}
	t.Run("after a crash, with another rule", func(t *testing.T) {
		l = suite.New(t, action.Rule{Jail: "web", Ports: []action.Port{{First: 80, Last: 80}}, Block: action.Drop})
		replace(t, single)
		for _, h := range listed {
			if _, err := bad.Ask("tcp", "["+h.server+"]:80", 300*time.Millisecond); err == nil {
				t.Error("served")
			}
		}
	})
}

// counted waits until l has counted more than before, unless that is nothing, and returns how much.
func counted(t *testing.T, l action.Blocker, before action.Counts) action.Counts {
	t.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		now, err := l.Counted(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if before == (action.Counts{}) || now.Packets > before.Packets && now.Bytes > before.Bytes {
			return now
		}
		if time.Since(began) > 10*time.Second {
			t.Fatalf("got %+v, as before %+v", now, before)
		}
	}
}

// ListComesBack has a ListRunner keep a list while other programs do damage, and fails the test if it isn't back
// within three seconds; on an idle machine one does.
func ListComesBack(t *testing.T, l action.Blocker, damage map[string]func(t *testing.T)) {
	t.Helper()
	r := action.NewListRunner(action.ListRunnerOptions{Name: "firewall", Jail: "web", Blocker: l})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	defer func() {
		cancel()
		<-done
		if err := r.Stop(t.Context(), true); err != nil {
			t.Error(err)
		}
	}()
	r.Set(action.Refusals{Prefixes: RandomPrefixes(10_000, 7)})
	await := func(t *testing.T, what string, lost int) {
		t.Helper()
		began := time.Now()
		for s := r.Status(); !s.Healthy || s.Held == 0 || s.Lost != lost; s = r.Status() {
			if time.Since(began) > 3*time.Second {
				t.Fatalf("%s: after 3 seconds: %+v", what, s)
			}
			time.Sleep(10 * time.Millisecond) // the kernel tells nobody
		}
		t.Logf("%s after %s", what, time.Since(began).Round(time.Millisecond))
	}
	await(t, "in force", 0)
	lost := 0
	for name, do := range damage {
		t.Run(name, func(t *testing.T) {
			do(t)
			lost++
			await(t, "back", lost)
		})
	}
}

// Prefixes reads some.
func Prefixes(texts ...string) []netip.Prefix {
	prefixes := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		prefixes[i] = netip.MustParsePrefix(text)
	}
	return prefixes
}

// RandomPrefixes makes a list of n: four fifths are IPv4, from /16 to /32, most of them single addresses, as on
// lists of attackers; the others IPv6, from /32 to /128. They are in order and apart from each other.
func RandomPrefixes(n int, seed uint64) []netip.Prefix {
	random := rand.New(rand.NewPCG(seed, 1))
	prefixes := make([]netip.Prefix, 0, n)
	for len(prefixes) < n {
		for len(prefixes) < n+n/50 {
			prefixes = append(prefixes, randomPrefix(random))
		}
		prefixes = Merged(prefixes)
	}
	// What is too much goes from everywhere.
	random.Shuffle(len(prefixes), func(i, j int) { prefixes[i], prefixes[j] = prefixes[j], prefixes[i] })
	return Merged(prefixes[:n])
}

func randomPrefix(random *rand.Rand) netip.Prefix {
	if random.IntN(5) > 0 {
		bits := 32
		switch random.IntN(20) {
		case 0:
			bits = 16 + random.IntN(8)
		case 1, 2, 3:
			bits = 24 + random.IntN(8)
		}
		if bits < 22 && random.IntN(50) > 0 {
			bits = 24
		}
		var raw [4]byte
		binary.BigEndian.PutUint32(raw[:], uint32(1+random.IntN(200))<<24|random.Uint32()&0xffffff)
		return netip.PrefixFrom(netip.AddrFrom4(raw), bits).Masked()
	}
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], random.Uint64()>>8|0x2a<<56)
	binary.BigEndian.PutUint64(raw[8:], random.Uint64())
	return netip.PrefixFrom(netip.AddrFrom16(raw), []int{32, 48, 56, 64, 64, 128, 128}[random.IntN(7)]).Masked()
}

// Merged is prefixes in order, without those that lie in others.
func Merged(prefixes []netip.Prefix) []netip.Prefix {
	slices.SortFunc(prefixes, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits()
	})
	kept := prefixes[:0]
	for _, p := range prefixes {
		if n := len(kept); n == 0 || !kept[n-1].Contains(p.Addr()) {
			kept = append(kept, p)
		}
	}
	return kept
}

// Script writes a list as what a firewall's own tool takes, begin before the entries of each family.
func Script(prefixes []netip.Prefix, line func(p netip.Prefix) string) string {
	var text []byte
	for _, p := range prefixes {
		text = fmt.Append(text, line(p))
	}
	return string(text)
}
