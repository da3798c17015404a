package store_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gaol/jail"
	"gaol/jail/store"
)

func TestPatternsAreKeptWithLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gaol.sqlite3")
	s := open(t, path)
	failed := func(seconds int, pattern string) jail.Counted {
		c := counted("192.0.2.1", seconds)
		c.Pattern = pattern
		return c
	}
	commit(t, s, store.Changes{Counted: []jail.Counted{failed(0, "^one$"), failed(1, ""), failed(2, "^two$")}})
	b := ban("192.0.2.2", 3, 3600)
	b.Lines, b.Patterns = []string{"a", "b"}, []string{"^two$", "^one$"}
	commit(t, s, store.Changes{Bans: []jail.Ban{b, ban("192.0.2.2", 4, 3600)}})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	var got []string
	for _, c := range load(t, s, at(10)).Counted {
		got = append(got, c.Pattern)
	}
	same(t, "patterns that are taken up again", got, []string{"^one$", "", "^two$"})
	events, _, err := s.History(t.Context(), jail.Key{Prefix: prefix("192.0.2.1/32")}, 10)
	if err != nil || len(events) != 3 || events[0].Pattern != "^one$" || events[1].Pattern != "" || events[2].Pattern != "^two$" {
		t.Errorf("got %+v, %v", events, err)
	}
	events, _, err = s.History(t.Context(), jail.Key{Prefix: prefix("192.0.2.2/32")}, 10)
	if err != nil || len(events) != 2 || events[0].Pattern != "^one$" || !slices.Equal(events[0].Ban.Patterns, b.Patterns) {
		t.Fatalf("got %+v, %v", events, err)
	}
	if p := events[1].Ban.Patterns; len(p) != len(events[1].Ban.Lines) || slices.ContainsFunc(p, func(s string) bool { return s != "" }) {
		t.Errorf("a ban without patterns: got %q", p)
	}
}

func TestHistoryOfAnID(t *testing.T) {
	s := fresh(t)
	c := jail.Counted{Jail: "app", ID: "token-1", Time: at(0), Read: at(0), Until: at(900), Line: "refused"}
	commit(t, s, store.Changes{Counted: []jail.Counted{c}, Bans: []jail.Ban{{Jail: "app", ID: "token-2", Start: at(1), By: "jail"}}})
	for id, want := range map[string]string{"token-1": "failure", "token-2": "ban", "token": ""} {
		events, _, err := s.History(t.Context(), jail.Key{ID: id}, 10)
		var got []string
		for _, e := range events {
			got = append(got, e.What)
			if e.ID != id {
				t.Errorf("%s: got %+v", id, e)
			}
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, %v, want %q", id, got, err, want)
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	s := fresh(t)
	commit(t, s, store.Changes{Bans: manyBans(100), Counted: []jail.Counted{counted("192.0.2.1", 0), counted("192.0.2.1", 1), counted("192.0.2.1", 2)}})
	for _, tt := range []struct {
		target string
		limit  int
		more   bool
	}{{"192.0.2.1/32", 2, true}, {"0.0.0.0/0", 20, true}, {"192.0.2.1/32", 3, false}} {
		events, more, err := s.History(t.Context(), jail.Key{Prefix: prefix(tt.target)}, tt.limit)
		if err != nil || more != tt.more || len(events) > 2*tt.limit || len(events) < tt.limit {
			t.Errorf("%s: got %d events, more %v, %v", tt.target, len(events), more, err)
		}
	}
}
