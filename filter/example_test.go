package filter_test

import (
	"fmt"
	"time"

	"gaol/filter"
)

func Example() {
	f, err := filter.Compile(filter.Spec{
		Failregex: []string{`^ERROR Login failure for <F-USER>.*</F-USER> from <HOST>$`},
	}, filter.Options{Timezone: time.UTC})
	if err != nil {
		fmt.Println(err)
		return
	}
	matcher := f.NewMatcher()
	for _, text := range []string{
		"2026-03-10 21:31:23 ERROR Login failure for root from 192.0.2.6",
		"2026-03-10 21:31:24 ERROR Login failure for root from 555.5.5.6",
		"2026-03-10 21:31:25 INFO Login of joe from 192.0.2.7",
	} {
		line := filter.Line{Text: text, Read: time.Date(2026, time.March, 10, 21, 31, 30, 0, time.UTC)}
		result := matcher.Match(line)
		if result.Failure == nil {
			fmt.Printf("%s: %s\n", result.Verdict, matcher.Explain(line))
			continue
		}
		fmt.Printf("%s: %s as %s at %s\n", result.Verdict, result.Failure.Host, result.Failure.User, result.Time.Format(time.TimeOnly))
	}
	// Output:
	// matched: 192.0.2.6 as root at 21:31:23
	// missed: "555.5.5.6" is not an address
	// missed: no pattern matched
}

func ExampleAttack() {
	spec := filter.Spec{
		Failregex: []string{`Login failure for <F-USER>.*?</F-USER> from <HOST>`}, // not anchored at its end
		Tests:     []filter.Test{{Lines: []string{"Login failure for root from 192.0.2.6"}, Match: true}},
	}
	for _, result := range filter.Attack(spec) {
		if !result.OK {
			fmt.Println(result.Attack)
			fmt.Println(result.Problem)
			break
		}
	}
	// Output:
	// an address and a port in place of user in line 1
	// "198.51.100.66" instead of 192.0.2.6 was accused when user was replaced by "x from 198.51.100.66 port 22"
}
