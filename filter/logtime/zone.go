package logtime

// offset reads what %z stands for at s[i:]: Z, UTC, GMT, or a sign with hh, hhmm
// or hh:mm, which may also follow UTC or GMT. The result is in seconds east of
// UTC. end is i if there is none. Offsets of 16 hours and more exist nowhere:
// what looks like one is text.
func offset(s string, i int) (seconds, end int) {
	if i >= len(s) {
		return 0, i
	}
	switch s[i] {
	case '+', '-':
		return signedOffset(s, i)
	case 'Z':
		return 0, i + 1
	case 'U', 'G':
		if i+3 > len(s) || s[i:i+3] != "UTC" && s[i:i+3] != "GMT" {
			return 0, i
		}
		return offsetBehindName(s, i+3)
	}
	return 0, i
}

// offsetBehindName returns 0, i if there is no offset at s[i:], or one that
// goes on as a word: then it is text.
func offsetBehindName(s string, i int) (seconds, end int) {
	seconds, end = signedOffset(s, i)
	if !boundary(s, end) {
		return 0, i
	}
	return seconds, end
}

// signedOffset returns 0, i if there is no offset at s[i:]. Minutes that go on
// as a word are none.
func signedOffset(s string, i int) (seconds, end int) {
	if i >= len(s) || s[i] != '+' && s[i] != '-' {
		return 0, i
	}
	hours := two(s, i+1)
	if hours < 0 || hours > 15 {
		return 0, i
	}
	end = i + 3
	seconds = hours * 3600
	k := end
	if k < len(s) && s[k] == ':' {
		k++
	}
	if minutes := two(s, k); minutes >= 0 && minutes < 60 && boundary(s, k+2) {
		seconds += minutes * 60
		end = k + 2
	}
	if s[i] == '-' {
		seconds = -seconds
	}
	return seconds, end
}

// capitals returns the end of the capital letters at s[i:], i if they are more
// than five.
func capitals(s string, i int) int {
	end := i
	for end < len(s) && s[end]-'A' <= 'Z'-'A' {
		end++
		if end-i > 5 {
			return i
		}
	}
	return end
}

const hour = 60 * 60 // seconds

// zoneName returns the offset that a zone's name stands for, in seconds east of
// UTC. The names are fixed: EST is five hours behind, in summer too. doubtful
// says that the name is one but stands for zones hours apart, so that a date
// with it cannot be read.
func zoneName(name string) (seconds int, known, doubtful bool) {
	switch name {
	case "Z", "UTC", "GMT", "UCT", "WET":
		return 0, true, false
	case "CET", "MET", "WEST", "WAT":
		return 1 * hour, true, false
	case "CEST", "MEST", "EET", "SAST", "CAT":
		return 2 * hour, true, false
	case "EEST", "MSK", "EAT", "TRT":
		return 3 * hour, true, false
	case "MSD", "SAMT":
		return 4 * hour, true, false
	case "PKT", "YEKT", "UZT":
		return 5 * hour, true, false
	case "NPT":
		return 5*hour + 45*60, true, false
	case "OMST":
		return 6 * hour, true, false
	case "KRAT", "ICT", "WIB":
		return 7 * hour, true, false
	case "HKT", "SGT", "AWST", "IRKT", "PHT", "WITA":
		return 8 * hour, true, false
	case "JST", "KST", "YAKT", "WIT":
		return 9 * hour, true, false
	case "ACST":
		return 9*hour + 30*60, true, false
	case "AEST", "VLAT", "CHST":
		return 10 * hour, true, false
	case "ACDT":
		return 10*hour + 30*60, true, false
	case "AEDT", "MAGT":
		return 11 * hour, true, false
	case "NZST":
		return 12 * hour, true, false
	case "NZDT":
		return 13 * hour, true, false
	case "NDT":
		return -2*hour - 30*60, true, false
	case "ADT", "BRT", "ART", "UYT":
		return -3 * hour, true, false
	case "NST":
		return -3*hour - 30*60, true, false
	case "AST", "EDT", "CLT":
		return -4 * hour, true, false
	case "EST", "CDT", "PET", "COT":
		return -5 * hour, true, false
	case "CST", "MDT":
		return -6 * hour, true, false
	case "MST", "PDT":
		return -7 * hour, true, false
	case "PST", "AKDT":
		return -8 * hour, true, false
	case "AKST", "HDT":
		return -9 * hour, true, false
	case "HST":
		return -10 * hour, true, false
	case "SST":
		return -11 * hour, true, false
	case "IST", "BST", "AMT", "GST", "WST", "ECT":
		return 0, false, true
	}
	if len(name) == 1 {
		return militaryZone(name[0])
	}
	return 0, false, false
}

// militaryZone returns the offset of a single letter: A to M without J count
// east, N to Y west. J is the observer's own time (ACP 121).
func militaryZone(c byte) (seconds int, known, doubtful bool) {
	switch {
	case c >= 'A' && c <= 'I':
		return int(c-'A'+1) * hour, true, false
	case c >= 'K' && c <= 'M':
		return int(c-'K'+10) * hour, true, false
	case c >= 'N' && c <= 'Y':
		return -int(c-'N'+1) * hour, true, false
	}
	return 0, false, false
}
