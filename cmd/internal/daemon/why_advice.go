package daemon

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"gaol/cmd/internal/control"
	"gaol/config"
)

// conclude says whether anything is known, and what it means.
func (q *question) conclude() {
	w := &q.why
	w.Ignored = ignoredText(w.Jails)
	w.Known = w.Ignored != "" || len(w.Bans) > 0 || len(w.Listed) > 0 || len(w.History) > 0 ||
		slices.ContainsFunc(w.Jails, func(j control.WhyJail) bool { return j.Hosts > 0 }) ||
		slices.ContainsFunc(w.Kernel, func(k control.WhyKernel) bool { return k.Holds })
	w.Advice = strings.Join(q.sentences(), " ")
}

// ignoredText is the rule by which jails ignore a target, or that of each where they differ.
func ignoredText(jails []control.WhyJail) string {
	var rules []string
	same := true
	for _, j := range jails {
		same = same && j.Ignored == jails[0].Ignored
		if j.Ignored != "" {
			rules = append(rules, j.Ignored+" in "+j.Name)
		}
	}
	if same && len(rules) > 0 {
		return jails[0].Ignored
	}
	return strings.Join(rules, ", ")
}

// sentences are the advice.
func (q *question) sentences() []string {
	w := &q.why
	list := append(q.refusedByLists(), q.howToBeFree()...)
	for _, k := range w.Kernel {
		banned := slices.ContainsFunc(w.Bans, func(b control.Ban) bool { return b.Jail == k.Jail && coveredBy(b, k, q.target.Prefix) })
		switch {
		case k.Problem != "":
		case banned && !k.Holds:
			list = append(list, fmt.Sprintf("The firewall does not hold the ban of %s: gaol status %[1]s may say why.", k.Jail))
		case k.Holds && len(w.Bans) == 0:
			list = append(list, fmt.Sprintf("The firewall of %s holds it although nobody bans it: gaol unban %s takes it out.", k.Jail, w.Address))
		}
	}
	for _, j := range w.Jails {
		if j.Leak != nil {
			list = append(list, fmt.Sprintf("%s of %s since its ban is enforced: %s.", logged(j.SinceEnforced), j.Name, j.Leak.Text))
		} else if j.SinceEnforced > 0 {
			list = append(list, fmt.Sprintf("%s of %s since its ban is enforced.", logged(j.SinceEnforced), j.Name))
		}
	}
	return list
}

// refusedByLists says for which lists it is refused.
func (q *question) refusedByLists() (list []string) {
	for _, l := range q.why.Listed {
		if l.Enforced && len(list) < adviceJails {
			list = append(list, fmt.Sprintf("Refused by %s while %s is on its list; ignoreip there lets it in, gaol unban does not.", l.Jail, l.Entry))
		}
	}
	return list
}

// coveredBy says whether the firewall was asked for what the ban locks out.
func coveredBy(b control.Ban, k control.WhyKernel, target netip.Prefix) bool {
	p, err := netip.ParsePrefix(b.Prefix)
	return err == nil && k.Jail == b.Jail && p.Bits() <= target.Bits()
}

func logged(n int) string {
	if n == 1 {
		return "1 failure was logged"
	}
	return fmt.Sprintf("%d failures were logged", n)
}

// howToBeFree says when the target is free, or else how it would be banned.
func (q *question) howToBeFree() []string {
	w := &q.why
	var whole, inside []control.Ban
	for _, b := range w.Bans {
		p, err := netip.ParsePrefix(b.Prefix)
		if b.ID != "" || err == nil && p.Bits() <= q.target.Prefix.Bits() {
			whole = append(whole, b)
		} else {
			inside = append(inside, b)
		}
	}
	if len(whole) == 0 && len(inside) == 0 {
		return q.howToBeBanned()
	}
	target := w.Address
	if q.target.ID != "" {
		target = "id:" + target
	}
	var list []string
	if len(whole) > 0 {
		list = append(list, fmt.Sprintf("%s, or with: gaol unban %s.", freeText(whole, q.now), target))
	}
	if len(inside) > 0 {
		list = append(list, fmt.Sprintf("Banned in it: %d; gaol unban %s lets them in.", len(inside), target))
	}
	return list
}

// freeText says when the last of bans ends.
func freeText(bans []control.Ban, now time.Time) string {
	var last time.Time
	for _, b := range bans {
		if b.End == nil {
			return "Never free by itself"
		}
		if b.End.After(last) {
			last = *b.End
		}
	}
	return fmt.Sprintf("Free at %s (in %s)", last.Format("2006-01-02 15:04:05 MST"), config.FormatDuration(max(last.Sub(now).Round(time.Second), 0)))
}

// adviceJails bounds of how many jails the advice speaks.
const adviceJails = 3

// howToBeBanned says how many failures are missing in the jails that count some, or else in all.
func (q *question) howToBeBanned() []string {
	var counting, all []string
	for _, j := range q.why.Jails {
		if j.Ignored != "" || j.Needed == 0 {
			continue
		}
		missing := max(j.Needed-j.Failures, 1)
		findtime := config.FormatDuration(time.Duration(j.FindTimeSeconds * float64(time.Second)))
		if j.Failures > 0 {
			counting = append(counting, fmt.Sprintf("%d more %s within %s in %s", missing, failureWord(missing), findtime, j.Name))
		} else {
			all = append(all, fmt.Sprintf("%d %s within %s in %s", missing, failureWord(missing), findtime, j.Name))
		}
	}
	switch {
	case len(q.why.Jails) == 0:
		return []string{"No jail runs: nobody would ban it."}
	case len(counting) == 0 && len(all) == 0 && q.why.Ignored == "":
		if len(q.refusedByLists()) > 0 {
			return nil // which says enough
		}
		return []string{"No jail counts failures: nobody would ban it."}
	case len(counting) == 0 && len(all) == 0:
		return []string{fmt.Sprintf("Never banned by itself: %s.", q.why.Ignored)}
	case len(counting) > 0:
		all = counting
	}
	rest := ""
	if len(all) > adviceJails {
		rest = fmt.Sprintf(" (and %d jails more: gaol check)", len(all)-adviceJails)
		all = all[:adviceJails]
	}
	return []string{"Banned after " + strings.Join(all, ", or ") + rest + "."}
}

func failureWord(n int) string {
	if n == 1 {
		return "failure"
	}
	return "failures"
}
