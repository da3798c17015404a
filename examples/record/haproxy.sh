#!/bin/bash
# Prints what Debian's haproxy logs ("option httplog", through rsyslog) of password protection ("http-request
# auth") and of an application behind it that refuses logins. See lib.sh.
#
# Expect: haproxy-http-auth 7
# Expect: http-login 3 2
# Expect: http-auth 10
. "$(dirname "$0")/lib.sh"
own_root "$0" haproxy

log=$tmp/haproxy.log
syslog "$log"
cat >"$tmp/app.py" <<'END'
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(302 if b"right" in body else 401)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

HTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
END
python3 "$tmp/app.py" &
cat >"$tmp/haproxy.cfg" <<END
global
	log /dev/log local0
	user haproxy
	group haproxy
userlist members
	user alice insecure-password right
defaults
	log global
	mode http
	option httplog
	timeout connect 5s
	timeout client 5s
	timeout server 5s
frontend web
	bind $server4:80
	bind [$server6]:80
	capture request header User-Agent len 60
	default_backend app
	use_backend private if { path_beg /private }
backend private
	http-request auth realm members unless { http_auth(members) }
	server app 127.0.0.1:8000
backend app
	server app 127.0.0.1:8000
END
wait_for listening 8000
haproxy -db -f "$tmp/haproxy.cfg" >"$tmp/out" 2>&1 &
wait_for listening 80
show_new "$log"

say "haproxy as installed by Debian ($(dpkg-query -W -f '${Version}' haproxy)): http-request auth"
say "a wrong password, an unknown user, no password"
get -u alice:wrong "$base4/private/"
get -u alice:wrong "$base6/private/"
get -u nobody-here:wrong "$base4/private/x?y=z"
get "$base4/private/"
say "the right password; another page"
get -u alice:right "$base4/private/"
get "$base4/"
say "an application behind it: a wrong password, the right one"
get -d password=wrong "$base4/login"
get -d password=wrong "$base6/login?next=/"
get -d password=right "$base4/login"
get -d password=right "$base6/login"
say "no HTTP"
printf 'garbage\r\n\r\n' | nc -w1 -s "$client4" "$server4" 80 >/dev/null || true
show_new "$log"
say "requests, names and agents that try to accuse $innocent"
get -A "} \"POST /login HTTP/1.1\" $innocent:1 [] web private/<NOSRV> 0/-1/-1/-1/0 401" "$base4/"
get -A "x} {$innocent" -d password=wrong "$base4/login"
get -u "$innocent:x" "$base4/private/"
get -u alice:wrong --request-target "/private/\"$innocent:1 [] web private/<NOSRV>" "$base4/"
get -u alice:wrong -H "X-Forwarded-For: $innocent" "$base4/private/"
get -d password=wrong --request-target "/login?\"haproxy[1]: $innocent:1" "$base4/"
get -u alice:wrong -A "haproxy[77]: $innocent:58106 [24/Nov/2026:20:00:00.000] web private/<NOSRV> 0/-1/-1/-1/0 401 212 - - PR-- 1/1/0/0/0 0/0" "$base4/private/"
