package demo_test

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gaol/action/actiontest"
	"gaol/cmd/internal/demo"
	"gaol/config/stock"
)

// TestPerform plays the whole story, with real packets.
func TestPerform(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	t.Setenv("TMPDIR", t.TempDir())
	var told []string
	err := demo.Perform(t.Context(), demo.Options{
		Stock: stock.FS(), Version: "test", Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Tell: func(s demo.Step) { told = append(told, s.Text+": "+s.Detail) },
	})
	story := strings.Join(told, "\n")
	if err != nil {
		t.Fatalf("%v\n%s", err, story)
	}
	rest := story
	for _, want := range []string{
		"opens the login page: 200 OK", "ERROR Login failure 203.0.113.66", "gaol bans 203.0.113.66 in jail demo",
		"the kernel holds the ban", "connection refused by the kernel", "198.51.100.7 is still served", "gaol unban 203.0.113.66",
		"203.0.113.66 is served again",
	} {
		_, behind, ok := strings.Cut(rest, want)
		if !ok {
			t.Errorf("%q is missing, or in another place, in\n%s", want, story)
			continue
		}
		rest = behind
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "gaol-demo-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestPerformSaysWhatIsMissing(t *testing.T) {
	if !actiontest.Isolate(t) {
		return
	}
	t.Setenv("TMPDIR", "/nowhere")
	err := demo.Perform(t.Context(), demo.Options{Stock: stock.FS(), Logger: slog.New(slog.DiscardHandler), Tell: func(demo.Step) {}})
	if err == nil || !strings.Contains(err.Error(), "making a folder for the demo") {
		t.Errorf("got %v", err)
	}
}
