package jail

import "time"

// Forever, as a bantime, means a ban without end.
const Forever time.Duration = -1

// Options say how a jail counts and for how long it bans.
type Options struct {
	// Name is required.
	Name string
	// MaxRetry failures of one prefix within any FindTime lead to a ban.
	// Both are required and positive.
	MaxRetry int
	FindTime time.Duration
	// BanTime is the length of a first ban: positive, or Forever.
	BanTime time.Duration
	// Increment lengthens the bans of those who come back.
	Increment Increment
	// IPv4Prefix and IPv6Prefix are the lengths by which hosts are counted and
	// banned; 0 means 32 and 64.
	IPv4Prefix, IPv6Prefix int
	// MaxHosts bounds how many hosts are tracked; the least recently failing
	// leave first. 0 means 1,000,000.
	MaxHosts int
	// MaxMatches lines are kept for each host as evidence. 0 means MaxRetry.
	MaxMatches int
	// Ignore says who is never banned by the jail; nil: nobody.
	Ignore *Ignore
	// Rand gives numbers in [0, 1) for Increment.RndTime; nil: math/rand/v2.
	Rand func() float64
}

// Increment is bantime_increment: how much longer the next ban of the same
// prefix lasts. Its meaning is fail2ban's (bantime.increment and its kin).
type Increment struct {
	Enabled bool
	// Factor multiplies; 0 means 1.
	Factor float64
	// Multipliers, by the number of earlier bans, the last one repeated;
	// none: 2 to the power of that number (20 at most).
	Multipliers []int
	// MaxTime is the upper limit; 0: none.
	MaxTime time.Duration
	// RndTime is the longest random addition, on top of MaxTime.
	RndTime time.Duration
	// OverallJails counts the bans of all jails, not of this one alone.
	OverallJails bool
}
