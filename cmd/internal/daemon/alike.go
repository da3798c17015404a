package daemon

import (
	"reflect"

	"gaol/config"
)

// sameJail says whether two configurations of a jail say the same. What was made of it is
// new each time.
func sameJail(a, b config.Jail) bool {
	a.Compiled, b.Compiled = nil, nil
	return reflect.DeepEqual(a, b)
}

// sameFilter says whether what the filter remembers of sessions can be kept.
func sameFilter(a, b config.Jail) bool {
	return a.Mode == b.Mode && a.UseDNS == b.UseDNS && (a.TrustTime > 0) == (b.TrustTime > 0) &&
		reflect.DeepEqual(a.Params, b.Params) && reflect.DeepEqual(a.Filter, b.Filter) && reflect.DeepEqual(a.Timezone, b.Timezone)
}

// sameFirewall says whether two configurations of a jail refuse the same, in the same way.
func sameFirewall(a, b config.Jail) bool {
	return a.Enforce == b.Enforce && a.BanAction == b.BanAction && reflect.DeepEqual(a.Rule, b.Rule)
}

// sameBlocker says whether what refuses the lists from now on replaces what is there before.
func sameBlocker(before config.Jail, w wish) bool {
	return before.BanAction == w.BanAction && before.Enforce && w.listing != nil && w.listing.runner != nil
}
