package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gaol/cmd/internal/control"
)

type banOptions struct {
	jail  string
	time  string
	force bool
	json  bool
}

func newBanCommand(a *app) *cobra.Command {
	var opts banOptions
	cmd := &cobra.Command{
		Use:   "ban [flags] ADDR...",
		Short: "Lock addresses out by hand",
		Long: `Bans the addresses or networks ADDR; "-" reads more of them from standard
input, with blanks or line ends between them and comments from "#" to the
line's end. It returns once the kernel holds the bans, or has refused one:
that one is listed as not enforced, and gaol goes on trying. A daemon that
only observes enforces nothing, which is no failure.

An ADDR that is banned already keeps its ban, with the later of both ends; to
make a ban shorter, unban first.

A ban of a trusted proxy, or of an address from which gaol was used over SSH
lately, such as your own, is refused and nobody is banned, unless --force is
given.`,
		Example: `  gaol ban -j sshd 192.0.2.7
  gaol ban -j sshd -t 1d - < addresses.txt`,
		Annotations: map[string]string{exitStatuses: exitsOfClient("done", "refused without --force, or the kernel does not hold each ban yet")},
		Args:        argsOf(1, -1, "an ADDR, or - to read them from standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			addrs, err := readAddresses(args, a.stdin)
			if err != nil {
				return err
			}
			if len(addrs) == 0 {
				return usageErrorf(cmd, "no address to ban on standard input")
			}
			return runBan(cmd.Context(), a, opts, addrs)
		},
	}
	cmd.Flags().StringVarP(&opts.jail, "jail", "j", "", "`JAIL` alone bans (default: all jails)")
	cmd.Flags().StringVarP(&opts.time, "time", "t", "", "how long: `TIME` as 10m, 1d or forever (default: the jail's bantime)")
	cmd.Flags().BoolVar(&opts.force, "force", false, "ban even trusted proxies and who uses gaol")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print one JSON document")
	a.completeJailFlag(cmd)
	return cmd
}

func runBan(ctx context.Context, a *app, opts banOptions, addrs []string) error {
	reply, err := a.client().Ban(ctx, control.BanRequest{Jail: opts.jail, Time: opts.time, Addresses: addrs, Force: opts.force})
	if refused, ok := errors.AsType[*control.Error](err); ok && refused.Status == http.StatusForbidden {
		fmt.Fprintln(a.stderr, a.errorStyle(a.stderr, "gaol:"), printableText(refused.Message))
		return errNo
	}
	if err != nil {
		return err
	}
	if opts.json {
		err = a.printJSON(reply)
	} else {
		err = a.printText(banText(reply, time.Now(), a.paint(a.stdout)))
	}
	if err == nil && reply.Unenforced > 0 {
		return errNo
	}
	return err
}

func banText(reply control.BanReply, now time.Time, p painter) string {
	var t table
	for _, ban := range reply.Banned {
		state := cell{}
		switch {
		case ban.Shadow:
			state = cell{"shadow", yellow}
		case !ban.Enforced:
			state = cell{"not enforced", yellow}
		}
		t.row(
			cell{"banned", plain},
			cell{target(ban.Prefix, ban.ID), bold},
			cell{"in " + printable(ban.Jail), plain},
			cell{ends(ban.End, now), plain},
			state,
		)
	}
	var b strings.Builder
	t.write(&b, p)
	for _, warning := range reply.Warnings {
		b.WriteString(p.in(yellow, "warning: ") + printable(warning) + "\n")
	}
	return b.String()
}

// ends is humanUntil as the end of a sentence.
func ends(end *time.Time, now time.Time) string {
	if end == nil {
		return "for ever"
	}
	return "ends " + humanUntil(end, now)
}
