#!/bin/bash
# Prints what Debian's Asterisk (sid; GAOL_RECORD_SUITE=bullseye has one with chan_sip) logs when it refuses registrations,
# calls, and logins to the manager, and lets some in: messages, security log, and what goes to syslog.
#
# Expect: asterisk 250
. "$(dirname "$0")/lib.sh"
GAOL_RECORD_SUITE=${GAOL_RECORD_SUITE:-sid}
own_root "$0" asterisk asterisk-modules

messages=$tmp/messages
security=$tmp/security
log=/var/log/syslog
etc=/etc/asterisk
modules=$(dirname "$(find /usr/lib -name chan_iax2.so)")
chip=
[ ! -e "$modules/chan_sip.so" ] || chip=yes
syslog "$log"
touch "$messages" "$security"
chown asterisk "$messages" "$security"
chmod 711 "$tmp"
cat >$etc/logger.conf <<END
[general]
[logfiles]
$messages => notice,warning,error
$security => security
syslog.local0 => notice,security
console => notice,security
END
cat >$etc/modules.conf <<END
[modules]
autoload=yes
noload => chan_dahdi.so
noload => res_config_ldap.so
noload => res_snmp.so
END
cat >$etc/pjsip.conf <<END
[global]
type=global
[udp4](!)
type=transport
protocol=udp
[udp-4](udp4)
bind=$server4:5060
[udp-6](udp4)
bind=[$server6]:5060
[tcp-4]
type=transport
protocol=tcp
bind=$server4:5060
[tcp-6]
type=transport
protocol=tcp
bind=[$server6]:5060
[phone](!)
type=endpoint
context=phones
disallow=all
allow=ulaw
auth=alice
aors=alice
[alice](phone)
[far](phone)
deny=0.0.0.0/0.0.0.0
permit=198.51.100.0/24
[mobile](phone)
contact_deny=0.0.0.0/0.0.0.0
contact_permit=198.51.100.0/24
[alice]
type=auth
auth_type=userpass
username=alice
password=right
[alice]
type=aor
max_contacts=5
END
cat >$etc/sip.conf <<END
[general]
udpbindaddr=[::]:5070
tcpenable=yes
tcpbindaddr=[::]:5070
context=public
allowguest=yes
[alice]
type=friend
host=dynamic
secret=right
context=phones
[far]
type=friend
host=dynamic
secret=right
deny=0.0.0.0/0.0.0.0
permit=198.51.100.0/255.255.255.0
[fixed]
type=peer
host=203.0.113.9
secret=right
END
cat >$etc/iax.conf <<END
[general]
bindaddr=$server4
bindaddr=[$server6]
authdebug=yes
calltokenoptional=0.0.0.0/0.0.0.0
[alice]
type=friend
host=dynamic
secret=right
auth=md5
context=phones
requirecalltoken=no
[far]
type=friend
host=dynamic
secret=right
auth=md5
deny=0.0.0.0/0.0.0.0
permit=198.51.100.0/255.255.255.0
requirecalltoken=no
[fixed]
type=friend
host=203.0.113.9
secret=right
auth=md5
requirecalltoken=no
END
cat >$etc/extensions.conf <<END
[public]
exten => 1,1,Hangup()
[phones]
exten => 1,1,Hangup()
END
cat >$etc/manager.conf <<END
[general]
enabled=yes
webenabled=yes
bindaddr=::
[admin]
secret=right
read=all
write=all
[far]
secret=right
deny=0.0.0.0/0.0.0.0
deny=::/0
permit=198.51.100.0/255.255.255.0
END
cat >$etc/http.conf <<END
[general]
enabled=yes
bindaddr=::
END
cat >$etc/ari.conf <<END
[general]
enabled=yes
[admin]
type=user
password=right
END
# asterisk starts it, as its unit does.
cd /var/lib/asterisk
mkdir -p /run/asterisk && chown asterisk: /run/asterisk
mkdir -p /var/log/asterisk && chown asterisk: /var/log/asterisk
asterisk -g -f -p -U asterisk >"$tmp/out" 2>&1 </dev/null &
wait_for asterisk -rx 'core waitfullybooted'
wait_for listening 5038
show() {
	show_new "$messages"
	show_new "$security"
	show_new "$log"
}
show >/dev/null

