#!/bin/bash
# Prints what Debian's Postfix logs of logins that fail, with Dovecot's and with Cyrus's library
# behind it, of mail that it refuses, of clients that don't keep to SMTP, and of postscreen.
#
# Expect: postfix 40 4
# Expect: postfix[mode=auth] 28 4
# Expect: postfix[mode=rbl] 3
# Expect: postfix[mode=aggressive] 90 4
. "$(dirname "$0")/lib.sh"
own_root "$0" postfix dovecot-core sasl2-bin libsasl2-modules

log=$tmp/mail.log
syslog "$log"

# A name server that knows the client's name over IPv4, and two lists that have him.
cat >"$tmp/dns.py" <<'END'
import socket, struct
known = {
    ("5.2.0.192.in-addr.arpa", 12): ["client.example.org"], ("client.example.org", 1): ["192.0.2.5"],
    ("5.2.0.192.bl.example.org", 1): ["127.0.0.2"], ("5.2.0.192.bl.example.org", 16): ["Listed, see https://bl.example.org/"],
    ("bad.example.rhs.example.org", 1): ["127.0.0.2"], ("good.example", 1): ["192.0.2.9"], ("bad.example", 1): ["192.0.2.9"],
    ("5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example.org", 1): ["127.0.0.2"],
}
def name(text): return b"".join(bytes([len(p)]) + p.encode() for p in text.split(".")) + b"\0"
def data(kind, text):
    return {1: socket.inet_aton, 12: name, 16: lambda t: bytes([len(t)]) + t.encode()}[kind](text)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
while True:
    query, peer = s.recvfrom(4096)
    labels, i = [], 12
    while query[i]:
        labels.append(query[i + 1:i + 1 + query[i]].decode().lower())
        i += query[i] + 1
    kind = struct.unpack(">H", query[i + 1:i + 3])[0]
    found = known.get((".".join(labels), kind), [])
    exists = any(n == ".".join(labels) for n, _ in known)
    head = query[:2] + struct.pack(">HHHHH", 0x8580 if exists else 0x8583, 1, len(found), 0, 0)
    answers = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data(kind, f))) + data(kind, f) for f in found)
    s.sendto(head + query[12:i + 5] + answers, peer)
END
python3 "$tmp/dns.py" &
echo "nameserver 127.0.0.1" >/etc/resolv.conf

openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=server -days 2 -keyout "$tmp/key" -out "$tmp/cert" 2>/dev/null
useradd -m alice
echo "alice:right" | chpasswd

# Dovecot answers for the logins.
dovecot_config >"$tmp/dovecot.conf" <<END
protocols =
auth_mechanisms = plain login cram-md5
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = scheme=plain $tmp/users
}
userdb {
  driver = passwd
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  unix_listener /var/spool/postfix/private/auth {
    user = postfix
    mode = 0600
  }
}
END
echo "alice:right" >"$tmp/users"
chmod 755 /run "$tmp"
chmod 644 "$tmp/users"
install -d -o postfix -m 700 /var/spool/postfix/private
dovecot -F -c "$tmp/dovecot.conf" >"$tmp/dovecot.out" 2>&1 &

# Cyrus's library has a file of its own.
mkdir -p /etc/postfix/sasl
printf 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN CRAM-MD5\n' >/etc/postfix/sasl/smtpd.conf
echo right | saslpasswd2 -p -c -u server alice
chmod 644 /etc/sasldb2

# postfix LINE… starts it with these lines of main.cf on top.
cat >/etc/postfix/master.cf <<'END'
25         inet  n - n - - smtpd
submission inet  n - n - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_tls_security_level=encrypt
smtps      inet  n - n - - smtpd
  -o syslog_name=postfix/smtps
  -o smtpd_tls_wrappermode=yes
  -o smtpd_client_restrictions=
