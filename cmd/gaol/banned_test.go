package main

import (
	"testing"

	"gaol/cmd/internal/control"
)

func TestLocksOut(t *testing.T) {
	tests := []struct {
		name string
		ban  control.Ban
		addr string
		want bool
	}{
		{"the address itself", control.Ban{Prefix: "192.0.2.7/32"}, "192.0.2.7", true},
		{"another address", control.Ban{Prefix: "192.0.2.7/32"}, "192.0.2.8", false},
		{"an address in a banned network", control.Ban{Prefix: "2001:db8::/64"}, "2001:db8::5", true},
		{"an IPv4 address written as IPv6", control.Ban{Prefix: "192.0.2.7/32"}, "::ffff:192.0.2.7", true},
		{"a network in a banned network", control.Ban{Prefix: "192.0.2.0/24"}, "192.0.2.128/25", true},
		{"a network around a banned address", control.Ban{Prefix: "192.0.2.7/32"}, "192.0.2.0/24", false},
		{"an id", control.Ban{ID: "bob"}, "bob", true},
		{"an address that is no id", control.Ban{ID: "bob"}, "192.0.2.7", false},
		{"no address at all", control.Ban{Prefix: "192.0.2.7/32"}, "example.org", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := locksOut(tt.ban, tt.addr); got != tt.want {
				t.Errorf("locksOut(%+v, %q) = %v, want %v", tt.ban, tt.addr, got, tt.want)
			}
		})
	}
}
