package fail2ban

import (
	"regexp"
	"strings"
)

// maxForms bounds how many forms of dates one pattern may stand for.
const maxForms = 32

var (
	// chosen is a group of one character out of several, to which the pattern comes back, as
	// (?P<sep>[-/]).
	chosen = regexp.MustCompile(`\(\?P<([A-Za-z_][A-Za-z_0-9]*)>\[((?:[^\]\[\\^]|\\[^A-Za-z0-9])+)\]\)`)
	named  = regexp.MustCompile(`\(\?P<[A-Za-z_][A-Za-z_0-9]*>`)
)

// dateForms are the patterns of package logtime that stand for a datepattern of fail2ban. Where it
// comes back to a character, as in %Y(?P<sep>[-/])%m(?P=sep)%d, there is one for each of those. Named groups are
// no groups of one's own, which would say what to cut out of the line.
func dateForms(pattern string) []string {
	forms := []string{pattern}
	for _, m := range chosen.FindAllStringSubmatch(pattern, -1) {
		group, reference, members := m[0], "(?P="+m[1]+")", characters(m[2])
		if !strings.Contains(pattern, reference) || len(members) == 0 || len(forms)*len(members) > maxForms {
			continue
		}
		var more []string
		for _, form := range forms {
			for _, c := range members {
				more = append(more, strings.NewReplacer(group, c, reference, c).Replace(form))
			}
		}
		forms = more
	}
	for i, form := range forms {
		forms[i] = named.ReplaceAllLiteralString(form, "(?:")
	}
	return forms
}

// characters are those of a class without ranges, each as a pattern of its own; nil if there may be ranges.
func characters(class string) []string {
	var all []string
	for i, c := range class {
		switch {
		case c == '-' && i > 0 && i < len(class)-1:
			return nil
		case i > 0 && class[i-1] == '\\' && (i < 2 || class[i-2] != '\\'):
			all[len(all)-1] += string(c)
		case c == '\\':
			all = append(all, `\`)
		default:
			all = append(all, regexp.QuoteMeta(string(c)))
		}
	}
	return all
}
