package action

import (
	"context"
	"math/rand/v2"
	"net/netip"
)

// Refusals are what a list refuses: Prefixes, without what Spared holds. Both are in order, and each apart from the others of
// its own. One that is spared lies inside of one of Prefixes and is narrower.
type Refusals struct {
	Prefixes, Spared []netip.Prefix
}

// Blocker is a firewall that refuses what is on a list, as a whole: hundreds of thousands of networks, which are no
// bans, have no end of their own and come and go together. Its sets and rules are apart from those of the jail's
// bans. All methods may be called from several goroutines; none may take the locks of the jail's [Action].
type Blocker interface {
	// Replace makes list what is refused. From one packet to the next it takes the place of what was there before; at no time is
	// refused what both lists spare. On an error, what was there stays. The rules
	// are made if they are missing, whatever is found under their names. The Blocker may keep the list, and
	// does not change it.
	Replace(ctx context.Context, list Refusals) error
	// Check says what is missing of what Replace made. It takes microseconds.
	Check(ctx context.Context) error
	// Stop removes all, of an earlier run as well.
	Stop(ctx context.Context) error
	Counter
}

// ListDifference returns what is in one of two lists only, each in order and its prefixes apart from each other. ok is
// false if that is more than most: whoever asks replaces it all then.
func ListDifference(before, after []netip.Prefix, most int) (gone, fresh []netip.Prefix, ok bool) {
	for len(before) > 0 || len(after) > 0 {
		if len(gone)+len(fresh) > most {
			return nil, nil, false
		}
		switch order := compareFirst(before, after); {
		case order == 0:
			before, after = before[1:], after[1:]
		case order < 0:
			gone, before = append(gone, before[0]), before[1:]
		default:
			fresh, after = append(fresh, after[0]), after[1:]
		}
	}
	return gone, fresh, len(gone)+len(fresh) <= most
}

// compareFirst orders the first of both, and an empty list last.
func compareFirst(a, b []netip.Prefix) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	}
	if c := a[0].Addr().Compare(b[0].Addr()); c != 0 {
		return c
	}
	return a[0].Bits() - b[0].Bits()
}

// listSample is how many entries of a list are looked for at each check.
const listSample = 4

// ListSample returns some of a list's entries: the first and the last, where both families are if there are
// two, and others, each time other ones.
func ListSample(prefixes []netip.Prefix) []netip.Prefix {
	if len(prefixes) <= listSample {
		return prefixes
	}
	sample := []netip.Prefix{prefixes[0], prefixes[len(prefixes)-1]}
	for len(sample) < listSample {
		sample = append(sample, prefixes[rand.IntN(len(prefixes))])
	}
	return sample
}
