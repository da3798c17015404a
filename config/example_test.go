package config_test

import (
	"fmt"
	"os"
	"path/filepath"

	"gaol/config"
	"gaol/config/stock"
)

func ExampleLoad() {
	dir, err := os.MkdirTemp("", "gaol")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "gaol.toml")
	text := "[jail.sshd]\nbantime = '1h'\n\n[jail.nginx-http-auth]\nenabled = true\nmaxrety = 3\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		fmt.Println(err)
		return
	}

	c := config.Load(config.Options{File: file, Stock: stock.FS()})
	for _, j := range c.Jails {
		if j.Enabled {
			fmt.Println(j.Name, config.FormatDuration(j.BanTime), len(j.Problems))
		}
	}
	for _, p := range c.Problems {
		fmt.Println(p.Line, p.What, p.Nearest)
	}
	// Output:
	// nginx-http-auth 10m 1
	// sshd 1h 0
	// 6 unknown key "maxrety" maxretry
}

func ExampleParseDuration() {
	d, err := config.ParseDuration("1h30m")
	fmt.Println(d, err)
	// Output: 1h30m0s <nil>
}
