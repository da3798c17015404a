package filter

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"gaol/filter/jsonline"
)

// jsonRules are a filter's rules for JSON, compiled.
type jsonRules struct {
	fields *jsonline.Fields
	// rules accuse, successes let in; messages say where the text for the failregexes is.
	rules, successes, messages []*jsonRule
	// places are where services usually have the date, in order of preference.
	places *jsonline.Fields
}

// jsonRule is a compiled [JSON]. What it names are numbers of fields.
type jsonRule struct {
	when, unless                  []condition
	host, peer, user, id, at, msg []int
	trusted                       []netip.Prefix
	own                           bool // trusted is the rule's own
	names                         bool
	weight                        int
	// text is the rule for a person to see.
	text string
}

// condition is a compiled [Condition].
type condition struct {
	fields []int
	wants  []want
}

// want is what a field may be: what a pattern matches, or a number, or a word.
type want struct {
	pattern *pattern
	number  bool
	value   float64
	// text is the pattern, number or word as it is written.
	text string
}

// usualPlaces are where services have the date: zap and Caddy, logrus, Traefik and
// Authelia, structlog and Keycloak, Elastic's common schema, Grafana, MongoDB, and
// what people call nginx's variables.
var usualPlaces = []string{"ts", "time", "timestamp", "@timestamp", "t", "t.$date", "datetime", "date", "StartUTC",
	"time_iso8601", "time_local", "msec"}

// jsonCompiler compiles rules.
type jsonCompiler struct {
	*compiler
	names bool // see Options.Names
	paths []jsonline.Path
}

// json compiles the rules of spec, those for successes if they are asked for. It returns nil if there are
// none.
func (c *compiler) json(spec *Spec, names, success bool) *jsonRules {
	if !slices.ContainsFunc(spec.JSON, func(j JSON) bool { return success || !j.Success }) {
		return nil
	}
	jc := jsonCompiler{compiler: c, names: names}
	all := new(jsonRules)
	for i := range spec.JSON {
		j := &spec.JSON[i]
		what := fmt.Sprintf("json %d", i+1)
		if err := checkJSON(spec, j); err != nil {
			c.errs = append(c.errs, fmt.Errorf("%s: %w", what, err))
			continue
		}
		switch {
		case len(j.Message) > 0:
			all.messages = append(all.messages, jc.rule(what, spec, j))
		case !j.Success:
			all.rules = append(all.rules, jc.rule(what, spec, j))
		case success:
			all.successes = append(all.successes, jc.rule(what, spec, j))
		}
	}
	all.fields = jsonline.NewFields(jc.paths)
	all.places = jsonline.NewFields(mustPaths(usualPlaces))
	return all
}

func mustPaths(texts []string) []jsonline.Path {
	paths := make([]jsonline.Path, len(texts))
	for i, text := range texts {
		p, err := jsonline.ParsePath(text)
		if err != nil {
			panic(fmt.Sprintf("filter: path %q: %v", text, err))
		}
		paths[i] = p
	}
	return paths
}

// checkJSON finds what is missing in a rule, or contradicts itself.
func checkJSON(spec *Spec, j *JSON) error {
	switch {
	case len(j.Message) > 0 && len(j.Host)+len(j.User)+len(j.ID)+len(j.Peer) > 0:
		return errors.New("message and host, peer, user or id: with message, the failregexes say where these stand")
	case j.Success && (len(j.Message) > 0 || j.Weight > 0):
		return errors.New("success with message or weight: a success has no weight, and in a message successregex looks for it")
	case len(j.Message) > 0 && len(spec.Failregex) == 0:
		return errors.New("message without a failregex: add one for the text in that field")
	case len(j.Message) > 0:
		return nil
	case len(j.Host) == 0 && len(j.ID) == 0:
		return errors.New("names neither a host nor an id: say with host where the client's address stands")
	case len(j.When) == 0:
		return errors.New("every line would match: say with when which lines are failures")
	case j.Peer != "" && len(j.Host) == 0:
		return errors.New("peer without a host: say with host where the list of addresses stands")
	}
	return nil
}

