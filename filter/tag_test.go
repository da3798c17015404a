package filter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/filter"
)

func TestAddressTags(t *testing.T) {
	for _, tt := range []struct {
		name    string
		pattern string
		text    string
		want    string // "": no match
	}{
		{"IPv4", `from <HOST>$`, "from 192.0.2.1", "192.0.2.1"},
		{"IPv6", `from <HOST>$`, "from 2001:db8::1", "2001:db8::1"},
		{"IPv6 is put into its canonical form", `from <HOST>$`, "from 2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"IPv6 of eight groups", `from <ADDR>$`, "from 1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
		{"IPv6 beginning in zeros", `from <ADDR>$`, "from ::1", "::1"},
		{"IPv6 ending in zeros", `from <ADDR>$`, "from 2001:db8::", "2001:db8::"},
		{"IPv6 of zeros alone", `from <ADDR>$`, "from ::", "::"},
		{"IPv6 with a dotted tail", `from <ADDR>$`, "from 64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
		{"mapped IPv4", `from <HOST>$`, "from ::ffff:192.0.2.1", "192.0.2.1"},
		{"mapped IPv4 in capitals", `from <HOST>$`, "from ::FFFF:192.0.2.1", "192.0.2.1"},
		{"mapped IPv4 in hexadecimal", `from <HOST>$`, "from ::ffff:c000:201", "192.0.2.1"},
		{"mapped IPv4 in all its groups", `from <HOST>$`, "from 0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"},
		{"mapped IPv4 behind a greedy expression", `from.*<HOST>$`, "from ::ffff:192.0.2.1", "192.0.2.1"},
		{"both brackets", `from <HOST>:`, "from [2001:db8::1]:22", "2001:db8::1"},
		{"opening bracket alone", `from <HOST> `, "from [192.0.2.1 port", "192.0.2.1"},
		{"closing bracket alone", `from <HOST> `, "from 192.0.2.1] port", "192.0.2.1"},
		{"zone id", `from <HOST>`, "from fe80::1%eth0", ""},
		{"number too big", `from <HOST>`, "from 555.5.5.6", ""},
		{"leading zeros", `from <HOST>`, "from 192.0.02.1", ""},
		{"three numbers", `from <HOST>`, "from 192.0.2", ""},
		{"host name", `from <HOST>`, "from www.example.com", ""},
		{"clock time", `at <HOST>`, "at 21:31:23", ""},
		{"clock time before the address", `^.*?<ADDR>`, "21:31:23 192.0.2.1", "192.0.2.1"},
		{"hardware address", `from <HOST>`, "from 00:00:5e:00:53:01", ""},

		{"IP4", `from <IP4>$`, "from 192.0.2.1", "192.0.2.1"},
		{"IP4 of a mapped address", `from <IP4>$`, "from ::ffff:192.0.2.1", "192.0.2.1"},
		{"IP4 takes no IPv6", `from <IP4>`, "from 2001:db8::1", ""},
		{"IP4 takes no brackets", `from <IP4>`, "from [192.0.2.1]", ""},
		{"IP6", `from <IP6>$`, "from 2001:db8::1", "2001:db8::1"},
		{"IP6 takes no IPv4", `from <IP6>`, "from 192.0.2.1", ""},

		{"subnet", `from <SUBNET>$`, "from 192.0.2.77/24", "192.0.2.0/24"},
		{"subnet of IPv6", `from <SUBNET>$`, "from [2001:db8::1/32]", "2001:db8::/32"},
		{"subnet without a length", `from <SUBNET>$`, "from 192.0.2.77", "192.0.2.77"},
		{"subnet of one", `from <SUBNET>$`, "from 192.0.2.77/32", "192.0.2.77"},
		{"subnet with too great a length", `from <SUBNET>$`, "from 192.0.2.77/64", "192.0.2.77"},
		{"nobody bans half the world", `from <SUBNET>$`, "from 128.0.0.1/1", "128.0.0.1"},
		{"nor most of IPv6", `from <SUBNET>$`, "from 2001:db8::1/15", "2001:db8::1"},
		{"nobody bans everybody", `from <SUBNET>$`, "from 192.0.2.77/0", "192.0.2.77"},
		{"length apart from the address", `from <ADDR> len <CIDR>$`, "from 192.0.2.77 len 24", "192.0.2.0/24"},

		{"DNS", `from <DNS>$`, "from www.example.com", "www.example.com"},
		{"DNS takes an address", `from <DNS>$`, "from 192.0.2.1", "192.0.2.1"},
		{"DNS takes no broken address", `from <DNS>`, "from 555.5.5.6", ""},

		{"group of the user's own", `from (?P<host>\S+)$`, "from 192.0.2.1", "192.0.2.1"},
		{"short spelling of a group", `from (?<ip4>\S+)$`, "from 192.0.2.1", "192.0.2.1"},
		{"ip6 group", `from (?P<ip6>\S+)$`, "from 2001:DB8::1", "2001:db8::1"},
		{"ip4 group takes no IPv6", `from (?P<ip4>\S+)$`, "from 2001:db8::1", ""},
		{"dns group", `from (?P<dns>\S+)$`, "from mail.example.com", "mail.example.com"},
		{"host group takes no name", `from (?P<host>\S+)$`, "from mail.example.com", ""},
		{"group with brackets", `from (?P<host>\S+)$`, "from [2001:db8::1]", "2001:db8::1"},
		{"group with something else", `from (?P<ip4>\S+)$`, "from 192.0.2.1x", ""},
		{"own group and port", `from (?P<host>\S+):\d+$`, "from 2001:db8::1:80", "2001:db8::1"},
		{"F-IP4", `from <F-IP4>[0-9.]+</F-IP4>$`, "from 192.0.2.1", "192.0.2.1"},
		{"F-IP6", `from <F-IP6>\S+</F-IP6>$`, "from 2001:db8::1", "2001:db8::1"},
		{"F-ADDR", `from <F-ADDR>\S+</F-ADDR>$`, "from 2001:db8::1", "2001:db8::1"},
		{"F-SUBNET and F-CIDR", `from <F-SUBNET>[0-9.]+</F-SUBNET>/<F-CIDR>\d+</F-CIDR>$`, "from 192.0.2.1/24", "192.0.2.0/24"},
		{"F-DNS", `from <F-DNS>\S+</F-DNS>$`, "from mail.example.com", "mail.example.com"},
		{"F-IP4/", `from <F-IP4/>$`, "from 192.0.2.1", "192.0.2.1"},
		{"F-IP6/", `from <F-IP6/>$`, "from 2001:db8::1", "2001:db8::1"},
		{"F-ADDR/", `from <F-ADDR/>$`, "from [2001:db8::1]", "2001:db8::1"},
		{"F-SUBNET/", `from <F-SUBNET/>$`, "from 192.0.2.1/24", "192.0.2.0/24"},
		{"F-CIDR/", `from <ADDR>/<F-CIDR/>$`, "from 192.0.2.1/24", "192.0.2.0/24"},
		{"F-DNS/", `from <F-DNS/>$`, "from mail.example.com", "mail.example.com"},

		{"a tag twice, first alternative", `from (?:host <HOST>|<HOST> host)$`, "from host 192.0.2.1", "192.0.2.1"},
		{"a tag twice, second alternative", `from (?:host <HOST>|<HOST> host)$`, "from 192.0.2.2 host", "192.0.2.2"},
		{"two addresses in a line", `from <HOST> to <HOST>$`, "from 192.0.2.2 to 192.0.2.3", "192.0.2.2"},
		{"an address before a name", `from <F-DNS>\S+</F-DNS> \(<ADDR>\)$`, "from www.example.com (192.0.2.3)", "192.0.2.3"},
		{"one of two is no address", `from <HOST> to <HOST>$`, "from 192.0.2.2 to 555.0.2.3", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := accused(match(t, tt.pattern, tt.text, filter.Options{})); got != tt.want {
				t.Errorf("%s on %q accuses %q, want %q", tt.pattern, tt.text, got, tt.want)
			}
		})
	}
}

// No part of an address, of a longer number or of a host name is an address.
func TestAddressesAreWhole(t *testing.T) {
	for _, tt := range []struct {
		name    string
		pattern string
		text    string
		want    string
	}{
		{"more digits behind", `<ADDR>`, "192.0.2.1999", ""},
		{"more digits before", `<ADDR>`, "from 1192.0.2.1", ""},
		{"digits that are forced apart", `<ADDR>\d`, "192.0.2.19", ""},
		{"more numbers behind", `<ADDR>`, "192.0.2.1.5", ""},
		{"more numbers before", `from [0-9.]*<ADDR>`, "from 7.192.0.2.1", ""},
		{"name behind", `<ADDR>`, "192.0.2.1.example.com", ""},
		{"name behind, with all else matched", `from <ADDR>.*$`, "from 192.0.2.1.example.com port 22", ""},
		{"name behind a hyphen", `from <ADDR>`, "from 192.0.2.1-static.example.com", ""},
		{"letters behind", `from <ADDR>`, "from 192.0.2.1x", ""},
		{"letters before", `<ADDR>`, "x192.0.2.1", ""},
		{"full stop behind", `from <ADDR>`, "from 192.0.2.1. Goodbye.", "192.0.2.1"},
		{"full stop at the end", `from <ADDR>`, "from 192.0.2.1.", "192.0.2.1"},
		{"greedy text before", `.*<ADDR>`, "from 192.0.2.100", "192.0.2.100"},
		{"greedy text before IPv6", `.*<ADDR>`, "from 2001:db8::1", ""},
		{"lazy text before IPv6", `.*?<ADDR>`, "from 2001:db8::1", "2001:db8::1"},
		{"more groups behind", `<ADDR>`, "1:2:3:4:5:6:7:8:9", ""},
		{"a group too long", `<ADDR>`, "2001:db8::12345", ""},
		{"group that is none", `<ADDR>`, "2001:db8::xyz", ""},
		{"colon and text behind IPv6", `from <ADDR>`, "from 2001:db8::1: bad password", "2001:db8::1"},
		{"label before", `<ADDR>`, "ip:192.0.2.1", "192.0.2.1"},
		{"label before IPv6", `ip:<ADDR>`, "ip:2001:db8::1", "2001:db8::1"},
		{"IPv4 at the end of an IPv6 address", `.*<IP4>`, "64:ff9b::192.0.2.1", ""},
		{"port", `<HOST>:\d+`, "192.0.2.1:80", "192.0.2.1"},
		{"port that the pattern does not mention", `<HOST>`, "192.0.2.1:80", "192.0.2.1"},
		{"port behind IPv6", `^<HOST>:\d+$`, "2001:db8::1:80", "2001:db8::1"},
		{"port behind eight groups", `^<HOST>:\d+$`, "1:2:3:4:5:6:7:8:80", "1:2:3:4:5:6:7:8"},
		{"port behind a dot", `IP <HOST>\.\d+ >`, "IP 192.0.2.1.22 >", "192.0.2.1"},
		{"port behind a dot, grouped", `IP <HOST>(?:\.\d+)? >`, "IP 192.0.2.1.22 >", "192.0.2.1"},
		{"port behind an optional group", `(?:a|<HOST>)?:\d+$`, "2001:db8::1:80", "2001:db8::1"},
		{"letter that the pattern spells out before", `ip<HOST>$`, "ip192.0.2.1", "192.0.2.1"},
		{"letter that the pattern spells out behind", `<HOST>port`, "192.0.2.1port", "192.0.2.1"},
		{"a colon of the syntax is not one of the text", `(?:<HOST>|x)$`, "1:2::3", "1:2::3"},
		{"network behind", `from <ADDR>`, "from 192.0.2.1/24", "192.0.2.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := accused(match(t, tt.pattern, tt.text, filter.Options{})); got != tt.want {
				t.Errorf("%s on %q accuses %q, want %q", tt.pattern, tt.text, got, tt.want)
			}
		})
	}
}

