// Package django_test runs the example as it stands: nginx, gunicorn, Django with axes,
// and gaol, in network namespaces of their own.
package django_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// needRoot fails where the example cannot run; nothing here is skipped.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("this test makes network namespaces: run it as root")
	}
	for _, program := range []string{"/usr/sbin/nginx", "/usr/bin/gunicorn", "/usr/bin/python3", "ip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%v: install nginx-light, gunicorn, python3-django, python3-django-axes and iproute2", err)
		}
	}
}

// failUntilBanned fails to log in five times and waits for the ban. axes answers the
// fifth with 403.
func failUntilBanned(t *testing.T, g gaol, client namespace, base, prefix, forwarded string) {
	t.Helper()
	for i, want := range []string{"200", "200", "200", "200", "403"} {
		if got := client.browse(t, "login", base, "admin", "wrong", forwarded); got != want {
			t.Fatalf("wrong password, attempt %d: answered %s, want %s", i+1, got, want)
		}
	}
	waitFor(t, "the ban", nil, func() bool { return len(g.banned(t)) > 0 && g.banned(t)[0].Enforced })
	if got := g.banned(t); len(got) != 1 || got[0].Jail != "django-auth" || got[0].Prefix != prefix {
		t.Fatalf("banned %+v, want %s in django-auth alone", got, prefix)
	}
}

func wantStatus(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func TestFiveFailedLoginsAtTheAdminLockTheClientOut(t *testing.T) {
	needRoot(t)
	n := newNetwork(t)
	g := startGaol(t, startSite(t, n.server, ""))
	const forA, forB, for6 = "http://" + serverOfA, "http://" + serverOfB, "http://[" + server6OfA + "]"

	t.Run("IPv4", func(t *testing.T) {
		// The client says that it is somebody else, and is not believed.
		failUntilBanned(t, g, n.a, forA, addressOfA+"/32", addressOfB)
		wantStatus(t, "a page for the banned client", n.a.browse(t, "get", forA+"/"), refused)
		wantStatus(t, "a page for another client", n.b.browse(t, "get", forB+"/"), "200")
		wantStatus(t, "a login of another client", n.b.browse(t, "login", forB, "admin", "right"), "302")

		if got := g.unban(t, addressOfA); len(got) != 1 || got[0].Prefix != addressOfA+"/32" {
			t.Errorf("unbanned %+v, want %s/32", got, addressOfA)
		}
		waitFor(t, "a page for the client again", nil, func() bool { return n.a.browse(t, "get", forA+"/") == "200" })
		// axes would answer 403 to the right password as well, had it not been reset.
		waitFor(t, "axes to forget", nil, func() bool { return n.a.browse(t, "login", forA, "admin", "right") == "302" })
	})

	t.Run("IPv6", func(t *testing.T) {
		failUntilBanned(t, g, n.a, for6, "2001:db8:aa::/64", "::1")
		wantStatus(t, "a page for the banned client", n.a.browse(t, "get", for6+"/"), refused)
		g.unban(t, address6OfA)
		waitFor(t, "axes to forget", nil, func() bool { return n.a.browse(t, "login", for6, "admin", "right") == "302" })
	})
}

func TestOneAllowListForAllThree(t *testing.T) {
	needRoot(t)
	n := newNetwork(t)
	allow := "# B administers the site\n" + addressOfB + "\n"
	g := startGaol(t, startSite(t, n.server, allow, "ADMIN_ONLY=1"))
	const forA, forB = "http://" + serverOfA, "http://" + serverOfB

	wantStatus(t, "nginx: the admin for somebody else", n.a.browse(t, "login", forA, "admin", "right"), "403")
	wantStatus(t, "nginx: another page for somebody else", n.a.browse(t, "get", forA+"/"), "200")
	// Past nginx, as from a service on the same host that can be made to send requests.
	around := func(address string) string {
		return n.server.browse(t, "login", "http://127.0.0.1:8000", "admin", "right", address)
	}
	wantStatus(t, "the form: the admin for somebody else", around(addressOfA), "200")
	wantStatus(t, "the form: the admin for who is listed", around(addressOfB), "302")

	for range 6 {
		n.b.browse(t, "login", forB, "admin", "wrong")
	}
	// A is banned for failures that come after those of B: gaol has seen them all.
	for range 5 {
		around(addressOfA)
	}
	waitFor(t, "the ban of somebody else", nil, func() bool { return len(g.banned(t)) > 0 })
	if got := g.banned(t); len(got) != 1 || got[0].Prefix != addressOfA+"/32" {
		t.Errorf("banned %+v, want %s/32 alone", got, addressOfA)
	}
	wantStatus(t, "a page for who is listed and failed", n.b.browse(t, "get", forB+"/"), "200")
}

func TestTheProjectPassesItsOwnTests(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/data", 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir+"/data/secret-key", "of this test")
	cmd := exec.Command("project/manage.py", "test", "authlog")
	cmd.Env = append(os.Environ(), "EXAMPLE_DIR="+dir, "PYTHONDONTWRITEBYTECODE=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
}

func TestRulesForNginx(t *testing.T) {
	list := t.TempDir() + "/list"
	for _, tt := range []struct{ name, list, want string }{
		{"nobody", "", "deny all;\n"},
		{"comments and blanks", "# the office\n 192.0.2.0/24  # all of it\n\n\t2001:db8::5\r\n", "allow 192.0.2.0/24;\nallow 2001:db8::5;\ndeny all;\n"},
		{"no line end", "192.0.2.5", "allow 192.0.2.5;\ndeny all;\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			writeFile(t, list, tt.list)
			if got := run(t, "./nginx-allow.sh", list); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
	t.Run("no list", func(t *testing.T) {
		if out, err := exec.Command("./nginx-allow.sh", "/no/such/list").Output(); err == nil || len(out) > 0 {
			t.Errorf("got %q and no error, want an error and no rules", out)
		}
	})
}
