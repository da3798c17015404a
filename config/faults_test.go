package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/config"
)

// leftOut are the jails that have problems.
func leftOut(c *config.Config) []string {
	var names []string
	for _, j := range c.Jails {
		if len(j.Problems) > 0 {
			names = append(names, j.Name)
		}
	}
	return names
}

func TestOneBadJailLeavesTheOthers(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"bad value in a jail", map[string]string{"gaol.toml": "[jail.own]\nmaxretry = 'x'"}, []string{"own"}},
		{"unknown key in a jail", map[string]string{"gaol.toml": "[jail.own]\nx = 1"}, []string{"own"}},
		{"bad value in default", map[string]string{"gaol.toml": "[default]\nmaxretry = 'x'\n[jail.own]\nmaxretry = 3\n[jail.django-auth]"}, []string{"django-auth", "sshd"}},
		{"unknown key in default", map[string]string{"gaol.toml": "[default]\nmaxrety = 3"}, nil},
		{"bad filter", map[string]string{"gaol.toml": "", "filter.d/sshd.toml": "failregex = '('"}, []string{"sshd"}},
		{"filter that is not TOML", map[string]string{"gaol.toml": "", "filter.d/sshd.toml": "failregex = ("}, []string{"sshd"}},
		{"bad action", map[string]string{"gaol.toml": "[jail.sshd]\naction = 'a'", "action.d/a.toml": "ban = 'x'"}, []string{"sshd"}},
		{"bad filter of a jail that is not enabled", map[string]string{"gaol.toml": "[jail.own]\nfilter = 'none'"}, nil},
		{"bad store", map[string]string{"gaol.toml": "[store]\npath = 3"}, nil},
		{"conf.d that is not TOML", map[string]string{"gaol.toml": "", "conf.d/a.toml": "["}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := config.Load(write(t, tt.files))
			if got := leftOut(c); !slices.Equal(got, tt.want) {
				t.Errorf("left out are %q, want %q; problems: %v", got, tt.want, c.Problems)
			}
			if tt.name != "bad filter of a jail that is not enabled" && len(c.Problems) == 0 {
				t.Error("nothing is reported")
			}
		})
	}
}

func TestSharedFaultIsReportedOnce(t *testing.T) {
	opts := write(t, map[string]string{
		"gaol.toml":       "[default]\nbantime = 'x'\n[jail.a]\nenabled = true\nfilter = 'f'\nlogpath = '/x'\n[jail.b]\nenabled = true\nfilter = 'f'\nlogpath = '/x'",
		"filter.d/f.toml": "failregex = '('",
	})
	c := config.Load(opts)
	want := []string{
		`reading gaol.toml:2: bantime in [default]: found "x", expected a duration, such as "90s", "10m", "1h30m", "1d" or "2w", or "forever"`,
		`reading filter.d/f.toml:1: failregex: pattern "(": a parenthesis is not closed: add ), or write \( for the character`,
	}
	if diff := cmp.Diff(want, said(c.Problems, opts)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	for _, j := range c.Jails {
		if (j.Name == "a" || j.Name == "b") && len(j.Problems) != 2 {
			t.Errorf("the jail %s has the problems %v", j.Name, j.Problems)
		}
	}
}

func TestFiles(t *testing.T) {
	for _, tt := range []struct {
		name   string
		make   func(dir string) error
		want   []string
		unread []string
	}{
		{"none", func(dir string) error { return os.Remove(dir + "/gaol.toml") },
			[]string{"reading gaol.toml: no such file or directory: create it, or name another with --config"}, []string{"gaol.toml"}},
		{"folder", func(dir string) error { return os.MkdirAll(dir+"/conf.d/x.toml", 0o755) },
			[]string{"reading conf.d/x.toml: is a directory: only files may end in .toml here"}, []string{"conf.d/x.toml"}},
		{"links in a circle", func(dir string) error { return link(dir, "b.toml", "b.toml") },
			[]string{"reading conf.d/a.toml: too many levels of symbolic links", "reading conf.d/b.toml: too many levels of symbolic links"}, []string{"conf.d/a.toml", "conf.d/b.toml"}},
		{"link to nowhere", func(dir string) error { return link(dir, "nowhere", "x.toml") },
			[]string{"reading conf.d/a.toml: no such file or directory", "reading conf.d/x.toml: no such file or directory"}, []string{"conf.d/a.toml", "conf.d/x.toml"}},
		{"filter is a link to nowhere", func(dir string) error {
			return os.Symlink("nowhere", dir+"/filter.d/sshd.toml")
		}, []string{"reading filter.d/sshd.toml: no such file or directory"}, nil},
		{"named pipe", func(dir string) error { return syscall.Mkfifo(dir+"/conf.d/x.toml", 0o644) },
			[]string{"reading conf.d/x.toml: not a regular file"}, []string{"conf.d/x.toml"}},
		{"endless device", func(dir string) error { return os.Symlink("/dev/zero", dir+"/conf.d/x.toml") },
			[]string{"reading conf.d/x.toml: not a regular file"}, []string{"conf.d/x.toml"}},
		{"ten megabytes", func(dir string) error {
			return os.WriteFile(dir+"/conf.d/x.toml", []byte(strings.Repeat("# much\n", 10<<20/7)), 0o644)
		}, []string{`reading conf.d/x.toml: larger than 1 MiB: put long lists of addresses in a file of their own: ignoreip = ["file:/etc/gaol/allow.txt"]`}, []string{"conf.d/x.toml"}},
		{"conf.d is a file", func(dir string) error {
			return errorsOf(os.Remove(dir+"/conf.d"), os.WriteFile(dir+"/conf.d", nil, 0o644))
		}, []string{"reading conf.d: not a directory"}, []string{"conf.d"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := write(t, map[string]string{"gaol.toml": ""})
			dir := filepath.Dir(opts.File)
			if err := errorsOf(os.Mkdir(dir+"/conf.d", 0o755), os.Mkdir(dir+"/filter.d", 0o755), tt.make(dir)); err != nil {
				t.Fatal(err)
			}
			c := config.Load(opts)
			if diff := cmp.Diff(tt.want, said(c.Problems, opts)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			var unread []string
			for _, f := range c.Unread {
				unread = append(unread, strings.TrimPrefix(f, dir+"/"))
			}
			if !slices.Equal(unread, tt.unread) {
				t.Errorf("unread are %q, want %q", unread, tt.unread)
			}
			if j := jailOf(t, c, "sshd"); !j.Enabled {
				t.Error("the stock jail does not run")
			}
		})
	}
}

// link makes conf.d/name a link to target, and conf.d/a.toml one to name.
func link(dir, target, name string) error {
	return errorsOf(os.Symlink(target, dir+"/conf.d/a.toml"), os.Symlink("a.toml", dir+"/conf.d/"+name))
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestDeepNesting(t *testing.T) {
	const most = 1 << 17
	for _, text := range []string{
		"a.b = " + strings.Repeat("[", most),
		"a = " + strings.Repeat("[", most/2-10) + strings.Repeat("]", most/2-10),
		strings.Repeat("a.", most/2) + "a = 1",
		"a = " + strings.Repeat("{a=", most/3),
		strings.Repeat("[[a]]\n", most/6),
	} {
		c := config.Load(write(t, map[string]string{"gaol.toml": text}))
		if len(c.Problems) == 0 {
			t.Errorf("%.20q…: no problem", text)
		}
	}
}
