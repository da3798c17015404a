package store_test

import (
	"fmt"
	"testing"
	"time"

	"gaol/jail"
	"gaol/jail/store"
)

// TestManyTogetherAreAsOneByOne commits so many bans with their failures, and the end of some, in one transaction,
// and each by itself. Both stores must tell the same afterwards: how rows share statements must not show.
func TestManyTogetherAreAsOneByOne(t *testing.T) {
	for _, n := range []int{1, 2, 49, 50, 51, 100, 137} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			var all store.Changes
			for i := range n {
				// Of each third host a failure is left that is dated after the ban, and each fourth is not banned.
				b := ban("192.0.2.1", i, 60)
				b.Prefix, b.Count = hostNumber(i%90), 1+i/90
				if i%4 > 0 {
					all.Bans = append(all.Bans, b)
				}
				for _, when := range []int{i - 1, i + 100*(i%3)} {
					f := counted("192.0.2.1", when)
					f.Prefix = b.Prefix
					all.Counted = append(all.Counted, f)
				}
				switch i % 5 {
				case 1:
					all.Ended = append(all.Ended, store.Ended{Ban: b, At: b.Start.Add(time.Second), By: store.ByHand})
				case 2:
					all.Ended = append(all.Ended, store.Ended{Ban: b, At: b.Start.Add(time.Second), By: "time"})
				case 3:
					all.Forgotten = append(all.Forgotten, jail.Forgotten{Jail: b.Jail, Prefix: b.Prefix})
				}
			}
			together, single := fresh(t), fresh(t)
			commit(t, together, all)
			for _, c := range all.Counted {
				commit(t, single, store.Changes{Counted: []jail.Counted{c}})
			}
			for _, b := range all.Bans {
				commit(t, single, store.Changes{Bans: []jail.Ban{b}})
			}
			for _, e := range all.Ended {
				commit(t, single, store.Changes{Ended: []store.Ended{e}})
			}
			for _, f := range all.Forgotten {
				commit(t, single, store.Changes{Forgotten: []jail.Forgotten{f}})
			}
			same(t, "what is in force", load(t, together, at(0)), load(t, single, at(0)))
			for i := range min(n, 90) {
				target := jail.Key{Prefix: hostNumber(i)}
				same(t, "the history of "+target.Prefix.String(), history(t, together, target), history(t, single, target))
			}
		})
	}
}

func history(t *testing.T, s *store.Store, target jail.Key) []store.Event {
	t.Helper()
	events, _, err := s.History(t.Context(), target, 100)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func TestOfOneTargetTwoBansAreLiftedTogether(t *testing.T) {
	s := fresh(t)
	first, second := ban("192.0.2.1", 0, 3600), ban("192.0.2.1", 10, 3600)
	commit(t, s, store.Changes{Bans: []jail.Ban{first, second}})
	commit(t, s, store.Changes{Ended: []store.Ended{{Ban: first, At: at(20), By: store.ByHand}, {Ban: second, At: at(20), By: store.ByHand}}})
	if st := load(t, s, at(30)); len(st.Bans) > 0 || len(st.Earlier) > 0 {
		t.Errorf("got %+v, want nothing in force and nothing that counts", st)
	}
}
