package filter

import "strings"

// maxBoasts is how many lines of successful logins are put in for each target: they differ in little.
const maxBoasts = 4

// boast is the last line of a test of a successful login, which somebody might use for a name.
type boast struct {
	message, whole string
	hosts          []string
}

// boastsOf are those of a filter's tests.
func boastsOf(filters *modes) []boast {
	var boasts []boast
	for _, test := range filters.spec.Tests {
		if !test.Success || len(boasts) == maxBoasts || filters.run(test) != "" {
			continue
		}
		f, _ := filters.filter(test)
		lines := f.testLines(test)
		trusted := f.verdictsOn(lines).trusted
		last := lines[len(lines)-1]
		var v view
		f.look(&v, &last, f.newFinder(), new(work))
		boasts = append(boasts, boast{message: strings.Clone(v.text), whole: last.Text, hosts: trusted.hosts})
	}
	return boasts
}

// weapons are the boast as hostile texts: of one of hosts, whom the lines that are attacked are of,
// and of somebody else.
func (b *boast) weapons(hosts []string) []weapon {
	of := func(text, host string) string {
		for _, own := range b.hosts {
			text = strings.ReplaceAll(text, own, host)
		}
		return text
	}
	own, other := hosts[0], innocent(hosts, "198.51.100.66", "203.0.113.66")
	return []weapon{
		{"a successful login of the same host", of(b.message, own)},
		{"a successful login of another host", of(b.message, other)},
		{"the whole line of a successful login", of(b.whole, own)},
		{"a successful login behind a line end", "x\n" + of(b.whole, own) + "\n"},
		{"a successful login with more before and behind it", "x " + of(b.message, own) + " x"},
	}
}
