package action

import "fmt"

// Block is what a firewall does with the packets of the banned.
type Block uint8

const (
	// Reject answers with an ICMP error: port unreachable.
	Reject Block = iota
	// Drop discards packets silently.
	Drop
	// Reset ends TCP connections as a host does on which nobody listens, and rejects all else.
	Reset
	// Tarpit takes TCP connections and never lets them go, and drops all else. Where a firewall has no such
	// thing, it drops and says so in its Notes.
	Tarpit
)

// Blocks are the names of all there are, in their order.
func Blocks() []string { return []string{"reject", "drop", "reset", "tarpit"} }

// String is the name of b in the configuration.
func (b Block) String() string {
	if int(b) < len(Blocks()) {
		return Blocks()[b]
	}
	return fmt.Sprintf("Block(%d)", uint8(b))
}

// ParseBlock is the reverse of String.
func ParseBlock(name string) (Block, bool) {
	for i, n := range Blocks() {
		if n == name {
			return Block(i), true
		}
	}
	return Reject, false
}