func TestHostNames(t *testing.T) {
	for _, tt := range []struct {
		name    string
		pattern string
		text    string
		want    string
	}{
		{"name", `from <HOST>$`, "from www.example.com", "www.example.com"},
		{"name of one label", `from <HOST>$`, "from localhost", "localhost"},
		{"IPv4", `from <HOST>$`, "from 192.0.2.1", "192.0.2.1"},
		{"IPv6", `from <HOST>$`, "from 2001:db8::1", "2001:db8::1"},
		{"name that begins like an address", `from <HOST>$`, "from 192.0.2.1.example.com", "192.0.2.1.example.com"},
		{"name in a group of the user's own", `from (?P<host>\S+)$`, "from www.example.com", "www.example.com"},
		{"digits and dots are no name", `from <HOST>$`, "from 555.5.5.6", ""},
		{"digits alone are no name", `from <HOST>$`, "from 3232235777", ""},
		{"groups that are no address", `from <HOST>`, "from 2001:db8::xyz", ""},
		{"name before a port", `from <HOST>:\d+$`, "from www.example.com:80", "www.example.com"},
		{"end of a name", `.*<HOST>`, "from www.example.com", ""},
		{"ADDR takes no names", `from <ADDR>$`, "from www.example.com", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := match(t, tt.pattern, tt.text, filter.Options{Names: true})
			if accused(got) != tt.want {
				t.Errorf("%s on %q accuses %q, want %q", tt.pattern, tt.text, accused(got), tt.want)
			}
		})
	}
}

