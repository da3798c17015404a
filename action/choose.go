package action

// Choose answers banaction = "auto": "iptables" where lookPath (exec.LookPath)
// finds that command and mayOpenRaw says that it can be used, else "nftables".
//
// Where both would do, iptables is the better guest: a host that has the
// command mostly has other software that rules through it (Docker, ufw,
// Kubernetes), and a ban that stands in the same chains is seen by the same
// people with the same tools. But its set match opens a raw socket, which
// takes CAP_NET_RAW (libxt_set in iptables 1.8), and a daemon that is kept on a
// short leash does without. nftables asks for nothing but the kernel and CAP_NET_ADMIN,
// because gaol speaks to it by netlink.
func Choose(lookPath func(file string) (string, error), mayOpenRaw bool) string {
	if _, err := lookPath("iptables"); err == nil && mayOpenRaw {
		return "iptables"
	}
	return "nftables"
}
