#!/bin/bash
# Prints what Debian's caddy and a newer one log of password protection (basicauth) and of an application with a login form: its
# access log in JSON, as Caddy writes it, and in the format "console", and behind a proxy that it trusts. See lib.sh.
#
# Expect: caddy 60 6
. "$(dirname "$0")/lib.sh"
newer=github.com/caddyserver/caddy/v2@v2.11.9
go_program "$newer" ./cmd/caddy
own_root "$0" caddy

log=$tmp/access.log
touch "$log"
export HOME=$tmp XDG_DATA_HOME=$tmp/data XDG_CONFIG_HOME=$tmp/config
hash=$(caddy hash-password --plaintext right)
cat >"$tmp/Caddyfile" <<END
{
	admin off
	auto_https off
}
http://:80 {
	log {
		output file $log
	}
	basicauth /private/* {
		alice $hash
	}
	@wrong {
		method POST
		path /login /api/auth/login
		not header X-Password right
	}
	@right {
		method POST
		path /login /api/auth/login
		header X-Password right
	}
	respond @wrong "wrong" 401
	redir @right / 302
	respond "hello"
}
END

attempts() {
	say "a wrong password, an unknown user"
	get -u alice:wrong "$base4/private/"
	get -u alice:wrong "$base6/private/"
	get -u nobody-here:wrong "$base4/private/x?y=z"
	say "no password, the right one"
	get "$base4/private/"
	get -u alice:right "$base4/private/"
	say "another scheme, garbage"
	get -H 'Authorization: Bearer abc' "$base4/private/"
	get -H 'Authorization: Basic !!!' "$base4/private/"

	say "a login form: a wrong password, the right one"
	get -d user=alice "$base4/login"
	get -d user=alice "$base6/login?next=/"
	get -d user=alice "$base4/api/auth/login"
	get -d user=alice -H 'X-Password: right' "$base4/login"
	get -d user=alice -H 'X-Password: right' "$base6/login"
	get "$base4/login"
	get "$base4/"

	say "names, requests and headers that try to accuse $innocent"
	get -u "$innocent\",\"status\":401,\"remote_ip\":\"$innocent:x" "$base4/private/"
	get -u "x\",\"request\":{\"remote_ip\":\"$innocent\"},\"y\":\":x" "$base4/private/"
	get -u alice:wrong -A "\"},\"status\":401,\"request\":{\"remote_ip\":\"$innocent\",\"method\":\"POST\",\"uri\":\"/login\"" "$base4/private/"
	get -u alice:wrong -H "X-Forwarded-For: $innocent" -H "X-Real-IP: $innocent" -H "Forwarded: for=$innocent" "$base4/private/"
	get -u alice:wrong -H "remote_ip: $innocent" -H "status: 401" "$base4/private/"
	get -d x=y --request-target "/login?\",\"remote_ip\":\"$innocent\"" "$base4/"
	get -H "Host: $innocent\",\"remote_ip\":\"$innocent" "$base4/"
}

serve() {
	"$caddy" run --config "$tmp/Caddyfile" --adapter caddyfile >"$tmp/out" 2>&1 &
	wait_for listening 80
}

stop() {
	kill $!
	wait
}

caddy=caddy
serve
say "caddy as installed by Debian ($(dpkg-query -W -f '${Version}' caddy)): basicauth"
attempts
say "format console"
stop
sed -i "s|output file .*|&\n\t\tformat console|" "$tmp/Caddyfile"
serve
attempts
stop

caddy=$programs/$newer/program
sed -i 's/basicauth/basic_auth/; /format console/d' "$tmp/Caddyfile"
serve
say "caddy ${newer#*@}: basic_auth"
attempts
stop
sed -i "s|output file .*|&\n\t\tformat console|" "$tmp/Caddyfile"
serve
say "format console"
attempts
stop
for format in json console; do
	sed -i "s|format .*|format $format|; s|auto_https off|&\n\tservers {\n\t\ttrusted_proxies static $client4/32 $client6/128\n\t}|" "$tmp/Caddyfile"
	serve
	say "behind a proxy that is trusted: $format"
	get -u alice:wrong -H 'X-Forwarded-For: 203.0.113.9' "$base4/private/"
	get -u alice:wrong -H 'X-Forwarded-For: 2001:db8::9' "$base6/private/"
	get -d user=alice -H 'X-Forwarded-For: 203.0.113.9' "$base4/login"
	stop
	sed -i '/servers {/,/^\t}/d' "$tmp/Caddyfile"
done
