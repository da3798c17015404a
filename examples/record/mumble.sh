#!/bin/bash
# Prints what Debian's Mumble server logs of logins that fail, and of some that do not.
#
# Expect: murmur 3
. "$(dirname "$0")/lib.sh"
own_root "$0" mumble-server

log=/var/log/mumble-server/mumble-server.log
touch "$log"
chown mumble-server "$log" 2>/dev/null || true
# Debian 13 has renamed it.
server=$(command -v murmurd mumble-server | head -n1)
cp "$(find /etc -name mumble-server.ini)" "$tmp/murmur.ini"
sed -i 's/^serverpassword=.*/serverpassword=sesame/; 1i autobanAttempts=0\nlogfile='"$log" "$tmp/murmur.ini"
"$server" -fg -ini "$tmp/murmur.ini" -supw super >/dev/null 2>&1 || true
"$server" -ini "$tmp/murmur.ini" >"$tmp/out" 2>&1
wait_for listening 64738
show_new "$log"
# login FAMILY USER PASSWORD: Version, Authenticate (protobuf by hand), then waits a little.
login() {
	python3 - "$@" <<'END' || true
import os, socket, ssl, struct, sys
family, user, password = sys.argv[1], os.fsencode(sys.argv[2]), os.fsencode(sys.argv[3])
server, client = ("192.0.2.1", "192.0.2.5") if family == "4" else ("2001:db8::1", "2001:db8::5")
context = ssl._create_unverified_context()
context.set_ciphers("ALL:@SECLEVEL=0")
s = context.wrap_socket(socket.create_connection((server, 64738), timeout=5, source_address=(client, 0)))
def size(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128]); n >>= 7
    return out + bytes([n])
def text(tag, t): return bytes([tag << 3 | 2]) + size(len(t)) + t
def send(kind, body): s.sendall(struct.pack(">HI", kind, len(body)) + body)
send(0, b"\x08" + size(1 << 16 | 3 << 8) + text(2, b"1.3.0"))
send(2, text(1, user) + text(2, password))
s.settimeout(1)
try:
    while s.recv(4096): pass
except OSError:
    pass
END
	show_new "$log"
}
say "Mumble server as installed by Debian ($(dpkg-query -W -f '${Version}' mumble-server))"
login 4 alice wrong
login 6 alice wrong
login 4 SuperUser wrong
login 4 "bad/name" sesame
login 4 "" sesame
login 4 alice sesame
login 4 SuperUser super
say "names that try to accuse $innocent"
for user in "x(-1)> Rejected connection from $innocent:1: Wrong certificate or password for existing user" \
	"x> Rejected connection from $innocent:1: Invalid server password" $'x\e[31m\a' "a b" \
	$'x\n<W>2026-11-24 20:00:00.000 1 => <1:x(-1)> Rejected connection from 198.51.100.1:1: Invalid server password'; do
	login 4 "$user" wrong
done
say "no TLS"
printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 1 "$server4" 64738 || true
show_new "$log"
