package main

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gaol/action"
	"gaol/action/cloudflare"
	"gaol/action/command"
	"gaol/action/notice"
	"gaol/config"
	"gaol/jail"
)

type actionTestOptions struct {
	jail, address string
	send, json    bool
}

func newActionTestCommand(a *app) *cobra.Command {
	var opts actionTestOptions
	cmd := &cobra.Command{
		Use:   "test [flags] NAME",
		Short: "Show what an action would do for a ban, and do it with --send",
		Long: `Shows what the action NAME of the configuration would do for a ban of an
address: the request, the mail or the program, with secrets hidden. With
--send it does it, right away and once, whatever its rate, and says what came
of it. Nobody is banned, and the daemon need not run. A program is run with
GAOL_ACTION=ban. Of a list at Cloudflare, --send changes nothing: it asks
whether it can be had, and whether a rule refers to it.`,
		Example: `  gaol action test webhook
  gaol action test mail --jail sshd --address 192.0.2.1 --send`,
		Annotations: map[string]string{exitStatuses: exitsOf("shown, or sent and taken", "it was not taken", "there is no such action, or wrong usage or configuration")},
		Args:        argsOf(1, 1, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := netip.ParseAddr(opts.address)
			if err != nil {
				return usageErrorf(cmd, "--address %q is no address", opts.address)
			}
			return runActionTest(cmd.Context(), a, opts, args[0], address.Unmap().WithZone(""))
		},
	}
	cmd.Flags().StringVarP(&opts.jail, "jail", "j", "", "`JAIL` whose action is meant (default: the first that has it)")
	cmd.Flags().StringVar(&opts.address, "address", "192.0.2.1", "`ADDR` of the made-up ban (default 192.0.2.1)")
	cmd.Flags().Lookup("address").DefValue = ""
	cmd.Flags().BoolVar(&opts.send, "send", false, "do it")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print one JSON document")
	return cmd
}

// actionReport is the document of "gaol action test --json".
type actionReport struct {
	Action string `json:"action"`
	Kind   string `json:"kind"`
	Jail   string `json:"jail"`
	// To, Headers and Body are what is sent; of a program, To is its command line.
	To      string   `json:"to"`
	Headers []string `json:"headers"`
	Body    string   `json:"body"`
	// Found is what the other side says of a list that was only asked for.
	Found string `json:"found,omitempty"`
	// Sent says that it was asked for and has worked; Problem why it has not.
	Sent    bool   `json:"sent"`
	Problem string `json:"problem"`
}

func runActionTest(ctx context.Context, a *app, opts actionTestOptions, name string, address netip.Addr) error {
	conf := config.Load(a.configOptions())
	found, err := findAction(conf, opts.jail, name)
	if err != nil {
		return err
	}
	report := actionReport{Action: name, Kind: found.kind(), Jail: found.jail, Headers: []string{}}
	ban := sampleBan(found.jail, address, time.Now())
	if err := found.preview(ctx, ban, &report); err != nil {
		return fmt.Errorf("action %s: %w", name, err)
	}
	if opts.send {
		if err := found.send(ctx, ban, &report); err != nil {
			report.Problem = action.Scrub(err.Error(), found.notifier.Secrets())
		}
		report.Sent = report.Problem == ""
	}
	if opts.json {
		err = a.printJSON(report)
	} else {
		err = a.printText(actionText(report, opts.send, a.paint(a.stdout)))
	}
	if err == nil && report.Problem != "" {
		return errNo
	}
	return err
}

// sampleBan is a ban as sshd's failures lead to it.
func sampleBan(name string, address netip.Addr, now time.Time) jail.Ban {
	return jail.Ban{
		Jail: name, Prefix: netip.PrefixFrom(address, address.BitLen()), Start: now, End: now.Add(10 * time.Minute), Count: 1, Failures: 5,
		User: "root", By: "jail", Lines: []string{fmt.Sprintf("a test of gaol: Failed password for root from %s port 51000 ssh2", address)},
	}
}

// foundAction is an action of a jail: a program, or one that tells others.
type foundAction struct {
	jail     string
	program  *config.Action
	notifier config.Notifier
}

