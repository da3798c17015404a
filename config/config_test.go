package config_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"gaol/config"
)

// library is a small library; the real one is tested in its own package.
func library() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"filter.d/sshd.toml": file(`daemon = ["sshd", "sshd-session"]
failregex = ['^Failed password for <F-USER>\S+</F-USER> from <HOST>']
journalmatch = ["_SYSTEMD_UNIT=ssh.service"]
[mode.aggressive]
failregex = ['^Connection closed by <HOST>']
`),
		"filter.d/django-auth.toml": file(`failregex = ['ERROR Login failure <HOST>$']`),
		"jail.d/sshd.toml": file(`description = "OpenSSH"
filter = "sshd"
logpath = ["/var/log/auth.log"]
journal = true
port = "ssh"
`),
		"jail.d/django-auth.toml": file(`filter = "django-auth"
port = ["http", "https"]
`),
		"action.d/nginx-deny.toml": file(`ban = ["/usr/lib/gaol/nginx-deny", "add"]
unban = ["/usr/lib/gaol/nginx-deny", "remove"]
timeout = "5s"
`),
	}
}

// write puts files into a new folder and gives the options to load gaol.toml of it.
func write(t testing.TB, files map[string]string) config.Options {
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
	return config.Options{File: filepath.Join(dir, "gaol.toml"), Stock: library()}
}

// load is write and Load, and fails the test for any problem.
func load(t *testing.T, files map[string]string) *config.Config {
	t.Helper()
	c := config.Load(write(t, files))
	for _, p := range c.Problems {
		t.Errorf("problem: %v", p)
	}
	return c
}

// jailOf finds a jail by its name.
func jailOf(t *testing.T, c *config.Config, name string) config.Jail {
	t.Helper()
	for _, j := range c.Jails {
		if j.Name == name {
			return j
		}
	}
	t.Fatalf("no jail %q", name)
	return config.Jail{}
}
