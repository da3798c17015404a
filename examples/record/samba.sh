#!/bin/bash
# Prints what Debian's Samba logs of logins that fail, and of some that do not: auth_audit as text and as JSON.
#
# Expect: samba 15
. "$(dirname "$0")/lib.sh"
own_root "$0" samba smbclient

mkdir -p /run/samba /var/log/samba "$tmp/share"
useradd -m alice
# smbd LEVEL… starts it with this log level.
cat >"$tmp/smb.conf" <<END
[global]
workgroup = EXAMPLE
server role = standalone server
map to guest = bad user
logging = file
log file = /var/log/samba/log.%m
max log size = 0
server min protocol = NT1
[share]
path = $tmp/share
read only = yes
END
printf 'right\nright\n' | smbpasswd -c "$tmp/smb.conf" -a -s alice >/dev/null
smbd() {
	/usr/sbin/smbd --foreground -s "$tmp/smb.conf" --option="log level=$1" "${@:2}" >/dev/null 2>&1 &
	pid=$!
	wait_for listening 445
}
stop_smbd() {
	kill "$pid"
	wait "$pid" 2>/dev/null || true
}
show() {
	sleep 0.5
	cat /var/log/samba/log.* 2>/dev/null | grep -a -v '^$' || true
	rm -f /var/log/samba/log.*
}
# login ADDRESS USER PASSWORD [OPTION…] lists the share.
login() {
	timeout 20 smbclient -s /dev/null -U "$2%$3" "//$1/share" -c ls "${@:4}" >/dev/null 2>&1 || true
	show
}
attempts() {
	say "wrong password, unknown user, IPv4; the right one: a success"
	login "$server4" alice wrong
	login "$server4" nobody-here wrong
	login "$server4" root wrong
	login "$server4" alice right
	say "IPv6"
	login "$server6" alice wrong
	login "$server6" alice right
	say "NTLMv1, SMB1"
	login "$server4" alice wrong -m NT1 --option="client ntlmv2 auth=no"
	say "names that try to accuse $innocent"
	login "$server4" "x] at [now] with [NTLMv2] status [NT_STATUS_WRONG_PASSWORD] workstation [y] remote host [ipv4:$innocent:1] mapped to [z" wrong
	login "$server4" 'a"b c' wrong
	login "$server4" "x] at [now] with [NTLMv2] status [NT_STATUS_WRONG_PASSWORD] workstation [y] remote host [ipv4:$innocent:1] mapped to [z]\\[z" wrong
	login "$server4" alice wrong -n "x] remote host [ipv4:$innocent:1"
}
say "Samba as installed by Debian ($(dpkg-query -W -f '${Version}' samba)), log level = 0 auth_audit:3"
smbd '0 auth_audit:3'
attempts
stop_smbd
say "log level = 0 auth_json_audit:3"
smbd '0 auth_json_audit:3'
attempts
stop_smbd
say "log level = 1 auth_audit:3, as an ordinary log"
smbd '1 auth_audit:3'
login "$server4" alice wrong
stop_smbd
