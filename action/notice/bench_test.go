package notice_test

import (
	"testing"

	"gaol/action/notice"
)

// BenchmarkAddToFull adds an event to a queue that has no room for more: what each ban of a flood waits for.
func BenchmarkAddToFull(b *testing.B) {
	q := notice.NewQueue(notice.QueueOptions{Sender: &other{}}, nil)
	for i := range 1000 {
		q.Add(entry(i))
	}
	i := 1000
	for b.Loop() {
		i++
		q.Add(entry(i))
	}
}
