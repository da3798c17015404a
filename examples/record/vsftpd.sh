#!/bin/bash
# Prints what Debian's vsftpd logs of logins that fail, and of some that do not: in its own file,
# of PAM through syslog, and all through syslog.
#
# Expect: vsftpd 20 2
. "$(dirname "$0")/lib.sh"
own_root "$0" vsftpd

log=/var/log/vsftpd.log
auth=/var/log/all.log
syslog "$auth"
touch "$log"
useradd -m -s /bin/bash -p "$(openssl passwd -6 right)" alice
mkdir -p /run/vsftpd/empty

# vsftpd LINE… starts it as Debian has configured it, with these lines as well.
vsftpd() {
	{
		cat /etc/vsftpd.conf
		printf '%s\n' "$@"
	} >"$tmp/vsftpd.conf"
	/usr/sbin/vsftpd "$tmp/vsftpd.conf" -obackground=NO &
	pid=$!
	wait_for listening 21
}
stop_vsftpd() {
	kill "$pid"
	wait "$pid" 2>/dev/null || true
}

# login FAMILY USER PASSWORD tries it.
login() {
	python3 "$tmp/ftp.py" "$@" || true
	show_new "$log"
	show_new "$auth"
}
cat >"$tmp/ftp.py" <<'END'
import os, socket, sys
family, user, password = sys.argv[1], os.fsencode(sys.argv[2]), os.fsencode(sys.argv[3])
server, client = ("192.0.2.1", "192.0.2.5") if family == "4" else ("2001:db8::1", "2001:db8::5")
connection = socket.create_connection((server, 21), timeout=20, source_address=(client, 0))
connection.recv(4096)
for word, text in (b"USER", user), (b"PASS", password), (b"QUIT", b""):
    connection.sendall(word + b" " + text + b"\r\n")
    connection.recv(4096)
END

say "vsftpd as installed by Debian ($(dpkg-query -W -f '${Version}' vsftpd))"
vsftpd
say "wrong password, unknown user, root, IPv4 and IPv6; the right one: a success"
login 4 alice wrong
login 6 alice wrong
login 4 nobody-here wrong
login 6 nobody-here wrong
login 4 root wrong
login 4 anonymous me@example.org
login 4 alice ''
login 4 alice right
login 6 alice right
say "names that try to accuse $innocent"
for user in "x\"] FAIL LOGIN: Client \"$innocent\"" "x] FAIL LOGIN: Client \"$innocent\"" "x rhost=$innocent" "rhost=$innocent user=root" \
	"a b" $'x\x80\xff' $'x\e[31m\a' "[pid 1] [x] OK LOGIN: Client \"$innocent\""; do
	login 4 "$user" wrong
done
stop_vsftpd
say "IPv4 alone: no mapped addresses"
vsftpd listen=YES listen_ipv6=NO
login 4 alice wrong
login 4 nobody-here wrong
login 4 alice right
stop_vsftpd
say "syslog_enable=YES"
vsftpd syslog_enable=YES
login 4 alice wrong
login 6 nobody-here wrong
login 4 "x\"] FAIL LOGIN: Client \"$innocent\"" wrong
login 4 alice right
stop_vsftpd
