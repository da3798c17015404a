package fail2ban_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/config/fail2ban"
	"gaol/filter"
)

// FuzzLoadFilter: whatever is in the files, a filter that is read compiles, and means the same when what it says
// is written down without any reference to other options.
func FuzzLoadFilter(f *testing.F) {
	for _, seed := range [][3]string{
		{"[INCLUDES]\nbefore = g.conf\n[Definition]\nfailregex = %(a)s <b> <HOST>\n", "[DEFAULT]\na = A\nb = B\n", "b=C"},
		{"[Definition]\nmode = x\nre-x = a <HOST>\n  b%% <HOST>\nfailregex = <re-<mode>>\n[Init]\nmode = y\n", "", "mode=x"},
		{"[Definition]\na = %(b)s\nb = %(a)s\nfailregex = %(known/a)s<HOST>\n", "[Init?family=inet6]\na=b\n", ""},
		{"[INCLUDES]\nafter = f.conf\n  g.conf\n[Definition]\nprefregex = ^x <F-CONTENT>.*</F-CONTENT>\nfailregex = ^(?!a)<HOST>\n", "[INCLUDES]\nbefore = f.conf\n[Definition]\nmaxlines: 3\ndatepattern = (?P<s>[-/])%%m(?P=s)%%d\n", "usedns=no"},
		{"[Definition]\nfailregex = <a><HOST>\na = <<b>>\nb = a\n", "", "a=\"x\""},
		{"\ufeff[Definition]\r\nfailregex: <HOST> ; x\r\n # y\r\n\r\n ;z\r\n z<HOST>\r\njournalmatch = _COMM='x y' +\n", "[x]\nb=1\n", "b=1][c=2"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, main, other, arguments string) {
		if len(main) > 2000 || len(other) > 2000 || len(arguments) > 200 {
			t.Skip()
		}
		dir := write(t, map[string]string{"f.conf": main, "g.conf": other, "f.local": other})
		name, args, err := fail2ban.SplitName("f.conf[" + arguments + "]")
		if err != nil {
			name, args = "f.conf", nil
		}
		got, err := fail2ban.LoadFilter(filepath.Join(dir, name), fail2ban.FilterOptions{Arguments: args})
		if err != nil {
			return
		}
		if _, err := filter.Compile(got.Spec, filter.Options{Names: got.Names()}); err != nil {
			t.Fatalf("does not compile: %v", err)
		}
		written, ok := plain(got)
		if !ok {
			return
		}
		path := filepath.Join(dir, "plain", "f.conf")
		if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(written), 0o644); err != nil {
			t.Fatal(err)
		}
		again, err := fail2ban.LoadFilter(path, fail2ban.FilterOptions{})
		if err != nil {
			t.Fatalf("written down plainly: %v\n%s", err, written)
		}
		if diff := cmp.Diff(got.Spec, again.Spec); diff != "" || got.UseDNS != again.UseDNS {
			t.Errorf("written down plainly (-first +again):\n%s\n%s", diff, written)
		}
	})
}

// unwritable is what a value can hold only because of where it came from: what would be a comment, and the tags
// of options that are there in any filter.
var unwritable = regexp.MustCompile(`(?i)(^|\s);|^#|<(known/)?(prefregex|failregex|ignoreregex|datepattern|maxlines|usedns|logtype)>|<(definition|default)/|[\v\f\r\x1c-\x1f\x85]`)

// plain writes a filter down without any reference; it reports false for what can't be.
func plain(f fail2ban.Filter) (string, bool) {
	var out strings.Builder
	out.WriteString("[Definition]\nusedns = " + f.UseDNS + "\n")
	for _, one := range []struct {
		name  string
		lines []string
	}{
		{"prefregex", []string{f.Spec.Prefregex}}, {"failregex", f.Spec.Failregex}, {"ignoreregex", f.Spec.Ignoreregex},
		{"datepattern", f.Spec.Datepattern},
	} {
		if len(one.lines) == 0 || one.lines[0] == "" {
			continue
		}
		out.WriteString(one.name + " =\n")
		for _, l := range one.lines {
			if unwritable.MatchString(l) {
				return "", false
			}
			out.WriteString("  " + strings.ReplaceAll(l, "%", "%%") + "\n")
		}
	}
	if f.Spec.MaxLines > 0 || len(f.Spec.Journalmatch) > 0 {
		return "", false
	}
	return out.String(), true
}
