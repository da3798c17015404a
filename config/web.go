package config

import (
	"net/netip"

	"gaol/action"
)

// Web is the [web] table.
type Web struct {
	// Listen is the address of the HTTP listener, "" for none (the default).
	Listen string
	// Proxies are those that may ask whether a client is banned; default loopback.
	Proxies []netip.Prefix
	// Token is what others show to read the whole list; "": nobody else may.
	Token action.Secret
}

// webKinds are the kinds of actions that keep a list which gaol serves. They are the same.
func webKinds() []string { return []string{webKind, caddyKind, traefikKind} }

func webKeys() []key[Web] {
	return []key[Web]{
		{name: "listen", def: `""`, doc: "Host and port to listen on, such as `\"127.0.0.1:7413\"`; empty for none. Metrics are served there, and the lists of [webservers.md](webservers.md).",
			value: value[Web]{"text", func(c *checker, w *Web, n *node) {
				if address, ok := c.listen(n); ok {
					w.Listen = address
				}
			}}},
		{name: "proxies", def: `["127.0.0.0/8", "::1"]`, doc: "Who may ask whether a client is banned, by the address it connects from. Where it names several clients, these are passed over.",
			value: value[Web]{"list of addresses and prefixes", func(c *checker, w *Web, n *node) { w.Proxies = c.prefixes(n) }}},
		{name: "token", doc: "Who reads the whole list sends this as `Authorization: Bearer …`, from wherever. Without it the list is for `proxies` alone.",
			value: value[Web]{secretForm, func(c *checker, w *Web, n *node) {
				if s, ok := c.secret(n); ok {
					w.Token = s
				}
			}}},
	}
}
