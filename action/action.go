// Package action says what a ban does.
//
// [Action] is the contract that every kind of action keeps: firewall rules
// (packages iptables and nftables below this one), and programs of the user's
// own (package command). A [Runner] stands between a jail and one action: it
// batches, retries and knows whether the action is healthy. Package actiontest
// holds the contract as a suite that each action passes.
package action

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"gaol/jail"
)

// Action is one thing that is done for the bans of one jail.
//
// A Runner calls it from one goroutine at a time. Every method may block, keeps
// to its context, and may be called again after an error or a crash: each must
// bring about what it says whatever was there before: another Start, a crash in the midst of anything, what
// other programs have made or removed. After a crash the Runner calls Start, and then Ban with all that is in
// force; after Stop, Start begins anew. Package actiontest tries each of these.
type Action interface {
	// Start makes what Ban needs: sets, chains, rules. What an earlier run
	// left behind under the same name is taken over or replaced. Once it is started, another Start
	// is no error.
	Start(ctx context.Context) error
	// Ban locks all of bans out, those of both families, until their ends
	// as seen from now. A ban that is in force already is brought to
	// the new end; one that is over at now is left out. Bans whose Prefix is invalid
	// (ids) are ignored by actions that can only ban addresses. An action that
	// does bans one by one returns a *FailedError if only some fail; so does
	// Unban.
	Ban(ctx context.Context, bans []jail.Ban, now time.Time) error
	// Unban lets all of bans in again. One that is not in force is no error.
	Unban(ctx context.Context, bans []jail.Ban) error
	// Stop removes all that Start and Ban made, and nothing of another jail. Without a Start before, or
	// a second time, it is no error.
	Stop(ctx context.Context) error
}

// Checker is an Action that can tell cheaply whether what Start made is still
// there. An error says what is missing; the Runner then starts it again and restores
// all bans.
type Checker interface {
	Check(ctx context.Context) error
}

// UntoldError is what a Checker returns while all that Start made is there, and a server can't be told of it: the Runner
// does not start the action again for that, but goes on telling it of bans.
type UntoldError struct {
	// Err is why.
	Err error
}

// Error implements error.
func (e *UntoldError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *UntoldError) Unwrap() error { return e.Err }

// Adjuster is an Action that can close something else for the bans it holds, while they stay in force. Of
// rule, Jail must be the same. After an error its Checker says that it must be started again; it then
// has the new rule.
type Adjuster interface {
	Adjust(ctx context.Context, rule Rule) error
}

// Holder is an Action that can ask the kernel whether it holds a prefix.
type Holder interface {
	Holds(ctx context.Context, prefix netip.Prefix) (Held, error)
}

// Prober is an Action that can be asked cheaply, at most some microseconds a
// prefix, whether it holds just these. The Runner samples the bans in force with
// it, and bans again what another program has taken out, or a step of the clock
// has ended early.
type Prober interface {
	// Missing returns those of prefixes that are not held.
	Missing(ctx context.Context, prefixes []netip.Prefix) ([]netip.Prefix, error)
}

// Sized is a Lister that can tell how many members it holds, when a complete comparison would cost too much. The
// Runner compares all when the number is none that its own bans explain.
type Sized interface {
	// Size is the number as of the last Check, those included that are over and were not swept out yet. ok is
	// false if it is not known.
	Size() (members int, ok bool)
}

// Limited is an Action that cannot take a ban of any length at once: the
// kernel's ipset timeouts end at 24.8 days. It cuts longer ones to Longest, and
// its Runner tells it of them again every day.
type Limited interface {
	Longest() time.Duration
}

// Noter is an Action that may leave something out on purpose, such as IPv6 on a
// host without ip6tables. Notes says what and why, once Start has returned, and again after each Check.
type Noter interface {
	Notes() []string
}

// FailedError is the error of a Ban or Unban that did what it was told for all
// but Bans. An action that does things one by one returns it, so that the others
// are not done twice.
type FailedError struct {
	// Bans are those that failed; never empty.
	Bans []jail.Ban
	// Err is why.
	Err error
}

// Error implements error.
func (e *FailedError) Error() string {
	if len(e.Bans) == 1 {
		return e.Bans[0].Target() + ": " + e.Err.Error()
	}
	return fmt.Sprintf("%d of them, such as %s: %v", len(e.Bans), e.Bans[0].Target(), e.Err)
}

// Unwrap returns Err.
func (e *FailedError) Unwrap() error { return e.Err }

// Held is what the kernel says of one prefix.
type Held struct {
	// Set names the set or chain that was asked.
	Set string
	// Holds says whether the prefix is in it, or lies in one that is.
	Holds bool
	// Member is what the set holds of it: of several, the one that stays longest. Left is for how
	// much longer; 0: for ever.
	Member netip.Prefix
	Left   time.Duration
	// Packets is the number of packets refused from the prefix so far; with Uncounted, nobody counts them.
	Packets   uint64
	Uncounted bool
}

// Add notes one more member that holds the prefix.
func (h *Held) Add(member netip.Prefix, left time.Duration, packets uint64) {
	if !h.Holds || h.Left != 0 && (left == 0 || left > h.Left) {
		h.Member, h.Left = member, left
	}
	h.Holds = true
	h.Packets += packets
}

// AddEnding notes the members that hold prefix, itself and the wider ones. end says until when a member is in force, zero for
// ever; ok is false if it is none.
func (h *Held) AddEnding(prefix netip.Prefix, now time.Time, end func(member netip.Prefix) (until time.Time, ok bool)) {
	for bits := prefix.Bits(); bits >= 0; bits-- {
		member := netip.PrefixFrom(prefix.Addr(), bits).Masked()
		switch until, ok := end(member); {
		case !ok:
		case until.IsZero():
			h.Add(member, 0, 0)
		default:
			h.Add(member, max(until.Sub(now), time.Nanosecond), 0)
		}
	}
}
