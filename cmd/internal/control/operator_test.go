package control_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/cmd/internal/control"
)

// noting is a daemon that cares who uses it.
type noting struct {
	far
	seen []string
}

func (n *noting) NoteOperator(addr netip.Addr) { n.seen = append(n.seen, addr.String()) }

func TestOperatorIsTold(t *testing.T) {
	n := &noting{}
	server := httptest.NewServer(control.Handler(n))
	defer server.Close()
	for _, header := range []string{"192.0.2.7", "", "192.0.2.7:22", "host.example", "192.0.2.0/24", "2001:db8::7", "\t", "127.0.0.1, 192.0.2.8"} {
		req, err := http.NewRequest(http.MethodGet, server.URL+"/v1/version", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Gaol-Operator", header)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%q: %s", header, resp.Status)
		}
	}
	if diff := cmp.Diff([]string{"192.0.2.7", "2001:db8::7"}, n.seen); diff != "" {
		t.Error(diff)
	}
}
