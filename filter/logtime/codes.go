package logtime

// code is one of the codes that patterns are made of.
type code struct {
	name string
	// expression is what the code matches, in RE2 syntax without groups.
	expression string
	// read reads the code's text at s[i:] into d, as much of it as there is. It
	// returns the end, or -1.
	read func(s string, i int, d *date) int
	// fixed: it always has the same length. Others may not be followed by the
	// bytes in notBefore, or by a word, if read is to find the same as
	// expression.
	fixed     bool
	notBefore string
	// fold: a pattern with this code ignores case.
	fold bool
}

// codes lists all codes.
func codes() []code {
	const zoneStops = ":+-"
	return []code{
		{name: "%Y", expression: `\d{4}`, read: readYear, fixed: true},
		{name: "%ExY", expression: `(?:19[7-9]\d|20\d\d)`, read: readUsualYear, fixed: true},
		{name: "%y", expression: `\d\d`, read: readYearOfCentury, fixed: true},
		{name: "%Exy", expression: `\d\d`, read: readYearOfCentury, fixed: true},
		{name: "%m", expression: `(?:1[0-2]|0[1-9]|[1-9])`, read: upTo(12, setMonth)},
		{name: "%Exm", expression: `(?:1[0-2]|0[1-9])`, read: exactly(12, setMonth), fixed: true},
		{name: "%d", expression: `(?:3[01]|[12]\d|0[1-9]|[1-9]| [1-9])`, read: padded(upTo(31, setMonthDay))},
		{name: "%Exd", expression: `(?:3[01]|[12]\d|0[1-9])`, read: exactly(31, setMonthDay), fixed: true},
		{name: "%b", expression: monthExpression, read: readMonthName, fold: true},
		{name: "%B", expression: monthExpression, read: readMonthName, fold: true},
		{name: "%a", expression: dayExpression, read: readDayName, fold: true},
		{name: "%A", expression: dayExpression, read: readDayName, fold: true},
		{name: "%j", expression: `\d{1,3}`, read: readYearDay},
		{name: "%H", expression: `(?:2[0-3]|[01]\d|\d)`, read: upTo(23, setHour)},
		{name: "%ExH", expression: `(?:2[0-3]|[01]\d)`, read: exactly(23, setHour), fixed: true},
		{name: "%k", expression: `(?: ?(?:2[0-3]|[01]\d|\d))`, read: blankBefore(upTo(23, setHour))},
		{name: "%Exk", expression: `(?: ?(?:2[0-3]|[01]\d))`, read: blankBefore(exactly(23, setHour))},
		{name: "%I", expression: `(?:1[0-2]|0[1-9]|[1-9])`, read: upTo(12, setHour12)},
		{name: "%ExI", expression: `(?:1[0-2]|0[1-9])`, read: exactly(12, setHour12), fixed: true},
		{name: "%l", expression: `(?: ?(?:1[0-2]|0[1-9]|[1-9]))`, read: blankBefore(upTo(12, setHour12))},
		{name: "%Exl", expression: `(?: ?(?:1[0-2]|0[1-9]))`, read: blankBefore(exactly(12, setHour12))},
		{name: "%p", expression: `[AaPp][Mm]`, read: readHalf, fixed: true, fold: true},
		{name: "%M", expression: `(?:[0-5]\d|\d)`, read: upTo(59, setMinute)},
		{name: "%ExM", expression: `[0-5]\d`, read: exactly(59, setMinute), fixed: true},
		{name: "%S", expression: `(?:6[01]|[0-5]\d|\d)`, read: upTo(59, setSecond)},
		{name: "%ExS", expression: `(?:6[01]|[0-5]\d)`, read: exactly(59, setSecond), fixed: true},
		{name: "%f", expression: `\d{1,9}`, read: readNanos},
		{name: "%z", expression: `(?-i:(?:UTC|GMT)?` + offsetExpression + `|Z|UTC|GMT)`, read: readOffset, notBefore: zoneStops},
		{name: "%Exz", expression: `(?-i:(?:Z|[A-Z]{3,5})?` + offsetExpression + `|Z|[A-Z]{3,5})`, read: readNameOrOffset, notBefore: zoneStops},
		{name: "%Z", expression: `(?-i:Z|[A-Z]{3,5})`, read: readZoneName},
		{name: "%ExZ", expression: `(?-i:[A-Z]{3,5}|[A-Z])`, read: readZoneOrLetter},
		{name: "%U", expression: `(?:5[0-3]|[0-4]\d|\d)`, read: week(haveWeekSunday)},
		{name: "%W", expression: `(?:5[0-3]|[0-4]\d|\d)`, read: week(haveWeekMonday)},
		{name: "%w", expression: `[0-6]`, read: readWeekday, fixed: true},
		{name: "{EPOCH}", expression: `\d{10,11}(?:\.\d{1,9})?`, read: epochCode(epochSeconds), notBefore: "."},
		{name: "{LEPOCH}", expression: `\d{10,19}(?:\.\d{1,9})?`, read: epochCode(epochAny), notBefore: "."},
		{name: "{TAI64N}", expression: `@4[0-9a-f]{23}`, read: readTAI64NCode, fixed: true},
	}
}

const (
	monthExpression = `(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|` +
		`Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)`
	dayExpression    = `(?:Sun(?:day)?|Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?)`
	offsetExpression = `[+-](?:0\d|1[0-5])(?::?[0-5]\d)?`
)

// composite returns what stands for several codes at once, as strptime(3) has
// it in the C locale.
func composite(name string) (string, bool) {
	switch name {
	case "%c":
		return "%a %b %d %H:%M:%S %Y", true
	case "%x":
		return "%m/%d/%y", true
	case "%X":
		return "%H:%M:%S", true
	}
	return "", false
}

// usualForms are the usual forms as patterns, in order of preference, for
// {DATE}. The hand-written readers find the same.
func usualForms() []string {
	return []string{
		`%ExY(?:-%m-|/%m/|\.%m\.)(?:%d(?:T| {1,2})%H|%Exd%ExH):%M:%S(?:[.,]%f)?(?: *%z)?`,
		`(?:%a )?%b %d %k:%M:%S(?:[.,]%f)?(?: %ExY)?`,
		`(?:%a )?%b %d %ExY %k:%M:%S(?:[.,]%f)?`,
		`(?:%d-%m-|%d/%m/)(?:%ExY|%Exy) %k:%M:%S`,
		`(?:%d-%b-|%d/%b/|%d %b )%ExY[ :]?%H:%M:%S(?:[.,]%f)?(?: %z)?`,
		`%m/%d/%ExY:%H:%M:%S`,
		`%m-%d-%ExY %k:%M:%S(?:[.,]%f)?`,
		`{EPOCH}`,
		`%H:%M:%S`,
		`<%m/%d/%y@%H:%M:%S>`,
		`%Exy%Exm%Exd {1,2}%H:%M:%S`,
		`%b %d, %ExY %I:%M:%S %p`,
		`%b-%d-%Exy %k:%M:%S`,
		`%ExY%Exm%Exd(?:-|T| {0,2})%ExH:?%ExM:?%ExS(?:[.,]%f)?(?: *%z)?`,
		`(?:%Z )?(?:%a )?%b %d %k:%M:%S(?:[.,]%f)?(?: %ExY)?`,
		`(?:%z )?(?:%a )?%b %d %k:%M:%S(?:[.,]%f)?(?: %ExY)?`,
		`{TAI64N}`,
	}
}
