#!/bin/bash
# Prints what Debian's Courier logs of logins that fail over IMAP, POP3 and SMTP, and of mail that it
# refuses.
#
# Expect: courier-auth 10 4
# Expect: courier-smtp 8
. "$(dirname "$0")/lib.sh"
own_root "$0" courier-imap courier-pop courier-mta courier-authdaemon netbase

log=$tmp/mail.log
syslog "$log"
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=server -days 2 -keyout "$tmp/key" -out "$tmp/cert" 2>/dev/null
cat "$tmp/key" "$tmp/cert" | tee /etc/courier/imapd.pem >/etc/courier/pop3d.pem
chmod 600 /etc/courier/*.pem
chown courier /etc/courier/*.pem
useradd -m alice
echo "alice:right" | chpasswd
su alice -c 'maildirmake.courier ~/Maildir || maildirmake ~/Maildir' || true
echo "192.0.2.5 client.example.org" >>/etc/hosts
mkdir -p /run/courier/authdaemon /run/courier/esmtpd
chown -R courier:courier /run/courier
sed -i 's/^authmodulelist=.*/authmodulelist="authpam"/' /etc/courier/authdaemonrc
sed -i 's/^ESMTPAUTH=.*/ESMTPAUTH="LOGIN PLAIN"/; s/^BOFHHELO.*//; s/^ESMTPDSTART=.*/ESMTPDSTART=YES/; s/^BLACKLISTS=.*/BLACKLISTS=""/; s/^ADDRESS=.*/ADDRESS=0/' /etc/courier/esmtpd
sed -i 's/^IMAPDSTART=.*/IMAPDSTART=YES/' /etc/courier/imapd
sed -i 's/^POP3DSTART=.*/POP3DSTART=YES/' /etc/courier/pop3d
echo server.example.org >/etc/courier/me
echo server.example.org >/etc/courier/locals
echo server.example.org >/etc/courier/defaultdomain
/usr/sbin/authdaemond start
makesmtpaccess >/dev/null 2>&1 || true
/usr/sbin/courier start >/dev/null 2>&1 || true
/usr/sbin/courier-imapd start 2>/dev/null || /usr/sbin/imapd start || /etc/init.d/courier-imap start >/dev/null
/usr/sbin/courier-pop3d start 2>/dev/null || /usr/sbin/pop3d start || /etc/init.d/courier-pop start >/dev/null
/usr/sbin/esmtpd start || /etc/init.d/courier-mta start >/dev/null
wait_for listening 143
wait_for listening 110
wait_for listening 25
show_new "$log"

cat >"$tmp/talk.py" <<'END'
import socket, ssl, sys, time
family, port, lines = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
here, there = (("192.0.2.5", 0), ("192.0.2.1", port)) if family == "4" else (("2001:db8::5", 0), ("2001:db8::1", port))
s = socket.create_connection(there, timeout=12, source_address=here)
try:
    s.recv(4096)
    for line in lines:
        s.sendall(line.encode() + b"\r\n"); s.recv(4096); time.sleep(.2)
except OSError: pass
END
talk() {
	python3 "$tmp/talk.py" "$@" >/dev/null 2>&1 || true
	sleep 1
	show_new "$log"
}
plain() { printf '\0%s\0%s' "$1" "$2" | base64 -w0; }
b64() { printf '%s' "$1" | base64 -w0; }

say "Courier $(dpkg-query -W -f '${Version}' courier-imap), $(dpkg-query -W -f '${Version}' courier-mta): wrong password, known and unknown user"
for f in 4 6; do
	user=alice
	[ "$f" = 4 ] || user=nobody-here
	talk $f 143 "a LOGIN $user wrong" "b LOGOUT"
	talk $f 110 "USER $user" "PASS wrong" "QUIT"
	talk $f 25 "EHLO x" "AUTH PLAIN $(plain $user wrong)" "QUIT"
	talk $f 25 "EHLO x" "AUTH LOGIN" "$(b64 $user)" "$(b64 wrong)" "QUIT"
done
talk 4 143 "a AUTHENTICATE PLAIN" "$(plain alice wrong)" "b LOGOUT"
say "names that try to accuse $innocent, nonsense, given up"
for user in "x, ip=[$innocent]" "x], ip=[::ffff:$innocent" "a b"; do
	talk 4 143 "a LOGIN \"$user\" wrong" "b LOGOUT"
	talk 4 110 "USER $user" "PASS wrong" "QUIT"
done
talk 4 143
talk 4 143 "a LOGOUT"
talk 6 110 "USER alice"
say "the right password: a success"
talk 4 143 "a LOGIN alice right" "b LOGOUT"
talk 6 143 "a LOGIN alice right" "b LOGOUT"
talk 4 110 "USER alice" "PASS right" "QUIT"
talk 6 110 "USER alice" "PASS right" "QUIT"
say "mail: unknown users, relaying, nonsense"
for f in 4 6; do
	talk $f 25 "EHLO x.example" "MAIL FROM:<>" "RCPT TO:<nobody-here@server.example.org>" "QUIT"
	talk $f 25 "EHLO x.example" "MAIL FROM:<>" "RCPT TO:<y@elsewhere.example>" "QUIT"
	talk $f 25 "EHLO x.example" "MAIL FROM:<x@not.found.example>" "RCPT TO:<alice@server.example.org>" "QUIT"
done
talk 4 25 "EHLO x.example" "MAIL FROM:<>" "RCPT TO:<\"x,relay=$innocent\"@elsewhere.example>" "QUIT"
talk 4 25 "GET / HTTP/1.0" "Host: x"
talk 4 25 "EHLO x" "FOO" "VRFY root" "EXPN root"
