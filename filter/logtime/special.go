package logtime

import "strings"

// special finds dates of the patterns that are a single word.
type special struct {
	label    string
	tied     bool
	findDate func(s string, d *date) bool
}

func (t *special) anchored() bool              { return t.tied }
func (t *special) name(*date, *names) string   { return t.label }
func (t *special) find(s string, d *date) bool { return t.findDate(s, d) }

// specials returns the templates for EPOCH, LEPOCH and TAI64N, in any case and
// with ^ or {^LN-BEG} in front or not. It returns nil for other patterns.
func specials(pattern string) []template {
	label := strings.ToUpper(strings.TrimSpace(pattern))
	word, afterLineBegin := strings.CutPrefix(label, lineBegin)
	word, caret := strings.CutPrefix(word, "^")
	switch word {
	case "EPOCH", "LEPOCH":
		return epochs(label, epochUnit(word == "LEPOCH"), caret, afterLineBegin)
	case "TAI64N":
		atStart := &special{label, true, startFinder(caret, readTAI64N)}
		if caret || afterLineBegin {
			return []template{atStart}
		}
		return []template{atStart, &special{label, false, findTAI64N}}
	}
	return nil
}

func epochs(label string, unit epochUnit, caret, afterLineBegin bool) []template {
	read := func(s string, i int, d *date) bool {
		end := scanEpoch(s, i, unit, d)
		return end > i && d.finish(s, i, end)
	}
	atStart := &special{label, true, startFinder(caret, read)}
	if caret || afterLineBegin {
		return []template{atStart}
	}
	audit := func(s string, d *date) bool { return findAudit(s, unit, d) }
	return []template{atStart, &special{label, false, audit}}
}

// startFinder looks where a line begins: at its first byte if strict, else
// also behind one or two that belong to no word.
func startFinder(strict bool, read func(string, int, *date) bool) func(string, *date) bool {
	return func(s string, d *date) bool {
		for i := 0; i <= 2 && i < len(s) && (i == 0 || !strict && !word(s[i-1])); i++ {
			d.clear()
			if read(s, i, d) {
				return true
			}
		}
		return false
	}
}
