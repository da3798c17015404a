#!/bin/bash
# Prints what Debian's Prosody logs of logins that fail, and of one that does not, with mod_log_auth.
#
# Expect: prosody 10 2
. "$(dirname "$0")/lib.sh"
own_root "$0" prosody prosody-modules

all=/var/log/all.log
syslog "$all"
log=/var/log/prosody/prosody.log
cat >"$tmp/prosody.cfg.lua" <<END
plugin_paths = { "/usr/lib/prosody/modules", "/usr/share/prosody-modules" }
modules_enabled = { "saslauth", "tls", "posix", "log_auth", "roster" }
modules_disabled = { "s2s" }
log_auth_ips = "all"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
interfaces = { "*", "::" }
log = { info = "$log"; { levels = { min = "info" }, to = "syslog" } }
VirtualHost "localhost"
END
chmod 755 "$tmp"
mkdir -p /run/prosody
chown prosody /run/prosody
run="setpriv --reuid=prosody --regid=prosody --clear-groups"
$run prosodyctl --config "$tmp/prosody.cfg.lua" register alice localhost right >/dev/null 2>&1 || true
$run prosody --config "$tmp/prosody.cfg.lua" -F >"$tmp/out" 2>&1 &
wait_for listening 5222 || cat "$tmp/out" >&2
show_new "$log"
login() {
	python3 - "$@" <<'END' || true
import base64, os, socket, sys
server, client = ("192.0.2.1", "192.0.2.5") if sys.argv[1] == "4" else ("2001:db8::1", "2001:db8::5")
s = socket.create_connection((server, 5222), timeout=3, source_address=(client, 0))
s.sendall(b"<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
while b"</stream:features>" not in s.recv(4096): pass
plain = base64.b64encode(b"\0" + os.fsencode(sys.argv[2]) + b"\0" + os.fsencode(sys.argv[3]))
s.sendall(b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" + plain + b"</auth>")
s.recv(4096)
END
	show_new "$log"
	show_new "$all"
}
say "Prosody as installed by Debian ($(dpkg-query -W -f '${Version}' prosody))"
login 4 alice wrong
login 6 alice wrong
login 4 nobody-here wrong
login 4 alice right
say "names that try to accuse $innocent"
login 4 "x@localhost from $innocent" wrong
login 4 $'x\nzz' wrong
