#!/bin/bash
# Prints what Debian's Exim writes into its main log and its reject log of logins that fail, of mail
# that it refuses, of block lists and of clients that don't keep to SMTP.
#
# Expect: exim 80 6
# Expect: exim[mode=more] 100 6
# Expect: exim[mode=aggressive] 120 6
# Expect: exim-spam 14
. "$(dirname "$0")/lib.sh"
own_root "$0" exim4-daemon-heavy

mkdir -p "$tmp/spool" "$tmp/log"
chown Debian-exim: "$tmp/spool" "$tmp/log"
chmod 755 /run "$tmp"
log=$tmp/log/mainlog
# Some names, and addresses that lists have: in place of the DNS.
echo "192.0.2.5 client.example.org" >>/etc/hosts
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=server -days 2 -keyout "$tmp/key" -out "$tmp/cert" 2>/dev/null
chown Debian-exim "$tmp/key"

# exim_with LINE… starts it with these lines at the head of its configuration.
exim_with() {
	[ -z "${exim_pid:-}" ] || { kill "$exim_pid"; wait "$exim_pid" || true; }
	{
		printf '%s\n' "$@"
		cat <<END
primary_hostname = server.example.org
spool_directory = $tmp/spool
log_file_path = ${log_file_path:-$tmp/log/%slog}
daemon_smtp_ports = 25 : 465 : 587
tls_on_connect_ports = 465
tls_advertise_hosts = *
tls_certificate = $tmp/cert
tls_privatekey = $tmp/key
domainlist local_domains = server : server.example.org
smtp_enforce_sync = true
smtp_accept_max_nonmail = 5
smtp_max_unknown_commands = 3
smtp_receive_timeout = 2s
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
acl_smtp_helo = check_helo
acl_smtp_vrfy = accept
keep_environment =
begin acl
check_helo:
  deny condition = \${if eq{\$sender_helo_name}{bad.example}}
       message = no such host
  accept
check_rcpt:
  deny hosts = 192.0.2.5
       local_parts = listed
       dnslists = bl.example.org
       message = rejected because \$sender_host_address is in a black list at \$dnslist_domain
       log_message = found in \$dnslist_domain
  deny local_parts = listed
       message = rejected because \$sender_host_address is in a black list at bl.example.org
  accept authenticated = *
  require message = relay not permitted
          domains = +local_domains
  deny local_parts = sender
       message = Sender verify failed
       !verify = sender
  require verify = recipient
  accept
check_data:
  deny condition = \${if match{\$h_subject:}{spam}}
       message = This message scored 12.3 spam points.
  accept
begin routers
known:
  driver = accept
  local_parts = alice : sender : listed
  domains = +local_domains
  transport = away
begin transports
away:
  driver = appendfile
  file = /dev/null
  user = mail
begin authenticators
plain_server:
  driver = plaintext
  public_name = PLAIN
  server_condition = \${if and{{eq{\$auth2}{alice}}{eq{\$auth3}{right}}}}
  server_set_id = \$auth2
login_server:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = \${if and{{eq{\$auth1}{alice}}{eq{\$auth2}{right}}}}
  server_set_id = \$auth1
cram_server:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = \${if eq{\$auth1}{alice}{right}fail}
  server_set_id = \$auth1
END
	} >/etc/exim4/exim4.conf
	exim4 -bdf -q30m 2>"$tmp/exim.out" &
	exim_pid=$!
	wait_for listening 587
}

logins() {
	say "wrong password, known and unknown user: PLAIN, LOGIN, CRAM-MD5"
	for user in alice nobody-here; do
		smtp 4 25 "EHLO x.example" "AUTH PLAIN $(plain $user wrong)" QUIT
		smtp 6 587 "EHLO x.example" "AUTH LOGIN" "$(b64 $user)" "$(b64 wrong)" QUIT
	done
	smtp 4 25 "EHLO client.example.org" "AUTH CRAM-MD5" "$(b64 "alice 0123456789abcdef0123456789abcdef")" QUIT
	smtp 6 25 "EHLO [2001:db8::5]" "AUTH CRAM-MD5" "$(b64 "alice 0123456789abcdef0123456789abcdef")" QUIT
	smtp 4 465 "EHLO [192.0.2.5]" "AUTH PLAIN $(plain alice wrong)" QUIT
	smtp 6 587 "EHLO x.example" STARTTLS tls "EHLO x.example" "AUTH PLAIN $(plain alice wrong)" QUIT
	say "names that try to accuse $innocent"
	smtp 4 25 "EHLO [$innocent]" "AUTH PLAIN $(plain alice wrong)" QUIT
	smtp 4 25 "EHLO x) [$innocent]:25: 535 Incorrect authentication data" "AUTH PLAIN $(plain alice wrong)" QUIT
	smtp 4 25 "EHLO x.example" "AUTH PLAIN $(plain "x) login authenticator failed for (y) [$innocent]: 535 Incorrect authentication data (set_id=z" wrong)" QUIT
	smtp 4 25 "EHLO x.example" "AUTH PLAIN $(plain "x
2026-11-29 20:00:00 login authenticator failed for (y) [$innocent]: 535 Incorrect authentication data" wrong)" QUIT
	smtp 4 25 "EHLO x.example" "AUTH LOGIN" "*" QUIT
	smtp 4 25 "EHLO x.example" "AUTH PLAIN !!!" QUIT
	smtp 4 25 "EHLO x.example" "AUTH NTLM" QUIT
	say "the right password and a message: a success"
	smtp 4 25 "EHLO x.example" "AUTH PLAIN $(plain alice right)" "MAIL FROM:<alice@server>" "RCPT TO:<alice@server>" DATA "join Subject: x\r\n\r\nx\r\n.\r\n" QUIT
	smtp 6 465 "EHLO x.example" "AUTH PLAIN $(plain alice right)" "MAIL FROM:<alice@server>" "RCPT TO:<alice@server>" DATA "join Subject: x\r\n\r\nx\r\n.\r\n" QUIT
}