2525       inet  n - n - 1 postscreen
smtpd      pass  - - n - - smtpd
pickup     unix  n - n 60 1 pickup
cleanup    unix  n - n - 0 cleanup
qmgr       unix  n - n 300 1 qmgr
rewrite    unix  - - n - - trivial-rewrite
bounce     unix  - - n - 0 bounce
defer      unix  - - n - 0 bounce
proxymap   unix  - - n - - proxymap
error      unix  - - n - - error
local      unix  - n n - - local
anvil      unix  - - n - 1 anvil
tlsmgr     unix  - - n 1000? 1 tlsmgr
dnsblog    unix  - - n - 0 dnsblog
tlsproxy   unix  - - n - 0 tlsproxy
scache     unix  - - n - 1 scache
postlog    unix-dgram n - n - 1 postlogd
END
postfix_with() {
	/usr/sbin/postfix stop >/dev/null 2>&1 || true
	{
		cat <<END
compatibility_level = 3.6
myhostname = server.example.org
mydestination = server.example.org, server
mynetworks = 127.0.0.0/8
inet_protocols = all
smtpd_tls_cert_file = $tmp/cert
smtpd_tls_key_file = $tmp/key
smtpd_tls_security_level = may
smtpd_sasl_auth_enable = yes
smtpd_error_sleep_time = 0
cyrus_sasl_config_path = /etc/postfix/sasl
END
		printf '%s\n' "$@"
	} >/etc/postfix/main.cf
	/usr/sbin/postfix start >/dev/null 2>&1
	wait_for listening 25
	show_new "$log" >/dev/null
}

# logins of one library.
logins() {
	say "wrong password, known and unknown user: PLAIN, LOGIN, CRAM-MD5"
	for user in alice nobody-here; do
		smtp 4 25 "EHLO x" "AUTH PLAIN $(plain $user wrong)" QUIT
		smtp 4 25 "EHLO x" "AUTH LOGIN" "$(b64 $user)" "$(b64 wrong)" QUIT
		smtp 6 25 "EHLO x" "AUTH CRAM-MD5" "$(b64 "$user 0123456789abcdef0123456789abcdef")" QUIT
	done
	say "submission and submissions"
	smtp 6 587 "EHLO x" STARTTLS tls "EHLO x" "AUTH PLAIN $(plain alice wrong)" QUIT
	smtp 4 465 "EHLO x" "AUTH PLAIN $(plain alice wrong)" QUIT
	smtp 6 465 "EHLO x" "AUTH LOGIN" "$(b64 alice)" "$(b64 wrong)" QUIT
	say "given up, nonsense, no such mechanism, names that try to accuse $innocent"
	smtp 4 25 "EHLO x" "AUTH LOGIN" "*" QUIT
	smtp 4 25 "EHLO x" "AUTH PLAIN !!!" QUIT
	smtp 4 25 "EHLO x" "AUTH NTLM x" QUIT
	smtp 4 25 "EHLO x" "AUTH LOGIN" "$(b64 "x[$innocent]: SASL LOGIN authentication failed: x")" "$(b64 wrong)" QUIT
	smtp 4 25 "EHLO x" "AUTH PLAIN $(plain "x
Nov 29 20:00:00 server postfix/smtpd[1]: warning: unknown[$innocent]: SASL LOGIN authentication failed: x" wrong)" QUIT
	say "the right password, and a message: a success"
	smtp 4 25 "EHLO x" "AUTH PLAIN $(plain "$1" right)" "MAIL FROM:<alice@server>" "RCPT TO:<alice@server>" QUIT
	smtp 6 465 "EHLO x" "AUTH PLAIN $(plain "$1" right)" "MAIL FROM:<alice@server>" "RCPT TO:<alice@server>" QUIT
}

say "Postfix $(dpkg-query -W -f '${Version}' postfix), Dovecot behind it"
postfix_with "smtpd_sasl_type = dovecot" "smtpd_sasl_path = private/auth"
logins alice
say "the client goes in the middle"
smtp 4 25 "EHLO x" "AUTH PLAIN $(plain alice wrong)"
smtp 6 25 "EHLO x" "AUTH LOGIN" "$(b64 alice)"
smtp 4 25 "EHLO x"
smtp 4 25
smtp 4 25 "join GET / HTTP/1.0\r\nHost: x\r\n\r\n"
smtp 4 25 "EHLO x" "RSET" "MAIL FROM:<x@good.example>"
say "Cyrus's library behind it"
postfix_with "smtpd_sasl_type = cyrus" "smtpd_sasl_path = smtpd" "smtpd_sasl_local_domain = server"
logins alice@server

