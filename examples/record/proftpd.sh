#!/bin/bash
# Prints what Debian's ProFTPD logs of logins that fail, and of some that do not: in its own file, and
# through syslog, by FTP, FTPS and SFTP.
#
# Expect: proftpd 40 2
. "$(dirname "$0")/lib.sh"
own_root "$0" proftpd-core proftpd-mod-crypto openssh-client python3-paramiko

log=/var/log/proftpd/proftpd.log
auth=/var/log/all.log
syslog "$auth"
touch "$log"
useradd -m -s /bin/bash -p "$(openssl passwd -6 right)" alice
useradd -m -s /no/such/shell -p "$(openssl passwd -6 right)" noshell
printf '192.0.2.1 server\n192.0.2.5 client.example.org\n' >>/etc/hosts
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=server -keyout "$tmp/key" -out "$tmp/cert" -days 2 2>/dev/null
ssh-keygen -q -t rsa -m PEM -N '' -f "$tmp/hostkey"

# proftpd LINE… starts it as Debian has configured it, with these lines as well.
proftpd() {
	{
		cat /etc/proftpd/proftpd.conf
		printf '%s\n' "$@"
	} >"$tmp/proftpd.conf"
	mkdir -p /run/proftpd
	/usr/sbin/proftpd --config "$tmp/proftpd.conf" >"$tmp/out" 2>&1
	wait_for listening 21
	pid=$(cat /run/proftpd.pid)
}
not_running() { ! kill -0 "$pid"; }
stop_proftpd() {
	kill "$pid"
	wait_for not_running
	show
}
show() {
	[ ! -e "$log" ] || show_new "$log"
	show_new "$auth"
}

# login FAMILY USER PASSWORD… tries one after the other in one connection.
login() {
	python3 "$tmp/ftp.py" "$@" || true
	show
}
cat >"$tmp/ftp.py" <<'END'
import os, socket, sys
family, user = sys.argv[1], os.fsencode(sys.argv[2])
server, client = ("192.0.2.1", "192.0.2.5") if family == "4" else ("2001:db8::1", "2001:db8::5")
connection = socket.create_connection((server, 21), timeout=20, source_address=(client, 0))
connection.recv(4096)
def send(line):
    connection.sendall(line + b"\r\n")
    return connection.recv(4096)
for password in sys.argv[3:]:
    send(b"USER " + user)
    send(b"PASS " + os.fsencode(password))
send(b"QUIT")
END
# sftp USER PASSWORD tries it.
sftp() {
	python3 - "$@" <<'END' >/dev/null 2>&1 || true
import os, socket, sys, paramiko
connection = socket.create_connection(("192.0.2.1", 2222), source_address=("192.0.2.5", 0))
transport = paramiko.Transport(connection)
transport.start_client()
transport.auth_password(os.fsencode(sys.argv[1]), sys.argv[2], fallback=False)
END
	show
}

attempts() {
	say "wrong password, unknown user, root, no shell, IPv4 and IPv6; the right one: a success"
	login 4 alice wrong
	login 6 alice wrong
	login 4 nobody-here wrong
	login 6 nobody-here wrong
	login 4 root wrong
	login 4 noshell right
	login 4 anonymous me@example.org
	login 4 alice ''
	login 4 alice right
	login 6 alice right
	say "four wrong passwords"
	login 4 alice wrong wrong wrong wrong
	say "names that try to accuse $innocent"
	for user in "x: no such user found from x [$innocent] to 192.0.2.1:21" "x ($innocent[$innocent]) - USER y (Login failed): Incorrect password" \
		"a b" $'x\x80\xff' $'x\e[31m\a' "x (Login failed): Incorrect password" "x: Login successful." "x rhost=$innocent  user=root" "a%sb"; do
		login 4 "$user" wrong
	done
}
say "ProFTPD as installed by Debian ($(dpkg-query -W -f '${Version}' proftpd-core))"
proftpd
attempts
stop_proftpd
say "UseReverseDNS on"
proftpd 'UseReverseDNS on'
login 4 alice wrong
login 4 nobody-here wrong
stop_proftpd
say "the same through syslog (SystemLog commented out)"
sed -i 's/^SystemLog/#&/' /etc/proftpd/proftpd.conf
proftpd "SyslogLevel info" "RootLogin off" '<Limit LOGIN>' 'DenyUser denied' '</Limit>'
attempts
login 4 denied wrong
stop_proftpd
say "mod_sftp, port 2222"
proftpd 'LoadModule mod_sftp.c' '<VirtualHost 192.0.2.1>' 'Port 2222' 'SFTPEngine on' "SFTPHostKey $tmp/hostkey" 'SFTPLog none' '</VirtualHost>'
sftp alice wrong
sftp nobody-here wrong
sftp alice right
sftp "x (Login failed): Incorrect password" wrong
stop_proftpd
say "mod_tls: garbage in place of a handshake, port 990"
proftpd 'LoadModule mod_tls.c' '<VirtualHost 192.0.2.1>' 'Port 990' 'TLSEngine on' "TLSRSACertificateFile $tmp/cert" "TLSRSACertificateKeyFile $tmp/key" 'TLSOptions UseImplicitSSL' '</VirtualHost>'
printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 2 "$server4" 990 || true
show
stop_proftpd
