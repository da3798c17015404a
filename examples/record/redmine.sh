#!/bin/bash
# Prints what Redmine logs of logins: its form, and basic authentication of its API. See lib.sh.
#
# Expect: redmine 8 2
. "$(dirname "$0")/lib.sh"
own_root "$0" redmine redmine-sqlite puma
log=/var/log/redmine/default/production.log
base4=http://$server4:3000
base6=http://[$server6]:3000

export X_DEBIAN_SITEID=default RAILS_ENV=production HOME=/tmp
cd /usr/share/redmine
bundle exec rails runner '
	a = User.find_by_login("admin"); a.password = "rightright"; a.must_change_passwd = false; a.save!
	Setting.rest_api_enabled = "1"'
chown -R www-data /var/log/redmine /var/cache/redmine /var/lib/redmine /var/lib/dbconfig-common
setpriv --reuid www-data --regid www-data --init-groups \
	puma -e production -b "tcp://$server4:3000" -b "tcp://[$server6]:3000" config.ru >"$tmp/puma.out" 2>&1 &
for _ in 1 2 3; do
	wait_for curl -s -o /dev/null "$base4/login" && break
done
show_new "$log" >/dev/null

# login BASE USER PASSWORD [CURL ARGUMENT…] fills in the form; any bytes at all in the name.
login() {
	local base=$1 user=$2 password=$3 from=$client4 token
	[ "$base" = "$base6" ] && from=$client6
	shift 3
	rm -f "$tmp/jar"
	token=$(curl -s -g --interface "$from" -c "$tmp/jar" "$base/login" |
		sed -n 's/.*name="authenticity_token" value="\([^"]*\)".*/\1/p' | head -n1)
	curl -s -g --interface "$from" -o /dev/null -b "$tmp/jar" "$@" --data-urlencode "authenticity_token=$token" \
		--data-urlencode "username=$user" --data-urlencode "password=$password" "$base/login"
	show_new "$log" | grep -v 'Rendered\|Processing by\|Completed 200\|Started GET'
}

say "$(dpkg-query -W -f 'Redmine ${Version}' redmine): wrong password, unknown user, IPv6, no password"
login "$base4" admin wrong
login "$base4" nobody-here wrong
login "$base6" admin wrong
login "$base6" nobody-here wrong
login "$base4" admin ''
say "behind a proxy"
login "$base4" admin wrong -H "X-Forwarded-For: $innocent, 203.0.113.9"
say "the right password: successes"
login "$base4" admin rightright
login "$base6" admin rightright
say "names that try to accuse $innocent"
login "$base4" "x' from $innocent at 2026-11-24 20:00:00 UTC" wrong
login "$base4" "x
Failed login for 'x' from $innocent at 2026-11-24 20:00:00 UTC" wrong
say "the API"
curl -s -o /dev/null -u admin:wrong "$base4/users.json"
curl -s -o /dev/null -u nobody-here:wrong "$base4/users.json"
curl -s -o /dev/null -u admin:rightright "$base4/users.json"
curl -s -o /dev/null -H 'X-Redmine-API-Key: 0123456789' "$base4/users.json"
show_new "$log" | grep -v Rendered
