package jsonline_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/filter/jsonline"
)

func TestParsePath(t *testing.T) {
	for _, tt := range []struct {
		path string
		keys []string
	}{
		{"ts", []string{"ts"}},
		{"request.headers.X-Forwarded-For", []string{"request", "headers", "X-Forwarded-For"}},
		{"request.headers.X-Forwarded-For[0]", []string{"request", "headers", "X-Forwarded-For"}},
		{"a[*][12].b[0]", []string{"a", "b"}},
		{`labels."app.kubernetes.io/name".x`, []string{"labels", "app.kubernetes.io/name", "x"}},
		{`"a\"b\\c]"[3]`, []string{`a"b\c]`}},
		{"t.$date", []string{"t", "$date"}},
		{"user name", []string{"user name"}},
		{`""`, []string{""}},
	} {
		p, err := jsonline.ParsePath(tt.path)
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
		}
		if diff := cmp.Diff(tt.keys, p.Keys()); diff != "" || p.String() != tt.path {
			t.Errorf("%s: %s, keys (-want +got):\n%s", tt.path, p, diff)
		}
	}
}

func TestBadPaths(t *testing.T) {
	for path, want := range map[string]string{
		"":                             "a key is missing at the end",
		"a.":                           "a key is missing at the end",
		".a":                           `a key is missing before ".a"`,
		"a..b":                         `a key is missing before ".b"`,
		"[0]":                          `a key is missing before "[0]"`,
		"a.[0]":                        `a key is missing before "[0]"`,
		"a[0]b":                        `a dot is missing before "b"`,
		`a"b"`:                         `a dot is missing before "\"b\""`,
		`"a`:                           "a quotation mark is not closed",
		`a."b\"`:                       "a quotation mark is not closed",
		"a[0":                          "a bracket is not closed",
		"a[]":                          `"" in brackets is neither a number nor *: elements are counted from 0`,
		"a[-1]":                        `"-1" in brackets is neither a number nor *: elements are counted from 0`,
		"a]":                           `a dot is missing before "]"`,
		strings.Repeat("a.", 16) + "a": "more than 16 steps",
	} {
		if p, err := jsonline.ParsePath(path); err == nil || err.Error() != want {
			t.Errorf("%q: %v, %v, want %s", path, p.Keys(), err, want)
		}
	}
}
