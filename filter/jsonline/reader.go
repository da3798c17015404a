package jsonline

import "unsafe"

// Reader reads lines. It remembers what it found in the last one, and nothing
// else; use it from one goroutine at a time.
type Reader struct {
	fields *Fields
	scanner
	found [][]Value // by field
	// seen holds, by node, the number of the object that has had the node's key.
	seen    []uint32
	objects uint32
	twice   *node
	key     []byte // a key whose escapes were resolved
	texts   []byte // values whose escapes were resolved
}

// Kind is what a value is.
type Kind uint8

const (
	// String is a text.
	String Kind = iota
	// Number is a number.
	Number
	// Bool is true or false.
	Bool
	// Null is null.
	Null
	// Container is an object, or an array in an array.
	Container
)

// Value is what stands at a path.
type Value struct {
	Kind Kind
	// Raw is the value as it stands in the line, whose memory it shares; of a
	// text, what is between the quotation marks; "" for a container.
	Raw string
	// Text is Raw without the escapes of a text. Bytes that are not UTF-8, and
	// halves of surrogate pairs, are U+FFFD in it, as in package encoding/json. It holds
	// until the next line is read.
	Text string
}

// NewReader returns a reader for fields.
func NewReader(fields *Fields) *Reader {
	return &Reader{fields: fields, found: make([][]Value, len(fields.paths)), seen: make([]uint32, fields.nodes)}
}

// Fault is what is wrong with a line.
type Fault uint8

const (
	// Fine: nothing is.
	Fine Fault = iota
	// NoObject: the line does not begin with an object.
	NoObject
	// Broken: the object is not valid JSON.
	Broken
	// Trailing: something follows the object.
	Trailing
	// TooDeep: more than MaxDepth objects and arrays stand in one another.
	TooDeep
	// Twice: a wanted field, or an object around one, stands twice in the line.
	Twice
)

// MaxDepth is how many objects and arrays may stand in one another, the line's
// own object among them.
const MaxDepth = 64

// Read reads a line. If there is a fault, no field has a value.
func (r *Reader) Read(line string) Fault {
	r.Reset()
	clear(r.seen)
	r.objects, r.twice = 0, nil
	r.text, r.fault = line, Fine
	i := r.blanks(0)
	if i == len(line) || line[i] != '{' {
		return NoObject
	}
	end := r.object(i, 1, r.fields.root)
	switch {
	case end < 0:
	case r.blanks(end) < len(line):
		r.fault = Trailing
	case r.twice != nil:
		r.fault = Twice
	}
	if r.fault != Fine {
		r.Reset()
	}
	return r.fault
}

// Reset forgets the last line's values, and so keeps no line's memory alive. What one
// line needed much of is given back: it may be the only one.
func (r *Reader) Reset() {
	const (
		manyValues = 64
		muchText   = 4 << 10
	)
	for i := range r.found {
		clear(r.found[i])
		r.found[i] = r.found[i][:0]
		if cap(r.found[i]) > manyValues {
			r.found[i] = nil
		}
	}
	r.text, r.key, r.texts = "", r.key[:0], r.texts[:0]
	if cap(r.key)+cap(r.texts) > muchText {
		r.key, r.texts = nil, nil
	}
}

// Values returns what the last line has at a field's path, in the line's order,
// none if there is nothing. It holds until the next line is read.
func (r *Reader) Values(field int) []Value { return r.found[field] }

// Repeated is, after Twice, the path of a field that is concerned.
func (r *Reader) Repeated() Path {
	n := r.twice
	for n != nil && len(n.fields) == 0 {
		switch {
		case len(n.members) > 0:
			n = n.members[0].node
		case len(n.elements) > 0:
			n = n.elements[0].node
		default:
			n = n.others
		}
	}
	if n == nil {
		return Path{}
	}
	return r.fields.paths[n.fields[0]]
}

