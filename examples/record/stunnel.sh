#!/bin/bash
# Prints what Debian's stunnel4 logs when it refuses clients for their certificate and their
# handshake, through syslog and in a log file of its own. See lib.sh.
#
# Expect: stunnel 12
# Expect: stunnel[mode=aggressive] 18
. "$(dirname "$0")/lib.sh"
own_root "$0" stunnel4
log=$tmp/syslog
syslog "$log"
cd "$tmp"
for n in ca other; do
	openssl req -x509 -newkey rsa:2048 -nodes -keyout $n.key -out $n.pem -days 30 -subj "/CN=$n" 2>/dev/null
done
# certificate NAME CA SUBJECT
certificate() {
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "$3" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -out "$1.pem" -days 30 2>/dev/null
}
certificate server ca /CN=server
certificate good ca /CN=alice
certificate bad other "/CN=x from $innocent:22/O=Service [imaps] accepted connection from $innocent:22"
cat server.key server.pem >both.pem
/usr/bin/python3 -c '
import socket, threading
s = socket.create_server(("127.0.0.1", 8080))
while True: s.accept()[0].close()' &
# stunnel LINE… starts it with these lines in its general part.
stunnel() {
	cat >stunnel.conf <<CONF
foreground = yes
$1
[imaps]
accept = $server4:993
connect = 127.0.0.1:8080
cert = $tmp/both.pem
verifyChain = yes
CAfile = $tmp/ca.pem
[six]
accept = $server6:994
connect = 127.0.0.1:8080
cert = $tmp/both.pem
verifyChain = yes
CAfile = $tmp/ca.pem
[any]
accept = :::995
connect = 127.0.0.1:8080
cert = $tmp/both.pem
$2
CONF
	/usr/bin/stunnel4 stunnel.conf >stunnel.err 2>&1 &
	pid=$!
	wait_for listening 995
	show_new "$log"
}
stop_stunnel() { kill "$pid"; wait "$pid" 2>/dev/null || true; show_new "$log" >/dev/null; }
# tls CLIENT SERVER:PORT [OPTION…]
tls() {
	local from=$1 to=$2
	shift 2
	echo | timeout 3 openssl s_client -bind "$from:0" -connect "$to" "$@" >/dev/null 2>&1 || true
	show_new "$log"
}
attempts() {
	say "no certificate"
	tls "$client4" "$server4:993"
	tls "[$client6]" "[$server6]:994"
	say "a certificate of another authority"
	tls "$client4" "$server4:993" -cert bad.pem -key bad.key
	tls "[$client6]" "[$server6]:994" -cert bad.pem -key bad.key
	say "a good certificate"
	tls "$client4" "$server4:993" -cert good.pem -key good.key
	say "no TLS, an old version, no cipher in common, nothing at all"
	printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 1 -s "$client4" "$server4" 993 >/dev/null || true; show_new "$log"
	tls "$client4" "$server4:995" -tls1_2 -cipher ADH-AES256-SHA256:@SECLEVEL=0
	nc -z -s "$client4" "$server4" 993; show_new "$log"
	say "to all addresses"
	tls "$client4" "$server4:995"
	printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 1 -s "$client4" "$server4" 995 >/dev/null || true; show_new "$log"
	say "two at once"
	(tls "$client4" "$server4:993" & tls "[$client6]" "[$server6]:994" & wait)
	show_new "$log"
}
say "stunnel of Debian ($(dpkg-query -W -f '${Version}' stunnel4)), to syslog"
stunnel "" ""
attempts
stop_stunnel
say "to a file"
log=$tmp/stunnel.log
touch "$log"
stunnel "output = $log
syslog = no" ""
attempts
stop_stunnel
