#!/bin/bash
# Prints what Debian's nsd logs when it refuses transfers and queries, through syslog and in a log
# file of its own. See lib.sh.
#
# Expect: nsd 15
. "$(dirname "$0")/lib.sh"
own_root "$0" nsd
log=$tmp/syslog
syslog "$log"
mkdir -p /run/nsd && chown nsd: /run/nsd
printf '$ORIGIN example.org.\n$TTL 1h\n@ SOA ns root 1 1h 1h 1h 1h\n@ NS ns\nns A %s\n' "$server4" >/etc/nsd/example.org
# nsd LINE… starts it with these lines in the server's part.
nsd() {
	cat >/etc/nsd/nsd.conf <<CONF
server:
	ip-address: $server4
	ip-address: $server6
	username: nsd

$1
remote-control:
	control-enable: no
zone:
	name: example.org
	zonefile: /etc/nsd/example.org
	${2:-}
CONF
	/usr/sbin/nsd -d -c /etc/nsd/nsd.conf >/dev/null 2>&1 &
	pid=$!
	wait_for listening 53
	sleep 0.5
}
stop_nsd() { kill "$pid"; wait "$pid" 2>/dev/null || true; sleep 0.3; }
# ask CLIENT SERVER NAME TYPE PROTOCOL [OPCODE] sends a question.
ask() {
	/usr/bin/python3 - "$@" <<'PY'
import socket, struct, sys
client, server, name, kind, protocol, opcode = (sys.argv[1:] + ["0"])[:6]
family = socket.AF_INET6 if ":" in server else socket.AF_INET
labels = [l.encode() for l in name.split("|") if l]
question = b"".join(bytes([len(l)]) + l for l in labels) + b"\0" + struct.pack(">HH", int(kind), 1)
message = struct.pack(">HHHHHH", 7, int(opcode) << 11, 1, 0, 0, 0) + question
s = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
s.bind((client, 0))
s.settimeout(1)
s.connect((server, 53))
s.send(struct.pack(">H", len(message)) + message if protocol == "tcp" else message)
try: s.recv(512)
except OSError: pass
PY
	show_new "$log"
}
failures() {
	say "transfers: AXFR, IXFR"
	ask "$client4" "$server4" "example|org" 252 tcp
	ask "$client6" "$server6" "example|org" 252 tcp
	ask "$client4" "$server4" "example|org" 251 udp
	ask "$client4" "$server4" "example|com" 252 tcp
	say "names that try to accuse $innocent"
	ask "$client4" "$server4" "x from $innocent refused, no acl matches" 252 tcp
	ask "$client4" "$server4" "example|org refused axfr from $innocent" 252 tcp
	say "a query for what it does not serve, a NOTIFY"
	ask "$client4" "$server4" "example|com" 1 udp
	ask "$client4" "$server4" "example|org" 6 udp 4
}
say "nsd of Debian ($(dpkg-query -W -f '${Version}' nsd)), to syslog"
nsd "	verbosity: 2"
show_new "$log"
failures
stop_nsd
say "rate limits"
nsd "	verbosity: 2
	rrl-ratelimit: 2
	rrl-whitelist-ratelimit: 2"
show_new "$log" >/dev/null
for _ in 1 2 3 4 5 6; do ask "$client4" "$server4" "ns|example|org" 1 udp; done
ask "$client4" "$server4" "example|com" 1 udp
for _ in 1 2 3 4 5 6; do ask "$client6" "$server6" "ns|example|org" 1 udp; done
stop_nsd
say "to a file"
log=$tmp/nsd.log
touch "$log"; chown nsd: "$log" "$tmp"
nsd "	logfile: $log
	verbosity: 2"
show_new "$log"
failures
stop_nsd
say "allow-query for somebody else; a blocked transfer"
nsd "	logfile: $log
	verbosity: 2" "allow-query: 203.0.113.0/24 NOKEY
	provide-xfr: 0.0.0.0/0 BLOCKED"
ask "$client4" "$server4" "ns|example|org" 1 udp
ask "$client4" "$server4" "example|org" 252 tcp
stop_nsd
