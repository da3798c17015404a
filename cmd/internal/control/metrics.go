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
	hosts, hostsLimit, hostsForgotten,
	lines, matched, lag, lastLine, healthy *prometheus.Desc
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
		lines:          desc("source_lines_total", "Lines read.", "jail", "source"),
		matched:        desc("source_matched_total", "Lines that matched the jail's filter.", "jail", "source"),
		lag:            desc("source_lag_seconds", "For how long unread bytes have been waiting.", "jail", "source"),
		lastLine:       desc("source_last_line_timestamp_seconds", "When a line was last read.", "jail", "source"),
		healthy:        desc("action_healthy", "1 while all actions of the name do what they should.", "jail", "action"),
	}
}

func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.info, c.problems, c.failures, c.failuresTotal, c.banned, c.bannedTotal, c.ended, c.enforces, c.trusted,
		c.hosts, c.hostsLimit, c.hostsForgotten, c.lines, c.matched, c.lag, c.lastLine, c.healthy} {
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
	}
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

// numberOf is how Prometheus has a bool.
func numberOf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
