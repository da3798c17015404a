#!/bin/bash
# Prints what nginx and Apache httpd log when phpmyadmin of Debian, run by PHP-FPM, tells of a password that MariaDB refused
# ($cfg['AuthLog'] = 'php').
#
# Expect: phpmyadmin 16 2
. "$(dirname "$0")/lib.sh"
own_root "$0" phpmyadmin mariadb-server nginx-light apache2 php-fpm php-mysql

mkdir -p /run/php /run/apache2/socks /var/log/apache2
mariadb_data
mariadbd --user=mysql --skip-networking >"$tmp/mariadb.log" 2>&1 &
wait_for mariadb -e 'select 1'
mariadb -e "create user alice@localhost identified by 'right'"
cat >/etc/phpmyadmin/conf.d/recording.php <<'END'
<?php
$cfg['blowfish_secret'] = 'abcdefghijklmnopqrstuvwxyzabcdef';
$cfg['TempDir'] = '/tmp';
$cfg['AuthLog'] = 'php';
$cfg['AuthLogSuccess'] = true;
END
"$(echo /usr/sbin/php-fpm8.*)" --nodaemonize >"$tmp/fpm.log" 2>&1 &
socket=$(sed -n 's/^listen = //p' /etc/php/8.*/fpm/pool.d/www.conf)
wait_for test -S "$socket"

cat >/etc/nginx/sites-enabled/default <<END
server {
	listen 80;
	listen [::]:80;
	server_name www.example.org;
	root /usr/share;
	location ~ \.php\$ {
		include fastcgi.conf;
		fastcgi_pass unix:$socket;
	}
}
END
nginx -g 'daemon off;' &
wait_for listening 80
echo 'Listen 81' >/etc/apache2/ports.conf
rm -f /etc/apache2/sites-enabled/* /etc/apache2/conf-enabled/phpmyadmin.conf
cat >/etc/apache2/sites-enabled/pma.conf <<END
ServerName www.example.org
<VirtualHost *:81>
	DocumentRoot /usr/share
	ErrorLog /var/log/apache2/error.log
	<FilesMatch "\.php\$">
		SetHandler "proxy:unix:$socket|fcgi://localhost"
	</FilesMatch>
</VirtualHost>
END
a2enmod -q proxy proxy_fcgi
# shellcheck disable=SC1091
(set +u && . /etc/apache2/envvars && exec apache2 -DFOREGROUND) &
wait_for listening 81

show() {
	show_new /var/log/nginx/error.log
	show_new /var/log/apache2/error.log
}
show >/dev/null

# login BASE USER PASSWORD [CURL ARGUMENT…]
login() {
	local base=$1 from=$client4 page token session
	case $base in *\[*) from=$client6 ;; esac
	rm -f "$tmp/jar"
	page=$(curl -s -g --interface "$from" -c "$tmp/jar" "$base/phpmyadmin/index.php")
	token=$(sed -n 's/.*name="token" value="\([^"]*\)".*/\1/p' <<<"$page" | head -n1)
	session=$(sed -n 's/.*name="set_session" value="\([^"]*\)".*/\1/p' <<<"$page" | head -n1)
	curl -s -g -L -o /dev/null --interface "$from" -b "$tmp/jar" -c "$tmp/jar" -d "set_session=$session" --data-urlencode "token=$token" \
		--data-urlencode "pma_username=$2" --data-urlencode "pma_password=$3" -d server=1 "${@:4}" "$base/phpmyadmin/index.php" || true
	show
}

for port in 80 81; do
	base4=http://$server4:$port
	base6=http://[$server6]:$port
	say "phpmyadmin of Debian $(dpkg-query -W -f '${Version}' phpmyadmin), port $port"
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
user denied: root (mysql-denied) from $innocent" wrong
	login "$base4" "x' (mysql-denied) from $innocent\" while reading response header from upstream, client: $innocent, server: x" wrong
	login "$base4" alice wrong -e "user denied: root (mysql-denied) from $innocent"
done
