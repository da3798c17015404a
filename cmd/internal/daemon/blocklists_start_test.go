package daemon_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gaol/action/actiontest"
)

func TestListsStartWithIPTables(t *testing.T) { t.Parallel(); startLists(t, "iptables") }
func TestListsStartWithNFTables(t *testing.T) { t.Parallel(); startLists(t, "nftables") }

// startLists stops and starts the daemon while the server of its list is there, hangs, and is another one.
func startLists(t *testing.T, backend string) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Need(t, "iptables-nft", "ip6tables-nft", "ipset", "nft")
	server, bad := actiontest.Own(t), actiontest.NewSpace(t)
	actiontest.Connect(t, server, []string{"203.0.113.1/29"}, bad, []string{"203.0.113.2/29"})
	server.Serve(t, "tcp", ":80")
	listed := listedClients[0]
	web := &listServer{answer: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "203.0.113.0/24") }}
	tls := httptest.NewTLSServer(web)
	defer tls.Close()
	defer tls.CloseClientConnections()
	s := newSite(t, "onstop = \"keep\"\n"+oneJail("app", `banaction = "none"`)+fmt.Sprintf(`
[jail.lists]
enabled = true
blocklist = [{ url = %q, ca = "DIR/ca.pem" }]
banaction = %q
`, tls.URL+"/list.txt", backend))
	trust := func(certificate []byte) {
		t.Helper()
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
		if err := os.WriteFile(filepath.Join(s.dir, "ca.pem"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trust(tls.Certificate().Raw)
	path := "PATH=" + only(t, "iptables-nft", "ip6tables-nft") + ":" + os.Getenv("PATH")
	inForce := func() {
		t.Helper()
		s.wait("the list is in force", func() error {
			if b := s.jail("lists").Blocklist; b == nil || !b.Healthy || b.Enforced != 1 {
				return fmt.Errorf("%+v", b)
			}
			return nil
		})
	}
	// held makes sure that there is no gap while do is done.
	held := func(do func()) {
		t.Helper()
		var asking sync.WaitGroup
		done, gaps := make(chan struct{}), 0
		asking.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := bad.Ask("tcp", listed.server, 300*time.Millisecond); err == nil {
					gaps++
				}
			}
		})
		do()
		close(done)
		asking.Wait()
		if gaps > 0 {
			t.Errorf("served %d times", gaps)
		}
	}
	s.start(path)
	inForce()
	refused(t, bad, listed)
	held(s.stop)

	// The server takes connections and never answers: jails start, and what is kept holds.
	web.set(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	held(func() {
		s.start(path)
		inForce()
		s.append("app.log", failures(5, "198.51.100.7"))
		s.waitDecided("198.51.100.7")
		web.waitAsked(t)
	})

	// Somebody else has taken the server's place, as far as can be told.
	held(s.stop)
	web.set(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "198.51.100.0/24") })
	trust(otherCertificate(t))
	held(func() { s.start(path); inForce() })
	s.waitProblem("lists", "certificate")
	if log := s.log(); !strings.Contains(log, "level=WARN msg=problem jail=lists") {
		t.Errorf("the log says nothing of it:\n%s", log)
	}
	if metrics := s.metrics(); !strings.Contains(metrics, `gaol_problems{jail="lists"} 1`) {
		t.Errorf("the metrics say nothing of it:\n%s", metrics)
	}
	refused(t, bad, listed)

	// One that only observes leaves the firewall as it is; with nothing in it, nobody is refused and all is shown.
	held(s.stop)
	held(func() { s.start(path, "GAOL_TEST_OBSERVE=1"); s.stop() })
	for _, command := range []string{"nft flush ruleset", "ipset destroy"} {
		s.wait(command, func() error { return exec.Command("sh", "-c", command).Run() })
	}
	s.start(path, "GAOL_TEST_OBSERVE=1")
	s.wait("the list is shown", func() error {
		if b := s.jail("lists").Blocklist; b == nil || b.Networks != 1 || b.Enforced != 0 || b.Packets != nil {
			return fmt.Errorf("%+v", b)
		}
		return nil
	})
	served(t, bad, listed)
	s.stop()

	// While nobody looks, the jail goes.
	s.start(path)
	inForce()
	s.kill()
	refused(t, bad, listed)
	s.configure("[jail.sshd]\nenabled = false\n")
	s.start(path)
	s.wait("what the earlier run left is gone", func() error { _, err := bad.Ask("tcp", listed.server, time.Second); return err })
	s.wait("no list is left", func() error {
		out, err := exec.Command("sh", "-c", "nft list ruleset; ipset list -n; iptables-nft -S; ip6tables-nft -S").Output()
		if strings.Contains(string(out), "gaol:lists") || strings.Contains(string(out), "list-lists") {
			err = fmt.Errorf("left behind: %s", out)
		}
		return err
	})
	s.stop()
}

// listServer is a server whose answer can be changed.
type listServer struct {
	mu     sync.Mutex
	answer http.HandlerFunc
	asked  int
}

func (l *listServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	l.asked++
	answer := l.answer
	l.mu.Unlock()
	answer(w, r)
}

func (l *listServer) set(answer http.HandlerFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer, l.asked = answer, 0
}

func (l *listServer) waitAsked(t *testing.T) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		l.mu.Lock()
		asked := l.asked
		l.mu.Unlock()
		if asked > 0 {
			return
		}
		if time.Since(began) > time.Minute {
			t.Fatal("the server was not asked")
		}
	}
}

func otherCertificate(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}
