package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gaol/cmd/internal/control"
)

type bannedOptions struct {
	json bool
}

func newBannedCommand(a *app) *cobra.Command {
	var opts bannedOptions
	cmd := &cobra.Command{
		Use:   "banned [flags] [ADDR...]",
		Short: "Show the bans in force, until when and why",
		Long: `Shows all bans in force, or those that lock out the addresses ADDR. A ban of a
network locks out every address in it. The last column is the line that led to
the ban.`,
		Example: `  gaol banned
  gaol banned 192.0.2.7 && echo "locked out"`,
		Annotations: map[string]string{exitStatuses: exitsOfClient("done; each ADDR is banned", "an ADDR is not banned")},
		Args:        cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runBanned(cmd.Context(), a, opts, args)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print one JSON document")
	return cmd
}

func runBanned(ctx context.Context, a *app, opts bannedOptions, addrs []string) error {
	bans, err := a.client().Banned(ctx, addrs)
	if err != nil {
		return err
	}
	free := notBanned(addrs, bans)
	if opts.json {
		err = a.printJSON(emptyNotNull(bans))
	} else {
		err = a.printText(bannedText(bans, addrs, free, time.Now(), a.paint(a.stdout), widthOf(a.stdout)))
	}
	if err == nil && len(free) > 0 {
		return errNo
	}
	return err
}

// notBanned returns those of addrs that no ban locks out.
func notBanned(addrs []string, bans []control.Ban) []string {
	var free []string
	for _, addr := range addrs {
		banned := false
		for _, b := range bans {
			banned = banned || locksOut(b, addr)
		}
		if !banned {
			free = append(free, addr)
		}
	}
	return free
}

// locksOut says whether the ban is of addr, which is an address, a prefix or an
// id, or of a network around it.
func locksOut(b control.Ban, addr string) bool {
	if b.ID != "" {
		return b.ID == addr
	}
	held, err := netip.ParsePrefix(b.Prefix)
	if err != nil {
		return false
	}
	asked, err := netip.ParsePrefix(addr)
	if err != nil {
		single, err := netip.ParseAddr(addr)
		if err != nil {
			return false
		}
		single = single.Unmap()
		asked = netip.PrefixFrom(single, single.BitLen())
	}
	return held.Bits() <= asked.Bits() && held.Contains(asked.Addr())
}

// bannedText tells about bans; width is that of the terminal, 0 for none, where lines are
// as long as they are.
func bannedText(bans []control.Ban, addrs, free []string, now time.Time, p painter, width int) string {
	var b strings.Builder
	if len(bans) > 0 {
		var t table
		t.head("ADDRESS", "JAIL", "ENDS", "BAN", "WHY")
		for _, ban := range bans {
			why := reason(ban)
			if width > 0 {
				why = shorten(why, max(width-60, 40))
			}
			t.row(
				cell{target(ban.Prefix, ban.ID), bold},
				cell{printable(ban.Jail), plain},
				cell{humanUntil(ban.End, now), plain},
				enforcement(ban),
				cell{why, dim},
			)
		}
		t.write(&b, p)
	} else if len(addrs) == 0 {
		b.WriteString("Nobody is banned.\n")
	}
	for _, addr := range free {
		fmt.Fprintf(&b, "%s is not banned.\n", printable(addr))
	}
	return b.String()
}

// enforcement tells the how-manieth ban it is and whether the kernel keeps it.
func enforcement(b control.Ban) cell {
	if b.Shadow {
		return cell{fmt.Sprintf("#%d, shadow", b.Count), yellow}
	}
	if !b.Enforced {
		return cell{fmt.Sprintf("#%d, not enforced", b.Count), yellow}
	}
	return cell{fmt.Sprintf("#%d", b.Count), plain}
}

// reason tells why a ban was made, from the last line that led to it.
func reason(b control.Ban) string {
	switch {
	case b.By == "escalation" && len(b.Lines) > 0:
		return fmt.Sprintf("%s of it, the last: %s", plural(len(b.Lines), "host", "hosts"), printable(b.Lines[len(b.Lines)-1]))
	case b.By == "hand" && len(b.Lines) > 0:
		return "by hand; " + printable(b.Lines[len(b.Lines)-1])
	case b.By == "hand":
		return "by hand"
	case len(b.Lines) > 0:
		return printable(b.Lines[len(b.Lines)-1])
	case b.User != "":
		return "tried " + printable(b.User)
	default:
		return ""
	}
}

// target is what a ban is of: an address without its length, a network, or an id.
func target(prefix, id string) string {
	if id != "" {
		return printable(id)
	}
	if p, err := netip.ParsePrefix(prefix); err == nil && p.IsSingleIP() {
		return p.Addr().String()
	}
	return printable(prefix)
}

// emptyNotNull makes JSON say [] for a list that holds nothing.
func emptyNotNull[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
