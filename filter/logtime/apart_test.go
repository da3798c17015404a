package logtime_test

import (
	"testing"

	"gaol/filter/logtime"
)

func TestApart(t *testing.T) {
	for _, tt := range []struct {
		pattern        string
		before, behind bool
	}{
		{"%Y-%m-%d %H:%M:%S", true, true},
		{"%d/%b/%Y:%H:%M:%S %z", false, true}, // " 9/Mar/2026"
		{"[%Y-%m-%d]", false, false},
		{"**%Y-%m-%d**", false, false},
		{"{UNB}%Y%m%d", false, false},
		{"%Y-(%m)-%d", false, false},
		{"%Y-%m-%d|%H:%M", false, false},
		{`%Y-%m-%d\s`, false, false},
		{"EPOCH", false, false},
		{"{DEFAULT}", false, false},
		{"%", false, false},
	} {
		before, behind := logtime.Apart(tt.pattern)
		if before != tt.before || behind != tt.behind {
			t.Errorf("%q: %v, %v, want %v, %v", tt.pattern, before, behind, tt.before, tt.behind)
		}
	}
}
