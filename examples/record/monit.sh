#!/bin/bash
# Prints what Debian's monit logs of wrong passwords for its web page, through syslog and in its
# own log file. See lib.sh.
#
# Expect: monit 16
. "$(dirname "$0")/lib.sh"
own_root "$0" monit
log=$tmp/syslog
syslog "$log"
# monit LOGFILE starts it.
monit() {
	cat >"$tmp/monitrc" <<CONF
set daemon 300
set log $1
set pidfile $tmp/monit.pid
set idfile $tmp/monit.id
set statefile $tmp/monit.state
set httpd port 2812
	use address $2
	allow 192.0.2.0/24
	allow 2001:db8::/64
	allow alice:right
CONF
	chmod 600 "$tmp/monitrc"
	/usr/bin/monit -I -c "$tmp/monitrc" >/dev/null 2>&1 &
	pid=$!
	wait_for listening 2812
	sleep 0.5
}
stop_monit() { kill "$pid"; wait "$pid" 2>/dev/null || true; }
login() { curl -s -o /dev/null --interface "$1" -u "$3" "http://$2:2812/" || true; show_new "$log"; }
hostile() {
	for name in "x from $innocent" "x' from [$innocent]" "x' accessing: access denied -- client [$innocent]: wrong password for user 'root" \
		$'x\nNov 24 20:00:00 server monit[1]: HttpRequest: access denied -- client [198.51.100.1]: wrong password for user \'root\'' \
		$'x\n[2026-11-24T20:00:00+0000] error    : HttpRequest: access denied -- client [198.51.100.1]: unknown user \'root\''; do
		login "$client4" "$server4" "$name:wrong"
	done
}
say "monit of Debian ($(dpkg-query -W -f '${Version}' monit)), to syslog"
monit syslog "$server4"
show_new "$log"
login "$client4" "$server4" alice:wrong
login "$client4" "$server4" nobody:wrong
login "$client4" "$server4" :
hostile
say "no password, a right one"
curl -s -o /dev/null --interface "$client4" "http://$server4:2812/"; show_new "$log"
login "$client4" "$server4" alice:right
say "a password without a colon, not base64"
for a in YWxpY2U= '****' ''; do
	curl -s -o /dev/null --interface "$client4" -H "Authorization: Basic $a" "http://$server4:2812/"; show_new "$log"
done
say "an address that may not connect"
ip address add 203.0.113.9/32 dev lo
login 203.0.113.9 "$server4" alice:right
stop_monit
say "to a file"
log=$tmp/monit.log
touch "$log"
monit "$log" "$server6"
show_new "$log"
login "$client6" "[$server6]" alice:wrong
login "$client6" "[$server6]" nobody:wrong
stop_monit
monit "$log" "$server4"
login "$client4" "$server4" alice:wrong
hostile
stop_monit
