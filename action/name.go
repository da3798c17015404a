package action

import (
	"crypto/sha256"
	"strings"
)

// ObjectName returns jail as part of a name in the kernel: letters, digits and "_.-"
// only, at most longest (16 or more) bytes, not ending in "6", so that a "6"
// can be added for the set of IPv6 addresses without meeting another jail's. A
// jail's name that is so already stays as it is. Any other is cut and ends in
// eight letters of its hash, so that two of them stay two.
func ObjectName(jail string, longest int) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("_.-", r):
			return r
		}
		return '_'
	}, jail)
	if clean == jail && len(clean) <= longest && !strings.HasSuffix(clean, "6") {
		return clean
	}
	sum := sha256.Sum256([]byte(jail))
	hash := make([]byte, 8)
	for i := range hash {
		hash[i] = 'a' + sum[i]%26
	}
	return clean[:min(len(clean), longest-len(hash)-1)] + "-" + string(hash)
}
