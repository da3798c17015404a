package main

import (
	"testing"
	"time"

	"gaol/config"
)

func TestParseNow(t *testing.T) {
	berlin, err := config.ParseTimezone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, in, want string }{
		{"RFC 3339", "2026-03-10T21:31:23Z", "2026-03-10T21:31:23Z"},
		{"RFC 3339 with a fraction and an offset", "2026-03-10T21:31:23.5+02:00", "2026-03-10T19:31:23.5Z"},
		{"a blank and no zone", "2026-03-10 21:31:23", "2026-03-10T20:31:23Z"},
		{"a day", "2026-03-10", "2026-03-09T23:00:00Z"},
		{"seconds since 1970", "1773178283", "2026-03-10T21:31:23Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseNow(tt.in, berlin)
			if err != nil {
				t.Fatal(err)
			}
			if text := got.UTC().Format(time.RFC3339Nano); text != tt.want {
				t.Errorf("got %s, want %s", text, tt.want)
			}
		})
	}
	if _, err := parseNow("yesterday", berlin); err == nil {
		t.Error("parseNow(yesterday): want an error")
	}
}
