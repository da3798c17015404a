package fail2ban_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/config/fail2ban"
	"gaol/filter"
)

// write puts files into a folder of their own and returns its path.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// load reads f.conf[arguments] among these files.
func load(t *testing.T, files map[string]string, arguments string) (fail2ban.Filter, error) {
	t.Helper()
	name, args, err := fail2ban.SplitName(filepath.Join(write(t, files), "f.conf") + arguments)
	if err != nil {
		t.Fatal(err)
	}
	return fail2ban.LoadFilter(name, fail2ban.FilterOptions{Arguments: args})
}

func TestFailregex(t *testing.T) {
	for _, tt := range []struct {
		name      string
		files     map[string]string
		arguments string
		want      []string
	}{
		{"one pattern", map[string]string{"f.conf": "[Definition]\nfailregex = from <HOST>\n"}, "", []string{"from <HOST>"}},
		{"colon", map[string]string{"f.conf": "[Definition]\nfailregex: from: <HOST>\n"}, "", []string{"from: <HOST>"}},
		{"several lines, blank ones and comments between", map[string]string{"f.conf": "[Definition]\n\nfailregex = a <HOST>\n\n  # none <HOST>\n\tb <HOST> ; a comment\n    ;c <HOST>\n  d;e# <HOST>\n"},
			"", []string{"a <HOST>", "b <HOST>", "d;e# <HOST>"}},
		{"value on the lines that follow", map[string]string{"f.conf": "[Definition]\nfailregex =\n  a <HOST>\n"}, "", []string{"a <HOST>"}},
		{"indented option", map[string]string{"f.conf": "[Definition]\n  x = 1\n  failregex = a <HOST>\n     b <HOST>\n"}, "", []string{"a <HOST>", "b <HOST>"}},
		{"line ends of Windows, and a byte order mark", map[string]string{"f.conf": "\ufeff[Definition]\r\nfailregex = a <HOST>\r\n  b <HOST>\r\n"}, "", []string{"a <HOST>", "b <HOST>"}},
		{"names in any case", map[string]string{"f.conf": "[Definition]\nFailRegex = %(Own)s <oWn> <HOST>\nOWN = x\n"}, "", []string{"x x <HOST>"}},

		{"interpolation", map[string]string{"f.conf": "[DEFAULT]\na = A\n[Definition]\nb = %(a)sB\nfailregex = %(b)s %% <HOST>\n"}, "", []string{"AB % <HOST>"}},
		{"own options over inherited ones", map[string]string{"f.conf": "[DEFAULT]\na = A\n[Definition]\na = B\nfailregex = %(a)s %(default/a)s <HOST>\n"}, "", []string{"B A <HOST>"}},
		{"interpolation from another section", map[string]string{"f.conf": "[DEFAULT]\nb = B\n[parts]\na = A\n[Definition]\nfailregex = %(parts/a)s %(parts/b)s %(__name__)s <HOST>\n"}, "", []string{"A B Definition <HOST>"}},
		{"interpolation of several lines", map[string]string{"f.conf": "[Definition]\nfailregex = %(more)s\n  c <HOST>\nmore = a <HOST>\n  b <HOST>\n"}, "", []string{"a <HOST>", "b <HOST>", "c <HOST>"}},

		{"tags", map[string]string{"f.conf": "[Definition]\na = A<b>\nb = B\nfailregex = <a> <b> <c> <HOST>\n"}, "", []string{"AB B <c> <HOST>"}},
		{"nested tags", map[string]string{"f.conf": "[Definition]\nmode = one\nre-one = a <HOST>\nre-two = b <HOST>\n  c <HOST>\nfailregex = <re-<mode>>\n"}, "", []string{"a <HOST>"}},
		{"nested tags with an argument", map[string]string{"f.conf": "[Definition]\nmode = one\nre-one = a <HOST>\nre-two = b <HOST>\n  c <HOST>\nfailregex = <re-<mode>>\n"}, "[mode=two]", []string{"b <HOST>", "c <HOST>"}},
		{"tags of another section", map[string]string{"f.conf": "[DEFAULT]\nlogtype = file\npre = <lt_<logtype>/pre>\n[lt_file]\npre = %(who)s\nwho = F\n[lt_journal]\npre = J\n[Definition]\nfailregex = <pre> <HOST>\n"}, "", []string{"F <HOST>"}},
		{"the same with an argument", map[string]string{"f.conf": "[DEFAULT]\nlogtype = file\npre = <lt_<logtype>/pre>\n[lt_file]\npre = F\n[lt_journal]\npre = J\n[Definition]\nfailregex = <pre> <HOST>\n"}, "[logtype=journal]", []string{"J <HOST>"}},
		{"tags of a section that is not there", map[string]string{"f.conf": "[Definition]\nfailregex = <none/a> <HOST>\n"}, "", []string{"<none/a> <HOST>"}},
		{"groups are no tags", map[string]string{"f.conf": "[Definition]\nuser = x\nfailregex = (?P<user>\\S+) <user> <HOST>\n"}, "", []string{`(?P<user>\S+) x <HOST>`}},
		{"conditional options", map[string]string{"f.conf": "[Definition]\na = A\nfailregex = <a> <a?family=inet6> <HOST>\n[Init?family=inet6]\na = B\n"}, "", []string{"A B <HOST>"}},

		{"Init over Definition", map[string]string{"f.conf": "[Definition]\na = A\nfailregex = <a> <HOST>\n[Init]\na = B\n"}, "", []string{"B <HOST>"}},
		{"Init over Definition, for patterns", map[string]string{"f.conf": "[Definition]\nfailregex = a <HOST>\n[Init]\nfailregex = b <HOST>\n"}, "", []string{"b <HOST>"}},
		{"argument over Init", map[string]string{"f.conf": "[Definition]\na = A\nfailregex = <a> %(a)s <HOST>\n[Init]\na = B\n"}, "[a=C]", []string{"C C <HOST>"}},
		{"what an argument overrides", map[string]string{"f.conf": "[Definition]\na = A\nfailregex = <a> <HOST>\n"}, `[a="<known/a>|B%"]`, []string{"A|B% <HOST>"}},
		{"argument for patterns", map[string]string{"f.conf": "[Definition]\nfailregex = a <HOST>\n"}, `[failregex="100% <HOST>"]`, []string{"100% <HOST>"}},

		{"includes", map[string]string{
			"f.conf":        "[INCLUDES]\nbefore = sub/a.conf\n  b.conf\nafter = c.conf\n[Definition]\nx = f\ny = f\nz = f\nfailregex = %(w)s %(x)s %(y)s %(z)s <HOST>\n",
			"sub/a.conf":    "[INCLUDES]\nbefore = deep.conf\n[Definition]\nw = a\n",
			"sub/deep.conf": "[Definition]\nw = deep\nv = deep\n",
			"b.conf":        "[Definition]\nw = %(v)s\nx = b\n",
			"b.local":       "[Definition]\nw = %(known/w)sb\n",
			"c.conf":        "[Definition]\nz = c\n",
		}, "", []string{"deepb f f c <HOST>"}},
		{"what lies over a file", map[string]string{
			"f.conf":      "[Definition]\nx = f\ny = f\nz = f\nv = f\nfailregex = %(v)s %(x)s %(y)s %(z)s <HOST>\n",
			"f.d/2.conf":  "[Definition]\nx = d2\ny = d2\n",
			"f.d/1.conf":  "[Definition]\nx = d1\nv = d1\n",
			"f.local":     "[Definition]\ny = local\nz = local\n",
			"f.d/z.local": "[Definition]\nz = dlocal\n",
			"f.d/z.toml":  "no ini",
		}, "", []string{"d1 d2 local dlocal <HOST>"}},
		{"one's own over what all inherit, whichever came last", map[string]string{"f.conf": "[Definition]\na = own\nfailregex = %(a)s <HOST>\n", "f.local": "[DEFAULT]\na = later\n"}, "", []string{"own <HOST>"}},
		{"what was there before", map[string]string{
			"f.conf":     "[Definition]\nfailregex = a <HOST>\n",
			"f.d/1.conf": "[Definition]\nfailregex = %(known/failregex)s\n  b <HOST>\n",
			"f.local":    "[Definition]\nfailregex = %(known/failregex)s\n  c <HOST>\n",
		}, "", []string{"a <HOST>", "b <HOST>", "c <HOST>"}},
		{"what was there before, inherited", map[string]string{"f.conf": "[INCLUDES]\nbefore = g.conf\n[Definition]\na = %(known/a)s!\nfailregex = %(a)s %(known/a)s <HOST>\n", "g.conf": "[DEFAULT]\na = A\n"},
			"", []string{"A! A <HOST>"}},
		{"files that include each other", map[string]string{
			"f.conf": "[INCLUDES]\nbefore = g.conf\n[Definition]\nfailregex = <HOST>\n",
			"g.conf": "[INCLUDES]\nbefore = f.conf\nafter = g.conf\n[Definition]\nx = 1\n"}, "", []string{"<HOST>"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := load(t, tt.files, tt.arguments)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, f.Spec.Failregex); diff != "" {
				t.Errorf("failregex (-want +got):\n%s", diff)
			}
		})
	}
}