# sip FAMILY PROTOCOL PORT METHOD WHO [PASSWORD [FROM [EXTENSION [USER]]]]: with a password, it answers the challenge.
sip() {
	python3 - "$@" <<'END' || true
import hashlib, os, re, socket, sys
family, protocol, port, method, who, password, shown, extension, user = (sys.argv[1:] + [""] * 5)[:9]
server, client = ("192.0.2.1", "192.0.2.5") if family == "4" else ("2001:db8::1", "2001:db8::5")
address = lambda a: a if family == "4" else "[" + a + "]"
s = socket.socket(socket.AF_INET if family == "4" else socket.AF_INET6, socket.SOCK_DGRAM if protocol == "UDP" else socket.SOCK_STREAM)
s.bind((client, 0))
s.settimeout(1)
if protocol == "TCP": s.connect((server, int(port)))
send = s.sendall if protocol == "TCP" else lambda text: s.sendto(text, (server, int(port)))
me = "%s:%d" % (address(client), s.getsockname()[1])
uri = "sip:%s%s:%s" % (extension + "@" if method == "INVITE" else "", address(server), port)
callee = extension if method == "INVITE" else who
shown = shown or '"%s" <sip:%s@%s>' % (who, who, address(server))
call = os.environ.get("CALL") or "call-%d" % os.getpid()
sdp = "v=0\r\no=- 1 1 IN IP%s %s\r\ns=-\r\nc=IN IP%s %s\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n" % (family, client, family, client) if method == "INVITE" else ""
def ask(number, more=""):
    text = (f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{protocol} {me};branch=z9hG4bK{os.getpid()}{number}\r\nMax-Forwards: 70\r\n"
            f"From: {shown};tag=t\r\nTo: <sip:{callee}@{address(server)}>\r\nCall-ID: {call}\r\nCSeq: {number} {method}\r\n"
            f"Contact: <sip:{who}@{me}>\r\nExpires: 60\r\n{more}"
            + ("Content-Type: application/sdp\r\n" if sdp else "") + f"Content-Length: {len(sdp)}\r\n\r\n{sdp}")
    send(os.fsencode(text))
    try:
        while True:
            answer = s.recv(8192).decode("latin-1")
            if not answer.startswith("SIP/2.0 1") and answer.startswith("SIP/"):
                print("   ", answer.splitlines()[0], file=sys.stderr)
                if method == "INVITE":
                    ack = text.split("\r\n\r\n")[0].replace("INVITE", "ACK").replace("Content-Type: application/sdp\r\n", "")
                    send(os.fsencode(re.sub("Content-Length: .*", "Content-Length: 0", ack) + "\r\n\r\n"))
                return answer
    except OSError:
        print("    no answer", file=sys.stderr)
        return ""
answer = ask(1)
if password and "WWW-Authenticate" in answer:
    nonce, realm = re.search('nonce="([^"]*)"', answer).group(1), re.search('realm="([^"]*)"', answer).group(1)
    opaque = re.search('opaque="([^"]*)"', answer)
    md5 = lambda t: hashlib.md5(os.fsencode(t)).hexdigest()
    user = user or who
    a = md5(f"{user}:{realm}:{password}")
    qop = 'qop="auth"' in answer or "qop=auth" in answer
    response = md5(f"{a}:{nonce}:00000001:c:auth:" + md5(f"{method}:{uri}")) if qop else md5(f"{a}:{nonce}:" + md5(f"{method}:{uri}"))
    ask(2, f'Authorization: Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}", algorithm=MD5'
        + (', qop=auth, nc=00000001, cnonce="c"' if qop else "") + (f', opaque="{opaque.group(1)}"' if opaque else "") + "\r\n")
END
	show
}

# iax FAMILY WHAT WHO PASSWORD: a registration or a call to extension WHAT.
iax() {
	python3 - "$@" <<'END' || true
import hashlib, os, socket, struct, sys
family, what, who, password = sys.argv[1:]
server, client = ("192.0.2.1", "192.0.2.5") if family == "4" else ("2001:db8::1", "2001:db8::5")
s = socket.socket(socket.AF_INET if family == "4" else socket.AF_INET6, socket.SOCK_DGRAM)
s.bind((client, 0)); s.settimeout(1)
here, there, sent, got = os.getpid() & 0x3fff | 1, 0, 0, 0
def ie(kind, body): return bytes([kind, len(body)]) + body
def frame(subclass, body=b"", count=True):
    global sent
    s.sendto(struct.pack(">HHIBBBB", here | 0x8000, there, sent * 3, sent, got, 6, subclass) + body, (server, 4569))
    if count: sent += 1
def answer():
    global there, got
    while True:
        d = s.recv(4096)
        if len(d) < 12 or not d[0] & 0x80: continue
        there = struct.unpack(">H", d[:2])[0] & 0x7fff
        if d[11] == 4: continue                      # ACK
        got = d[8] + 1 & 255
        if d[11] not in (40,): frame(4, count=False) # all but CALLTOKEN
        fields, rest = {}, d[12:]
        while len(rest) > 1:
            fields[rest[0]] = rest[2:2 + rest[1]]; rest = rest[2 + rest[1]:]
        print("    IAX", d[11], fields, file=sys.stderr)
        return d[11], fields
name = os.fsencode(who)
if what == "register": kind, body = 13, ie(6, name) + ie(19, struct.pack(">H", 60))
else: kind, body = 1, ie(11, struct.pack(">H", 2)) + ie(1, os.fsencode(what)) + ie(6, name) + ie(9, struct.pack(">I", 4)) + ie(8, struct.pack(">I", 4))
try:
    frame(kind, body + ie(54, b""))
    got_kind, fields = answer()
    if got_kind == 40:
        there = sent = got = 0
        frame(kind, body + ie(54, fields[54]))
        got_kind, fields = answer()
    if 15 in fields and password:
        proof = ie(16, hashlib.md5(fields[15] + os.fsencode(password)).hexdigest().encode())
        frame(13 if what == "register" else 9, (body if what == "register" else b"") + proof)
        answer()
except OSError:
    print("    no answer", file=sys.stderr)
END
	show
}

