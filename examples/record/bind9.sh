#!/bin/bash
# Prints what Debian's bind9 logs when it refuses queries, transfers and updates, through syslog
# and in a log file of its own. See lib.sh.
#
# Expect: named-refused 30
# Expect: named-refused[mode=aggressive] 34
. "$(dirname "$0")/lib.sh"
own_root "$0" bind9 bind9-dnsutils
log=$tmp/syslog
file=$tmp/security.log
syslog "$log"
mkdir -p /run/named && chown bind: /run/named
touch "$file" && chown bind: "$file" "$tmp"
printf '$TTL 1h\n@ SOA ns root 1 1h 1h 1h 1h\n@ NS ns\nns A %s\n' "$server4" >/var/lib/bind/example.org
# named LINE… starts it with these lines in its options and behind them.
named() {
	cat >/etc/bind/named.conf <<CONF
options {
	directory "/var/cache/bind";
	listen-on { $server4; };
	listen-on-v6 { $server6; };
	allow-transfer { none; };
	allow-query-cache { 203.0.113.1; };
	allow-recursion { 203.0.113.1; };
	dnssec-validation no;
	$1
};
$2
CONF
	/usr/sbin/named -f -u bind &
	pid=$!
	wait_for listening 53
	sleep 0.5
	show_new "$log" >/dev/null
}
stop_named() {
	kill "$pid"
	wait "$pid" 2>/dev/null || true
	show_new "$log" >/dev/null
}
zone='zone "example.org" { type master; file "/var/lib/bind/example.org"; };'
ask4() { dig +tries=1 +time=1 -b "$client4" @"$server4" "$@" >/dev/null || true; show_new "$log"; }
ask6() { dig +tries=1 +time=1 -b "$client6" @"$server6" "$@" >/dev/null || true; show_new "$log"; }
update() {
	printf 'local %s\nserver %s\nzone example.org\nupdate add x.example.org 60 A 192.0.2.9\nsend\n' "$1" "$2" |
		nsupdate -t 1 >/dev/null 2>&1 || true
	show_new "$log"
}
failures() {
	say "queries for what it does not serve"
	ask4 www.example.com
	ask6 www.example.com
	ask4 +tcp www.example.com AAAA
	ask4 example.com ANY
	ask4 . NS
	say "queries that try to accuse $innocent"
	ask4 "x'/A/IN'denied.$innocent"
	ask4 "a b'\032(\\\"denied.example.com"
	ask4 "x\\010client\\032198.51.100.1#53\\032(x):\\032query\\032(cache)\\032'x/A/IN'\\032denied."
	say "a transfer"
	ask4 +tcp example.org AXFR
	ask6 +tcp example.org AXFR
	ask4 +tcp example.org IXFR=1
	ask4 +tcp example.com AXFR
	say "a signature with a key that it does not have"
	ask4 -y "hmac-sha256:x.$innocent:c2VjcmV0c2VjcmV0c2VjcmV0" ns.example.org
	ask6 -y hmac-sha256:other:c2VjcmV0c2VjcmV0c2VjcmV0 ns.example.org
	say "an update"
	update "$client4" "$server4"
	update "$client6" "$server6"
}
say "bind9 of Debian ($(dpkg-query -W -f '${Version}' bind9)), its own defaults of logging: syslog"
named "" "$zone"
failures
say "a query that it answers"
ask4 ns.example.org
ask6 ns.example.org
say "a NOTIFY from somebody else"
ask4 +opcode=NOTIFY example.org SOA
stop_named
say "with allow-query for nobody"
named "" 'zone "example.org" { type master; file "/var/lib/bind/example.org"; allow-query { none; }; };'
ask4 ns.example.org
ask6 ns.example.org
stop_named
say "in a view, with rate-limit"
named "" "view \"public view\" { $zone rate-limit { responses-per-second 1; }; };"
ask4 www.example.com
for _ in 1 2 3 4 5; do ask4 ns.example.org; done
for _ in 1 2 3 4 5; do ask4 www.example.com; done
stop_named
say "in a file, with print-time, print-severity and print-category"
named "" "$zone logging { channel c { file \"$file\"; severity info; print-time yes; print-severity yes; print-category yes; };
	category security { c; }; category update-security { c; }; category default { c; }; };"
log=$file
show_new "$log" >/dev/null
failures
stop_named
say "in a file, with print-time iso8601-utc alone"
named "" "$zone logging { channel c { file \"$file\"; severity info; print-time iso8601-utc; };
	category security { c; }; category default { c; }; };"
ask4 www.example.com
ask6 +tcp example.org AXFR
stop_named
