package jail

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxOperators bounds how many are known; whoever was seen longest ago is forgotten first.
const maxOperators = 64

// operatorStep is how exactly is known when somebody was seen last: who asks each second is not to be saved
// each second.
const operatorStep = time.Minute

// Operators are the addresses of those who have used gaol lately. Nobody bans them but by hand and with
// force: who tries things out on a far host must not lock himself out of it. Use [OpenOperators]; a nil
// Operators knows nobody. It is safe for several goroutines.
type Operators struct {
	path string

	mu   sync.Mutex
	keep time.Duration
	// seen is when each of them used gaol last.
	seen    map[netip.Addr]time.Time
	changed bool

	// current is what overlaps looks at, nil while there is nobody.
	current atomic.Pointer[ranges]
}

// Operator is somebody who has used gaol.
type Operator struct {
	Address netip.Addr
	// Until is when the address is forgotten, unless it is seen again.
	Until time.Time
}

// OpenOperators reads who is known from the file at path, which need not exist; "": nobody is, and nothing is
// kept. An operator is forgotten after keep; 0: nobody is ever noted. With an error, there are
// none from before.
func OpenOperators(path string, keep time.Duration) (*Operators, error) {
	o := &Operators{path: path, keep: keep}
	var err error
	if path != "" {
		err = loadJSON(path, &o.seen)
	}
	if o.seen == nil || err != nil {
		o.seen = map[netip.Addr]time.Time{}
	}
	o.build()
	if err != nil {
		return o, fmt.Errorf("reading who used gaol before the start: %w", err)
	}
	return o, nil
}

// SetKeep changes how long an operator is known.
func (o *Operators) SetKeep(keep time.Duration) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keep = keep
}

// See notes that somebody at addr uses gaol, and says whether that is news. Addresses that belong to no
// other host than this one are passed over.
func (o *Operators) See(addr netip.Addr, now time.Time) (news bool) {
	addr = addr.Unmap().WithZone("")
	if o == nil || !addr.IsValid() || addr.IsUnspecified() || addr.IsLoopback() || addr.IsMulticast() {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	last, known := o.seen[addr]
	if o.keep == 0 || known && now.Sub(last) < operatorStep {
		return false
	}
	o.seen[addr], o.changed = now, true
	if known {
		return false
	}
	for len(o.seen) > maxOperators {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(o.seen)), func(a, b netip.Addr) int { return o.seen[a].Compare(o.seen[b]) })
		delete(o.seen, oldest)
	}
	o.build()
	return true
}

// Expire forgets those who have not used gaol for long.
func (o *Operators) Expire(now time.Time) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	before := len(o.seen)
	maps.DeleteFunc(o.seen, func(_ netip.Addr, seen time.Time) bool { return now.Sub(seen) >= o.keep })
	if len(o.seen) != before {
		o.changed = true
		o.build()
	}
}

// List is who is known, in the order of their addresses.
func (o *Operators) List() []Operator {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	list := make([]Operator, 0, len(o.seen))
	for addr, seen := range o.seen {
		list = append(list, Operator{addr, seen.Add(o.keep)})
	}
	slices.SortFunc(list, func(a, b Operator) int { return a.Address.Compare(b.Address) })
	return list
}

// Save keeps who is known for the next start, if there is news.
func (o *Operators) Save() error {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	changed, seen := o.changed, maps.Clone(o.seen)
	o.changed = false
	o.mu.Unlock()
	if !changed || o.path == "" {
		return nil
	}
	if err := saveJSON(o.path, seen); err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.changed = true
		return fmt.Errorf("keeping who uses gaol for the next start: %w", err)
	}
	return nil
}

func (o *Operators) build() {
	if len(o.seen) == 0 {
		o.current.Store(nil)
		return
	}
	rules := make([]rule, 0, len(o.seen))
	for addr := range o.seen {
		rules = append(rules, rule{single(addr), "operator " + addr.String()})
	}
	o.current.Store(newRanges(rules))
}

func (o *Operators) overlaps(q question) (name string, ok bool) {
	if o == nil {
		return "", false
	}
	if current := o.current.Load(); current != nil {
		return current.overlaps(q)
	}
	return "", false
}
