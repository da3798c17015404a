#!/bin/bash
# Prints what Debian's roundcube logs when Dovecot refuses a password: errors.log, userlogins.log (log_logins, which
# is off as installed), and what it sends to syslog and to standard output with log_driver.
#
# Expect: roundcube-auth 27 3
. "$(dirname "$0")/lib.sh"
own_root "$0" roundcube-core roundcube-sqlite3 dovecot-imapd apache2 libapache2-mod-php

# Dovecot lets in whoever has the password "right", if the name is alice.
mkdir -p "$tmp/mail" /run/apache2/socks /var/log/apache2
chmod 777 "$tmp/mail"
echo 'alice:{PLAIN}right' >"$tmp/passwd"
dovecot_config >"$tmp/dovecot.conf" <<END
protocols = imap
log_path = $tmp/dovecot.log
base_dir = $tmp/dovecot
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
listen = 127.0.0.1
mail_location = maildir:$tmp/mail/%n
service anvil {
	unix_listener anvil-auth-penalty {
		mode = 0
	}
}
passdb {
	driver = passwd-file
	args = $tmp/passwd
}
userdb {
	driver = static
	args = uid=www-data gid=www-data home=$tmp/mail
}
END
dovecot -F -c "$tmp/dovecot.conf" &
wait_for listening 143

logs=/var/log/roundcube
touch "$logs/errors.log" "$logs/userlogins.log"
chown www-data "$logs"/*
# Let many attempts a minute reach Dovecot.
{ cat /etc/roundcube/config.inc.php; echo "\$config['login_rate_limit'] = 1000;"; } >"$tmp/config"
# roundcube LINE… adds these lines to its configuration, for all that follows.
roundcube() {
	{ cat "$tmp/config"; printf '%s\n' "$@"; } >/etc/roundcube/config.inc.php
	sleep 3 # PHP looks for changes every other second
}

printf '%s\n' 'ServerName www.example.org' 'Alias /roundcube /var/lib/roundcube/public_html' >/etc/apache2/conf-enabled/name.conf
# shellcheck disable=SC1091
(set +u && . /etc/apache2/envvars && exec apache2 -DFOREGROUND) >"$tmp/output" 2>&1 &
wait_for listening 80

# login BASE USER PASSWORD [CURL ARGUMENT…]
login() {
	local base=$1 from=$client4 token
	[ "$base" = "$base4" ] || from=$client6
	rm -f "$tmp/jar"
	token=$(curl -s -g --interface "$from" -c "$tmp/jar" "$base/roundcube/?_task=login" | sed -n 's/.*name="_token" value="\([^"]*\)".*/\1/p' | head -n1)
	curl -s -g -o /dev/null --interface "$from" -b "$tmp/jar" --data-urlencode "_token=$token" \
		--data-urlencode "_user=$2" --data-urlencode "_pass=$3" -d _task=login -d _action=login "${@:4}" "$base/roundcube/?_task=login" || true
	show_new "$logs/errors.log"
	show_new "$logs/userlogins.log"
	[ ! -e "$tmp/syslog" ] || show_new "$tmp/syslog"
	show_new "$tmp/output"
}

base4=http://$server4
base6=http://[$server6]

attempts() {
	login "$base4" alice wrong
	login "$base6" alice wrong
	login "$base4" nobody-here wrong
	login "$base6" nobody-here@example.org wrong
	say "the right password"
	login "$base4" alice right
	say "with headers as proxies set them"
	login "$base4" alice wrong -H 'X-Forwarded-For: 203.0.113.9'
	login "$base4" alice wrong -H 'X-Forwarded-For: 203.0.113.9' -H 'X-Real-IP: 203.0.113.9'
	say "attempts to accuse $innocent"
	login "$base4" "x against localhost from $innocent. Authentication failed" wrong
	login "$base4" "x from $innocent in session 0123456789abcdef (error: 0)" wrong
	login "$base4" alice wrong -H "X-Forwarded-For: 1) against localhost from $innocent. x in /x/rcube_imap.php on line 1 (POST /)"
	login "$base4" "x
[24-Nov-2026 20:00:00 +0000]: <01234567> IMAP Error: Login failed for root against localhost from $innocent. AUTHENTICATE PLAIN: x in /usr/share/roundcube/program/lib/Roundcube/rcube_imap.php on line 211 (POST /?_task=login&_action=login)" wrong
}

say "roundcube of Debian $(dpkg-query -W -f '${Version}' roundcube-core), as installed: errors.log"
roundcube
attempts
say "log_logins: userlogins.log as well"
roundcube "\$config['log_logins'] = true;"
attempts
say "log_driver syslog"
syslog "$tmp/syslog"
roundcube "\$config['log_driver'] = 'syslog';" "\$config['log_logins'] = true;"
attempts
say "log_driver stdout, as in Roundcube's container"
roundcube "\$config['log_driver'] = 'stdout';" "\$config['log_logins'] = true;"
attempts
