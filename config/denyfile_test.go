package config

import (
	"slices"
	"testing"

	"gaol/action/denyfile"
)

func TestUsualDenyFiles(t *testing.T) {
	for _, tt := range []struct {
		kind, jail, path string
		format           denyfile.Format
		reload           []string
	}{
		{nginxKind, "web", "/var/lib/gaol/nginx/web.conf", denyfile.Deny, []string{"nginx", "-s", "reload"}},
		{haproxyKind, "web", "/var/lib/gaol/haproxy/web.acl", denyfile.Plain, []string{"systemctl", "reload", "haproxy"}},
	} {
		f := usualFile(tt.kind)
		if f.PathFor(tt.jail) != tt.path || f.Format != tt.format || !slices.Equal(f.Reload, tt.reload) {
			t.Errorf("%s: got %+v, %s", tt.kind, f, f.PathFor(tt.jail))
		}
	}
	if usualFile(commandKind) != nil {
		t.Error("a command keeps a file")
	}
}
