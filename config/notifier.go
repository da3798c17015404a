package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"gaol/action"
	"gaol/action/abuseipdb"
	"gaol/action/blocklistde"
	"gaol/action/mail"
	"gaol/action/notice"
	"gaol/action/notify"
	"gaol/action/webhook"
	"gaol/action/xarf"
)

// Kinds of actions.
const (
	commandKind    = "command"
	nginxKind      = "nginx"
	haproxyKind    = "haproxy"
	webKind        = "web"
	caddyKind      = "caddy"
	traefikKind    = "traefik"
	cloudflareKind = "cloudflare"
	webhookKind    = "webhook"
	mailKind       = "mail"
	notifyKind     = "notify"
	abuseIPDBKind  = "abuseipdb"
	blocklistKind  = "blocklist.de"
	xarfKind       = "xarf"
)

// kinds are all there are.
func kinds() []string {
	return []string{commandKind, nginxKind, haproxyKind, caddyKind, traefikKind, webKind, cloudflareKind, webhookKind, mailKind, notifyKind,
		abuseIPDBKind, blocklistKind, xarfKind}
}

// Notifier is an entry of a jail's action list that tells others of bans, with what its file says filled
// in.
type Notifier struct {
	// Name is what status and log call it, Kind what it is.
	Name, Kind string
	// On, Burst, Every, Once and Timeout are those of [notice.QueueOptions].
	On                   []string
	Burst                int
	Every, Once, Timeout time.Duration
	// Hostname is told instead of this host's own.
	Hostname string
	// Lines is how many log lines are told of a ban; -1: as many as is usual for the kind.
	Lines int

	// URL is where a request goes.
	URL action.Secret
	// Headers are sent as well.
	Headers map[string]action.Secret
	// Template is the body of the request, "" for the usual document.
	Template string
	// Token proves who we are, Signing signs what is sent.
	Token, Signing action.Secret
	// CA is a file of further certificates to trust.
	CA string

	// Server, TLS, User and Password say where mails are handed in, see [mail.Server].
	Server, TLS, User string
	Password          action.Secret
	// From is the sender of mails, or the name of an account; To are their recipients.
	From string
	To   []string

	// Categories, Service and Organization are told in reports; Mask are words that are not.
	Categories            []int
	Service, Organization string
	Mask                  []string
}

// usualNotifier is what a kind does unless it is told otherwise.
func usualNotifier(kind string) Notifier {
	n := Notifier{Kind: kind, Lines: -1}
	if n.Reports() {
		n.Every, n.Once = time.Second, day
	}
	return n
}

// Key is the same for entries that say the same, secrets included, and tells nothing of them.
func (n Notifier) Key() string {
	secrets := n.Secrets()
	slices.Sort(secrets)           // those of headers come in any order
	document, _ := json.Marshal(n) // of texts and numbers, which can't fail
	sum := sha256.Sum256([]byte(string(document) + "\x00" + strings.Join(secrets, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// lines is Lines, or usual where nothing was said.
func (n Notifier) lines(usual int) int {
	if n.Lines < 0 {
		return usual
	}
	return n.Lines
}

// Sender makes what tells. This is the list of all kinds there are.
func (n Notifier) Sender() (notice.Sender, error) {
	server := mail.Server{Address: n.Server, TLS: n.TLS, User: n.User, Password: n.Password, CA: n.CA}
	switch n.Kind {
	case webhookKind:
		return webhook.New(webhook.Options{URL: n.URL, Headers: n.Headers, Token: n.Token, Secret: n.Signing, Template: n.Template, Lines: n.lines(10), CA: n.CA})
	case mailKind:
		return mail.New(mail.Options{Server: server, From: n.From, To: n.To, Lines: n.lines(10)})
	case notifyKind:
		return notify.New(notify.Options{URL: n.URL, Lines: n.lines(0), CA: n.CA})
	case abuseIPDBKind:
		return abuseipdb.New(abuseipdb.Options{Key: n.Token, URL: n.URL.Reveal(), Categories: n.Categories, Lines: n.lines(0), Mask: n.mask(), CA: n.CA})
	case blocklistKind:
		return blocklistde.New(blocklistde.Options{Server: n.From, Key: n.Token, Service: n.Service, URL: n.URL.Reveal(), Lines: n.lines(10), Mask: n.mask(), CA: n.CA})
	case xarfKind:
		return xarf.New(xarf.Options{Server: server, From: n.From, To: n.To, Organization: n.Organization, Lines: n.lines(10), Mask: n.mask()})
	}
	return nil, fmt.Errorf("no such kind of action: %q", n.Kind)
}

// Queue is how often and of what sender tells.
func (n Notifier) Queue(sender notice.Sender) notice.QueueOptions {
	opts := notice.QueueOptions{
		Name: n.Name, Sender: sender, Host: n.Hostname, On: n.On, Burst: n.Burst, Every: n.Every, Once: n.Once, Timeout: n.Timeout,
		Secrets: n.Secrets(),
	}
	if n.Reports() {
		opts.Single, opts.Wants = true, notice.Reportable
	}
	if opts.Host == "" {
		// Without a name it is not told.
		opts.Host, _ = os.Hostname()
	}
	return opts
}

// Reports says that the action tells a third party of single addresses: it does so for bans that a jail
// decided on, never when gaol only observes.
func (n Notifier) Reports() bool { return slices.Contains(reportKinds(), n.Kind) }

// reportKinds are those that tell third parties.
func reportKinds() []string { return []string{abuseIPDBKind, blocklistKind, xarfKind} }

// mask are the words that reports do not show: those of the configuration and this host's names.
func (n Notifier) mask() []string {
	mask := slices.Clone(n.Mask)
	names := []string{n.Hostname}
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	for _, name := range names {
		short, _, _ := strings.Cut(name, ".")
		mask = append(mask, name, short)
	}
	return mask
}

// Secrets are the texts that must not show anywhere.
func (n Notifier) Secrets() []string {
	var secrets []string
	for _, s := range []action.Secret{n.Token, n.Signing, n.Password} {
		secrets = append(secrets, s.Reveal())
	}
	for _, s := range n.Headers {
		secrets = append(secrets, s.Reveal())
	}
	if n.URL != "" && !n.Reports() {
		secrets = append(secrets, notice.URLSecrets(n.URL.Reveal())...)
	}
	return secrets
}