func (c *jsonCompiler) rule(what string, spec *Spec, j *JSON) *jsonRule {
	r := &jsonRule{
		when:    c.conditions(what+" when", j.When),
		unless:  c.conditions(what+" unless", j.Unless),
		host:    c.fields(what+" host", j.Host),
		user:    c.fields(what+" user", j.User),
		id:      c.fields(what+" id", j.ID),
		at:      c.fields(what+" time", j.Time),
		msg:     c.fields(what+" message", j.Message),
		trusted: j.Trusted,
		names:   c.names,
		weight:  j.Weight,
	}
	if j.Peer != "" {
		r.peer = c.fields(what+" peer", []string{j.Peer})
	}
	if r.own = j.Trusted != nil; !r.own {
		r.trusted = spec.Trusted
	}
	r.text = j.String()
	return r
}

// fields are the numbers of paths.
func (c *jsonCompiler) fields(what string, paths []string) []int {
	var fields []int
	for _, path := range paths {
		if field := c.field(what, path); field >= 0 {
			fields = append(fields, field)
		}
	}
	return fields
}

// field is the number of a path, -1 if it is none.
func (c *jsonCompiler) field(what, path string) int {
	p, err := jsonline.ParsePath(path)
	if err != nil {
		c.errs = append(c.errs, problem(what, path, err))
		return -1
	}
	if i := slices.IndexFunc(c.paths, func(known jsonline.Path) bool { return known.String() == path }); i >= 0 {
		return i
	}
	c.paths = append(c.paths, p)
	return len(c.paths) - 1
}

func (c *jsonCompiler) conditions(what string, conditions []Condition) []condition {
	var all []condition
	for _, cond := range conditions {
		one := condition{fields: c.fields(what, append([]string{cond.Path}, cond.Or...))}
		if len(cond.Values) == 0 {
			c.errs = append(c.errs, problem(what, cond.Path, errors.New("nothing that it may be: give a pattern, a number, true or false")))
		}
		for _, value := range cond.Values {
			w, err := newWant(value)
			if err != nil {
				c.errs = append(c.errs, problem(what+" "+cond.Path, fmt.Sprint(value), err))
			}
			one.wants = append(one.wants, w)
		}
		all = append(all, one)
	}
	return all
}

func newWant(value any) (want, error) {
	switch v := value.(type) {
	case string:
		p, err := compilePattern(v, dialect{})
		if err == nil && len(p.groups) > 0 {
			err = errors.New("a condition captures nothing: say with host, user or id where these stand")
		}
		return want{pattern: p, text: v}, err
	case int64:
		return want{number: true, value: float64(v), text: strconv.FormatInt(v, 10)}, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return want{}, errors.New("not a number that JSON has")
		}
		return want{number: true, value: v, text: strconv.FormatFloat(v, 'g', -1, 64)}, nil
	case bool:
		return want{text: strconv.FormatBool(v)}, nil
	}
	return want{}, fmt.Errorf("a %T: give a pattern, a number, true or false", value)
}

// String says in one line what the rule looks for.
func (j JSON) String() string {
	var b strings.Builder
	b.WriteString("json")
	for _, cond := range j.When {
		b.WriteString(" " + cond.String())
	}
	for _, cond := range j.Unless {
		b.WriteString(" unless " + cond.String())
	}
	for _, part := range []struct {
		name  string
		paths []string
	}{{"host", j.Host}, {"id", j.ID}, {"message", j.Message}} {
		if len(part.paths) > 0 {
			b.WriteString(" " + part.name + "=" + strings.Join(part.paths, ","))
		}
	}
	return b.String()
}

// String writes the condition in one word, as status=401|403.
func (c Condition) String() string {
	var values []string
	for _, value := range c.Values {
		if text, ok := value.(string); ok {
			values = append(values, "'"+text+"'")
		} else {
			values = append(values, fmt.Sprint(value))
		}
	}
	return strings.Join(append([]string{c.Path}, c.Or...), ",") + "=" + strings.Join(values, "|")
}
