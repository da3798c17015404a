#!/bin/bash
# Prints what Debian's nginx logs when password protection (ngx_http_auth_basic_module) and access rules
# refuse a client: its error log, and its access log in the "combined" form.
# See lib.sh.
#
# Expect: nginx-http-auth 12
# Expect: nginx-http-auth[mode=fallback] 18
. "$(dirname "$0")/lib.sh"
own_namespaces "$0" nginx-light apache2-utils curl iproute2 netcat-openbsd openssl

mkdir "$tmp/html" "$tmp/html/admin"
echo hello >"$tmp/html/index.html"
htpasswd -bc "$tmp/htpasswd" alice right 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=www.example.org -keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null
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
		listen $server4:443 ssl;
		listen [$server6]:443 ssl;
		ssl_certificate $tmp/cert.pem;
		ssl_certificate_key $tmp/key.pem;
		ssl_protocols TLSv1.2 TLSv1.3;
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
	ask "$@"
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

# tls FAMILY TEXT sends it (printf's escapes) to the port for TLS.
tls() {
	local to=$server4 from=$client4
	[ "$1" = 6 ] && to=$server6 from=$client6
	# shellcheck disable=SC2059 # the escapes are wanted
	printf "$2" | nc -s "$from" -w 1 -q 1 "$to" 443 >/dev/null 2>&1 || true
	show_new "$errors"
	show_new "$access"
}
for level in error info; do
	say "no TLS, broken TLS, and TLS that nobody speaks any more, at level $level"
	nginx $level
	for family in 4 6; do
		tls $family 'GET / HTTP/1.0\r\n\r\n'
		tls $family '\026\003\001\000\005abcde'
		tls $family '\200\056\001\000\002\000\025\000\000\000\020'
		tls $family 'hello\r\n'
	done
	openssl s_client -connect "$server4:443" -tls1_1 </dev/null >/dev/null 2>&1 || true
	openssl s_client -connect "$server4:443" -cipher NULL:@SECLEVEL=0 -tls1_2 </dev/null >/dev/null 2>&1 || true
	show_new "$errors"
	stop_nginx
done
