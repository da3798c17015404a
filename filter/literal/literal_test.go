package literal_test

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/filter/literal"
)

func parse(t testing.TB, pattern string) *syntax.Regexp {
	t.Helper()
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	return re.Simplify()
}

func TestRequired(t *testing.T) {
	punctuation := func(a, b byte) bool { return a == '[' && b == ']' }
	for _, tt := range []struct {
		name    string
		pattern string
		seam    literal.Seam
		want    []string
	}{
		{"plain text", `Failed password`, nil, []string{"Failed password"}},
		{"longest of a sequence", `^for \S+ from (\d+) port`, nil, []string{" from "}},
		{"alternatives", `user (?:root|admin)$`, nil, []string{"user "}},
		{"numbers that begin alike", `^\S+ "[^"]*" (?:401|403) `, nil, []string{`" 401 `, `" 403 `}},
		{"numbers that begin alike, and a seam", `^\S+ "[^"]*" (?:401|403) `, func(a, b byte) bool { return a == '"' && b == ' ' }, []string{" 401 ", " 403 "}},
		{"more of them than are spelled out", `" (?:40[0-4]|41[0-4]) `, nil, []string{`" 4`}},
		{"words that begin alike", `,(?:28P01|28000),`, nil, []string{",28P01,", ",28000,"}},
		{"a letter that may be missing", `x 4(?:0|)1 `, nil, []string{"x 4"}},
		{"only alternatives", `(?:invalid user|unknown name)`, nil, []string{"invalid user", "unknown name"}},
		{"alternative that may be empty", `(?:abc|)`, nil, nil},
		{"optional text", `(?:abc)?x*`, nil, nil},
		{"repeated text", `(?:abc){2,}`, nil, []string{"abc"}},
		{"any case", `(?i)failed`, nil, nil},
		{"capture and plus", `(abc)+`, nil, []string{"abc"}},
		{"nothing but classes", `\d+\s+`, nil, nil},
		{"seam", `^\[\] ERROR`, punctuation, []string{"] ERROR"}},
		{"replacement character", "a\uFFFDb", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := literal.Required(parse(t, tt.pattern), tt.seam).Texts()
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Required(%q) (-want +got):\n%s", tt.pattern, diff)
			}
		})
	}
}

func TestSetIn(t *testing.T) {
	if !(literal.Set{}).In("anything") {
		t.Error("the empty set must be in every line")
	}
	set := literal.AnyOf(literal.Of("abc", "abcd"), literal.Of("xyz"))
	if diff := cmp.Diff([]string{"abc", "xyz"}, set.Texts()); diff != "" {
		t.Error(diff)
	}
	for line, want := range map[string]bool{"": false, "ab cd": false, "1abc2": true, "xyz": true} {
		if got := set.In(line); got != want {
			t.Errorf("In(%q) = %v, want %v", line, got, want)
		}
	}
	if got := literal.AnyOf(literal.Of("a"), literal.Set{}).Texts(); got != nil {
		t.Errorf("a part that requires nothing: got %q", got)
	}
}

// A line that matches has one of the required texts, whatever pattern and line.
func FuzzRequired(f *testing.F) {
	f.Add(`Failed \w+ for (?:invalid user )?(\S+) from`, "Failed password for root from 192.0.2.1")
	f.Add(`(?:abc|abd|xyz)+$`, "abdxyz")
	f.Add(`(?i)a|b(?-i)c`, "BC")
	f.Add("a\xffb", "a\uFFFDb")
	f.Fuzz(func(t *testing.T, pattern, line string) {
		re, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			t.Skip()
		}
		compiled, err := regexp.Compile(pattern)
		if err != nil {
			t.Skip()
		}
		set := literal.Required(re.Simplify(), nil)
		if compiled.MatchString(line) && !set.In(line) {
			t.Errorf("%q matches %q, which has none of %q", pattern, line, set.Texts())
		}
	})
}

func BenchmarkSetIn(b *testing.B) {
	set := literal.Of("Failed password", "Invalid user", "Connection closed by")
	line := "Mar 10 21:31:23 host sshd[1234]: Accepted publickey for admin from 192.0.2.1 port 50022 ssh2 " + strings.Repeat("x", 40)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		set.In(line)
	}
}
