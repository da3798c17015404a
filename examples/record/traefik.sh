#!/bin/bash
# Prints what Traefik logs of its middlewares basicAuth and digestAuth, and of an application with a login form: its access log in
# JSON, in both of its common forms, and behind proxies that it trusts or not. See lib.sh.
#
# Expect: traefik-auth 58
# Expect: traefik-auth[mode=ddos] 100
# Expect: http-login 10 4
# Expect: http-auth 98
. "$(dirname "$0")/lib.sh"
go_program github.com/traefik/traefik/v3@v3.6.12 ./cmd/traefik
own_root "$0" openssl

log=$tmp/access.log
mkdir "$tmp/dynamic"
cat >"$tmp/dynamic/all.yml" <<END
http:
  routers:
    private: { rule: "PathPrefix(\`/private\`)", service: app, middlewares: [basic] }
    digest: { rule: "PathPrefix(\`/digest\`)", service: app, middlewares: [digest] }
    app: { rule: "PathPrefix(\`/\`)", service: app }
  middlewares:
    basic: { basicAuth: { users: ["alice:$(openssl passwd -apr1 right)"] } }
    digest: { digestAuth: { users: ["alice:traefik:$(printf 'alice:traefik:right' | md5sum | cut -d' ' -f1)"] } }
  services:
    app: { loadBalancer: { servers: [{ url: "http://127.0.0.1:8000" }] } }
END
cat >"$tmp/app.py" <<'END'
import http.server

class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200)

    def do_POST(self):
        right = b"right" in self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(303 if right else 401)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

http.server.ThreadingHTTPServer(("127.0.0.1", 8000), App).serve_forever()
END
python3 "$tmp/app.py" 2>/dev/null &
wait_for listening 8000

serve() { # FORMAT [OPTION…]
	local format=$1
	shift
	rm -f "$log" "$log.seen"
	"$programs/github.com/traefik/traefik/v3@v3.6.12/program" --entryPoints.web.address=:80 --providers.file.directory="$tmp/dynamic" \
		--global.checkNewVersion=false --accessLog=true --accessLog.filePath="$log" --accessLog.format="$format" "$@" >"$tmp/out" 2>&1 &
	server=$!
	wait_for listening 80
	wait_for curl -sf "http://$server4/ready"
	show_new "$log" >/dev/null
}
stop() {
	kill "$server"
	wait "$server" || true
}
attempts() {
	say "basicAuth: a wrong password, an unknown user, none, garbage, the right one"
	get -u alice:wrong "$base4/private/"
	get -u alice:wrong "$base6/private/x?y=z"
	get -u nobody-here:wrong "$base4/private/"
	get "$base4/private/"
	get -H 'Authorization: Basic !!!' "$base4/private/"
	get -H 'Authorization: Bearer abc' "$base4/private/"
	get -u alice:right "$base4/private/"
	say "digestAuth: a wrong password, an unknown user, the right one; curl asks once without a name"
	get --digest -u alice:wrong "$base4/digest/"
	get --digest -u nobody-here:wrong "$base6/digest/"
	get --digest -u alice:right "$base4/digest/"
	say "a login form: a wrong password, the right one"
	get -d password=wrong "$base4/login"
	get -d password=wrong "$base6/login?next=/"
	get -d password=right "$base4/login"
	say "names, requests and headers that try to accuse $innocent"
	get -u "$innocent - x:wrong" "$base4/private/"
	get -u "x [30/Nov/2026:01:02:11 +0000] \"GET / HTTP/1.1\" 401 17 \"-\" \"-\" 1 \"-\" \"-\" 0ms:wrong" "$base4/private/"
	get -u "x
y from $innocent:wrong" "$base4/private/"
	get -u '-:wrong' "$base4/private/"
	get -u ':wrong' "$base4/private/"
	get -u "x\",\"ClientHost\":\"$innocent\",\"y\":\":wrong" "$base4/private/"
	get -u alice:wrong -A "\" 1 \"-\" \"-\" 0ms $innocent - x [] \"GET / HTTP/1.1\" 401 17 \"-\" \"" "$base4/private/"
	get -d x=y --request-target "/login?\"$innocent" "$base4/"
	say "X-Forwarded-For"
	get -u alice:wrong -H "X-Forwarded-For: $forwarded" "$base4/private/"
	get -u alice:wrong -H "X-Forwarded-For: 2001:db8::9" "$base6/private/"
	get -u alice:wrong -H "X-Real-Ip: $forwarded" "$base4/private/"
}

forwarded=203.0.113.9
say "JSON"
serve json
attempts
stop
say "JSON, with all headers"
serve json --accessLog.fields.headers.defaultMode=keep
attempts
stop
for format in common genericCLF; do
	say "the form $format"
	serve "$format"
	attempts
	stop
done
say "behind a proxy that is trusted"
forwarded="203.0.113.77, 203.0.113.9"
for format in json common; do
	serve "$format" --entryPoints.web.forwardedHeaders.trustedIPs="$client4/32,$client6/128"
	get -u alice:wrong -H "X-Forwarded-For: 203.0.113.9" "$base4/private/"
	get -u alice:wrong -H "X-Forwarded-For: 203.0.113.77, 203.0.113.9" "$base4/private/"
	get -u alice:wrong -H "X-Forwarded-For: 2001:db8::9" "$base6/private/"
	get -u alice:wrong "$base4/private/"
	stop
done
say "what cannot be told in a common form: 203.0.113.66 never came"
serve common
get -u "x
203.0.113.66 - root:wrong" "$base4/private/"
