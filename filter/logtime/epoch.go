package logtime

import "strings"

// epochUnit says what the digits of an epoch count.
type epochUnit bool

const (
	// epochSeconds: ten or eleven digits, a fraction may follow a dot.
	epochSeconds epochUnit = false
	// epochAny: their number tells seconds, milli-, micro- and nanoseconds apart.
	epochAny epochUnit = true
)

// scanEpoch reads an epoch at s[i:] into d. It returns the end, or i.
func scanEpoch(s string, i int, unit epochUnit, d *date) int {
	end := digits(s, i, 20)
	perSecond := int64(1)
	switch n := end - i; {
	case n == 10 || n == 11:
	case unit == epochAny && (n == 13 || n == 14):
		perSecond = 1e3
	case unit == epochAny && (n == 16 || n == 17):
		perSecond = 1e6
	case unit == epochAny && n == 19:
		perSecond = 1e9
	default:
		return i
	}
	whole := end - digitsBelow(perSecond)
	d.unix = number(s[i:whole])
	d.nanos = nanoseconds(s[whole:end])
	d.have |= haveUnix
	if end >= len(s) || s[end] != '.' {
		return end
	}
	nanos, fractionEnd := fraction(s, end)
	d.nanos += nanos / int(perSecond)
	return fractionEnd
}

// digitsBelow returns how many of an epoch's digits are below the second.
func digitsBelow(perSecond int64) int {
	switch perSecond {
	case 1e3:
		return 3
	case 1e6:
		return 6
	case 1e9:
		return 9
	}
	return 0
}

// readEpoch reads formEpoch.
func readEpoch(s string, i int, d *date) bool {
	end := scanEpoch(s, i, epochSeconds, d)
	d.shape = shape{form: formEpoch}
	return end > i && d.finish(s, i, end)
}

const auditMark = "audit("

// findAudit looks for the time in "audit(1769138706.123:45)", as the kernel's
// audit writes it (auditd(8)).
func findAudit(s string, unit epochUnit, d *date) bool {
	for from := 0; ; {
		n := strings.Index(s[from:], auditMark)
		if n < 0 {
			return false
		}
		i := from + n + len(auditMark)
		if boundary(s, from+n) && readAudit(s, i, unit, d) {
			return true
		}
		from = i
	}
}

// readAudit reads the time behind "audit(", which a colon, a number and a
// bracket must follow.
func readAudit(s string, i int, unit epochUnit, d *date) bool {
	d.clear()
	end := scanEpoch(s, i, unit, d)
	if end == i || end >= len(s) || s[end] != ':' {
		return false
	}
	serial := digits(s, end+1, 20)
	if serial == end+1 || serial >= len(s) || s[serial] != ')' {
		return false
	}
	d.shape = shape{form: formEpoch}
	return d.finish(s, i, end)
}

const taiDigits = 24

// readTAI64N reads formTAI64N: "@", then 16 hexadecimal digits of seconds above
// 2^62 and 8 of nanoseconds (https://cr.yp.to/libtai/tai64.html). The seconds
// are taken as Unix seconds, as fail2ban does: what lies between the two, 10 s
// or all leap seconds, differs from writer to writer.
func readTAI64N(s string, i int, d *date) bool {
	end := i + 1 + taiDigits
	if end > len(s) || s[i] != '@' || s[i+1] != '4' {
		return false
	}
	seconds, nanos := uint64(0), uint64(0)
	for k := i + 2; k < end; k++ {
		h, ok := hexDigit(s[k])
		if !ok {
			return false
		}
		if k < i+17 {
			seconds = seconds<<4 | h
		} else {
			nanos = nanos<<4 | h
		}
	}
	if seconds > 1<<40 || nanos >= 1_000_000_000 {
		return false // tens of thousands of years from now: not a date
	}
	d.unix, d.nanos = int64(seconds), int(nanos)
	d.have |= haveUnix
	d.shape = shape{form: formTAI64N}
	return d.finish(s, i, end)
}

func hexDigit(c byte) (uint64, bool) {
	switch {
	case digit(c):
		return uint64(c - '0'), true
	case c >= 'a' && c <= 'f':
		return uint64(c-'a') + 10, true
	}
	return 0, false
}

func findTAI64N(s string, d *date) bool {
	for from := 0; ; {
		n := strings.IndexByte(s[from:], '@')
		if n < 0 {
			return false
		}
		i := from + n
		d.clear()
		if i+1+taiDigits <= len(s) && boundary(s, i) && readTAI64N(s, i, d) {
			return true
		}
		from = i + 1
	}
}
