package daemon

import (
	"slices"
	"strings"
	"sync"

	"gaol/filter"
)

// scans looks through each batch once for all jails that read it, so that fifty
// jails on one log cost little more than one. The zero value is ready.
type scans struct {
	mu sync.Mutex
	// known holds what was last used for sources of the same patterns.
	known map[string]scanned
}

type scanned struct {
	filters []*filter.Filter
	scanner *filter.Scanner
}

// scan returns which of the lines the readers' filters must look at.
func (s *scans) scan(patterns []string, readers []*cell, lines []filter.Line) filter.Candidates {
	filters := make([]*filter.Filter, len(readers))
	for i, c := range readers {
		filters[i] = c.current()
	}
	return s.scannerFor(strings.Join(patterns, "\x00"), filters).Scan(lines)
}

func (s *scans) scannerFor(key string, filters []*filter.Filter) *filter.Scanner {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.known[key]; ok && slices.Equal(last.filters, filters) {
		return last.scanner
	}
	// After a reload sources may have other patterns: nothing old is kept.
	if _, changed := s.known[key]; changed || s.known == nil {
		s.known = make(map[string]scanned)
	}
	made := scanned{filters, filter.NewScanner(filters)}
	s.known[key] = made
	return made.scanner
}
