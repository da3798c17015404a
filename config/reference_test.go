package config_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"gaol/config"
)

var update = flag.Bool("update", false, "rewrite docs/configuration.md")

const referencePage = "../docs/configuration.md"

func TestReferencePageIsCurrent(t *testing.T) {
	var page bytes.Buffer
	if err := config.WriteMarkdown(&page); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(referencePage, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(referencePage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, page.Bytes()) {
		t.Errorf("%s is out of date: run go test ./config -run TestReferencePage -update", referencePage)
	}
}

func TestReferenceIsComplete(t *testing.T) {
	for _, k := range config.Reference() {
		if k.Table == "" || k.Name == "" || k.Type == "" || !strings.HasSuffix(k.Doc, ".") {
			t.Errorf("the key %+v lacks something", k)
		}
	}
}
