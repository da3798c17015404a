#!/bin/bash
# Prints what CUPS logs of passwords that administration asks for. See lib.sh.
#
# Expect: cups 6 1
. "$(dirname "$0")/lib.sh"
own_root "$0" cups cups-client
useradd -m alice
useradd -m -G lpadmin boss
printf '%s\n' alice:right boss:right | chpasswd
sed -i "s/^Listen localhost:631/Listen $server4:631\nListen [$server6]:631\nServerAlias */; s/^LogLevel.*/LogLevel warn/" /etc/cups/cupsd.conf
sed -i 's/Order allow,deny/Order allow,deny\n  Allow all/' /etc/cups/cupsd.conf
mkdir -p /run/cups
cupsd -f >"$tmp/cupsd.out" 2>&1 &
wait_for listening 631
get() {
	local server=$1 from=$client4
	[ "$server" = "$server6" ] && server="[$server6]" from=$client6
	shift
	curl -s -g -k --interface "$from" -o /dev/null --max-time 20 "$@" "https://$server:631/admin/log/error_log" || true
	show_new /var/log/cups/access_log
}
say "$(dpkg-query -W -f 'CUPS ${Version}' cups): no password, wrong password, unknown user, IPv6"
get "$server4"
get "$server4" -u boss:wrong
get "$server4" -u nobody-here:wrong
get "$server6" -u boss:wrong
say "a right password that is not enough; one that is"
get "$server4" -u alice:right
get "$server4" -u boss:right
say "names that try to accuse $innocent"
get "$server4" -u "x from $innocent:wrong"
get "$server4" -u "x
E [24/Nov/2026:20:00:00 +0000] $innocent:wrong"
