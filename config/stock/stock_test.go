package stock_test

import (
	"io/fs"
	"strings"
	"testing"

	"gaol/config"
	"gaol/config/stock"
	"gaol/filter"
)

// innocent is whom the tests' hostile lines try to accuse. No line of a service has
// it unless a client wrote it there.
const innocent = "198.51.100.1"

func options() config.Options { return config.Options{Stock: stock.FS()} }

// namesIn lists the files of a folder of the library.
func namesIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := fs.ReadDir(stock.FS(), folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".toml"))
	}
	return names
}

func load(t *testing.T, name string) filter.Spec {
	t.Helper()
	spec, problems := config.LoadFilter(options(), name)
	for _, p := range problems {
		t.Error(p)
	}
	if len(problems) > 0 {
		t.FailNow()
	}
	return spec
}

func TestEveryFilterPassesItsOwnTests(t *testing.T) {
	for _, name := range namesIn(t, "filter.d") {
		t.Run(name, func(t *testing.T) {
			for _, result := range filter.RunTests(load(t, name)) {
				if !result.OK {
					t.Errorf("test %d, mode %q, %q: %s", result.Index+1, result.Test.Mode, result.Test.Lines, result.Problem)
				}
			}
		})
	}
}
