package fail2ban

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const (
	// maxValue bounds one value with all that is put into it.
	maxValue = 256 << 10
	// maxWork bounds, in bytes, all that is written to work out one filter's values: options that name two others
	// each, which name two others each, would else grow without end.
	maxWork = 4 << 20
	// maxDepth is how deep %(name)s may lead, as in fail2ban, and maxInside how deep <name>.
	maxDepth  = 10
	maxInside = 50
)

// expander works out what options say.
type expander struct {
	settings settings
	// arguments override options of the same name.
	arguments map[string]string
	work      int
}

// spend counts the work of writing so many bytes to a value, which has size now, and ends it when it is
// too much.
func (e *expander) spend(bytes, size int, at place) error {
	if e.work += bytes + 1; e.work > maxWork || size > maxValue {
		return at.problem("its value grows without end", fmt.Sprintf("let it name other options less often: a value may have %d kB", maxValue>>10))
	}
	return nil
}

// option says what an option of a section is, line by line: lines that come out of other options are at the
// place where these were named.
func (e *expander) option(section string, o *option) ([]line, error) {
	var all []line
	size := 0
	for _, l := range o.lines {
		text, err := e.interpolate(l.text, section, o, l.place, 0)
		if err == nil {
			text, err = e.substitute(text, l.place, []string{o.name})
		}
		if err == nil {
			size += len(text)
			err = e.spend(len(text), size, l.place)
		}
		if err != nil {
			return nil, about(err, section, o.name)
		}
		for t := range strings.Lines(text) {
			if t = strings.TrimSpace(t); t != "" {
				all = append(all, line{t, l.place})
			}
		}
	}
	return all, nil
}

// interpolate replaces %(name)s in what the option says at a place, and %% by %.
func (e *expander) interpolate(text, section string, o *option, at place, depth int) (string, error) {
	if depth > maxDepth {
		return "", at.problem(fmt.Sprintf("%%(…)s leads on more than %d times", maxDepth), "let no option name itself, not even through others")
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "%")
		out.WriteString(before)
		if err := e.spend(len(before), out.Len(), at); err != nil {
			return "", err
		}
		if !found {
			return out.String(), nil
		}
		if after, ok := strings.CutPrefix(rest, "%"); ok {
			out.WriteByte('%')
			text = after
			continue
		}
		name, after, ok := strings.Cut(rest, ")s")
		if !ok || !strings.HasPrefix(name, "(") {
			return "", at.problem("a single %", "write %% for the character, or %(name)s for another option")
		}
		value, err := e.named(strings.ToLower(name[1:]), section, o, at, depth)
		if err != nil {
			return "", err
		}
		out.WriteString(value)
		text = after
	}
}

// named is what %(name)s stands for.
func (e *expander) named(name, section string, o *option, at place, depth int) (string, error) {
	if name == "__name__" {
		return section, nil
	}
	if value, ok := e.arguments[name]; ok {
		return value, nil
	}
	from, short, qualified := strings.Cut(name, "/")
	var found *option
	switch {
	case !qualified:
		found = e.settings.find(section, name)
	case from == "known":
		found = e.settings.known(section, short, o)
	case from == "default":
		found = e.settings[defaultSection][short]
	default:
		found, section = e.settings.find(from, short), from
	}
	if found == nil {
		return "", at.problem(fmt.Sprintf("%%(%s)s stands for no option", name), "define it, or write %% for the character %")
	}
	return e.interpolate(found.value(), section, found, at, depth+1)
}

// tag matches <name>, and what stands before it where that makes it a group of a pattern.
var tag = regexp.MustCompile(`(?:\(\?P?)?<([^<>\s]+)>`)

// substitute replaces <name> by what the option of that name says, if there is one, until nothing more is to
// be replaced: <re-<mode>> is <re-normal> first. inside are the options whose values are being worked out.
func (e *expander) substitute(text string, at place, inside []string) (string, error) {
	for {
		replaced, changed, err := e.substituteOnce(text, at, inside)
		if err != nil || !changed {
			return text, err
		}
		text = replaced
	}
}

func (e *expander) substituteOnce(text string, at place, inside []string) (replaced string, changed bool, err error) {
	var out strings.Builder
	end := 0
	for _, m := range tag.FindAllStringSubmatchIndex(text, -1) {
		if text[m[0]] == '(' {
			continue
		}
		value, ok, err := e.tagged(text[m[2]:m[3]], at, inside)
		if err != nil {
			return "", false, err
		}
		if !ok {
			continue
		}
		out.WriteString(text[end:m[0]])
		out.WriteString(value)
		if err := e.spend(m[0]-end+len(value), out.Len(), at); err != nil {
			return "", false, err
		}
		end, changed = m[1], true
	}
	out.WriteString(text[end:])
	return out.String(), changed, e.spend(len(text)-end, out.Len(), at)
}

// tagged is what <name> stands for; it reports false if that is no option, but text, or a tag of patterns.
func (e *expander) tagged(name string, at place, inside []string) (string, bool, error) {
	section, found := e.lookUp(name)
	value, isArgument := e.arguments[strings.ToLower(name)]
	if found == nil && !isArgument {
		return "", false, nil
	}
	if slices.Contains(inside, name) || len(inside) > maxInside {
		return "", false, at.problem(fmt.Sprintf("<%s> leads to itself", name), "let no option name itself, not even through others")
	}
	if !isArgument {
		var err error
		if value, err = e.interpolate(found.value(), section, found, at, 0); err != nil {
			return "", false, err
		}
	}
	value, err := e.substitute(value, at, append(inside[:len(inside):len(inside)], name))
	return value, true, err
}

// lookUp finds the option that <name> stands for: one of [Init], else of [Definition], or of another section
// that is named before a slash; nil if there is none.
func (e *expander) lookUp(name string) (section string, o *option) {
	if from, short, ok := strings.Cut(name, "/"); ok && from != "known" {
		if e.settings[from] == nil {
			return "", nil
		}
		return from, e.settings.find(from, strings.ToLower(short))
	}
	name = strings.ToLower(strings.TrimPrefix(name, "known/"))
	return e.standard(name)
}

// standard finds an option of a filter: [Init] has it over [Definition].
func (e *expander) standard(name string) (section string, o *option) {
	if o = e.settings[initSection][name]; o != nil {
		return initSection, o
	}
	return definitionSection, e.settings.find(definitionSection, name)
}
