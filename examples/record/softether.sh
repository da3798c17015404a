#!/bin/bash
# Prints what Debian's SoftEther VPN server logs of wrong passwords: the security log of a hub. OpenVPN
# is the client. See lib.sh.
#
# Expect: softethervpn 5
. "$(dirname "$0")/lib.sh"
own_root "$0" softether-vpnserver softether-vpncmd openvpn
cd "$tmp"
mkdir -p /run/softether /var/lib/softether /var/log/softether
vpnserver start >/dev/null 2>&1
wait_for listening 5555
sleep 2
command() { vpncmd localhost:5555 /SERVER "$@" >/dev/null 2>&1; }
command /CMD HubCreate office /PASSWORD:right
command /ADMINHUB:office /CMD UserCreate alice /GROUP:none /REALNAME:none /NOTE:none
command /ADMINHUB:office /CMD UserPasswordSet alice /PASSWORD:right
command /CMD ProtoOptionsSet OpenVPN /NAME:Enabled /VALUE:True

sleep 2
openssl s_client -connect localhost:5555 </dev/null 2>/dev/null | openssl x509 >ca.pem
log=/var/log/softether/security_log/office/sec_$(date +%Y%m%d).log
show_new "$log"
client() {
	printf '%s\n%s\n' "$3" "$4" >login
	timeout 6 openvpn --dev null --client --local "$1" --lport 0 --remote "$2" 5555 tcp-client --ca ca.pem --auth-user-pass login \
		--auth-retry none --ifconfig-noexec --route-noexec --data-ciphers AES-128-CBC:AES-256-GCM:AES-128-GCM --data-ciphers-fallback AES-128-CBC >client.out 2>&1 || true
	sleep 1
	show_new "$log"
}
client "$client4" "$server4" alice@office wrong

client "$client4" "$server4" nobody-here@office wrong
client "$client6" "$server6" alice@office wrong
say "names that try to accuse $innocent"
client "$client4" "$server4" "x\", from $innocent.@office" wrong
client "$client4" "$server4" "x from $innocent@office" wrong
client "$client4" "$server4" alice@office right
