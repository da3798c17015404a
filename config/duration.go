package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A unit of time as it stands in a configuration. Months and years are the mean ones of
// fail2ban: 30.4375 and 365.25 days.
type unit struct {
	names string // separated by blanks
	size  time.Duration
}

const day = 24 * time.Hour

// units are in the order of their sizes.
func units() []unit {
	return []unit{
		{"s sec second seconds", time.Second},
		{"m min minute minutes", time.Minute},
		{"h hour hours", time.Hour},
		{"d day days", day},
		{"w week weeks", 7 * day},
		{"mo month months", 2_629_800 * time.Second},
		{"y year years", 31_557_600 * time.Second},
	}
}

// durationForm is what an error says of the form.
const durationForm = `a duration, such as "90s", "10m", "1h30m", "1d" or "2w"`

// errTooLong says that a duration does not fit a [time.Duration].
var errTooLong = errors.New("longer than 292 years")

// ParseDuration reads a duration as the configuration has it: "90" (seconds), "90s",
// "10m", "1h30m", "1d 12h", "1.5h", "2w", "1mo", "1y". A part without a unit counts
// seconds. "forever" and "-1" are [Forever]; nothing else is negative.
func ParseDuration(s string) (time.Duration, error) {
	text := strings.ToLower(strings.TrimSpace(s))
	if text == "forever" || text == "-1" {
		return Forever, nil
	}
	if text == "" {
		return 0, errors.New("a duration can't be empty")
	}
	var sum time.Duration
	for text != "" {
		part, rest, err := parsePart(text)
		if err != nil {
			return 0, fmt.Errorf("reading duration %q: %w", s, err)
		}
		if part > math.MaxInt64-sum {
			return 0, fmt.Errorf("reading duration %q: %w", s, errTooLong)
		}
		sum += part
		text = strings.TrimLeft(rest, " \t")
	}
	return sum, nil
}

// parsePart reads one number with its unit off the front.
func parsePart(text string) (part time.Duration, rest string, err error) {
	n := strings.IndexFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if n < 0 {
		n = len(text)
	}
	value, err := strconv.ParseFloat(text[:n], 64)
	if err != nil {
		return 0, "", fmt.Errorf("%q is not %s", text, durationForm)
	}
	rest = strings.TrimLeft(text[n:], " \t")
	m := strings.IndexFunc(rest, func(r rune) bool { return r < 'a' || r > 'z' })
	if m < 0 {
		m = len(rest)
	}
	size, err := unitSize(rest[:m])
	if err != nil {
		return 0, "", err
	}
	length := value * float64(size)
	if length >= math.MaxInt64 {
		return 0, "", errTooLong
	}
	return time.Duration(length), rest[m:], nil
}

func unitSize(name string) (time.Duration, error) {
	if name == "" {
		return time.Second, nil
	}
	for _, u := range units() {
		for known := range strings.FieldsSeq(u.names) {
			if name == known {
				return u.size, nil
			}
		}
	}
	return 0, fmt.Errorf("unit %q is unknown: s, m, h, d, w, mo and y are known", name)
}

// FormatDuration writes d so that [ParseDuration] reads it again, in days, hours, minutes and
// seconds ("1h30m", "30d"), or weeks where it is nothing but weeks ("2w"). Parts of a second are
// rounded off; [Forever] and all else below zero is "forever".
func FormatDuration(d time.Duration) string {
	if d < 0 {
		return "forever"
	}
	d = d.Round(time.Second)
	switch {
	case d < time.Second:
		return "0s"
	case d%(7*day) == 0:
		return fmt.Sprintf("%dw", d/(7*day))
	}
	var b strings.Builder
	for _, u := range []struct {
		name string
		size time.Duration
	}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if n := d / u.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.size
		}
	}
	return b.String()
}
