package daemon

import (
	"context"
	"log/slog"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// notifier talks to systemd (sd_notify(3)); without systemd it does nothing.
type notifier struct{ log *slog.Logger }

func (n notifier) send(state string) {
	if _, err := systemd.SdNotify(false, state); err != nil {
		n.log.Warn("telling systemd about the state", "err", err)
	}
}

// watchdog tells systemd that gaol is alive, at half the interval it asks for
// (sd_watchdog_enabled(3)), as long as alive returns: a daemon whose lock is
// stuck is started anew.
func (n notifier) watchdog(ctx context.Context, alive func()) error {
	interval, err := systemd.SdWatchdogEnabled(false)
	if err != nil {
		n.log.Warn("reading the watchdog's interval from systemd", "err", err)
	}
	if err != nil || interval == 0 {
		return nil
	}
	ticker := time.NewTicker(interval / 2)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			alive()
			n.send(systemd.SdNotifyWatchdog)
		}
	}
}
