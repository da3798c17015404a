package iptables_test

import (
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
)

// The kernel tells nobody of changes of a set's members, but how many there are: what is found is that they are
// more, or fewer, than gaol's bans explain.

func TestReconcilesMoreNFT(t *testing.T)    { testReconcilesMore(t, nftVariant(t)) }
func TestReconcilesMoreLegacy(t *testing.T) { testReconcilesMore(t, legacyVariant(t)) }

func testReconcilesMore(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Reconciles(t, v.newSet(t, action.Rule{Jail: "web"}),
		v.script("ipset add gaol-web 198.51.100.1", "ipset add gaol-web 198.51.100.2"), v.script("ipset del gaol-web 192.0.2.1"))
}

func TestReconcilesFewerNFT(t *testing.T)    { testReconcilesFewer(t, nftVariant(t)) }
func TestReconcilesFewerLegacy(t *testing.T) { testReconcilesFewer(t, legacyVariant(t)) }

func testReconcilesFewer(t *testing.T, v variant) {
	if !actiontest.Isolate(t) {
		return
	}
	actiontest.Reconciles(t, v.newSet(t, action.Rule{Jail: "web"}),
		v.script("ipset add gaol-web 198.51.100.1"), v.script("ipset del gaol-web 192.0.2.1", "ipset del gaol-web 10.1.0.9"))
}