rejects() {
	say "no such user, relaying, block list, sender, content"
	for f in 4 6; do
		smtp $f 25 "EHLO x.example" "MAIL FROM:<x@good.example>" "RCPT TO:<nobody-here@server>" QUIT
		smtp $f 25 "EHLO x.example" "MAIL FROM:<x@good.example>" "RCPT TO:<y@elsewhere.example>" QUIT
		smtp $f 25 "EHLO x.example" "MAIL FROM:<x@good.example>" "RCPT TO:<listed@server>" QUIT
		smtp $f 25 "EHLO x.example" "MAIL FROM:<nobody-here@server>" "RCPT TO:<sender@server>" QUIT
		smtp $f 25 "EHLO x.example" "MAIL FROM:<x@good.example>" "RCPT TO:<alice@server>" DATA "join Subject: spam\r\n\r\nx\r\n.\r\n" QUIT
	done
	smtp 4 25 "EHLO bad.example" QUIT
	smtp 4 25 "EHLO x.example" "MAIL FROM:<x@good.example>" "RCPT TO:<\"x> H=(y) [$innocent]\"@elsewhere.example>" QUIT
}

show_new_rejects() { say "the reject log has"; show_new "$tmp/log/rejectlog"; }

say "Exim $(dpkg-query -W -f '${Version}' exim4-daemon-heavy)"
exim_with
touch "$log" "$tmp/log/rejectlog"
chown Debian-exim: "$tmp"/log/*
logins
rejects
say "no SMTP: unknown commands, too many of them, out of turn, lost connections, silence"
smtp 4 25 "EHLO x.example" FOO FOO FOO FOO FOO QUIT
smtp 6 25 "EHLO x.example" NOOP NOOP NOOP NOOP NOOP NOOP NOOP NOOP NOOP NOOP NOOP NOOP QUIT
smtp 4 25 quick "EHLO x.example"
python3 - <<'END'
import socket
s = socket.socket(); s.bind(("192.0.2.5", 0)); s.connect(("192.0.2.1", 25)); s.sendall(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n"); s.recv(4096); s.close()
END
show_new "$log"
smtp 4 25 "EHLO x.example"
smtp 4 25
smtp 4 25 "EHLO x.example" "MAIL FROM:<x@good.example>"
smtp 4 25 "EHLO x.example" wait wait wait wait
smtp 6 25 "EHLO x.example" "AUTH LOGIN" wait wait wait wait
smtp 4 25 "EHLO -x_-@!" QUIT
smtp 4 25 "HELO" QUIT
smtp 4 25 "MAIL FROM:<x y>" QUIT
smtp 4 25 "AUTH PLAIN $(plain alice wrong)" QUIT
smtp 4 25 "EHLO x.example" "VRFY root" "EXPN root" "ETRN root" QUIT
printf 'GET / HTTP/1.0\r\n\r\n' | nc -N -s "$client4" "$server4" 465 >/dev/null || true
printf 'GET / HTTP/1.0\r\n\r\n' | nc -N -s "$client6" "$server6" 465 >/dev/null || true
nc -z -s "$client4" "$server4" 465 || true
sleep 1
show_new "$log"
say "too many connections at once"
exim_with "smtp_accept_max_per_host = 1"
exec 8<>"/dev/tcp/$server4/25"
sleep 0.5
exec 9<>"/dev/tcp/$server4/25"
sleep 0.5
exec 8>&- 9>&-
show_new "$log"
say "refused at once"
exim_with "host_reject_connection = 192.0.2.5 : 2001:db8::5"
smtp 4 25
smtp 6 25
show_new_rejects
say "log_selector = +all"
exim_with "log_selector = +all"
logins
rejects
smtp 4 25 quick "EHLO x.example"
show_new_rejects
say "log_selector = +incoming_port +pid"
exim_with "log_selector = +incoming_port +pid"
logins
say "through syslog"
syslog "$tmp/mail.log"
log=$tmp/mail.log
log_file_path=syslog exim_with "log_selector = +incoming_interface" "syslog_timestamp = no"
logins
kill "$exim_pid"
