#!/bin/bash
# Prints what Debian's nagios-nrpe-server logs when it refuses a host. See lib.sh.
#
# Expect: nagios 8
# Expect: nagios[mode=aggressive] 11
. "$(dirname "$0")/lib.sh"
own_root "$0" nagios-nrpe-server nagios-nrpe-plugin
log=$tmp/syslog
syslog "$log"
ip address add 203.0.113.9/32 dev lo
# nrpe ADDRESS LINE… starts it.
nrpe() {
	{
		echo "pid_file=$tmp/nrpe.pid"
		echo "server_address=$1"
		echo "nrpe_user=nagios"
		echo "nrpe_group=nagios"
		shift
		printf '%s\n' "$@"
		echo 'command[check_ok]=/bin/echo OK'
	} >"$tmp/nrpe.cfg"
	/usr/sbin/nrpe -c "$tmp/nrpe.cfg" -f >/dev/null 2>&1 &
	pid=$!
	wait_for listening 5666
	show_new "$log"
}
stop_nrpe() { kill "$pid"; wait "$pid" 2>/dev/null || true; show_new "$log" >/dev/null; }
check() { timeout 5 /usr/lib/nagios/plugins/check_nrpe -b "$1" -H "$2" "${@:3}" >/dev/null 2>&1 || true; show_new "$log"; }
say "nrpe of Debian ($(dpkg-query -W -f '${Version}' nagios-nrpe-server)): hosts that allowed_hosts has not"
nrpe "$server4" allowed_hosts=127.0.0.1,203.0.113.9
check "$client4" "$server4" -c check_ok
check "$client4" "$server4" -n -c check_ok
check "$client4" "$server4" -c "x from $innocent"
say "one that it has"
check 203.0.113.9 "$server4" -c check_ok
check 203.0.113.9 "$server4" -c "Host $innocent is not allowed to talk to us!"
say "no NRPE, no TLS"
printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 1 -s 203.0.113.9 "$server4" 5666 >/dev/null || true; show_new "$log"
stop_nrpe
say "the same with debug=1 and IPv6"
nrpe "$server6" allowed_hosts=127.0.0.1 debug=1
check "$client6" "$server6" -6 -c check_ok
check "$client6" "$server6" -6 -n -c check_ok
stop_nrpe
say "allowed_hosts with a network, dont_blame_nrpe"
nrpe "$server4" allowed_hosts=203.0.113.0/24 log_facility=daemon
check "$client4" "$server4" -c check_ok
stop_nrpe
