package config_test

import (
	"fmt"
	"strings"
	"testing"

	"gaol/config"
	"gaol/config/stock"
)

// Loading is part of the time from start to serving.
func BenchmarkLoad(b *testing.B) {
	var ten strings.Builder
	for i := range 10 {
		fmt.Fprintf(&ten, "[jail.j%d]\nenabled = true\nfilter = 'sshd'\nlogpath = '/var/log/auth.log'\n", i)
	}
	for _, bb := range []struct{ name, text string }{
		{"stock sshd", ""},
		{"ten jails of sshd's filter", ten.String()},
	} {
		b.Run(bb.name, func(b *testing.B) {
			opts := write(b, map[string]string{"gaol.toml": bb.text})
			opts.Stock = stock.FS()
			for _, p := range config.Load(opts).Problems {
				b.Error(p)
			}
			b.ReportAllocs()
			for b.Loop() {
				config.Load(opts)
			}
		})
	}
}