func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// object reads the object at text[i:], the depth-th one down, of which fields
// are wanted. It returns its end, -1 if there is a fault.
func (r *Reader) object(i, depth int, n *node) int {
	if depth > MaxDepth {
		return r.fail(TooDeep)
	}
	r.objects++
	this := r.objects
	i = r.blanks(i + 1)
	if r.at(i) == '}' {
		return i + 1
	}
	for {
		start := i
		end, kind := r.str(i)
		if end < 0 {
			return -1
		}
		if i = r.colon(end); i < 0 {
			return -1
		}
		if wanted := n.member(r.keyText(start, end, kind)); wanted == nil {
			i = r.skip(i, depth)
		} else {
			if r.seen[wanted.number] == this {
				r.twice = wanted
			}
			r.seen[wanted.number] = this
			i = r.value(i, depth, wanted)
		}
		if i < 0 {
			return -1
		}
		switch i = r.blanks(i); r.at(i) {
		case ',':
			i = r.blanks(i + 1)
		case '}':
			return i + 1
		default:
			return r.fail(Broken)
		}
	}
}

// keyText is the key in text[start:end], with its quotation marks.
func (r *Reader) keyText(start, end int, kind stringKind) string {
	raw := r.text[start+1 : end-1]
	if !needsWork(raw, kind) {
		return raw
	}
	r.key = appendText(r.key[:0], raw)
	return view(r.key)
}

// value reads the value at text[i:], within depth others.
func (r *Reader) value(i, depth int, n *node) int {
	switch r.at(i) {
	case '{':
		r.record(n, Value{Kind: Container})
		return r.object(i, depth+1, n)
	case '[':
		return r.array(i, depth+1, n)
	}
	v, end := r.scalar(i)
	if end >= 0 {
		r.record(n, v)
	}
	return end
}

// array reads the array at text[i:], the depth-th one down.
func (r *Reader) array(i, depth int, n *node) int {
	if depth > MaxDepth {
		return r.fail(TooDeep)
	}
	i = r.blanks(i + 1)
	if r.at(i) == ']' {
		return i + 1
	}
	for index := 0; ; index++ {
		if i = r.member(i, depth, n, n.element(index)); i < 0 {
			return -1
		}
		switch i = r.blanks(i); r.at(i) {
		case ',':
			i = r.blanks(i + 1)
		case ']':
			return i + 1
		default:
			return r.fail(Broken)
		}
	}
}

// member reads an element of n's array. It is a value of n itself, and of wanted if
// that isn't nil.
func (r *Reader) member(i, depth int, n, wanted *node) int {
	if c := r.at(i); c == '{' || c == '[' {
		r.record(n, Value{Kind: Container})
		if wanted == nil {
			return r.skip(i, depth)
		}
		return r.value(i, depth, wanted)
	}
	v, end := r.scalar(i)
	if end < 0 {
		return -1
	}
	r.record(n, v)
	if wanted != nil {
		r.record(wanted, v)
	}
	return end
}

func (r *Reader) record(n *node, v Value) {
	for _, field := range n.fields {
		r.found[field] = append(r.found[field], v)
	}
}

// scalar reads a value that is neither object nor array.
func (r *Reader) scalar(i int) (v Value, end int) {
	switch r.at(i) {
	case '"':
		end, kind := r.str(i)
		if end < 0 {
			return v, -1
		}
		raw := r.text[i+1 : end-1]
		return Value{Kind: String, Raw: raw, Text: r.resolve(raw, kind)}, end
	case 't', 'f':
		v.Kind = Bool
	case 'n':
		v.Kind = Null
	default:
		v.Kind = Number
	}
	if end = r.word(i); end >= 0 {
		v.Raw = r.text[i:end]
		v.Text = v.Raw
	}
	return v, end
}

// resolve is the text of a string, of which raw is the inside.
func (r *Reader) resolve(raw string, kind stringKind) string {
	if !needsWork(raw, kind) {
		return raw
	}
	start := len(r.texts)
	r.texts = appendText(r.texts, raw)
	return view(r.texts[start:])
}
