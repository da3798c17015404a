#!/bin/bash
# Prints what Debian's MariaDB logs of logins that fail: its error log, in which the address
# stands, and what it says of connections that were cut off. See lib.sh.
#
# Expect: mysqld-auth 12
# Expect: mysqld-auth[mode=aggressive] 15
. "$(dirname "$0")/lib.sh"
own_root "$0" mariadb-server mariadb-client

errors=$tmp/error.log
socket=$tmp/mysqld.sock

# mariadb_server OPTION… starts it, as the unit would.
mariadb_server() {
	chown mysql "$tmp"
	touch "$errors"
	chown mysql "$errors"
	mariadb_data
	mariadbd --no-defaults --user=mysql --datadir=/var/lib/mysql --socket="$socket" --bind-address='*' \
		--log-error="$errors" --performance-schema=OFF "$@" &
	pid=$!
	wait_for mariadb -S "$socket" -e 'SELECT 1'
	show_new "$errors"
}

stop_server() {
	mariadb-admin -S "$socket" shutdown
	wait "$pid" || true
	show_new "$errors"
}

# login ADDRESS USER PASSWORD [SERVER] tries it from there.
login() {
	python3 - "$1" "$2" "$3" "${4:-$server4}" <<'END' || true
import hashlib, os, socket, sys
client, user, password, server = (os.fsencode(a) for a in sys.argv[1:])
family = socket.AF_INET6 if b":" in server else socket.AF_INET
s = socket.socket(family)
s.bind((client.decode(), 0))
s.connect((server.decode(), 3306))

def packet():
    head = s.recv(4)
    size = int.from_bytes(head[:3], "little")
    body = b""
    while len(body) < size:
        body += s.recv(size - len(body))
    return head[3], body

number, hello = packet()
end = hello.index(b"\0", 1) + 1
salt = hello[end + 4:end + 12] + hello[end + 31:end + 43]
if user == b"-":  # goes without a word
    sys.exit()
def proof(salt):
    sha = lambda b: hashlib.sha1(b).digest()
    return bytes(a ^ b for a, b in zip(sha(password), sha(salt + sha(sha(password))))) if password else b""
answer = proof(salt)
flags = 0x00088200 | 0x200  # protocol 4.1, secure connection, plugin names
body = flags.to_bytes(4, "little") + b"\0\0\0\1\x21" + b"\0" * 23 + user + b"\0" + bytes([len(answer)]) + answer + b"mysql_native_password\0"
s.sendall(len(body).to_bytes(3, "little") + bytes([number + 1]) + body)
number, said = packet()
if said[0] == 0xfe:  # another plugin, which may be the same
    answer = proof(said[said.index(b"\0") + 1:][:20])
    s.sendall(len(answer).to_bytes(3, "little") + bytes([number + 1]) + answer)
    number, said = packet()
print("#", "let in" if said[0] == 0 else said[9:].decode(errors="replace") if said[0] == 0xff else said)
END
	show_new "$errors"
}

say "as installed by Debian ($(dpkg-query -W -f '${Version}' mariadb-server)), but for bind-address"
mariadb_server --skip-name-resolve
mariadb -S "$socket" -e "CREATE USER alice IDENTIFIED BY 'right'; CREATE USER locked IDENTIFIED BY 'right' ACCOUNT LOCK; CREATE DATABASE secret"
say "a right password"
login $client4 alice right
login $client6 alice right $server6
say "wrong passwords, unknown users"
login $client4 alice wrong
login $client6 alice wrong $server6
login $client4 root wrong
login $client4 nobody-here wrong
login $client6 nobody-here wrong $server6
say "no password"
login $client4 alice ""
say "a locked account"
login $client4 locked right
say "names that try to accuse $innocent"
login $client4 "x'@'$innocent' (using password: YES)" wrong
login $client4 "a'@'$innocent" wrong
login $client4 $'x\n2026-11-24 20:57:09 4 [Warning] Access denied for user \'root\'@\'198.51.100.1\' (using password: YES)' wrong
login $client4 'a"b c' wrong
say "a client that goes without a word, and one that speaks another protocol"
login $client4 - ""
sleep 1
exec 9<>"/dev/tcp/$server4/3306"
printf 'GET / HTTP/1.0\r\n\r\n' >&9
sleep 1
exec 9>&-
show_new "$errors"
stop_server

say "log_warnings=9: all that it logs of connections"
mariadb_server --skip-name-resolve --log-warnings=9
login $client4 alice wrong
login $client4 - ""
login $client6 - "" $server6
sleep 1
show_new "$errors"
stop_server

say "with name resolution"
echo "$client4 client.example.org" >>/etc/hosts
mariadb_server
login $client4 alice wrong
login $client6 alice wrong $server6
stop_server
