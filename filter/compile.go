package filter

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gaol/filter/logtime"
)

// Options say how a [Spec] is compiled. The zero value is the ordinary way.
type Options struct {
	// Mode is the name of one of the spec's modes; "" and "normal" mean none.
	Mode string
	// Params are values of the spec's parameters; those that are not named have their defaults.
	Params Params
	// Timezone is where dates that name no zone are from; nil: [time.Local].
	Timezone *time.Location
	// Names makes <HOST> take host names as well (usedns). Without, it takes
	// addresses only.
	Names bool
	// Success makes the filter look for logins that were let in as well (see Spec.Successregex and
	// [Filter.Trusts]). Without, their lines cost no more than any that cannot match.
	Success bool
}

// Filter is a compiled [Spec]. It holds no state: one Filter serves any number
// of matchers and goroutines.
type Filter struct {
	spec   Spec
	dates  logtime.Options
	fail   []*pattern
	ignore []*pattern
	unless []*pattern
	// success are the successregexes, none unless they were asked for; gains says that <F-MLFGAINED> is
	// asked for as well, and there.
	success []*pattern
	gains   bool
	pref    *pattern // nil for none
	alive   []*pattern
	json    *jsonRules // nil for none
	// weights are those of fail and of the rules for JSON behind them; nil: each is 1.
	weights []int
	// daemons are the spec's that have names; bare says that lines may be without a header: there are none, or
	// one is "".
	daemons daemons
	bare    bool

	candidates candidates
}

// Compile makes a [Filter] of spec. The error joins everything that is wrong,
// each with the pattern's number (from 1) and text, and what to do about it.
func Compile(spec Spec, opts Options) (*Filter, error) {
	spec, err := withParams(spec, opts.Params)
	if err != nil {
		return nil, err
	}
	spec, err = withMode(spec, opts.Mode)
	if err != nil {
		return nil, err
	}
	var c compiler
	one := dialect{names: opts.Names, fail2ban: spec.Fail2ban}
	all := one
	all.lines = spec.MaxLines > 1
	fail := all
	fail.toLast = true
	f := &Filter{
		spec:   spec,
		dates:  logtime.Options{Location: opts.Timezone, Patterns: spec.Datepattern},
		fail:   c.all("failregex", spec.Failregex, fail),
		ignore: c.all("ignoreregex", spec.Ignoreregex, all),
		unless: c.all("unless", spec.Unless, all),
	}
	f.alive = c.all("alive", spec.Alive, one)
	f.daemons = slices.DeleteFunc(slices.Clone(spec.Daemon), func(name string) bool { return name == "" })
	if err := f.daemons.check(); err != nil {
		c.errs = append(c.errs, err)
	}
	f.bare = len(f.daemons) == 0 || len(f.daemons) < len(spec.Daemon)
	if spec.Prefregex != "" {
		f.pref = c.one("prefregex", spec.Prefregex, one)
	}
	if opts.Success {
		f.success = c.all("successregex", spec.Successregex, one)
		f.gains = f.pref.has(gained) || slices.ContainsFunc(f.fail, func(p *pattern) bool { return p.has(gained) })
	}
	c.checkSubject(f)
	c.checkSuccess(f)
	c.checkWeights(&spec)
	f.json = c.json(&spec, opts.Names, opts.Success)
	if len(spec.Failregex) == 0 && !slices.ContainsFunc(spec.JSON, func(j JSON) bool { return !j.Success }) {
		c.errs = append(c.errs, errors.New("the filter has no failregex: add one that names the failing <HOST>"))
	}
	if f.json != nil && f.OverLines() {
		c.errs = append(c.errs, errors.New("maxlines with rules for JSON, where each line stands for itself: leave one of them out"))
	}
	if spec.MaxLines < 0 || spec.MaxLines > MaxLines {
		c.errs = append(c.errs, fmt.Errorf("maxlines is %d: write a number from 1 to %d", spec.MaxLines, MaxLines))
	}
	if _, err := logtime.New(f.dates); err != nil {
		c.errs = append(c.errs, err)
	}
	if err := errors.Join(c.errs...); err != nil {
		return nil, err
	}
	f.candidates = newCandidates(f)
	f.weights = f.allWeights()
	return f, nil
}

// compiler collects what is wrong.
type compiler struct {
	errs []error
}

// all compiles every text; what does not compile is nil.
func (c *compiler) all(what string, texts []string, d dialect) []*pattern {
	compiled := make([]*pattern, len(texts))
	for i, text := range texts {
		compiled[i] = c.one(fmt.Sprintf("%s %d", what, i+1), text, d)
	}
	return compiled
}

func (c *compiler) one(what, text string, d dialect) *pattern {
	p, err := compilePattern(text, d)
	if err != nil {
		c.errs = append(c.errs, problem(what, text, err))
		return nil
	}
	return p
}

