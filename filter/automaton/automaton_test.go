package automaton_test

import (
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"testing"

	"gaol/filter/automaton"
)

// patterns and texts are tried each with each, and are the fuzz target's seeds.
var (
	patterns = []string{
		``, `a`, `^a*$`, `a|ab`, `(a|ab)(c|bcd)(d*)`, `(a*)*`, `(a|b)*?b`, `(?:(a)|b)*`, `^(?P<u>.*) from (\S+)$`,
		`\bfoo\b`, `\Bo`, `^$`, `(?m)^b$`, `(?m)$`, `(?s).$`, `.$`, `(?i)straße|k`, `[^\x00-\x{10FFFF}]`, `x*`, `(|a)+`, `(a?)*?$`,
		`^(?:b|ab)+(.*)$`, `(\d+)\.(\d+)`, `é+`, `[à-ü]`, `\x{FFFD}`, `(?:^|-)(a)`, `(?:a|\b)*c`, `(a{2,3}){2}`, `^Failed (?:x )?for (.*) from ([0-9.]+) port \d+(?: ssh2)?$`,
		`(?U)a+`, `a$|b`, `(?:(?:^)*a)*`, `(\b|x)*y`, `(){0}`, `(a){0}b(c)`,
	}
	texts = []string{
		"", "a", "ab", "abcd", "aaa", "baab", "foo", " foo bar", "fool", "a\nb\nc", "\n", "STRASSE straße K", "\u212a", "é", "éé à",
		"\xff", "a\xc3", "\xe2\x82", "1.2.3", "-a", "aaaaaa", "x y c", "Failed for root from x from 192.0.2.1 port 22 ssh2", "é from 1", "�",
		"Failed x for \xff from 192.0.2.1 port 22",
	}
)

func TestSameAsRegexp(t *testing.T) {
	for _, pattern := range patterns {
		a, re := compile(t, pattern)
		for _, text := range texts {
			compare(t, a, re, text)
		}
	}
}

// TestSameOnMadeTexts tries texts of pieces that the patterns are made of.
func TestSameOnMadeTexts(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "b", "ab", "c", "x", " ", "\n", "é", "\xff", "foo", "1", ".", " from ", "Failed ", "for ", " port ", "192.0.2.1", "d", "-"}
	for _, pattern := range patterns {
		a, re := compile(t, pattern)
		for range 300 {
			var text strings.Builder
			for range random.IntN(12) {
				text.WriteString(pieces[random.IntN(len(pieces))])
			}
			compare(t, a, re, text.String())
		}
	}
}

func FuzzSameAsRegexp(f *testing.F) {
	for i, pattern := range patterns {
		f.Add(pattern, texts[i%len(texts)])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 100 || len(text) > 300 {
			t.Skip()
		}
		parsed, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			t.Skip()
		}
		re, err := regexp.Compile(pattern)
		if err != nil {
			t.Skip()
		}
		a, err := automaton.Compile(parsed)
		if err != nil {
			t.Skip()
		}
		compare(t, a, re, text)
	})
}

func compile(t *testing.T, pattern string) (*automaton.Automaton, *regexp.Regexp) {
	t.Helper()
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	a, err := automaton.Compile(parsed)
	if err != nil {
		t.Fatalf("%q: %v", pattern, err)
	}
	return a, regexp.MustCompile(pattern)
}

// compare demands the same verdict and the same captures of both.
func compare(t *testing.T, a *automaton.Automaton, re *regexp.Regexp, text string) {
	t.Helper()
	var scratch automaton.Scratch
	at := make([]int, a.Size())
	want := re.FindStringSubmatchIndex(text)
	matched, known := a.Find(text, at, &scratch)
	switch {
	case !known:
		return
	case matched != (want != nil):
		t.Errorf("%q on %q: matched is %v", re, text, matched)
	case matched && !slices.Equal(at, want):
		t.Errorf("%q on %q: %v, want %v", re, text, at, want)
	case matched && !a.Begins(text):
		t.Errorf("%q on %q: does not begin as matches do", re, text)
	}
}

