package jail

import (
	"net/netip"
	"time"
)

// Ban is one address (or id) locked out by one jail.
type Ban struct {
	Jail string
	// Prefix is what is locked out; a single address is a /32 or /128.
	// Invalid where ID is set.
	Prefix netip.Prefix
	// ID is what is banned where the filter bans something else than a host.
	ID string
	// Start is the time of the failure that caused the ban, or when it was made
	// by hand.
	Start time.Time
	// End is when the ban is over; zero: never.
	End time.Time
	// Count is the how-manieth ban of this prefix in this jail it is, from 1.
	Count int
	// Failures is the number of failures that led to it, each counted by its weight, 0 by hand.
	Failures int
	// User is the account tried last, "" if unknown.
	User string
	// Lines are the last lines that caused it, oldest first.
	Lines []string
	// Patterns are the failregexes that matched Lines, one for each; "": not known. They are set in
	// the ban that a failure leads to and in what the store has kept; a jail forgets them.
	Patterns []string
	// Shadow says that it has locked nobody out, as the jail only counts and decides (see Options).
	Shadow bool
	// By says who made it: "jail", "escalation" for a network that the jail has banned for its hosts (their
	// number is Failures, and Lines says which), or "hand"; the latter also of one that was made longer
	// by hand.
	By string
}

// What Ban.By says.
const (
	byJail       = "jail"
	byEscalation = "escalation"
	byHand       = "hand"
)

// Forever says that the ban has no end.
func (b Ban) Forever() bool { return b.End.IsZero() }

// Over says whether the ban has ended at now.
func (b Ban) Over(now time.Time) bool { return !b.End.IsZero() && !now.Before(b.End) }

// Target is what is banned, as text: the address without its length if it is a
// single one, else the prefix, else the id.
func (b Ban) Target() string {
	switch {
	case b.ID != "":
		return b.ID
	case b.Prefix.IsSingleIP():
		return b.Prefix.Addr().String()
	default:
		return b.Prefix.String()
	}
}

// Counted is a failure that a jail has counted and that may still lead to a
// ban. The store keeps it, so that a restart forgets nothing.
type Counted struct {
	Jail   string
	Prefix netip.Prefix
	ID     string
	Time   time.Time
	// Weight is for how many failures it counts; 0 means 1.
	Weight int
	User   string
	// Line is the evidence, cut to a bounded length; the lines of a session
	// are joined by line feeds.
	Line string
	// Pattern is the failregex that matched, "" if it is not known.
	Pattern string
	// Read is when it was counted, on the reader's clock.
	Read time.Time
	// Until is when it can no longer be part of a ban, on the reader's clock,
	// unless its host fails again before.
	Until time.Time
}

// Key is what a failure or ban is of: a prefix or an id. It is comparable.
type Key struct {
	Prefix netip.Prefix
	ID     string
}

// Lifted is what an unban has undone.
type Lifted struct {
	// Bans were meant.
	Bans []Ban
	// Members are bans of hosts in networks whose bans by escalation are among Bans. They go with those, but
	// go on to count as earlier bans.
	Members []Ban
	// Forgotten are failures that do not count any more.
	Forgotten []Forgotten
}

// Forgotten says how many counted failures of a prefix an unban has dropped.
type Forgotten struct {
	Jail     string
	Prefix   netip.Prefix
	ID       string
	Failures int
}
