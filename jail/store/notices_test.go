package store_test

import (
	"path/filepath"
	"testing"

	"gaol/jail"
	"gaol/jail/store"
)

func TestNotices(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gaol.sqlite3")
	s := open(t, path)
	first := store.Notice{Seq: 1, Action: "mail", Queue: "q", Event: []byte(`{"What":"ban"}`)}
	second := store.Notice{Seq: 2, Action: "mail", Queue: "q", Event: []byte(`{}`)}
	third := store.Notice{Seq: 3, Action: "webhook", Queue: "w", Event: []byte(`{}`)}
	old := store.Told{Queue: "q", Target: "ban 192.0.2.1", At: at(0), Until: at(60)}
	told := store.Told{Queue: "q", Target: "ban 192.0.2.2", At: at(0), Until: at(3600)}
	commit(t, s, store.Changes{
		Bans:    []jail.Ban{ban("192.0.2.1", 0, 3600)},
		Notices: []store.Notice{third, first, second}, Told: []store.Told{old, told},
	})
	second.Queue, second.Event = "other", []byte(`{"More":1}`)
	told.At, told.Until = at(10), at(3610)
	commit(t, s, store.Changes{Notices: []store.Notice{second, {Seq: 4}}, NoticesGone: []int64{1, 4, 99}, Told: []store.Told{told}})
	for range 2 {
		notices, lately, err := s.Notices(t.Context(), at(100))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "notices", notices, []store.Notice{second, third})
		same(t, "told", lately, []store.Told{told})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, path)
	}
	if err := s.Purge(t.Context(), at(4000)); err != nil {
		t.Fatal(err)
	}
	if _, lately, err := s.Notices(t.Context(), at(0)); err != nil || len(lately) > 0 {
		t.Errorf("purged, there is %v, %v", lately, err)
	}
}
