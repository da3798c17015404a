package jail

import (
	"net/netip"
	"time"
)

// Escalate is when a whole network is banned for the hosts in it. The zero value never does.
type Escalate struct {
	Enabled bool
	// Hosts of one network that the jail has banned within any FindTime lead to a ban of the
	// network: 2 to 1000 different ones, each counted by its latest ban. Both are required.
	Hosts    int
	FindTime time.Duration
	// BanTime is the length of a first ban of a network, before Increment; 0: the jail's.
	BanTime time.Duration
	// IPv4Prefix and IPv6Prefix are how wide networks are; 0 means 24 and 48. Where the jail itself
	// counts by prefixes that are no narrower, nothing is escalated.
	IPv4Prefix, IPv6Prefix int
}

const (
	// maxEscalateHosts keeps the time for one ban bounded.
	maxEscalateHosts = 1000
	// maxBannedHosts bounds how many hosts are remembered for their networks, in all; the least
	// recently banned networks leave first. It is some 10 MB at worst.
	maxBannedHosts = 50_000
)

// network is the network of a host, not ok if who is none that is narrower.
func (esc Escalate) network(who key) (net key, ok bool) {
	bits := uint8(esc.IPv6Prefix)
	if who.is4() {
		bits = uint8(esc.IPv4Prefix) + mappedBits
	}
	if who.bits == idBits || who.bits <= bits {
		return key{}, false
	}
	return who.widen(bits), true
}

// escalate counts the ban of a host for its network, and bans the network if that makes enough, unless that
// would lock out who is ignored.
//
// A ban of a network lasts as long as the longest ban of its hosts, at least: nobody is let in earlier
// for having had neighbours. So when it ends by itself, theirs have ended as well.
func (j *Jail) escalate(who key, start, now time.Time, out *Outcome) {
	net, ok := j.opts.Escalate.network(who)
	if !ok || !j.opts.Escalate.Enabled {
		return
	}
	n := j.networks.add(net, bannedHost{who, start.UnixNano()}, 4*j.opts.Escalate.Hosts, now)
	at, ok := n.timeOf(who)
	if !ok {
		return // banned longer ago than all that are remembered
	}
	first, count, ok := window(n.times(), at, j.opts.Escalate.Hosts, j.opts.Escalate.FindTime)
	if !ok {
		return
	}
	if rule, ignored := j.opts.Ignore.Overlaps(net.prefix()); ignored {
		out.Spared = rule
		return
	}
	ban := j.networkBan(net, n.hosts[first:first+count])
	j.networks.drop(net)
	out.Network = &ban
	_, out.NetworkExtended = j.enter(net, ban, now)
}

// networkBan makes the ban of a network of these hosts, the one banned last first.
func (j *Jail) networkBan(net key, hosts []bannedHost) Ban {
	base := j.opts.Escalate.BanTime
	if base == 0 {
		base = j.opts.BanTime
	}
	ban := j.newBan(net, time.Unix(0, hosts[0].at), base)
	ban.By, ban.Failures = byEscalation, len(hosts)
	for i := len(hosts) - 1; i >= 0; i-- {
		host := Ban{Prefix: hosts[i].key.prefix(), Start: time.Unix(0, hosts[i].at)}
		ban.Lines = append(ban.Lines, host.Start.UTC().Format(time.RFC3339)+" banned "+host.Target())
		if e := j.bans.byKey[hosts[i].key]; e != nil && e.running && endsLater(e.ban.End, ban.End) {
			ban.End = e.ban.End
		}
	}
	return ban
}

// members lists the bans of hosts by the jail that lie in networks.
func (j *Jail) members(networks []Ban) (list []*entry) {
	if len(networks) == 0 {
		return nil
	}
	keys := make(map[key]bool, len(networks))
	lengths := make(map[uint8]bool)
	for _, b := range networks {
		k := prefixKey(b.Prefix)
		keys[k], lengths[k.bits] = true, true
	}
	for k, e := range j.bans.byKey {
		for bits := range lengths {
			if e.ban.By == byJail && k.bits != idBits && k.bits > bits && keys[k.widen(bits)] {
				list = append(list, e)
				break
			}
		}
	}
	return list
}

// RestoreNetworks takes up which bans the jail has made lately, by their starts and a network's behind its hosts', so
// that they go on counting for their networks. Call it after Restore, or after a Reconfigure that
// has enabled Escalate.
func (j *Jail) RestoreNetworks(recent []Recent, now time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.opts.Escalate.Enabled {
		return
	}
	for _, r := range recent {
		who := prefixKey(r.Prefix)
		if net, ok := j.opts.Escalate.network(who); ok {
			j.networks.add(net, bannedHost{who, r.Start.UnixNano()}, 4*j.opts.Escalate.Hosts, now)
		} else {
			j.networks.drop(who) // its hosts have led to a ban of it
		}
	}
}

// Recent is a ban that was made lately, in force or not, as the store knows it.
type Recent struct {
	Prefix netip.Prefix
	Start  time.Time
}
