#!/bin/bash
# Prints what Solid POP3, started for each connection as inetd does it, logs of logins. See lib.sh.
#
# Expect: solid-pop3d 10 2
. "$(dirname "$0")/lib.sh"
own_root "$0" solid-pop3d
log=$tmp/syslog
syslog "$log"
useradd -m alice
printf '%s\n' alice:right root:rootright | chpasswd
touch /var/mail/alice
chown alice:mail /var/mail/alice
mkdir -p /var/lib/solid-pop3d/bulletins

cat >"$tmp/inetd.py" <<'END'
import socket, subprocess, threading
def serve(family, address):
    s = socket.socket(family)
    s.bind((address, 110))
    s.listen()
    while True:
        c, _ = s.accept()
        subprocess.Popen(['/usr/sbin/solid-pop3d'], stdin=c, stdout=c)
        c.close()
threading.Thread(target=serve, args=(socket.AF_INET, '192.0.2.1')).start()
serve(socket.AF_INET6, '2001:db8::1')
END
python3 "$tmp/inetd.py" &
wait_for listening 110

# pop CLIENT SERVER LINE… talks to the server.
pop() {
	python3 - "$@" <<'END' || true
import socket, sys
s = socket.create_connection((sys.argv[2], 110), 5, (sys.argv[1], 0))
s.settimeout(10)
f = s.makefile('rwb')
f.readline()
try:
    for line in sys.argv[3:]:
        f.write(line.encode() + b'\r\n')
        f.flush()
        f.readline()
except OSError:
    pass # it hangs up
END
	show_new "$log"
}
pop4() { pop "$client4" "$server4" "$@" QUIT; }
pop6() { pop "$client6" "$server6" "$@" QUIT; }
say "$(dpkg-query -W -f 'solid-pop3d ${Version}' solid-pop3d): wrong password, unknown user, root, no password, APOP"
pop4 'USER alice' 'PASS wrong'
pop4 'USER nobody-here' 'PASS wrong'
pop6 'USER alice' 'PASS wrong'
pop6 'USER nobody-here' 'PASS wrong'
pop4 'USER root' 'PASS rootright'
pop4 'USER alice' 'PASS '
pop4 'APOP alice 0123456789abcdef0123456789abcdef'
say "right passwords: successes"
pop4 'USER alice' 'PASS right'
pop6 'USER alice' 'PASS right'
say "a client with a name"
echo "$client4 client.example.org" >>/etc/hosts
pop4 'USER alice' 'PASS wrong'
say "names that try to accuse $innocent"
pop4 "USER x - $innocent" 'PASS wrong'
pop4 "USER x-$innocent" 'PASS wrong'
pop6 "USER x-($innocent)" 'PASS wrong'