// findAction finds the action of that name, in the jail of that name if there is one.
func findAction(conf *config.Config, inJail, name string) (foundAction, error) {
	var names []string
	known := false
	for _, j := range conf.Jails {
		if inJail != "" && j.Name != inJail || inJail == "" && !j.Enabled {
			continue
		}
		known = true
		for _, a := range j.Actions {
			if names = append(names, a.Name); a.Name == name {
				return foundAction{jail: j.Name, program: &a}, nil
			}
		}
		for _, n := range j.Notifiers {
			if names = append(names, n.Name); n.Name == name {
				return foundAction{jail: j.Name, notifier: n}, nil
			}
		}
		for _, p := range j.Problems {
			return foundAction{}, fmt.Errorf("jail %s: %w", j.Name, p)
		}
	}
	where := "no enabled jail has"
	switch {
	case inJail != "" && !known:
		return foundAction{}, fmt.Errorf("there is no jail %q: see gaol check", inJail)
	case inJail != "":
		where = fmt.Sprintf("the jail %s does not have", inJail)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 {
		return foundAction{}, fmt.Errorf("%s an action %q, nor any other: give it action = [%q]", where, name, name)
	}
	return foundAction{}, fmt.Errorf("%s an action %q: there is %s%s", where, name, strings.Join(names, ", "), didYouMean(name, names))
}

func (f foundAction) kind() string {
	switch {
	case f.program != nil && f.program.File != nil:
		return f.program.File.Kind
	case f.program != nil && f.program.Web:
		return "web"
	case f.program != nil && f.program.Cloudflare != nil:
		return "cloudflare"
	case f.program != nil:
		return "command"
	}
	return f.notifier.Kind
}

// message is what is told of a ban.
func (f foundAction) message(sender notice.Sender, b jail.Ban) notice.Message {
	return notice.Message{Host: f.notifier.Queue(sender).Host, Events: []notice.Event{notice.NewEvent(notice.Ban, b, b.Start, "")}}
}

func (f foundAction) preview(ctx context.Context, b jail.Ban, report *actionReport) error {
	if f.program != nil && f.program.File != nil {
		file := f.program.File
		report.To = "write " + file.PathFor(f.jail)
		switch {
		case file.Socket != "":
			report.To += " and tell haproxy over " + file.Socket
		case len(file.Reload) > 0:
			report.To += " and run " + strings.Join(file.Reload, " ")
		}
		report.Body = file.Format.Line(b.Prefix)
		return nil
	}
	if f.program != nil && f.program.Web {
		report.To = fmt.Sprintf("answer 403 to proxies that ask about %s at /check or /check/%s of [web] listen", b.Target(), f.jail)
		return nil
	}
	if f.program != nil && f.program.Cloudflare != nil {
		list, err := cloudflare.New(f.program.Cloudflare.Options())
		if err != nil {
			return err
		}
		p, err := list.Set(f.jail).Preview(b)
		report.show(p)
		return err
	}
	if f.program != nil {
		report.To = "run " + strings.Join(f.program.Ban, " ")
		return nil
	}
	sender, err := f.notifier.Sender()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, notice.DefaultTimeout)
	defer cancel()
	p, err := sender.Preview(ctx, f.message(sender, b))
	if err != nil {
		return err
	}
	report.show(p)
	return nil
}

func (r *actionReport) show(p notice.Preview) {
	r.To, r.Body = p.To, p.Body
	r.Headers = append(r.Headers, p.Headers...)
}

func (f foundAction) send(ctx context.Context, b jail.Ban, report *actionReport) error {
	if f.program != nil && f.program.Cloudflare != nil {
		list, err := cloudflare.New(f.program.Cloudflare.Options())
		if err != nil {
			return err
		}
		report.Found, err = list.Inspect(ctx)
		return err
	}
	if f.program != nil && f.program.File != nil {
		return fmt.Errorf("the daemon keeps that file: ban somebody to try it: gaol ban -j %s %s", f.jail, b.Target())
	}
	if f.program != nil && f.program.Web {
		return fmt.Errorf("the daemon answers: ban somebody to try it: gaol ban -j %s %s", f.jail, b.Target())
	}
	if f.program != nil {
		return f.run(ctx, b)
	}
	sender, err := f.notifier.Sender()
	if err != nil {
		return err
	}
	timeout := f.notifier.Timeout
	if timeout == 0 {
		timeout = notice.DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return sender.Send(ctx, f.message(sender, b))
}

func (f foundAction) run(ctx context.Context, b jail.Ban) error {
	if len(f.program.Ban) == 0 {
		return fmt.Errorf("it runs nothing at a ban")
	}
	if _, err := exec.LookPath(f.program.Ban[0]); err != nil {
		return err
	}
	c, err := command.New(command.Options{Name: f.program.Name, Jail: f.jail, Ban: f.program.Ban, Timeout: f.program.Timeout})
	if err != nil {
		return err
	}
	return c.Ban(ctx, []jail.Ban{b}, b.Start)
}

func actionText(r actionReport, send bool, p painter) string {
	var b strings.Builder
	fmt.Fprintf(&b, "action %s (%s) of jail %s\n\n", p.in(bold, printable(r.Action)), r.Kind, printable(r.Jail))
	b.WriteString(printable(r.To) + "\n")
	for _, h := range r.Headers {
		b.WriteString(p.in(dim, printable(h)) + "\n")
	}
	if r.Body != "" {
		b.WriteString("\n" + strings.TrimSuffix(printableText(r.Body), "\n") + "\n")
	}
	if r.Found != "" {
		b.WriteString("\n" + printable(r.Found) + "\n")
	}
	switch {
	case !send:
		b.WriteString("\nNothing was sent: add --send.\n")
	case r.Sent:
		b.WriteString("\n" + p.in(green, "It worked.") + "\n")
	default:
		b.WriteString("\n" + p.in(red, "It failed: ") + printable(r.Problem) + "\n")
	}
	return b.String()
}
