package control

import (
	"context"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics serves the figures of [Daemon.Status] in Prometheus' text format.
func Metrics(d Daemon) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(d))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// collector turns a Status into metrics at each scrape, so that status and
// metrics can't disagree.
type collector struct {
	daemon Daemon
	info, problems, failures, failuresTotal, banned, bannedTotal, ended, enforces, trusted,
	hosts, hostsLimit, hostsForgotten, leaks, leaked, listed, listUpdated, listPackets, listBytes,
	lines, matched, lag, lastLine, healthy, waiting, sent, lost, restored, foreign, packets, bytes, asked *prometheus.Desc
}

func newCollector(d Daemon) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("gaol_"+name, help, labels, nil)
	}
	return &collector{
		daemon:         d,
		info:           desc("info", "Always 1; the version is a label.", "version"),
		problems:       desc("problems", "Problems shown in gaol status; jail is empty for those of the daemon.", "jail"),
		failures:       desc("failures", "Failures counted now, each by its weight.", "jail"),
		failuresTotal:  desc("failures_total", "Failures counted since the start, each by its weight.", "jail"),
		banned:         desc("banned", "Bans in force.", "jail"),
		bannedTotal:    desc("banned_total", "Bans made since the start.", "jail"),
		ended:          desc("connections_ended_total", "Open connections of banned hosts ended since the start (established = \"end\").", "jail"),
		enforces:       desc("jail_enforces", "1 for a jail whose bans are enforced, 0 for one that only counts and decides (enforce = false).", "jail"),
		trusted:        desc("trusted", "Hosts that were let in within trusttime.", "jail"),
		hosts:          desc("hosts", "Hosts tracked now.", "jail"),
		hostsLimit:     desc("hosts_limit", "Hosts tracked at most: maxhosts.", "jail"),
		hostsForgotten: desc("hosts_forgotten_total", "Hosts forgotten since the start because there were more than maxhosts.", "jail"),
		leaks:          desc("leaks", "Hosts that go on failing though they are banned.", "jail"),
		leaked:         desc("leaked_failures_total", "Failures of hosts since the kernel holds their bans.", "jail"),
		listed:         desc("blocklist_networks", "Networks on blocklists that the firewall refuses.", "jail"),
		listUpdated:    desc("blocklist_updated_timestamp_seconds", "When a blocklist was last read.", "jail", "source"),
		listPackets:    desc("blocklist_refused_packets_total", "Packets of those on blocklists that were refused since the start.", "jail"),
		listBytes:      desc("blocklist_refused_bytes_total", "Bytes of the packets of those on blocklists that were refused since the start.", "jail"),
		lines:          desc("source_lines_total", "Lines read.", "jail", "source"),
		matched:        desc("source_matched_total", "Lines that matched the jail's filter.", "jail", "source"),
		lag:            desc("source_lag_seconds", "For how long unread bytes have been waiting.", "jail", "source"),
		lastLine:       desc("source_last_line_timestamp_seconds", "When a line was last read.", "jail", "source"),
		healthy:        desc("action_healthy", "1 while all actions of the name do what they should.", "jail", "action"),
		waiting:        desc("action_waiting", "Events that have not been told yet.", "jail", "action"),
		sent:           desc("action_sent_total", "Messages that others have taken since the start.", "jail", "action"),
		lost:           desc("action_lost_total", "Events that others will never be told.", "jail", "action"),
		restored:       desc("firewall_restored_total", "How often something that another program took out of the firewall was put back.", "jail", "action"),
		foreign:        desc("firewall_foreign_removed_total", "Members of gaol's sets that were removed because gaol had not put them there.", "jail", "action"),
		packets:        desc("refused_packets_total", "Packets of those who are banned that were refused since the start.", "jail", "action"),
		bytes:          desc("refused_bytes_total", "Bytes of the packets that were refused since the start.", "jail", "action"),
		asked:          desc("web_checks_total", "Questions of proxies about clients since the start, by their answer: allowed or denied.", "answer"),
	}
}

func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.info, c.problems, c.failures, c.failuresTotal, c.banned, c.bannedTotal, c.ended, c.enforces, c.trusted,
		c.hosts, c.hostsLimit, c.hostsForgotten, c.leaks, c.leaked, c.listed, c.listUpdated, c.listPackets, c.listBytes, c.lines, c.matched, c.lag, c.lastLine,
		c.healthy, c.waiting, c.sent, c.lost, c.restored, c.foreign, c.packets, c.bytes, c.asked} {
		ch <- d
	}
}

