#!/bin/bash
# Prints what Apache logs when Debian's Zabbix refuses a password at its page: its access log. Zabbix itself writes whom it
# refused to its database alone; that is printed last, and is in no file.
#
# Expect: zabbix 23
. "$(dirname "$0")/lib.sh"
own_root "$0" zabbix-frontend-php zabbix-server-mysql mariadb-server apache2 libapache2-mod-php php-mysql

mkdir -p /run/apache2/socks /var/log/apache2
mariadb_data
mariadbd --user=mysql --skip-networking >"$tmp/mariadb.log" 2>&1 &
wait_for mariadb -e 'select 1'
mariadb -e "create database zabbix character set utf8mb4 collate utf8mb4_bin; create user zabbix@localhost identified by 'x'; grant all on zabbix.* to zabbix@localhost"
zcat /usr/share/zabbix-server-mysql/schema.sql.gz | mariadb zabbix
# Of the data, what is about users. The rest takes long.
zcat /usr/share/zabbix-server-mysql/data.sql.gz | sed -nE '/^INSERT INTO `(users|users_groups|usrgrp|role|role_rule|config|settings|dbversion)` /,/;$/p' |
	mariadb --init-command='set foreign_key_checks=0' zabbix
sed "s/^\(\$DB\['PASSWORD'\]\).*/\1 = 'x';/" /usr/share/zabbix/conf/zabbix.conf.php.example >/etc/zabbix/zabbix.conf.php
cp /etc/apache2/conf-available/zabbix-frontend-php.conf /etc/apache2/conf-enabled/
echo 'ServerName www.example.org' >/etc/apache2/conf-enabled/name.conf
# shellcheck disable=SC1091
(set +u && . /etc/apache2/envvars && exec apache2 -DFOREGROUND) &
wait_for listening 80
access=/var/log/apache2/access.log
show_new "$access" >/dev/null

# get CURL ARGUMENT… goes on with the session there is.
get() {
	local from=$client4
	case "$*" in *"$base6"*) from=$client6 ;; esac
	curl -s -g --path-as-is -o "$tmp/page" --interface "$from" -b "$tmp/jar" -c "$tmp/jar" \
		-A 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0' "$@" || true
	show_new "$access"
}

# login URL USER PASSWORD [CURL ARGUMENT…] begins one.
login() {
	rm -f "$tmp/jar"
	get --data-urlencode "name=$2" --data-urlencode "password=$3" -d autologin=1 --data-urlencode 'enter=Sign in' "${@:4}" "$1"
}

# forget lets an account in again that was blocked, as it is for half a minute after five failures.
forget() { mariadb zabbix -e 'update users set attempt_failed = 0'; }

base4=http://$server4
base6=http://[$server6]
page=zabbix/index.php
say "zabbix-frontend-php of Debian $(dpkg-query -W -f '${Version}' zabbix-frontend-php): wrong passwords"
login "$base4/$page" Admin wrong
login "$base6/$page" Admin wrong
login "$base4/$page" nobody-here wrong -e "$base4/$page?request=zabbix.php%3Faction%3Ddashboard.view"
login "$base6/$page" nobody-here wrong
login "$base4/$page" Admin ''
login "$base4/$page" '' wrong
say "other ways to the same page"
login "$base4/zabbix/" Admin wrong
login "$base6/zabbix/?x=y" Admin wrong
login "$base4//zabbix//index.php" Admin wrong
login "$base4/$page/x" Admin wrong
login "$base6/$page?reconnect=1" Admin wrong
login "$base4/$page?request=zabbix.php%3Faction%3Ddashboard.view" Admin wrong
login "$base4/$page?\"" Admin wrong
login "$base4/$page" Admin wrong --request-target "http://www.example.org/$page"
get "$base4/$page?name=Admin&password=wrong&enter=Sign%20in"
get "$base6/zabbix/?enter=x&password=wrong&name=Admin"
get -I "$base4/$page?name=Admin&password=wrong&enter=x"
say "blocked: the right password"
login "$base4/$page" Admin zabbix
forget
say "the right password"
login "$base4/$page" Admin zabbix
get "$base4/zabbix/zabbix.php?action=dashboard.view"
get "$base4/$page"
get "$base4/$page" -d x=y
get "$base4/$page?reconnect=1"
login "$base6/$page" Admin zabbix
get -X POST "$base6/$page?reconnect=1"
rm "$tmp/jar"
get "$base4/$page?name=Admin&password=zabbix&enter=Sign%20in"
rm "$tmp/jar"
say "nothing of the kind"
get "$base4/zabbix"
get "$base4/zabbix/"
get "$base4/$page"
get "$base4/$page?request=zabbix.php%3Faction%3Ddashboard.view"
get "$base4/zabbix/zabbix.php?action=dashboard.view"
get "$base4/zabbix/zabbix.php?action=dashboard.view" -d x=y
get "$base4/$page?enter=guest"
say "the API: a wrong and the right password"
for password in wrong zabbix; do
	get "$base4/zabbix/api_jsonrpc.php" -H 'Content-Type: application/json-rpc' \
		-d '{"jsonrpc":"2.0","method":"user.login","params":{"username":"Admin","password":"'$password'"},"id":1}'
done
say "attempts to accuse $innocent"
login "$base4/$page" "x\" 200 1
$innocent - - [24/Nov/2026:20:00:00 +0000] \"POST /zabbix/index.php HTTP/1.1\" 200 1" wrong
login "$base4/$page" Admin wrong -A "x\" 200 1 $innocent - - [24/Nov/2026:20:00:00 +0000] \"POST /zabbix/index.php HTTP/1.1\" 200 1"
login "$base4/$page" Admin wrong -e "$innocent - - [24/Nov/2026:20:00:00 +0000] \"POST /zabbix/index.php HTTP/1.1\" 200 1"
login "$base4/$page" Admin wrong -H "X-Forwarded-For: $innocent"
login "$base6/$page" Admin wrong -u "$innocent - - [] \"POST /zabbix/index.php HTTP/1.1\" 200 :x"
get "$base4/%22%20200%201%0a$innocent%20-%20-%20[]%20%22POST%20/zabbix/index.php%20HTTP/1.1%22%20200"
say "Zabbix' own audit log: failed logins (9; everyone begins as guest), logins (8), table users"
mariadb zabbix -e 'select username, ip, action, count(*) from auditlog where action in (8, 9) group by 1, 2, 3; select username, attempt_failed, attempt_ip from users'
say "Apache's error log"
cat /var/log/apache2/error.log