// The other options of a filter.
func TestSpec(t *testing.T) {
	f, err := load(t, map[string]string{"f.conf": `
[Definition]
_daemon = shopd
prefregex = ^\s*\S+ %(_daemon)s: <F-CONTENT>.+</F-CONTENT>$
failregex = ^failed from <HOST>
ignoreregex = of the probe$
              by us$
datepattern = ^%%Y(?P<_sep>[-/.])%%m(?P=_sep)%%d(?P<t> |T)%%H
              {^LN-BEG}EPOCH
maxlines = 5
usedns = No
journalmatch = _SYSTEMD_UNIT=shop.service + "_COMM=shop d"
               _COMM=other PRIORITY=3
`}, "")
	if err != nil {
		t.Fatal(err)
	}
	want := filter.Spec{
		Name:         "f",
		Fail2ban:     true,
		Prefregex:    `^\s*\S+ shopd: <F-CONTENT>.+</F-CONTENT>$`,
		Failregex:    []string{`^failed from <HOST>`},
		Ignoreregex:  []string{`of the probe$`, `by us$`},
		Datepattern:  []string{`^%Y-%m-%d(?: |T)%H`, `^%Y/%m/%d(?: |T)%H`, `^%Y\.%m\.%d(?: |T)%H`, `{^LN-BEG}EPOCH`},
		MaxLines:     5,
		Journalmatch: []string{"_SYSTEMD_UNIT=shop.service", "+", "_COMM=shop d", "+", "_COMM=other", "PRIORITY=3"},
	}
	if diff := cmp.Diff(want, f.Spec); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
	if f.UseDNS != "no" || f.Names() || len(f.Warnings) > 0 || len(f.Files) != 1 {
		t.Errorf("usedns %q, files %q, warnings %v", f.UseDNS, f.Files, f.Warnings)
	}
}

