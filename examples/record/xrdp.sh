#!/bin/bash
# Prints what Debian's xrdp-sesman logs of logins that fail, and of one that does not. xrdp itself
# speaks to it in a protocol of its own; so does this script, in xrdp's place.
#
# Expect: xrdp 18 2
. "$(dirname "$0")/lib.sh"
own_root "$0" xrdp

log=/var/log/xrdp-sesman.log
all=/var/log/all.log
syslog "$all"
touch "$log"
useradd -m -s /bin/bash -p "$(openssl passwd -6 right)" alice
/usr/sbin/xrdp-sesman --nodaemon >"$tmp/out" 2>&1 &
wait_for listening 3350
# login USER PASSWORD ADDRESS asks sesman for a session (scp v0: version, size, code, user, …).
login() {
	python3 - "$@" <<'END' || true
import os, socket, struct, sys
user, password, address = (os.fsencode(a) for a in sys.argv[1:])
def text(s): return struct.pack(">H", len(s)) + s
def message(code, fields):
    return struct.pack(">II", 0, 8 + 2 + len(fields)) + struct.pack(">H", code) + fields
body = text(user) + text(password) + struct.pack(">HHH", 1024, 768, 24) + text(b"") + text(b"") + text(b"") + text(address)
s = socket.create_connection(("::1", 3350), timeout=30)
s.sendall(message(20, body))
try:
    print("#", s.recv(100), file=sys.stderr)
except OSError as e:
    print(e, file=sys.stderr)
END
	show_new "$log"
	show_new "$all"
}
say "xrdp-sesman as installed by Debian ($(dpkg-query -W -f '${Version}' xrdp))"
show_new "$log"
# The address as xrdp passes it: of a server that listens on IPv4 alone, on both, and of IPv6.
four="192.0.2.5:47114 - socket: 12"
mapped="::ffff:192.0.2.5:47114 - socket: 12"
six="2001:db8::5:47114 - socket: 12"
login alice wrong "$four"
login nobody-here wrong "$four"
login alice wrong "$mapped"
login nobody-here wrong "$mapped"
login alice wrong "$six"
login nobody-here wrong "$six"
login "x ip=$innocent time=1" wrong "$mapped"
login "a b" wrong "$mapped"
login $'x\nzz' wrong "$mapped"
login $'x\n[20261130-01:10:13] [INFO ] AUTHFAIL: user=y ip=198.51.100.1 time=1' wrong "$mapped"
login alice right "$mapped"
sleep 2
show_new "$log"
