package daemon

import (
	"reflect"
	"slices"

	"gaol/action"
	"gaol/config"
	"gaol/jail"
)

// origin is what an action was made of. As long as a reload says the same of it, it goes on.
type origin struct {
	// rule is of a firewall, which place names as well.
	rule action.Rule
	// conf is of all others.
	conf config.Action
	// place is where bans are kept. What is made of the same place takes over what it finds there, so
	// that nobody is let in meanwhile; "": it keeps none.
	place string
}

// exchangeLocked gives a cell the actions of its configuration. Those of which it says the same as before go on with what they
// have; all others begin with bans.
func (t *transition) exchangeLocked(c *cell, actions []namedAction, bans []jail.Ban) {
	after := func(step func()) { t.after[c.name] = append(t.after[c.name], step) }
	old, firewall := slices.Clone(c.runners), c.firewall
	c.runners, c.firewall = nil, nil
	var fresh []*runner
	for _, a := range actions {
		var r *runner
		if i := slices.IndexFunc(old, a.isGoneOnWith); i >= 0 {
			r = old[i]
			old = slices.Delete(old, i, i+1)
			if !reflect.DeepEqual(r.rule, a.rule) {
				after(func() { r.adjust(a.rule) })
			}
			r.origin = a.origin
		} else {
			r = t.newRunner(c, a)
			fresh = append(fresh, r)
		}
		c.runners = append(c.runners, r)
		if a.firewall {
			c.firewall = r
		}
	}
	for _, r := range old {
		flush := !slices.ContainsFunc(fresh, func(f *runner) bool { return f.place != "" && f.place == r.place })
		after(func() { r.stop(flush) })
	}
	c.beginImposedLocked(bans, c.firewall != firewall)
	for _, r := range fresh {
		r.Ban(bans)
		after(r.start)
	}
}

// isGoneOnWith says whether r can go on as a: nothing has changed, or nothing but what a firewall closes, if it can adjust that.
func (a namedAction) isGoneOnWith(r *runner) bool {
	b := r.origin
	if r.adjuster != nil {
		b.rule = a.rule
	}
	return reflect.DeepEqual(a.origin, b)
}
