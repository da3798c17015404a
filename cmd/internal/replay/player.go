package replay

import (
	"context"
	"fmt"
	"time"

	"gaol/cmd/internal/daemon"
	"gaol/config"
	"gaol/filter"
	"gaol/jail"
)

// ignoreWait bounds how long host names, programs and web servers of ignoreip are asked.
const ignoreWait = 10 * time.Second

// newPlayer makes a jail as the daemon would.
func newPlayer(ctx context.Context, j config.Jail, opts Options) (*player, error) {
	if opts.Zone != nil && !j.Bans {
		f, err := filter.Compile(j.Filter, filter.Options{Mode: j.Mode, Params: j.Params, Timezone: opts.Zone, Names: j.UseDNS, Success: j.TrustTime > 0})
		if err != nil {
			return nil, err
		}
		j.Compiled = f
	}
	ignore := daemon.IgnoreList(j)
	ctx, cancel := context.WithTimeout(ctx, ignoreWait)
	defer cancel()
	faults := ignore.Refresh(ctx, time.Now())
	options := daemon.JailOptions(j, ignore)
	// The same logs lead to the same bans each time.
	options.Rand = func() float64 { return 0 }
	counting, err := jail.New(options)
	if err != nil {
		return nil, err
	}
	return &player{Jail: j, jail: counting, ignore: ignore, faults: faults}, nil
}

// notes say what of the player's failures could not be taken as the daemon takes them.
func (p *player) notes() []string {
	var notes []string
	note := func(n int64, what, then string) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf("jail %s: %s: %d; %s", p.Name, what, n, then))
		}
	}
	note(p.undated, "failures without a date", "each counts at that of the one before")
	note(p.lost, "failures before any date", "they are left out: set datepattern if their lines bear one")
	if p.UseDNS {
		note(p.unresolved, "failures that name a host", "the daemon would look it up, here they are left out")
	} else {
		note(p.unresolved, "failures that name a host", "without usedns they count for nobody")
	}
	note(int64(p.jail.Counts().EvictedHosts), "hosts that were forgotten", "maxhosts are tracked at most")
	for _, fault := range p.faults {
		notes = append(notes, fmt.Sprintf("jail %s: %v", p.Name, fault))
	}
	if p.Increment.Enabled && p.Increment.RndTime > 0 {
		notes = append(notes, fmt.Sprintf("jail %s: bans are told without their random part (rndtime)", p.Name))
	}
	return notes
}
