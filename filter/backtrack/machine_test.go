package backtrack_test

import (
	"regexp/syntax"
	"strings"
	"testing"

	"gaol/filter/backtrack"
)

// A pattern that explodes ends after a bounded number of steps, as no match; one that is no
// more than clumsy matches however long the text is.
func TestSteps(t *testing.T) {
	const size = 64 << 10
	backref := func(group int) backtrack.Marks {
		return backtrack.Marks{group: {Kind: backtrack.Backref, Group: 1}}
	}
	for _, tt := range []struct {
		name, marked      string
		marks             backtrack.Marks
		text              string
		matched, exceeded bool
	}{
		{"loops in loops, with a reference", `^(?P<g>a+)+(?P<x>a)$`, backref(2), strings.Repeat("a", size) + "b", false, true},
		{"the same on a short line", `^(?P<g>a+)+(?P<x>a)$`, backref(2), strings.Repeat("a", 40) + "b", false, true},
		{"a reference to half of the text", `^(?P<g>a+)(?P<x>a)$`, backref(2), strings.Repeat("a", size+1), false, true},
		{"the same that can be", `^(?P<g>a+)(?P<x>a)$`, backref(2), strings.Repeat("a", 64), true, false},
		{"a class of nothing", `^a(?P<x>[^\x00-\x{10FFFF}])b`, backtrack.Marks{1: {Kind: backtrack.NotAhead}}, "ab", true, false},
		{"loops in loops, remembered", `^(?:(?:a+)+)+(?P<x>b)c$`, backtrack.Marks{1: {Kind: backtrack.NotAhead}}, strings.Repeat("a", size) + "c", true, false},
		{"loops in loops, in vain", `^(?:(?:a+)+)+(?P<x>b)c$`, backtrack.Marks{1: {Kind: backtrack.NotAhead}}, strings.Repeat("a", size), false, false},
		{"a loop round nothing, with a reference", `^(?:(?P<g>a*)(?P<x>a))*$`, backref(2), "aaab", false, false},
		{"a look in each place, to the end", `(?P<x>.*z)b`, backtrack.Marks{1: {Kind: backtrack.Ahead}}, strings.Repeat("a", size), false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			re, err := syntax.Parse(tt.marked, syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			p, err := backtrack.Compile(re, tt.marks)
			if err != nil {
				t.Fatal(err)
			}
			var m backtrack.Machine
			for range 2 { // the second time with memory of the first
				matched, exceeded := p.Find(tt.text, make([]int, p.Size()), &m)
				if matched != tt.matched || exceeded != tt.exceeded {
					t.Errorf("matched %v, exceeded %v, want %v, %v", matched, exceeded, tt.matched, tt.exceeded)
				}
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	for _, tt := range []struct {
		name, marked string
		kind         backtrack.Kind
		want         string
	}{
		{"several lengths behind", `(?P<x>a|bc)d`, backtrack.Behind, "several lengths"},
		{"a loop behind", `(?P<x>a*)d`, backtrack.NotBehind, "several lengths"},
		{"too large", `(?P<x>abcdefghij){1000}`, backtrack.Atomic, "parts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			re, err := syntax.Parse(tt.marked, syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			_, err = backtrack.Compile(re, backtrack.Marks{1: {Kind: tt.kind}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

// Offsets are bytes, and text that is not UTF-8 is text like any other.
func TestUnicode(t *testing.T) {
	for _, tt := range []struct {
		name, marked string
		marks        backtrack.Marks
		text         string
		begin        int
	}{
		{"behind a character of two bytes", `(?P<x>ü)b`, backtrack.Marks{1: {Kind: backtrack.Behind}}, "bübü", 3},
		{"behind bytes that are no text", `(?P<x>\xFF.)b`, backtrack.Marks{1: {Kind: backtrack.NotBehind}}, "\xff\xe2b b", 2},
		{"a reference, case aside", `(?i)(?P<g>ß|ü)-(?P<x>a)`, backtrack.Marks{2: {Kind: backtrack.Backref, Group: 1}}, "x ü-Ü", 2},
		{"a reference with its case", `(?P<g>ß|ü)-(?P<x>a)`, backtrack.Marks{2: {Kind: backtrack.Backref, Group: 1}}, "ü-Ü ü-ü", 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			re, err := syntax.Parse(tt.marked, syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			p, err := backtrack.Compile(re, tt.marks)
			if err != nil {
				t.Fatal(err)
			}
			at := make([]int, p.Size())
			if ok, _ := p.Find(tt.text, at, new(backtrack.Machine)); !ok || at[0] != tt.begin {
				t.Errorf("%v at %v, want %d", ok, at, tt.begin)
			}
		})
	}
}

func BenchmarkSteps(b *testing.B) {
	re, _ := syntax.Parse(`^(?P<g>a+)+(?P<x>a)$`, syntax.Perl)
	p, _ := backtrack.Compile(re, backtrack.Marks{2: {Kind: backtrack.Backref, Group: 1}})
	text := strings.Repeat("a", 64<<10) + "b"
	var m backtrack.Machine
	at := make([]int, p.Size())
	for b.Loop() {
		p.Find(text, at, &m)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/float64(backtrack.MaxSteps(len(text))), "ns/step")
}
