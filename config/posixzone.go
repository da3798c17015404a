package config

import (
	"bytes"
	"encoding/binary"
	"strings"
	"time"
)

// unknownAbbreviation is what a zone file made by posixZone calls its times where
// the rule behind it can't be understood. No rule can produce it: abbreviations
// have three characters at least.
const unknownAbbreviation = "?"

// maxOffset is, in seconds, just more than POSIX allows: 24 hours, 59 minutes and
// 59 seconds. The time package takes a week.
const maxOffset = 25 * 60 * 60

// posixZone makes a zone of a POSIX rule. The time package understands such
// rules, but only as the footer of a zone file; so this is the shortest zone
// file with that footer (RFC 8536 section 3).
func posixZone(rule string) (*time.Location, bool) {
	if strings.ContainsAny(rule, "\n\x00") {
		return nil, false
	}
	loc, err := time.LoadLocationFromTZData(rule, zoneFile(rule))
	if err != nil {
		return nil, false
	}
	// What the rule says shows only when it is applied; in one of the months the
	// other half of the year begins.
	for month := time.January; month <= time.December; month++ {
		abbreviation, offset := time.Date(1970, month, 1, 0, 0, 0, 0, time.UTC).In(loc).Zone()
		if abbreviation == unknownAbbreviation || offset <= -maxOffset || offset >= maxOffset {
			return nil, false
		}
	}
	return loc, true
}

// zoneFile writes a TZif file of version 2 without transitions.
func zoneFile(footer string) []byte {
	var b bytes.Buffer
	block := func() {
		b.WriteString("TZif2")
		b.Write(make([]byte, 15))
		// isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt.
		abbreviation := unknownAbbreviation + "\x00"
		for _, n := range []uint32{0, 0, 0, 0, 1, uint32(len(abbreviation))} {
			b.Write(binary.BigEndian.AppendUint32(nil, n))
		}
		// The one type of local time: offset 0, standard time, first abbreviation.
		b.Write(make([]byte, 6))
		b.WriteString(abbreviation)
	}
	block() // for readers of version 1
	block()
	b.WriteString("\n" + footer + "\n")
	return b.Bytes()
}
