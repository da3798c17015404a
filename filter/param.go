package filter

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
)

// Param is a parameter of a filter. Its patterns say <NAME> for its value, and so do the paths of its
// rules for JSON.
type Param struct {
	// Default is the value where nobody gives another one (see [Params]).
	Default []any
	// Doc says what it is for, for people.
	Doc string
}

// Params are values of parameters by their names. A value is one or several texts (string) and whole
// numbers (int64) from 0 on.
//
// In a pattern, it stands for a group that captures nothing: a number for its digits, a text for the pattern in RE2
// syntax that it is, several for any one of them. In a path it is text; where several paths may
// stand, several values make several paths, and a condition holds if it does of one of them.
type Params map[string][]any

// ParamName is what a parameter may be called. No tag looks like that.
var ParamName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// paramTag is a parameter at the start of a text.
var paramTag = regexp.MustCompile(`^<([a-z][a-z0-9_-]{0,31})>`)

// CheckParam says what is wrong with a single value of a parameter.
//
// A text must be a pattern by itself, without tags and named groups. It stands within a pattern, so it cannot be tied to the
// ends of what that sees.
func CheckParam(value any) error {
	switch v := value.(type) {
	case int64:
		if v < 0 {
			return errors.New("a number below 0")
		}
		return nil
	case string:
		return checkParamText(v)
	}
	return fmt.Errorf("a %T: give a text or a whole number", value)
}

func checkParamText(text string) error {
	p, err := compilePattern(text, dialect{})
	if err != nil {
		return err
	}
	if len(p.groups) > 0 {
		return errors.New("a tag or a named group in a parameter: write (?:…), and capture in the filter's patterns")
	}
	if endsAsked(p.syntax) {
		return errors.New("^ or $ in a parameter, which stands within a pattern: leave it out")
	}
	_, err = compilePattern(inGroup(text), dialect{}) // \Q may reach beyond its end
	return err
}

// endsAsked says whether an expression asks for the ends of a text or line.
func endsAsked(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText:
		return true
	}
	return slices.ContainsFunc(re.Sub, endsAsked)
}

func inGroup(text string) string { return "(?:" + text + ")" }

// withParams returns spec with values in place of its parameters: those given, else the defaults.
func withParams(spec Spec, given Params) (Spec, error) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, ok := spec.Params[name]; !ok {
			return Spec{}, fmt.Errorf("parameter %q is not known: the filter has %s", name, orNone(slices.Sorted(maps.Keys(spec.Params))))
		}
	}
	if len(spec.Params) == 0 {
		return spec, nil
	}
	values := Params{}
	for _, name := range slices.Sorted(maps.Keys(spec.Params)) {
		value, ok := given[name]
		if !ok {
			value = spec.Params[name].Default
		}
		if err := checkValue(value); err != nil {
			return Spec{}, fmt.Errorf("parameter %s: %w", name, err)
		}
		values[name] = value
	}
	e := expansion{values: values}
	for _, patterns := range []*[]string{&spec.Failregex, &spec.Ignoreregex, &spec.Successregex, &spec.Unless, &spec.Alive} {
		*patterns = e.patterns(*patterns)
	}
	spec.Prefregex = e.pattern(spec.Prefregex)
	spec.JSON = e.rules(spec.JSON)
	modes := maps.Clone(spec.Modes)
	for name, mode := range modes {
		mode.Failregex, mode.Ignoreregex, mode.Unless = e.patterns(mode.Failregex), e.patterns(mode.Ignoreregex), e.patterns(mode.Unless)
		mode.JSON = e.rules(mode.JSON)
		modes[name] = mode
	}
	spec.Modes = modes
	return spec, errors.Join(e.errs...)
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func checkValue(value []any) error {
	if len(value) == 0 {
		return errors.New("no value: give a text, a number, or a list of these")
	}
	for _, v := range value {
		if err := CheckParam(v); err != nil {
			return err
		}
	}
	return nil
}

// expansion puts values in the place of parameters.
type expansion struct {
	values Params
	errs   []error
}

func (e *expansion) patterns(texts []string) []string {
	expanded := make([]string, len(texts))
	for i, text := range texts {
		expanded[i] = e.pattern(text)
	}
	return expanded
}

