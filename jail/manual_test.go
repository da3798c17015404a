package jail_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"gaol/jail"
)

func TestBanByHand(t *testing.T) {
	ignore, err := jail.NewIgnore([]string{"2001:db8:1::1", "192.0.2.99"}, jail.IgnoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		target string
		length time.Duration
		banned string
		end    time.Time
	}{
		{"the jail's time", "192.0.2.6/32", 0, "192.0.2.6", at(3600)},
		{"its own time", "192.0.2.6/32", time.Minute, "192.0.2.6", at(60)},
		{"for ever", "192.0.2.6/32", jail.Forever, "192.0.2.6", time.Time{}},
		{"an IPv6 address is widened", "2001:db8:2::6/128", 0, "2001:db8:2::/64", at(3600)},
		{"but not over one that is ignored", "2001:db8:1::6/128", 0, "2001:db8:1::6", at(3600)},
		{"a network with host bits", "192.0.2.6/24", 0, "192.0.2.0/24", at(3600)},
		{"an ignored address, as asked", "192.0.2.99/32", 0, "192.0.2.99", at(3600)},
		{"a mapped address", "::ffff:192.0.2.6/128", 0, "192.0.2.6", at(3600)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := options()
			opts.Ignore = ignore
			j := newJail(t, opts)
			ban, made := j.Ban(netip.MustParsePrefix(tt.target), tt.length, noon)
			if !made || ban.Target() != tt.banned || !ban.End.Equal(tt.end) || !ban.Start.Equal(noon) || ban.By != "hand" || ban.Count != 1 {
				t.Errorf("got %+v, want %s until %s", ban, tt.banned, tt.end)
			}
			if got := j.Banned(); len(got) != 1 || got[0].Target() != tt.banned {
				t.Errorf("got %v banned", got)
			}
		})
	}
}

// What a store can keep ends in 2262, and so does every ban with an end.
func TestBanByHandForCenturies(t *testing.T) {
	j := newJail(t, options())
	for range 2 {
		ban, _ := j.Ban(netip.MustParsePrefix("192.0.2.6/32"), 290*365*24*time.Hour, noon)
		if kept := time.Unix(0, ban.End.UnixNano()); !kept.Equal(ban.End) || !kept.After(at(100*365*24*3600)) {
			t.Errorf("a ban until %v is kept as until %v", ban.End, kept)
		}
	}
}

func TestBanByHandOfWhoIsBanned(t *testing.T) {
	opts := options()
	opts.MaxRetry = 1
	for _, tt := range []struct {
		name    string
		bantime time.Duration
		length  time.Duration
		end     time.Time
		by      string
	}{
		{"longer", time.Hour, 2 * time.Hour, at(7300), "hand"},
		{"shorter changes nothing", time.Hour, time.Minute, at(3600), "jail"},
		{"for the jail's own time", time.Hour, 0, at(3700), "hand"},
		{"for ever", time.Hour, jail.Forever, time.Time{}, "hand"},
		{"for a while, where it is for ever", jail.Forever, time.Minute, time.Time{}, "jail"},
		{"for ever, where it is", jail.Forever, jail.Forever, time.Time{}, "jail"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts.BanTime = tt.bantime
			j := newJail(t, opts)
			first := j.Observe(failed("192.0.2.6", noon)).Ban
			before := first.End
			ban, made := j.Ban(first.Prefix, tt.length, at(100))
			if made || !ban.Start.Equal(first.Start) || !ban.End.Equal(tt.end) || ban.Count != 1 || ban.By != tt.by || len(ban.Lines) != 1 {
				t.Errorf("got %+v, want the same ban until %s by %s", ban, tt.end, tt.by)
			}
			if got := j.Banned(); len(got) != 1 || !got[0].End.Equal(tt.end) || j.Counts().BannedTotal != 1 {
				t.Errorf("got %v banned", got)
			}
			if !first.End.Equal(before) {
				t.Error("the ban that was handed out before has changed")
			}
			if next, ok := j.Next(); ok != !tt.end.IsZero() || ok && !next.Equal(tt.end) {
				t.Errorf("got next %s, %t", next, ok)
			}
		})
	}
}

func TestNetworkBannedByHandHoldsItsAddresses(t *testing.T) {
	j := newJail(t, options())
	j.Ban(netip.MustParsePrefix("192.0.2.0/24"), 0, noon)
	if out := j.Observe(failed("192.0.2.6", at(1))); !out.AlreadyBanned {
		t.Errorf("got %+v, want it banned already", out)
	}
	if out := j.Observe(failed("192.0.3.6", at(1))); out.Counted == nil {
		t.Errorf("got %+v, want the neighbour counted", out)
	}
	j.Ban(netip.MustParsePrefix("::/0"), 0, noon)
	if out := j.Observe(failed("192.0.3.6", at(2))); out.Counted == nil {
		t.Errorf("got %+v: all of IPv6 holds no IPv4 address", out)
	}
	about := j.About(jail.Key{Prefix: netip.MustParsePrefix("192.0.2.77/32")}, at(2))
	if len(about.Bans) != 1 || about.Bans[0].Target() != "192.0.2.0/24" {
		t.Errorf("got %+v, want the network", about.Bans)
	}
}

