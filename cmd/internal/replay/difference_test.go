package replay_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"gaol/cmd/internal/replay"
	"gaol/jail"
)

// ban is a ban of host, of so many seconds after noon; length 0: for ever.
func ban(host string, start, length int) jail.Ban {
	b := jail.Ban{Jail: "app", Prefix: netip.MustParsePrefix(host + "/32"), Start: noon.Add(time.Duration(start) * time.Second)}
	if length > 0 {
		b.End = b.Start.Add(time.Duration(length) * time.Second)
	}
	return b
}

func TestCompare(t *testing.T) {
	const a, b, c = "192.0.2.1", "192.0.2.2", "192.0.2.3"
	for _, tt := range []struct {
		name        string
		here, there []jail.Ban
		want        []string
	}{
		{"the same", []jail.Ban{ban(a, 0, 60), ban(b, 1, 0)}, []jail.Ban{ban(a, 0, 60), ban(b, 1, 0)}, nil},
		{"new and gone", []jail.Ban{ban(a, 1, 60)}, []jail.Ban{ban(b, 0, 60)}, []string{"gone 192.0.2.2", "new 192.0.2.1"}},
		{"longer and shorter", []jail.Ban{ban(a, 0, 90), ban(b, 0, 60), ban(c, 0, 0)}, []jail.Ban{ban(a, 0, 60), ban(b, 0, 0), ban(c, 0, 60)},
			[]string{"longer 192.0.2.1", "shorter 192.0.2.2", "longer 192.0.2.3"}},
		{"earlier and later", []jail.Ban{ban(a, 5, 60), ban(b, 9, 60)}, []jail.Ban{ban(a, 7, 60), ban(b, 7, 60)},
			[]string{"earlier 192.0.2.1", "later 192.0.2.2"}},
		{"one more before the others", []jail.Ban{ban(a, 0, 60), ban(a, 100, 60), ban(a, 200, 60)}, []jail.Ban{ban(a, 100, 60), ban(a, 200, 60)},
			[]string{"new 192.0.2.1"}},
		{"one fewer and one otherwise", []jail.Ban{ban(a, 90, 60), ban(a, 200, 50)}, []jail.Ban{ban(a, 100, 60), ban(a, 200, 60), ban(a, 300, 60)},
			[]string{"earlier 192.0.2.1", "shorter 192.0.2.1", "gone 192.0.2.1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, d := range replay.Compare(tt.here, tt.there) {
				one := d.Here
				if one == nil {
					one = d.There
				}
				if (d.Here == nil) != (d.Change == replay.Gone) || (d.There == nil) != (d.Change == replay.New) {
					t.Errorf("got %+v", d)
				}
				got = append(got, fmt.Sprintf("%s %s", d.Change, one.Target()))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
