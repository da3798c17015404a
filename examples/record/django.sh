#!/bin/bash
# Prints what a Django site, django-axes and the nginx before them log of logins:
# the site of examples/django, its admin's real form. See lib.sh.
#
# Expect: django-auth 5
# Expect: django-axes 3
# Expect: django-admin 5
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
own_namespaces "$0" nginx-light gunicorn python3-django python3-django-axes curl iproute2
site=$tmp/site
base4=http://$server4
base6=http://[$server6]

# django starts the site anew; its settings are those of examples/django and the
# lines on standard input.
django() {
	rm -rf "$site"
	mkdir "$site"
	cp -R "$here/../django/project" "$site/project"
	cat >>"$site/project/mysite/settings.py"
	LISTEN="$server4:80 [$server6]:80" ADMIN_PASSWORD=right "$here/../django/run.sh" "$site" >"$tmp/site.out" 2>&1 &
	site_pid=$!
	for _ in 1 2 3; do
		wait_for curl -sf -o /dev/null "$base4/" && break
	done
	new_lines >/dev/null
}

stop_django() {
	kill "$site_pid"
	wait "$site_pid" || true
	cat "$tmp/site.out"
}

new_lines() {
	for log in data/auth.log data/axes.log access.log; do
		echo "($log)"
		show_new "$site/$log"
	done
}

# login BASE USER PASSWORD [CURL ARGUMENT…] fills in the form; any bytes at all in the name.
login() {
	local base=$1 user=$2 password=$3 from=$client4 token
	[ "$base" = "$base6" ] && from=$client6
	shift 3
	rm -f "$tmp/jar"
	token=$(curl -s -g --interface "$from" -c "$tmp/jar" "$base/admin/login/?next=/admin/" |
		sed -n 's/.*name="csrfmiddlewaretoken" value="\([^"]*\)".*/\1/p')
	curl -s -g --interface "$from" -o /dev/null -b "$tmp/jar" "$@" \
		--data-urlencode "csrfmiddlewaretoken=$token" --data-urlencode "username=$(printf '%b' "$user")" \
		--data-urlencode "password=$password" -d next=/admin/ "$base/admin/login/?next=/admin/"
	new_lines
}

say "Django $(dpkg-query -W -f '${Version}' python3-django), axes $(dpkg-query -W -f '${Version}' python3-django-axes)"
django <<'END'
AXES_VERBOSE = True # the default of axes
END
say "wrong password, known user"
login "$base4" admin wrong
say "the same again"
login "$base4" admin wrong
say "wrong password, unknown user"
login "$base4" nobody-here wrong
say "IPv6"
login "$base6" admin wrong
say "the right password: a success"
login "$base4" admin right
say "X-Forwarded-For by the client itself"
login "$base4" admin wrong -H "X-Forwarded-For: $innocent"
say "the fifth: axes locks out; and one more"
login "$base4" admin wrong
login "$base4" admin wrong
stop_django

say "names and agents that try to accuse $innocent"
django <<'END'
AXES_FAILURE_LIMIT = 1000
AXES_VERBOSE = True
END
login "$base4" "x\", ip_address: \"$innocent\", path_info: \"/\"}. Created" wrong
login "$base4" x wrong -A "y\", ip_address: \"$innocent\", user_agent: \"z"
login "$base4" "x\\n2026-11-24T20:00:00+0000 WARNING AXES: New login failure by {ip_address: \"$innocent\", path_info: \"/" wrong
stop_django

say "the same name, with Python's own formatter instead of ours"
django <<'END'
LOGGING["formatters"]["gaol"]["()"] = "logging.Formatter"
AXES_VERBOSE = True
END
login "$base4" "x\\n2026-11-24T20:00:00+0000 WARNING AXES: New login failure by {ip_address: \"$innocent\", path_info: \"/" wrong
stop_django

say "as in examples/django: AXES_VERBOSE off; Django's verbose form of a line"
django <<'END'
LOGGING["formatters"]["gaol"]["style"] = "{"
LOGGING["formatters"]["gaol"]["format"] = "{levelname} {asctime} {module} {process:d} {thread:d} {message}"
END
login "$base4" admin wrong
stop_django

say "the login form of the admin, asked by somebody who is not in the allow-list"
django <<'END'
ADMIN_ALLOW_LIST = SITE_DIR / "admin-allow.txt"
END
login "$base4" admin right
stop_django
