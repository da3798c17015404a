package stock_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"gaol/config"
	"gaol/config/stock"
)

// TestWebserversPage has the configurations in the documentation be without fault, as they stand there.
func TestWebserversPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/webservers.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) == 0 {
		t.Fatal("the page has no configuration")
	}
	for _, block := range blocks {
		file := filepath.Join(t.TempDir(), "gaol.toml")
		if err := os.WriteFile(file, block[1], 0o600); err != nil {
			t.Fatal(err)
		}
		conf := config.Load(config.Options{File: file, Stock: stock.FS()})
		for _, p := range conf.Problems {
			t.Errorf("%v", p)
		}
		for _, j := range conf.Jails {
			if j.Name != "sshd" && j.Enabled && (len(j.Actions) != 1 || j.BanAction != "none") {
				t.Errorf("jail %s: banaction %s, actions %+v", j.Name, j.BanAction, j.Actions)
			}
		}
	}
}
