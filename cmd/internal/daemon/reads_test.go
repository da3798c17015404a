package daemon

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gaol/config"
	"gaol/jail/source"
)

func TestOneOfTheNamesOfALogIsEnough(t *testing.T) {
	here := source.Status{Path: "/var/log/auth.log", Patterns: []string{"/var/log/auth.log"}, LastRead: time.Unix(1, 0)}
	gone := source.Status{Path: "/var/log/secure", Patterns: []string{"/var/log/secure"}, Problem: "no file matches"}
	refused := source.Status{Path: "/var/log/auth.log", Patterns: []string{"/var/log/a*.log"}, Problem: "permission denied"}
	other := source.Status{Path: "/var/log/web.log", Patterns: []string{"/var/log/web.log"}, Problem: "no file matches"}
	const noSecure = "/var/log/secure: no file matches"
	for _, tt := range []struct {
		name    string
		guessed bool
		read    []source.Status
		want    map[string]string
	}{
		{"one is there", true, []source.Status{here, gone, other}, map[string]string{}},
		{"none is there", true, []source.Status{gone, other}, map[string]string{"none": "none of the places of its log is there: /var/log/secure: set logpath to where it is"}},
		{"one is there, and the user wants both", false, []source.Status{here, gone}, map[string]string{gone.Path: noSecure}},
		{"one is there and can't be read", true, []source.Status{refused, gone}, map[string]string{refused.Path: "/var/log/auth.log: permission denied"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &cell{conf: config.Jail{Guessed: tt.guessed}, patterns: []string{"/var/log/auth.log", "/var/log/a*.log", "/var/log/secure"}}
			if diff := cmp.Diff(tt.want, sourceProblems(c, tt.read)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
