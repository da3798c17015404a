package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// timezoneForm is what an error says of the form.
const timezoneForm = `a time zone such as "Europe/Berlin", "UTC" or "+02:00"`

// offset is a fixed distance from UTC, with or without the colon or the minutes.
var offset = regexp.MustCompile(`^(?:UTC|GMT)?([+-])([0-9]{2}):?([0-9]{2})?$`)

// ParseTimezone reads a time zone: a name of the IANA database ("Europe/Berlin"), "UTC", or
// a fixed offset east of UTC ("+02:00", "-0730", "UTC+2" is none). "Local" is this
// host's and gives nil.
func ParseTimezone(s string) (*time.Location, error) {
	switch s {
	case "":
		return nil, errors.New("a time zone can't be empty")
	case "Local":
		return nil, nil
	}
	if m := offset.FindStringSubmatch(s); m != nil {
		hours, _ := strconv.Atoi(m[2])
		minutes, _ := strconv.Atoi("0" + m[3])
		// RFC 9557 and ISO 8601 have no other bound; the zones in use go from -12:00 to +14:00.
		if hours > 14 || minutes > 59 {
			return nil, fmt.Errorf("the offset %q is not one of -14:00 to +14:59", s)
		}
		seconds := (hours*60 + minutes) * 60
		if m[1] == "-" {
			seconds = -seconds
		}
		if seconds == 0 {
			return time.UTC, nil
		}
		return time.FixedZone(strings.TrimPrefix(strings.TrimPrefix(s, "UTC"), "GMT"), seconds), nil
	}
	loc, err := time.LoadLocation(s)
	if err != nil {
		return nil, fmt.Errorf("reading time zone %q: %w", s, err)
	}
	return loc, nil
}
