package action_test

import (
	"slices"
	"testing"

	"gaol/action"
)

func TestValidInterface(t *testing.T) {
	for name, want := range map[string]bool{
		"eth0": true, "wg+": true, "wg*": true, "eth0.100": true, "br-1a2b3c4d5e6f": true, "enp0s31f6": true, "_": true,
		"": false, ".": false, "..": false, "+": false, "-i": false, "!eth0": false, "eth 0": false, "eth/0": false, "eth:0": false,
		"e*0": false, "wg++": false, "a234567890123456": false, "eth0\n": false, "$(id)": false, "éth0": false,
	} {
		if got := action.ValidInterface(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestCheckedInterfaces(t *testing.T) {
	r, err := action.Rule{Jail: "web", Interfaces: []string{"wg*", "eth0", "wg+"}}.Checked()
	if err != nil || !slices.Equal(r.Interfaces, []string{"eth0", "wg+"}) {
		t.Errorf("%q, %v", r.Interfaces, err)
	}
	if _, err := (action.Rule{Jail: "web", Interfaces: []string{"eth/0"}}).Checked(); err == nil {
		t.Error("a name with a slash is taken")
	}
}

func TestBlocks(t *testing.T) {
	for i, name := range action.Blocks() {
		b, ok := action.ParseBlock(name)
		if !ok || int(b) != i || b.String() != name {
			t.Errorf("%s: %d, %v, %s", name, b, ok, b)
		}
	}
	if _, ok := action.ParseBlock("explode"); ok {
		t.Error("an unknown word is taken")
	}
}

func TestCovers(t *testing.T) {
	for _, tt := range []struct {
		interfaces []string
		name       string
		want       bool
	}{
		{nil, "eth0", true},
		{[]string{"eth0"}, "eth0", true},
		{[]string{"eth0"}, "eth01", false},
		{[]string{"eth0", "wg+"}, "wg1", true},
		{[]string{"wg*"}, "wg", true},
		{[]string{"wg+"}, "eth0", false},
		{[]string{"eth0"}, "", false},
	} {
		if got := (action.Rule{Interfaces: tt.interfaces}).Covers(tt.name); got != tt.want {
			t.Errorf("%q of %q: got %v", tt.name, tt.interfaces, got)
		}
	}
}
