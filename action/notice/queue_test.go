package notice_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gaol/action/notice"
	"gaol/jail"
)

// other is the other side: it writes down what it was told.
type other struct {
	mu   sync.Mutex
	got  []string
	err  error
	hang bool
}

func (o *other) Send(ctx context.Context, m notice.Message) error {
	o.mu.Lock()
	err, hang := o.err, o.hang
	if err == nil && !hang {
		var targets []string
		for _, e := range m.Events {
			targets = append(targets, e.Ban.Target())
		}
		text := strings.Join(targets, " ")
		if m.More() > 0 {
			text += fmt.Sprintf(" +%d", m.More())
		}
		o.got = append(o.got, text)
	}
	o.mu.Unlock()
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (o *other) Preview(context.Context, notice.Message) (notice.Preview, error) {
	return notice.Preview{}, nil
}

func (o *other) answer(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err, o.hang = err, false
}

// told are the messages since the last call.
func (o *other) told() []string {
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	got := o.got
	o.got = nil
	return got
}

// kept is a store: what a next run would find.
type kept struct {
	mu      sync.Mutex
	entries map[int64]notice.Entry
}

func (k *kept) keep(c notice.Changed) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range c.Put {
		k.entries[e.Seq] = e
	}
	for _, seq := range c.Gone {
		delete(k.entries, seq)
	}
}

func (k *kept) list() []notice.Entry {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []notice.Entry
	for _, e := range k.entries {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b notice.Entry) int { return int(a.Seq - b.Seq) })
	return list
}

func entry(n int) notice.Entry {
	addr := netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})
	b := jail.Ban{Jail: "sshd", Prefix: netip.PrefixFrom(addr, 32), Count: 1}
	return notice.Entry{Seq: int64(n), Event: notice.NewEvent(notice.Ban, b, time.Now(), "")}
}

func entries(from, to int) []notice.Entry {
	var list []notice.Entry
	for n := from; n <= to; n++ {
		list = append(list, entry(n))
	}
	return list
}

