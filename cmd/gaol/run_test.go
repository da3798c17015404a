package main

import (
	"strings"
	"testing"

	"gaol/cmd/internal/control"
)

func TestWelcomeLeavesOneLineBetween(t *testing.T) {
	for _, problems := range [][]string{nil, {"the store is full"}} {
		text := welcomeText(control.Status{Version: "1.2.3", Problems: problems}, checkReport{Jails: []jailReport{{Name: "app", OK: true}}}, defaultSocket, false)
		if strings.Contains(text, "\n\n\n") {
			t.Errorf("two empty lines:\n%s", text)
		}
		for _, problem := range problems {
			if !strings.Contains(text, "Problems:\n  "+problem+"\n\nAsk it with") {
				t.Errorf("no %q before the last paragraph:\n%s", problem, text)
			}
		}
	}
}
