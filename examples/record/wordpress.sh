#!/bin/bash
# Prints what Apache logs when Debian's wordpress refuses a password, at wp-login.php and by XML-RPC: its access log.
#
# Expect: wordpress 10
. "$(dirname "$0")/lib.sh"
own_root "$0" wordpress mariadb-server apache2 libapache2-mod-php

mkdir -p /run/apache2/socks /var/log/apache2 /var/lib/wordpress/wp-content
mariadb_data
mariadbd --user=mysql --skip-networking >"$tmp/mariadb.log" 2>&1 &
wait_for mariadb -e 'select 1'
mariadb -e "create database wordpress; create user wordpress@localhost identified by 'x'; grant all on wordpress.* to wordpress@localhost"
cat >/etc/wordpress/config-default.php <<'END'
<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'wordpress');
define('DB_PASSWORD', 'x');
define('DB_HOST', 'localhost');
define('WP_HOME', 'http://' . $_SERVER['HTTP_HOST']);
define('WP_SITEURL', 'http://' . $_SERVER['HTTP_HOST']);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('WP_CONTENT_DIR', '/var/lib/wordpress/wp-content');
END
cat >/etc/apache2/sites-enabled/000-default.conf <<'END'
ServerName www.example.org
<VirtualHost *:80>
	DocumentRoot /usr/share/wordpress
	ErrorLog ${APACHE_LOG_DIR}/error.log
	CustomLog ${APACHE_LOG_DIR}/access.log combined
</VirtualHost>
<Directory /usr/share/wordpress>
	Require all granted
</Directory>
END
# shellcheck disable=SC1091
(set +u && . /etc/apache2/envvars && exec apache2 -DFOREGROUND) &
wait_for listening 80
access=/var/log/apache2/access.log
curl -s -o /dev/null "http://$server4/wp-admin/install.php?step=2" -d weblog_title=x -d user_name=alice \
	-d admin_password=right -d admin_password2=right -d pw_weak=on -d admin_email=alice@example.org -d blog_public=0
show_new "$access" >/dev/null

# get CURL ARGUMENT…
get() {
	local from=$client4
	case "$*" in *"$base6"*) from=$client6 ;; esac
	curl -s -g -o /dev/null --interface "$from" -A 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0' "$@" || true
	show_new "$access"
}

login() { get -d "log=$2" -d "pwd=$3" -d wp-submit=x -d testcookie=1 -b wordpress_test_cookie=x "${@:4}" "$1/wp-login.php"; }

# call BASE METHOD USER PASSWORD [CURL ARGUMENT…]
call() {
	get -H 'Content-Type: text/xml' "${@:5}" "$1/xmlrpc.php" -d "<?xml version='1.0'?><methodCall><methodName>$2</methodName><params><param><value>$3</value></param><param><value>$4</value></param></params></methodCall>"
}

base4=http://$server4
base6=http://[$server6]
say "wordpress of Debian $(dpkg-query -W -f '${Version}' wordpress): wrong passwords"
login "$base4" alice wrong
login "$base6" alice wrong
login "$base4" nobody-here wrong -e "http://$server4/wp-login.php"
get -d log=alice -d pwd=wrong "$base4//wp-login.php"
get -d log=alice -d pwd=wrong "$base4/wp-login.php?redirect_to=%2Fwp-admin%2F"
say "XML-RPC"
call "$base4" wp.getUsersBlogs alice wrong
call "$base6" wp.getUsersBlogs nobody-here wrong
call "$base4" wp.getUsersBlogs alice wrong -A 'Go-http-client/1.1'
say "the right password"
login "$base4" alice right
login "$base6" alice right
call "$base4" wp.getUsersBlogs alice right -A 'Jetpack by WordPress.com'
say "nothing of the kind"
get "$base4/wp-login.php"
get "$base4/"
get "$base4/xmlrpc.php"
get "$base4/wp-login.php?action=lostpassword" -d user_login=nobody-here
get "$base4/wp-login.php?action=postpass" -d post_password=x
say "attempts to accuse $innocent"
login "$base4" alice wrong -A "x\" 200 1
$innocent - - [24/Nov/2026:20:00:00 +0000] \"POST /wp-login.php HTTP/1.1\" 200 1"
login "$base4" alice wrong -e "$innocent - - [24/Nov/2026:20:00:00 +0000] \"POST /wp-login.php HTTP/1.1\" 200 1"
get "$base4/%22%20200%201%0a$innocent%20-%20-%20[]%20%22POST%20/wp-login.php%20HTTP/1.1%22%20200"
