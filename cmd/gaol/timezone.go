package main

import (
	"fmt"
	"strconv"
	"time"
)

// nowLayouts are the forms of --now, those without a zone last.
var nowLayouts = []string{
	time.RFC3339Nano,
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
	"2006-01-02 15:04",
	"2006-01-02",
}

// parseNow reads a time that a user typed; one without a zone is in loc.
// A bare number is seconds since 1970.
func parseNow(text string, loc *time.Location) (time.Time, error) {
	for _, layout := range nowLayouts {
		if t, err := time.ParseInLocation(layout, text, loc); err == nil {
			return t, nil
		}
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	return time.Time{}, fmt.Errorf("unknown time %q: write it as 2026-03-10 21:31:23 or 2026-03-10T21:31:23Z", text)
}
