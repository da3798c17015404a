package denylist_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"gaol/action/actiontest"
	"gaol/jail"
)

// crowded has a jail with 100,000 bans: addresses, and networks of three lengths.
func crowded(b *testing.B) served {
	s := newServed()
	l := s.jail(b, "web")
	var bans []jail.Ban
	for i := range 25_000 {
		high, low := i/250, i%250
		bans = append(bans, actiontest.Ban(fmt.Sprintf("203.%d.%d.7", high, low), time.Hour), actiontest.Ban(fmt.Sprintf("198.%d.%d.0/24", high, low), time.Hour),
			actiontest.Ban(fmt.Sprintf("2001:db8:0:%x::/64", i), time.Hour), actiontest.Ban(fmt.Sprintf("2001:db8:%x::/48", i+1), time.Hour))
	}
	must(b, l.Ban(b.Context(), bans, time.Now()))
	return s
}

// BenchmarkCheck asks about banned and other clients among 100,000 bans, without the network.
func BenchmarkCheck(b *testing.B) {
	s := crowded(b)
	clients := []string{"203.50.100.7", "203.50.100.8", "2001:db8:0:77::1", "2a00::1"}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		r := httptest.NewRequest(http.MethodGet, "/check", nil)
		r.RemoteAddr = "127.0.0.1:5000"
		w := httptest.NewRecorder()
		for i := 0; pb.Next(); i++ {
			r.Header["X-Forwarded-For"] = clients[i%len(clients) : i%len(clients)+1]
			s.ServeHTTP(w, r)
			w.Body.Reset()
		}
	})
}

// BenchmarkCheckHTTP is the same over connections that are kept, as proxies do. BenchmarkNothingHTTP is what that costs
// without a look-up.
func BenchmarkCheckHTTP(b *testing.B) { ask(b, crowded(b)) }

func BenchmarkNothingHTTP(b *testing.B) {
	ask(b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
}

// BenchmarkCheckWhileBanning has 50,000 more be banned and let in at the same time, and tells what 99 questions of 100 took at most.
func BenchmarkCheckWhileBanning(b *testing.B) {
	s := crowded(b)
	l := s.lists.For("web")
	var more []jail.Ban
	for i := range 50_000 {
		more = append(more, actiontest.Ban(fmt.Sprintf("100.%d.%d.1", i/250, i%250), time.Hour))
	}
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-done:
				return
			default:
				_, _ = l.Ban(b.Context(), more, time.Now()), l.Unban(b.Context(), more)
			}
		}
	}()
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		s.get("/check", "X-Forwarded-For", "203.50.100.8")
		took = append(took, time.Since(began))
	}
	close(done)
	<-stopped
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "p99-µs")
}

func ask(b *testing.B, h http.Handler) {
	server := httptest.NewServer(h)
	defer server.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	defer transport.CloseIdleConnections()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL+"/check", nil)
			if err != nil {
				b.Error(err)
				return
			}
			r.Header.Set("X-Forwarded-For", "203.50.100.8")
			answer, err := transport.RoundTrip(r)
			if err != nil || answer.StatusCode != http.StatusOK {
				b.Errorf("%v, %v", answer, err)
				return
			}
			_ = answer.Body.Close()
		}
	})
}