// pattern expands a pattern. Text that is escaped, quoted or the name of a group is no parameter.
func (e *expansion) pattern(src string) string {
	if !strings.Contains(src, "<") {
		return src
	}
	var out strings.Builder
	for rest := src; rest != ""; {
		n := 1
		switch rest[0] {
		case '\\':
			if n = min(2, len(rest)); strings.HasPrefix(rest, `\Q`) {
				n = quoted(rest)
			}
		case '[':
			n = classLength(rest)
			e.refuseClass(src, rest[:n])
		case '(':
			n = max(1, len(groupOpening.FindString(rest)))
		case '<':
			m := paramTag.FindStringSubmatch(rest)
			if m == nil || e.values[m[1]] == nil {
				break
			}
			out.WriteString(alternatives(e.values[m[1]]))
			rest = rest[len(m[0]):]
			continue
		}
		out.WriteString(rest[:n])
		rest = rest[n:]
	}
	return out.String()
}

func (e *expansion) refuseClass(pattern, class string) {
	for name := range e.values {
		if tag := "<" + name + ">"; strings.Contains(class, tag) {
			e.errs = append(e.errs, problem("pattern", pattern, tagInClass(tag, class)))
		}
	}
}

// alternatives is the group that a value stands for.
func alternatives(value []any) string {
	texts := make([]string, len(value))
	for i, v := range value {
		texts[i] = paramText(v)
		if _, ok := v.(string); ok && len(value) > 1 {
			texts[i] = inGroup(texts[i]) // flags in it are for it alone
		}
	}
	return inGroup(strings.Join(texts, "|"))
}

func paramText(v any) string {
	if n, ok := v.(int64); ok {
		return strconv.FormatInt(n, 10)
	}
	return v.(string) // CheckParam knows no other
}

func (e *expansion) rules(rules []JSON) []JSON {
	rules = slices.Clone(rules)
	for i := range rules {
		r := &rules[i]
		r.When, r.Unless = e.conditions(r.When), e.conditions(r.Unless)
		for _, paths := range []*[]string{&r.Host, &r.User, &r.ID, &r.Time, &r.Message} {
			*paths = e.paths(*paths)
		}
		switch peers := e.path(r.Peer); {
		case len(peers) == 1:
			r.Peer = peers[0]
		default:
			e.errs = append(e.errs, fmt.Errorf("peer %q: several paths, where one can be: give the parameter one value", r.Peer))
		}
	}
	return rules
}

func (e *expansion) conditions(conditions []Condition) []Condition {
	conditions = slices.Clone(conditions)
	for i := range conditions {
		c := &conditions[i]
		paths := e.path(c.Path)
		c.Path, c.Or = paths[0], append(paths[1:], e.paths(c.Or)...)
		c.Values = slices.Clone(c.Values)
		for k, value := range c.Values {
			if text, ok := value.(string); ok {
				c.Values[k] = e.pattern(text)
			}
		}
	}
	return conditions
}

// paths expands each of a list of paths.
func (e *expansion) paths(texts []string) []string {
	var expanded []string
	for _, text := range texts {
		expanded = append(expanded, e.path(text)...)
	}
	return expanded
}

// path expands the parameters in a path. There is one path for each of the values, and at least one.
func (e *expansion) path(src string) []string {
	all := []string{""}
	for rest := src; rest != ""; {
		end := strings.IndexByte(rest[1:], '<') + 1
		if end == 0 {
			end = len(rest)
		}
		values := []any{rest[:end]}
		if m := paramTag.FindStringSubmatch(rest); m != nil && e.values[m[1]] != nil {
			values, end = e.values[m[1]], len(m[0])
		}
		var longer []string
		for _, start := range all {
			for _, v := range values {
				longer = append(longer, start+paramText(v))
			}
		}
		if len(longer) > maxPaths {
			e.errs = append(e.errs, fmt.Errorf("path %q: more than %d paths: give its parameters fewer values", src, maxPaths))
			return all[:1]
		}
		all, rest = longer, rest[end:]
	}
	return all
}

// maxPaths bounds how many paths one may stand for, as several lists multiply.
const maxPaths = 100
