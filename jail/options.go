package jail

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"gaol/jail/formula"
)

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
	// TrustTime is for how long a host that was let in (see [Jail.Trust]) needs TrustRetry more
	// failures for a ban; 0: for none. TrustRetry 0 means MaxRetry.
	TrustTime  time.Duration
	TrustRetry int
	// BanTime is the length of a first ban: positive, or Forever.
	BanTime time.Duration
	// Increment lengthens the bans of those who come back.
	Increment Increment
	// Escalate bans networks of which several hosts are banned.
	Escalate Escalate
	// IPv4Prefix and IPv6Prefix are the lengths by which hosts are counted and
	// banned; 0 means 32 and 64.
	IPv4Prefix, IPv6Prefix int
	// MaxHosts bounds how many hosts are tracked. Past it those leave first that failed
	// once, the least recently failing of them at first (queues.go). 0 means 1,000,000.
	MaxHosts int
	// MaxMatches lines are kept for each host as evidence. 0 means MaxRetry.
	MaxMatches int
	// Ignore says who is never banned by the jail; nil: nobody.
	Ignore *Ignore
	// Judge is asked of the address of each failure who may be banned, besides Ignore; nil: everybody.
	// It must not block.
	Judge func(p netip.Prefix, now time.Time) Verdict
	// Shadow marks bans as such that are not enforced (enforce = false). They are an earlier ban to
	// this jail alone.
	Shadow bool
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
	// none: Formula.
	Multipliers []int
	// Formula gives the length in seconds; nil: "time * pow(2, min(count, 20)) * factor". It
	// never shortens a ban; a result that is no number is none.
	Formula *formula.Formula
	// MaxTime is the upper limit; 0: none.
	MaxTime time.Duration
	// RndTime is the longest random addition, on top of MaxTime.
	RndTime time.Duration
	// OverallJails counts the bans of all jails, not of this one alone; those that were
	// not enforced (Ban.Shadow) count in their own alone.
	OverallJails bool
}

const (
	// defaultMaxHosts is MaxHosts where none is given.
	defaultMaxHosts = 1_000_000
	// maxMaxRetry keeps the time for one failure bounded.
	maxMaxRetry = 10_000
)

// checked fills in defaults and reports every fault.
func (o Options) checked() (Options, error) {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("checking jail %q: "+format, append([]any{o.Name}, args...)...))
		}
	}
	setDefault(&o.IPv4Prefix, 32)
	setDefault(&o.IPv6Prefix, 64)
	setDefault(&o.MaxHosts, defaultMaxHosts)
	setDefault(&o.MaxMatches, o.MaxRetry)
	setDefault(&o.TrustRetry, o.MaxRetry)
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	check(o.Name != "", "name is missing")
	check(o.MaxRetry > 0 && o.MaxRetry <= maxMaxRetry, "maxretry is %d: must be 1 to %d", o.MaxRetry, maxMaxRetry)
	check(o.FindTime > 0 && o.FindTime <= maxBanTime, "findtime is %s: must be positive", o.FindTime)
	check(o.TrustTime >= 0 && o.TrustTime <= maxBanTime, "trusttime is %s: must not be negative", o.TrustTime)
	check(o.TrustRetry > 0 && o.TrustRetry <= maxMaxRetry, "trustretry is %d: must be 1 to %d", o.TrustRetry, maxMaxRetry)
	check(o.BanTime > 0 && o.BanTime <= maxBanTime || o.BanTime == Forever, "bantime is %s: must be positive or forever", o.BanTime)
	check(o.IPv4Prefix > 0 && o.IPv4Prefix <= 32, "ipv4prefix is %d: must be 1 to 32", o.IPv4Prefix)
	check(o.IPv6Prefix > 0 && o.IPv6Prefix <= 128, "ipv6prefix is %d: must be 1 to 128", o.IPv6Prefix)
	check(o.MaxHosts > 0, "maxhosts is %d: must be positive", o.MaxHosts)
	check(o.MaxMatches > 0, "maxmatches is %d: must be positive", o.MaxMatches)
	inc := o.Increment
	check(inc.Factor >= 0 && inc.MaxTime >= 0 && inc.RndTime >= 0 && inc.RndTime <= maxBanTime/2, "bantime_increment: factor, maxtime and rndtime must not be negative")
	for _, m := range inc.Multipliers {
		check(m > 0, "bantime_increment: multiplier %d must be positive", m)
	}
	setDefault(&o.Escalate.IPv4Prefix, 24)
	setDefault(&o.Escalate.IPv6Prefix, 48)
	if esc := o.Escalate; esc.Enabled {
		check(esc.Hosts >= 2 && esc.Hosts <= maxEscalateHosts, "escalate: hosts is %d: must be 2 to %d", esc.Hosts, maxEscalateHosts)
		check(esc.FindTime > 0 && esc.FindTime <= maxBanTime, "escalate: findtime is %s: must be positive", esc.FindTime)
		check(esc.BanTime >= 0 && esc.BanTime <= maxBanTime || esc.BanTime == Forever, "escalate: bantime is %s: must be positive, forever or 0", esc.BanTime)
		check(esc.IPv4Prefix > 0 && esc.IPv4Prefix < 32, "escalate: ipv4prefix is %d: must be 1 to 31", esc.IPv4Prefix)
		check(esc.IPv6Prefix > 0 && esc.IPv6Prefix < 128, "escalate: ipv6prefix is %d: must be 1 to 127", esc.IPv6Prefix)
	}
	return o, errors.Join(errs...)
}

func setDefault(v *int, value int) {
	if *v == 0 {
		*v = value
	}
}
