package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gaol/cmd/internal/control"
)

type unbanOptions struct {
	jail string
	all  bool
	json bool
}

func newUnbanCommand(a *app) *cobra.Command {
	var opts unbanOptions
	cmd := &cobra.Command{
		Use:   "unban [flags] {ADDR... | --all}",
		Short: "Let addresses in again and forget their failures",
		Long: `Lifts the bans of the addresses or networks ADDR in every jail, or in JAIL
alone, and forgets the failures counted against them, so that one more does
not lock them out at once. "-" reads more addresses from standard input, as
"gaol ban" does. It returns once the kernel has let go, and says what it
undid. With the ban of a network that was made for its hosts, theirs go, too.`,
		Example: `  gaol unban 192.0.2.7
  gaol unban -j sshd --all`,
		Annotations: map[string]string{exitStatuses: exitsOfClient("done", "there was nothing to undo")},
		Args:        cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			addrs, err := readAddresses(args, a.stdin)
			switch {
			case err != nil:
				return err
			case opts.all && len(args) > 0:
				return usageErrorf(cmd, "--all leaves no place for an ADDR, got %q", args[0])
			case !opts.all && len(args) == 0:
				return usageErrorf(cmd, "gaol unban needs an ADDR, - to read them from standard input, or --all")
			case !opts.all && len(addrs) == 0:
				return usageErrorf(cmd, "no address to unban on standard input")
			}
			return runUnban(cmd.Context(), a, opts, addrs)
		},
	}
	cmd.Flags().StringVarP(&opts.jail, "jail", "j", "", "`JAIL` alone (default: all jails)")
	cmd.Flags().BoolVar(&opts.all, "all", false, "lift every ban")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print one JSON document")
	a.completeJailFlag(cmd)
	return cmd
}

func runUnban(ctx context.Context, a *app, opts unbanOptions, addrs []string) error {
	reply, err := a.client().Unban(ctx, control.UnbanRequest{Jail: opts.jail, Addresses: addrs, All: opts.all})
	if err != nil {
		return err
	}
	if opts.json {
		err = a.printJSON(reply)
	} else {
		err = a.printText(unbanText(reply))
	}
	if err == nil && len(reply.Warnings) > 0 {
		return fmt.Errorf("lifted, but not everywhere yet: %s", strings.Join(reply.Warnings, "; "))
	}
	if err == nil && len(reply.Unbanned) == 0 && len(reply.Forgotten) == 0 && !opts.all {
		return errNo
	}
	return err
}

func unbanText(reply control.UnbanReply) string {
	var b strings.Builder
	for _, u := range reply.Unbanned {
		fmt.Fprintf(&b, "unbanned %s in %s\n", target(u.Prefix, u.ID), printable(u.Jail))
	}
	for _, f := range reply.Forgotten {
		fmt.Fprintf(&b, "forgot %s of %s in %s\n",
			plural(f.Failures, "failure", "failures"), target(f.Prefix, f.ID), printable(f.Jail))
	}
	if b.Len() == 0 {
		b.WriteString("There was no ban and no counted failure to undo.\n")
	}
	for _, l := range reply.Listed {
		fmt.Fprintf(&b, "%s is still refused by %s: %s is on %s (ignoreip lets it in)\n",
			target(l.Prefix, ""), printable(l.Jail), l.Entry, printable(l.Source))
	}
	return b.String()
}
