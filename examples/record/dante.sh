#!/bin/bash
# Prints what Debian's dante-server (sockd) logs when it refuses clients for their password, their
# address and what they ask for, through syslog and in a log file of its own. See lib.sh.
#
# Expect: dante 24
# Expect: dante[mode=aggressive] 33
. "$(dirname "$0")/lib.sh"
own_root "$0" dante-server
log=$tmp/syslog
syslog "$log"
useradd -m alice
echo alice:right | chpasswd
# danted LOGOUTPUT METHOD starts it.
danted() {
	cat >/etc/danted.conf <<CONF
logoutput: $1
internal: $server4 port = 1080
internal: $server6 port = 1080
external: lo
clientmethod: none
socksmethod: $2
user.privileged: root
user.notprivileged: nobody
client pass { from: 192.0.2.0/24 to: 0.0.0.0/0 log: error connect disconnect }
client pass { from: 2001:db8::/32 to: ::/0 log: error connect disconnect }
client block { from: 0.0.0.0/0 to: 0.0.0.0/0 log: connect error }
socks block { from: 0.0.0.0/0 to: 203.0.113.0/24 log: connect error }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 log: error connect }
socks pass { from: ::/0 to: ::/0 log: error connect }
CONF
	/usr/sbin/danted -N 1 >/dev/null 2>"$tmp/danted.err" &
	pid=$!
	wait_for listening 1080
	sleep 0.5
}
stop_danted() { kill "$pid"; wait "$pid" 2>/dev/null || true; sleep 0.5; }
# socks CLIENT SERVER USER PASSWORD TARGET logs in and asks for a connection.
socks() {
	/usr/bin/python3 - "$@" <<'PY'
import os, socket, sys
client, server, target = sys.argv[1], sys.argv[2], sys.argv[5]
user, password = (os.fsencode(a) for a in sys.argv[3:5])
try:
    s = socket.create_connection((server, 1080), source_address=(client, 0), timeout=5)
    s.sendall(b"\5\1\2"); s.recv(2)
    s.sendall(b"\1" + bytes([len(user)]) + user + bytes([len(password)]) + password); s.recv(2)
    s.sendall(b"\5\1\0\1" + socket.inet_aton(target) + b"\0\x50"); s.recv(10)
except OSError:
    pass
PY
	show_new "$log"
}
attempts() {
	say "wrong password, unknown user, none"
	socks "$client4" "$server4" alice wrong "$server4"
	socks "$client4" "$server4" nobody-here wrong "$server4"
	socks "$client6" "$server6" alice wrong "$server4"
	socks "$client4" "$server4" "" "" "$server4"
	say "names that try to accuse $innocent"
	socks "$client4" "$server4" "x from $innocent" wrong "$server4"
	socks "$client4" "$server4" "x@$innocent.22" wrong "$server4"
	socks "$client4" "$server4" $'x\nNov 24 20:00:00 server danted[1]: info: block(1): tcp/accept ]: 198.51.100.1.1024 192.0.2.1.1080: x' wrong "$server4"
	socks "$client4" "$server4" "x ]: $innocent.1024 $server4.1080: error after reading" wrong "$server4"
	say "right password"
	socks "$client4" "$server4" alice right "$server4"
	say "right password, a target that is blocked"
	socks "$client4" "$server4" alice right 203.0.113.7
	say "a client that may not connect"
	ip address add 203.0.113.9/32 dev lo 2>/dev/null || true
	socks 203.0.113.9 "$server4" alice right "$server4"
	say "no password offered, something else than SOCKS"
	printf '\5\1\0' | nc -w 1 -s "$client4" "$server4" 1080 >/dev/null || true; show_new "$log"
	printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 1 -s "$client4" "$server4" 1080 >/dev/null || true; show_new "$log"
}
say "dante of Debian ($(dpkg-query -W -f '${Version}' dante-server)), to syslog, with the system's passwords"
danted syslog username
show_new "$log"
attempts
stop_danted
say "with PAM"
danted syslog pam.username
attempts
stop_danted
say "to a file"
log=$tmp/danted.log
touch "$log"; chmod 666 "$log"
danted "$log" username
show_new "$log"
attempts
stop_danted
