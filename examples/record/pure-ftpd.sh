#!/bin/bash
# Prints what Debian's Pure-FTPd logs of logins that fail, and of some that do not, with -H and without.
#
# Expect: pure-ftpd 12 2
. "$(dirname "$0")/lib.sh"
own_root "$0" pure-ftpd

log=/var/log/all.log
syslog "$log"
useradd -m -s /bin/bash -p "$(openssl passwd -6 right)" alice
printf '192.0.2.1 server\n192.0.2.5 client.example.org\n' >>/etc/hosts

# pure_ftpd OPTION… starts it with what Debian's wrapper gives it, and these.
pure_ftpd() {
	/usr/sbin/pure-ftpd -l pam -O clf:/var/log/pure-ftpd/transfer.log -u 1000 -E "$@" &
	pid=$!
	wait_for listening 21
}
stop_pure_ftpd() {
	kill "$pid"
	wait "$pid" 2>/dev/null || true
	sleep 0.5
}

# login FAMILY USER PASSWORD… tries one after the other in one connection.
login() {
	python3 "$tmp/ftp.py" "$@" || true
	show_new "$log"
}
cat >"$tmp/ftp.py" <<'END'
import os, socket, sys
family, user = sys.argv[1], os.fsencode(sys.argv[2])
server, client = ("192.0.2.1", "192.0.2.5") if family == "4" else ("2001:db8::1", "2001:db8::5")
connection = socket.create_connection((server, 21), timeout=60, source_address=(client, 0))
connection.recv(4096)
def send(line):
    connection.sendall(line + b"\r\n")
    return connection.recv(4096)
for password in sys.argv[3:]:
    send(b"USER " + user)
    send(b"PASS " + os.fsencode(password))
send(b"QUIT")
END

say "Pure-FTPd as installed by Debian ($(dpkg-query -W -f '${Version}' pure-ftpd)), with -H"
pure_ftpd -H
say "wrong password, unknown user, root, IPv4 and IPv6; the right one: a success"
login 4 alice wrong
login 6 alice wrong
login 4 nobody-here wrong
login 6 nobody-here wrong
login 4 root wrong
login 4 anonymous me@example.org
login 4 alice right
login 6 alice right
say "two wrong passwords"
login 4 alice wrong wrong
say "names that try to accuse $innocent"
for user in "x] (?@$innocent) [WARNING] Authentication failed for user [y" "x@$innocent) [WARNING] Authentication failed for user [y]" \
	"a b" $'x\x80\xff' $'x\e[31m\a' "x rhost=$innocent  user=root"; do
	login 4 "$user" wrong
done
stop_pure_ftpd
say "without -H: names"
pure_ftpd
login 4 alice wrong
login 6 alice wrong
stop_pure_ftpd
