package actiontest

import (
	"net"
	"testing"
	"time"

	"gaol/action"
	"gaol/jail"
)

// Interfaces bans both clients of the little network for what comes in through one interface alone: the one who comes
// through it is refused, the other is served. Isolate must have moved t into a namespace of its own.
func Interfaces(t *testing.T, newAction func(t *testing.T, rule action.Rule) action.Action) {
	server, first, second := Own(t), NewSpace(t), NewSpace(t)
	Connect(t, server, []string{"10.0.1.1/24", "fd00:1::1/64"}, first, []string{"10.0.1.2/24", "fd00:1::2/64"})
	Connect(t, server, []string{"10.0.2.1/24", "fd00:2::1/64"}, second, []string{"10.0.2.2/24", "fd00:2::2/64"})
	server.Serve(t, "tcp", ":80")
	server.Run(t, "ip", "link", "set", "eth2", "down")
	server.Run(t, "ip", "link", "set", "eth2", "name", "wg0")
	server.Run(t, "ip", "link", "set", "wg0", "up")
	server.Run(t, "ip", "address", "replace", "fd00:2::1/64", "dev", "wg0", "nodad") // went with the link
	for _, tt := range []struct {
		name       string
		interfaces []string
		closed     []bool // to the first and to the second
	}{
		{"one by name", []string{"eth1"}, []bool{true, false}},
		{"the other by its beginning", []string{"wg+"}, []bool{false, true}},
		{"the beginning with an asterisk", []string{"w*"}, []bool{false, true}},
		{"a name that is a beginning only", []string{"wg", "eth"}, []bool{false, false}},
		{"both", []string{"wg0", "eth1"}, []bool{true, true}},
		{"all", nil, []bool{true, true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAction(t, action.Rule{Jail: "web", Ports: []action.Port{{First: 80, Last: 80}}, Interfaces: tt.interfaces, Block: action.Reset})
			begin(t, a, host{banned: "10.0.1.2"}, time.Hour)
			if err := a.Ban(t.Context(), []jail.Ban{Ban("10.0.2.2", 0), Ban("fd00:1::/64", 0), Ban("fd00:2::/64", 0)}, time.Now()); err != nil {
				t.Fatal(err)
			}
			if err := a.(action.Checker).Check(t.Context()); err != nil {
				t.Error(err)
			}
			for i, c := range []struct {
				from *Space
				ask  []string
			}{{first, []string{"10.0.1.1", "fd00:1::1"}}, {second, []string{"10.0.2.1", "fd00:2::1"}}} {
				for _, server := range c.ask {
					_, err := c.from.Ask("tcp", net.JoinHostPort(server, "80"), 5*time.Second)
					if closed := err != nil; closed != tt.closed[i] {
						t.Errorf("%s: closed is %v, want %v: %v", server, closed, tt.closed[i], err)
					}
				}
			}
		})
	}
}
