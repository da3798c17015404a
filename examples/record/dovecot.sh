#!/bin/bash
# Prints what Debian's Dovecot logs of logins that fail over IMAP, POP3, ManageSieve and submission:
# known and unknown users, passdbs of its own and PAM's, what clients leave half done, and what they
# send in place of TLS; through syslog, and into a file of its own.
#
# Expect: dovecot 80 12
# Expect: dovecot[mode=aggressive] 98 12
# Expect: sieve 6 2
. "$(dirname "$0")/lib.sh"
own_root "$0" dovecot-imapd dovecot-pop3d dovecot-managesieved dovecot-submissiond

log=$tmp/mail.log
syslog "$log"
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=server -days 2 -keyout "$tmp/key" -out "$tmp/cert" 2>/dev/null
useradd -m alice
echo "alice:right" | chpasswd
echo "alice:{plain}right" >"$tmp/users"
chmod 755 /run "$tmp"
chmod 644 "$tmp/users"
cat >"$tmp/base.conf" <<END
protocols = imap pop3 sieve submission
listen = $server4, $server6
hostname = server
auth_mechanisms = plain login
auth_failure_delay = 0
ssl = yes
ssl_cert = <$tmp/cert
ssl_key = <$tmp/key
mail_location = maildir:~/Maildir
submission_relay_host = 127.0.0.1
service imap-login {
  inet_listener imaps {
    port = 993
    ssl = yes
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
userdb {
  driver = passwd
}
END

# dovecot_with LINE… starts it with these lines of configuration on top.
dovecot_with() {
	[ -z "${dovecot_pid:-}" ] || { pkill -f dovecot/; kill "$dovecot_pid"; wait "$dovecot_pid" || true; }
	{ cat "$tmp/base.conf"; printf '%s\n' "$@"; } | dovecot_config >"$tmp/dovecot.conf"
	dovecot -F -c "$tmp/dovecot.conf" >"$tmp/dovecot.out" 2>&1 &
	dovecot_pid=$!
	wait_for listening 143
	show_new "$log"
}

# talk FAMILY PORT LINE… says the lines one by one, each after the answer to the last; "tls" begins
# TLS, "wait" waits, "join TEXT" sends TEXT with its escapes as it is.
cat >"$tmp/talk.py" <<'END'
import socket, ssl, sys, time
family, port, lines = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
here, there = (("192.0.2.5", 0), ("192.0.2.1", port)) if family == "4" else (("2001:db8::5", 0), ("2001:db8::1", port))
s = socket.create_connection(there, timeout=4, source_address=here)
context = ssl._create_unverified_context()
if port == 993: s = context.wrap_socket(s)
try:
    s.recv(4096)
    for line in lines:
        if line == "wait": time.sleep(1)
        elif line == "tls": s = context.wrap_socket(s)
        elif line.startswith("join "): s.sendall(line[5:].encode().decode("unicode_escape").encode("latin-1")); time.sleep(.5)
        else: s.sendall(line.encode() + b"\r\n"); s.recv(4096); time.sleep(.1)
except OSError: pass
END
talk() {
	python3 "$tmp/talk.py" "$@" >/dev/null 2>&1 || true
	show_new "$log"
}
plain() { printf '\0%s\0%s' "$1" "$2" | base64 -w0; }

logins() {
	for user in alice nobody-here; do
		talk 4 143 "a LOGIN $user wrong" "b LOGOUT"
		talk 6 143 "a AUTHENTICATE PLAIN $(plain $user wrong)" "b LOGOUT"
		talk 4 110 "USER $user" "PASS wrong" "QUIT"
		talk 6 4190 "AUTHENTICATE \"PLAIN\" \"$(plain $user wrong)\"" "LOGOUT"
		talk 4 587 "EHLO x" "AUTH PLAIN $(plain $user wrong)" "QUIT"
	done
	show_new "$log"
	say "several in one connection, over TLS, without a good-bye"
	talk 4 993 "a LOGIN alice wrong" "b LOGIN alice wrong2" "c LOGIN alice wrong3" "d LOGOUT"
	talk 6 993 "a LOGIN alice wrong"
	talk 4 143 "a STARTTLS" tls "a LOGIN alice wrong"
	talk 4 110 "STLS" tls "USER alice" "PASS wrong"
	say "wrong, then right"
	talk 4 143 "a LOGIN alice wrong" "b LOGIN alice right" "c LOGOUT"
	say "the right password: a success"
	talk 4 143 "a LOGIN alice right" "b LOGOUT"
	talk 6 993 "a LOGIN alice right" "b LOGOUT"
	talk 4 110 "USER alice" "PASS right" "QUIT"
	talk 6 4190 "AUTHENTICATE \"PLAIN\" \"$(plain alice right)\"" "LOGOUT"
	talk 4 587 "EHLO x" "AUTH PLAIN $(plain alice right)" "QUIT"
}

say "Dovecot $(dpkg-query -W -f '${Version}' dovecot-core), passwd-file"
dovecot_with "disable_plaintext_auth = no" "passdb {
  driver = passwd-file
  args = $tmp/users
}"
logins
say "names that try to accuse $innocent"
for user in "x>, method=PLAIN, rip=$innocent, lip=192.0.2.1" "x), rip=$innocent, lip=1" "x,$innocent,<a>): unknown user" "a b" "x: user=<root>, rip=$innocent, lip=192.0.2.1, session=<a>" \
	"Aborted login (auth failed, 1 attempts in 0 secs): user=<x>, method=PLAIN, rip=$innocent, lip=192.0.2.1"; do
	talk 4 143 "a LOGIN \"$user\" wrong" "b LOGOUT"
	talk 4 110 "USER $user" "PASS wrong" "QUIT"
	talk 4 143 "a AUTHENTICATE PLAIN $(plain "$user
Nov 29 20:00:00 server dovecot: imap-login: Aborted login (auth failed, 1 attempts in 0 secs): user=<x>, method=PLAIN, rip=$innocent" wrong)"
done
say "nothing tried, half done, nonsense"
talk 4 143 "a LOGOUT"
talk 4 143
talk 6 110 "USER alice"
talk 4 110 "USER alice" "QUIT"
talk 4 143 "a AUTHENTICATE LOGIN"
talk 4 143 "a AUTHENTICATE LOGIN" "YWxpY2U="
talk 4 143 "a AUTHENTICATE PLAIN" "*" "b LOGOUT"
talk 4 143 "a AUTHENTICATE PLAIN !!!" "b LOGOUT"
talk 4 143 "a AUTHENTICATE NTLM" "b LOGOUT"
talk 4 143 "a LOGIN alice" "b LOGOUT"
talk 4 143 "join GET / HTTP/1.0\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" wait
talk 6 4190
talk 4 587 "EHLO x"
say "no TLS where TLS is due"
printf 'GET / HTTP/1.0\r\n\r\n' | nc -N -s "$client4" "$server4" 993 >/dev/null || true
printf 'GET / HTTP/1.0\r\n\r\n' | nc -N -s "$client6" "$server6" 993 >/dev/null || true
nc -z -s "$client4" "$server4" 993 || true
openssl s_client -connect "$server4:993" -tls1_2 -cipher NULL-SHA256:@SECLEVEL=0 </dev/null >/dev/null 2>&1 || true
show_new "$log"
say "no passwords without TLS"
dovecot_with "disable_plaintext_auth = yes" "passdb {
  driver = passwd-file
  args = $tmp/users
}"
talk 4 143 "a LOGIN alice wrong" "b LOGOUT"
talk 6 143 "a AUTHENTICATE PLAIN $(plain alice wrong)" "b LOGOUT"
talk 4 110 "USER alice" "PASS wrong" "QUIT"
say "PAM, and more of what goes on: auth_verbose"
dovecot_with "disable_plaintext_auth = no" "auth_verbose = yes" "passdb {
  driver = pam
}"
logins
say "passwd-file and auth_verbose"
dovecot_with "disable_plaintext_auth = no" "auth_verbose = yes" "passdb {
  driver = passwd-file
  args = $tmp/users
}"
talk 6 4190 "AUTHENTICATE \"PLAIN\" \"$(plain nobody-here wrong)\"" "LOGOUT"
talk 4 143 "a LOGIN alice wrong" "b LOGOUT"
talk 4 143 "a LOGIN \"x,$innocent,<a>): Password mismatch\" wrong" "b LOGOUT"
say "a client certificate is asked for"
dovecot_with "auth_ssl_require_client_cert = yes" "ssl_ca = <$tmp/cert" "ssl_verify_client_cert = yes" "passdb {
  driver = passwd-file
  args = $tmp/users
}"
talk 4 993 "a LOGIN alice wrong" "b LOGOUT"
talk 4 143 "a LOGIN alice wrong" "b LOGOUT"
say "a log file of its own"
dovecot_with "log_path = $tmp/dovecot.log" "disable_plaintext_auth = no" "auth_verbose = yes" "passdb {
  driver = passwd-file
  args = $tmp/users
}"
log=$tmp/dovecot.log
talk 4 143 "a LOGIN alice wrong" "b LOGOUT"
talk 6 110 "USER nobody-here" "PASS wrong" "QUIT"
talk 4 4190 "AUTHENTICATE \"PLAIN\" \"$(plain alice wrong)\"" "LOGOUT"
talk 4 143 "a LOGIN \"x,$innocent,<a>): Password mismatch\" wrong" "b LOGOUT"
talk 6 143 "a LOGIN alice right" "b LOGOUT"
dovecot_with "log_path = $tmp/dovecot.log" "disable_plaintext_auth = no" "auth_verbose = yes" "passdb {
  driver = pam
}"
talk 4 143 "a LOGIN alice wrong" "b LOGOUT"
talk 6 143 "a LOGIN nobody-here wrong" "b LOGOUT"
kill "$dovecot_pid"
