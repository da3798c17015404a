#!/bin/bash
# Prints what Debian's apache2 logs of clients that look for what is not there: files, scripts, homes of
# users, holes of old CGI programs, and of requests that are no HTTP or that mod_security refuses: its error
# log at the default level and at core:info, and its access log in the "combined" form.
#
# Expect: apache-badbots 6
# Expect: apache-botsearch 25
# Expect: apache-fakegooglebot 4
# Expect: apache-modsecurity 5
# Expect: apache-nohome 4
# Expect: apache-noscript 20
# Expect: apache-overflows 10
# Expect: apache-shellshock 8
# Expect: php-url-fopen 4
. "$(dirname "$0")/lib.sh"
own_root "$0" apache2 libapache2-mod-security2 libapache2-mod-php

mkdir -p "$tmp/html" "$tmp/cgi" /home/alice/public_html
echo hello >"$tmp/html/index.html"
touch "$tmp/html/closed"
chmod 0 "$tmp/html/closed"
# What bash said of such headers from 2014 on, for a while.
cat >"$tmp/cgi/old-bash" <<'END'
#!/bin/sh
case $HTTP_USER_AGENT in "() {"*)
	echo "bash: warning: HTTP_USER_AGENT: ignoring function definition attempt" >&2
	echo "bash: error importing function definition for \`HTTP_USER_AGENT'" >&2 ;;
esac
printf 'Content-Type: text/plain\n\nhello\n'
END
chmod 755 "$tmp/cgi/old-bash"
errors=$tmp/error.log
access=$tmp/access.log
modules=/usr/lib/apache2/modules

# apache MPM LINE… starts it, with these lines added to its configuration.
apache() {
	local mpm=$1
	shift
	{
		for m in "mpm_$mpm" authz_core authz_host dir userdir alias mime unique_id proxy proxy_fcgi; do
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
UserDir public_html
ScriptAlias /cgi-bin/ $tmp/cgi/
<Directory />
	Require all granted
	AllowOverride None
</Directory>
TypesConfig /etc/mime.types
END
		printf '%s\n' "$@"
	} >"$tmp/apache.conf"
	# When it ends it ends its process group, which must not be ours.
	setsid /usr/sbin/apache2 -f "$tmp/apache.conf" -DFOREGROUND &
	apache_pid=$!
	wait_for listening 80
	show_new "$errors"
}

stop_apache() {
	kill "$apache_pid"
	wait "$apache_pid" || true
	show_new "$errors"
}

show() {
	show_new "$errors"
	show_new "$access"
}

get() {
	local from=$client4
	case "$*" in *"$base6"*) from=$client6 ;; esac
	curl -s -g -o /dev/null --max-time 5 --path-as-is --interface "$from" "$@" || true
	show
}

# raw TEXT sends these bytes (printf's escapes) and nothing else.
raw() {
	printf '%b' "$1" | timeout 3 nc -q1 -s "$client4" "$server4" 80 >/dev/null || true
	show
}

base4=http://$server4
base6=http://[$server6]
long=$(printf 'a%.0s' $(seq 9000))

