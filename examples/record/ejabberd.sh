#!/bin/bash
# Prints what Debian's ejabberd logs of logins that fail, and of one that does not.
#
# Expect: ejabberd-auth 5 1
. "$(dirname "$0")/lib.sh"
own_root "$0" ejabberd

export HOME=/var/lib/ejabberd
cat >"$tmp/ejabberd.yml" <<END
hosts: [localhost]
loglevel: info
log_rotate_size: infinity
listen:
  - port: 5222
    ip: "::"
    module: ejabberd_c2s
  - port: 5280
    ip: "::"
    module: ejabberd_http
    request_handlers:
      /admin: ejabberd_web_admin
auth_method: [internal]
modules:
  mod_ping: {}
END
chmod 755 "$tmp"
cp "$tmp/ejabberd.yml" /etc/ejabberd/ejabberd.yml
chown -R ejabberd /etc/ejabberd
mkdir -p /run/ejabberd
chown ejabberd /run/ejabberd
log=/var/log/ejabberd/ejabberd.log
ejabberdctl foreground >"$tmp/out" 2>&1 &
for _ in 1 2 3; do wait_for listening 5222 && break; done
ejabberdctl register alice localhost right >/dev/null || true
sleep 1
show_new "$log"
# login FAMILY USER PASSWORD by SASL PLAIN.
login() {
	python3 - "$@" <<'END' || true
import base64, os, socket, sys
server, client = ("192.0.2.1", "192.0.2.5") if sys.argv[1] == "4" else ("2001:db8::1", "2001:db8::5")
s = socket.create_connection((server, 5222), timeout=3, source_address=(client, 0))
s.sendall(b"<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
s.recv(4096)
plain = base64.b64encode(b"\0" + os.fsencode(sys.argv[2]) + b"\0" + os.fsencode(sys.argv[3]))
s.sendall(b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" + plain + b"</auth>")
try:
    while b"failure" not in s.recv(4096): pass
except OSError:
    pass
END
	show_new "$log"
}
say "ejabberd as installed by Debian ($(dpkg-query -W -f '${Version}' ejabberd))"
login 4 alice wrong
login 6 alice wrong
login 4 nobody-here wrong
login 4 alice right
say "names that try to accuse $innocent"
login 4 "x from $innocent" wrong
login 4 $'x\nzz' wrong
say "the web interface"
curl -s -o /dev/null -u alice@localhost:wrong "http://$server4:5280/admin/" || true
show_new "$log"
