package denylist

import (
	"sync"
	"time"
)

// misuseHold is how long after the last time a question that could not be answered is a problem.
const misuseHold = 10 * time.Minute

// Misuse are the questions that could not be answered, as whoever asks is not set up as it should be. Nobody is denied
// then, so somebody has to be told. Use NewMisuse. All methods may be called from several goroutines.
type Misuse struct {
	now func() time.Time

	mu sync.Mutex
	// open has by kind the first that was seen; of a kind there is one, however many ask.
	open map[string]*misuse
}

type misuse struct {
	text string
	last time.Time
}

// NewMisuse makes a Misuse of nothing yet. now is the clock.
func NewMisuse(now func() time.Time) *Misuse {
	return &Misuse{now: now, open: make(map[string]*misuse)}
}

// note notes a question of a kind; text, called for the first of them, says what was wrong.
func (m *Misuse) note(kind string, text func() string) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if is := m.open[kind]; is != nil {
		is.last = now
		return
	}
	m.open[kind] = &misuse{text: text(), last: now}
}

// Problems are those that have not passed, by kind.
func (m *Misuse) Problems() map[string]string {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	texts := map[string]string{}
	for kind, is := range m.open {
		if now.Sub(is.last) >= misuseHold {
			delete(m.open, kind)
			continue
		}
		texts[kind] = is.text
	}
	return texts
}
