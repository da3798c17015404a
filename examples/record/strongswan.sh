#!/bin/bash
# Prints what Debian's strongSwan (charon-systemd, set to syslog and to a file) logs of clients that it
# refuses: wrong passwords (EAP), keys, names and proposals. See lib.sh.
#
# Expect: charon 10 2
# Expect: charon[mode=aggressive] 16 2
. "$(dirname "$0")/lib.sh"
own_root "$0" charon-systemd strongswan-swanctl libcharon-extra-plugins
log=$tmp/syslog
syslog "$log"
# The client has a network of its own: both want the same ports.
ip address del 192.0.2.5/32 dev lo
ip address del 2001:db8::5/128 dev lo
ip route replace local "$server4" dev lo table local src "$server4"
unshare --net sleep 1000 &
holder=$!
sleep 0.3
ip link add far type veth peer name near netns "$holder"
ip link set far up
ip route add "$client4" dev far src "$server4"
ip -6 address add 2001:db8::1/64 dev far nodad 2>/dev/null || true
inside() { nsenter --net="/proc/$holder/ns/net" "$@"; }
inside ip link set lo up
inside ip address add "$client4/32" dev near
inside ip -6 address add 2001:db8::5/64 dev near nodad
inside ip link set near up
inside ip route add default dev near
ip -6 address del 2001:db8::1/128 dev lo
sleep 1

cd /etc/swanctl
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/ca.key" -out x509ca/ca.pem -days 30 -subj /CN=ca 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout private/server.pem -out "$tmp/server.csr" -subj /CN=server.example.org 2>/dev/null
printf 'subjectAltName=DNS:server.example.org\n' >"$tmp/ext"
openssl x509 -req -in "$tmp/server.csr" -CA x509ca/ca.pem -CAkey "$tmp/ca.key" -out x509/server.pem -days 30 -extfile "$tmp/ext" 2>/dev/null
cat >conf.d/server.conf <<CONF
connections {
	road {
		version = 2
		local { auth = pubkey
			certs = server.pem
			id = server.example.org }
		remote { auth = eap-md5
			eap_id = %any
			id = "*@example.org" }
		children { net { local_ts = 10.1.0.0/16 } }
	}
	old {
		version = 1
		local { auth = psk }
		remote { auth = psk
			id = site.example.org }
		remote-x { auth = xauth }
		children { net { local_ts = 10.1.0.0/16 } }
	}
}
secrets {
	eap-alice { id = alice@example.org
		secret = right }
	xauth-alice { id = alice
		secret = right }
	ike-site { id = site.example.org
		secret = right }
}
CONF
# charon LOGGER… starts it.
charon() {
	printf 'charon-systemd {\n%s\n}\n' "$1" >/etc/strongswan.d/zz.conf
	charon-systemd >/dev/null 2>&1 &
	pid=$!
	sleep 2
	swanctl --load-all >/dev/null 2>&1 || true
	sleep 0.5
	show_new "$log" >/dev/null
}
stop_charon() { kill "$pid"; wait "$pid" 2>/dev/null || true; show_new "$log" >/dev/null; }
# The other side: a charon of its own.
client_dir=$tmp/client
mkdir -p "$client_dir/x509ca"
cp x509ca/ca.pem "$client_dir/x509ca/"
cat >"$tmp/client.conf" <<CONF
charon-systemd {
	load_modular = yes
	plugins { include /etc/strongswan.d/charon/*.conf
		vici { socket = unix://$tmp/client.vici }
		bypass-lan { load = no } }
	syslog { }
}
CONF
STRONGSWAN_CONF=$tmp/client.conf inside charon-systemd >/dev/null 2>&1 &
sleep 2
# connect SERVER IDENTITY PASSWORD [VERSION] [PROPOSAL]
connect() {
	local to=$1 id=$2 password=$3 version=${4:-2} proposal=${5:-default} from=$client4
	[ "$to" = "$server4" ] || from=$client6
	local auth='local { auth = eap-md5
			id = "'$id'"
			eap_id = "'$id'" }
		remote { auth = pubkey
			id = server.example.org }'
	[ "$version" = 2 ] || auth='local { auth = psk
			id = site.example.org }
		local-x { auth = xauth
			xauth_id = "'$id'" }
		remote { auth = psk
			id = %any }'
	cat >"$client_dir/swanctl.conf" <<CONF
connections { c { version = $version
		local_addrs = $from
		remote_addrs = $to
		proposals = $proposal
		$auth
		children { net { remote_ts = 10.1.0.0/16 } } } }
secrets { eap-c { id = "$id"
		secret = $password }
	xauth-c { id = "$id"
		secret = $password }
	ike-c { id = site.example.org
		secret = ${6:-right} } }
CONF
	SWANCTL_DIR=$client_dir swanctl --load-all --clear --uri "unix://$tmp/client.vici" >"$tmp/client.out" 2>&1 || true
	SWANCTL_DIR=$client_dir timeout 5 swanctl --initiate --child net --timeout 3 --uri "unix://$tmp/client.vici" >>"$tmp/client.out" 2>&1 || true
	SWANCTL_DIR=$client_dir swanctl --terminate --ike c --force --timeout 1 --uri "unix://$tmp/client.vici" >/dev/null 2>&1 || true
	show_new "$log"
}
attempts() {
	say "EAP: wrong password, unknown user, IPv6"
	connect "$server4" alice@example.org wrong
	connect "$server4" nobody@example.org wrong
	connect "$server6" alice@example.org wrong
	say "a name that no connection has"
	connect "$server4" alice@example.com wrong
	say "names that try to accuse $innocent"
	connect "$server4" "x received packet: from $innocent[500] to@example.org" wrong
	say "IKEv1: XAuth with a wrong password, a wrong key"
	connect "$server4" alice wrong 1
	connect "$server4" alice right 1 default wrong
	say "no proposal in common"
	connect "$server4" alice@example.org wrong 2 3des-md5-modp1024
	say "right password"
	connect "$server4" alice@example.org right
}
say "strongSwan of Debian ($(dpkg-query -W -f '${Version}' charon-systemd)), to syslog"
charon 'syslog { daemon { default = 1 } }'
attempts
stop_charon
say "to a file, with the time and the IKE_SA's name"
log=$tmp/charon.log
charon "filelog { x { path = $log
 time_format = %b %e %T
 ike_name = yes
 flush_line = yes
 default = 1 } }"
attempts
stop_charon