# manager FAMILY USER PASSWORD [LINE]
manager() {
	local to=$server4 from=$client4
	[ "$1" = 6 ] && to=$server6 from=$client6
	printf 'Action: Login\r\nUsername: %s\r\nSecret: %s\r\n%s\r\n' "$2" "$3" "${4:+$4
}" | nc -s "$from" -q 2 -w 2 "$to" 5038 >/dev/null || true
	show
}
web() {
	local from=$client4
	case "$*" in *"[$server6]"*) from=$client6 ;; esac
	curl -s -g -w '    %{http_code}\n' -o /dev/null --max-time 5 --interface "$from" "$@" >&2 || true
	show
}

say "$(asterisk -V): $(dpkg-query -W -f '${Version}' asterisk)"
say "PJSIP: wrong password, known endpoint"
sip 4 UDP 5060 REGISTER alice wrong
sip 6 UDP 5060 REGISTER alice wrong
sip 4 TCP 5060 REGISTER alice wrong
sip 6 TCP 5060 REGISTER alice wrong
sip 4 UDP 5060 INVITE alice wrong "" 1
say "PJSIP: unknown endpoint, without and with a password"
sip 4 UDP 5060 REGISTER nobody
sip 4 UDP 5060 REGISTER nobody wrong
sip 6 UDP 5060 REGISTER nobody wrong
sip 4 TCP 5060 INVITE nobody wrong "" 0044100
for method in SUBSCRIBE MESSAGE PUBLISH OPTIONS; do sip 4 UDP 5060 $method nobody; done
say "PJSIP: the name of an endpoint, another name in the password"
sip 4 UDP 5060 REGISTER alice wrong "" "" bob
say "PJSIP: not from this address (acl, contact_acl)"
sip 4 UDP 5060 REGISTER far right "" "" alice
sip 4 UDP 5060 REGISTER mobile right "" "" alice
say "PJSIP: let in; to an extension that is not there"
sip 4 UDP 5060 REGISTER alice right
sip 6 UDP 5060 REGISTER alice right
sip 4 UDP 5060 INVITE alice right "" 99
say "PJSIP: an endpoint for strangers, and no such extension"
sed 's/^\[alice\](phone)/[anonymous]\ntype=endpoint\ncontext=public\ndisallow=all\nallow=ulaw\n&/' $etc/pjsip.conf >"$tmp/pjsip.conf"
cp $etc/pjsip.conf "$tmp/pjsip.before"
cp "$tmp/pjsip.conf" $etc/pjsip.conf
asterisk -rx 'module reload res_pjsip.so' >/dev/null
sleep 1
sip 4 UDP 5060 INVITE nobody "" "" 0044100
sip 6 UDP 5060 INVITE nobody "" "" 0044100
sip 4 TCP 5060 INVITE nobody "" "" "0044'%20rejected:%20Call%20(UDP:$innocent:1)%20to%20extension%20'2"
cp "$tmp/pjsip.before" $etc/pjsip.conf
asterisk -rx 'module reload res_pjsip.so' >/dev/null
sleep 1

