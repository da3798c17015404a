#!/bin/bash
# Prints what Debian's Sendmail logs of logins that fail, of mail that it refuses, of block lists, and
# of clients that come and go without a mail.
#
# Expect: sendmail-auth 14 2
# Expect: sendmail-reject 15
# Expect: sendmail-reject[mode=aggressive] 50
. "$(dirname "$0")/lib.sh"
own_root "$0" sendmail-bin sasl2-bin libsasl2-modules sensible-mda m4 make

log=$tmp/mail.log
syslog "$log"
useradd -m alice
mkdir -p /etc/mail/sasl /run/sendmail/mta /usr/lib/sasl2
printf 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5\n' | tee /etc/mail/sasl/Sendmail.conf.2 /usr/lib/sasl2/Sendmail.conf >/etc/mail/sasl/Sendmail.conf
echo right | saslpasswd2 -p -c -u server.example.org alice
chown root:smmsp /etc/sasldb2
chmod 640 /etc/sasldb2
printf "192.0.2.1 server.example.org server\n192.0.2.5 client.example.com\n" >>/etc/hosts
hostname server.example.org
cat >"$tmp/sendmail.mc" <<'END'
divert(0)dnl
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
VERSIONID(`recording')dnl
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Family=inet, Name=MTA-v4, Port=smtp')dnl
DAEMON_OPTIONS(`Family=inet6, Name=MTA-v6, Port=smtp')dnl
FEATURE(`access_db', `hash -T<TMPF> -o /etc/mail/access')dnl
FEATURE(`greet_pause', `1000')dnl
FEATURE(`blocklist_recipients')dnl
TRUST_AUTH_MECH(`PLAIN LOGIN CRAM-MD5 DIGEST-MD5')dnl
define(`confAUTH_MECHANISMS', `PLAIN LOGIN CRAM-MD5 DIGEST-MD5')dnl
define(`confAUTH_OPTIONS', `A')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confBAD_RCPT_THROTTLE', `2')dnl
define(`confMAX_RCPTS_PER_MESSAGE', `100')dnl
define(`confTO_COMMAND', `3s')dnl
define(`confPRIVACY_FLAGS', `goaway,noetrn')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
END
[ -e /usr/share/sendmail/cf/feature/blocklist_recipients.m4 ] || sed -i s/blocklist_r/blacklist_r/ "$tmp/sendmail.mc" # before 8.16
cat >/etc/mail/access <<'END'
Connect:203.0.113	REJECT
From:bad@example.org	REJECT
From:spam.example	ERROR:5.7.1:"550 We do not want this"
To:refused@	REJECT
END
echo 1 >/proc/sys/net/ipv6/bindv6only
cd /etc/mail
echo server.example.org >/etc/mail/local-host-names
echo server >>/etc/mail/local-host-names
makemap hash access <access
newaliases >/dev/null 2>&1 || true
m4 "$tmp/sendmail.mc" >/etc/mail/sendmail.cf 2>"$tmp/m4.out" || { cat "$tmp/m4.out" >&2; exit 1; }
chown -R smmta:smmsp /run/sendmail/mta 2>/dev/null || true
/usr/sbin/sendmail-mta -L sm-mta -bD -q10m -C /etc/mail/sendmail.cf >"$tmp/sendmail.out" 2>&1 &
wait_for listening 25 || { cat "$tmp/sendmail.out" "$log" >&2; exit 1; }
show_new "$log"

cat >"$tmp/smtp.py" <<'END'
import socket, sys, time
family, lines = sys.argv[1], sys.argv[2:]
here, there = {"4": (("192.0.2.5", 0), ("192.0.2.1", 25)), "6": (("2001:db8::5", 0), ("2001:db8::1", 25))}[family]
s = socket.create_connection(there, timeout=8, source_address=here)
def answer():
    reply = b""
    while not (reply.endswith(b"\n") and reply.splitlines()[-1][3:4] != b"-"):
        more = s.recv(4096)
        if not more:
            return
        reply += more
try:
    if lines[:1] != ["quick"]: answer()
    for line in lines:
        if line == "wait": time.sleep(1)
        elif line == "quick": pass
        else: s.sendall(line.encode() + b"\r\n"); answer()
except OSError: pass
END
smtp() {
	python3 "$tmp/smtp.py" "$@" >/dev/null 2>&1 || true
	show_new "$log"
}
plain() { printf '\0%s\0%s' "$1" "$2" | base64 -w0; }
b64() { printf '%s' "$1" | base64 -w0; }

say "Sendmail $(dpkg-query -W -f '${Version}' sendmail-bin): wrong passwords"
for user in alice nobody-here; do
	smtp 4 "EHLO x.example" "AUTH PLAIN $(plain $user wrong)" QUIT
	smtp 4 "EHLO x.example" "AUTH LOGIN" "$(b64 $user)" "$(b64 wrong)" QUIT
	smtp 6 "EHLO x.example" "AUTH LOGIN" "$(b64 $user@server.example.org)" "$(b64 wrong)" QUIT
	smtp 6 "EHLO x.example" "AUTH CRAM-MD5" "$(b64 "$user 0123456789abcdef0123456789abcdef")" QUIT
done
smtp 4 "EHLO x.example" "AUTH LOGIN" "*" QUIT
smtp 4 "EHLO x.example" "AUTH LOGIN" "!!" QUIT
smtp 4 "EHLO x.example" "AUTH NTLM x" QUIT
smtp 4 "EHLO x.example" "AUTH PLAIN $(plain "x, relay=[$innocent]" wrong)" QUIT
smtp 4 "EHLO x.example" "AUTH LOGIN" "$(b64 "x, relay=y [$innocent]")" "$(b64 wrong)" QUIT
smtp 4 "EHLO x.example" "AUTH LOGIN" "$(b64 alice)" "$(b64 wrong)" "AUTH LOGIN" "$(b64 alice)" "$(b64 wrong)" "AUTH LOGIN" "$(b64 alice)" "$(b64 wrong)" "AUTH LOGIN" "$(b64 alice)" "$(b64 wrong)" "AUTH LOGIN" "$(b64 alice)" "$(b64 wrong)" QUIT
say "the right password: a success"
smtp 4 "EHLO x.example" "AUTH LOGIN" "$(b64 alice@server.example.org)" "$(b64 right)" "MAIL FROM:<alice@server>" "RCPT TO:<alice@server>" QUIT
smtp 6 "EHLO x.example" "AUTH PLAIN $(plain alice@server.example.org right)" QUIT

say "refused: relaying, unknown users, senders, domains"
for f in 4 6; do
	smtp $f "EHLO x.example" "MAIL FROM:<x@localhost.localdomain>" "RCPT TO:<y@elsewhere.example>" QUIT
	smtp $f "EHLO x.example" "MAIL FROM:<x@not.found.example>" QUIT
	smtp $f "EHLO x.example" "MAIL FROM:<alice@server>" "RCPT TO:<y@elsewhere.example>" "RCPT TO:<nobody-here@server>" QUIT
	smtp $f "EHLO x.example" "MAIL FROM:<bad@example.org>" QUIT
	smtp $f "EHLO x.example" "MAIL FROM:<x@spam.example>" QUIT
	smtp $f "EHLO x.example" "MAIL FROM:<alice@server>" "RCPT TO:<refused@server>" QUIT
	smtp $f "EHLO x.example" "MAIL FROM:<alice@server>" "RCPT TO:<a@server>" "RCPT TO:<b@server>" "RCPT TO:<c@server>" "RCPT TO:<d@server>" QUIT
	smtp $f "EHLO x.example" "MAIL FROM:<x>" "RCPT TO:<alice@server>" QUIT
done
smtp 4 "EHLO x.example" "MAIL FROM:<alice@server>" "RCPT TO:<\"x, relay=[$innocent], reject=550 5.7.1 y\"@elsewhere.example>" QUIT
say "a refused network"
ip address add 203.0.113.9/32 dev lo
python3 2>/dev/null -c '
import socket
s = socket.create_connection(("192.0.2.1", 25), timeout=5, source_address=("203.0.113.9", 0)); s.recv(999); s.sendall(b"EHLO x\r\n"); s.recv(999); s.sendall(b"MAIL FROM:<x@y.example>\r\n"); s.recv(999)' || true
show_new "$log"
say "probing, greeting out of turn, lost connections, silence"
smtp 4 "EHLO x.example" "EXPN root" QUIT
smtp 6 "EHLO x.example" "VRFY root" "VRFY alice" QUIT
smtp 4 "EHLO x.example" "ETRN x" QUIT
smtp 4 "EHLO x.example" "FOO" "FOO" QUIT
smtp 4 QUIT
smtp 4
smtp 6 "EHLO x.example"
smtp 4 "EHLO x.example" "MAIL FROM:<alice@server>"
smtp 4 "EHLO x.example" "AUTH LOGIN"
smtp 4 quick "EHLO x.example"
smtp 4 quick "GET / HTTP/1.0"
smtp 4 "GET / HTTP/1.0" "Host: x"
smtp 6 wait wait wait wait wait
kill %% 2>/dev/null || true
