package config

import (
	"os"
	"regexp"
	"time"

	"gaol/action"
	"gaol/action/cloudflare"
)

// CloudflareList is a list of addresses at Cloudflare. Jails whose entries say the same share it, and comparing two tells so.
type CloudflareList struct {
	// Token proves who we are; Account and List say which list it is.
	Token         action.Secret
	Account, List string
	// Hostname marks what this host puts there, instead of its own name.
	Hostname string
	// Limit, Every and Timeout are those of [cloudflare.Options].
	Limit          int
	Every, Timeout time.Duration
	// URL is where the API is, CA a file of further certificates to trust.
	URL action.Secret
	CA  string
}

// Options are what its action is made of.
func (c CloudflareList) Options() cloudflare.Options {
	host := c.Hostname
	if host == "" {
		host, _ = os.Hostname() // without a name, the action says that it needs one
	}
	return cloudflare.Options{
		Token: c.Token, Account: c.Account, List: c.List, Host: host, Limit: c.Limit, Every: c.Every, Timeout: c.Timeout, URL: c.URL.Reveal(), CA: c.CA,
	}
}

// usualCloudflare is what the kind does unless it is told otherwise; nil: it is another kind.
func usualCloudflare(kind string) *CloudflareList {
	if kind != cloudflareKind {
		return nil
	}
	return &CloudflareList{}
}

// cloudflareKeys are the keys of a list at Cloudflare.
func cloudflareKeys() []key[actionDraft] {
	type act = actionDraft
	return []key[act]{
		{name: "token", doc: "An API token with the permission Account Filter Lists: Edit; required.",
			value: secret(func(a *act) *action.Secret { return &a.Cloudflare.Token })},
		{name: "account", doc: "The ID of the account, 32 hexadecimal digits; required.",
			value: value[act]{"text", func(c *checker, a *act, n *node) { a.Cloudflare.Account = c.plain(n) }}},
		{name: "list", doc: "The name or ID of a custom list of IP addresses; required.",
			value: value[act]{"text", func(c *checker, a *act, n *node) { a.Cloudflare.List = c.plain(n) }}},
		{name: "hostname", doc: "How this host marks what it puts on the list; without it, its own name. Hosts that share a list need different ones.",
			value: value[act]{"text", func(c *checker, a *act, n *node) { a.Cloudflare.Hostname = c.plain(n) }}},
		{name: "limit", def: "10000", doc: "How many items the list may have, those of others included. Plans other than Enterprise allow 10,000 in all lists together.",
			value: whole(1, 500_000, func(a *act) *int { return &a.Cloudflare.Limit })},
		{name: "every", def: `"2s"`, doc: "The least time between two batches; bans of the meantime go together.",
			value: duration(time.Second, time.Hour, func(a *act) *time.Duration { return &a.Cloudflare.Every })},
		{name: "timeout", def: `"30s"`, doc: "After this time without an answer it is tried again later.",
			value: duration(time.Second, 10*time.Minute, func(a *act) *time.Duration { return &a.Cloudflare.Timeout })},
		{name: "url", def: `"` + cloudflare.DefaultURL + `"`, doc: "Where the API is.",
			value: secret(func(a *act) *action.Secret { return &a.Cloudflare.URL })},
		{name: "ca", doc: "A file of certificates (PEM) that are trusted besides the system's.",
			value: value[act]{"absolute path", func(c *checker, a *act, n *node) { a.Cloudflare.CA = c.absolute(n) }}},
	}
}

var (
	cloudflareID = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)
	// cloudflareName is how a list may be called ("Lists API: JSON object",
	// https://developers.cloudflare.com/waf/tools/lists/lists-api/json-object/).
	cloudflareName = regexp.MustCompile(`^[A-Za-z0-9_]{1,50}$`)
)

// completeCloudflare checks a list as a whole.
func (c *checker) completeCloudflare(n *node, a Action) bool {
	fault := func(what, hint string) bool { return c.actionFault(n, a.Name, what, hint) }
	list := a.Cloudflare
	switch {
	case list.Token == "":
		return fault("no token", `give it token = "file:/etc/gaol/cloudflare-token"`)
	case list.Account == "":
		return fault("no account", "give it account = the ID that the dashboard's address has")
	case !cloudflareID.MatchString(list.Account):
		return fault("account is not the ID of one", "it has 32 hexadecimal digits, as in the dashboard's address")
	case list.List == "":
		return fault("no list", `give it list = "gaol", and make a custom list of that name`)
	case !cloudflareName.MatchString(list.List):
		return fault("list is not the name of one", "it has letters, digits and _ only; leave out the $ that rules write before it")
	}
	if _, err := cloudflare.New(list.Options()); err != nil {
		return fault(action.Scrub(err.Error(), []string{list.Token.Reveal()}), "")
	}
	return true
}