func (c *collector) Collect(ch chan<- prometheus.Metric) {
	status, err := c.daemon.Status(context.Background(), "")
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.info, err)
		return
	}
	send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels []string) {
		for i := range labels {
			// A file's name can be any bytes, a label's value can't.
			labels[i] = strings.ToValidUTF8(labels[i], "\uFFFD")
		}
		ch <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) { send(d, prometheus.GaugeValue, v, labels) }
	counter := func(d *prometheus.Desc, v float64, labels ...string) { send(d, prometheus.CounterValue, v, labels) }
	gauge(c.info, 1, status.Version)
	gauge(c.problems, float64(len(status.Problems)), "")
	if status.Web != nil {
		counter(c.asked, float64(status.Web.Allowed), "allowed")
		counter(c.asked, float64(status.Web.Denied), "denied")
	}
	for _, j := range status.Jails {
		gauge(c.problems, float64(len(j.Problems)), j.Name)
		gauge(c.failures, float64(j.Failures.Current), j.Name)
		counter(c.failuresTotal, float64(j.Failures.Total), j.Name)
		gauge(c.banned, float64(j.Banned.Current), j.Name)
		counter(c.bannedTotal, float64(j.Banned.Total), j.Name)
		counter(c.ended, float64(j.Ended), j.Name)
		gauge(c.hosts, float64(j.Hosts.Current), j.Name)
		gauge(c.hostsLimit, float64(j.Hosts.Limit), j.Name)
		counter(c.hostsForgotten, float64(j.Hosts.Forgotten), j.Name)
		gauge(c.enforces, numberOf(!j.Shadow), j.Name)
		gauge(c.trusted, float64(j.Trusted), j.Name)
		leaks := LeaksStatus{}
		if j.Leaks != nil {
			leaks = *j.Leaks
		}
		gauge(c.leaks, float64(leaks.Current), j.Name)
		counter(c.leaked, float64(leaks.Failures), j.Name)
		if j.Blocklist != nil {
			gauge(c.listed, float64(j.Blocklist.Enforced), j.Name)
			if j.Blocklist.Packets != nil && j.Blocklist.Bytes != nil {
				counter(c.listPackets, float64(*j.Blocklist.Packets), j.Name)
				counter(c.listBytes, float64(*j.Blocklist.Bytes), j.Name)
			}
			for _, l := range j.Blocklist.Lists {
				if l.Updated != nil {
					gauge(c.listUpdated, float64(l.Updated.Unix()), j.Name, l.Source)
				}
			}
		}
		for _, s := range j.Sources {
			counter(c.lines, float64(s.Lines), j.Name, s.Path)
			counter(c.matched, float64(s.Matched), j.Name, s.Path)
			gauge(c.lag, s.LagSeconds, j.Name, s.Path)
			if s.LastLine != nil {
				gauge(c.lastLine, float64(s.LastLine.UnixMilli())/1000, j.Name, s.Path)
			}
		}
		for name, healthy := range healthByName(j.Actions) {
			gauge(c.healthy, healthy, j.Name, name)
		}
		for name, sum := range noticesByName(j.Actions) {
			gauge(c.waiting, float64(sum.Waiting), j.Name, name)
			counter(c.sent, float64(sum.Sent), j.Name, name)
			counter(c.lost, float64(sum.Lost), j.Name, name)
		}
		if len(j.Actions) > 0 {
			// The firewall, if there is one, is the first.
			counter(c.restored, float64(j.Actions[0].Restored), j.Name, j.Actions[0].Name)
			counter(c.foreign, float64(j.Actions[0].ForeignRemoved), j.Name, j.Actions[0].Name)
		}
		for name, a := range countsByName(j.Actions) {
			counter(c.packets, a.packets, j.Name, name)
			counter(c.bytes, a.bytes, j.Name, name)
		}
	}
}

// noticesByName adds up what the actions of each name have told others.
func noticesByName(actions []ActionStatus) map[string]ActionStatus {
	sums := map[string]ActionStatus{}
	for _, a := range actions {
		sum := sums[a.Name]
		sum.Waiting, sum.Sent, sum.Lost = sum.Waiting+a.Waiting, sum.Sent+a.Sent, sum.Lost+a.Lost
		sums[a.Name] = sum
	}
	return sums
}

// healthByName is 1 for each name all of whose actions are healthy, else 0: several actions of a
// jail may be called the same.
func healthByName(actions []ActionStatus) map[string]float64 {
	health := map[string]float64{}
	for _, a := range actions {
		healthy := numberOf(a.Healthy)
		if before, ok := health[a.Name]; ok {
			healthy = min(before, healthy)
		}
		health[a.Name] = healthy
	}
	return health
}

type refusals struct{ packets, bytes float64 }

// countsByName sums up what the actions of each name have refused, those that count.
func countsByName(actions []ActionStatus) map[string]refusals {
	sums := map[string]refusals{}
	for _, a := range actions {
		if a.Packets != nil && a.Bytes != nil {
			sum := sums[a.Name]
			sums[a.Name] = refusals{sum.packets + float64(*a.Packets), sum.bytes + float64(*a.Bytes)}
		}
	}
	return sums
}

// numberOf is how Prometheus has a bool.
func numberOf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
