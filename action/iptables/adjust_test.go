package iptables_test

import (
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
)

func TestAdjustNFT(t *testing.T)    { testAdjust(t, nftVariant) }
func TestAdjustLegacy(t *testing.T) { testAdjust(t, legacyVariant) }

func testAdjust(t *testing.T, of func(*testing.T) variant) {
	actiontest.TestAdjust(t, func(t *testing.T, rule action.Rule) actiontest.Adjustable { return of(t).newSet(t, rule) })
}
