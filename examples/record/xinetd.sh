#!/bin/bash
# Prints what Debian's xinetd logs when it refuses a client, and of accepted ones.
#
# Expect: xinetd-fail 6
. "$(dirname "$0")/lib.sh"
own_root "$0" xinetd

log=/var/log/all.log
file=/var/log/xinetd.log
syslog "$log"
touch "$file"

# xinetd LINE… starts it with a service that has these lines. log_type first.
xinetd() {
	{
		printf 'defaults\n{\nlog_type = %s\nlog_on_failure = HOST ATTEMPT USERID\nlog_on_success = PID HOST\n}\n' "$1"
		for port in 13 37; do
			[ $port = 13 ] && name=daytime-x || name=time-x
			printf 'service %s\n{\ntype = UNLISTED\nport = %s\nprotocol = tcp\nsocket_type = stream\nwait = no\nuser = root\nflags = IPv6\nserver = /bin/date\n' $name $port
			[ $port = 13 ] && printf '%s\n' "${@:2}"
			printf '}\n'
		done
	} >"$tmp/xinetd.conf"
	/usr/sbin/xinetd -dontfork -f "$tmp/xinetd.conf" >/dev/null 2>&1 &
	pid=$!
	wait_for listening 37
	sleep 0.3
}
stop_xinetd() {
	kill "$pid"
	wait "$pid" 2>/dev/null || true
	show_new "$log"
}
# connect FAMILY PORT opens a connection, and waits for its end.
connect() {
	python3 - "$@" <<'END' || true
import socket, sys
server, client = ("192.0.2.1", "192.0.2.5") if sys.argv[1] == "4" else ("2001:db8::1", "2001:db8::5")
try:
    connection = socket.create_connection((server, int(sys.argv[2])), timeout=5, source_address=(client, 0))
    connection.recv(100)
except OSError:
    pass
END
	show_new "$log"
	show_new "$file"
}

say "xinetd as installed by Debian ($(dpkg-query -W -f '${Version}' xinetd)): no_access"
xinetd 'SYSLOG daemon info' 'no_access = 192.0.2.5 2001:db8::5'
connect 4 13
connect 6 13
say "accepted"
connect 4 37
connect 6 37
stop_xinetd
say "only_from"
xinetd 'SYSLOG daemon info' 'only_from = 203.0.113.0/24'
connect 4 13
stop_xinetd
say "access_times, per_source, cps"
xinetd 'SYSLOG daemon info' 'access_times = 00:00-00:00'
connect 4 13
stop_xinetd
xinetd 'SYSLOG daemon info' 'per_source = 1'
(exec 9<>/dev/tcp/192.0.2.1/13; exec 8<>/dev/tcp/192.0.2.1/13; sleep 0.5)
show_new "$log"
stop_xinetd
xinetd 'SYSLOG daemon info' 'cps = 1 5'
connect 4 13
connect 4 13
connect 4 13
stop_xinetd
say "IPv4 alone"
xinetd 'SYSLOG daemon info' 'no_access = 192.0.2.5' 'flags = IPv4'
connect 4 13
stop_xinetd
say "a file of its own"
xinetd "FILE $file" 'no_access = 192.0.2.5 2001:db8::5'
connect 4 13
connect 6 13
connect 4 37
stop_xinetd