func TestFieldTags(t *testing.T) {
	type want struct {
		Host, ID, User string
		Fields         map[string]string
	}
	for _, tt := range []struct {
		name    string
		pattern string
		text    string
		want    want
	}{
		{
			"user", `for <F-USER>\S*</F-USER> from <HOST>$`, "for root from 192.0.2.1",
			want{Host: "192.0.2.1", User: "root"},
		},
		{
			"group called user", `for (?P<user>\S*) from <HOST>$`, "for root from 192.0.2.1",
			want{Host: "192.0.2.1", User: "root"},
		},
		{
			"port", `from <HOST> port <F-PORT/>$`, "from 192.0.2.1 port 22",
			want{Host: "192.0.2.1", Fields: map[string]string{"port": "22"}},
		},
		{
			"own name", `from <HOST> by (?P<Agent>.*)$`, "from 192.0.2.1 by curl",
			want{Host: "192.0.2.1", Fields: map[string]string{"agent": "curl"}},
		},
		{
			"field and user", `for <F-USER>\S*</F-USER> from <HOST> by <F-METHOD>.*</F-METHOD>$`, "for root from 192.0.2.1 by key",
			want{Host: "192.0.2.1", User: "root", Fields: map[string]string{"user": "root", "method": "key"}},
		},
		{
			"id", `mailbox <F-ID/> locked`, "mailbox joe@example.com locked",
			want{ID: "joe@example.com"},
		},
		{
			"id, long form", `mailbox <F-ID>\w+</F-ID> locked`, "mailbox joe locked",
			want{ID: "joe"},
		},
		{
			"group called fid", `mailbox (?P<fid>\w+) locked`, "mailbox joe locked",
			want{ID: "joe"},
		},
		{
			"id and host", `mailbox <F-ID/> locked by <HOST>`, "mailbox joe locked by 192.0.2.1",
			want{ID: "joe", Host: "192.0.2.1"},
		},
		{
			"id that is an address", `client <F-ID/> failed`, "client [2001:DB8::1] failed",
			want{Host: "2001:db8::1"},
		},
		{
			"alternative user", `(?:user <F-USER>\w*</F-USER>)? ?(?:login <F-ALT_USER>\w*</F-ALT_USER>)? from <HOST>`, "login root from 192.0.2.1",
			want{Host: "192.0.2.1", User: "root"},
		},
		{
			"alternative user does not overwrite", `login <F-ALT_USER>\w*</F-ALT_USER> user <F-USER>\w*</F-USER> from <HOST>`, "login a user b from 192.0.2.1",
			want{Host: "192.0.2.1", User: "b"},
		},
		{
			"alternatives in the order of their names", `<F-ALT_USER_2>\w*</F-ALT_USER_2> <F-ALT_USER_1>\w*</F-ALT_USER_1> from <HOST>`, "two one from 192.0.2.1",
			want{Host: "192.0.2.1", User: "one"},
		},
		{
			"only a suffix is a number", `<F-ALT_USER1>\w*</F-ALT_USER1> from <HOST>`, "joe from 192.0.2.1",
			want{Host: "192.0.2.1", Fields: map[string]string{"user1": "joe"}},
		},
		{
			"the first that is not empty", `(?:a=<F-USER>\w*</F-USER>)? (?:b=<F-USER>\w*</F-USER>)? from <HOST>`, "a= b=joe from 192.0.2.1",
			want{Host: "192.0.2.1", User: "joe"},
		},
		{
			"nested", `<F-WHO>user <F-USER>\w+</F-USER></F-WHO> from <HOST>`, "user joe from 192.0.2.1",
			want{Host: "192.0.2.1", User: "joe", Fields: map[string]string{"who": "user joe", "user": "joe"}},
		},
		{
			"closing tag alone and unknown words are text", `</F-X><joe> from <HOST>`, "</F-X><joe> from 192.0.2.1",
			want{Host: "192.0.2.1"},
		},
		{
			"tag with its meaning taken away", `\<HOST> from <HOST>`, "<HOST> from 192.0.2.1",
			want{Host: "192.0.2.1"},
		},
		{
			"user of any bytes", `user '<F-USER>.*</F-USER>' from <HOST>$`, "user 'a\xff\x00é' from 192.0.2.1",
			want{Host: "192.0.2.1", User: "a\xff\x00é"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := match(t, tt.pattern, tt.text, filter.Options{})
			if r.Failure == nil {
				t.Fatalf("%s on %q: %s, no failure", tt.pattern, tt.text, r.Verdict)
			}
			got := want{r.Failure.Host, r.Failure.ID, r.Failure.User, r.Failure.Fields}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
