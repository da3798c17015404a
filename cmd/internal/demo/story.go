package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"gaol/cmd/internal/control"
)

// story is the demo, from the first visit to the last.
func (s *stage) story(ctx context.Context) error {
	select {
	case <-s.listening:
	case <-ctx.Done():
		return fmt.Errorf("starting gaol: %w", context.Cause(ctx))
	}
	s.tell("gaol runs: 5 failed logins within 10 minutes lock an address out for 10 minutes", `filter '^ERROR Login failure <HOST>$'`, 0)
	for _, act := range []func(context.Context) error{s.peace, s.guessing, s.banned, s.refused, s.others, s.unban, s.again} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) tell(text, detail string, took time.Duration) {
	s.opts.Tell(Step{Text: text, Detail: detail, Milliseconds: float64(took.Microseconds()) / 1000})
}

// visit opens the page and demands that it is served.
func (s *stage) visit(h *host, text string) error {
	r := h.get()
	if !r.served() {
		return fmt.Errorf("%s, %s, should have been served: %w", h.name, h.address, r.err)
	}
	s.tell(text, r.status, r.took)
	return nil
}

func (s *stage) peace(context.Context) error {
	if err := s.visit(s.guesser, s.guesser.address+" opens the login page"); err != nil {
		return err
	}
	return s.visit(s.visitor, s.visitor.address+" opens it too")
}

func (s *stage) guessing(context.Context) error {
	for _, password := range []string{"123456", "password", "qwerty", "letmein", "admin"} {
		r := s.guesser.login("admin", password)
		if !r.served() {
			return fmt.Errorf("logging in with a wrong password should have been answered: %w", r.err)
		}
		line, _ := s.last()
		s.tell(fmt.Sprintf("%s logs in as admin with %q: %s, and the application logs", s.guesser.address, password, r.status), line, 0)
	}
	return nil
}

// banned waits for the decision and for the kernel, and tells how long after the last
// line they came.
func (s *stage) banned(ctx context.Context) error {
	_, written := s.last()
	waiting, cancel := context.WithTimeout(ctx, limit/3)
	defer cancel()
	for {
		select {
		case <-waiting.Done():
			return s.explainNoBan(ctx)
		case b := <-s.bans:
			took := b.at.Sub(written)
			if !b.Enforced {
				s.tell(fmt.Sprintf("gaol bans %s in jail %s", strings.TrimSuffix(b.Prefix, "/32"), b.Jail), "until "+b.End.Format(time.TimeOnly), took)
				continue
			}
			s.tell("the kernel holds the ban", "table inet gaol, counted from the last log line", took)
			return nil
		}
	}
}

// explainNoBan says what the daemon knows of a ban that did not come.
func (s *stage) explainNoBan(ctx context.Context) error {
	problems := []string{"the ban did not come in time"}
	if status, err := s.client.Status(ctx, jailName); err == nil {
		problems = append(problems, status.Problems...)
		for _, j := range status.Jails {
			problems = append(problems, j.Problems...)
		}
	}
	return errors.New(strings.Join(problems, ": "))
}

func (s *stage) refused(context.Context) error {
	r := s.guesser.get()
	switch {
	case r.served():
		return fmt.Errorf("%s was banned, and served all the same", s.guesser.address)
	case !errors.Is(r.err, syscall.ECONNREFUSED):
		return fmt.Errorf("%s should have been refused: %w", s.guesser.address, r.err)
	}
	s.tell(s.guesser.address+" opens the login page", "connection refused by the kernel", r.took)
	return nil
}

func (s *stage) others(context.Context) error {
	return s.visit(s.visitor, s.visitor.address+" is still served")
}

func (s *stage) unban(ctx context.Context) error {
	start := time.Now()
	reply, err := s.client.Unban(ctx, control.UnbanRequest{Addresses: []string{s.guesser.address}})
	switch {
	case err != nil:
		return err
	case len(reply.Unbanned) != 1:
		return fmt.Errorf("unbanning %s lifted %d bans instead of one", s.guesser.address, len(reply.Unbanned))
	}
	s.tell("gaol unban "+s.guesser.address, fmt.Sprintf("lifted in jail %s", reply.Unbanned[0].Jail), time.Since(start))
	return nil
}

func (s *stage) again(context.Context) error {
	return s.visit(s.guesser, s.guesser.address+" is served again")
}
