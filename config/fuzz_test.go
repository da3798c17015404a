package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"gaol/config"
)

// Any file gives a configuration; what is wrong in it has a place in it, and one printable line.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"onstop = 'x'\n[default]\nbantime = -5\n[jail.sshd]\nport = ['ssh', 'x']\nfilter = 'sshd[mode=x]'",
		"[jail.a]\nenabled = true\naction = [{name = 'command', ban = [1]}, 'x']\nfailregex = ['(', '<HOST>']",
		"[jail.a]\nfilter = { failregex = 1 }\nenabled = true\n[jail.a.bantime_increment]\nfactor = nan",
		"jail = 1\ndefault = []\nstore = 'x'\nweb.listen = ':'",
		"[jail.a]\nbantime = 10m", "[[jail]]", "\x00", "\uFEFF\r\n",
		"[jail.a]\nenabled = true\nfilter.test = [{line = 'a', mode = 'b'}]\nfilter.mode.b = 3\nfilter.failregex = '<HOST>'",
		"[default.escalate]\nenabled = true\nipv6prefix = 64\nhosts = 1\n[jail.a]\nenabled = true\nlogpath = ['bans', '/x']\nipv4prefix = 8",
		"[default.bantime_increment]\nformula = 'time * ('\nmultipliers = [1]\n[jail.sshd]\nlogpath = 'bans'\n[jail.sshd.bantime_increment]\nformula = 'count'",
		"[jail.a]\nenabled = true\nlogpath = '/x'\nparam = { x = '(', y = [1, 'a'], z = 1 }\nfilter.failregex = '<x><HOST>'\nfilter.param.x.default = 'a'\nfilter.param.Z = 1\n[[jail.a.filter.test]]\nparam.x = 1",
	} {
		f.Add(text)
	}
	path := filepath.Join(f.TempDir(), "gaol.toml")
	opts := config.Options{File: path, Stock: library(), LookupPort: func(string, string) (int, error) { return 0, os.ErrNotExist }}
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		lines := strings.Count(text, "\n") + 1
		for _, p := range config.Load(opts).Problems {
			if p.File != path || p.Line < 1 || p.Line > lines || p.Column < 1 {
				if !strings.HasPrefix(p.File, "stock ") {
					t.Errorf("%v: is at %s:%d:%d", p, p.File, p.Line, p.Column)
				}
			}
			if strings.ContainsFunc(p.Error(), unicode.IsControl) || len(p.Error()) > 4000+2*len(text) {
				t.Errorf("not one printable line: %q", p.Error())
			}
		}
	})
}
