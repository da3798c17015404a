#!/bin/bash
# Prints what Apache httpd logs of logins at Icinga Web 2, whose users are in an LDAP directory. See lib.sh.
#
# Expect: icingaweb2 9
. "$(dirname "$0")/lib.sh"
own_root "$0" icingaweb2 apache2 libapache2-mod-php php-ldap slapd
log=/var/log/apache2/access.log
base4=http://$server4/icingaweb2/authentication/login
base6=http://[$server6]/icingaweb2/authentication/login

directory
mkdir -p /etc/icingaweb2
cat >/etc/icingaweb2/resources.ini <<'END'
[directory]
type = "ldap"
hostname = "127.0.0.1"
port = "389"
root_dn = "dc=example,dc=org"
bind_dn = "cn=root,dc=example,dc=org"
bind_pw = "secret"
END
cat >/etc/icingaweb2/authentication.ini <<'END'
[directory]
backend = "ldap"
resource = "directory"
user_class = "inetOrgPerson"
user_name_attribute = "uid"
base_dn = "dc=example,dc=org"
END
printf '[global]\nconfig_backend = "ini"\n[logging]\nlog = "syslog"\nlevel = "INFO"\n' >/etc/icingaweb2/config.ini
chown -R www-data /etc/icingaweb2
mkdir -p /run/apache2
apachectl start >"$tmp/apache.out" 2>&1
wait_for listening 80
touch "$log"

# login BASE USER PASSWORD [CURL ARGUMENT…] fills in the form.
login() {
	local base=$1 user=$2 password=$3 from=$client4 form
	[ "$base" = "$base6" ] && from=$client6
	shift 3
	rm -f "$tmp/jar"
	curl -s -g -L --interface "$from" -c "$tmp/jar" -b "$tmp/jar" -o "$tmp/form" "$base"
	form=$(sed -n 's/.*name="CSRFToken" value="\([^"]*\)".*/\1/p' "$tmp/form" | head -n1)
	curl -s -g --interface "$from" -c "$tmp/jar" -b "$tmp/jar" -o /dev/null -A "Mozilla/5.0" "$@" --data-urlencode "CSRFToken=$form" \
		-d formUID=form_login -d btn_submit=Login --data-urlencode "username=$user" --data-urlencode "password=$password" "$base"
	show_new "$log" | grep -v '"GET '
}
script=(-H 'X-Requested-With: XMLHttpRequest' -H 'X-Icinga-Accept: text/html' -H 'X-Icinga-Container: layout')
say "$(dpkg-query -W -f 'Icinga Web 2 ${Version}' icingaweb2): wrong password, unknown user, IPv6, no password"
login "$base4" alice wrong
login "$base4" nobody-here wrong
login "$base6" alice wrong
login "$base6" nobody-here wrong
login "$base4" alice ''
say "as the page's script sends it, with compression and without"
login "$base4" alice wrong "${script[@]}"
login "$base4" alice wrong "${script[@]}" --compressed
login "$base4" alice wrong --compressed
say "the right password: by a form, and as the page's script sends it"
login "$base4" alice right
login "$base4" alice right "${script[@]}"
login "$base4" alice right "${script[@]}" --compressed
say "text that tries to accuse $innocent"
login "$base4" alice wrong -A "x\" $innocent - - \"POST /icingaweb2/authentication/login HTTP/1.1\" 200 1"
