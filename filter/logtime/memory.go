package logtime

// remembering is a template whose findings depend on what it has found before.
type remembering interface {
	memory() int
	recall(int)
}

// Memory returns what the finder remembers of the lines that it has seen, so
// far as the next finding can depend on it: two finders of the same options and
// equal memories find the same. See [Finder.Recall].
func (f *Finder) Memory() []int {
	var memory []int
	for t := range f.remembering {
		memory = append(memory, t.memory())
	}
	return memory
}

// Recall makes the finder remember what one of the same options did, whose
// [Finder.Memory] memory is. Nil: as a new one.
func (f *Finder) Recall(memory []int) {
	i := 0
	for t := range f.remembering {
		if memory == nil {
			t.recall(0)
			continue
		}
		t.recall(memory[i])
		i++
	}
}

// remembering are the templates that remember something.
func (f *Finder) remembering(yield func(remembering) bool) {
	for _, templates := range [][]template{f.anchored, f.inside} {
		for _, t := range templates {
			if r, ok := t.(remembering); ok && !yield(r) {
				return
			}
		}
	}
}

func (u *usualAtStart) memory() int {
	if u.monthFirst {
		return 1
	}
	return 0
}

func (u *usualAtStart) recall(memory int) { u.monthFirst = memory == 1 }

func (u *usualInside) memory() int       { return u.distance }
func (u *usualInside) recall(memory int) { u.distance = memory }

func (t *anyForm) memory() int       { return t.last }
func (t *anyForm) recall(memory int) { t.last = memory }
