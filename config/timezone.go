package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// timezoneForm is what an error says of the form.
const timezoneForm = `a time zone such as "Europe/Berlin", "UTC", "+02:00" or "CET-1CEST"`

// offset is a fixed distance from UTC, with or without the colon or the minutes. Behind UTC or GMT,
// as fail2ban writes it, it has both hours and minutes, and no colon.
var offset = regexp.MustCompile(`^(?:([+-])([0-9]{2})(?::?([0-9]{2}))?|(?:UTC|GMT)([+-])([0-9]{2})([0-9]{2}))$`)

// twoMeanings is an offset that, with a plus, is east of UTC for fail2ban and most people, and west as
// a POSIX string.
var twoMeanings = regexp.MustCompile(`^(?:UTC|GMT)[+-]([0-9]{2}(?::[0-9]{2})?)$`)

// ParseTimezone reads a time zone: a name of the IANA database ("Europe/Berlin"), "UTC", a
// fixed offset, of which "+" is east of UTC ("+02:00", "-0730", "UTC+0200"), or a string as in the
// variable TZ of POSIX.1-2017 section 8.3, of which "-" is east ("CET-1CEST", "UTC-2"). A text that both know,
// with opposite signs, is an error ("UTC+02:00"). "Local" is this host's zone and gives nil.
func ParseTimezone(s string) (*time.Location, error) {
	switch s {
	case "":
		return nil, errors.New("a time zone can't be empty")
	case "Local":
		return nil, nil
	}
	if m := offset.FindStringSubmatch(s); m != nil {
		return fixedZone(s, m[1]+m[4], m[2]+m[5], m[3]+m[6])
	}
	if hint := twoMeaningsHint(s); hint != "" {
		return nil, fmt.Errorf("time zone %q: %s", s, hint)
	}
	if loc, err := time.LoadLocation(s); err == nil {
		return loc, nil
	}
	if loc, ok := posixZone(s); ok {
		return loc, nil
	}
	return nil, fmt.Errorf("unknown time zone %q: write %s", s, timezoneForm)
}

// twoMeaningsHint says what to write in place of an offset with two meanings, "" for anything else.
func twoMeaningsHint(s string) string {
	m := twoMeanings.FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	return fmt.Sprintf("POSIX and fail2ban give it opposite signs: write +%[1]s for east of UTC or -%[1]s for west", m[1])
}

// fixedZone is the zone of an offset that was written as s.
func fixedZone(s, sign, hour, minute string) (*time.Location, error) {
	hours, _ := strconv.Atoi(hour)
	minutes, _ := strconv.Atoi("0" + minute)
	// RFC 9557 and ISO 8601 have no other bound; the zones in use go from -12:00 to +14:00.
	if hours > 14 || minutes > 59 {
		return nil, fmt.Errorf("the offset %q is not one of -14:00 to +14:59", s)
	}
	seconds := (hours*60 + minutes) * 60
	if sign == "-" {
		seconds = -seconds
	}
	if seconds == 0 {
		return time.UTC, nil
	}
	return time.FixedZone(sign+hour+minute, seconds), nil
}
