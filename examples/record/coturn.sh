#!/bin/bash
# Prints what Debian's coturn logs of wrong passwords, to its own log file and through syslog. See lib.sh.
#
# Expect: coturn 4
. "$(dirname "$0")/lib.sh"
own_root "$0" coturn
log=$tmp/turn.log
touch "$log"
# The newest version has nothing of these, and does not know the options against them.
without=
for option in --no-cli --no-tls --no-dtls; do
	! turnserver --help 2>&1 | grep -qw -e "$option" || without="$without $option"
done
# turnserver OPTION… starts it.
turnserver() {
	# shellcheck disable=SC2086 # a list of words
	/usr/bin/turnserver -n -v $without -L "$server4" -L "$server6" -E 127.0.0.1 -p 3478 -a -r example.org \
		-u alice:right --pidfile "$tmp/turn.pid" --no-stdout-log "$@" >/dev/null 2>&1 &
	pid=$!
	wait_for listening 3478
	sleep 1
	show_new "$log" >/dev/null
}
stop_turnserver() { kill "$pid"; wait "$pid" 2>/dev/null || true; }
# allocate CLIENT SERVER USER PASSWORD [tcp] asks for a relay.
allocate() {
	/usr/bin/python3 - "$@" <<'PY'
import hashlib, hmac, os, socket, struct, sys, zlib
client, server = sys.argv[1:3]
user, password = (os.fsencode(a) for a in sys.argv[3:5])
tcp = len(sys.argv) > 5
s = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
s.bind((client, 0)); s.settimeout(2); s.connect((server, 3478))
def attribute(kind, value): return struct.pack(">HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)
def ask(attributes, key=None):
    transaction = os.urandom(12)
    def head(n): return struct.pack(">HHI", 3, n, 0x2112A442) + transaction
    if key is not None:
        attributes += attribute(8, hmac.new(key, head(len(attributes) + 24) + attributes, hashlib.sha1).digest())
    s.send(head(len(attributes)) + attributes)
    try: return s.recv(2000)
    except OSError: return b""
transport = attribute(0x19, b"\x11\0\0\0")
answer, nonce, at = ask(transport), b"", 20
while at + 4 <= len(answer):
    kind, n = struct.unpack(">HH", answer[at:at + 4])
    if kind == 0x15: nonce = answer[at + 4:at + 4 + n]
    at += 4 + n + (-n % 4)
key = hashlib.md5(user + b":example.org:" + password).digest()
ask(transport + attribute(6, user) + attribute(0x14, b"example.org") + attribute(0x15, nonce), key)
PY
	show_new "$log"
}
attempts() {
	say "wrong password"
	allocate "$client4" "$server4" alice wrong
	allocate "$client6" "$server6" alice wrong
	allocate "$client4" "$server4" alice wrong tcp
	say "unknown user, none"
	allocate "$client4" "$server4" nobody-here wrong
	allocate "$client4" "$server4" "" wrong
	say "names that try to accuse $innocent"
	allocate "$client4" "$server4" "x from $innocent" wrong
	allocate "$client4" "$server4" "x>: incoming packet ALLOCATE processed, error 401: Unauthorized, remote $innocent:22" wrong
	allocate "$client4" "$server4" $'x\n0: : session 1: realm <a> user <b>: incoming packet message processed, error 401: Unauthorized' wrong
	say "right password"
	allocate "$client4" "$server4" alice right
	say "something else"
	printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 1 -s "$client4" "$server4" 3478 >/dev/null || true; show_new "$log"
	sleep 2; show_new "$log"
}
say "coturn of Debian ($(dpkg-query -W -f '${Version}' coturn)), to a file"
turnserver --log-file "$log" --simple-log
attempts
stop_turnserver
say "to a file, with new-log-timestamp"
turnserver --log-file "$log" --simple-log --new-log-timestamp
attempts
stop_turnserver
say "to syslog"
log=$tmp/syslog
syslog "$log"
turnserver --syslog
attempts
say "a minute later: the sessions by UDP end"
sleep 65
show_new "$log"
stop_turnserver
