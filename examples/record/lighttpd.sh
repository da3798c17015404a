#!/bin/bash
# Prints what Debian's lighttpd logs of password protection (mod_auth, basic and digest): its error log, and its
# access log. See lib.sh.
#
# Expect: lighttpd-auth 11
. "$(dirname "$0")/lib.sh"
own_root "$0" lighttpd

errors=$tmp/error.log
access=$tmp/access.log
touch "$errors" "$access"
mkdir "$tmp/html"
chmod 755 "$tmp"
echo hello >"$tmp/html/index.html"
mkdir "$tmp/html/basic" "$tmp/html/digest"
echo hello >"$tmp/html/basic/index.html"
echo hello >"$tmp/html/digest/index.html"
echo "alice:$(openssl passwd -apr1 right)" >"$tmp/htpasswd"
echo "alice:members:$(printf 'alice:members:right' | md5sum | cut -c1-32)" >"$tmp/htdigest"
chown www-data "$errors" "$access"
cat >"$tmp/lighttpd.conf" <<END
server.document-root = "$tmp/html"
server.errorlog = "$errors"
server.username = "www-data"
server.groupname = "www-data"
server.port = 80
server.bind = "$server4"
\$SERVER["socket"] == "[$server6]:80" { }
index-file.names = ("index.html")
server.modules = ("mod_access", "mod_auth", "mod_authn_file", "mod_accesslog")
accesslog.filename = "$access"
\$HTTP["url"] =~ "^/digest/" { auth.backend = "htdigest" auth.backend.htdigest.userfile = "$tmp/htdigest" }
else { auth.backend = "htpasswd" auth.backend.htpasswd.userfile = "$tmp/htpasswd" }
auth.require = (
	"/basic/" => ("method" => "basic", "realm" => "members", "require" => "valid-user"),
	"/digest/" => ("method" => "digest", "realm" => "members", "require" => "user=alice")
)
END
lighttpd -D -f "$tmp/lighttpd.conf" >"$tmp/out" 2>&1 &
wait_for listening 80
show_new "$errors"

get() {
	ask "$@"
	show_new "$errors"
	show_new "$access"
}

# basic NAME [ARGUMENT…]: any bytes at all in the name.
basic() {
	local token
	token=$(printf '%b:wrong' "$1" | base64 -w0)
	shift
	get -H "Authorization: Basic $token" "$@"
}

say "lighttpd as installed by Debian ($(dpkg-query -W -f '${Version}' lighttpd)): a wrong password, an unknown user"
basic alice "$base4/basic/"
basic alice "$base6/basic/"
basic nobody-here "$base4/basic/?x=y"
basic nobody-here "$base6/basic/"
say "no password, the right one"
get "$base4/basic/"
get -u alice:right "$base4/basic/"
get -u alice:right "$base6/basic/"
say "digest authentication: a wrong password, an unknown user, the right one, garbage"
get --digest -u alice:wrong "$base4/digest/"
get --digest -u alice:wrong "$base6/digest/"
get --digest -u nobody-here:wrong "$base4/digest/"
get --digest -u alice:right "$base4/digest/"
get -H 'Authorization: Digest username="alice"' "$base4/digest/"
get -H 'Authorization: Digest username="alice", realm="members", nonce="x", uri="/digest/", response="00000000000000000000000000000000"' "$base4/digest/"
say "another scheme, garbage"
get -H 'Authorization: Bearer abc' "$base4/basic/"
get -H 'Authorization: Basic !!!' "$base4/basic/"
say "names and requests that try to accuse $innocent"
basic "x IP: $innocent" "$base4/basic/"
basic "x\\n2026-11-24 20:00:00: (mod_auth.c.828) password doesn't match for / username: root IP: $innocent" "$base4/basic/"
basic alice --request-target "/basic/ username: x IP: $innocent" "$base4/"
basic alice --request-target "/basic/%20username:%20x%20IP:%20$innocent" "$base4/"
basic "x IP: $innocent\\n" "$base4/basic/?IP:$innocent"
get --digest -u "x IP: $innocent:wrong" "$base4/digest/"
