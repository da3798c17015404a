# What the recording scripts share. Each of them sources this file, which starts
# it again, as root, in mount, network and process namespaces of its own: services
# and files it makes there are gone when it ends, whichever way it ends, and no
# packet leaves the machine.
#
# The namespace's loopback device has addresses out of the ranges that RFC 5737
# and RFC 3849 reserve for documentation. So the recorded lines need no editing
# before they become tests: the address a service logs is the address it saw.

set -eu
export LC_ALL=C TZ=UTC

server4=192.0.2.1
server6=2001:db8::1
client4=192.0.2.5
client6=2001:db8::5
# Never connects. It stands in the text by which the client tries to accuse somebody else.
innocent=198.51.100.1

# own_namespaces SCRIPT [ARG…] goes on inside, and returns there only.
own_namespaces() {
	if [ "${RECORDING:-}" != yes ]; then
		[ "$(id -u)" = 0 ] || { echo "$1: must run as root" >&2; exit 2; }
		RECORDING=yes exec unshare --mount --net --uts --pid --fork --kill-child --mount-proc "$@"
	fi
	# The services' own run-time directories are made again in here, and no other.
	mount -t tmpfs tmpfs /run
	mkdir -p /run/sshd /run/lock
	tmp=/run/recording
	mkdir -p "$tmp"
	ip link set lo up
	ip address add 192.0.2.1/32 dev lo
	ip address add 192.0.2.5/32 dev lo
	ip address add 2001:db8::1/128 dev lo nodad
	ip address add 2001:db8::5/128 dev lo nodad
	# Whoever says nothing else comes from the client's address.
	ip route replace local "$server4" dev lo table local src "$client4"
	# (Of IPv6 the kernel does not take that: there the clients name their address.)
	hostname server
}

# need PACKAGE… installs what is missing, and starts none of the services.
need() {
	missing=
	for p in "$@"; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
	done
	[ -z "$missing" ] && return
	made=
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
		chmod +x /usr/sbin/policy-rc.d
		made=yes
	fi
	# shellcheck disable=SC2086 # a list of words
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
	[ -z "$made" ] || rm /usr/sbin/policy-rc.d
}

# say TEXT… heads the lines that follow.
say() { printf '\n# %s\n' "$*"; }

# wait_for COMMAND… repeats it until it succeeds, for ten seconds at most.
wait_for() {
	for _ in $(seq 100); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	echo "gave up waiting for: $*" >&2
	return 1
}

# listening PORT says whether something listens there.
listening() { ss -Hltn "sport = :$1" | grep -q .; }

# show_new FILE prints what was added since it was last called for that file.
show_new() {
	sleep 0.3 # services write their last lines after the client has gone
	count=$(wc -l <"$1")
	seen=$(cat "$1.seen" 2>/dev/null || echo 0)
	tail -n +"$((seen + 1))" "$1" | head -n "$((count - seen))"
	echo "$count" >"$1.seen"
}
