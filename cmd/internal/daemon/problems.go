package daemon

import (
	"log/slog"
	"maps"
	"slices"
	"sync"
)

// problems are the things that keep gaol from doing its job. They are raised in
// one place, so that status, log and metrics can't disagree: raising logs once,
// status lists, and the metrics are made from the status.
type problems struct {
	log *slog.Logger
	// tell is called once for each problem that is new; it must not block.
	tell func(jail, text string)

	mu sync.Mutex
	// open has what is wrong by jail ("" for the daemon itself) and key.
	open map[string]map[string]string
}

func newProblems(log *slog.Logger, tell func(jail, text string)) *problems {
	return &problems{log: log, tell: tell, open: map[string]map[string]string{}}
}

// set raises the problem that jail knows by key, or clears it if text is "".
func (p *problems) set(jail, key, text string) { p.change(p.log, jail, key, text) }

// change is set, with news logged to log.
func (p *problems) change(log *slog.Logger, jail, key, text string) {
	p.mu.Lock()
	before := p.open[jail][key]
	switch {
	case text == before:
		p.mu.Unlock()
		return
	case text == "":
		delete(p.open[jail], key)
	default:
		if p.open[jail] == nil {
			p.open[jail] = map[string]string{}
		}
		p.open[jail][key] = text
	}
	p.mu.Unlock()
	if text == "" {
		log.Info("problem solved", "jail", jail, "problem", before)
		return
	}
	log.Warn("problem", "jail", jail, "problem", text)
	p.tell(jail, text)
}

// replace makes texts the only problems of jail whose keys begin with kind.
func (p *problems) replace(jail, kind string, texts map[string]string) {
	p.exchange(p.log, jail, kind, texts)
}

// mirror is replace for problems that are logged where they are found.
func (p *problems) mirror(jail, kind string, texts map[string]string) {
	p.exchange(slog.New(slog.DiscardHandler), jail, kind, texts)
}

func (p *problems) exchange(log *slog.Logger, jail, kind string, texts map[string]string) {
	for _, key := range p.keys(jail) {
		if rest, ok := cutKind(key, kind); ok && texts[rest] == "" {
			p.change(log, jail, key, "")
		}
	}
	for rest, text := range texts {
		p.change(log, jail, kind+":"+rest, text)
	}
}

func cutKind(key, kind string) (string, bool) {
	if len(key) > len(kind) && key[:len(kind)] == kind && key[len(kind)] == ':' {
		return key[len(kind)+1:], true
	}
	return "", false
}

func (p *problems) keys(jail string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.open[jail]))
}

// drop forgets all problems of a jail that is no more.
func (p *problems) drop(jail string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, jail)
}

// list returns the problems of jail in a steady order, never nil.
func (p *problems) list(jail string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]string, 0, len(p.open[jail]))
	for _, key := range slices.Sorted(maps.Keys(p.open[jail])) {
		list = append(list, p.open[jail][key])
	}
	return list
}
