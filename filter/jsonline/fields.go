package jsonline

import "slices"

// Fields are the places that somebody wants to know of. They hold no state.
type Fields struct {
	root  *node
	nodes int
	paths []Path
}

// node is a value on the way to fields, or one of them.
type node struct {
	number int
	// fields are those that stand here, by their number.
	fields   []int
	members  []member  // if this is an object
	elements []element // if this is an array
	others   *node     // elements that elements doesn't have; nil: not wanted
}

type member struct {
	key  string
	node *node
}

type element struct {
	index int
	node  *node
}

// NewFields makes a set of paths. A field's number is its path's index.
func NewFields(paths []Path) *Fields {
	f := &Fields{paths: paths}
	all := make([]way, len(paths))
	for i, p := range paths {
		all[i] = way{i, p.steps}
	}
	f.root = f.build(all)
	return f
}

// Path is the path of a field.
func (f *Fields) Path(field int) Path { return f.paths[field] }

// way is what is left of a field's path.
type way struct {
	field int
	steps []step
}

// build makes the node from which ways go on. An element that is meant by its
// number and by [*] has a node for both, so that nothing is read twice.
func (f *Fields) build(ways []way) *node {
	n := &node{number: f.nodes}
	f.nodes++
	var anywhere []way
	members, elements := map[string][]way{}, map[int][]way{}
	var keys []string
	var indices []int
	for _, w := range ways {
		if len(w.steps) == 0 {
			n.fields = append(n.fields, w.field)
			continue
		}
		next := way{w.field, w.steps[1:]}
		switch s := w.steps[0]; s.kind {
		case toKey:
			if members[s.key] == nil {
				keys = append(keys, s.key)
			}
			members[s.key] = append(members[s.key], next)
		case toIndex:
			if elements[s.index] == nil {
				indices = append(indices, s.index)
			}
			elements[s.index] = append(elements[s.index], next)
		case toAny:
			anywhere = append(anywhere, next)
		}
	}
	for _, key := range keys {
		n.members = append(n.members, member{key, f.build(members[key])})
	}
	for _, index := range indices {
		n.elements = append(n.elements, element{index, f.build(slices.Concat(elements[index], anywhere))})
	}
	if len(anywhere) > 0 {
		n.others = f.build(anywhere)
	}
	return n
}

// member is the node of a key, nil if it is not wanted.
func (n *node) member(key string) *node {
	for i := range n.members {
		if n.members[i].key == key {
			return n.members[i].node
		}
	}
	return nil
}

// element is the node of an element, nil if it is not wanted.
func (n *node) element(index int) *node {
	for _, e := range n.elements {
		if e.index == index {
			return e.node
		}
	}
	return n.others
}
