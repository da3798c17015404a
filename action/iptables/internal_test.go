package iptables

import (
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"gaol/action"
	"gaol/action/actiontest"
)

// The messages are those of iptables 1.8.9. What takes a kernel without the feature
// to bring about is put together from the format strings of its source.
func TestExplain(t *testing.T) {
	tests := []struct {
		name, wrote string
		kind        error
		hint        string
	}{
		{
			"no permission, nft", "iptables v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)\n",
			os.ErrPermission, "CAP_NET_ADMIN",
		},
		{
			"no permission, legacy", "iptables v1.8.9 (legacy): can't initialize iptables table `filter': Permission denied (you must be root)\nPerhaps iptables or your kernel needs to be upgraded.\n",
			os.ErrPermission, "CAP_NET_ADMIN",
		},
		{
			"lock held", "Can't lock /run/xtables.lock: Resource temporarily unavailable\nAnother app is currently holding the xtables lock. Stopped waiting after 1s.\n",
			ErrLocked, "fuser",
		},
		{
			"no table", "iptables v1.8.9 (legacy): can't initialize iptables table `filter': Table does not exist (do you need to insmod?)\n",
			ErrNoModule, "nftables",
		},
		{"no IPv6", "ip6tables v1.8.9 (legacy): can't initialize ip6tables table `filter': Address family not supported by protocol\n", errNoFamily, ""},
		{"no match in the kernel", "iptables: No chain/target/match by that name.\n", ErrNoModule, "xt_set"},
		{"no match in the kernel, nft", "Warning: Extension set revision 0 not supported, missing kernel module?\niptables v1.8.9 (nf_tables):  RULE_APPEND failed (No such file or directory): rule in chain INPUT\n", ErrNoModule, "xt_set"},
		{"no xt_set, legacy", "iptables v1.8.9 (legacy): Kernel module xt_set is not loaded in.\n\nTry `iptables -h' or 'iptables --help' for more information.\n", errNoSets, "xt_set"},
		{"no extension", "iptables v1.8.9 (legacy): Couldn't load match `set':No such file or directory\n\nTry `iptables -h' or 'iptables --help' for more information.\n", ErrNoModule, "install"},
		{"rules of nft's own", "iptables v1.8.9 (nf_tables): table `filter' is incompatible, use 'nft' tool.\n", ErrNoModule, "nftables"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := explain("reading the rules", &exec.ExitError{Stderr: []byte(tt.wrote)})
			if !errors.Is(err, tt.kind) || !strings.HasPrefix(err.Error(), "reading the rules: ") || !strings.Contains(err.Error(), tt.hint) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v", err)
			}
		})
	}
	for errno, tt := range map[unix.Errno]struct {
		kind error
		hint string
	}{
		unix.EPERM: {os.ErrPermission, "give it CAP_NET_ADMIN"}, errnoFull: {ErrFull, "ban wider prefixes or for less long"},
		errnoType: {ErrNoModule, "load modules ip_set"}, unix.EINVAL: {ErrNoModule, "load modules ip_set"},
	} {
		if err := explain("making set gaol-web", errno); !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.hint) {
			t.Errorf("errno %d: %v", errno, err)
		}
	}
}