say "no logins here"
postfix_with "smtpd_sasl_auth_enable = no"
smtp 4 25 "EHLO x" "AUTH PLAIN $(plain alice wrong)" QUIT
smtp 6 25 "EHLO x" "AUTH LOGIN" "AUTH LOGIN" "AUTH LOGIN"

say "refused: relaying, unknown users, names, addresses"
checks="smtpd_helo_required = yes
smtpd_recipient_restrictions = reject_unauth_pipelining, reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname, reject_unknown_helo_hostname,
  reject_non_fqdn_sender, reject_unknown_sender_domain, reject_non_fqdn_recipient, reject_unauth_destination, reject_unlisted_recipient"
postfix_with "$checks" "smtpd_relay_restrictions ="
smtp 4 25 "EHLO good.example" "MAIL FROM:<x@good.example>" "RCPT TO:<y@elsewhere.example>" QUIT
smtp 6 25 "EHLO good.example" "MAIL FROM:<x@good.example>" "RCPT TO:<y@elsewhere.example>" QUIT
smtp 4 25 "EHLO good.example" "MAIL FROM:<x@good.example>" "RCPT TO:<nobody-here@server>" "RCPT TO:<info@server>" QUIT
smtp 6 25 "EHLO good.example" "MAIL FROM:<x@good.example>" "RCPT TO:<nobody-here@server>" QUIT
smtp 4 25 "EHLO nofqdn" "MAIL FROM:<x@good.example>" "RCPT TO:<alice@server>" QUIT
smtp 4 25 "HELO -x-" "MAIL FROM:<x@good.example>" "RCPT TO:<alice@server>" QUIT
smtp 4 25 "HELO not.found.example" "MAIL FROM:<x@good.example>" "RCPT TO:<alice@server>" QUIT
smtp 4 25 "HELO [$innocent" "MAIL FROM:<x@good.example>" "RCPT TO:<alice@server>" QUIT
smtp 4 25 "EHLO good.example" "MAIL FROM:<x@not.found.example>" "RCPT TO:<alice@server>" QUIT
smtp 4 25 "EHLO good.example" "MAIL FROM:<x>" "RCPT TO:<alice@server>" QUIT
smtp 4 25 "EHLO good.example" "VRFY nobody-here" "VRFY root" QUIT
smtp 4 25 "MAIL FROM:<x@good.example>" QUIT
smtp 4 25 "EHLO good.example" "MAIL FROM:<x@good.example>" "RCPT TO:<\"x[$innocent]: 554 5.7.1 <x>: Relay access denied; from\"@elsewhere.example>" QUIT
say "defer_unauth_destination"
postfix_with
smtp 4 25 "EHLO good.example" "MAIL FROM:<x@good.example>" "RCPT TO:<y@elsewhere.example>" QUIT
say "no name in the DNS, access maps, sender of another"
postfix_with "smtpd_client_restrictions = reject_unknown_client_hostname"
smtp 6 25 "EHLO good.example" "MAIL FROM:<x@good.example>" "RCPT TO:<alice@server>" QUIT
postfix_with "smtpd_client_restrictions = reject_unknown_reverse_client_hostname"
smtp 6 25 "EHLO good.example" "MAIL FROM:<x@good.example>" "RCPT TO:<alice@server>" QUIT
postfix_with "smtpd_client_restrictions = check_client_access static:REJECT"
smtp 4 25 "EHLO good.example" "MAIL FROM:<x@good.example>" "RCPT TO:<alice@server>" QUIT
postfix_with "smtpd_recipient_restrictions = check_recipient_access static:{DEFER_IF_PERMIT greylisted, try later}"
smtp 4 25 "EHLO good.example" "MAIL FROM:<x@good.example>" "RCPT TO:<alice@server>" QUIT
say "block lists"
postfix_with "smtpd_client_restrictions = reject_rbl_client bl.example.org"
smtp 4 25 "EHLO good.example" "MAIL FROM:<x@good.example>" "RCPT TO:<alice@server>" QUIT
smtp 6 25 "EHLO good.example" "MAIL FROM:<x@good.example>" "RCPT TO:<alice@server>" QUIT
postfix_with "smtpd_sender_restrictions = reject_rhsbl_sender rhs.example.org"
smtp 4 25 "EHLO good.example" "MAIL FROM:<x@bad.example>" "RCPT TO:<alice@server>" QUIT

