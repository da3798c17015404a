package jail

import (
	"strings"
	"unicode/utf8"

	"gaol/filter"
)

const (
	// maxLineSize and maxUserSize cut what is kept of a line and of a user name.
	maxLineSize = 1 << 10
	maxUserSize = 1 << 8
	// maxEvidence bounds what a jail keeps in memory of lines, in bytes.
	maxEvidence = 8 << 20
	// proofSize is what a proof costs besides its text.
	proofSize = 40
)

// proof is what is kept of a failure's lines: the lines, then the user. The pattern is the
// filter's, which has it for all.
type proof struct {
	text     string
	pattern  string
	lineSize uint32
}

func (p proof) line() string { return p.text[:p.lineSize] }
func (p proof) user() string { return p.text[p.lineSize:] }

// newProof copies what is worth keeping of f. Lines may be parts of a whole block that was
// read, so nothing of them may be kept as it is.
func newProof(f filter.Failure, maxLines int) proof {
	lines := f.Lines[max(0, len(f.Lines)-maxLines):]
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(cut(line, maxLineSize))
	}
	size := uint32(b.Len())
	b.WriteString(cut(f.User, maxUserSize))
	return proof{b.String(), f.Failregex, size}
}

// cut shortens s to at most size bytes, without splitting a character.
func cut(s string, size int) string {
	if len(s) <= size {
		return s
	}
	for back := 0; back < utf8.UTFMax && size > back; back++ {
		if utf8.RuneStart(s[size-back]) {
			return s[:size-back]
		}
	}
	return s[:size]
}

// evidence keeps the proofs of all hosts, in the order in which they came, within
// maxEvidence bytes: the oldest leave first. They are known by numbers, so that whoever
// holds one that has left gets an empty proof.
type evidence struct {
	proofs []proof // a ring
	first  uint32  // number of the oldest
	head   int     // where the oldest stands
	count  int
	size   int
}

// add keeps p and gives it a number. Numbers wrap around; 0, which is no proof to those who
// hold it, comes once in four thousand million.
func (e *evidence) add(p proof) uint32 {
	if e.proofs == nil {
		e.first = 1
	}
	e.size += len(p.text) + proofSize
	for e.count > 0 && e.size > maxEvidence {
		e.dropOldest()
	}
	if e.count == len(e.proofs) {
		e.grow()
	}
	e.proofs[(e.head+e.count)%len(e.proofs)] = p
	e.count++
	return e.first + uint32(e.count) - 1
}

func (e *evidence) get(number uint32) proof {
	if p := e.find(number); p != nil {
		return *p
	}
	return proof{}
}

// release frees the text of a proof that is needed no more; its place in the ring
// is freed when it is the oldest.
func (e *evidence) release(number uint32) {
	p := e.find(number)
	if p == nil {
		return
	}
	e.size -= len(p.text)
	*p = proof{}
	for e.count > 0 && e.proofs[e.head].text == "" {
		e.dropOldest()
	}
}

func (e *evidence) find(number uint32) *proof {
	if number == 0 || number-e.first >= uint32(e.count) {
		return nil
	}
	return &e.proofs[(e.head+int(number-e.first))%len(e.proofs)]
}

func (e *evidence) dropOldest() {
	e.size -= len(e.proofs[e.head].text) + proofSize
	e.proofs[e.head] = proof{}
	e.head = (e.head + 1) % len(e.proofs)
	e.count--
	e.first++
}

func (e *evidence) grow() {
	larger := make([]proof, max(16, 2*len(e.proofs)))
	n := copy(larger, e.proofs[e.head:])
	copy(larger[n:], e.proofs[:e.head])
	e.proofs, e.head = larger, 0
}
