package main

import "testing"

func TestDidYouMean(t *testing.T) {
	known := []string{"status", "banned", "ban", "unban", "regex", "reload"}
	tests := []struct{ name, typed, want string }{
		{"two letters swapped", "stauts", `: did you mean "status"?`},
		{"a letter missing", "regx", `: did you mean "regex"?`},
		{"a letter too many", "bann", `: did you mean "ban"?`},
		{"another word altogether", "firewall", ""},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := didYouMean(tt.typed, known); got != tt.want {
				t.Errorf("didYouMean(%q) = %q, want %q", tt.typed, got, tt.want)
			}
		})
	}
}
