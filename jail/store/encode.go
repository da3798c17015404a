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
	return jsonText(lines)
}

// jsonText is a list of strings or numbers as JSON.
func jsonText[T string | int64](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Sprintf("encoding a list: %v", err)) // strings and numbers always encode
	}
	return string(text)
}

func parseLines(text []byte) ([]string, error) { return parseList[string](text) }

func parseList[T string | int64](text []byte) ([]T, error) {
	if string(text) == "[]" {
		return nil, nil
	}
	var list []T
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, errDamaged
	}
	return list, nil
}
