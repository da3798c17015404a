#!/bin/bash
# Prints what Debian's Cyrus IMAP logs of logins that fail over IMAP, POP3 and ManageSieve.
#
# Expect: cyrus-imap 40 4
# Expect: sieve 4 1
. "$(dirname "$0")/lib.sh"
own_root "$0" cyrus-imapd cyrus-pop3d cyrus-admin sasl2-bin libsasl2-modules cyrus-common

log=$tmp/mail.log
syslog "$log"
echo right | saslpasswd2 -p -c -u server alice
chgrp sasl /etc/sasldb2
usermod -a -G sasl cyrus
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=server -days 2 -keyout "$tmp/key" -out "$tmp/cert" 2>/dev/null
chown cyrus "$tmp/key"
chmod 755 /run "$tmp"
echo "192.0.2.5 client.example.org" >>/etc/hosts
cat >/etc/imapd.conf <<END
configdirectory: /var/lib/cyrus
partition-default: /var/spool/cyrus/mail
defaultpartition: default
admins: cyrus
autocreate_quota: -1
autocreate_post: yes
servername: server
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_mech_list: PLAIN LOGIN CRAM-MD5
allowplaintext: yes
tls_server_cert: $tmp/cert
tls_server_key: $tmp/key
sieveusehomedir: false
sievedir: /var/spool/sieve
idlesocket: /run/cyrus/socket/idle
lmtpsocket: /run/cyrus/socket/lmtp
END
cat >/etc/cyrus.conf <<'END'
START {
  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
}
SERVICES {
  imap cmd="imapd -U 30" listen="imap" prefork=0
  imaps cmd="imapd -s -U 30" listen="imaps" prefork=0
  pop3 cmd="pop3d -U 30" listen="pop3" prefork=0
  sieve cmd="timsieved" listen="sieve" prefork=0
}
EVENTS {
}
END
mkdir -p /run/cyrus/socket /run/cyrus/proc /run/cyrus/lock
chown -R cyrus:mail /run/cyrus
/usr/lib/cyrus/bin/master -D >"$tmp/cyrus.out" 2>&1 &
wait_for listening 143 || wait_for listening 143 || { cat "$tmp/cyrus.out" "$log" >&2; exit 1; }
show_new "$log"

cat >"$tmp/talk.py" <<'END'
import socket, ssl, sys, time
family, port, lines = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
here, there = (("192.0.2.5", 0), ("192.0.2.1", port)) if family == "4" else (("2001:db8::5", 0), ("2001:db8::1", port))
s = socket.create_connection(there, timeout=6, source_address=here)
context = ssl._create_unverified_context()
if port == 993: s = context.wrap_socket(s)
try:
    s.recv(4096)
    for line in lines:
        if line == "tls": s = context.wrap_socket(s)
        else: s.sendall(line.encode() + b"\r\n"); s.recv(4096); time.sleep(.2)
except OSError: pass
END
talk() {
	python3 "$tmp/talk.py" "$@" >/dev/null 2>&1 || true
	show_new "$log"
}
plain() { printf '\0%s\0%s' "$1" "$2" | base64 -w0; }
b64() { printf '%s' "$1" | base64 -w0; }

say "Cyrus $(dpkg-query -W -f '${Version}' cyrus-imapd): wrong password, known and unknown user"
for user in alice nobody-here; do
	for f in 4 6; do
		talk $f 143 "a LOGIN $user wrong" "b LOGOUT"
		talk $f 143 "a AUTHENTICATE PLAIN $(plain $user wrong)" "b LOGOUT"
		talk $f 143 "a AUTHENTICATE CRAM-MD5" "$(b64 "$user 0123456789abcdef0123456789abcdef")" "b LOGOUT"
		talk $f 993 "a LOGIN $user wrong" "b LOGOUT"
		talk $f 110 "USER $user" "PASS wrong" "QUIT"
		talk $f 110 "AUTH PLAIN" "$(plain $user wrong)" "QUIT"
		talk $f 4190 "AUTHENTICATE \"PLAIN\" \"$(plain $user wrong)\"" "LOGOUT"
	done
done
say "names that try to accuse $innocent, nonsense, given up"
for user in "x badlogin: y [$innocent] plaintext z" "[$innocent]" "x] [$innocent]" "a b"; do
	talk 4 143 "a LOGIN \"$user\" wrong" "b LOGOUT"
	talk 4 143 "a AUTHENTICATE PLAIN $(plain "$user
Nov 29 20:00:00 server cyrus/imap[1]: badlogin: y [$innocent] plaintext x" wrong)"
	talk 4 110 "USER $user" "PASS wrong" "QUIT"
done
talk 4 143 "a AUTHENTICATE PLAIN" "*" "b LOGOUT"
talk 4 143 "a AUTHENTICATE PLAIN !!!" "b LOGOUT"
talk 4 143 "a AUTHENTICATE NTLM" "b LOGOUT"
talk 4 143 "a LOGIN anonymous x" "b LOGOUT"
talk 4 143
talk 4 110 "PASS x" QUIT
talk 4 110 "APOP alice x" QUIT
printf 'GET / HTTP/1.0\r\n\r\n' | nc -N -s "$client4" "$server4" 993 >/dev/null || true
show_new "$log"
say "the right password: a success"
talk 4 143 "a LOGIN alice right" "b LOGOUT"
talk 6 993 "a AUTHENTICATE PLAIN $(plain alice right)" "b LOGOUT"
talk 4 110 "USER alice" "PASS right" "QUIT"
talk 6 4190 "AUTHENTICATE \"PLAIN\" \"$(plain alice right)\"" "LOGOUT"
kill %% 2>/dev/null || true
