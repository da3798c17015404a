#!/bin/bash
# Prints what Debian's squid logs of clients that it does not let through: its access log in the native form. See
# lib.sh.
#
# Expect: squid 9
. "$(dirname "$0")/lib.sh"
own_root "$0" squid

log=$tmp/access.log
chmod 1777 /dev/shm
touch "$log"
chmod 755 "$tmp"
chown proxy "$log"
printf 'alice:%s\n' "$(openssl passwd -apr1 right)" >"$tmp/passwd"
chmod 644 "$tmp/passwd"
cat >"$tmp/squid.conf" <<END
auth_param basic program /usr/lib/squid/basic_ncsa_auth $tmp/passwd
auth_param basic realm members
auth_param basic children 2
acl members proxy_auth REQUIRED
acl forbidden dst 192.0.2.9
acl SSL_ports port 443
acl CONNECT method CONNECT
http_access deny CONNECT !SSL_ports
http_access deny forbidden
http_access allow members
http_access deny all
http_port $server4:3128
http_port [$server6]:3128
access_log stdio:$log squid
cache_log $tmp/cache.log
pid_filename $tmp/squid.pid
coredump_dir $tmp
shutdown_lifetime 0 seconds
END
mkdir -p /run/squid && chown proxy /run/squid "$tmp"
python3 -m http.server --bind 127.0.0.1 8000 >"$tmp/out" 2>&1 &
squid -N -f "$tmp/squid.conf" >"$tmp/squid.out" 2>&1 &
wait_for listening 3128 || { cat "$tmp/squid.out" "$tmp/cache.log" >&2; exit 1; }
wait_for listening 8000

get() {
	local from=$client4
	case "$*" in *"$proxy6"*) from=$client6 ;; esac
	curl -s -g -o /dev/null --max-time 5 --interface "$from" "$@" || true
	sleep 0.5
	show_new "$log"
}

proxy4=http://$server4:3128
proxy6=http://[$server6]:3128
site=http://127.0.0.1:8000/
say "squid as installed by Debian ($(dpkg-query -W -f '${Version}' squid)): a wrong password, an unknown user"
get -x "$proxy4" -U alice:wrong "$site"
get -x "$proxy6" -U alice:wrong "$site"
get -x "$proxy4" -U nobody-here:wrong "$site"
get -x "$proxy6" -U nobody-here:wrong "$site"
say "the same for a tunnel"
get -x "$proxy4" -U alice:wrong https://127.0.0.1/
say "no password, the right one"
get -x "$proxy4" "$site"
get -x "$proxy4" -U alice:right "$site"
get -x "$proxy4" -U alice:right "$site/none"
say "what is forbidden: a destination, a port, no proxy request"
get -x "$proxy4" -U alice:right http://192.0.2.9/
get -x "$proxy4" -U alice:right -p https://127.0.0.1:22/
get "http://$server4:3128/index.html"
printf 'garbage\r\n\r\n' | nc -w1 -s "$client4" "$server4" 3128 >/dev/null || true
show_new "$log"
say "names and requests that try to accuse $innocent"
get -x "$proxy4" -U "x HIER_NONE/- text/html 1773178283.899 0 $innocent TCP_DENIED/407 4000 GET http://x/ root:wrong" "$site"
get -x "$proxy4" -U "$innocent TCP_DENIED:x" "$site"
get -x "$proxy4" -U alice:wrong "${site}?%0a1773178283.899%20%200%20$innocent%20TCP_DENIED/407%204000%20GET%20http://x/%20root%20HIER_NONE/-%20text/html"
get -x "$proxy4" -U alice:wrong -A "$innocent TCP_DENIED/407" -H "X-Forwarded-For: $innocent" "$site"
