#!/bin/bash
# Prints what Debian's dropbear logs of logins that fail, and of some that do not.
#
# Expect: dropbear 40 4
# Expect: dropbear[mode=aggressive] 58 4
. "$(dirname "$0")/lib.sh"
own_root "$0" dropbear-bin openssh-client python3-paramiko

log=/var/log/all.log
syslog "$log"
for u in alice locked noshell; do useradd -m -s /bin/bash -p "$(openssl passwd -6 right)" "$u"; done
usermod -L locked
usermod -s /no/such/shell noshell
mkdir -p /etc/dropbear
for k in 1 2; do ssh-keygen -q -t ed25519 -N '' -f "$tmp/key$k"; done
mkdir -m 700 /home/alice/.ssh
cp "$tmp/key1.pub" /home/alice/.ssh/authorized_keys
chown -R alice: /home/alice

# dropbear OPTION… starts it.
dropbear() {
	/usr/sbin/dropbear -F -R -p 22 "$@" &
	pid=$!
	wait_for listening 22
}
stop_dropbear() {
	kill "$pid"
	wait "$pid" 2>/dev/null || true
}

# login FAMILY USER PASSWORD… tries them in one connection; "key:FILE" is a key, "none" none.
login() {
	python3 "$tmp/ssh.py" "$@" >/dev/null 2>&1 || true
	show_new "$log"
}
cat >"$tmp/ssh.py" <<'END'
import os, socket, sys, paramiko
family, user = sys.argv[1], os.fsencode(sys.argv[2])
server, client = ("192.0.2.1", "192.0.2.5") if family == "4" else ("2001:db8::1", "2001:db8::5")
connection = socket.create_connection((server, 22), source_address=(client, 0))
transport = paramiko.Transport(connection)
transport.start_client(timeout=20)
for password in sys.argv[3:]:
    try:
        if password.startswith("key:"):
            transport.auth_publickey(user, paramiko.Ed25519Key.from_private_key_file(password[4:]))
        elif password == "none":
            transport.auth_none(user)
        else:
            transport.auth_password(user, password, fallback=False)
    except Exception as e:
        print(e, file=sys.stderr)
transport.close()
END
# raw TEXT sends it in place of ssh's protocol.
raw() {
	# shellcheck disable=SC2059 # the escapes are wanted
	printf "$1" | nc -q 1 -w 2 "$server4" 22 >/dev/null || true
	show_new "$log"
}

say "dropbear as installed by Debian ($(dpkg-query -W -f '${Version}' dropbear-bin))"
dropbear
say "wrong password, unknown user, root, IPv4 and IPv6; the right one, the right key: successes"
login 4 alice wrong
login 6 alice wrong
login 4 nobody-here wrong
login 6 nobody-here wrong
login 4 root wrong
login 4 locked right
login 4 noshell right
login 4 alice ''
login 4 '' wrong
login 4 alice right
login 6 alice right
login 4 alice "key:$tmp/key1"
say "a wrong key; no attempt at all"
login 4 alice "key:$tmp/key2"
login 4 nobody-here "key:$tmp/key2"
login 4 alice none
login 4 alice
say "two wrong passwords, and eleven"
login 4 alice wrong wrong
login 4 alice wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong
login 4 nobody-here wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong wrong
say "names that try to accuse $innocent"
for user in "x' from $innocent:22" "x from $innocent:22" "a b" $'x\x80\xff' $'x\e[31m\a' "' from <$innocent:22>: x" \
	$'x\nNov 24 20:00:00 server dropbear[1]: Bad password attempt for \'root\' from 198.51.100.1:22'; do
	login 4 "$user" wrong
done
say "other protocols, silence"
raw 'GET / HTTP/1.0\r\n\r\n'
raw ''
raw 'SSH-2.0-scanner\r\n'
stop_dropbear
say "-w, no root; -T 2, two tries"
dropbear -w -T 2
login 4 root right
login 4 alice wrong wrong wrong
login 4 nobody-here wrong wrong wrong
stop_dropbear
say "-s, no passwords"
dropbear -s
login 4 alice right
login 4 nobody-here right
login 6 nobody-here "key:$tmp/key2"
stop_dropbear
say "-E, as Debian's unit has it: to standard error"
dropbear -E 2>"$tmp/stderr"
log=$tmp/stderr
login 4 alice wrong
login 6 nobody-here wrong
login 4 alice right
stop_dropbear
