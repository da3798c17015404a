package jail

// IgnoreState tells whether an [Ignore] ignores the same as before: two are equal then.
type IgnoreState struct {
	lists     *[2]*ranges
	operators *ranges
}

// State is what ig ignores now.
func (ig *Ignore) State() IgnoreState {
	if ig == nil {
		return IgnoreState{}
	}
	s := IgnoreState{lists: ig.current.Load()}
	if ig.opts.Operators != nil {
		s.operators = ig.opts.Operators.current.Load()
	}
	return s
}
