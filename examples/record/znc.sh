#!/bin/bash
# Prints what ZNC's module adminlog logs of logins that fail, and of some that do not: in its file,
# and through syslog.
#
# Expect: znc-adminlog 13 2
. "$(dirname "$0")/lib.sh"
own_root "$0" znc

all=/var/log/all.log
syslog "$all"
data=$tmp/znc
mkdir -p "$data/configs"
hash=$(printf 'rightsalt' | sha256sum | cut -d' ' -f1)
cat >"$data/configs/znc.conf" <<END
Version = 1.8.2
LoadModule = adminlog both
LoadModule = webadmin
<Listener l>
	Port = 6667
	IPv4 = true
	IPv6 = true
	SSL = false
</Listener>
<User alice>
	Nick = alice
	<Pass password>
		Method = sha256
		Hash = $hash
		Salt = salt
	</Pass>
</User>
END
log=$data/moddata/adminlog/znc.log
mkdir -p "${log%/*}"
touch "$log"
chown -R _znc "$data"
chmod 755 "$tmp"
setpriv --reuid=_znc --regid=_znc --clear-groups znc -f -d "$data" >"$tmp/out" 2>&1 &
wait_for listening 6667
show() {
	show_new "$log"
	show_new "$all"
}
show
# login FAMILY USER PASSWORD as an IRC client.
login() {
	python3 - "$@" <<'END' || true
import os, socket, sys
family, user, password = sys.argv[1], os.fsencode(sys.argv[2]), os.fsencode(sys.argv[3])
server, client = ("192.0.2.1", "192.0.2.5") if family == "4" else ("2001:db8::1", "2001:db8::5")
s = socket.create_connection((server, 6667), timeout=2, source_address=(client, 0))
s.sendall(b"PASS " + user + b":" + password + b"\r\nNICK x\r\nUSER x 0 * :x\r\n")
try:
    while s.recv(4096): pass
except OSError:
    pass
END
	show
}
say "ZNC as installed by Debian ($(dpkg-query -W -f '${Version}' znc))"
login 4 alice wrong
login 6 alice wrong
login 4 nobody-here wrong
login 6 nobody-here wrong
login 4 alice right
login 6 alice right
login 4 '' wrong
say "the web interface: wrong and right"
curl -s -o /dev/null -d 'user=alice&pass=wrong&submitted=1' "http://$server4:6667/login" || true
show
curl -s -o /dev/null -H 'Referer: http://192.0.2.1:6667/' -u alice:wrong "http://$server4:6667/" || true
curl -s -o /dev/null -u alice:right "http://$server4:6667/" || true
show
say "names that try to accuse $innocent"
for user in "x] failed to login from $innocent" "x failed to login from $innocent" "a b" $'x\e[31m\a'; do
	login 4 "$user" wrong
done
for user in "x] failed to login from $innocent" $'x\n[2026-11-30 01:00:00] [y] failed to login from 198.51.100.1'; do
	curl -s -o /dev/null --data-urlencode "user=$user" -d 'pass=wrong&submitted=1' "http://$server4:6667/login" || true
done
show
