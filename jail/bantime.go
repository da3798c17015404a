package jail

import (
	"math"
	"time"

	"gaol/jail/formula"
)

const (
	// maxDoublings is where fail2ban's default formula stops to grow.
	maxDoublings = 20
	// maxBanTime keeps sums with a time within range, which for nanoseconds since 1970 ends in 2262;
	// it is more than a century.
	maxBanTime = time.Duration(math.MaxInt64 / 2)
)

// BanTime is the length of a ban of a prefix that has been banned earlier times
// before. base is the jail's; rand gives numbers in [0, 1) and is asked only where
// RndTime says so.
//
// The first ban has the base length, exactly. So has every ban where base is Forever.
func (inc Increment) BanTime(base time.Duration, earlier int, rand func() float64) time.Duration {
	if !inc.Enabled || earlier <= 0 || base <= 0 {
		return base
	}
	length := inc.grown(float64(base), earlier)
	if inc.MaxTime > 0 {
		length = math.Min(length, float64(inc.MaxTime))
	}
	if inc.RndTime > 0 {
		length += rand() * float64(inc.RndTime)
	}
	if length >= float64(maxBanTime) {
		return maxBanTime
	}
	return time.Duration(length)
}

// grown is the length before limits. Multipliers may shorten a ban, a formula may not.
func (inc Increment) grown(base float64, earlier int) float64 {
	factor := inc.Factor
	if factor == 0 {
		factor = 1
	}
	if n := len(inc.Multipliers); n > 0 {
		return base * factor * float64(inc.Multipliers[min(earlier, n-1)])
	}
	if inc.Formula == nil {
		return math.Max(base, base*factor*math.Exp2(float64(min(earlier, maxDoublings))))
	}
	second := float64(time.Second)
	length := inc.Formula.Eval(formula.Vars{Time: base / second, Count: float64(earlier), Factor: factor}) * second
	// The comparison is written so that NaN fails it, and all below the base.
	if !(length > base) {
		return base
	}
	return length
}
