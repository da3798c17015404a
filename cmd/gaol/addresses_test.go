package main

import (
	"slices"
	"strings"
	"testing"
)

func TestReadAddresses(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		stdin string
		want  []string
	}{
		{"arguments alone", []string{"192.0.2.1", "192.0.2.2"}, "192.0.2.9", []string{"192.0.2.1", "192.0.2.2"}},
		{"lines, blanks and comments", []string{"-"}, "192.0.2.1 192.0.2.2\n\n# none\n192.0.2.3 # bad\n",
			[]string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}},
		{"both", []string{"192.0.2.1", "-", "192.0.2.3"}, "192.0.2.2", []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}},
		{"nothing to read", []string{"-"}, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readAddresses(tt.args, strings.NewReader(tt.stdin))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
