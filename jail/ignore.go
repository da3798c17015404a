package jail

// Ignore is a set of addresses that are never banned (ignoreip, ignoreself).
type Ignore struct{}
