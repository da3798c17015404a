#!/bin/bash
# Prints what Debian's Cockpit logs of logins that fail, and of one that does not.
#
# Expect: cockpit 10
. "$(dirname "$0")/lib.sh"
own_root "$0" cockpit-ws cockpit-bridge

log=/var/log/all.log
syslog "$log"
useradd -m -s /bin/bash -p "$(openssl passwd -6 right)" alice
mkdir -p /etc/cockpit /run/cockpit
# Since 300 or so systemd starts a session for each connection to this socket (cockpit-session.socket).
python3 - <<'END' &
import socket, subprocess
sessions = socket.socket(socket.AF_UNIX)
sessions.bind("/run/cockpit/session")
sessions.listen()
while True:
    one, _ = sessions.accept()
    subprocess.Popen(["/usr/lib/cockpit/cockpit-session"], stdin=one, stdout=one)
    one.close()
END
wait_for test -S /run/cockpit/session
/usr/lib/cockpit/cockpit-ws --no-tls >"$tmp/out" 2>&1 &
wait_for listening 9090 || cat "$tmp/out" >&2
# login FAMILY USER PASSWORD as the page does.
login() {
	local to=$server4 from=$client4
	[ "$1" = 6 ] && to=[$server6] from=$client6
	curl -s -o /dev/null --max-time 20 --interface "$from" -u "$2:$3" "http://$to:9090/cockpit/login" || true
	show_new "$log"
}
say "Cockpit as installed by Debian ($(dpkg-query -W -f '${Version}' cockpit-ws))"
login 4 alice wrong
login 6 alice wrong
login 4 nobody-here wrong
login 6 nobody-here wrong
login 4 root wrong
login 4 alice ''
login 4 alice right
say "names that try to accuse $innocent"
for user in "x rhost=$innocent  user=root" "a b" $'x\e[31m' "x  user=y rhost=$innocent"; do
	login 4 "$user" wrong
done
cat "$tmp/out" >&2
