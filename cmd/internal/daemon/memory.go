package daemon

import (
	"os"
	"runtime/debug"
)

const (
	// gcPercent makes Go collect when the heap has grown by half, not by all: with a million
	// hosts tracked that is 50 MB less, for some more work while a flood is counted.
	gcPercent = 50
	// manyBans is from how many bans on their restoring leaves memory worth giving back.
	manyBans = 1000
)

// saveMemory makes this process, which mostly waits, take less of it, unless somebody has set GOGC.
func saveMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// giveBack returns to the system what restoring bans has needed.
func giveBack(restored int) {
	if restored >= manyBans {
		debug.FreeOSMemory()
	}
}
