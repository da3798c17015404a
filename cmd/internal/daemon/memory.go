package daemon

import (
	"os"
	"runtime/debug"
)

// gcPercent makes Go collect when the heap has grown by half, not by all: with a million
// hosts tracked that is 50 MB less, for some more work while a flood is counted.
const gcPercent = 50

// saveMemory makes this process, which mostly waits, take less of it, unless somebody has set GOGC.
func saveMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