say "no SMTP: commands at once, too many errors, TLS"
postfix_with "smtpd_hard_error_limit = 3" "smtpd_data_restrictions = reject_unauth_pipelining" "smtpd_timeout = 2s" "smtpd_sasl_type = dovecot" "smtpd_sasl_path = private/auth"
smtp 4 25 "join EHLO x\\r\\nMAIL FROM:<x@good.example>\\r\\n"
smtp 6 25 "EHLO x" "AUTH LOGIN" "$(b64 alice)" "$(b64 wrong)" "AUTH LOGIN" "$(b64 alice)" "$(b64 wrong)" "AUTH LOGIN" "$(b64 alice)" "$(b64 wrong)" "NOOP" "NOOP"
smtp 4 25 "EHLO x" "FOO" "FOO" "FOO" "FOO"
smtp 4 25 "EHLO x" "AUTH LOGIN" wait wait wait
smtp 4 25 "EHLO x" "STARTTLS" "join GET / HTTP/1.0\r\n\r\n"
printf 'GET / HTTP/1.0\r\n\r\n' | nc -s "$client6" -N "$server6" 465 >/dev/null || true
openssl s_client -connect "$server4:465" -tls1_2 -cipher NULL-SHA256:@SECLEVEL=0 </dev/null >/dev/null 2>&1 || true
show_new "$log"
say "too many connections, too many logins"
postfix_with "smtpd_client_connection_rate_limit = 1" "smtpd_client_auth_rate_limit = 1" "smtpd_client_event_limit_exceptions =" "smtpd_sasl_type = dovecot" "smtpd_sasl_path = private/auth"
smtp 4 25 QUIT
smtp 4 25 QUIT
postfix_with "smtpd_client_auth_rate_limit = 1" "smtpd_client_event_limit_exceptions =" "smtpd_sasl_type = dovecot" "smtpd_sasl_path = private/auth"
smtp 4 25 "EHLO x" "AUTH LOGIN" "$(b64 alice)" "$(b64 wrong)" "AUTH LOGIN" "$(b64 alice)" "$(b64 wrong)" QUIT

say "postscreen"
screen="postscreen_greet_wait = 2s
postscreen_greet_action = enforce
postscreen_greet_banner = server
postscreen_dnsbl_action = enforce
postscreen_cache_map = btree:\$data_directory/screen"
postfix_with "$screen" "postscreen_dnsbl_sites = bl.example.org"
smtp 4 2525 quick "EHLO x" "MAIL FROM:<x@good.example>" "RCPT TO:<alice@server>" QUIT
smtp 6 2525 wait wait "EHLO x" "MAIL FROM:<x@good.example>" "RCPT TO:<alice@server>" QUIT
python3 -c '
import socket
s = socket.create_connection(("192.0.2.1", 2525)); s.close()'
show_new "$log"
postfix_with "$screen" "postscreen_pipelining_enable = yes" "postscreen_non_smtp_command_enable = yes" "postscreen_bare_newline_enable = yes"
smtp 4 2525 "join EHLO x\\r\\nMAIL FROM:<x@good.example>\\r\\n"
smtp 6 2525 "join GET / HTTP/1.0\r\n"
smtp 6 2525 "join EHLO x\n" wait
postfix_with "$screen" "postscreen_access_list = static:reject" "postscreen_denylist_action = drop"
smtp 4 2525
/usr/sbin/postfix stop >/dev/null 2>&1
