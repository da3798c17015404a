#!/bin/bash
# Prints what Debian's scanlogd and portsentry log of port scans.
#
# Expect: scanlogd 1
# Expect: portsentry 4
. "$(dirname "$0")/lib.sh"
own_root "$0" scanlogd portsentry

log=/var/log/all.log
syslog "$log"
scan() {
	python3 - "$@" <<'END'
import socket, sys
server, client = ("192.0.2.1", "192.0.2.5") if sys.argv[1] == "4" else ("2001:db8::1", "2001:db8::5")
for port in sys.argv[2:]:
    try:
        socket.create_connection((server, int(port)), timeout=1, source_address=(client, 0)).close()
    except OSError:
        pass
END
	show_new "$log"
}
say "scanlogd ($(dpkg-query -W -f '${Version}' scanlogd)), a scan"
mkdir -p /run/scanlogd/empty /run/portsentry
/usr/sbin/scanlogd
sleep 0.5
# shellcheck disable=SC2046 # a list of words
scan 4 $(seq 100 130)
sleep 5
show_new "$log"
pkill scanlogd || true
say "portsentry ($(dpkg-query -W -f '${Version}' portsentry)) as installed by Debian: -tcp, -udp"
history=/var/lib/portsentry/portsentry.history
mkdir -p /var/lib/portsentry
/usr/sbin/portsentry -tcp
/usr/sbin/portsentry -udp
wait_for listening 143
show_new "$log"
scan 4 143 79
scan 6 143
echo | nc -u -w 1 -s "$client4" "$server4" 161 || true
show_new "$log"
say "its history file"
cat "$history" /var/lib/portsentry/portsentry.blocked.* 2>/dev/null || true
pkill portsentry || true
say "portsentry -atcp, -stcp"
/usr/sbin/portsentry -atcp
sleep 2
show_new "$log"
scan 4 112 113
sleep 1
show_new "$log"
cat "$history" 2>/dev/null || true
