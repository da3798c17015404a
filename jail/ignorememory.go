package jail

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"sync"
)

// IgnoreMemory keeps what files, name servers, programs and web servers said last in a file of its own, for the next
// start: while none of them answers, who depends on them is not locked out. Use
// [OpenIgnoreMemory]; a nil IgnoreMemory remembers nothing. It is safe for several goroutines.
type IgnoreMemory struct {
	path string

	mu sync.Mutex
	// before is what the file said at the start, now what has been asked for since. Only that
	// is kept: what is no longer in the configuration is forgotten.
	before, now map[string][]netip.Prefix
	changed     bool
}

// OpenIgnoreMemory reads the file at path; it need not exist. With an error, the memory is empty but usable:
// the next Save replaces what could not be read.
func OpenIgnoreMemory(path string) (*IgnoreMemory, error) {
	m := &IgnoreMemory{path: path, now: map[string][]netip.Prefix{}}
	if err := loadJSON(path, &m.before); err != nil {
		m.before = nil
		return m, fmt.Errorf("reading who was ignored before the start: %w", err)
	}
	return m, nil
}

// recall is what a list held when it was heard of last.
func (m *IgnoreMemory) recall(key string) (prefixes []netip.Prefix, known bool) {
	if m == nil {
		return nil, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if prefixes, known = m.now[key]; !known {
		if prefixes, known = m.before[key]; known {
			m.now[key] = prefixes
		}
	}
	return prefixes, known
}

// note remembers what a list holds now.
func (m *IgnoreMemory) note(key string, prefixes []netip.Prefix) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now[key], m.changed = prefixes, true
}

// Save writes the file if there is news.
func (m *IgnoreMemory) Save() error {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	changed, now := m.changed, maps.Clone(m.now)
	m.changed = false
	m.mu.Unlock()
	if !changed {
		return nil
	}
	if err := saveJSON(m.path, now); err != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.changed = true
		return fmt.Errorf("keeping who is ignored for the next start: %w", err)
	}
	return nil
}

// maxSaved bounds what is read of a file of gaol's own.
const maxSaved = 256 << 20

// loadJSON reads a file of gaol's own into what to points to, if there is one.
func loadJSON(path string, to any) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := readAll(file, maxSaved)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := json.Unmarshal([]byte(text), to); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// saveJSON puts v in the place of the file at path, so that at any moment one of the two is
// there as a whole.
func saveJSON(path string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	// Always the same name, so that a crash leaves no more than one behind.
	private := path + ".new"
	file, err := os.OpenFile(private, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(private))
	}
	return os.Rename(private, path)
}
