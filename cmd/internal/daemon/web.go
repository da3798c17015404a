package daemon

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"gaol/action/denylist"
	"gaol/cmd/internal/control"
	"gaol/config"
)

const (
	// webWait bounds a request to [web], and how long who is slow keeps a connection.
	webWait = 30 * time.Second
	// webRetry is how long after a failure it is tried to listen again.
	webRetry = time.Second
	// webHeader bounds the headers of a request: proxies hand on those of their clients, of which nginx takes 32 KiB at most.
	webHeader = 64 << 10
)

// web serves metrics and lists of bans to [web]'s address. The transition that holds applying is the one to call use.
type web struct {
	daemon *Daemon
	lists  *denylist.Lists
	misuse *denylist.Misuse
	// conf is the configuration in force, nil before the first; answers are by it.
	conf    atomic.Pointer[config.Web]
	answers atomic.Pointer[denylist.Handler]

	address string
	// stop ends what listens to address; nil: nothing does.
	stop func()
}

func newWeb(d *Daemon) *web {
	return &web{daemon: d, lists: denylist.NewLists(d.opts.Now), misuse: denylist.NewMisuse(d.opts.Now)}
}

// use makes conf the configuration. Who is connected stays so, unless another address is listened to.
func (w *web) use(conf config.Web) {
	w.conf.Store(&conf)
	w.answers.Store(denylist.New(denylist.Options{
		Lists: w.lists, Misuse: w.misuse, Proxies: conf.Proxies, Token: conf.Token, Observe: w.daemon.opts.Observe,
	}))
	if conf.Listen == w.address {
		return
	}
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
	if w.address = conf.Listen; w.address == "" {
		return
	}
	ctx, cancel := context.WithCancel(w.daemon.bgCtx)
	done := make(chan struct{})
	w.stop = func() { cancel(); <-done }
	w.daemon.background.Go(func() error {
		defer close(done)
		w.run(ctx, conf.Listen)
		return nil
	})
}

// run listens to address until ctx ends. That it can't is a problem, and tried again.
func (w *web) run(ctx context.Context, address string) {
	report := func(text string) { w.daemon.problems.set("", "web", text) }
	defer report("")
	for ctx.Err() == nil {
		l, err := net.Listen("tcp", address)
		if err == nil {
			report("")
			err = serve(ctx, newLimited(l, w.isProxy), w.server(ctx))
		}
		if err != nil {
			report(fmt.Sprintf("listening on %s for [web]: %v: proxies that ask gaol get no answer: have it free, or set another listen", address, err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(webRetry):
		}
	}
}

func (w *web) isProxy(addr netip.Addr) bool {
	return slices.ContainsFunc(w.conf.Load().Proxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// status is what proxies have asked; nil: nothing is served.
func (w *web) status() *control.WebStatus {
	conf := w.conf.Load()
	if conf == nil || conf.Listen == "" {
		return nil
	}
	allowed, denied := w.lists.Asked()
	return &control.WebStatus{Listen: conf.Listen, Allowed: allowed, Denied: denied}
}

func (w *web) server(ctx context.Context) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", control.Metrics(w.daemon))
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) { w.answers.Load().ServeHTTP(rw, r) })
	server := newServer(ctx, mux, w.daemon.log)
	server.ReadTimeout, server.WriteTimeout, server.MaxHeaderBytes = webWait, webWait, webHeader
	return server
}
