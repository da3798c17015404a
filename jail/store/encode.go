package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"time"

	"gaol/jail"
)

// How values look in the file. They are meant to be read with sqlite3 as well.

// lastTime is behind every time.
const lastTime = int64(math.MaxInt64)

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func timeOf(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

func end(b jail.Ban) sql.NullInt64 {
	return sql.NullInt64{Int64: nanos(b.End), Valid: !b.Forever()}
}

func endOrLast(b jail.Ban) int64 {
	if b.Forever() {
		return lastTime
	}
	return nanos(b.End)
}

func prefixText(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}

func parsePrefix(text string) (netip.Prefix, error) {
	if text == "" {
		return netip.Prefix{}, nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, errDamaged
	}
	return p, nil
}

// linesText is lines as JSON. Bytes that are not UTF-8 become U+FFFD: these lines are
// for people.
func linesText(lines []string) string {
	if len(lines) == 0 {
		return "[]"
	}
	text, err := json.Marshal(lines)
	if err != nil {
		panic(fmt.Sprintf("encoding lines: %v", err)) // strings always encode
	}
	return string(text)
}

func parseLines(text []byte) ([]string, error) {
	if string(text) == "[]" {
		return nil, nil
	}
	var lines []string
	if err := json.Unmarshal(text, &lines); err != nil {
		return nil, errDamaged
	}
	return lines, nil
}
