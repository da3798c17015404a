#!/bin/sh
# Sets up the example site in DIR, if it is not there yet, and runs it in the
# foreground until it is interrupted: gunicorn on 127.0.0.1:8000, nginx before it.
#
#	run.sh [DIR]
#
# DIR is /srv/example unless named. From the environment:
#
#	LISTEN          where nginx listens, several in a list; 127.0.0.1:8080 unless set
#	ADMIN_ONLY      if set, only who stands in DIR/admin-allow.txt reaches the admin
#	ADMIN_PASSWORD  of the user "admin", made at the first start; random unless set
#
# Needs nginx, gunicorn, python3-django and python3-django-axes, of Debian 12 or later.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export EXAMPLE_DIR="${1:-/srv/example}"
mkdir -p "$EXAMPLE_DIR"
cd "$EXAMPLE_DIR"

# What is already there may have been changed, and stays.
[ -e project ] || cp -R "$here/project" project
[ -e admin-allow.txt ] || cp "$here/admin-allow.txt" .
[ -e data ] || mkdir data
[ -e data/secret-key ] || (umask 077 && head -c 32 /dev/urandom | base64 >data/secret-key)
# Django may write to its data, and not to its own program, which gaol runs as well.
as=
if [ "$(id -u)" = 0 ]; then
	chown -R www-data: data
	as="setpriv --reuid www-data --regid www-data --init-groups"
fi
cp "$here/nginx.conf" .
for address in ${LISTEN:-127.0.0.1:8080}; do echo "listen $address;"; done >listen.conf
if [ -n "${ADMIN_ONLY:-}" ]; then
	"$here/nginx-allow.sh" admin-allow.txt >admin-allow.conf
else
	echo '# ADMIN_ONLY is not set: everybody reaches the login form.' >admin-allow.conf
fi

export PYTHONDONTWRITEBYTECODE=1
export DJANGO_SUPERUSER_PASSWORD="${ADMIN_PASSWORD:-$(head -c 12 /dev/urandom | base64)}"
$as project/manage.py shell <<'END'
import os
from django.contrib.auth.models import User
from django.core.management import call_command

call_command("migrate", verbosity=0)
if not User.objects.exists():
    call_command("createsuperuser", interactive=False, username="admin", email="admin@example.org", verbosity=0)
    if not os.environ.get("ADMIN_PASSWORD"):
        print("user admin, password", os.environ["DJANGO_SUPERUSER_PASSWORD"])
call_command("check", tags=["security"], fail_level="WARNING")
END
unset DJANGO_SUPERUSER_PASSWORD

# Both stay children of this shell and end with it.
$as /usr/bin/gunicorn --chdir project --bind 127.0.0.1:8000 --workers 2 --log-level warning mysite.wsgi &
gunicorn=$!
/usr/sbin/nginx -p "$EXAMPLE_DIR" -c "$EXAMPLE_DIR/nginx.conf" -g 'daemon off;' &
nginx=$!
trap 'trap - INT TERM; kill $gunicorn $nginx 2>/dev/null; wait' INT TERM EXIT
echo "ready: ${LISTEN:-127.0.0.1:8080}"
wait $nginx
