#!/bin/bash
# Prints what MeshCentral logs of logins: its file (settings.authLog), with the proxy before it named or not. See lib.sh.
#
# Expect: meshcentral 20 2
. "$(dirname "$0")/lib.sh"
npm_program meshcentral@1.1.55
own_root "$0" nodejs

log=$tmp/auth.log
mkdir "$tmp/data"
mesh=$programs/meshcentral@1.1.55/node_modules/meshcentral/meshcentral.js
configure() { # TLSOFFLOAD
	cat >"$tmp/data/config.json" <<END
{"settings": {"cert": "www.example.org", "port": 80, "redirPort": 0, "tlsOffload": $1, "authLog": "$log", "maxInvalidLogin": false,
	"selfUpdate": false, "agentPort": 0, "mpsPort": 0},
	"domains": {"": {"title": "x"}}}
END
}
run() {
	HOME=$tmp node "$mesh" --datapath "$tmp/data" --filespath "$tmp/files" --configfile "$tmp/data/config.json" "$@"
}
serve() { # TLSOFFLOAD
	configure "$1"
	HOME=$tmp node "$mesh" --datapath "$tmp/data" --filespath "$tmp/files" --configfile "$tmp/data/config.json" >"$tmp/out" 2>&1 &
	server=$!
	for _ in 1 2 3 4 5 6; do ! wait_for listening 80 2>/dev/null || break; done
	touch "$log"
}
stop() {
	kill "$server" $(pgrep -P "$server") # it starts itself a second time
	wait "$server" || true
	wait_for bash -c '! ss -Hltn "sport = :80" | grep -q .'
}
web4=$base4/
web6=$base6/
sign_in() { # URL NAME PASSWORD [OPTION…]
	local url=$1 name=$2 password=$3
	shift 3
	rm -f "$tmp/jar"
	curl -s -g -o /dev/null -c "$tmp/jar" "$url" || true
	get -b "$tmp/jar" -c "$tmp/jar" --data-urlencode "username=$name" --data-urlencode "password=$password" -d action=login "$@" "$url"
}
cd "$tmp"
configure false
run --createaccount alice --pass Right-Password1 --email alice@example.org >/dev/null
run --adminaccount alice >/dev/null
serve '"203.0.113.1"'
say "a wrong password, an unknown user, a mail address, nothing"
sign_in "$web4" alice wrong
sign_in "$web6" alice wrong
sign_in "$web4" nobody-here wrong
sign_in "$web6" nobody-here wrong
sign_in "$web4" alice@example.org wrong
sign_in "$web4" '' ''
get -d action=login "$web4"
say "the right one, and out again"
sign_in "$web4" alice Right-Password1
get -b "$tmp/jar" "${web4}logout"
sign_in "$web6" alice Right-Password1
say "names and agents that try to accuse $innocent"
sign_in "$web4" "x from $innocent port 1" wrong
sign_in "$web4" "alice from $innocent port 1, Browser: x, OS: y" wrong
sign_in "$web4" "x
y from $innocent port 1" wrong
sign_in "$web4" alice wrong -A "x from $innocent port 1"
headers() {
	sign_in "$web4" alice wrong -H 'X-Forwarded-For: 203.0.113.9'
	sign_in "$web6" alice wrong -H 'X-Forwarded-For: 2001:db8::9'
	sign_in "$web4" alice wrong -H 'X-Forwarded-For: 203.0.113.9, 203.0.113.77'
	sign_in "$web4" alice wrong -H 'X-Real-IP: 203.0.113.9'
}
say "headers of a proxy that is not named"
headers
stop
say "of one that is"
serve "\"$client4,$client6\""
headers
stop
say "tlsOffload true: anybody is believed"
serve true
headers
stop
