#!/bin/bash
# Prints what Horde logs of logins at its form, by syslog. PHP's own web server runs it. See lib.sh.
#
# Expect: horde 8 2
. "$(dirname "$0")/lib.sh"
own_root "$0" php-horde php-cli php-sqlite3 php-xml php-mbstring
log=$tmp/syslog
syslog "$log"
# alice's password is "right".
echo "alice:right" >/etc/horde/passwd
sed -e "s/^\$conf\['auth'\]\['driver'\].*/\$conf['auth']['driver'] = 'passwd';/" \
	-e "s/^\$conf\['auth'\]\['params'\].*/\$conf['auth']['params'] = array('filename' => '\/etc\/horde\/passwd', 'encryption' => 'plain');/" \
	-e "s/^\$conf\['prefs'\]\['driver'\].*/\$conf['prefs']['driver'] = 'Session';/" \
	-e "s/^\$conf\['debug_level'\].*/\$conf['debug_level'] = E_ERROR;/" \
	/etc/horde/horde/conf.php.dist >/etc/horde/horde/conf.php
for address in "$server4" "[$server6]"; do
	php -S "$address:80" -t /usr/share >>"$tmp/php.out" 2>&1 &
done
wait_for listening 80
sleep 1

# login SERVER USER PASSWORD [CURL ARGUMENT…] fills in the form.
login() {
	local server=$1 user=$2 password=$3 from=$client4
	[ "$server" = "$server6" ] && server="[$server6]" from=$client6
	shift 3
	rm -f "$tmp/jar"
	curl -s -g --interface "$from" -c "$tmp/jar" -o /dev/null "http://$server/horde/login.php"
	curl -s -g --interface "$from" -b "$tmp/jar" -o /dev/null "$@" -d login_post=1 -d horde_select_view=basic \
		--data-urlencode "horde_user=$user" --data-urlencode "horde_pass=$password" "http://$server/horde/login.php"
	show_new "$log" | grep -v 'PHP ERROR'
}
say "$(dpkg-query -W -f 'Horde ${Version}' php-horde): wrong password, unknown user, IPv6, no password"
login "$server4" alice wrong
login "$server4" nobody-here wrong
login "$server6" alice wrong
login "$server6" nobody-here wrong
login "$server4" alice ''
say "X-Forwarded-For by the client itself"
login "$server4" alice wrong -H "X-Forwarded-For: $innocent"
say "right passwords: successes"
login "$server4" alice right
login "$server6" alice right
say "names that try to accuse $innocent"
login "$server4" "x to horde ($innocent) [pid 1 on line 1 of \"/x\"]" wrong
login "$server4" "x
Nov 24 20:50:13 server HORDE: [horde] FAILED LOGIN for y to horde ($innocent) [pid 1 on line 1 of \"/x\"]" wrong
login "$server4" "x [$innocent] to Horde" wrong
