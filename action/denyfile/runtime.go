package denyfile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Runtime has a haproxy that is running hold what a pattern file says, over its socket, so that it need not be reloaded
// (haproxy's management guide, 9.3, "show acl" and what follows; haproxy 2.4 or later). Use NewRuntime.
//
// Each full set is a version of the list, which replaces the one before at once. A haproxy that has begun anew begins
// with version 0 again, which tells it from the one that was told before: it may have read the file too early. It may
// not be called by several goroutines.
type Runtime struct {
	socket, path string
	timeout      time.Duration

	// version is that of the list as it was left, 0: nothing was told yet; told is what is in it.
	version int
	told    map[netip.Prefix]bool
}

// manyGone is from how many on all are told again: haproxy walks through its whole list for each that it removes.
const manyGone = 100

// NewRuntime makes a Runtime for the file at path, as haproxy's configuration names it. Each conversation ends after
// timeout (0: 60 s).
func NewRuntime(socket, path string, timeout time.Duration) *Runtime {
	if timeout <= 0 {
		timeout = time.Minute
	}
	return &Runtime{socket: socket, path: path, timeout: timeout}
}

// Tell implements Server.
func (r *Runtime) Tell(ctx context.Context, held []netip.Prefix) error {
	return r.talk(ctx, func(h *haproxy, list acl) error {
		if r.version == 0 || list.version != r.version {
			return r.replace(h, list, held)
		}
		return r.change(h, list, held)
	})
}

// Knows implements Server.
func (r *Runtime) Knows(ctx context.Context) (knows bool, err error) {
	err = r.talk(ctx, func(_ *haproxy, list acl) error {
		knows = r.version != 0 && list.version == r.version
		return nil
	})
	return knows, err
}

func (r *Runtime) talk(ctx context.Context, do func(*haproxy, acl) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	h, err := dialHAProxy(ctx, r.socket)
	if err != nil {
		return fmt.Errorf("telling haproxy: %w: is it running, with this stats socket in its configuration?", err)
	}
	defer h.close()
	list, err := r.find(h)
	if err == nil {
		err = do(h, list)
	}
	if err != nil {
		return fmt.Errorf("telling haproxy over %s: %w", r.socket, err)
	}
	return nil
}

// acl is a list of patterns in haproxy.
type acl struct {
	id      string // such as #3
	version int
}

// find looks for the list among the lines of "show acl", which are of the form
//
//	0 (/var/lib/gaol/haproxy/web.acl) pattern loaded from file '…' used by acl at … curr_ver=0 next_ver=0 entry_cnt=0
func (r *Runtime) find(h *haproxy) (acl, error) {
	text, err := h.ask("show acl")
	if err != nil {
		return acl{}, err
	}
	for line := range strings.Lines(text) {
		id, rest, _ := strings.Cut(line, " ")
		rest, ours := strings.CutPrefix(rest, "("+r.path+") ")
		if !ours {
			continue
		}
		_, version, _ := strings.Cut(rest, "curr_ver=")
		version, _, _ = strings.Cut(version, " ")
		n, err := strconv.Atoi(version)
		if err != nil {
			return acl{}, errors.New("it tells no version of its lists: haproxy 2.4 or later is needed")
		}
		return acl{id: "#" + id, version: n}, nil
	}
	return acl{}, fmt.Errorf("its configuration does not use %s: write http-request deny if { src -f %[1]s } and reload it, "+
		"or the socket needs level admin", r.path)
}

// replace makes a new version of the list, and has haproxy use it.
func (r *Runtime) replace(h *haproxy, list acl, held []netip.Prefix) error {
	r.version = 0 // until all is done
	answer, err := h.ask("prepare acl " + list.id)
	if err != nil {
		return err
	}
	version, err := strconv.Atoi(strings.TrimPrefix(answer, "New version created: "))
	if err != nil {
		return fmt.Errorf("it makes no new version of its list: %s: the socket needs level admin", answer)
	}
	if err := h.each(fmt.Sprintf("add acl @%d %s ", version, list.id), held); err != nil {
		return err
	}
	if err := h.command(fmt.Sprintf("commit acl @%d %s", version, list.id)); err != nil {
		return err
	}
	r.version, r.told = version, make(map[netip.Prefix]bool, len(held))
	for _, p := range held {
		r.told[p] = true
	}
	return nil
}

// change adds and removes what has changed since.
func (r *Runtime) change(h *haproxy, list acl, held []netip.Prefix) error {
	gone := maps.Clone(r.told)
	var added []netip.Prefix
	for _, p := range held {
		if !gone[p] {
			added = append(added, p)
		}
		delete(gone, p)
	}
	if len(gone) > manyGone {
		return r.replace(h, list, held)
	}
	version := r.version
	r.version = 0 // until all is done
	if err := h.each("add acl "+list.id+" ", added); err != nil {
		return err
	}
	if err := h.each("del acl "+list.id+" ", slices.Collect(maps.Keys(gone))); err != nil {
		return err
	}
	for _, p := range added {
		r.told[p] = true
	}
	for p := range gone {
		delete(r.told, p)
	}
	r.version = version
	return nil
}
