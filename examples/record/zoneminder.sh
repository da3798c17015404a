#!/bin/bash
# Prints what Debian's ZoneMinder logs of wrong passwords for its web page: its own log file and
# Apache's error log. See lib.sh.
#
# Expect: zoneminder 5
. "$(dirname "$0")/lib.sh"
own_root "$0" zoneminder mariadb-server apache2 libapache2-mod-php php-mysql
mkdir -p /run/zm && chown www-data: /run/zm
mariadb_data
mariadbd-safe >/dev/null 2>&1 &
wait_for mariadb -e 'select 1'
mariadb </usr/share/zoneminder/db/zm_create.sql >/dev/null
mariadb -e "grant all on zm.* to zmuser@localhost identified by 'zmpass';
	update zm.Config set Value='1' where Name='ZM_OPT_USE_AUTH';
	update zm.Users set Password='-ZM-none' where Username='admin';
	update zm.Users set Password='$(php -r 'echo password_hash("right", PASSWORD_BCRYPT);')' where Username='admin';"
a2enconf -q zoneminder >/dev/null
a2enmod -q rewrite cgi >/dev/null 2>&1
echo "ServerName www.example.org" >/etc/apache2/conf-enabled/name.conf
chmod 644 /etc/zm/zm.conf
mkdir -p /var/log/zm && chown www-data: /var/log/zm
syslog "$tmp/syslog"
apachectl start
wait_for listening 80
# login CLIENT SERVER USER PASSWORD fills in the form.
login() {
	rm -f "$tmp/jar"
	local page="http://$2/zm/index.php" token
	token=$(curl -s -c "$tmp/jar" -b "$tmp/jar" --interface "$1" "$page?view=login" | grep -o 'key:[0-9a-f]*,[0-9]*' | head -n1)
	curl -s -o /dev/null -c "$tmp/jar" -b "$tmp/jar" --interface "$1" --data-urlencode "__csrf_magic=$token" \
		--data-urlencode "username=$3" --data-urlencode "password=$4" -d "action=login&view=login&postLoginQuery=" "$page"
	for log in /var/log/zm/web_php.log /var/log/apache2/error.log "$tmp/syslog"; do
		[ -e "$log" ] && show_new "$log"
	done
	return 0
}
say "ZoneMinder of Debian ($(dpkg-query -W -f '${Version}' zoneminder)): wrong password, unknown user, IPv6"
login "$client4" "$server4" admin wrong
login "$client4" "$server4" nobody-here wrong
login "$client6" "[$server6]" admin wrong
say "names that try to accuse $innocent"
login "$client4" "$server4" "x\"] [$innocent] [Login denied for user \"y" wrong
login "$client4" "$server4" "x from $innocent" wrong
say "right password"
login "$client4" "$server4" admin right
apachectl stop
mariadb-admin shutdown
