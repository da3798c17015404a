package notice

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// maxListed is how many events of a digest are listed in a text for people.
const maxListed = 20

// Subject says in one line what m is about.
func (m Message) Subject() string {
	text := m.counts()
	if len(m.Events) == 1 && m.More() == 0 {
		text = m.Events[0].Line(m.Observe)
	}
	if m.Host != "" {
		return m.Host + ": " + text
	}
	return text
}

// Line says in one line what happened. observe says that nobody is locked out.
func (e Event) Line(observe bool) string {
	b := e.Ban
	if e.What == Unban {
		return fmt.Sprintf("%s let %s in again (%s)", b.Jail, b.Target(), e.Why)
	}
	verb := "banned"
	if observe {
		verb = "would have banned"
	}
	length := "for ever"
	if !b.Forever() {
		length = "for " + b.End.Sub(b.Start).Round(time.Second).String()
	}
	text := fmt.Sprintf("%s %s %s %s", b.Jail, verb, b.Target(), length)
	if b.Failures > 0 {
		text += fmt.Sprintf(" after %d failures", b.Failures)
	}
	if b.Count > 1 {
		text += fmt.Sprintf(", ban no. %d", b.Count)
	}
	return text
}

// counts says how many there were of what in which jail: "37 bans (sshd 30, web 7), 2 unbans (web 2)".
func (m Message) counts() string {
	byWhat := map[string]map[string]int{}
	for _, e := range m.Events {
		if byWhat[e.What] == nil {
			byWhat[e.What] = map[string]int{}
		}
		byWhat[e.What][e.Ban.Jail]++
	}
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(byWhat)) {
		total := 0
		var jails []string
		for _, name := range slices.Sorted(maps.Keys(byWhat[what])) {
			total += byWhat[what][name]
			jails = append(jails, fmt.Sprintf("%s %d", name, byWhat[what][name]))
		}
		plural := "s"
		if total == 1 {
			plural = ""
		}
		parts = append(parts, fmt.Sprintf("%d %s%s (%s)", total, what, plural, strings.Join(jails, ", ")))
	}
	if more := m.More(); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more before", more))
	}
	return strings.Join(parts, ", ")
}

// Body tells of m in plain text, with at most lines lines of each ban. Of a digest it lists the last
// events and counts the others.
func (m Message) Body(lines int) string {
	var b strings.Builder
	single := m.Total() == 1
	if !single {
		b.WriteString(m.counts() + "\n\n")
	}
	listed := m.Events[max(0, len(m.Events)-maxListed):]
	if left := m.Total() - len(listed); left > 0 {
		fmt.Fprintf(&b, "The last %d of %d:\n\n", len(listed), m.Total())
	}
	for _, e := range listed {
		b.WriteString(e.Time.UTC().Format(time.RFC3339) + " " + e.Line(m.Observe) + "\n")
		if single {
			e.details(&b)
		}
		for _, line := range e.Ban.Lines[max(0, len(e.Ban.Lines)-max(lines, 0)):] {
			b.WriteString("    " + line + "\n")
		}
	}
	return b.String()
}

// details adds what is worth saying of a single event.
func (e Event) details(b *strings.Builder) {
	if e.Ban.User != "" {
		fmt.Fprintf(b, "Account tried last: %s\n", e.Ban.User)
	}
	if e.What == Ban && e.Ban.ID == "" {
		fmt.Fprintf(b, "\"gaol why %s\" tells the whole story, \"gaol unban %[1]s\" lets it in again.\n", e.Ban.Target())
	}
}
