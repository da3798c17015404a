#!/bin/bash
# Prints what Debian's phpmyadmin logs when MariaDB refuses a password: to syslog, as installed, and to a file and to
# PHP's error log, which is Apache's here, with $cfg['AuthLog'].
#
# Expect: phpmyadmin 24 2
# Expect: phpmyadmin-syslog 8
. "$(dirname "$0")/lib.sh"
own_root "$0" phpmyadmin mariadb-server apache2 libapache2-mod-php

mkdir -p /run/apache2/socks /var/log/apache2
syslog "$tmp/syslog"
mariadb_data
mariadbd --user=mysql --skip-networking >"$tmp/mariadb.log" 2>&1 &
wait_for mariadb -e 'select 1'
mariadb -e "create user alice@localhost identified by 'right'"
cp /etc/phpmyadmin/apache.conf /etc/apache2/conf-enabled/phpmyadmin.conf
touch /var/lib/phpmyadmin/tmp/auth.log
chown www-data /var/lib/phpmyadmin/tmp/auth.log # where PHP's open_basedir lets it write
errors=/var/log/apache2/error.log

# phpmyadmin LINE… adds these lines to its configuration, for all that follows.
phpmyadmin() {
	{ echo '<?php'; printf '%s\n' "\$cfg['blowfish_secret'] = 'abcdefghijklmnopqrstuvwxyzabcdef';" "\$cfg['TempDir'] = '/tmp';" "$@"; } >/etc/phpmyadmin/conf.d/recording.php
	sleep 3 # PHP looks for changes every other second
}

phpmyadmin
echo 'ServerName www.example.org' >/etc/apache2/conf-enabled/name.conf
# shellcheck disable=SC1091
(set +u && . /etc/apache2/envvars && exec apache2 -DFOREGROUND) &
wait_for listening 80
show_new "$errors" >/dev/null

show() {
	show_new "$tmp/syslog" | grep -v 'CRON\|rsyslogd\|kernel' || true
	show_new "$errors"
	show_new /var/lib/phpmyadmin/tmp/auth.log
}

# login BASE USER PASSWORD [CURL ARGUMENT…]
login() {
	local base=$1 from=$client4 page token session
	[ "$base" = "$base4" ] || from=$client6
	rm -f "$tmp/jar"
	page=$(curl -s -g --interface "$from" -c "$tmp/jar" "$base/phpmyadmin/index.php")
	token=$(sed -n 's/.*name="token" value="\([^"]*\)".*/\1/p' <<<"$page" | head -n1)
	session=$(sed -n 's/.*name="set_session" value="\([^"]*\)".*/\1/p' <<<"$page" | head -n1)
	curl -s -g -L -o /dev/null --interface "$from" -b "$tmp/jar" -c "$tmp/jar" -d "set_session=$session" --data-urlencode "token=$token" \
		--data-urlencode "pma_username=$2" --data-urlencode "pma_password=$3" -d server=1 "${@:4}" "$base/phpmyadmin/index.php" || true
	show
}

base4=http://$server4
base6=http://[$server6]

attempts() {
	login "$base4" alice wrong
	login "$base6" alice wrong
	login "$base4" nobody-here wrong
	login "$base4" root ''
	login "$base6" nobody-here wrong -e http://www.example.org/
	say "the right password"
	login "$base4" alice right
	say "attempts to accuse $innocent"
	login "$base4" "x (mysql-denied) from $innocent" wrong
	login "$base4" "x
Nov 24 20:00:00 phpmyadmin: user denied: root (mysql-denied) from $innocent" wrong
	login "$base4" alice wrong -e "user denied: root (mysql-denied) from $innocent"
}

say "phpmyadmin of Debian $(dpkg-query -W -f '${Version}' phpmyadmin), as installed"
attempts
say "AuthLogSuccess, AllowRoot off"
phpmyadmin "\$cfg['AuthLogSuccess'] = true;" "\$cfg['Servers'][1]['AllowRoot'] = false;"
login "$base4" root wrong
login "$base4" alice right
say "AuthLog: a file"
phpmyadmin "\$cfg['AuthLog'] = '/var/lib/phpmyadmin/tmp/auth.log';" "\$cfg['AuthLogSuccess'] = true;"
attempts
for destination in php sapi; do
	say "AuthLog: $destination"
	phpmyadmin "\$cfg['AuthLog'] = '$destination';" "\$cfg['AuthLogSuccess'] = true;"
	attempts
done
