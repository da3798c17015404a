#!/bin/bash
# Prints what Debian's openvpn logs, as a server, of wrong passwords, certificates and keys, through
# syslog and in a log file of its own. See lib.sh.
#
# Expect: openvpn 11 3
# Expect: openvpn[mode=aggressive] 15 3
. "$(dirname "$0")/lib.sh"
own_root "$0" openvpn
log=$tmp/syslog
syslog "$log"
mkdir -p /dev/net
mknod /dev/net/tun c 10 200 2>/dev/null || true
cd "$tmp"
for n in ca other; do
	openssl req -x509 -newkey rsa:2048 -nodes -keyout $n.key -out $n.pem -days 30 -subj "/CN=$n" 2>/dev/null
done
certificate() {
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "$3" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -out "$1.pem" -days 30 2>/dev/null
}
certificate server ca /CN=server
certificate good ca /CN=alice
certificate bad other "/CN=x from $innocent:22 TLS Auth Error: $innocent"
openvpn --genkey secret tls.key
openvpn --genkey secret wrong.key
printf '#!/bin/sh\n[ "$username:$password" = alice:right ]\n' >check.sh
chmod 755 check.sh . /run
# server ADDRESS PROTOCOL LINE… starts a server.
server() {
	cat >server.conf <<CONF
dev tun
server 10.8.0.0 255.255.255.0
local $1
port 1194
proto $2
ca ca.pem
cert server.pem
key server.key
dh none
verb 3
script-security 3
auth-user-pass-verify $tmp/check.sh via-env
hand-window 5
CONF
	shift 2
	printf '%s\n' "$@" >>server.conf
	openvpn --cd "$tmp" --config server.conf >/dev/null 2>&1 &
	pid=$!
	sleep 1.5
	show_new "$log" >/dev/null
}
stop_server() { kill "$pid"; wait "$pid" 2>/dev/null || true; show_new "$log" >/dev/null; }
# client CLIENT SERVER PROTOCOL USER PASSWORD CERTIFICATE OPTION… connects, for four seconds.
client() {
	printf '%s\n%s\n' "$4" "$5" >login
	timeout 4 openvpn --dev null --tls-client --pull --local "$1" --lport 0 --remote "$2" 1194 "$3" --ca ca.pem --cert "$6.pem" --key "$6.key" \
		--auth-user-pass login --auth-retry none --connect-retry-max 1 --ifconfig-noexec --route-noexec "${@:7}" >client.out 2>&1 || true
	show_new "$log"
}
attempts() {
	local from=$1 to=$2 proto=$3
	say "wrong password, unknown user"
	client "$from" "$to" "$proto" alice wrong good
	client "$from" "$to" "$proto" nobody-here wrong good
	say "names that try to accuse $innocent"
	client "$from" "$to" "$proto" "x from $innocent:22 TLS Auth Error: Auth Username/Password verification failed for peer" wrong good
	say "a certificate of another authority"
	client "$from" "$to" "$proto" alice right bad
	sleep 3
	show_new "$log"
	say "right password"
	client "$from" "$to" "$proto" alice right good
}
say "openvpn of Debian ($(dpkg-query -W -f '${Version}' openvpn)), to syslog, UDP"
server "$server4" udp "syslog"
attempts "$client4" "$server4" udp
stop_server
say "IPv6, TCP"
server "$server6" tcp6-server "syslog ovpn-server"
attempts "$client6" "$server6" tcp6-client
say "something else than OpenVPN"
printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 1 -s "$client6" "$server6" 1194 >/dev/null || true; show_new "$log"
stop_server
say "a wrong tls-auth key, a wrong tls-crypt key"
server "$server4" udp "syslog ovpn-server" "tls-auth tls.key 0"
client "$client4" "$server4" udp alice right good --tls-auth wrong.key 1
stop_server
server "$server4" udp "syslog ovpn-server" "tls-crypt tls.key"
client "$client4" "$server4" udp alice right good --tls-crypt wrong.key
stop_server
say "on all addresses, to a file"
log=$tmp/openvpn.log
touch "$log"
server :: udp6 "log-append $log"
attempts "$client4" "$server4" udp4
stop_server
say "on all addresses, TCP, username-as-common-name, to a file"
server :: tcp6-server "log-append $log" "username-as-common-name" "verify-client-cert none"
attempts "$client4" "$server4" tcp4-client
stop_server
