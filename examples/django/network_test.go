package django_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// network is a server and two clients, each in a namespace of its own, with a cable from
// each client to the server. The addresses are out of the ranges for documentation.
type network struct {
	server, a, b namespace
}

// namespace is the name of one, as ip-netns(8) has it.
type namespace string

const (
	serverOfA, addressOfA   = "192.0.2.1", "192.0.2.5"
	serverOfB, addressOfB   = "198.51.100.1", "198.51.100.5"
	server6OfA, address6OfA = "2001:db8:a::1", "2001:db8:aa::5"
)

// newNetwork is gone when the test is over.
func newNetwork(t *testing.T) network {
	t.Helper()
	name := func(role string) namespace { return namespace(fmt.Sprintf("gaol-example-%d-%s", os.Getpid(), role)) }
	n := network{server: name("s"), a: name("a"), b: name("b")}
	for _, ns := range []namespace{n.server, n.a, n.b} {
		run(t, "ip", "netns", "add", string(ns))
		t.Cleanup(func() { exec.Command("ip", "netns", "delete", string(ns)).Run() })
		run(t, "ip", "-n", string(ns), "link", "set", "lo", "up")
	}
	n.cable(t, n.a, "to-a", serverOfA+"/24", addressOfA+"/24", server6OfA+"/64", address6OfA+"/64")
	n.cable(t, n.b, "to-b", serverOfB+"/24", addressOfB+"/24", "2001:db8:b::1/64", "2001:db8:bb::5/64")
	return n
}

func (n network) cable(t *testing.T, client namespace, device, server4, client4, server6, client6 string) {
	t.Helper()
	run(t, "ip", "-n", string(n.server), "link", "add", "name", device, "type", "veth", "peer", "name", "eth0", "netns", string(client))
	for _, end := range []struct {
		ns             namespace
		device, v4, v6 string
	}{{n.server, device, server4, server6}, {client, "eth0", client4, client6}} {
		run(t, "ip", "-n", string(end.ns), "address", "add", end.v4, "dev", end.device)
		run(t, "ip", "-n", string(end.ns), "address", "add", end.v6, "dev", end.device, "nodad")
		run(t, "ip", "-n", string(end.ns), "link", "set", end.device, "up")
	}
	// Client and server are in different IPv6 networks, as they are outside of tests: gaol does not
	// ban a prefix that it is in itself.
	run(t, "ip", "-n", string(n.server), "-6", "route", "add", client6[:len(client6)-len("5/64")]+"/64", "dev", device)
	run(t, "ip", "-n", string(client), "-6", "route", "add", "default", "dev", "eth0")
}

// command is a program to be run in there.
func (ns namespace) command(args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", string(ns)}, args...)...)
}

// browse is the function of that name, done from in there.
func (ns namespace) browse(t *testing.T, args ...string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := ns.command(append([]string{self}, args...)...)
	cmd.Env = append(os.Environ(), asClient+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("browse %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// run runs a program of the host's, and ends the test if it fails.
func run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
