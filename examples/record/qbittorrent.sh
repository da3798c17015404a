#!/bin/bash
# Prints what Debian's qbittorrent-nox logs of its web interface's logins. See lib.sh.
#
# Expect: qbittorrent 8 1
. "$(dirname "$0")/lib.sh"
own_root "$0" qbittorrent-nox

log=$tmp/data/qBittorrent/logs/qbittorrent.log
# qbittorrent SETTING… starts it anew, with these lines in its configuration.
qbittorrent() {
	rm -rf "$tmp/data" "$tmp/config"
	mkdir -p "$tmp/config/qBittorrent" "$tmp/data"
	printf '%s\n' '[LegalNotice]' 'Accepted=true' '[Preferences]' 'WebUI\Port=8080' "$@" >"$tmp/config/qBittorrent/qBittorrent.conf"
	HOME=$tmp XDG_CONFIG_HOME=$tmp/config XDG_DATA_HOME=$tmp/data qbittorrent-nox >"$tmp/out" 2>&1 &
	pid=$!
	wait_for listening 8080
	wait_for test -s "$log"
	show_new "$log"
}

# login ADDRESS USER PASSWORD [CURL ARGUMENT…]; any bytes at all in the name.
login() {
	local host=$server4 from=$client4
	[ "$1" = 6 ] && host=[$server6] && from=$client6
	curl -s -g --interface "$from" -o /dev/null --data-urlencode "username=$(printf '%b' "$2")" \
		--data-urlencode "password=$3" "${@:4}" "http://$host:8080/api/v2/auth/login"
	show_new "$log"
}

say "qBittorrent $(dpkg-query -W -f '${Version}' qbittorrent-nox)"
qbittorrent 'WebUI\MaxAuthenticationFailCount=0'
say "wrong password"
login 4 admin wrong
say "unknown user"
login 4 nobody-here wrong
say "IPv6"
login 6 admin wrong
say "no name"
login 4 '' wrong
# A line break in a name would begin a line of its own in this log: nobody could tell it from a true one.
say "names that try to accuse $innocent"
login 4 "x, IP: $innocent, username: y" wrong
login 4 "$innocent" wrong
say "X-Forwarded-For by the client itself"
login 4 admin wrong -H "X-Forwarded-For: $innocent"
say "the right password: a success"
# Since 4.6.1 it makes up a password of its own, and says it.
login 4 admin "$(sed -n 's/.*temporary password.*: //p' "$tmp/out" | grep . || echo adminadmin)"
kill "$pid"
wait "$pid" || true

say "its own ban after two failures"
qbittorrent 'WebUI\MaxAuthenticationFailCount=2'
login 4 admin wrong
login 4 admin wrong
login 4 admin wrong
kill "$pid"
wait "$pid" || true
