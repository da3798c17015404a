package established

import (
	"context"
	"errors"
	"net/netip"

	"gaol/action/flows"
)

// ends are the two of a TCP connection as the one on this side, be it this host or a container, has them.
type ends struct {
	here, peer netip.AddrPort
}

// mostAtOnce bounds what is kept of the connections that are to end; of more, the rest is looked for afterwards.
const mostAtOnce = 20_000

// look ends the connections of all targets, and counts them there.
func look(ctx context.Context, tables *flows.Tables, t *targets) error {
	if t.empty() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookWait)
	defer cancel()
	for {
		more, err := lookOnce(ctx, tables, t)
		if err != nil || !more {
			return err
		}
	}
}

// lookOnce is look for mostAtOnce sockets and as many tracked connections. more says that there may be more, and that
// some of these have ended.
func lookOnce(ctx context.Context, tables *flows.Tables, t *targets) (more bool, err error) {
	tracked, trackErr := findFlows(ctx, tables, t)
	sockets, socketErr := findSockets(ctx, tables, t, tracked)
	others, own := withoutOwn(sockets)
	destroyed := map[ends]bool{}
	// Sockets first: while the flow is known, the reset finds its way back through NAT, and past
	// rules for outgoing packets that want an established connection.
	if socketErr == nil && len(others) > 0 {
		socketErr = destroy(ctx, tables, others, destroyed)
	}
	if len(sockets) == mostAtOnce && len(destroyed) > 0 {
		return true, errors.Join(socketErr, trackErr)
	}
	gone := 0
	if trackErr == nil && len(tracked) > 0 {
		gone, trackErr = endFlows(ctx, tables, tracked, own, destroyed)
	}
	return len(tracked) == mostAtOnce && gone > 0, errors.Join(socketErr, trackErr)
}

// flow is a connection that the kernel keeps track of.
type flow struct {
	ends  ends
	tcp   bool
	lives bool // it was not over by itself
	entry flows.Entry
	// target is whose ban refuses it.
	target *target
}

// findFlows returns the tracked connections of which targets refuse what comes from the banned host. The port is the one that the
// client knows, before any NAT.
func findFlows(ctx context.Context, tables *flows.Tables, t *targets) ([]flow, error) {
	var found []flow
	err := tables.Tracked(ctx, t.prefixes(), func(f flows.Flow) {
		if len(found) == mostAtOnce || f.Opening() {
			return
		}
		one := flow{tcp: f.Protocol == "tcp", lives: f.Lives()}
		one.target, one.ends = t.find(f.Orig.Src.Addr(), f.Protocol, f.Orig.Dst.Port()), ends{here: f.Reply.Src, peer: f.Reply.Dst}
		reversed := one.target == nil
		if reversed {
			// What was begun on this side stays, unless the answers are refused: then it is dead anyway.
			one.target, one.ends = t.find(f.Reply.Src.Addr(), f.Protocol, f.Reply.Dst.Port()), ends{here: f.Orig.Src, peer: f.Orig.Dst}
		}
		if one.target != nil {
			one.entry = f.Entry()
			one.entry.Reversed = reversed
			found = append(found, one)
		}
	})
	return found, err
}

// endFlows ends flows but those of own, and counts those that were not counted as sockets. It returns how many have gone. Of those whose
// sockets are destroyed, nobody sends any more, and forgetting them is enough.
func endFlows(ctx context.Context, tables *flows.Tables, tracked []flow, own, destroyed map[ends]bool) (gone int, err error) {
	var over, alive []flows.Entry
	var of []*target
	for _, f := range tracked {
		switch {
		case f.tcp && own[f.ends]:
		case !f.lives, f.tcp && destroyed[f.ends]:
			over = append(over, f.entry)
		default:
			alive, of = append(alive, f.entry), append(of, f.target)
		}
	}
	err = tables.Forget(ctx, over, func(int) { gone++ })
	return gone, errors.Join(err, tables.Refuse(ctx, alive, func(i int) {
		gone++
		of[i].count++
	}))
}

// socket is a TCP socket of this host that is to end.
type socket struct {
	flows.Socket
	target *target
}

func (s socket) ends() ends { return ends{here: s.Local, peer: s.Peer} }

// findSockets returns the TCP sockets of this host that targets close to their peers, and those that belong to tracked
// connections: a port that is redirected to another one of this host is known to conntrack alone.
func findSockets(ctx context.Context, tables *flows.Tables, t *targets, tracked []flow) ([]socket, error) {
	redirected := map[ends]*target{}
	for _, f := range tracked {
		if f.tcp {
			redirected[f.ends] = f.target
		}
	}
	var found []socket
	err := tables.Connected(ctx, t.prefixes(), func(s flows.Socket) {
		if len(found) == mostAtOnce {
			return
		}
		one := socket{s, t.find(s.Peer.Addr(), "tcp", s.Local.Port())}
		if one.target == nil {
			one.target = redirected[one.ends()]
		}
		if one.target != nil {
			found = append(found, one)
		}
	})
	return found, err
}

// destroy ends sockets, counts those that were open, and notes them in destroyed.
func destroy(ctx context.Context, tables *flows.Tables, sockets []socket, destroyed map[ends]bool) error {
	list := make([]flows.Socket, len(sockets))
	for i, s := range sockets {
		list[i] = s.Socket
	}
	return tables.Destroy(ctx, list, func(i int) {
		destroyed[sockets[i].ends()] = true
		if !sockets[i].Closing() {
			sockets[i].target.count++
		}
	})
}
