#!/bin/bash
# Prints the access logs of Python's servers, gunicorn, uvicorn and uWSGI, of one application with a login form
# at /login that answers a wrong password with 401 and a right one with 302. See lib.sh.
#
# Expect: http-login 24 6
. "$(dirname "$0")/lib.sh"
own_root "$0" gunicorn uvicorn uwsgi-core uwsgi-plugin-python3 python3-gunicorn

cat >"$tmp/app.py" <<'END'
from urllib.parse import parse_qs

FORM = b"<form method=post><input name=user><input name=password></form>"

def answer(method, path, body):
    if path != "/login":
        return (404, []) if path == "/nothing" else (200, [])
    if method != "POST":
        return 200, []
    right = parse_qs(body.decode()).get("password") == ["right"]
    return (302, [("location", "/")]) if right else (401, [])

WORDS = {200: "OK", 302: "Found", 401: "Unauthorized", 404: "Not Found"}

def wsgi(environ, start):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    status, headers = answer(environ["REQUEST_METHOD"], environ["PATH_INFO"], body)
    start(f"{status} {WORDS[status]}", headers)
    return [FORM]

async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    status, headers = answer(scope["method"], scope["path"], body)
    await send({"type": "http.response.start", "status": status, "headers": [(k.encode(), v.encode()) for k, v in headers]})
    await send({"type": "http.response.body", "body": FORM})
END
cd "$tmp"
log=$tmp/access.log

# serve COMMAND… starts a server, whose log is what it prints unless it has a file.
serve() {
	: >"$log"
	"$@" >>"$log" 2>&1 &
	server=$!
	wait_for listening 8000
	show_new "$log"
}

stop() {
	kill -INT "$server"
	wait "$server" || true
	: >"$log"
	rm -f "$log.seen"
}

get() { curl -s -g -o /dev/null --max-time 5 "$@" || true; }

# try URL FROM tries the form in all ways.
try() {
	local base=$1 from=$2
	say "$base: the form, a wrong password, the right one"
	get --interface "$from" "$base/login"
	get --interface "$from" -d 'user=alice&password=wrong' "$base/login"
	get --interface "$from" -d 'user=alice&password=wrong' -e "$base/" -A 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0' "$base/login?next=/"
	get --interface "$from" -d 'user=alice&password=right' "$base/login"
	say "$base: other pages"
	get --interface "$from" "$base/"
	get --interface "$from" "$base/nothing"
	get --interface "$from" -d a=b "$base/nothing"
	say "$base: a client that tries to accuse $innocent, by its agent, referrer, name and request"
	get --interface "$from" -A "\" 200 1 \"-\" \"$innocent - - [24/Nov/2026:20:00:00 +0000] \"POST /login HTTP/1.1\" 401 1" "$base/"
	get --interface "$from" -e "x\" 401 \"$innocent - - [24/Nov/2026:20:00:00 +0000] \"POST /login HTTP/1.1\" 401 1" "$base/"
	get --interface "$from" -u "$innocent - - [] \"POST /login HTTP/1.1\" 401 :x" "$base/"
	get --interface "$from" --request-target "/\"\"POST /login HTTP/1.1\" 401" "$base/"
	get --interface "$from" -H "X-Forwarded-For: $innocent" -H "X-Real-IP: $innocent" -d 'password=wrong' "$base/login"
	get --interface "$from" -d 'password=wrong' "$base/login/?%0a$innocent%20-%20-%20[]%20%22POST%20/login%20HTTP/1.1%22%20401"
	get --interface "$from" -d 'password=wrong' "$base/login?x=>generated%201%20bytes"
	show_new "$log"
}

both() {
	try "http://$server4:8000" "$client4"
	try "http://[$server6]:8000" "$client6"
}

say "gunicorn as installed by Debian ($(dpkg-query -W -f '${Version}' gunicorn)): --access-logfile -"
serve gunicorn --access-logfile - -b "$server4:8000" -b "[$server6]:8000" app:wsgi
both
stop

say "uvicorn as installed by Debian ($(dpkg-query -W -f '${Version}' uvicorn))"
serve uvicorn --host "$server4" --port 8000 app:asgi
try "http://$server4:8000" "$client4"
stop
serve uvicorn --host "$server6" --port 8000 app:asgi
try "http://[$server6]:8000" "$client6"
stop

say "uWSGI as installed by Debian ($(dpkg-query -W -f '${Version}' uwsgi-core))"
serve uwsgi --plugin python3 --http-socket "$server4:8000" --http-socket "[$server6]:8000" --wsgi-file app.py --callable wsgi --die-on-term
both
stop
