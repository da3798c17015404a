package fail2ban

import (
	"maps"
	"slices"
	"strings"
)

// settings are the options of all files together: by section and name, the last file's over those of the
// others.
type settings map[string]map[string]*option

// add lays a section of one more file over what there is. The options of [Init?family=inet6] are
// those of [Init], under names that end in "?family=inet6".
func (s settings) add(sec *section) {
	name, condition, conditional := strings.Cut(sec.name, "?")
	if s[name] == nil {
		s[name] = map[string]*option{}
	}
	for _, o := range sec.options {
		if conditional {
			o.name += "?" + condition
		}
		o.before = s[name][o.name]
		s[name][o.name] = o
	}
}

// find returns an option of a section, or of those that all inherit; nil if there is none.
func (s settings) find(section, name string) *option {
	if o := s[section][name]; o != nil {
		return o
	}
	return s[defaultSection][name]
}

// all are a section's own options, in the order of their names.
func (s settings) all(section string) []*option {
	var all []*option
	for _, name := range slices.Sorted(maps.Keys(s[section])) {
		all = append(all, s[section][name])
	}
	return all
}

// known is what an option of that name was before the last file changed it, or where that is o, before the file
// that o is in did; nil if there was none. What all sections inherit was there before their own.
func (s settings) known(section, name string, o *option) *option {
	last := o
	if o.name != name {
		last = s[section][name]
	}
	if last != nil && last.before != nil {
		return last.before
	}
	if inherited := s[defaultSection][name]; inherited != last {
		return inherited
	}
	return nil
}
