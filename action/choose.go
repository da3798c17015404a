package action

// Choose answers banaction = "auto": "iptables" where lookPath (exec.LookPath)
// finds that command, else "nftables".
//
// Where both would do, iptables is the better guest: a host that has the
// command mostly has other software that rules through it (Docker, ufw,
// Kubernetes), and a ban that stands in the same chains is seen by the same
// people with the same tools. Where the command is missing, nftables asks for
// nothing but the kernel, because gaol speaks to it by netlink.
func Choose(lookPath func(file string) (string, error)) string {
	if _, err := lookPath("iptables"); err == nil {
		return "iptables"
	}
	return "nftables"
}