requests() {
	say "files that are not there, asked for by scanners"
	get "$base4/.env"
	get "$base6/.git/config"
	get "$base4/wp-login.php"
	get "$base4/phpmyadmin/index.php?lang=en"
	get "$base4//pma/scripts/setup.php"
	get "$base4/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php" -d '<?php echo 1;'
	get "$base4/cgi-bin/luci/;stok=/locale?form=country"
	say "… and by people"
	get "$base4/missing.html"
	get "$base4/favicon.ico"
	say "scripts that are not there"
	get "$base4/cgi-bin/test-cgi"
	get "$base6/cgi-bin/test.pl"
	get "$base4/x.php"
	get "$base6/x.php" -e http://www.example.org/
	get "$base4/x.asp"
	get "$base4/x.exe"
	say "homes that are not there, and one that is"
	get "$base4/~nobody-here"
	get "$base6/~root/"
	get "$base4/~alice/x.html"
	say "Shellshock"
	get -A '() { :; }; /bin/cat /etc/passwd' "$base4/cgi-bin/old-bash"
	get -A '() { :; }; echo "x"' "$base6/cgi-bin/old-bash"
	get -e '() { ignored; }; /usr/bin/id' "$base4/"
	say "agents"
	get -A 'sqlmap/1.7.2#stable (https://sqlmap.org)' "$base4/"
	get -A 'Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:Port Check)' "$base4/"
	get -A 'EmailSiphon' "$base6/"
	get -A 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' "$base4/"
	get -A 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' "$base6/"
	say "remote includes"
	get "$base4/index.php?page=http://$innocent/shell.txt?"
	get "$base6/index.php?file=php://input" -d x
	say "no HTTP, and too much of it"
	raw '\026\003\001\002\0\001\0\001\374\003\003\n'
	raw 'SSH-2.0-Go\r\n'
	raw 'GET  HTTP/1.1\r\nHost: x\r\n\r\n'
	raw 'GET x HTTP/1.1\r\nHost: x\r\n\r\n'
	raw 'NOSUCH / HTTP/1.1\r\nHost: x\r\n\r\n'
	raw "\001\002 / HTTP/1.1\r\nHost: x\r\n\r\n"
	raw 'GET /%%32%65%%32%65/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n'
	raw 'GET /cgi-bin/.%2e/.%2e/.%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n'
	raw 'GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n'
	raw 'GET / HTTP/1.1\r\nHost: x y\r\n\r\n'
	raw 'GET / HTTP/1.1\r\n\r\n'
	raw 'GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n'
	raw 'GET / JUNK/1.0\r\n\r\n'
	raw 'HEAD /\r\n\r\n'
	raw "GET /$long HTTP/1.1\r\nHost: x\r\n\r\n"
	raw "GET /$(printf 'a%.0s' $(seq 300)) HTTP/1.1\r\nHost: x\r\n\r\n"
	raw "GET / HTTP/1.1\r\nHost: x\r\nX: $long\r\n\r\n"
	raw "GET / HTTP/1.1\r\nHost: x\r\n$(for i in $(seq 110); do printf 'X%s: y\\r\\n' "$i"; done)\r\n"
	raw 'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n'
	raw 'PROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n'
	raw 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'
	get "$base4/closed"
	get "$base4/index.html/x"
	say "attempts to accuse $innocent"
	raw "GET /x [client $innocent:1] AH00126: Invalid URI in request HTTP/1.1\r\nHost: x\r\n\r\n"
	raw "] [client $innocent:1] AH00135: Invalid method in request / HTTP/1.1\r\n\r\n"
	get "$base4/%0a[core:error]%20[pid%201]%20[client%20$innocent:1]%20AH00126:%20Invalid%20URI%20in%20request.php"
	get -e "[client $innocent:1] AH00128: File does not exist: /.env" "$base4/.env"
	get -A "\" 404 1 \"-\" \"x\"
$innocent - - [24/Nov/2026:20:00:00 +0000] \"GET /.env HTTP/1.1\" 404 1" "$base4/"
	get -A "$innocent - - [24/Nov/2026:20:00:00 +0000] \"GET /.env HTTP/1.1\" 404 1 \"-\" \"sqlmap/1.7\"" "$base4/"
	get -u "$innocent - - [24/Nov/2026:x" "$base4/.env"
}

say "apache2 of Debian $(dpkg-query -W -f '${Version}' apache2), LogLevel warn as installed, mod_php, mod_cgi"
apache prefork "LoadModule cgi_module $modules/mod_cgi.so" "LoadModule php_module $(echo $modules/libphp8.*.so)" \
	'<FilesMatch ".+\.php$">' 'SetHandler application/x-httpd-php' '</FilesMatch>'
requests
stop_apache

say "LogLevel core:info, mod_cgid"
apache event "LoadModule cgid_module $modules/mod_cgid.so" "ScriptSock $tmp/cgid.sock" "LogLevel warn core:info"
requests
stop_apache

say "mod_security $(dpkg-query -W -f '${Version}' libapache2-mod-security2)"
apache event "LoadModule security2_module $modules/mod_security2.so" "SecRuleEngine On" "SecRequestBodyAccess On" \
	'SecRule ARGS "@contains etc/passwd" "id:1,phase:2,deny,status:403,msg:x,log"' \
	'SecRule REQUEST_URI "@contains /drop" "id:2,phase:1,drop,log"' \
	"SecRule REQUEST_URI \"@contains /away\" \"id:3,phase:1,redirect:http://www.example.org/,log,msg:'to the \\\"door\\\"'\"" \
	'SecRule REQUEST_URI "@contains /notice" "id:4,phase:1,pass,log"'
get "$base4/?file=../../etc/passwd"
get "$base6/?file=../../etc/passwd" -e "[client $innocent] ModSecurity: Access denied with code 403"
get "$base4/drop"
get "$base4/away"
get "$base4/notice"
get "$base4/?file=../../etc/passwd&x=[client%20$innocent]%20ModSecurity:%20Access%20denied"
stop_apache