func TestNoSets(t *testing.T) {
	wrote := func(text string) error { return explain("jumping", &exec.ExitError{Stderr: []byte(text)}) }
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"nfnetlink knows no such subsystem", explain("making set gaol-web", unix.EINVAL), true},
		{"no nfnetlink", explain("opening a netlink socket for ipset", os.NewSyscallError("socket", unix.EPROTONOSUPPORT)), true},
		{"no type hash:net", explain("making set gaol-web", errnoType), true},
		{"no match for sets, nft", wrote("Warning: Extension set revision 0 not supported, missing kernel module?"), true},
		{"no match for sets, legacy", wrote("iptables v1.8.9 (legacy): Kernel module xt_set is not loaded in."), true},
		{"no capability", explain("making set gaol-web", unix.EPERM), false},
		{"no capability for the match", wrote("iptables v1.8.9 (nf_tables): Can't open socket to ipset."), false},
		{"a full set", explain("banning", errnoFull), false},
		{"no memory", explain("making set gaol-web", unix.ENOMEM), false},
		{"held lock", wrote("Another app is currently holding the xtables lock."), false},
		{"no multiport", wrote("Warning: Extension multiport revision 0 not supported, missing kernel module?"), false},
		{"nothing", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := noSets(tt.err); got != tt.want {
				t.Errorf("noSets(%v) = %v", tt.err, got)
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	v4, v6 := &family{number: unix.AF_INET}, &family{number: unix.AF_INET6}
	for block, want := range map[action.Block][]string{
		action.Drop:   {"-j DROP"},
		action.Reset:  {"-p tcp -j REJECT --reject-with tcp-reset", "-j REJECT --reject-with icmp6-port-unreachable"},
		action.Tarpit: {"-p tcp -j TARPIT --tarpit", "-j DROP"},
		action.Reject: {"-j REJECT --reject-with icmp6-port-unreachable"},
	} {
		if got := v6.verdict(block); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", block, got, want)
		}
	}
	if got := v4.verdict(action.Reject); !slices.Equal(got, []string{"-j REJECT --reject-with icmp-port-unreachable"}) {
		t.Errorf("reject, IPv4: %q", got)
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("-s 192.0.2.7/32 -j gaol-web~")
	f.Add("-s 2001:db8::/64 -c 3 180 -j gaol-web~")
	f.Add("-s 192.0.2.7/32 -j RETURN")
	f.Add("! -s 192.0.2.7/32 -j gaol-web~")
	f.Add("-s 192.0.2.7/32 -p tcp -j gaol-web~")
	l := &list{family: &family{chain: "gaol-web"}}
	f.Fuzz(func(t *testing.T, rule string) {
		p, _, ok := l.address(rule)
		if !ok {
			return
		}
		words := strings.Fields(rule)
		if words[0] != "-s" || words[len(words)-1] != "gaol-web~" {
			t.Errorf("%q refuses no address", rule)
		}
		if q, err := netip.ParsePrefix(words[1]); err != nil || q != p {
			t.Errorf("%q is read as %s", rule, p)
		}
	})
}

func TestMultiports(t *testing.T) {
	var single, ranges []action.Port
	for i := range uint16(16) {
		single = append(single, action.Port{First: 2 * i, Last: 2 * i})
		ranges = append(ranges, action.Port{First: 10 * i, Last: 10*i + 1})
	}
	tests := []struct {
		name  string
		ports []action.Port
		want  []int // ports and ranges in each list
	}{
		{"15 ports", single[:15], []int{15}},
		{"16 ports", single, []int{15, 1}},
		{"8 ranges", ranges[:8], []int{7, 1}},
		{"a range that would be the 15th and 16th", append(slices.Clone(single[:14]), action.Port{First: 100, Last: 200}), []int{14, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []int
			for _, list := range multiports(tt.ports) {
				got = append(got, strings.Count(list, ",")+1)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v: %q", got, tt.want, multiports(tt.ports))
			}
		})
	}
}

func TestParseRules(t *testing.T) {
	r := parseRules(`# Warning: iptables-legacy tables present, use iptables-legacy to see them
-P INPUT ACCEPT
-P FORWARD DROP
-N gaol-web
-N gaol-webshop
-A INPUT -j gaol-webshop
-A INPUT -p tcp -m comment --comment "-j gaol-web" -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80 -j gaol-web
-A gaol-web -j DROP
`)
	jump := "-p tcp -m multiport --dports 80 -j gaol-web"
	if got := r.jumps("INPUT", "gaol-web"); !slices.Equal(got, []string{jump}) {
		t.Errorf("jumps: %q", got)
	}
	if got := r.jumpingTo("gaol-web"); !slices.Equal(got, []string{"INPUT"}) {
		t.Errorf("jumping: %q", got)
	}
	if !r.has("gaol-web") || !r.has("OUTPUT") || r.has("DOCKER-USER") {
		t.Error("chains are mixed up")
	}
}

func TestLeads(t *testing.T) {
	web := [][]string{{"-p", "tcp", "-j", "gaol-web"}, {"-p", "udp", "-j", "gaol-web"}}
	tests := []struct {
		name  string
		rules []string
		want  bool
	}{
		{"first of all", []string{"-p tcp -j gaol-web", "-p udp -j gaol-web", "-j ACCEPT"}, true},
		{"behind another jail's", []string{"-j gaol-sshd", "-p tcp -j gaol-web", "-j gaol-ftp", "-p udp -j gaol-web"}, true},
		{"behind a rule of others", []string{"-p tcp -j gaol-web", "-i lo -j ACCEPT", "-p udp -j gaol-web"}, false},
		{"behind a rule without target", []string{"-i lo", "-p tcp -j gaol-web", "-p udp -j gaol-web"}, false},
		{"one missing", []string{"-p tcp -j gaol-web", "-j ACCEPT"}, false},
		{"none", nil, false},
		{"one of an earlier run's in between", []string{"-p tcp -j gaol-web", "-p sctp -j gaol-web", "-p udp -j gaol-web"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rules{byChain: map[string][]string{"INPUT": tt.rules}}
			if got := r.leads("INPUT", "gaol-web", web); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestWords(t *testing.T) {
	for rule, want := range map[string][]string{
		`-p tcp -j gaol-web`:                       {"-p", "tcp", "-j", "gaol-web"},
		`-m comment --comment "a \"b\" c" -j X`:    {"-m", "comment", "--comment", `a "b" c`, "-j", "X"},
		`-m comment --comment "" -j X`:             {"-m", "comment", "--comment", "", "-j", "X"},
		`-m comment --comment "-j gaol-web" -j X `: {"-m", "comment", "--comment", "-j gaol-web", "-j", "X"},
	} {
		if got := words(rule); !slices.Equal(got, want) {
			t.Errorf("words(%s) = %q, want %q", rule, got, want)
		}
	}
}

func FuzzParseRules(f *testing.F) {
	f.Add("-P INPUT ACCEPT\n-N gaol-web\n-A INPUT -j gaol-web\n")
	f.Add("-A\n-A INPUT\n-A INPUT -j")
	f.Add(`-A INPUT -m comment --comment "a \" b" -j gaol-web`)
	f.Fuzz(func(t *testing.T, out string) {
		r := parseRules(out)
		for _, chain := range r.jumpingTo("gaol-web") {
			for _, jump := range r.jumps(chain, "gaol-web") {
				if !strings.Contains(out, jump) {
					t.Errorf("%q was never there", jump)
				}
				if w := words(jump); !slices.Contains(w, "gaol-web") || len(strings.Join(w, "")) > len(jump) {
					t.Errorf("%q becomes %q", jump, w)
				}
			}
		}
	})
}

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]uint32{
		0: 0, 1: 1, time.Second: 1, time.Second + 1: 2, longest - 1: 2147483, longest + 1: 2147483, 1<<63 - 1: 2147483,
	} {
		if got := seconds(d); got != want {
			t.Errorf("seconds(%s) = %d, want %d", d, got, want)
		}
	}
}

func TestEncodeMember(t *testing.T) {
	// ipset add gaol-web 192.0.2.0/24 timeout 600
	got := encodeMember(action.Member{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Timeout: 10 * time.Minute})
	want := []byte{
		32, 0, 7, 0x80, // data, nested
		12, 0, 1, 0x80, // ip, nested
		8, 0, 1, 0x40, 192, 0, 2, 0, // IPv4 address, network byte order
		5, 0, 3, 0, 24, 0, 0, 0, // length of the prefix
		8, 0, 6, 0x40, 0, 0, 2, 88, // timeout
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzMember(f *testing.F) {
	for _, p := range []string{"192.0.2.7/32", "10.0.0.0/8", "2001:db8::/64", "::1/128"} {
		b, _ := netip.MustParsePrefix(p).MarshalBinary()
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = decodeMember(data) // whatever the kernel says
		var p netip.Prefix
		if p.UnmarshalBinary(data) != nil || !p.IsValid() {
			return
		}
		e, err := decodeMember(encodeMember(action.Member{Prefix: p})[4:])
		if err != nil || e.prefix != p {
			t.Errorf("%s comes back as %s, %v", p, e.prefix, err)
		}
	})
}

func TestSetGrows(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	kernel := &ipsets{conn: conn}
	if err := kernel.create("gaol-web", unix.AF_INET, 4); err != nil {
		t.Fatal(err)
	}
	var members []action.Member
	for i := range byte(50) {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, i}), 32)
		members = append(members, action.Member{Prefix: p, Timeout: time.Duration(i%2) * time.Hour})
	}
	if err := kernel.add("gaol-web", members[:4]); err != nil {
		t.Fatal(err)
	}
	if err := kernel.add("gaol-web", members); err != nil {
		t.Fatal(err)
	}
	h, err := kernel.header("gaol-web")
	if err != nil || h.maxElem != 64 || !h.timeouts || !h.counters {
		t.Errorf("header: %+v, %v", h, err)
	}
	entries, err := kernel.list("gaol-web")
	if err != nil || len(entries) != len(members) {
		t.Errorf("%d members, want %d, %v", len(entries), len(members), err)
	}
	if _, err := kernel.header("gaol-web" + spare); !errors.Is(err, unix.ENOENT) {
		t.Errorf("the spare set is left: %v", err)
	}
}
