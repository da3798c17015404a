package daemon

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gaol/action/established"
	"gaol/cmd/internal/control"
	"gaol/config"
	"gaol/jail"
)

// endEstablishedLocked has the open connections of bans ended, once the kernel holds them, where the jail wants that. A ban that
// was lifted meanwhile ends none.
func (e *engine) endEstablishedLocked(c *cell, bans []jail.Ban) {
	if !c.conf.EndEstablished {
		return
	}
	var inForce []jail.Ban
	for _, b := range bans {
		if is, ok := c.imposed[keyOf(b)]; ok && is.start.Equal(b.Start) {
			inForce = append(inForce, b)
		}
	}
	e.ender.End(c.conf.Rule, inForce)
}

// endHeld is endEstablishedLocked for all bans that the kernel holds, of a jail whose configuration has changed.
func (e *engine) endHeld(c *cell) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var held []jail.Ban
	for _, b := range c.jail.Banned() {
		if c.isHeldLocked(b) {
			held = append(held, b)
		}
	}
	e.endEstablishedLocked(c, held)
}

// endsMore says whether connections are to end under b that were left open under a.
func endsMore(a, b config.Jail) bool {
	return b.EndEstablished && (!a.EndEstablished || !reflect.DeepEqual(a.Rule, b.Rule))
}

// noteEnded tells everybody what has become of the connections of banned hosts, without holding up bans for all that is told.
func (e *engine) noteEnded(r established.Report, now time.Time) {
	e.countEnded(r)
	e.log.Debug("looked for connections of the banned", "jail", strings.Join(r.Jails, " "), "took", r.Took, "walks", r.Walks)
	for _, ended := range r.Ended {
		e.log.Info("connections ended", "jail", ended.Jail, "prefix", jail.Ban{Prefix: ended.Prefix}.Target(), "count", ended.Count)
		e.events.publish(func() control.Event {
			return control.Event{Time: now, What: "ended", Jail: ended.Jail, Prefix: prefixText(ended.Prefix), Text: connections(ended.Count)}
		})
	}
}

func (e *engine) countEnded(r established.Report) {
	e.mu.Lock()
	defer e.mu.Unlock()
	problem := ""
	if r.Err != nil {
		problem = fmt.Sprintf("connections that were open at a ban go on (established = \"end\"): %v", r.Err)
	}
	for _, name := range r.Jails {
		if e.cells[name] != nil {
			e.problems.set(name, "established", problem)
		}
	}
	for _, ended := range r.Ended {
		c := e.cells[ended.Jail]
		if c == nil {
			continue
		}
		c.ended += ended.Count
		if is, ok := c.imposed[jail.Key{Prefix: ended.Prefix}]; ok {
			is.ended += ended.Count
			c.imposed[jail.Key{Prefix: ended.Prefix}] = is
		}
	}
}

func connections(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return strconv.Itoa(n) + " connections"
}
