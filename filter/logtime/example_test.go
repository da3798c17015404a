package logtime_test

import (
	"fmt"
	"time"

	"gaol/filter/logtime"
)

func ExampleFinder_Find() {
	finder, err := logtime.New(logtime.Options{Location: time.UTC})
	if err != nil {
		fmt.Println(err)
		return
	}
	read := time.Date(2026, 1, 1, 0, 0, 5, 0, time.UTC)
	for _, line := range []string{
		"2026-01-01 00:00:03,899 ERROR Login failure 192.0.2.6",
		"Dec 31 23:59:58 host sshd[7]: Invalid user 2020-01-01 00:00:00 from 192.0.2.6",
	} {
		date, _ := finder.Find(line, read)
		fmt.Printf("%s by %s, left is %q\n", date.Time, date.Template, line[:date.Start]+line[date.End:])
	}
	// Output:
	// 2026-01-01 00:00:03.899 +0000 UTC by %Y-%m-%d %H:%M:%S,%f, left is " ERROR Login failure 192.0.2.6"
	// 2025-12-31 23:59:58 +0000 UTC by %b %d %H:%M:%S, left is " host sshd[7]: Invalid user 2020-01-01 00:00:00 from 192.0.2.6"
}

func ExampleNew() {
	_, err := logtime.New(logtime.Options{Patterns: []string{"^%F %T"}})
	fmt.Println(err)
	// Output:
	// reading datepattern "^%F %T": unknown code %F at position 2: did you mean %Y-%m-%d?
}
