package logtime

// form is one of the usual forms of dates, in their order of preference.
type form uint8

const (
	formISO            form = iota + 1 // 2026-01-23T04:05:06,7 +0100
	formMonthDay                       // Fri Jan 23 04:05:06 2026, year optional
	formMonthDayYear                   // Jan 23 2026 04:05:06
	formDayMonth                       // 23/01/26 04:05:06
	formAccess                         // 23/Jan/2026:04:05:06 +0000
	formUSColon                        // 01/23/2026:04:05:06
	formUSDash                         // 01-23-2026 04:05:06.25
	formEpoch                          // 1769138706.25
	formClock                          // 04:05:06
	formAngle                          // <01/23/26@04:05:06>
	formShortYear                      // 260123 04:05:06
	formTwelveHours                    // Jan 23, 2026 4:05:06 AM
	formMonthNameDash                  // Jan-23-26 04:05:06
	formCompact                        // 20260123T040506Z
	formZoneMonthDay                   // PDT Jan 23 04:05:06
	formOffsetMonthDay                 // +00:00 Jan 23 04:05:06
	formTAI64N                         // @4000000069732a5e0a0b0c0d
)

// shape says how a date is written, apart from its numbers. It is small and
// comparable, so that its name has to be made only once.
type shape struct {
	form      form
	separator byte // between year, month and day
	gap       gap  // between day and time
	point     byte // before the fraction, 0 if there is none
	zone      gap  // before the zone
	zoned     bool
	weekday   wordForm
	month     wordForm
	year      wordForm // full: four digits; of formMonthDay: stands at the end
	colons    colons
}

// gap is what stands between two parts.
type gap uint8

const (
	gapNone gap = iota
	gapBlank
	gapBlanks
	gapT
	gapColon
)

func (g gap) String() string {
	return [...]string{"", " ", "  ", "T", ":"}[g]
}

// wordForm says whether and how a name or a year is written.
type wordForm uint8

const (
	absent wordForm = iota
	short
	full
)

// colons says which colons formCompact's time has.
type colons uint8

const (
	colonAfterHour colons = 1 << iota
	colonAfterMinute
)

// pick returns the code for a name or a year.
func (w wordForm) pick(shortCode, fullCode string) string {
	return [...]string{"", shortCode, fullCode}[w]
}

// String names the shape in strptime codes.
func (s shape) String() string {
	sep := string(s.separator)
	switch s.form {
	case formISO:
		return "%Y" + sep + "%m" + sep + "%d" + s.gap.String() + "%H:%M:%S" + s.tail()
	case formMonthDay:
		return s.monthDay() + " %H:%M:%S" + s.tail() + s.year.pick("", " %Y")
	case formZoneMonthDay:
		return "%Z " + s.monthDay() + " %H:%M:%S" + s.tail() + s.year.pick("", " %Y")
	case formOffsetMonthDay:
		return "%z " + s.monthDay() + " %H:%M:%S" + s.tail() + s.year.pick("", " %Y")
	case formMonthDayYear:
		return s.monthDay() + " %Y %H:%M:%S" + s.tail()
	case formDayMonth:
		return "%d" + sep + "%m" + sep + s.year.pick("%y", "%Y") + " %H:%M:%S"
	case formAccess:
		return "%d" + sep + s.month.pick("%b", "%B") + sep + "%Y" + s.gap.String() + "%H:%M:%S" + s.tail()
	case formUSColon:
		return "%m/%d/%Y:%H:%M:%S"
	case formUSDash:
		return "%m-%d-%Y %H:%M:%S" + s.tail()
	case formEpoch:
		return "EPOCH"
	case formClock:
		return "%H:%M:%S"
	case formAngle:
		return "<%m/%d/%y@%H:%M:%S>"
	case formShortYear:
		return "%y%m%d" + s.gap.String() + "%H:%M:%S"
	case formTwelveHours:
		return s.month.pick("%b", "%B") + " %d, %Y %I:%M:%S %p"
	case formMonthNameDash:
		return s.month.pick("%b", "%B") + "-%d-%y %H:%M:%S"
	case formCompact:
		return "%Y%m%d" + s.compactGap() + "%H" + s.colon(colonAfterHour) + "%M" + s.colon(colonAfterMinute) + "%S" + s.tail()
	case formTAI64N:
		return "TAI64N"
	}
	return ""
}

func (s shape) monthDay() string {
	return s.weekday.pick("%a ", "%A ") + s.month.pick("%b", "%B") + " %d"
}

// tail names fraction and zone.
func (s shape) tail() string {
	tail := ""
	if s.point != 0 {
		tail = string(s.point) + "%f"
	}
	if s.zoned {
		tail += s.zone.String() + "%z"
	}
	return tail
}

func (s shape) colon(c colons) string {
	if s.colons&c != 0 {
		return ":"
	}
	return ""
}

func (s shape) compactGap() string {
	if s.separator == '-' {
		return "-"
	}
	return s.gap.String()
}

// names keeps the names of the shapes that were seen. There are a few hundred
// at most.
type names struct {
	last     shape
	lastName string
	known    map[shape]string
}

func (n *names) of(s shape) string {
	if s == n.last {
		return n.lastName
	}
	name, ok := n.known[s]
	if !ok {
		name = s.String()
		if n.known == nil {
			n.known = make(map[shape]string)
		}
		n.known[s] = name
	}
	n.last, n.lastName = s, name
	return name
}
