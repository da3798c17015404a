package iptables_test

import (
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
)

func TestInterfacesNFT(t *testing.T)    { testInterfaces(t, nftVariant(t)) }
func TestInterfacesLegacy(t *testing.T) { testInterfaces(t, legacyVariant(t)) }

func testInterfaces(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Interfaces(t, func(t *testing.T, rule action.Rule) action.Action { return v.newSet(t, rule) })
}

func TestRulesInterfaces(t *testing.T) {
	v := nftVariant(t)
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Interfaces(t, func(t *testing.T, rule action.Rule) action.Action { return v.newRules(t, rule) })
}
