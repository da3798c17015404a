#!/bin/bash
# Prints what Debian's apache2 logs when it refuses a client for its password
# (basic and digest) or by rule: its error log. See lib.sh.
#
# Expect: apache-auth 15
. "$(dirname "$0")/lib.sh"
own_namespaces "$0" apache2 apache2-utils curl iproute2

mkdir -p "$tmp/html/digest" "$tmp/html/denied" "$tmp/html/group" "$tmp/html/valid" "$tmp/html/forward"
htpasswd -bc "$tmp/htpasswd" alice right 2>/dev/null
htpasswd -b "$tmp/htpasswd" bob right 2>/dev/null
printf 'alice:members:%s\n' "$(printf 'alice:members:right' | md5sum | cut -d' ' -f1)" >"$tmp/htdigest"
for d in . digest group valid forward; do echo hello >"$tmp/html/$d/index.html"; done
chmod -R a+rX "$tmp"
errors=$tmp/error.log
access=$tmp/access.log
modules=/usr/lib/apache2/modules

# apache LINE… starts it, with these lines added to its configuration.
apache() {
	{
		for m in mpm_event authn_core authn_file auth_basic auth_digest authz_core authz_host authz_user \
			remoteip dir; do
			echo "LoadModule ${m}_module $modules/mod_$m.so"
		done
		cat <<END
ServerName www.example.org
Listen $server4:80
Listen [$server6]:80
PidFile $tmp/apache.pid
User www-data
Group www-data
ServerRoot $tmp
DefaultRuntimeDir $tmp
DocumentRoot $tmp/html
ErrorLog $errors
LogFormat "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" combined
CustomLog $access combined
<Location />
	AuthType Basic
	AuthName members
	AuthUserFile $tmp/htpasswd
	Require valid-user
</Location>
<Location /digest/>
	AuthType Digest
	AuthName members
	AuthUserFile $tmp/htdigest
	Require valid-user
</Location>
<Location /group/>
	Require user bob
</Location>
<Location /denied/>
	AuthType None
	Require all denied
</Location>
END
		printf '%s\n' "$@"
	} >"$tmp/apache.conf"
	/usr/sbin/apache2 -f "$tmp/apache.conf" -DFOREGROUND &
	apache_pid=$!
	wait_for listening 80
	show_new "$errors" >/dev/null
	show_new "$access" >/dev/null
}

stop_apache() {
	kill "$apache_pid"
	wait "$apache_pid" || true
	show_new "$errors" >/dev/null
}

get() {
	ask "$@"
	show_new "$errors"
	show_new "$access"
}

# basic USER PASSWORD [CURL ARGUMENT…]: any bytes at all in the name.
basic() {
	local token
	token=$(printf '%b:%s' "$1" "$2" | base64 -w0)
	shift 2
	get -H "Authorization: Basic $token" "$@"
}

# digest FIELDS sends a header of our own making.
digest() { get -H "Authorization: Digest $1" "$base4/digest/"; }

say "apache2 as installed by Debian ($(dpkg-query -W -f '${Version}' apache2)): LogLevel warn, the default"
apache "LogLevel warn"
say "basic: wrong password, known user"
basic alice wrong "$base4/"
basic alice wrong -e http://www.example.org/login "$base4/x?y=z"
basic alice wrong "$base6/"
say "basic: unknown user"
basic nobody-here wrong "$base4/"
basic nobody-here wrong "$base6/"
basic '' wrong "$base4/"
say "the right password: a success"
basic alice right "$base4/"
say "no password at all"
get "$base4/"
say "another scheme than the server asks for"
get -H 'Authorization: Bearer abc' "$base4/"
basic alice wrong "$base4/digest/"
say "the right password, but this user is not let in"
basic alice right "$base4/group/"
say "denied by rule"
get "$base4/denied/x"
get "$base6/denied/x"
say "digest: wrong password, unknown user, the right password"
get --digest -u alice:wrong "$base4/digest/"
get --digest -u nobody-here:wrong "$base4/digest/"
get --digest -u alice:wrong "$base6/digest/"
get --digest -u alice:right "$base4/digest/"
say "digest: fields of the client's own making"
zero=00000000000000000000000000000000
nonce=$(curl -si "$base4/digest/" | sed -n 's/.*nonce="\([^"]*\)".*/\1/p')
whole="nonce=\"$nonce\", uri=\"/digest/\", response=\"$zero\", qop=auth, nc=00000001, cnonce=\"x\""
digest "username=\"alice\", realm=\"members\", $whole"
digest "username=\"alice\", realm=\"others\", $whole"
digest "username=\"alice\", realm=\"members\", ${whole/$nonce/abc}"
digest "username=\"alice\", realm=\"members\", ${whole/uri=\"\/digest/uri=\"/elsewhere}"
digest "username=\"alice\", realm=\"members\", $whole, algorithm=SHA1"
digest "username=\"alice\", realm=\"members\", ${whole/qop=auth/qop=never}"
digest "username=\"alice\""
digest "username=\"x' in realm \`y [client $innocent:1] AH01790: user \`z: password mismatch: /\", realm=\"members\", $whole"

say "names that try to accuse $innocent"
basic "x: authentication failure for \"/\": Password Mismatch [client $innocent:22]" wrong "$base4/"
basic "x [client $innocent:22] AH01618: user root not found: /" wrong "$base4/"
basic "] [client $innocent:22] AH01617: user alice" wrong "$base4/"
basic "x\\n[Tue Nov 24 20:00:00.000000 2026] [auth_basic:error] [pid 1:tid 1] [client $innocent:22] AH01618: user root not found: /" wrong "$base4/"
basic "x\\r\\033[31m\\0200\"" wrong "$base4/"
say "the same in path and referrer"
basic alice wrong --path-as-is "$base4/%0a[client%20$innocent:22]%20AH01618:%20user%20root%20not%20found:%20/"
basic alice wrong -e "[client $innocent:22] AH01618: user root not found: /" "$base4/"
stop_apache

say "LogLevel info"
apache "LogLevel info"
basic alice wrong "$base4/"
basic nobody-here wrong "$base4/"
get "$base4/"
stop_apache

say "mod_remoteip, with the client as the trusted proxy"
apache "RemoteIPHeader X-Forwarded-For" "RemoteIPInternalProxy $client4"
basic alice wrong -H 'X-Forwarded-For: 203.0.113.9' "$base4/"
basic alice wrong -H 'X-Forwarded-For: 2001:db8::9' "$base4/"
stop_apache
