package nfevents_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"

	"gaol/action/actiontest"
	"gaol/action/nfevents"
)

// changer changes nftables by a connection of its own.
type changer struct {
	t    *testing.T
	conn *nftables.Conn
	raw  *netlink.Conn
}

func newChanger(t *testing.T) *changer {
	t.Helper()
	c := &changer{t: t}
	var err error
	c.conn, err = nftables.New(nftables.AsLasting(), nftables.WithSockOptions(func(raw *netlink.Conn) error { c.raw = raw; return nil }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.conn.CloseLasting() })
	return c
}

// makeAndDelete makes a table and takes it away.
func (c *changer) makeAndDelete(name string) {
	c.t.Helper()
	table := &nftables.Table{Name: name, Family: nftables.TableFamilyINet}
	for _, change := range []func(){func() { c.conn.AddTable(table) }, func() { c.conn.DelTable(table) }} {
		change()
		if err := c.conn.Flush(); err != nil {
			c.t.Fatal(err)
		}
	}
}

// TestOwnChanges checks that the kernel tells of everybody's changes but those of one's own connection, also once that is another.
func TestOwnChanges(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	ours, next, others := newChanger(t), newChanger(t), newChanger(t)
	var own nfevents.Own
	is := func(c *changer) {
		t.Helper()
		if err := own.Is(c.raw); err != nil {
			t.Fatal(err)
		}
	}
	is(ours)
	heard := make(chan string, 10_000)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		relevant := func(d nfevents.Deletion) bool { heard <- d.Table; return true }
		done <- nfevents.Watch(ctx, &own, relevant, func(nfevents.Change) {})
	}()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	listens := func() bool {
		others.makeAndDelete("first")
		select {
		case <-heard:
			return true
		case <-time.After(10 * time.Millisecond):
			return false
		}
	}
	for began := time.Now(); !listens(); {
		if time.Since(began) > time.Minute {
			t.Fatal("nothing is heard")
		}
	}
	// until returns what is heard up to a table that is taken away now, but for the first one.
	until := func(name string) (all []string) {
		t.Helper()
		others.makeAndDelete(name)
		patience := time.After(time.Minute)
		for {
			select {
			case h := <-heard:
				if h == name {
					return all
				}
				if h != "first" {
					all = append(all, h)
				}
			case <-patience:
				t.Fatalf("%s is not heard of", name)
			}
		}
	}
	ours.makeAndDelete("ours")
	if all := until("second"); len(all) > 0 {
		t.Errorf("heard of %v, which is our own", all)
	}
	is(next)
	next.makeAndDelete("ours")
	ours.makeAndDelete("not ours any more")
	if all := until("third"); len(all) != 1 || all[0] != "not ours any more" {
		t.Errorf("with another connection heard of %q", all)
	}
}
