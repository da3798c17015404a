package config

import (
	"strings"
	"testing"
)

// unplaced names what has no place of its own, "" if everything has.
func unplaced(value any, at *place, name string) string {
	if at == nil {
		return name
	}
	switch v := value.(type) {
	case map[string]any:
		for key, member := range v {
			if bad := unplaced(member, at.table[key], name+"."+key); bad != "" {
				return bad
			}
		}
	case []map[string]any:
		for i, member := range v {
			if i >= len(at.list) {
				return name
			}
			if bad := unplaced(member, at.list[i], name+"[]"); bad != "" {
				return bad
			}
		}
	case []any:
		if len(v) != len(at.list) {
			return name
		}
		for i, member := range v {
			if bad := unplaced(member, at.list[i], name+"[]"); bad != "" {
				return bad
			}
		}
	}
	return ""
}

var tomls = []string{
	"a = 1\n[b]\nc = 'x'\n",
	"a.b.'c d'.\"e\\u0041\" = 1\n[x . y]\nz=2",
	"a = [\n 1, # one\n [2, 3],\n {b = 1, c.d = [4]}, ]\nb = 1",
	"a = '''\n[b]\nc = 1\n'''''\nd = \"\"\"\\\"\" \\\n x\"\"\"\"\"\ne = 3",
	"[[t]]\na = 1\n[t.s]\nb = 2\n[[t]]\n[[t.u]]\nc = 3\n[[t.u]]\nd = 4",
	"d = 1979-05-27 07:32:00\ne = 07:32:00 # x\nf = -inf\ng = 1_000",
	"a = {\n  b = 1,\n  c = 'x' # y\n}\r\n\r\nz = \"#\"",
	"\uFEFFa = 1",
	"a = [{b = 1}, {c = [[], [{}]]}]",
	"[a]\n[a.b.c]\n[a.b]\nx = 1",
	"'' = 1\n\"\" .a",
}

func TestEveryKeyHasItsPlace(t *testing.T) {
	for _, text := range tomls[:len(tomls)-1] {
		values, err := decode(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		places, _ := findPlaces(withoutBOM(text))
		if bad := unplaced(values, places, ""); bad != "" {
			t.Errorf("%q: no place for %s", text, bad)
		}
	}
}

func TestPlaces(t *testing.T) {
	doc, err := parse("x", "\uFEFFa = 1\r\n\n[b]\n  c = [ 'x',\n'''\n\n''', 'y']\n[[d]]\n[[d]]\ne.f = {g = 1}\n")
	if err != nil {
		t.Fatal(err)
	}
	b, d := doc.root.table["b"], doc.root.table["d"]
	c := b.table["c"]
	g := d.list[1].table["e"].table["f"].table["g"]
	for _, tt := range []struct {
		n            *node
		line, column int
		within, key  string
	}{
		{doc.root.table["a"], 1, 1, "", "a"},
		{b, 3, 1, "", "b"},
		{c, 4, 3, "b", "c"},
		{c.list[0], 4, 9, "b", "c[1]"},
		{c.list[1], 5, 1, "b", "c[2]"},
		{c.list[2], 7, 6, "b", "c[3]"},
		{d.list[1], 9, 1, "", "d[2]"},
		{g, 10, 8, "", "d[2].e.f.g"},
	} {
		if tt.n.line != tt.line || tt.n.column != tt.column || tt.n.within != tt.within || tt.n.key != tt.key {
			t.Errorf("%s in [%s] is at %d:%d, want %s in [%s] at %d:%d", tt.n.key, tt.n.within, tt.n.line, tt.n.column,
				tt.key, tt.within, tt.line, tt.column)
		}
	}
}

// Whatever the TOML package reads, the scanner has seen the same keys and list members.
func FuzzPlaces(f *testing.F) {
	for _, text := range tomls {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if encodingProblem([]byte(text)).What != "" {
			return
		}
		text = withoutBOM(text)
		places, tooDeep := findPlaces(text)
		if tooDeep > 0 {
			return
		}
		values, err := decode(text)
		if err != nil {
			return
		}
		if bad := unplaced(values, places, ""); bad != "" {
			t.Errorf("no place for %q", bad)
		}
	})
}

func TestNoFileAtAll(t *testing.T) {
	opts := Options{File: t.TempDir() + "/gaol.toml"}
	if c := load(opts, false); len(c.Problems) > 0 || len(c.Jails) > 0 || c.OnStop != Flush {
		t.Errorf("without files and library: %+v", c)
	}
}

func TestNearest(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"maxrety", "maxretry"}, {"max_retry", "maxretry"}, {"MaxRetry", "maxretry"}, {"mxaretry", "maxretry"},
		{"prot", "port"}, {"ports", "port"}, {"xyzzy", ""}, {"", ""}, {strings.Repeat("maxretry", 1000), ""},
	} {
		if got := nearest(tt.name, []string{"port", "maxretry", "findtime"}); got != tt.want {
			t.Errorf("nearest to %.20q is %q, want %q", tt.name, got, tt.want)
		}
	}
}
