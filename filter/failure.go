package filter

import (
	"net/netip"
	"time"
)

// Failure says that, at this time, this host failed.
type Failure struct {
	// Time is what the line says. Zero: the line bears no date; what that
	// means is the jail's to decide.
	Time time.Time
	// Read and CatchUp are those of the line (see [Line]).
	Read    time.Time
	CatchUp bool
	// Since is the latest moment at which a CatchUp line is known not to have been written
	// yet, so that an undated one was written between Since and Read. Zero: nothing is known.
	Since time.Time
	// Prefix is the accused address, a single one (/32, /128) unless the line
	// named a network (<SUBNET>, <CIDR>). IPv4-mapped addresses are IPv4.
	// Invalid where the line named a host (<DNS>) or only an id (<F-ID>).
	Prefix netip.Prefix
	// Host is the canonical text of Prefix, or the host name as it was found.
	Host string
	// ID is set where the filter bans something else than a host (<F-ID>).
	ID string
	// User is the account that was tried, "" if the line names none.
	User string
	// Pattern is the index of the failregex that matched.
	Pattern int
	// Failregex is that failregex as it was given, or what a rule for JSON is called.
	Failregex string
	// Weight is for how many failures it counts, up to [MaxWeight]; 0 means 1.
	Weight int
	// Fields are all named captures ("user", "port", …), nil if there are
	// none but those above.
	Fields map[string]string
	// Lines are the lines that prove it, oldest first: the line itself and,
	// for a session, those held back before it. Of a line of more than 4 KiB it is the beginning.
	Lines []string
	// Source is where the last of Lines came from.
	Source string
}

// Success says that, at this time, this host was let in. It is no failure but made like one; of
// Lines there is the one that says so, and Weight means nothing.
type Success Failure
