#!/bin/bash
# Prints what Debian's slapd logs of binds that fail, and of some that do not (olcLogLevel: stats).
#
# Expect: slapd 10
. "$(dirname "$0")/lib.sh"
own_root "$0" slapd ldap-utils

log=/var/log/all.log
syslog "$log"
rm -rf /etc/ldap/slapd.d/* /var/lib/ldap/*
cat >"$tmp/slapd.conf" <<END
include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
loglevel stats
database mdb
suffix "dc=example,dc=org"
directory /var/lib/ldap
rootdn "cn=admin,dc=example,dc=org"
rootpw right
END
mkdir -p /run/slapd
/usr/sbin/slapd -d 0 -h 'ldap:/// ldapi:///' -f "$tmp/slapd.conf" &
wait_for listening 389 || /usr/sbin/slapd -d 1 -f "$tmp/slapd.conf" 2>&1 | tail -n 5 >&2
printf 'dn: dc=example,dc=org\nobjectClass: domain\nobjectClass: dcObject\ndc: example\n' |
	ldapadd -x -H ldapi:/// -D cn=admin,dc=example,dc=org -w right >/dev/null 2>&1 || true
show_new "$log"
# bind FAMILY DN PASSWORD… makes simple binds on one connection (LDAPMessage by hand).
bind() {
	python3 - "$@" <<'END' || true
import os, socket, sys, time
server, client = ("192.0.2.1", "192.0.2.5") if sys.argv[1] == "4" else ("2001:db8::1", "2001:db8::5")
s = socket.create_connection((server, 389), timeout=5, source_address=(client, 0))
def tlv(tag, body):
    size = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes([tag]) + size + body
for i, password in enumerate(sys.argv[3:], 1):
    request = tlv(2, b"\x03") + tlv(4, os.fsencode(sys.argv[2])) + tlv(0x80, os.fsencode(password))
    s.sendall(tlv(0x30, tlv(2, bytes([i])) + tlv(0x60, request)))
    s.recv(4096)
END
	show_new "$log"
}
admin=cn=admin,dc=example,dc=org
say "slapd as installed by Debian ($(dpkg-query -W -f '${Version}' slapd))"
say "wrong password, unknown user, IPv4 and IPv6; the right one: a success; anonymous"
bind 4 "$admin" wrong
bind 6 "$admin" wrong
bind 4 cn=nobody-here,dc=example,dc=org wrong
bind 6 cn=nobody-here,dc=example,dc=org wrong
bind 4 "$admin" right
bind 6 "$admin" right
bind 4 '' ''
say "three on one connection; a wrong one, then the right one"
bind 4 "$admin" wrong wrong wrong
bind 4 "$admin" wrong right
say "not a DN; SASL; ldapi"
bind 4 alice wrong
ldapwhoami -Y DIGEST-MD5 -U alice -w wrong -H "ldap://$server4" >/dev/null 2>&1 || true
ldapwhoami -x -D "$admin" -w wrong -H ldapi:/// >/dev/null 2>&1 || true
show_new "$log"
say "a wrong password in a search tool"
ldapsearch -x -D "$admin" -w wrong -H "ldap://$server4" -b dc=example,dc=org >/dev/null 2>&1 || true
show_new "$log"
say "names that try to accuse $innocent"
for dn in "cn=x\" method=128 conn=1 fd=1 ACCEPT from IP=$innocent:1 (IP=0.0.0.0:389),dc=example,dc=org" \
	$'cn=x\nNov 24 20:00:00 server slapd[1]: conn=1 fd=1 ACCEPT from IP=198.51.100.1:1 (IP=0.0.0.0:389),dc=example,dc=org'; do
	bind 4 "$dn" wrong
done
