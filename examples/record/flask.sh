#!/bin/bash
# Prints what Flask's own server (werkzeug) logs of a login page that answers with 401 and 403. See lib.sh.
#
# Expect: flask 7
. "$(dirname "$0")/lib.sh"
own_root "$0" python3-flask

log=$tmp/flask.log
cat >"$tmp/app.py" <<'END'
from flask import Flask, abort, redirect, request
from werkzeug.serving import run_simple
import os, sys

app = Flask(__name__)

@app.post("/login")
@app.post("/api/auth/login")
def login():
    if request.form.get("password") != "right":
        abort(401)
    return redirect("/")

@app.post("/admin/login/")
def admin():
    abort(403)

@app.get("/")
def home():
    return "welcome"

app.run(host=sys.argv[1], port=5000)
END
python3 "$tmp/app.py" :: >"$log" 2>&1 &
wait_for listening 5000
show_new "$log"

# post FAMILY PATH [CURL ARGUMENT…]
post() {
	local host=$server4 from=$client4
	[ "$1" = 6 ] && host=[$server6] && from=$client6
	curl -s -g --path-as-is --interface "$from" -o /dev/null "${@:3}" "http://$host:5000$2"
	show_new "$log"
}

say "Flask $(dpkg-query -W -f '${Version}' python3-flask), werkzeug $(dpkg-query -W -f '${Version}' python3-werkzeug)"
say "wrong password"
post 4 /login -d user=alice -d password=wrong
post 6 /login -d user=alice -d password=wrong
say "other login pages"
post 4 /api/auth/login -d password=wrong
post 4 /admin/login/ -d password=wrong
say "with a query"
post 4 '/login?next=/' -d password=wrong
say "queries that try to accuse $innocent"
post 4 "/login?x=\"%20401%20-%0a$innocent" -d password=wrong
post 4 "/login?x=$innocent" -d password=wrong
say "a request line with a quotation mark and control characters"
printf 'POST /x"\x1b[0m" 401 -\x0b%s - - [24/Nov/2026 20:56:26] "POST /login HTTP/1.1" 401 - HTTP/1.0\r\n\r\n' "$innocent" | nc -q1 -s "$client4" "$server4" 5000 >/dev/null
show_new "$log"
say "the right password; the page; no such page"
post 4 /login -d password=right
post 4 /
post 4 /no-such-page
