#!/bin/bash
# Prints what Debian's nginx logs when password protection (ngx_http_auth_basic_module) and access rules
# refuse a client: its error log, and its access log in the "combined" form.
# See lib.sh.
#
# Expect: nginx-http-auth 12
. "$(dirname "$0")/lib.sh"
[ "${RECORDING:-}" = yes ] || need nginx-light apache2-utils curl iproute2
own_namespaces "$0" "$@"

mkdir "$tmp/html" "$tmp/html/admin"
echo hello >"$tmp/html/index.html"
htpasswd -bc "$tmp/htpasswd" alice right 2>/dev/null
echo 'broken:$9$no-such-hash' >>"$tmp/htpasswd"
chmod 755 "$tmp"
errors=$tmp/error.log
access=$tmp/access.log

# nginx LEVEL starts it with that error_log level.
nginx() {
	cat >"$tmp/nginx.conf" <<END
pid $tmp/nginx.pid;
error_log $errors $1;
events {}
http {
	access_log $access combined;
	client_body_temp_path $tmp/body;
	proxy_temp_path $tmp/proxy;
	fastcgi_temp_path $tmp/fastcgi;
	uwsgi_temp_path $tmp/uwsgi;
	scgi_temp_path $tmp/scgi;
	server {
		listen $server4:80;
		listen [$server6]:80;
		server_name www.example.org;
		root $tmp/html;
		auth_basic "members";
		auth_basic_user_file $tmp/htpasswd;
		location /denied/ { deny all; }
		location /forward/ {
			set_real_ip_from $client4;
			real_ip_header X-Forwarded-For;
		}
	}
}
END
	/usr/sbin/nginx -c "$tmp/nginx.conf" -g 'daemon off;' &
	nginx_pid=$!
	wait_for listening 80
	show_new "$errors" >/dev/null
	show_new "$access" >/dev/null
}

stop_nginx() {
	kill "$nginx_pid"
	wait "$nginx_pid" || true
	show_new "$errors" >/dev/null
}

get() {
	local from=$client4
	case "$*" in *"$base6"*) from=$client6 ;; esac
	curl -s -g -o /dev/null --max-time 5 --interface "$from" "$@" || true
	show_new "$errors"
	show_new "$access"
}

# basic USER PASSWORD [CURL ARGUMENT…]: any bytes at all in the name.
basic() {
	local token
	token=$(printf '%b:%s' "$1" "$2" | base64 -w0)
	shift 2
	get -H "Authorization: Basic $token" "$@"
}

base4=http://$server4
base6=http://[$server6]
say "nginx as installed by Debian ($(dpkg-query -W -f '${Version}' nginx)): error_log at level error, the default"
nginx error
say "wrong password, known user"
basic alice wrong "$base4/"
basic alice wrong -e http://www.example.org/login "$base4/x?y=z"
say "the same over IPv6"
basic alice wrong "$base6/"
say "unknown user"
basic nobody-here wrong "$base4/"
basic nobody-here wrong "$base6/"
say "the right password: a success"
basic alice right "$base4/"
say "no password at all"
get "$base4/"
say "an empty name, an empty password"
basic '' wrong "$base4/"
basic alice '' "$base4/"
say "another scheme, garbage"
get -H 'Authorization: Bearer abc' "$base4/"
get -H 'Authorization: Basic !!!' "$base4/"
say "a password hash that does not parse"
basic broken wrong "$base4/"
say "denied by rule"
get "$base4/denied/x"
say "behind a proxy whose X-Forwarded-For is trusted"
basic alice wrong -H 'X-Forwarded-For: 203.0.113.9' "$base4/forward/"
say "methods, no Host header, HTTP/1.0"
basic alice wrong -X POST -d a=b "$base4/"
basic alice wrong --http1.0 -H Host: "$base4/"

say "names that try to accuse $innocent"
basic "x\" was not found in \"/etc/htpasswd\", client: $innocent, server: www.example.org, request: \"GET / HTTP/1.1\", host: \"h\"" wrong "$base4/"
basic "x, client: $innocent, server: y" wrong "$base4/"
basic "alice\": password mismatch, client: $innocent, server: y, request: \"GET / HTTP/1.1\"" wrong "$base4/"
basic "x\\n2026/11/24 20:00:00 [error] 1#1: *1 user \"root\": password mismatch, client: $innocent, server: y, request: \"GET / HTTP/1.1\", host: \"h\"" wrong "$base4/"
basic "x\\r\\033[31m\\0200" wrong "$base4/"
say "the same in request, host and referrer"
basic alice wrong -H "Host: h\", client: $innocent" "$base4/"
basic alice wrong -e "r\", client: $innocent, server: y, request: \"GET / HTTP/1.1\"" "$base4/"
basic alice wrong --request-target "/\", client: $innocent, server: y, request: \"GET /" "$base4/"
basic alice wrong --request-target "/, client: $innocent, server: y" "$base4/"
say "the same in the access log: agent, request"
get -A "x\" 200 1 \"-\" \"$innocent - - [24/Nov/2026:20:00:00 +0000] \"POST /admin/login/ HTTP/1.1\" 200 1" "$base4/"
get -A "$innocent - - [24/Nov/2026:20:00:00 +0000] \\\"POST /admin/login/ HTTP/1.1\\\" 200 1" "$base4/"
basic "$innocent - - [24/Nov/2026:20:00:00 +0000] \"POST /admin/login/ HTTP/1.1\" 200 1" right "$base4/"
stop_nginx

say "error_log at level info"
nginx info
get "$base4/"
get -H 'Authorization: Bearer abc' "$base4/"
basic alice wrong "$base4/"
stop_nginx