// checkSubject refuses a failregex that can never say whom it is about.
func (c *compiler) checkSubject(f *Filter) {
	if f.pref.has(group.identifies) {
		return
	}
	for i, p := range f.fail {
		if p != nil && !p.has(group.identifies) {
			c.errs = append(c.errs, problem(fmt.Sprintf("failregex %d", i+1), p.text, errors.New(
				"names neither a host nor an id nor a session: write <HOST> where the client's address stands (or <F-ID>, <F-MLFID>)")))
		}
	}
}

// checkSuccess refuses a successregex that does not say who was let in.
func (c *compiler) checkSuccess(f *Filter) {
	names := func(g group) bool { return g.isAddress() || g.name == "id" }
	for i, p := range f.success {
		if p != nil && !p.has(names) && !f.pref.has(names) {
			c.errs = append(c.errs, problem(fmt.Sprintf("successregex %d", i+1), p.text, errors.New(
				"names neither a host nor an id: write <HOST> where the client's address stands (or <F-ID>)")))
		}
	}
	if len(f.success) > 0 && f.OverLines() {
		c.errs = append(c.errs, errors.New("maxlines with successregex, which sees each line by itself: leave one of them out"))
	}
}

// withMode returns spec with the named mode's patterns behind its own.
func withMode(spec Spec, name string) (Spec, error) {
	if name == "" {
		name = "normal"
	}
	mode, ok := spec.Modes[name]
	if !ok && name != "normal" {
		known := slices.Sorted(maps.Keys(spec.Modes))
		if len(known) == 0 {
			return Spec{}, fmt.Errorf("mode %q: the filter has no modes: leave mode out", name)
		}
		return Spec{}, fmt.Errorf("mode %q is not known: the filter has normal, %s", name, strings.Join(known, ", "))
	}
	if len(spec.Weights)+len(mode.Weights) > 0 {
		spec.Weights = slices.Concat(padded(spec.Weights, len(spec.Failregex)), mode.Weights)
	}
	spec.Failregex = slices.Concat(spec.Failregex, mode.Failregex)
	spec.JSON = slices.Concat(spec.JSON, mode.JSON)
	spec.Ignoreregex = slices.Concat(spec.Ignoreregex, mode.Ignoreregex)
	spec.Unless = slices.Concat(spec.Unless, mode.Unless)
	return spec, nil
}

// gained is the group that says that somebody was let in.
func gained(g group) bool { return g.name == "mlfgained" }

// Trusts says whether the filter can tell of logins that were let in: it was compiled for that
// (see [Options]), and has a successregex, a rule for JSON that is one, or <F-MLFGAINED>.
func (f *Filter) Trusts() bool {
	return len(f.success) > 0 || f.gains || f.json != nil && len(f.json.successes) > 0
}

// OverLines says that patterns see several lines together (maxlines).
func (f *Filter) OverLines() bool { return f.spec.MaxLines > 1 }

// Spec returns what the filter was made of, with its parameters' values in their places and its mode's patterns
// merged in.
func (f *Filter) Spec() Spec { return f.spec }

// Stateful says whether the failures of a line can depend on the lines before
// it: the filter has sessions (<F-MLFID>) or looks at several lines. If not, lines may be shared out among
// several matchers, so long as each knows what the one before it remembered (see
// [Matcher.Memory]).
func (f *Filter) Stateful() bool {
	session := func(g group) bool { return g.name == "mlfid" }
	return f.OverLines() || f.pref.has(session) || slices.ContainsFunc(f.fail, func(p *pattern) bool { return p.has(session) })
}

// Failregex returns the patterns as written, the mode's behind the others, and
// behind those the rules for JSON that accuse, each in a line; [Result.Pattern] is an index in it.
func (f *Filter) Failregex() []string {
	all := slices.Clone(f.spec.Failregex)
	if f.json != nil {
		for _, rule := range f.json.rules {
			all = append(all, rule.text)
		}
	}
	return all
}

// failregex is the one of [Filter.Failregex] at an index.
func (f *Filter) failregex(i int) string {
	if rule := i - len(f.spec.Failregex); rule >= 0 {
		return f.json.rules[rule].text
	}
	return f.spec.Failregex[i]
}

// decider names what decided, for a person.
func (f *Filter) decider(pattern int) string {
	if rule := pattern - len(f.fail); rule >= 0 {
		return fmt.Sprintf("json rule %d", rule+1)
	}
	return fmt.Sprintf("failregex %d", pattern+1)
}

// Successregex returns the patterns as written that the filter was compiled with, and behind them the rules for
// JSON that let in.
func (f *Filter) Successregex() []string {
	all := make([]string, len(f.success))
	for i, p := range f.success {
		all[i] = p.text
	}
	if f.json != nil {
		for _, rule := range f.json.successes {
			all = append(all, rule.text)
		}
	}
	return all
}

// Ignoreregex returns the patterns as written, like [Filter.Failregex].
func (f *Filter) Ignoreregex() []string { return slices.Clone(f.spec.Ignoreregex) }
