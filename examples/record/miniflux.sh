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
sign_in() { # URL NAME PASSWORD [OPTION…]
	local url=$1 name=$2 password=$3
	shift 3
	token=$(curl -s -g -c "$tmp/jar" "$url/" | sed -n 's/.*name="csrf" value="\([^"]*\)".*/\1/p')
	get -b "$tmp/jar" --data-urlencode "csrf=$token" --data-urlencode "username=$name" --data-urlencode "password=$password" "$@" "$url/login"
}
attempts() {
	say "the web page: a wrong password, an unknown user, nothing, the right one"
	sign_in "$base4" alice wrong
	sign_in "$base6" alice wrong
	sign_in "$base4" nobody-here wrong
	sign_in "$base6" nobody-here wrong
	sign_in "$base4" '' ''
	sign_in "$base4" alice right-password
	sign_in "$base6" alice right-password
	say "the API: wrong password, unknown user, wrong key, nothing, the right password"
	get -u alice:wrong "$base4/v1/me"
	get -u alice:wrong "$base6/v1/me"
	get -u nobody-here:wrong "$base4/v1/me"
	get -H 'X-Auth-Token: wrong' "$base4/v1/me"
	get -H 'X-Auth-Token: wrong' "$base6/v1/me"
	get "$base4/v1/me"
	get -u alice: "$base4/v1/me"
	get -u alice:right-password "$base4/v1/me"
	say "Fever: a wrong key, none"
	get -d api_key=wrong "$base4/fever/?api"
	get -d api_key=wrong "$base6/fever/?api"
	get -d x=y "$base4/fever/?api"
	say "Google Reader: a wrong password, nothing, a wrong token, none, one that is none"
	get -d Email=alice -d Passwd=wrong "$base4/accounts/ClientLogin"
	get -d Email=nobody-here -d Passwd=wrong "$base6/accounts/ClientLogin"
	get -d Email=alice "$base4/accounts/ClientLogin"
	get -H 'Authorization: GoogleLogin auth=alice/wrong' "$base4/reader/api/0/user-info"
	get -H 'Authorization: GoogleLogin auth=nobody-here/wrong' "$base4/reader/api/0/user-info"
	get -H 'Authorization: GoogleLogin auth=wrong' "$base4/reader/api/0/user-info"
	get -H 'Authorization: GoogleLogin x=y' "$base4/reader/api/0/user-info"
	get -H 'Authorization: Bearer x' "$base4/reader/api/0/user-info"
	get "$base4/reader/api/0/user-info"
	get -d T=alice/wrong "$base4/reader/api/0/edit-tag"
	get -d x=y "$base4/reader/api/0/edit-tag"
	say "a header of a proxy"
	sign_in "$base4" alice wrong -H 'X-Forwarded-For: 203.0.113.77, 203.0.113.9'
	sign_in "$base6" alice wrong -H 'X-Forwarded-For: 2001:db8::9'
	sign_in "$base4" alice wrong -H 'X-Real-Ip: 203.0.113.9'
	say "names and agents that try to accuse $innocent"
	sign_in "$base4" "x client_ip=$innocent y" wrong
	sign_in "$base4" "x\" client_ip=$innocent \"" wrong
	sign_in "$base4" "x
level=WARN msg=\"Incorrect username or password\" authentication_failed=true client_ip=$innocent" wrong
	sign_in "$base4" alice wrong -A "x client_ip=$innocent authentication_failed=true"
	get -u "alice\" client_ip=$innocent:wrong" "$base4/v1/me"
}

say "text"
serve LOG_LEVEL=info
attempts
stop
say "text with a date"
serve LOG_DATE_TIME=1
sign_in "$base4" alice wrong
sign_in "$base4" alice right-password
stop
say "JSON"
serve LOG_FORMAT=json
attempts
stop
for format in text json; do
	say "behind a proxy that is trusted"
	serve LOG_FORMAT=$format TRUSTED_REVERSE_PROXY_NETWORKS="$client4/32,$client6/128"
	sign_in "$base4" alice wrong -H 'X-Forwarded-For: 203.0.113.9'
	sign_in "$base6" alice wrong -H 'X-Forwarded-For: 2001:db8::9'
	sign_in "$base4" alice wrong -H 'X-Forwarded-For: 203.0.113.77, 203.0.113.9'
	stop
done
