#!/bin/bash
# Prints what Debian's PostgreSQL logs of logins that fail, with the address in
# log_line_prefix, and as CSV and JSON. See lib.sh.
#
# Expect: postgresql 60
. "$(dirname "$0")/lib.sh"
own_root "$0" postgresql postgresql-client locales

bin=$(ls -d /usr/lib/postgresql/*/bin)
data=$tmp/data
chown postgres "$tmp"
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
as_postgres "$bin/initdb" -D "$data" -A trust >/dev/null
cat >"$data/pg_hba.conf" <<END
local all all trust
host all denied 0.0.0.0/0 reject
host all ghost 0.0.0.0/0 ident
host all alice,bob,nobody-here,expired 0.0.0.0/0 scram-sha-256
host all alice,nobody-here ::0/0 scram-sha-256
host all postgres 0.0.0.0/0 password
host all "x from $innocent" 0.0.0.0/0 password
host all all 192.0.2.77/32 password
END

# start OPTION… starts it with these settings, logging to $log.
start() {
	log=$data/server.log
	rm -f "$log" "$log.seen"
	as_postgres touch "$log"
	local options=() o
	for o in "$@"; do options+=(-c "$o"); done
	as_postgres "$bin/postgres" -D "$data" -c listen_addresses='*' -c unix_socket_directories="$tmp" "${options[@]}" >>"$log" 2>&1 &
	wait_for as_postgres psql -h "$tmp" -d postgres -c 'SELECT 1'
}

stop() {
	as_postgres "$bin/pg_ctl" -D "$data" -m fast stop >/dev/null
}

# login USER PASSWORD [DATABASE] tries it from the client's address.
login() {
	PGPASSWORD=$2 PGCONNECT_TIMEOUT=5 psql -h $server4 -U "$1" -d "${3:-postgres}" -c 'SELECT 1' >/dev/null 2>&1 || true
}

# login6 USER does the same by IPv6, with what psql does not offer: an address of its own.
login6() {
	python3 - "$1" <<'END'
import socket, sys
s = socket.create_connection(("2001:db8::1", 5432), source_address=("2001:db8::5", 0))
text = b"user\0" + sys.argv[1].encode() + b"\0database\0postgres\0\0"
body = (196608).to_bytes(4, "big") + text
s.sendall((len(body) + 4).to_bytes(4, "big") + body)
s.recv(1000)
name = b"SCRAM-SHA-256\0" + (32).to_bytes(4, "big") + b"n,,n=,r=0123456789abcdef01234567"
s.sendall(b"p" + (len(name) + 4).to_bytes(4, "big") + name)
first = s.recv(1000)
nonce = first[9:].split(b",")[0][2:]
last = b"c=biws,r=" + nonce + b",p=" + b"A" * 43 + b"="
s.sendall(b"p" + (len(last) + 4).to_bytes(4, "big") + last)
s.recv(1000)
END
}

attempts() {
	login alice wrong
	login alice right
	login nobody-here wrong
	login postgres wrong
	login expired right
	login denied right
	login ghost right
	login mallory wrong
	login alice right no-such-database
	login6 alice || true
	login6 mallory || true
	login "x from $innocent" wrong
	login $'x"\n2026-11-24 20:57:09 UTC [1] 198.51.100.1 FATAL:  password authentication failed for user "root' wrong
	login 'x", host "198.51.100.1", user "y' wrong
	login alice right $'x" \n'"no pg_hba.conf entry for host \"$innocent\""
	printf 'GET / HTTP/1.0\r\n\r\n' | nc -w1 $server4 5432 >/dev/null || true
	sleep 0.5
}

start
as_postgres psql -q -h "$tmp" -d postgres -c "CREATE USER alice PASSWORD 'right'" -c "CREATE USER denied PASSWORD 'right'" \
	-c "CREATE USER ghost" -c "ALTER USER postgres PASSWORD 'right'" -c "CREATE USER expired PASSWORD 'right' VALID UNTIL '2001-01-01'"
stop

say "Debian's default prefix ($(dpkg-query -W -f '${Version}' "postgresql-$(basename "$(dirname "$bin")")")): no address"
start "log_line_prefix=%m [%p] %q%u@%d "
attempts
cat "$log"
stop
for prefix in '%m [%p] %h %q%u@%d ' '%m [%p] %r %q%u@%d ' '%t [%p]: user=%u,db=%d,app=%a,client=%h ' '%m [%p] host=%h ' '%m [%p] %q%u@%d %h '; do
	say "log_line_prefix = '$prefix'"
	start "log_line_prefix=$prefix" "log_connections=on"
	attempts
	cat "$log"
	stop
done
for form in csvlog jsonlog; do
	say "log_destination = $form"
	start "log_destination=$form" logging_collector=on log_directory="$tmp" log_filename=collected.log
	attempts
	stop
	cat "$tmp"/collected.*"${form%log}" 2>/dev/null || ls "$tmp"
done
