package jail

import (
	"math/rand/v2"
	"strings"
	"testing"

	"gaol/filter"
)

func TestEvidenceStaysWithinItsBound(t *testing.T) {
	var e evidence
	line := strings.Repeat("x", 2*maxLineSize)
	first := e.add(newProof(filter.Failure{Lines: []string{line}}, 1))
	var last uint32
	for range 2 * maxEvidence / maxLineSize {
		last = e.add(newProof(filter.Failure{Lines: []string{line}, User: "root"}, 1))
		if e.size > maxEvidence {
			t.Fatalf("got %d bytes, want at most %d", e.size, maxEvidence)
		}
	}
	if p := e.get(first); p.text != "" {
		t.Error("the oldest is still there")
	}
	if p := e.get(last); p.line() != line[:maxLineSize] || p.user() != "root" {
		t.Error("the newest is not what was added")
	}
}

func TestEvidenceKeepsWhatIsNotReleased(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var e evidence
	kept := make(map[uint32]string)
	for n := range 20_000 {
		text := string(rune('a' + n%26))
		kept[e.add(proof{text: text, lineSize: 1})] = text
		if len(kept) <= 100 && rnd.IntN(3) > 0 {
			continue
		}
		for number, text := range kept {
			if e.get(number).line() != text {
				t.Fatalf("number %d: got %q, want %q", number, e.get(number).line(), text)
			}
			e.release(number)
			delete(kept, number)
			break
		}
	}
	for number := range kept {
		e.release(number)
	}
	if e.size != 0 || e.count != 0 {
		t.Errorf("got %d proofs of %d bytes, want none", e.count, e.size)
	}
}
