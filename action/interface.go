package action

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// longestInterface is what IFNAMSIZ of linux/if.h leaves.
const longestInterface = 15

// interfaceName is narrower than the kernel, which takes all but blanks, "/" and ":" (dev_valid_name in net/core/dev.c):
// a leading "-" or "!" would be an option of iptables'.
var interfaceName = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.-]*[+*]?$`)

// ValidInterface says whether name can be one of a Rule's Interfaces.
func ValidInterface(name string) bool {
	return len(name) <= longestInterface && interfaceName.MatchString(name) && name != "." && name != ".."
}

// interfaces are names in order, each once, "*" at the end of one written as "+".
func interfaces(names []string) ([]string, error) {
	var checked []string
	for _, name := range names {
		if !ValidInterface(name) {
			return nil, fmt.Errorf("interface %q: expected a name such as eth0 or wg+, of at most 15 characters, without blanks and slashes", name)
		}
		if before, ok := strings.CutSuffix(name, "*"); ok {
			name = before + "+"
		}
		checked = append(checked, name)
	}
	slices.Sort(checked)
	return slices.Compact(checked), nil
}
