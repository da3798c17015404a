package action

// size is what a Runner knows of the number of its action's members. It belongs to Run's goroutine.
type size struct {
	known bool
	last  int // at the last check
	added int // since then, by the Runner
	// lacking is how many bans were not held when all was compared: those of a family that the host lacks.
	lacking int
}

// weigh compares the number of members with what the Runner's own bans explain: it has grown by no more than those that were
// added, and falls short of what is wanted by no more than when all was compared. If not, all is compared anew.
func (r *Runner) weigh() {
	sized, ok := r.opts.Action.(Sized)
	if !ok {
		return
	}
	now, ok := sized.Size()
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.touched || r.comparing != nil {
		return // all is compared soon
	}
	lacking := r.lackingLocked(now)
	before := r.size
	if before.known && (now > before.last+before.added || lacking > before.lacking) {
		r.touched = true
		return
	}
	if !before.known {
		before.lacking = lacking
	}
	r.size = size{known: true, last: now, lacking: before.lacking}
}

// lackingLocked is how many of the bans that should be in force by now can't be among so many members, at least.
func (r *Runner) lackingLocked(members int) int {
	if len(r.wanted) <= members {
		return 0 // as is usual
	}
	soon := r.opts.Now().Add(soonOver)
	wanted := 0
	for t, b := range r.wanted {
		if _, ok := Normal(t.prefix); ok && t.id == "" && !b.Over(soon) && r.pending.byTarget[t] == nil {
			wanted++
		}
	}
	return max(0, wanted-members)
}
