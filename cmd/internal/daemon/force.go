package daemon

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"gaol/cmd/internal/control"
	"gaol/jail"
)

// reasonsShown bounds how many addresses a refusal names.
const reasonsShown = 5

// needsForce refuses a ban by hand, as a whole, that would lock out a proxy of one's own or somebody who uses gaol, unless that was
// asked for.
func (d *Daemon) needsForce(r control.BanRequest, cells []*cell, targets []target) error {
	if r.Force {
		return nil
	}
	var reasons []string
	for _, ignore := range d.ignores(cells) {
		for _, t := range targets {
			if rule, ok := ignore.Protected(t.prefix); ok {
				reasons = append(reasons, fmt.Sprintf("%s (%s)", jail.Ban{Prefix: t.prefix}.Target(), rule))
			}
		}
	}
	slices.Sort(reasons)
	reasons = slices.Compact(reasons)
	if len(reasons) == 0 {
		return nil
	}
	if more := len(reasons) - reasonsShown; more > 0 {
		reasons = append(reasons[:reasonsShown], fmt.Sprintf("%d more", more))
	}
	return refuse(http.StatusForbidden, "nobody was banned: it would lock out who uses gaol, or a proxy of yours: %s: if that is meant, use --force",
		strings.Join(reasons, ", "))
}