func TestUnban(t *testing.T) {
	targets := func(gone jail.Lifted) (list []string) {
		for _, b := range gone.Bans {
			list = append(list, "unban "+b.Target())
		}
		for _, f := range gone.Forgotten {
			if f.Failures != 1 {
				t.Errorf("%s: got %d failures, want 1", f.Prefix, f.Failures)
			}
			list = append(list, "forget "+jail.Ban{Prefix: f.Prefix, ID: f.ID}.Target())
		}
		return list
	}
	for _, tt := range []struct {
		name   string
		target string
		want   []string
	}{
		{"an address", "192.0.2.1/32", []string{"unban 192.0.2.1", "forget 192.0.2.1"}},
		{"its network", "192.0.2.0/24", []string{"unban 192.0.2.1", "unban 192.0.2.2", "forget 192.0.2.1", "forget 192.0.2.3"}},
		{"an address in a /64", "2001:db8::5/128", []string{"unban 2001:db8::/64"}},
		{"an address in a wide ban", "203.0.113.9/32", []string{"unban 203.0.113.0/24"}},
		{"a stranger", "198.51.100.1/32", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := newJail(t, options())
			for _, p := range []string{"192.0.2.1/32", "192.0.2.2/32", "2001:db8::/128", "203.0.113.0/24"} {
				j.Ban(netip.MustParsePrefix(p), time.Minute, at(-120))
			}
			j.Observe(failed("192.0.2.1", at(-60))) // when its ban was over
			j.Observe(failed("192.0.2.3", at(0)))
			got := targets(j.Unban(netip.MustParsePrefix(tt.target)))
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if again := targets(j.Unban(netip.MustParsePrefix(tt.target))); again != nil {
				t.Errorf("got %q a second time", again)
			}
		})
	}
}

func TestUnbanForgetsEarlierBans(t *testing.T) {
	opts := options()
	opts.MaxRetry = 1
	j := newJail(t, opts)
	j.Observe(failed("192.0.2.6", noon))
	j.Unban(netip.MustParsePrefix("192.0.2.6/32"))
	if ban := j.Observe(failed("192.0.2.6", at(1))).Ban; ban == nil || ban.Count != 1 {
		t.Errorf("got %+v, want a first ban", ban)
	}
}

func TestUnbanIDAndAll(t *testing.T) {
	opts := options()
	opts.MaxRetry = 2
	j := newJail(t, opts)
	fail := func(id string, when float64) jail.Outcome {
		f := failed("", at(when))
		f.ID = id
		return j.Observe(f)
	}
	fail("bob", 0)
	if ban := fail("bob", 1).Ban; ban == nil || ban.ID != "bob" {
		t.Fatalf("got %+v, want bob banned", ban)
	}
	fail("eve", 0)
	if gone := j.UnbanID("eve"); len(gone.Bans) != 0 || len(gone.Forgotten) != 1 || gone.Forgotten[0].ID != "eve" {
		t.Errorf("got %+v, want eve forgotten", gone)
	}
	fail("mallory", 2)
	gone := j.UnbanAll()
	if len(gone.Bans) != 1 || gone.Bans[0].ID != "bob" || len(gone.Forgotten) != 1 || gone.Forgotten[0].ID != "mallory" {
		t.Errorf("got %+v, want bob unbanned and mallory forgotten", gone)
	}
}

// TestUnbanFindsAllThatHoldAnAddress bans prefixes of all lengths that lie in each other, and looks at what is left.
func TestUnbanFindsAllThatHoldAnAddress(t *testing.T) {
	for _, base := range []string{"10.11.12.13", "2001:db8:1:2:3:4:5:6"} {
		addr := netip.MustParseAddr(base)
		for _, asked := range []netip.Addr{addr, addr.Next(), addr.Prev()} {
			j, err := jail.New(jail.Options{Name: "sshd", MaxRetry: 5, FindTime: time.Minute, BanTime: time.Hour, IPv4Prefix: 32, IPv6Prefix: 128})
			if err != nil {
				t.Fatal(err)
			}
			now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
			var lifted, kept []netip.Prefix
			for bits := 0; bits <= addr.BitLen(); bits++ {
				p := netip.PrefixFrom(addr, bits).Masked()
				j.Ban(p, 0, now)
				if p.Contains(asked) {
					lifted = append(lifted, p)
				} else {
					kept = append(kept, p)
				}
			}
			gone := j.Unban(netip.PrefixFrom(asked, asked.BitLen()))
			if got := prefixesOf(gone.Bans); !slices.Equal(got, sorted(lifted)) {
				t.Errorf("unbanning %s of %s: lifted %v, want %v", asked, base, got, lifted)
			}
			if got := prefixesOf(j.Banned()); !slices.Equal(got, sorted(kept)) {
				t.Errorf("unbanning %s of %s: kept %v, want %v", asked, base, got, kept)
			}
		}
	}
}

func prefixesOf(bans []jail.Ban) []netip.Prefix {
	var list []netip.Prefix
	for _, b := range bans {
		list = append(list, b.Prefix)
	}
	return list
}

func sorted(list []netip.Prefix) []netip.Prefix {
	slices.SortFunc(list, netip.Prefix.Compare)
	return list
}
