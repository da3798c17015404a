package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"time"

	"gaol/action"
	"gaol/action/notice"
)

// Options say which list is kept. Token, Account and List are required.
type Options struct {
	// Token is an API token with the permission Account Filter Lists: Edit.
	Token action.Secret
	// Account is the account's ID, List the name or ID of a list of IP addresses in it.
	Account, List string
	// Host is how this host marks its items; no other host may do it the same way.
	Host string
	// Limit is how many items the list may have, those of others included; 0: 10,000, the most there may
	// be in all lists of an account unless its plan is Enterprise ("Lists: Availability", https://developers.cloudflare.com/waf/tools/lists/).
	Limit int
	// Every is the least time between two batches; 0: 2 s. After many requests it is longer. Negative: there is no
	// rest at all.
	Every time.Duration
	// Look is how often the list is compared with what should be on it; 0: every 5 minutes.
	Look time.Duration
	// Timeout is how long Cloudflare may take to answer a request; 0: 30 s.
	Timeout time.Duration
	// URL is where the API is; "": DefaultURL.
	URL string
	// CA is a file of further certificates to trust.
	CA string
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

const (
	usualLimit = 10_000
	usualEvery = 2 * time.Second
	usualLook  = 5 * time.Minute
	// requestShare is the rest for each request: a user may make 1,200 in 5 minutes, with all tokens
	// ("Rate limits", https://developers.cloudflare.com/fundamentals/api/reference/limits/). A list takes half of that at most.
	requestShare = 500 * time.Millisecond
)

// List is a list at Cloudflare, shared by the jails whose bans are on it. Use New, and Set for each jail.
//
// What the jails want is brought about by rounds: each reads what is on the list, takes out what is over and
// adds what is missing. So it does not matter what an earlier run, a crash or somebody else has left. All that
// is wanted when a round begins goes with it; those who ask during a round share the next one.
type List struct {
	opts   Options
	client *client

	turn chan struct{} // one place: held by whoever speaks with Cloudflare
	// The holder of turn uses these.
	id     string    // of the list; "": not known
	rested time.Time // when the next batch may go
	pause  notice.Retry
	cause  error // why there is a pause

	mu    sync.Mutex // guards all below; never held while Cloudflare is waited for
	jails map[string]*wishes
	// asked counts the changes of what is wanted, served those that a round has brought about.
	asked, served uint64
	// seen is what is on the list as far as is known, looked when it was read; zero: never.
	seen   map[netip.Prefix]bool
	looked time.Time
	// refused are items that Cloudflare did not take though it took others, and why.
	refused map[netip.Prefix]error
	// short is why not all that is wanted is there after the last round; nil: it is.
	short error
}

// wishes are the bans of one jail.
type wishes struct {
	ends map[netip.Prefix]time.Time
	// loading says that the bans in force are yet to be told: until then nothing of the jail's is taken out.
	loading bool
	// lost is how many items were on the list and are not any more, since that was last told.
	lost int
}

// New checks opts. It connects to nobody.
func New(opts Options) (*List, error) {
	if opts.URL == "" {
		opts.URL = DefaultURL
	}
	if err := notice.CheckURL(opts.URL); err != nil {
		return nil, err
	}
	if opts.Token == "" || opts.Account == "" || opts.List == "" {
		return nil, errors.New("token, account and list are required")
	}
	if opts.Host = word(opts.Host); opts.Host == "" {
		return nil, errors.New("this host has no name: say hostname")
	}
	if opts.Limit == 0 {
		opts.Limit = usualLimit
	}
	if opts.Every == 0 {
		opts.Every = usualEvery
	}
	if opts.Look == 0 {
		opts.Look = usualLook
	}
	if opts.Timeout == 0 {
		opts.Timeout = notice.DefaultTimeout
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	web, err := notice.NewClient(opts.CA)
	if err != nil {
		return nil, err
	}
	c := &client{base: strings.TrimSuffix(opts.URL, "/"), account: opts.Account, token: opts.Token, http: web, timeout: opts.Timeout}
	return &List{
		opts: opts, client: c, turn: make(chan struct{}, 1),
		jails: map[string]*wishes{}, seen: map[netip.Prefix]bool{}, refused: map[netip.Prefix]error{},
	}, nil
}

// change changes what a jail wants, and returns the number of the latest change of any jail's.
func (l *List) change(jail string, update func(*wishes) (changed bool)) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.jails[jail]
	if w == nil {
		w = &wishes{ends: map[netip.Prefix]time.Time{}}
		l.jails[jail] = w
	}
	if update(w) {
		l.asked++
	}
	return l.asked
}

// open makes sure that there is such a list, unless that is known.
func (l *List) open(ctx context.Context) error {
	return l.inTurn(ctx, func() error {
		if l.id != "" {
			return nil
		}
		return l.attempt(ctx, l.find)
	})
}

// serve has all changes up to upTo brought about. In a hurry, it rests for nothing.
func (l *List) serve(ctx context.Context, upTo uint64, hurry bool) error {
	return l.inTurn(ctx, func() error {
		l.mu.Lock()
		done := l.served >= upTo && !l.looked.IsZero()
		l.mu.Unlock()
		if done {
			return nil
		}
		if !hurry {
			if err := action.Pause(ctx, l.rested.Sub(l.opts.Now())); err != nil {
				return err
			}
		}
		return l.attempt(ctx, l.round)
	})
}

// look compares the list with what should be on it, if that is due.
func (l *List) look(ctx context.Context) error {
	if !l.lookDue() {
		return nil
	}
	return l.inTurn(ctx, func() error {
		if !l.lookDue() {
			return nil // another jail has
		}
		return l.attempt(ctx, l.round)
	})
}

func (l *List) lookDue() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opts.Now().Sub(l.looked) >= l.opts.Look
}

// inTurn does something while nobody else speaks with Cloudflare.
func (l *List) inTurn(ctx context.Context, do func() error) error {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-l.turn }()
	return do()
}

// attempt does something at Cloudflare, unless it is to be left alone after what failed before; then it says why.
func (l *List) attempt(ctx context.Context, do func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.pause.Wait(l.opts.Now()) > 0 {
		return l.cause
	}
	before := l.client.requests
	err := do(ctx)
	now := l.opts.Now()
	if l.opts.Every > 0 {
		l.rested = now.Add(max(l.opts.Every, time.Duration(l.client.requests-before)*requestShare))
	}
	switch {
	case err == nil:
		l.pause.Reset()
	case ctx.Err() == nil: // else cut short, rather than failed
		l.id = "" // it may be another by now
		l.cause = fmt.Errorf("the list %s at Cloudflare: %w", l.opts.List, err)
		if isBusy(err) {
			l.pause.Reset() // it is no worse than the last time: others of the account have their turn
		}
		failure, _ := errors.AsType[*notice.Failure](err)
		l.pause.Fail(now, failure, rand.Float64())
		return l.cause
	}
	return err
}
