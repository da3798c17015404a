package filter

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gaol/filter/backtrack"
)

// What RE2 has no words for, and patterns that come from fail2ban may have: the translator
// writes it as marks for package backtrack (see [Spec.Fail2ban]).

// reference is a mark, and which group it speaks of: an index in translation.groups, -1 for
// none.
type reference struct {
	kind  backtrack.Kind
	group int
}

func markName(i int) string { return "x" + strconv.Itoa(i) }

var (
	lookOpening = []struct {
		text string
		kind backtrack.Kind
	}{
		{"(?=", backtrack.Ahead},
		{"(?!", backtrack.NotAhead},
		{"(?<=", backtrack.Behind},
		{"(?<!", backtrack.NotBehind},
		{"(?>", backtrack.Atomic},
	}
	nameReference   = regexp.MustCompile(`^(?:\(\?P=([A-Za-z_][A-Za-z_0-9]*)\)|\\k<([A-Za-z_][A-Za-z_0-9]*)>)`)
	numberReference = regexp.MustCompile(`^\\([1-9][0-9]?)`)
	ifGroup         = regexp.MustCompile(`^\(\?\(([A-Za-z_0-9]+)\)`)
	possessive      = regexp.MustCompile(`^([*+?]|\{(?:[0-9]+(?:,[0-9]*)?|,[0-9]+)\})\+`)
)

// mark writes a mark in place of n bytes: its opening, body and end.
func (t *translator) mark(r reference, n int, body string) {
	t.marks = append(t.marks, r)
	t.replace(n, "(?P<"+markName(len(t.marks)-1)+">"+body+")")
}

// openBeyond opens what RE2 has no group for. It reports false if that isn't what stands
// there.
func (t *translator) openBeyond() (bool, error) {
	rest := t.rest()
	for _, one := range lookOpening {
		if strings.HasPrefix(rest, one.text) {
			t.push(opening{group: -1})
			t.marks = append(t.marks, reference{one.kind, -1})
			t.replace(len(one.text), "(?P<"+markName(len(t.marks)-1)+">")
			return true, nil
		}
	}
	if nameReference.MatchString(rest) {
		return true, t.backReference()
	}
	if m := ifGroup.FindStringSubmatch(rest); m != nil {
		group, err := t.referTo(m[1])
		if err != nil {
			return true, fmt.Errorf("condition %s…): %w", m[0], err)
		}
		t.push(opening{group: -1, condition: &conditional{group: group}})
		t.out.WriteString("(?:")
		t.mark(reference{backtrack.IfSet, group}, len(m[0]), "")
		return true, nil
	}
	return false, nil
}

// conditional is a condition that is open: (?(group)…|…).
type conditional struct {
	group int
	// otherwise says that its second branch has begun.
	otherwise bool
}

// alternative takes | over, which in a condition begins the second branch.
func (t *translator) alternative() error {
	if n := len(t.open); n > 0 && t.open[n-1].condition != nil {
		c := t.open[n-1].condition
		if c.otherwise {
			return fmt.Errorf("a condition (?(…)…|…) has more than two branches: put (?:…) around those that belong together")
		}
		t.copy(1)
		t.otherwise(c)
		return nil
	}
	t.copy(1)
	return nil
}

// otherwise begins the second branch of a condition.
func (t *translator) otherwise(c *conditional) {
	c.otherwise = true
	t.mark(reference{backtrack.IfUnset, c.group}, 0, "")
}

// backReference writes what stands for the text of another group.
func (t *translator) backReference() error {
	m := nameReference.FindStringSubmatch(t.rest())
	if m == nil {
		m = append(numberReference.FindStringSubmatch(t.rest()), "")
	}
	group, err := t.referTo(m[1] + m[2])
	if err != nil {
		return fmt.Errorf("back-reference %s: %w", m[0], err)
	}
	t.mark(reference{backtrack.Backref, group}, len(m[0]), backtrack.BackrefBody)
	return nil
}

// referTo finds a group by its name or number.
func (t *translator) referTo(name string) (int, error) {
	group, ok := t.named[strings.ToLower(name)]
	if number, err := strconv.Atoi(name); err == nil {
		ok = number > 0 && number <= len(t.numbers)
		if ok {
			group = t.numbers[number-1]
		}
	}
	switch {
	case !ok:
		return 0, fmt.Errorf("the pattern has no group %s before it", name)
	case group < 0:
		return 0, fmt.Errorf("group %s is part of a tag: put a group of your own around the tag", name)
	case slices.ContainsFunc(t.open, func(o opening) bool { return o.group == group }):
		return 0, fmt.Errorf("it stands in group %s itself", name)
	}
	return group, nil
}

// possessive writes a loop that gives nothing back. It reports false if none stands there.
func (t *translator) possessive() bool {
	m := possessive.FindStringSubmatch(t.rest())
	if m == nil {
		return false
	}
	loop := m[1]
	if strings.HasPrefix(loop, "{,") {
		loop = "{0" + loop[1:]
	}
	written := t.out.String()
	t.out.Reset()
	t.out.WriteString(written[:t.atom])
	t.mark(reference{backtrack.Atomic, -1}, len(m[0]), written[t.atom:]+loop)
	return true
}

// forgetNumbers says of the groups since there were n that they are parts of a tag, which
// fail2ban writes as so many.
func (t *translator) forgetNumbers(n, groups int) {
	t.numbers = t.numbers[:n]
	for range groups {
		t.numbers = append(t.numbers, -1)
	}
}

// groupsOfTag is how many groups fail2ban makes of a tag.
func groupsOfTag(tag string) int {
	switch tag {
	case "HOST", "SUBNET":
		return 3
	case "ADDR":
		return 2
	default:
		return 1
	}
}
