package main

import "testing"

func TestSessionPeer(t *testing.T) {
	for _, tt := range []struct {
		name, connection, client string
		want                     string
	}{
		{"over SSH", "192.0.2.7 51234 192.0.2.1 22", "192.0.2.7 51234 22", "192.0.2.7"},
		{"the older variable alone", "", "2001:db8::7 51234 22", "2001:db8::7"},
		{"not over SSH", "", "", "invalid IP"},
		{"UNKNOWN, as sshd writes for a pipe", "UNKNOWN 65535 UNKNOWN 65535", "", "invalid IP"},
		{"a name", "host.example 1 2 3", "", "invalid IP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := map[string]string{"SSH_CONNECTION": tt.connection, "SSH_CLIENT": tt.client}
			if got := sessionPeer(func(name string) string { return env[name] }).String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
