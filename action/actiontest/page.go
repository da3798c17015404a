package actiontest

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// FromPage is the first block of a page of the documentation that is in language and holds words, so that what people copy
// from there is what is tested.
func FromPage(t testing.TB, page, language, words string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(text, -1) {
		if found := string(block[1]); strings.Contains(found, words) {
			return found
		}
	}
	t.Fatalf("%s has no block of %s with %q", page, language, words)
	return ""
}
