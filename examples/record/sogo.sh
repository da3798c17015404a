#!/bin/bash
# Prints what SOGo logs of logins: its web form, with users in an LDAP directory. See lib.sh.
#
# Expect: sogo-auth 6 2
. "$(dirname "$0")/lib.sh"
own_root "$0" sogo slapd ldap-utils
log=/var/log/sogo/sogo.log

directory

cat >/etc/sogo/sogo.conf <<'END'
{
  WOPort = "192.0.2.1:20000";
  SOGoUserSources = ({
    type = ldap; id = directory; isAddressBook = NO; canAuthenticate = YES; displayName = Users;
    CNFieldName = cn; IDFieldName = uid; UIDFieldName = uid; baseDN = "dc=example,dc=org";
    bindDN = "cn=root,dc=example,dc=org"; bindPassword = secret; hostname = "ldap://127.0.0.1:389";
  });
}
END
mkdir -p /run/sogo /var/log/sogo
chown sogo:sogo /run/sogo /var/log/sogo
memcached -u memcache -l 127.0.0.1 -d
touch "$log"
chown sogo:sogo "$log"
setpriv --reuid sogo --regid sogo --init-groups env HOME=/var/lib/sogo \
	/usr/sbin/sogod -WOWorkersCount 1 -WOPidFile /run/sogo/sogo.pid -WOLogFile "$log" -WONoDetach YES >"$tmp/sogo.out" 2>&1 &
wait_for listening 20000
sleep 2
show_new "$log"

# login USER PASSWORD [CURL ARGUMENT…] posts the login form as the web server passes it on.
login() {
	local user=$1 password=$2
	shift 2
	curl -s -o /dev/null --max-time 20 "$@" -H 'Content-Type: application/json' \
		--data "$(python3 -c 'import json, sys; print(json.dumps({"userName": sys.argv[1], "password": sys.argv[2]}))' "$user" "$password")" \
		http://192.0.2.1:20000/SOGo/connect || true # an empty password ends the process that sees it
	show_new "$log" | grep -v SOGoSQLUserProfile # there is no database
}
from4=(-H "x-webobjects-remote-host: $client4")
from6=(-H "x-webobjects-remote-host: $client6")
say "$(dpkg-query -W -f 'SOGo ${Version}' sogo): wrong password, unknown user, IPv6, no password"
login alice wrong "${from4[@]}"
login nobody-here wrong "${from4[@]}"
login alice wrong "${from6[@]}"
login alice '' "${from4[@]}"
sleep 1.5
say "through a proxy, with a header that the client sent as well"
login alice wrong "${from4[@]}" -H "X-Forwarded-For: $innocent"
login alice wrong -H "x-forwarded-for: $innocent, $client4"
say "no proxy"
login alice wrong
say "right passwords: successes"
login alice right "${from4[@]}"
login alice right "${from6[@]}"
say "names that try to accuse $innocent"
login "x' might not have worked - password policy: 65535  grace: -1  expire: -1  bound: 0" wrong "${from4[@]}"
login "x
Nov 24 20:50:13 sogod [1]: SOGoRootPage Login from '$innocent' for user 'x' might not have worked - password policy: 65535  grace: -1  expire: -1  bound: 0" wrong "${from4[@]}"
login "x' Login from '$innocent' for user 'y" wrong "${from4[@]}"
