package config

import "fmt"

// owners are the enabled jails that keep each deny file, by its path.
type owners map[string]string

// checkActions reports actions of an enabled jail that are in each other's way or another jail's, and such as nobody
// can ask about.
func (l *loader) checkActions(c *checker, d *draft, n *node) {
	if !d.Enabled {
		return
	}
	fault := func(what, hint string) {
		p := c.at(n.table["action"])
		p.What, p.Hint, p.Jail = what, hint, c.jail
		c.add(p)
	}
	served := ""
	for _, a := range d.Actions {
		switch {
		case a.File != nil:
			path := a.File.PathFor(d.Name)
			owner, taken := l.owners[path]
			switch {
			case taken && owner == d.Name:
				fault(fmt.Sprintf("two actions keep the file %s, and each would remove the other's bans", path),
					"give them a path of their own, or leave one out")
			case taken:
				fault(fmt.Sprintf("the action %s keeps the file %s, which is that of jail %s", a.Name, path, owner), "give it a path of its own: a server can read several files")
			default:
				l.owners[path] = d.Name
			}
		case a.Web && served != "":
			fault(fmt.Sprintf("the actions %s and %s are one and the same list", served, a.Name), "leave one out: all proxies may ask about it")
		case a.Web && l.config.Web.Listen == "":
			fault(fmt.Sprintf("the action %s is for proxies that ask gaol, which listens nowhere", a.Name), `write listen = "127.0.0.1:7413" in [web]`)
		case a.Web:
			served = a.Name
		}
	}
}