// What nobody says is as in fail2ban.
func TestDefaults(t *testing.T) {
	files := map[string]string{"f.conf": "[lt_file]\nx = F\n[lt_journal]\nx = J\n[Definition]\nfailregex = <lt_<logtype>/x> <HOST>\n"}
	path := filepath.Join(write(t, files), "f.conf")
	for _, tt := range []struct {
		journal bool
		want    string
	}{{false, "F <HOST>"}, {true, "J <HOST>"}} {
		f, err := fail2ban.LoadFilter(path, fail2ban.FilterOptions{Journal: tt.journal})
		if err != nil || f.Spec.Failregex[0] != tt.want || f.UseDNS != "warn" || !f.Names() {
			t.Errorf("journal %v: %q, usedns %q, %v", tt.journal, f.Spec.Failregex, f.UseDNS, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"misspelt option", "[Definition]\nfailregex = <HOST>\nignoreregx = x\n_own = y\n", "f.conf:3: ignoreregx in [Definition]: it is left out: fail2ban knows no such option of a filter, and no other option names it"},
		{"conditional option", "[Definition]\nfailregex = <HOST>\n[Init?family=inet6]\nx = y\n", "f.conf:4: x?family=inet6 in [Init]: it is left out: a filter has no families of addresses"},
		{"maxlines", "[Definition]\nfailregex = <HOST>\nmaxlines = many\n", `f.conf:3: maxlines: "many" is no number of lines`},
		{"too many lines", "[Definition]\nfailregex = <HOST>\nmaxlines = 5000\n", `f.conf:3: maxlines: "5000" is more than the 1000 lines that patterns can see together`},
		{"usedns", "[Definition]\nfailregex = <HOST>\nusedns = perhaps\n", `f.conf:3: usedns: "perhaps" is none of yes, warn, no and raw; no is taken`},
		{"journalmatch", "[Definition]\nfailregex = <HOST>\njournalmatch = _COMM=x\n  y\n", `f.conf:4: journalmatch: "y" is no FIELD=value`},
		{"missing include", "[INCLUDES]\nbefore = none.conf\nafter = none.local\n[Definition]\nfailregex = <HOST>\n", `/none.conf" to include`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := load(t, map[string]string{"f.conf": tt.text}, "")
			if err != nil {
				t.Fatal(err)
			}
			if len(f.Warnings) != 1 || !strings.HasSuffix(f.Warnings[0].Error(), tt.want) {
				t.Errorf("warnings %v, want %q", f.Warnings, tt.want)
			}
		})
	}
}

