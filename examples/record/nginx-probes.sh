#!/bin/bash
# Prints what Debian's nginx logs of clients that look for what is not there, ask for what is closed, ask too
# often, speak no HTTP, or fail to log in through its mail proxy, and what libmodsecurity refuses: its error
# log, and its access log in the "combined" form.
#
# Expect: apache-modsecurity 3
# Expect: nginx-bad-request 9
# Expect: nginx-botsearch 14
# Expect: nginx-forbidden 5
# Expect: nginx-limit-req 7
# Expect: nginx-mail 8
. "$(dirname "$0")/lib.sh"
own_root "$0" nginx libnginx-mod-mail libnginx-mod-http-modsecurity

mkdir -p "$tmp/html/empty" "$tmp/html/denied" /var/log/nginx
echo hello >"$tmp/html/index.html"
chmod -R a+rX "$tmp"
errors=$tmp/error.log
access=$tmp/access.log
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null

# auth.py answers nginx's mail proxy: user alice has the password "right".
cat >"$tmp/auth.py" <<'END'
from http.server import BaseHTTPRequestHandler, HTTPServer
class Auth(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        if (self.headers.get("Auth-User"), self.headers.get("Auth-Pass")) == ("alice", "right"):
            self.send_header("Auth-Status", "OK")
            self.send_header("Auth-Server", "127.0.0.1")
            self.send_header("Auth-Port", "1143" if self.headers["Auth-Protocol"] == "imap" else "1110")
        else:
            self.send_header("Auth-Status", "Invalid login or password")
            self.send_header("Auth-Wait", "1")
        self.end_headers()
    def log_message(self, *args): pass
HTTPServer(("127.0.0.1", 9000), Auth).serve_forever()
END
python3 "$tmp/auth.py" &
# An IMAP server that lets everybody in.
cat >"$tmp/imap.py" <<'END'
import socketserver
class IMAP(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"* OK ready\r\n")
        tag = b""
        for line in self.rfile:
            tag = line.split()[0] if b"LOGIN" in line else tag
            self.wfile.write(b"+ OK\r\n" if line.endswith(b"}\r\n") else tag + b" OK done\r\n")
socketserver.ThreadingTCPServer(("127.0.0.1", 1143), IMAP).serve_forever()
END
python3 "$tmp/imap.py" &
wait_for listening 9000
wait_for listening 1143

cat >"$tmp/nginx.conf" <<END
load_module modules/ngx_mail_module.so;
load_module modules/ngx_http_modsecurity_module.so;
pid $tmp/nginx.pid;
error_log $errors;
events {}
http {
	access_log $access combined;
	limit_req_zone \$binary_remote_addr zone=one:1m rate=1r/m;
	limit_req_zone \$binary_remote_addr zone=two:1m rate=60r/m;
	limit_conn_zone \$binary_remote_addr zone=addr:1m;
	server {
		listen $server4:80;
		listen [$server6]:80;
		server_name www.example.org;
		root $tmp/html;
		location /denied/ { deny all; }
		location /limited/ { limit_req zone=one; }
		location /delayed/ { limit_req zone=two burst=3; }
		location /dry/ { limit_req zone=one; limit_req_dry_run on; }
		error_log $errors warn;
		location /warned/ { limit_req zone=one; limit_req_log_level warn; }
		location /connections/ { limit_conn addr 1; proxy_pass http://127.0.0.1:9999; }
		location /waf/ {
			modsecurity on;
			modsecurity_rules '
				SecRuleEngine On
				SecRule ARGS "@contains etc/passwd" "id:1,phase:1,deny,status:403,log,msg:x"
				SecRule ARGS "@contains pass-on" "id:2,phase:1,pass,log,msg:y"
			';
		}
	}
	server {
		listen $server4:443 ssl;
		ssl_certificate $tmp/cert.pem;
		ssl_certificate_key $tmp/key.pem;
	}
}
mail {
	error_log $errors info;
	server_name mail.example.org;
	auth_http 127.0.0.1:9000;
	ssl_certificate $tmp/cert.pem;
	ssl_certificate_key $tmp/key.pem;
	starttls on;
	server { listen $server4:143; listen [$server6]:143; protocol imap; imap_auth plain login; }
	server { listen $server4:993 ssl; protocol imap; }
	server { listen $server4:110; protocol pop3; pop3_auth plain; }
	server { listen $server4:587; protocol smtp; smtp_auth login plain; }
}
END
/usr/sbin/nginx -c "$tmp/nginx.conf" -g 'daemon off;' &
wait_for listening 80

show() {
	show_new "$errors"
	show_new "$access"
}

get() {
	local from=$client4
	case "$*" in *"$base6"*) from=$client6 ;; esac
	curl -s -g -k -o /dev/null --max-time 5 --path-as-is --interface "$from" "$@" || true
	show
}

# raw TEXT [PORT] sends these bytes (printf's escapes) and nothing else.
raw() {
	printf '%b' "$1" | timeout 3 nc -q1 -s "$client4" "$server4" "${2:-80}" >/dev/null || true
	show
}

# mail PORT FROM LINE… sends each line after an answer.
mail() {
	python3 - "$@" <<'END' || true
import socket, sys, ssl
port, source, lines = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
s = socket.create_connection(("2001:db8::1" if ":" in source else "192.0.2.1", port), 5, (source, 0))
s.settimeout(3)
if port == 993:
    s = ssl._create_unverified_context().wrap_socket(s)
s.recv(1000)
for line in lines:
    s.sendall(line.encode().decode("unicode_escape").encode("latin-1") + b"\r\n")
    s.recv(1000)
    if "STARTTLS" in line:
        s = ssl._create_unverified_context().wrap_socket(s)
END
	show
}

plain() { printf '%b' "\\0$1\\0$2" | base64 -w0; }

base4=http://$server4
base6=http://[$server6]
say "nginx of Debian $(dpkg-query -W -f '${Version}' nginx): files that are not there, asked for by scanners"
get "$base4/.env"
get "$base6/.git/config"
get "$base4/wp-login.php"
get "$base4/phpmyadmin/index.php?lang=en"
get "$base4//pma/scripts/setup.php" -e http://www.example.org/
get "$base4/empty/phpmyadmin/"
say "… and by people"
get "$base4/missing.html"
get "$base4/favicon.ico"
say "closed"
get "$base4/denied/x"
get "$base6/denied/x" -e http://www.example.org/
get "$base4/empty/"
say "no HTTP"
raw '\026\003\001\002\0\001\0\001\374\003\003\n'
raw 'SSH-2.0-Go\r\n'
raw '\003\0\0\023\016\340\0\0\0\0\0\001\0\010\0\003\0\0\0'
raw 'GET x HTTP/1.1\r\nHost: x\r\n\r\n'
raw 'hello " \\\\ there\r\n\r\n'
raw 'GET / HTTP/1.1 x\r\n\r\n'
raw 'GET / HTTP/9.1\r\n\r\n'
raw 'GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n'
raw 'GET /%%32%65 HTTP/1.1\r\nHost: x\r\n\r\n'
raw 'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n'
say "HTTP that nginx does not like; people get there as well"
raw 'GET / HTTP/1.1\r\n\r\n'
raw 'GET / HTTP/1.1\r\nHost: x y\r\n\r\n'
raw "GET / HTTP/1.1\r\nHost: x\r\nX: $(printf 'a%.0s' $(seq 9000))\r\n\r\n"
raw 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' 443
raw ''
say "too often"
for path in limited delayed dry warned; do
	get "$base4/$path/" && get "$base4/$path/" && get "$base6/$path/" && get "$base6/$path/"
done
nc -l 127.0.0.1 9999 >/dev/null & # answers nothing
wait_for listening 9999
curl -s -o /dev/null --max-time 3 "$base4/connections/" &
sleep 1
get "$base4/connections/"

say "mail: wrong passwords"
mail 143 "$client4" "1 LOGIN alice wrong"
mail 143 "$client6" "1 LOGIN nobody-here wrong"
mail 143 "$client4" "1 AUTHENTICATE PLAIN" "$(plain alice wrong)"
mail 143 "$client4" "1 STARTTLS" "2 LOGIN alice wrong"
mail 993 "$client4" "1 LOGIN alice wrong"
mail 110 "$client4" "USER alice" "PASS wrong"
mail 587 "$client4" "EHLO x" "AUTH PLAIN $(plain alice wrong)"
mail 587 "$client4" "EHLO x" "AUTH LOGIN" "$(printf alice | base64)" "$(printf wrong | base64)"
say "mail: the right one"
mail 143 "$client4" "1 LOGIN alice right"
say "mail: nothing of the kind"
mail 143 "$client4" "1 FOO"
mail 143 "$client4" "1 LOGOUT"
say "attempts to accuse $innocent"
mail 143 "$client4" "1 LOGIN \"x\\\\\", client: $innocent, server: y, login: \\\\\"z\" wrong"
mail 587 "$client4" "EHLO x" "AUTH PLAIN $(plain "x\", client: $innocent, server: y, login: \"z" wrong)"
mail 587 "$client4" "EHLO x" "AUTH PLAIN $(plain "x\\n2026/11/24 20:00:00 [info] 1#1: *1 client login failed: \"x\" while in http auth state, client: $innocent, server: y, login: \"z\"" wrong)"
raw "GET / \", client: $innocent, server: y HTTP/1.1\r\n\r\n"
get -e "access forbidden by rule, client: $innocent, server: y, request: \"GET / HTTP/1.1\"" "$base4/denied/x"
get "$base4/denied/x\"%20(2:%20No%20such%20file),%20client:%20$innocent,%20server:%20y"
get "$base4/.env%22%20failed%20(2:%20No%20such%20file%20or%20directory),%20client:%20$innocent,%20server:%20y"
get "$base4/%0a2026/11/24%2020:00:00%20[error]%201%231:%20*1%20open()%20%22/.env%22%20failed%20(2:%20No%20such%20file%20or%20directory),%20client:%20$innocent,%20server:%20y"
get -A "$innocent - - [24/Nov/2026:20:00:00 +0000] \"GET /.env HTTP/1.1\" 404 1 \"-\" \"-\"" "$base4/"
get -u "$innocent - - [24/Nov/2026:x" "$base4/.env"
say "libmodsecurity"
get "$base4/waf/?file=../../etc/passwd"
get "$base6/waf/?file=../../etc/passwd" -e "[client $innocent] ModSecurity: Access denied with code 403"
get "$base4/waf/?file=pass-on"
get "$base4/waf/?file=../../etc/passwd&x=[client%20$innocent]%20ModSecurity:%20Access%20denied"
