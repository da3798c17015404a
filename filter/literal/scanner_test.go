package literal_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gaol/filter/literal"
)

func TestScannable(t *testing.T) {
	for _, tt := range []struct {
		set  literal.Set
		want bool
	}{
		{literal.Set{}, false},
		{literal.Of("abc"), false},
		{literal.Of("abcd"), true},
		{literal.Of("Failed password", "abc"), false},
	} {
		if got := tt.set.Scannable(); got != tt.want {
			t.Errorf("%q: %v", tt.set.Texts(), got)
		}
	}
}

// TestScannerMissesNothing puts texts at each place of lines, and compares with a
// plain search.
func TestScannerMissesNothing(t *testing.T) {
	sets := []literal.Set{
		literal.Of("Failed password for ", "Invalid user "), literal.Of("/admin/login/"), literal.Of("sshd"),
		literal.Of("Failed", "user unknown"), literal.Of("error: PAM: "), literal.Of("aaaa"), literal.Of("aaaaaaaa"),
		literal.Of(":"), literal.Of(":", "aaaaaaaa"), literal.Of("/ab", "sshd"),
	}
	random := rand.New(rand.NewPCG(3, 3))
	var block strings.Builder
	for range 2000 {
		line := make([]byte, random.IntN(60))
		for i := range line {
			line[i] = "abc /:"[random.IntN(6)]
		}
		for range random.IntN(3) {
			texts := sets[random.IntN(len(sets))].Texts()
			at := random.IntN(len(line) + 1)
			line = slices.Insert(line, at, []byte(texts[random.IntN(len(texts))])...)
		}
		block.Write(append(line, '\n'))
	}
	checkScanner(t, sets, block.String())
}

func FuzzScanner(f *testing.F) {
	f.Add("Failed password", "user", "Failed passwor\nFailed password\n")
	f.Add("{", "user", "user\n{\n")
	f.Add("aaaa", "aaaaaaaaa", "aaaaa\naaaaaaaa\naaaaaaaaaaaa")
	f.Fuzz(func(t *testing.T, a, b, block string) {
		if strings.Contains(a+b, "\n") || a == "" || b == "" {
			t.Skip()
		}
		checkScanner(t, []literal.Set{literal.Of(a), literal.Of(b), literal.Of(a, b)}, block)
	})
}

// checkScanner demands that Mark and, if it can, Next find what Set.In finds, line by line.
func checkScanner(t *testing.T, sets []literal.Set, block string) {
	t.Helper()
	all := literal.NewScanner(sets...)
	for line := range strings.SplitSeq(block, "\n") {
		found := make([]uint64, 1)
		all.Mark(line, found)
		for i, set := range sets {
			if got, want := found[0]>>i&1 == 1, set.In(line); got != want {
				t.Errorf("%q in %q: %v", set.Texts(), line, got)
			}
		}
	}
	for _, set := range sets {
		if !set.Scannable() {
			continue
		}
		one := literal.NewScanner(set)
		start := 0
		for line := range strings.SplitAfterSeq(block, "\n") {
			end := start + len(line)
			at := one.Next(block[:end], start)
			if got, want := at >= start, set.In(line); got != want {
				t.Errorf("%q next in %q: %v", set.Texts(), line, got)
			}
			start = end
		}
		if first := one.Next(block, 0); first >= 0 {
			lineStart := strings.LastIndexByte(block[:first], '\n') + 1
			if set.In(block[:max(lineStart-1, 0)]) {
				t.Errorf("%q: an earlier line than that at %d has it", set.Texts(), first)
			}
		} else if set.In(block) {
			t.Errorf("%q: not found", set.Texts())
		}
	}
}

func BenchmarkScanner(b *testing.B) {
	line := `198.18.226.27 - - [10/Mar/2026:00:00:00 +0000] "GET /index.html HTTP/1.1" 403 49727 "https://www.example.org/favicon.ico" "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"` + "\n"
	block := strings.Repeat(line, 1000)
	texts := []string{"/admin/login/", "Failed password", "Invalid user ", ": authentication failure for ", "client denied by server configuration: ", " was not found in ", "AXES: ", "sshd", "access forbidden by rule, client: ", "Login failure "}
	for _, n := range []int{1, 10, 50, 100} {
		sets := make([]literal.Set, n)
		for i := range sets {
			text := texts[i%len(texts)]
			if i >= len(texts) {
				text += fmt.Sprint(i)
			}
			sets[i] = literal.Of(text)
		}
		s := literal.NewScanner(sets...)
		b.Run(fmt.Sprintf("mark/%d sets", n), func(b *testing.B) {
			found := make([]uint64, 2)
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				s.Mark(line, found)
			}
		})
	}
	s := literal.NewScanner(literal.Of(texts[0]))
	b.Run("next", func(b *testing.B) {
		b.SetBytes(int64(len(block)))
		for b.Loop() {
			s.Next(block, 0)
		}
	})
	b.Run("strings.Index", func(b *testing.B) {
		b.SetBytes(int64(len(block)))
		for b.Loop() {
			strings.Index(block, texts[0])
		}
	})
	b.Run("strings.IndexByte", func(b *testing.B) {
		b.SetBytes(int64(len(block)))
		for b.Loop() {
			strings.IndexByte(block, '\x00')
		}
	})
}