func TestTooManyStates(t *testing.T) {
	// To know from behind where this matches, the last 13 characters must be known.
	a, re := compile(t, `^(?:a|b){13}a(?:a|b)*$`)
	random := rand.New(rand.NewPCG(1, 2))
	var scratch automaton.Scratch
	for range 10_000 {
		text := strings.Map(func(rune) rune { return 'a' + rune(random.IntN(2)) }, strings.Repeat("x", 40))
		matched, known := a.Find(text, nil, &scratch)
		if !known {
			return
		}
		if want := re.MatchString(text); matched != want {
			t.Fatalf("%q on %q: matched is %v", re, text, matched)
		}
	}
	t.Error("the number of states is not bounded")
}

func TestTooLarge(t *testing.T) {
	parsed, err := syntax.Parse(`(?:\pL{100}x){10}`, syntax.Perl)
	if err != nil {
		t.Skip("the parser itself refuses it")
	}
	if _, err := automaton.Compile(parsed); err != nil && err != automaton.ErrTooLarge {
		t.Error(err)
	}
}

func TestSeveralGoroutines(t *testing.T) {
	a, re := compile(t, `^Failed (?:x )?for (.*) from ([0-9.]+) port \d+(?: ssh2)?$`)
	var wait sync.WaitGroup
	for seed := range uint64(4) {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(seed, 2))
			for range 500 {
				text := "Failed for " + texts[random.IntN(len(texts))] + " from 192.0.2.1 port 22"
				compare(t, a, re, text)
			}
		})
	}
	wait.Wait()
}

func TestNoAllocation(t *testing.T) {
	a, _ := compile(t, `^Failed (?:x )?for (.*) from ([0-9.]+) port \d+(?: ssh2)?$`)
	var scratch automaton.Scratch
	at := make([]int, a.Size())
	for _, text := range texts {
		a.Find(text, at, &scratch)
		if n := testing.AllocsPerRun(100, func() { a.Find(text, at, &scratch) }); n != 0 {
			t.Errorf("%q: %v allocations", text, n)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	const pattern = `^Failed (?:password|publickey) for (?:invalid user )?(?P<user>.*) from (?P<host>[0-9.]+) port \d+(?: ssh2)?$`
	re := regexp.MustCompile(pattern)
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		b.Fatal(err)
	}
	a, err := automaton.Compile(parsed)
	if err != nil {
		b.Fatal(err)
	}
	for _, bench := range []struct{ name, text string }{
		{"match", "Failed password for invalid user admin from 192.0.2.1 port 50022 ssh2"},
		{"other end", "Failed password for invalid user admin from 192.0.2.1 port 50022 ssh2 x"},
		{"64 kB", "Failed password for " + strings.Repeat(" from 192.0.2.1 port ", 3200)},
	} {
		b.Run(bench.name+"/automaton", func(b *testing.B) {
			var scratch automaton.Scratch
			at := make([]int, a.Size())
			b.SetBytes(int64(len(bench.text)))
			for b.Loop() {
				a.Find(bench.text, at, &scratch)
			}
		})
		b.Run(bench.name+"/regexp", func(b *testing.B) {
			b.SetBytes(int64(len(bench.text)))
			for b.Loop() {
				re.FindStringSubmatchIndex(bench.text)
			}
		})
	}
}

// TestLongTextIsForgotten: what a long text needed isn't kept for good.
func TestLongTextIsForgotten(t *testing.T) {
	a, _ := compile(t, `^x.*y$`)
	var scratch automaton.Scratch
	long := "x" + strings.Repeat("é", 30_000) + "y"
	a.Find(long, nil, &scratch)
	if n := testing.AllocsPerRun(10, func() { a.Find(long, nil, &scratch) }); n != 0 {
		t.Errorf("%v allocations for the next long text", n)
	}
	for range 2000 {
		a.Find("xy", nil, &scratch)
	}
	if n := testing.AllocsPerRun(1, func() { a.Find(long, nil, &scratch); clearScratch(a, &scratch) }); n == 0 {
		t.Error("the memory of a long text was kept")
	}
}

func clearScratch(a *automaton.Automaton, s *automaton.Scratch) {
	for range 2000 {
		a.Find("xy", nil, s)
	}
}
