package action_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gaol/action"
	"gaol/jail"
)

func TestMembers(t *testing.T) {
	now := time.Unix(1767225600, 0)
	ban := func(prefix string, d time.Duration) jail.Ban {
		return jail.Ban{Prefix: netip.MustParsePrefix(prefix), End: now.Add(d)}
	}
	forever := jail.Ban{Prefix: netip.MustParsePrefix("192.0.2.9/32")}
	bans := []jail.Ban{
		ban("192.0.2.7/32", time.Hour),
		ban("2001:db8::7/64", time.Minute),
		ban("::ffff:192.0.2.8/128", time.Minute),
		ban("192.0.2.7/32", time.Second),
		ban("192.0.2.1/32", 0),
		forever,
		{ID: "alice"},
		{},
	}
	member := func(prefix string, d time.Duration) action.Member {
		return action.Member{Prefix: netip.MustParsePrefix(prefix), Timeout: d}
	}
	tests := []struct {
		name   string
		now    time.Time
		v4, v6 []action.Member
	}{
		{
			name: "to be held",
			now:  now,
			v4:   []action.Member{member("192.0.2.7/32", time.Second+action.Tick), member("192.0.2.8/32", time.Minute+action.Tick), member("192.0.2.9/32", 0)},
			v6:   []action.Member{member("2001:db8::/64", time.Minute+action.Tick)},
		},
		{
			name: "to be taken out",
			v4:   []action.Member{member("192.0.2.7/32", 0), member("192.0.2.8/32", 0), member("192.0.2.1/32", 0), member("192.0.2.9/32", 0)},
			v6:   []action.Member{member("2001:db8::/64", 0)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v4, v6 := action.Members(bans, tt.now)
			if diff := cmp.Diff(tt.v4, v4, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
				t.Errorf("IPv4 (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.v6, v6, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
				t.Errorf("IPv6 (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMergePorts(t *testing.T) {
	tests := []struct {
		name       string
		ports, out []action.Port
	}{
		{"none", nil, nil},
		{"unsorted", []action.Port{{443, 443}, {80, 80}}, []action.Port{{80, 80}, {443, 443}}},
		{"adjacent", []action.Port{{80, 80}, {81, 81}, {82, 90}}, []action.Port{{80, 90}}},
		{"overlapping and contained", []action.Port{{80, 100}, {90, 95}, {100, 110}}, []action.Port{{80, 110}}},
		{"twice", []action.Port{{22, 22}, {22, 22}}, []action.Port{{22, 22}}},
		{"the wrong way round", []action.Port{{90, 80}}, []action.Port{{80, 90}}},
		{"the last port", []action.Port{{65535, 65535}, {65534, 65534}, {0, 0}}, []action.Port{{0, 0}, {65534, 65535}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.out, action.MergePorts(tt.ports)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestObjectName(t *testing.T) {
	long := strings.Repeat("long-", 20)
	tests := []struct {
		name, jail, want string
	}{
		{"plain", "nginx-http-auth", "nginx-http-auth"},
		{"as long as may be", "abcdefghijklmnopqrstuvw", "abcdefghijklmnopqrstuvw"},
		{"too long", long, "long-long-long-"},
		{"a 6 at the end", "web6", "web6-"},
		{"a blank", "my jail", "my_jail-"},
		{"not ASCII", "zürich", "z_rich-"},
		{"words of a shell", "$(reboot)", "__reboot_-"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := action.ObjectName(tt.jail, 23)
			if got != tt.jail && len(got) != len(tt.want)+8 || !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if a, b := action.ObjectName(long+"a", 23), action.ObjectName(long+"b", 23); a == b {
		t.Errorf("two jails share the name %q", a)
	}
}

func FuzzObjectName(f *testing.F) {
	for _, jail := range []string{"sshd", "web6", "a b", "ü", strings.Repeat("x", 100)} {
		f.Add(jail, "sshd")
	}
	f.Fuzz(func(t *testing.T, jail, other string) {
		got := action.ObjectName(jail, 23)
		if len(got) > 23 || strings.HasSuffix(got, "6") {
			t.Errorf("%q becomes %q", jail, got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_.-", r)
		}); i >= 0 {
			t.Errorf("%q becomes %q", jail, got)
		}
		if jail != other && got == action.ObjectName(other, 23) {
			t.Errorf("%q and %q both become %q", jail, other, got)
		}
	})
}

func TestChoose(t *testing.T) {
	there := func(string) (string, error) { return "/usr/sbin/iptables", nil }
	missing := func(string) (string, error) { return "", errors.New("not found") }
	for _, tt := range []struct {
		name       string
		lookPath   func(string) (string, error)
		mayOpenRaw bool
		want       string
	}{
		{"with iptables", there, true, "iptables"},
		{"with iptables, but without the right to use it", there, false, "nftables"},
		{"without iptables", missing, true, "nftables"},
	} {
		if got := action.Choose(tt.lookPath, tt.mayOpenRaw); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}
