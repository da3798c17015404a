package filter

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"gaol/filter/literal"
)

// daemons are the tags and identifiers of a service. In each, "*" stands for any characters but "/".
type daemons []string

// have says whether name is one of them.
func (d daemons) have(name string) bool {
	return slices.ContainsFunc(d, func(daemon string) bool {
		if daemon == name {
			return true
		}
		fits, _ := path.Match(daemon, name) // check has found bad ones
		return fits
	})
}

// isContainer says whether name is what a container's output bears as its tag in syslog, unless it is told another: that of Podman's monitor, or with
// Docker the first twelve digits of the container's id.
func isContainer(name string) bool {
	const idLength = 12
	return name == "conmon" || len(name) == idLength && strings.Trim(name, "0123456789abcdef") == ""
}

// check says what is wrong with them.
func (d daemons) check() error {
	for _, daemon := range d {
		if _, err := path.Match(daemon, ""); err != nil || strings.ContainsAny(daemon, `?[\`) {
			return fmt.Errorf(`daemon %q: write the tag as it stands in the log, with "*" for what changes in it`, daemon)
		}
	}
	return nil
}

// required is what each line of theirs has: one of the names, or the longest piece of it that is always there.
func (d daemons) required() literal.Set {
	pieces := make([]string, len(d))
	for i, daemon := range d {
		pieces[i] = slices.MaxFunc(strings.Split(daemon, "*"), func(a, b string) int { return len(a) - len(b) })
		if pieces[i] == "" {
			return literal.Set{}
		}
	}
	return literal.Of(pieces...)
}