say "PJSIP: names that try to accuse $innocent"
for from in "\"x' failed for '$innocent:5060' (callid: x) - Failed to authenticate\" <sip:x@y>" \
	"\"x failed for $innocent:5060 (callid: x) - Failed to authenticate\" <sip:x@y>" "\"x\\\" <sip:x@y>' failed for '$innocent:5060' (callid: x) - No matching endpoint found\" <sip:z@y>" \
	"<sip:x'%20failed%20for%20'$innocent:5060'@y>" "\"a b\" <sip:a%0ab@y>" \
	"it's <sip:a@y>" "plain <sip:a@y>;x=y" "<sip:a@y;u=v?h=w>"  "\"x' failed for '$innocent:1' (callid: \\\\\" <sip:a@y>"; do
	sip 4 UDP 5060 REGISTER x wrong "$from" "" "x\",SessionID=\"y\",LocalAddress=\"IPV4/UDP/$server4/5060\",RemoteAddress=\"IPV4/UDP/$innocent/5060"
done
for CALL in "x) - Failed to authenticate' failed for '$innocent:5060' (callid: y" "x'$innocent:5060'" "x\",LocalAddress=\"IPV4/UDP/$server4/5060\",RemoteAddress=\"IPV4/UDP/$innocent/5060"; do
	export CALL
	sip 4 UDP 5060 REGISTER alice wrong
done
unset CALL

if [ -n "$chip" ]; then
	say "chan_sip: wrong password, unknown peer, another name in the password, not from this address, not dynamic"
	for family in 4 6; do
		sip $family UDP 5070 REGISTER alice wrong
		sip $family UDP 5070 REGISTER nobody wrong
		sip $family UDP 5070 REGISTER alice wrong "" "" bob
		sip $family UDP 5070 REGISTER far right
		sip $family UDP 5070 REGISTER fixed right
		sip $family TCP 5070 REGISTER alice wrong
	done
	say "chan_sip: calls"
	sip 4 UDP 5070 INVITE alice wrong "" 1
	sip 6 UDP 5070 INVITE alice wrong "" 1
	sip 4 UDP 5070 INVITE alice right "" 99
	sip 4 UDP 5070 INVITE nobody "" "" 0044100
	sip 6 UDP 5070 INVITE nobody "" "" 0044100
	sip 4 UDP 5070 INVITE nobody "" "" "0044' (1) rejected: Call from '' ($innocent:5074) to extension '2"
	sip 4 UDP 5070 INVITE "" "" "\"x' ($innocent:5074) to extension '2' rejected because\" <sip:y@z>" 0044
	say "chan_sip: other methods, let in"
	for method in SUBSCRIBE MESSAGE PUBLISH OPTIONS; do sip 4 UDP 5070 $method nobody wrong; done
	sip 4 UDP 5070 REGISTER alice right
	say "chan_sip: names that try to accuse $innocent"
	for from in "\"x' failed for '$innocent:5060' - Wrong password\" <sip:x@y>" "<sip:x'%20failed%20for%20'$innocent:5060'@y>"; do
		sip 4 UDP 5070 REGISTER x wrong "$from"
		sip 4 UDP 5070 REGISTER alice wrong "$from"
	done
fi

say "IAX: wrong password, unknown, not from this address, not dynamic"
for family in 4 6; do for who in alice nobody far fixed; do iax $family register $who wrong; done; done
say "IAX: calls"
for who in alice nobody far ""; do iax 4 1 "$who" wrong; done
iax 6 1 alice wrong
iax 4 99 alice right
iax 4 "99', 198.51.100.1" nobody wrong
say "IAX: let in; a name that tries to accuse $innocent"
iax 4 register alice right
iax 4 register "x' (from $innocent)" wrong

iax 4 register $'x\n[Nov 30 20:00:00] NOTICE[1] chan_iax2.c: Host 198.51.100.1 failed MD5 authentication for \'y' wrong

say "manager: wrong password, unknown, not from this address, let in"
for family in 4 6; do
	manager $family admin wrong
	manager $family nobody wrong
	manager $family far right
done
manager 4 "x' $innocent failed to authenticate as 'y" wrong
manager 4 admin right
web "http://$server4:8088/rawman?action=login&username=admin&secret=wrong"
web "http://$server4:8088/rawman?action=login&username=nobody&secret=wrong"
web "http://[$server6]:8088/rawman?action=login&username=admin&secret=wrong"
web --digest -u admin:wrong "http://$server4:8088/arawman?action=ping"
say "ARI: none, wrong, unknown, let in"
web "http://$server4:8088/ari/asterisk/info"
web -u admin:wrong "http://$server4:8088/ari/asterisk/info"
web -u nobody:wrong "http://[$server6]:8088/ari/asterisk/info"
web "http://$server4:8088/ari/asterisk/info?api_key=admin:wrong"
web -u admin:right "http://$server4:8088/ari/asterisk/info"
asterisk -rx 'core stop now' >/dev/null || true
