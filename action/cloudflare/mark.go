package cloudflare

import (
	"net/netip"
	"strings"
	"time"

	"gaol/action"
)

// mark is the comment by which gaol knows its items, as in "gaol web1 sshd until 2026-03-10T12:10:00Z": whose it is and
// when it is over. No other text is taken for one.
type mark struct {
	host, jail string
	end        time.Time // zero: for ever
}

const forEver = "for ever"

// String is the comment.
func (m mark) String() string {
	end := forEver
	if !m.end.IsZero() {
		// The next full second, so that nobody takes it away too early.
		end = "until " + m.end.Add(time.Second-time.Nanosecond).UTC().Truncate(time.Second).Format(time.RFC3339)
	}
	return "gaol " + m.host + " " + m.jail + " " + end
}

// parseMark reads a comment; ok is false if it is not gaol's.
func parseMark(comment string) (m mark, ok bool) {
	words := strings.Split(comment, " ")
	if len(words) != 5 || words[0] != "gaol" {
		return mark{}, false
	}
	m = mark{host: words[1], jail: words[2]}
	if end := words[3] + " " + words[4]; end == forEver {
		return m, true
	}
	end, err := time.Parse(time.RFC3339, words[4])
	m.end = end
	return m, err == nil && words[3] == "until"
}

// overBy says whether the ban has been over for d at now.
func (m mark) overBy(d time.Duration, now time.Time) bool {
	return !m.end.IsZero() && !now.Before(m.end.Add(d))
}

// word makes a host's name one word of a mark.
func word(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r
		}
		return '_'
	}, name)
	return clean[:min(len(clean), 100)]
}

// The widest networks that a list takes ("Custom lists", https://developers.cloudflare.com/waf/tools/lists/custom-lists/).
const (
	widest4 = 8
	widest6 = 12
)

// fits says whether a list takes p.
func fits(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() >= widest4
	}
	return p.Bits() >= widest6
}

// itemText is how p is written: single addresses without a length.
func itemText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// parseItem reads what is on a list, in either form.
func parseItem(text string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return action.Normal(p)
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, false
	}
	return action.Normal(netip.PrefixFrom(addr, addr.BitLen()))
}
