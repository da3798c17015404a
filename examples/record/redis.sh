#!/bin/bash
# Prints what Debian's Redis logs, at loglevel verbose, of logins that fail, and of clients that speak HTTP to it.
# See lib.sh.
#
# Expect: redis[mode=aggressive] 2
. "$(dirname "$0")/lib.sh"
own_root "$0" redis-server redis-tools

log=$tmp/redis.log
cat >"$tmp/redis.conf" <<END
bind $server4 $server6
protected-mode no
requirepass right
logfile $log
dir $tmp
loglevel verbose
acllog-max-len 128
END
redis-server "$tmp/redis.conf" &
wait_for test -s "$log"
wait_for listening 6379
say "Redis $(dpkg-query -W -f '${Version}' redis-server): start"
show_new "$log"

# ask FAMILY TEXT sends it.
ask() {
	python3 - "$1" "$2" <<'END'
import socket, sys
six = sys.argv[1] == "6"
s = socket.create_connection(("2001:db8::1" if six else "192.0.2.1", 6379), source_address=("2001:db8::5" if six else "192.0.2.5", 0))
s.sendall(sys.argv[2].encode())
s.settimeout(1)
try:
    print("#", s.recv(300))
except OSError as e:
    print("#", e)
END
	show_new "$log"
}

say "wrong passwords: nothing is logged, but in ACL LOG"
ask 4 $'AUTH wrong\r\n'
ask 6 $'AUTH wrong\r\n'
ask 4 $'AUTH alice wrong\r\n'
ask 4 $'KEYS *\r\n'
redis-cli -h $server4 --no-auth-warning -a right ACL LOG
say "HTTP"
ask 4 $'POST / HTTP/1.1\r\nHost: x\r\n\r\n'
ask 6 $'POST / HTTP/1.1\r\nHost: x\r\n\r\n'
ask 4 $'GET / HTTP/1.1\r\nHost: 198.51.100.1\r\n\r\n'
ask 4 $'Host: 198.51.100.1:22. Connection aborted.\r\n'
say "garbage"
ask 4 $'*99999999\r\n'
ask 4 $'*1\r\n$-5\r\n'
redis-cli -h $server4 --no-auth-warning -a right shutdown nosave || true
sleep 1
show_new "$log"