// inQueue runs a queue in a bubble of its own time.
func inQueue(t *testing.T, opts notice.QueueOptions, f func(t *testing.T, q *notice.Queue, o *other, k *kept)) {
	synctest.Test(t, func(t *testing.T) {
		o, k := &other{}, &kept{entries: map[int64]notice.Entry{}}
		opts.Sender, opts.Keep = o, k.keep
		q := notice.NewQueue(opts, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- q.Run(ctx) }()
		f(t, q, o, k)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func expect(t *testing.T, o *other, want ...string) {
	t.Helper()
	if got := o.told(); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestFewAreToldOneByOneAndManyTogether(t *testing.T) {
	inQueue(t, notice.QueueOptions{Burst: 2, Every: time.Minute}, func(t *testing.T, q *notice.Queue, o *other, k *kept) {
		k.keep(q.Add(entry(1)))
		expect(t, o, "192.0.2.1")
		k.keep(q.Add(entry(2)))
		expect(t, o, "192.0.2.2")
		k.keep(q.Add(entries(3, 5)...))
		expect(t, o)
		time.Sleep(time.Minute)
		expect(t, o, "192.0.2.3 192.0.2.4 192.0.2.5")
		time.Sleep(time.Hour)
		k.keep(q.Add(entries(6, 9)...))
		expect(t, o, "192.0.2.6 192.0.2.7 192.0.2.8 192.0.2.9")
		if left := k.list(); len(left) > 0 {
			t.Errorf("still stored: %v", left)
		}
		if s := q.Status(); !s.Healthy || s.Sent != 4 || s.Waiting != 0 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestFailuresAreTriedAgain(t *testing.T) {
	inQueue(t, notice.QueueOptions{Secrets: []string{"s3cret"}}, func(t *testing.T, q *notice.Queue, o *other, k *kept) {
		o.answer(errors.New("asking https://x/s3cret: refused\nreally"))
		k.keep(q.Add(entry(1)))
		synctest.Wait()
		if s := q.Status(); s.Healthy || s.Problem != "asking https://x/***: refused really: it is tried again; nothing to do unless this goes on" || s.Waiting != 1 {
			t.Errorf("status %+v", s)
		}
		o.answer(nil)
		expect(t, o)
		time.Sleep(10 * time.Second)
		expect(t, o, "192.0.2.1")
		if s := q.Status(); !s.Healthy || s.Problem != "" {
			t.Errorf("status %+v", s)
		}
	})
}

func TestServersAreLeftAloneForAsLongAsTheyAsk(t *testing.T) {
	for _, tt := range []struct {
		name          string
		failure       notice.Failure
		before, after time.Duration
	}{
		{"Retry-After", notice.Failure{After: time.Hour}, 59 * time.Minute, 2 * time.Minute},
		{"no longer than a day", notice.Failure{After: 1000 * time.Hour}, 23 * time.Hour, 2 * time.Hour},
		{"a wrong password", notice.Failure{Settings: true}, 50 * time.Second, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inQueue(t, notice.QueueOptions{}, func(t *testing.T, q *notice.Queue, o *other, k *kept) {
				failure := tt.failure
				failure.Err = errors.New("not now")
				o.answer(&failure)
				q.Add(entry(1))
				synctest.Wait()
				o.answer(nil)
				time.Sleep(tt.before)
				expect(t, o)
				time.Sleep(tt.after)
				expect(t, o, "192.0.2.1")
			})
		})
	}
}

func TestPausesGrowToAQuarterOfAnHour(t *testing.T) {
	inQueue(t, notice.QueueOptions{}, func(t *testing.T, q *notice.Queue, o *other, k *kept) {
		o.answer(errors.New("down"))
		q.Add(entry(1))
		time.Sleep(24 * time.Hour)
		o.answer(nil)
		time.Sleep(19 * time.Minute)
		expect(t, o, "192.0.2.1")
	})
}

func TestWhatIsRefusedIsNotSentAgain(t *testing.T) {
	inQueue(t, notice.QueueOptions{}, func(t *testing.T, q *notice.Queue, o *other, k *kept) {
		o.answer(&notice.Failure{Err: errors.New("no such field"), Refused: true})
		k.keep(q.Add(entry(1)))
		synctest.Wait()
		if s := q.Status(); s.Healthy || s.Lost != 1 || s.Waiting != 0 || !strings.Contains(s.Problem, "no such field") {
			t.Errorf("status %+v", s)
		}
		o.answer(nil)
		k.keep(q.Add(entry(2)))
		expect(t, o, "192.0.2.2")
		if left := k.list(); len(left) > 0 {
			t.Errorf("still stored: %v", left)
		}
	})
}

func TestHangingSendersAreGivenUp(t *testing.T) {
	inQueue(t, notice.QueueOptions{Timeout: 10 * time.Second}, func(t *testing.T, q *notice.Queue, o *other, k *kept) {
		o.hang = true
		q.Add(entry(1))
		q.Add(entry(2)) // whoever bans does not wait
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if s := q.Status(); s.Healthy || !strings.Contains(s.Problem, "no answer within 10s") || s.Waiting != 2 {
			t.Errorf("status %+v", s)
		}
		o.answer(nil)
		time.Sleep(time.Minute)
		expect(t, o, "192.0.2.1", "192.0.2.2")
	})
}

func TestAFullQueueCountsWhatItHasNoRoomFor(t *testing.T) {
	inQueue(t, notice.QueueOptions{Room: 3}, func(t *testing.T, q *notice.Queue, o *other, k *kept) {
		o.answer(errors.New("down"))
		k.keep(q.Add(entry(1)))
		synctest.Wait()
		k.keep(q.Add(entries(2, 6)...))
		k.keep(q.Add(entries(7, 10)...))
		if s := q.Status(); s.Waiting != 10 || s.Lost != 0 {
			t.Errorf("status %+v", s)
		}
		if got := len(k.list()); got != 3 {
			t.Errorf("%d are stored, want 3", got)
		}
		o.answer(nil)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		got := o.told()
		if want := []string{"192.0.2.8 +7", "192.0.2.9", "192.0.2.10"}; !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
		if left := k.list(); len(left) > 0 {
			t.Errorf("still stored: %v", left)
		}
	})
}

func TestReportsAreSingleAndBounded(t *testing.T) {
	inQueue(t, notice.QueueOptions{Room: 3, Single: true, Burst: 1, Every: time.Second}, func(t *testing.T, q *notice.Queue, o *other, k *kept) {
		k.keep(q.Add(entries(1, 6)...))
		time.Sleep(time.Minute)
		expect(t, o, "192.0.2.4", "192.0.2.5", "192.0.2.6")
		if s := q.Status(); s.Lost != 3 || len(k.list()) > 0 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestOnce(t *testing.T) {
	inQueue(t, notice.QueueOptions{Once: time.Hour, Every: time.Second}, func(t *testing.T, q *notice.Queue, o *other, k *kept) {
		first := q.Add(entry(1))
		if len(first.Told) != 1 || first.Told[0].Target != "ban 192.0.2.1" {
			t.Errorf("told %v", first.Told)
		}
		q.Add(entry(1))
		expect(t, o, "192.0.2.1")
		time.Sleep(59 * time.Minute)
		q.Add(entry(1))
		expect(t, o)
		time.Sleep(time.Minute)
		q.Add(entry(1))
		expect(t, o, "192.0.2.1")
		later := notice.NewQueue(notice.QueueOptions{Once: time.Hour, Sender: o}, first.Told)
		time.Sleep(-time.Since(first.Told[0].At) + 61*time.Minute)
		if c := later.Add(entry(1)); len(c.Put) != 1 {
			t.Errorf("an hour later it is told again: %v", c)
		}
		if c := later.Add(entry(1)); len(c.Put) != 0 {
			t.Errorf("told twice: %v", c)
		}
	})
}

func TestWhatWaitedIsToldByTheNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &other{}
		before := entries(1, 2)
		before[0].Event.More = 40
		q := notice.NewQueue(notice.QueueOptions{Sender: o, Burst: 1}, nil)
		for _, e := range before {
			if c := q.Resume(e); len(c.Put) != 1 {
				t.Errorf("stored %v", c)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = q.Run(ctx) }()
		expect(t, o, "192.0.2.1 192.0.2.2 +40")
	})
}

func TestAStopLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &other{hang: true}
		q := notice.NewQueue(notice.QueueOptions{Sender: o}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- q.Run(ctx) }()
		q.Add(entries(1, 2)...)
		synctest.Wait()
		cancel()
		<-done
		if got := q.Waiting(); len(got) != 2 || got[0].Seq != 1 {
			t.Errorf("waiting %v", got)
		}
		if s := q.Status(); !s.Healthy {
			t.Errorf("cut short is no problem: %+v", s)
		}
	})
}

func TestUnbansAreToldWhereTheyAreAskedFor(t *testing.T) {
	inQueue(t, notice.QueueOptions{On: []string{notice.Unban}}, func(t *testing.T, q *notice.Queue, o *other, k *kept) {
		unban := entry(2)
		unban.Event.What = notice.Unban
		q.Add(entry(1), unban)
		expect(t, o, "192.0.2.2")
	})
}
