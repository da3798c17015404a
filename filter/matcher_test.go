package filter_test

import (
	"testing"

	"gaol/filter"
)

func TestSmoke(t *testing.T) {
	f, err := filter.Compile(filter.Spec{Failregex: []string{`^ERROR Login failure <HOST>$`}}, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := f.NewMatcher().Match(filter.Line{Text: "2026-03-10 21:31:23,899 ERROR Login failure 192.0.2.6"})
	t.Logf("%+v %+v", r, r.Failure)
}
