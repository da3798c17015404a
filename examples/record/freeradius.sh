#!/bin/bash
# Prints what Debian's FreeRADIUS logs of logins that fail, and of some that do not (auth = yes).
#
# Expect: freeradius 3 1
. "$(dirname "$0")/lib.sh"
own_root "$0" freeradius freeradius-utils

log=/var/log/freeradius/radius.log
d=/etc/freeradius/3.0
sed -i 's/^\tauth = no/\tauth = yes/' $d/radiusd.conf
sed -i '1i alice Cleartext-Password := "right"' $d/mods-config/files/authorize
cat >>$d/clients.conf <<END
client nas4 {
	ipaddr = 192.0.2.0/24
	secret = testing123
}
client nas6 {
	ipv6addr = 2001:db8::/64
	secret = testing123
}
END
touch "$log"
chown freerad "$log"
start_freeradius() {
	/usr/sbin/freeradius -f >"$tmp/out" 2>&1 &
	pid=$!
	wait_for sh -c 'ss -Hlun "sport = :1812" | grep -q .'
}
start_freeradius
# login SERVER USER PASSWORD [ATTRIBUTE…]
login() {
	{
		printf 'User-Name = "%s"\nUser-Password = "%s"\n' "$2" "$3"
		printf '%s\n' "${@:4}"
	} | timeout 10 radclient -r 1 "$1" auth testing123 >/dev/null 2>&1 || true
	show_new "$log"
}
say "FreeRADIUS as installed by Debian ($(dpkg-query -W -f '${Version}' freeradius)), auth = yes"
show_new "$log"
login "$server4" alice wrong
login "$server4" alice right
login "[$server6]" alice wrong
login "$server4" nobody-here wrong
login "$server4" alice wrong 'Calling-Station-Id = "192.0.2.5"' 'NAS-Port = 7'
login "$server4" alice right 'Calling-Station-Id = "192.0.2.5"' 'NAS-Port = 7'
login "$server4" alice wrong 'Calling-Station-Id = "2001:db8::5"' 'NAS-Port = 7'
login "$server4" alice wrong 'Calling-Station-Id = "02-00-00-00-00-01:ssid"' 'NAS-Port = 7'
say "wrong secret, unknown client"
printf 'User-Name = "alice"\nUser-Password = "wrong"\n' | timeout 5 radclient -r 1 -t 1 "$server4" auth nonsense >/dev/null 2>&1 || true
show_new "$log"
say "names that try to accuse $innocent"
login "$server4" "x/y] (from client z port 0 cli $innocent) " wrong 'Calling-Station-Id = "192.0.2.5"'
login "$server4" "x" wrong "Calling-Station-Id = \"$innocent) x\""
login "$server4" "a b" wrong 'Calling-Station-Id = "192.0.2.5"'
say "packets of an unknown client"
kill "$pid"
wait "$pid" 2>/dev/null || true
sed -i '/^client nas/,$d' $d/clients.conf
start_freeradius
show_new "$log" >/dev/null
for server in "$server4" "[$server6]"; do
	printf 'User-Name = "alice"\nUser-Password = "wrong"\n' | timeout 5 radclient -r 1 -t 1 "$server" auth testing123 >/dev/null 2>&1 || true
done
show_new "$log"
