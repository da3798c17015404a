#!/bin/bash
# Prints what LemonLDAP::NG's portal logs of logins, with users in an LDAP
# directory, behind nginx. See lib.sh.
#
# Expect: lemonldap-ng 5
. "$(dirname "$0")/lib.sh"
own_root "$0" lemonldap-ng lemonldap-ng-fastcgi-server nginx-light libgd-securityimage-perl perlmagick libmime-tools-perl libemail-sender-perl libstring-random-perl libunicode-string-perl libnet-ldap-perl libio-socket-timeout-perl slapd
log=$tmp/syslog
syslog "$log"

directory
sed -i '/^\[portal\]/a authentication = LDAP\nuserDB = LDAP\npasswordDB = LDAP\nldapServer = ldap://127.0.0.1\nldapBase = dc=example,dc=org\nmanagerDn = cn=root,dc=example,dc=org\nmanagerPassword = secret' \
	/etc/lemonldap-ng/lemonldap-ng.ini
sed -i 's/^logLevel *=.*/logLevel = notice/' /etc/lemonldap-ng/lemonldap-ng.ini
ln -s ../sites-available/portal-nginx.conf /etc/nginx/sites-enabled/
rm /etc/nginx/sites-enabled/default
mkdir -p /run/llng-fastcgi-server
chown www-data:www-data /run/llng-fastcgi-server
ln -sf /run /var/run
(. /etc/default/lemonldap-ng-fastcgi-server && SOCKET=$SOCKET PID=$PID USER=$USER GROUP=$GROUP NPROC=1 llng-fastcgi-server)
nginx
wait_for listening 80
show_new "$log" >/dev/null

# login SERVER USER PASSWORD [CURL ARGUMENT…] fills in the portal's form.
login() {
	local server=$1 user=$2 password=$3 from=$client4 token
	[ "$server" = "$server6" ] && server="[$server6]" from=$client6
	shift 3
	token=$(curl -s -g --interface "$from" -H 'Host: auth.example.com' -H 'Accept: text/html' "http://$server/" |
		sed -n 's/.*name="token" value="\([^"]*\)".*/\1/p' | head -n1)
	curl -s -g --interface "$from" -o /dev/null -H 'Host: auth.example.com' -H 'Accept: text/html' "$@" \
		--data-urlencode "user=$user" --data-urlencode "password=$password" --data-urlencode "token=$token" "http://$server/"
	show_new "$log" | grep -v slapd || true # no password, no line
}
say "$(dpkg-query -W -f 'LemonLDAP::NG ${Version}' lemonldap-ng): wrong password, unknown user, IPv6, no password"
login "$server4" alice wrong
login "$server4" nobody-here wrong
login "$server6" alice wrong
login "$server6" nobody-here wrong
login "$server4" alice ''
say "X-Forwarded-For by the client itself"
login "$server4" alice wrong -H "X-Forwarded-For: $innocent"
say "the right password: successes"
login "$server4" alice right
login "$server6" alice right
say "names that try to accuse $innocent"
login "$server4" "x ($innocent)" wrong
login "$server4" "x : $innocent" wrong
login "$server4" "x
[warn] Bad credentials for x ($innocent)" wrong
