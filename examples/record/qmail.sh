#!/bin/bash
# Prints what rblsmtpd logs of clients on a block list, run by tcpserver, logged by multilog. The list
# is a name server of our own, which knows the client. See lib.sh.
#
# Expect: qmail 3
. "$(dirname "$0")/lib.sh"
own_root "$0" ucspi-tcp daemontools
mkdir "$tmp/qmail"

# $1: what the list says of the client.
name_server() {
	python3 - "$1" <<'END' &
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 53))
while True:
    query, client = s.recvfrom(512)
    end = query.index(b'\0', 12)
    kind = struct.unpack('>H', query[end + 1:end + 3])[0]
    data = {1: b'\x7f\0\0\2', 16: bytes([len(sys.argv[1])]) + sys.argv[1].encode()}.get(kind)
    answer = b'' if data is None else b'\xc0\x0c' + struct.pack('>HHIH', kind, 1, 60, len(data)) + data
    s.sendto(query[:2] + b'\x81\x80\0\1\0' + bytes([len(answer) > 0]) + b'\0\0\0\0' + query[12:end + 5] + answer, client)
END
	sleep 1
}
export DNSCACHEIP=127.0.0.1
(tcpserver -v -R -l server "$server4" 25 rblsmtpd -r bl.example.org sh -c 'echo 220 server' 2>&1 | multilog t "$tmp/qmail") &
wait_for listening 25
connect() {
	printf 'HELO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nQUIT\r\n' | nc -N -w 5 "$server4" 25 >/dev/null || true
	show_new "$tmp/qmail/current"
}
say "$(dpkg-query -W -f 'ucspi-tcp ${Version}' ucspi-tcp)"
name_server "Blocked, see http://bl.example.org/?192.0.2.5"
connect
connect
kill $!
say "a list that tries to accuse $innocent"
name_server "x rblsmtpd: $innocent pid 1: 451 x"
connect
