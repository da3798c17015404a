package source

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestRotationMade(t *testing.T) {
	tests := []struct {
		base, name string
		want       bool
	}{
		{"auth.log", "auth.log", false},
		{"auth.log", "auth.log.1", true},
		{"auth.log", "auth.log-20260310", true},
		{"auth.log", "auth.log.2026-03-10_00:00", true},
		{"auth.log", "auth.log.old", true},
		{"auth.log", "auth-20260310.log", true},
		{"auth.log", "auth.1.log", true},
		{"auth.log", "auth.logger", false},
		{"auth.log", "auth.log.conf", false},
		{"auth.log", "auth-debug.log", false},
		{"access", "access.1", true},
		{"access", "access1", false},
		{"app-0001.log", "app-0002.log", true},
		{"app-20260309.log", "app-20260310.log", true},
		{"app-0001.log", "web-0002.log", false},
		{".log", "x.log", false},
	}
	for _, tt := range tests {
		t.Run(tt.base+" "+tt.name, func(t *testing.T) {
			if got := rotationOf(tt.base, true).made(dirEntry{name: tt.name, shape: shapeOf(tt.name)}); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestCompareAge(t *testing.T) {
	at := func(path string, born, modified int64) sibling {
		return sibling{path, fileStat{id: fileID{born: born}, modified: time.Unix(modified, 0)}}
	}
	tests := []struct {
		name       string
		older, new sibling
	}{
		{"by birth", at("x.1", 1, 9), at("x", 2, 3)},
		{"by change where birth is unknown", at("x.1", 0, 3), at("x", 2, 9)},
		{"by number", at("x.2", 1, 1), at("x.1", 1, 1)},
		{"the log itself is the newest", at("x.1", 1, 1), at("x", 1, 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if compareAge(tt.older, tt.new) >= 0 || compareAge(tt.new, tt.older) <= 0 {
				t.Errorf("%v is not older than %v", tt.older, tt.new)
			}
		})
	}
}

// FuzzFirstSince compares the search with a walk along all lines.
func FuzzFirstSince(f *testing.F) {
	f.Add(uint64(1), 5000, 2500)
	f.Add(uint64(2), 0, 0)
	f.Add(uint64(3), 20000, -1)
	f.Add(uint64(4), 20000, 20001)
	f.Fuzz(func(t *testing.T, seed uint64, lines, since int) {
		if lines < 0 || lines > 20_000 {
			return
		}
		random := rand.New(rand.NewPCG(seed, 0))
		var b strings.Builder
		want, isFound := 0, false
		for i := range lines {
			if !isFound && i >= since {
				want, isFound = b.Len(), true
			}
			fmt.Fprintf(&b, "%d %s\n", i, strings.Repeat("x", random.IntN(30)))
			if random.IntN(3) == 0 {
				b.WriteString("undated\n")
			}
		}
		if !isFound {
			want = b.Len()
		}
		b.WriteString("99999999 the last line has no end")
		data := b.String()
		date := func(line string) (time.Time, bool) {
			var i int64
			if n, err := fmt.Sscanf(line, "%d ", &i); n != 1 || err != nil {
				return time.Time{}, false
			}
			return time.Unix(i, 0), true
		}
		got, err := firstSince(&text{[]byte(data)}, int64(len(data)), time.Unix(int64(since), 0), date)
		if err != nil || got != int64(want) {
			t.Errorf("got %d, %v, want %d of %d", got, err, want, len(data))
		}
	})
}
