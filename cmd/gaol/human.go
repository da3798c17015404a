package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// humanUnits are what durations are told in.
var humanUnits = []struct {
	length time.Duration
	name   string
}{
	{365 * 24 * time.Hour, "y"},
	{24 * time.Hour, "d"},
	{time.Hour, "h"},
	{time.Minute, "m"},
	{time.Second, "s"},
}

// humanDuration tells d in at most two units: "9m 30s", "3h", "2d 4h".
func humanDuration(d time.Duration) string {
	if d < time.Second {
		return "0s"
	}
	for i, unit := range humanUnits {
		if d < unit.length {
			continue
		}
		text := strconv.FormatInt(int64(d/unit.length), 10) + unit.name
		if i+1 < len(humanUnits) {
			if rest := d % unit.length / humanUnits[i+1].length; rest > 0 {
				text += fmt.Sprintf(" %d%s", rest, humanUnits[i+1].name)
			}
		}
		return text
	}
	return "0s"
}

// humanUntil tells when something ends, seen from now; nil: never.
func humanUntil(end *time.Time, now time.Time) string {
	switch {
	case end == nil:
		return "for ever"
	case !end.After(now):
		return "over"
	default:
		return "in " + humanDuration(end.Sub(now))
	}
}

// humanCount writes n with its thousands apart.
func humanCount(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// pluralCount is plural with the thousands apart: "1 line" or "1,234 lines".
func pluralCount(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanCount(n) + " " + many
}

// humanBytes is "72 B", "7.2 kB" or "72 MB", in powers of 1000.
func humanBytes(n uint64) string {
	if n < 1000 {
		return strconv.FormatUint(n, 10) + " B"
	}
	size := float64(n)
	for _, unit := range []string{"kB", "MB", "GB"} {
		if size /= 1000; size < 9.95 {
			return strconv.FormatFloat(size, 'f', 1, 64) + " " + unit
		}
		if size < 999.5 {
			return strconv.FormatFloat(size, 'f', 0, 64) + " " + unit
		}
	}
	return strconv.FormatFloat(size/1000, 'f', 1, 64) + " TB"
}

// plural is "1 line" or "2 lines".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
