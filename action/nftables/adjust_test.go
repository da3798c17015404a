package nftables_test

import (
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/nftables"
)

func TestAdjust(t *testing.T) {
	actiontest.TestAdjust(t, func(t *testing.T, rule action.Rule) actiontest.Adjustable {
		t.Helper()
		s, err := nftables.New(nftables.Options{Rule: rule})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
