package daemon

import (
	"maps"

	"gaol/action/cloudflare"
	"gaol/config"
)

// cloudflareLists are the lists at Cloudflare. Jails whose configuration says the same of one share it, as an account does
// one thing at a time. The engine's lock guards it.
type cloudflareLists map[config.CloudflareList]*cloudflare.List

// set makes the action of a jail.
func (c cloudflareLists) set(conf config.CloudflareList, jail string) (*cloudflare.Set, error) {
	list := c[conf]
	if list == nil {
		var err error
		if list, err = cloudflare.New(conf.Options()); err != nil {
			return nil, err
		}
		c[conf] = list
	}
	return list.Set(jail), nil
}

// keep forgets the lists that no cell has any more.
func (c cloudflareLists) keep(cells map[string]*cell) {
	used := map[config.CloudflareList]bool{}
	for _, cell := range cells {
		for _, a := range cell.conf.Actions {
			if a.Cloudflare != nil {
				used[*a.Cloudflare] = true
			}
		}
	}
	maps.DeleteFunc(c, func(conf config.CloudflareList, _ *cloudflare.List) bool { return !used[conf] })
}
