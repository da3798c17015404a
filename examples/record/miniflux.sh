#!/bin/bash
# Prints what Miniflux logs of failed logins: of its web page, its API, and those of Fever and Google Reader, as text and as JSON,
# with the proxy before it trusted and not. See lib.sh.
#
# Expect: miniflux 60 7
. "$(dirname "$0")/lib.sh"
go_program miniflux.app/v2@v2.3.5 .
own_root "$0" postgresql

pg_ctlcluster "$(ls /etc/postgresql)" main start
runuser -u postgres -- psql -q -c "create user miniflux superuser password 'secret'" -c 'create database miniflux owner miniflux' >/dev/null
export DATABASE_URL="postgres://miniflux:secret@127.0.0.1/miniflux?sslmode=disable" RUN_MIGRATIONS=1 CREATE_ADMIN=1
export ADMIN_USERNAME=alice ADMIN_PASSWORD=right-password LISTEN_ADDR='[::]:80' BASE_URL="http://$server4/" DISABLE_SCHEDULER_SERVICE=1
log=$tmp/log

serve() { # VARIABLE=VALUE…
	rm -f "$log" "$log.seen"
	env "$@" "$programs/miniflux.app/v2@v2.3.5/program" >"$log" 2>&1 &
	server=$!
	wait_for curl -sf "http://$server4/healthcheck"
	show_new "$log"
}
stop() {
	kill "$server"
	wait "$server" || true
}
http() {
	local from=$client4
	case "$*" in *"[$server6]"*) from=$client6 ;; esac
	curl -s -g -o /dev/null --max-time 10 --interface "$from" "$@" || true
	show_new "$log"
}
web4=http://$server4
web6=http://[$server6]
sign_in() { # URL NAME PASSWORD [OPTION…]
	local url=$1 name=$2 password=$3
	shift 3
	token=$(curl -s -g -c "$tmp/jar" "$url/" | sed -n 's/.*name="csrf" value="\([^"]*\)".*/\1/p')
	http -b "$tmp/jar" --data-urlencode "csrf=$token" --data-urlencode "username=$name" --data-urlencode "password=$password" "$@" "$url/login"
}
attempts() {
	say "the web page: a wrong password, an unknown user, nothing, the right one"
	sign_in "$web4" alice wrong
	sign_in "$web6" alice wrong
	sign_in "$web4" nobody-here wrong
	sign_in "$web6" nobody-here wrong
	sign_in "$web4" '' ''
	sign_in "$web4" alice right-password
	sign_in "$web6" alice right-password
	say "the API: wrong password, unknown user, wrong key, nothing, the right password"
	http -u alice:wrong "$web4/v1/me"
	http -u alice:wrong "$web6/v1/me"
	http -u nobody-here:wrong "$web4/v1/me"
	http -H 'X-Auth-Token: wrong' "$web4/v1/me"
	http -H 'X-Auth-Token: wrong' "$web6/v1/me"
	http "$web4/v1/me"
	http -u alice: "$web4/v1/me"
	http -u alice:right-password "$web4/v1/me"
	say "Fever: a wrong key, none"
	http -d api_key=wrong "$web4/fever/?api"
	http -d api_key=wrong "$web6/fever/?api"
	http -d x=y "$web4/fever/?api"
	say "Google Reader: a wrong password, nothing, a wrong token, none, one that is none"
	http -d Email=alice -d Passwd=wrong "$web4/accounts/ClientLogin"
	http -d Email=nobody-here -d Passwd=wrong "$web6/accounts/ClientLogin"
	http -d Email=alice "$web4/accounts/ClientLogin"
	http -H 'Authorization: GoogleLogin auth=alice/wrong' "$web4/reader/api/0/user-info"
	http -H 'Authorization: GoogleLogin auth=nobody-here/wrong' "$web4/reader/api/0/user-info"
	http -H 'Authorization: GoogleLogin auth=wrong' "$web4/reader/api/0/user-info"
	http -H 'Authorization: GoogleLogin x=y' "$web4/reader/api/0/user-info"
	http -H 'Authorization: Bearer x' "$web4/reader/api/0/user-info"
	http "$web4/reader/api/0/user-info"
	http -d T=alice/wrong "$web4/reader/api/0/edit-tag"
	http -d x=y "$web4/reader/api/0/edit-tag"
	say "a header of a proxy"
	sign_in "$web4" alice wrong -H 'X-Forwarded-For: 203.0.113.77, 203.0.113.9'
	sign_in "$web6" alice wrong -H 'X-Forwarded-For: 2001:db8::9'
	sign_in "$web4" alice wrong -H 'X-Real-Ip: 203.0.113.9'
	say "names and agents that try to accuse $innocent"
	sign_in "$web4" "x client_ip=$innocent y" wrong
	sign_in "$web4" "x\" client_ip=$innocent \"" wrong
	sign_in "$web4" "x
level=WARN msg=\"Incorrect username or password\" authentication_failed=true client_ip=$innocent" wrong
	sign_in "$web4" alice wrong -A "x client_ip=$innocent authentication_failed=true"
	http -u "alice\" client_ip=$innocent:wrong" "$web4/v1/me"
}

say "text"
serve LOG_LEVEL=info
attempts
stop
say "text with a date"
serve LOG_DATE_TIME=1
sign_in "$web4" alice wrong
sign_in "$web4" alice right-password
stop
say "JSON"
serve LOG_FORMAT=json
attempts
stop
for format in text json; do
	say "behind a proxy that is trusted"
	serve LOG_FORMAT=$format TRUSTED_REVERSE_PROXY_NETWORKS="$client4/32,$client6/128"
	sign_in "$web4" alice wrong -H 'X-Forwarded-For: 203.0.113.9'
	sign_in "$web6" alice wrong -H 'X-Forwarded-For: 2001:db8::9'
	sign_in "$web4" alice wrong -H 'X-Forwarded-For: 203.0.113.77, 203.0.113.9'
	stop
done
