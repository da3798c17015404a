package fail2ban

import (
	"regexp"
	"strings"
)

// leftOver warns of options that nothing uses: they were misspelt, or are not for filters. Names that begin with _ are
// those of an author's own parts.
func (m *maker) leftOver(arguments []Argument) {
	used := m.references()
	for _, section := range []string{definitionSection, initSection} {
		for _, o := range m.expander.settings.all(section) {
			switch {
			case strings.Contains(o.name, "?family="):
				m.ignored(section, o, "a filter has no families of addresses")
			case !strings.HasPrefix(o.name, "_") && !used.has(o.name):
				m.ignored(section, o, "fail2ban knows no such option of a filter, and no other option names it")
			}
		}
	}
	for _, a := range arguments {
		if !used.has(a.Name) {
			p := place{m.path, 0}.problem("the argument changes nothing", "no option names it")
			p.Option = a.Name
			m.warn(p)
		}
	}
}

// ignored warns of an option.
func (m *maker) ignored(section string, o *option, why string) {
	p := o.problem("it is left out", why)
	p.Section, p.Option = section, o.name
	m.warn(p)
}

// references are the names by which options are named.
type references struct {
	names map[string]bool
	// prefixes begin names that are put together, as re- in <re-<mode>>.
	prefixes map[string]bool
}

var (
	wholeName = regexp.MustCompile(`%\((?:[^()/]*/)?([^()]+)\)s|<(?:[^<>/\s]*/)?([^<>\s]+)>`)
	nameStart = regexp.MustCompile(`<(?:[^<>/\s]*/)?([^<>\s]*)<`)
)

// references finds all of them, in whatever option: those that were not looked up for one value of another are
// used as well.
func (m *maker) references() references {
	r := references{map[string]bool{"logtype": true}, map[string]bool{}}
	for _, one := range m.standard() {
		r.names[one.name] = true
	}
	for section := range m.expander.settings {
		for _, o := range m.expander.settings.all(section) {
			for ; o != nil; o = o.before {
				r.add(o.value())
			}
		}
	}
	for _, value := range m.expander.arguments {
		r.add(value)
	}
	return r
}

func (r references) add(value string) {
	for _, match := range wholeName.FindAllStringSubmatch(value, -1) {
		r.names[strings.ToLower(match[1]+match[2])] = true
	}
	for _, match := range nameStart.FindAllStringSubmatch(value, -1) {
		r.prefixes[strings.ToLower(match[1])] = true
	}
}

// has says whether an option may be named.
func (r references) has(name string) bool {
	if r.names[name] {
		return true
	}
	for i := range len(name) {
		if r.prefixes[name[:i]] {
			return true
		}
	}
	return false
}