// An argument that nobody asks for was misspelt.
func TestArgumentWarning(t *testing.T) {
	files := map[string]string{"f.conf": "[Definition]\nmode = x\nre-x = a <HOST>\nre-y = b <HOST>\nfailregex = <re-<mode>>\n"}
	for arguments, want := range map[string]int{"[mode=y, maxlines=2, logtype=file, re-y=c<HOST>]": 0, "[mod=y]": 1} {
		f, err := load(t, files, arguments)
		if err != nil || len(f.Warnings) != want {
			t.Errorf("%s: %v, %v", arguments, f.Warnings, err)
		}
		for _, w := range f.Warnings {
			if !strings.HasSuffix(w.Error(), "f.conf: mod: the argument changes nothing: no option names it") {
				t.Error(w)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	long := strings.Repeat("%(b)s", 20_000)
	bomb := "[Definition]\nfailregex = %(a0)s <HOST>\n"
	tagBomb := "[Definition]\nfailregex = <a0> <HOST>\n"
	silent := "[Definition]\nfailregex = %(a0)s <HOST>\n"
	for i := range 9 {
		next := string(rune('1' + i))
		bomb += "a" + string(rune('0'+i)) + " = " + strings.Repeat("%(a"+next+")s", 10) + "\n"
		tagBomb += "a" + string(rune('0'+i)) + " = " + strings.Repeat("<a"+next+">", 10) + "\n"
		silent += "a" + string(rune('0'+i)) + " = " + strings.Repeat("%(a"+next+")s", 50) + "\n"
	}
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"no file", nil, "f.conf: no such file or directory"},
		{"no filter", map[string]string{"f.conf": "[Definition]\nactionban = x\n"}, "f.conf: [Definition]: no failregex"},
		{"not text", map[string]string{"f.conf": "[Definition]\nfailregex = \xff<HOST>\n"}, "f.conf: it is not text in UTF-8: save it as UTF-8"},
		{"too large", map[string]string{"f.conf": strings.Repeat("#\n", 1<<19) + "\n"}, "f.conf: larger than 1 MiB"},
		{"option before any section", map[string]string{"f.conf": "a = 1\n"}, `f.conf:1: found "a = 1" before any section`},
		{"word without value", map[string]string{"f.conf": "[Definition]\nfailregex = a\nb <HOST>\n"}, `f.conf:3: found "b <HOST>", expected name = value: indent a line that continues the one before it`},
		{"no name", map[string]string{"f.conf": "[Definition]\n= a\n"}, `f.conf:2: found "= a", expected a name`},
		{"section twice", map[string]string{"f.conf": "[Definition]\n[x]\n[Definition]\n"}, "f.conf:3: section [Definition] is there twice, first in line 1"},
		{"option twice", map[string]string{"f.conf": "[Definition]\na = 1\nA: 2\n"}, `f.conf:3: option "a" is there twice in [Definition], first in line 2`},
		{"fault in a file that lies over it", map[string]string{"f.conf": "[Definition]\nfailregex = <HOST>\n", "f.local": "x\n"}, `f.local:1: found "x"`},
		{"fault in an included file", map[string]string{"f.conf": "[INCLUDES]\nbefore = g.conf\n[Definition]\nfailregex = <HOST>\n", "g.conf": "x\n"}, `g.conf:1: before in [INCLUDES]: found "x"`},

		{"unknown name", map[string]string{"f.conf": "[Definition]\nfailregex = <HOST>\n  %(none)s\n"}, "f.conf:3: failregex in [Definition]: %(none)s stands for no option"},
		{"nothing known before", map[string]string{"f.conf": "[Definition]\nfailregex = %(known/failregex)s\n"}, "%(known/failregex)s stands for no option"},
		{"single percent sign", map[string]string{"f.conf": "[Definition]\nfailregex = 5% <HOST>\n"}, "f.conf:2: failregex in [Definition]: a single %: write %% for the character"},
		{"name that is not closed", map[string]string{"f.conf": "[Definition]\nfailregex = %(x <HOST>\n"}, "a single %"},
		{"interpolation of itself", map[string]string{"f.conf": "[Definition]\na = %(b)s\nb = %(a)s\nfailregex = %(a)s <HOST>\n"}, "leads on more than 10 times: let no option name itself"},
		{"tag of itself", map[string]string{"f.conf": "[Definition]\na = <b>\nb = <a>\nfailregex = <a> <HOST>\n"}, "f.conf:4: failregex in [Definition]: <a> leads to itself"},
		{"tag that makes itself", map[string]string{"f.conf": "[Definition]\na = <<b>>\nb = a\nfailregex = <a> <HOST>\n"}, "<a> leads to itself"},
		{"value that grows", map[string]string{"f.conf": bomb + "a9 = 0123456789\n"}, "its value grows without end"},
		{"tags that grow", map[string]string{"f.conf": tagBomb + "a9 = 0123456789\n"}, "its value grows without end"},
		{"nothing, many times", map[string]string{"f.conf": silent + "a9 =\n"}, "its value grows without end"},
		{"long value, many times", map[string]string{"f.conf": "[Definition]\nb = " + strings.Repeat("x", 5000) + "\nfailregex = " + long + "<HOST>\n"}, "its value grows without end"},
		{"too many includes", map[string]string{"f.conf": "[INCLUDES]\nbefore = a0.conf\n  b0.conf\n[Definition]\nfailregex = <HOST>\n"}, "more than 100 files are included"},
		{"too many patterns", map[string]string{"f.conf": "[Definition]\nfailregex =\n" + strings.Repeat("  <HOST>\n", 1001)}, "f.conf:1003: failregex in [Definition]: more than 1000 patterns"},

		{"two prefregexes", map[string]string{"f.conf": "[Definition]\nprefregex = a\n  b\nfailregex = <HOST>\n"}, "f.conf:3: prefregex in [Definition]: a second line: write one pattern"},
		{"misspelt mode", map[string]string{"f.conf": "[Definition]\nmode = strikt\nre-strict = a\nfailregex = <re-<mode>>\n"}, `f.conf:4: failregex in [Definition]: no option is called "re-strikt"`},
		{"pattern with a fault", map[string]string{"f.conf": "[Definition]\nfailregex = a <HOST>\n  b (<HOST>\n"}, `f.conf:3: failregex: pattern "b (<HOST>": a parenthesis is not closed`},
		{"pattern without subject", map[string]string{"f.conf": "[Definition]\nfailregex = a\n"}, `f.conf:2: failregex: pattern "a": names neither a host nor an id nor a session`},
		{"prefregex with a fault", map[string]string{"f.conf": "[Definition]\nprefregex = (\nfailregex = a <HOST>\n"}, `f.conf:2: prefregex: pattern "(": a parenthesis is not closed`},
		{"ignoreregex with a fault", map[string]string{"f.conf": "[Definition]\nignoreregex = (\nfailregex = a <HOST>\n"}, `f.conf:2: ignoreregex: pattern "("`},
		{"datepattern with a fault", map[string]string{"f.conf": "[Definition]\ndatepattern = %%Q\nfailregex = a <HOST>\n"}, `f.conf:2: datepattern: pattern "%Q"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "too many includes" {
				for i := range 30 {
					now, next := string(rune('a'+i%2)), string(rune('0'+i/2+1))
					tt.files[now+string(rune('0'+i/2))+".conf"] = "[INCLUDES]\nbefore = a" + next + ".conf\n  b" + next + ".conf\n"
				}
			}
			began := time.Now()
			_, err := load(t, tt.files, "")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("several lines: %q", err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// All patterns that are at fault are named at once.
func TestErrorsAreJoined(t *testing.T) {
	_, err := load(t, map[string]string{"f.conf": "[Definition]\nfailregex = a (<HOST>\n  b <HOST>\n  c)<HOST>\nignoreregex = [\n"}, "")
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != 3 {
		t.Errorf("got %v", err)
	}
}

// A folder, a pipe and a link to itself are no files.
func TestNoFiles(t *testing.T) {
	dir := write(t, map[string]string{"d.conf/x": ""})
	if err := os.Symlink("l.conf", filepath.Join(dir, "l.conf")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"d.conf", "l.conf"} {
		if _, err := fail2ban.LoadFilter(filepath.Join(dir, name), fail2ban.FilterOptions{}); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func TestSplitName(t *testing.T) {
	type args = []fail2ban.Argument
	for _, tt := range []struct {
		text, name string
		want       args
		fault      string
	}{
		{"sshd", "sshd", nil, ""},
		{"f.conf[]", "f.conf", nil, ""},
		{"f[mode=aggressive]", "f", args{{"mode", "aggressive"}}, ""},
		{`f[a=1, B = "x, ]y" , c='"']`, "f", args{{"a", "1"}, {"b", "x, ]y"}, {"c", `"`}}, ""},
		{"f[a=1][b=2]", "f", args{{"a", "1"}, {"b", "2"}}, ""},
		{"f[a=]", "f", args{{"a", ""}}, ""},
		{`f[x?family=inet6="y"]`, "f", args{{"x?family=inet6", "y"}}, ""},
		{"f[a", "", nil, `found "a", expected NAME=VALUE`},
		{"f[a=b", "", nil, `the bracket is not closed behind "b"`},
		{`f[a="b]`, "", nil, `the quotation mark before "b]" is not closed`},
		{"f[a]", "", nil, `expected NAME=VALUE`},
		{"f[=a]", "", nil, `expected NAME=VALUE`},
		{"f[a=b]x", "", nil, `found "x" behind the bracket`},
		{"f[a?family=b]", "", nil, `expected NAME?family=FAMILY=VALUE`},
	} {
		t.Run(tt.text, func(t *testing.T) {
			name, got, err := fail2ban.SplitName(tt.text)
			switch {
			case tt.fault != "":
				if err == nil || !strings.Contains(err.Error(), tt.fault) {
					t.Errorf("got %v, want %q", err, tt.fault)
				}
			case err != nil || name != tt.name || !slices.Equal(got, tt.want):
				t.Errorf("got %q, %v, %v", name, got, err)
			}
		})
	}
}
