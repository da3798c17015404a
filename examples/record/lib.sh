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

# The script's own arguments; sourcing passes them on.
arguments=("$@")

must_be_root() { [ "$(id -u)" = 0 ] || { echo "$1: must run as root" >&2; exit 2; }; }

# own_namespaces "$0" PACKAGE… goes on inside, with these packages installed on the host, and returns
# there only. For another release than the host's ($GAOL_RECORD_SUITE) it is own_root.
own_namespaces() {
	if [ "${RECORDING:-}" != yes ]; then
		must_be_root "$1"
		[ -z "${GAOL_RECORD_SUITE:-}" ] || own_root "$@"
		need "${@:2}"
		RECORDING=yes exec unshare --mount --net --uts --pid --fork --kill-child --mount-proc \
			"$1" "${arguments[@]}"
	fi
	# The services' own run-time directories are made again in here, and no other.
	mount -t tmpfs tmpfs /run
	mkdir -p /run/sshd /run/lock
	own_network
}

# own_network gives the namespace the addresses of client and server, and makes $tmp.
own_network() {
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

roots=${GAOL_RECORD_ROOTS:-/var/cache/gaol-record}

# go_program MODULE@VERSION PACKAGE [FLAG…] builds a program that Debian does not have, of a Go module, as the
# host's Go gets it. It is called before own_root, in whose root the program is $programs/MODULE@VERSION/program, and
# its source $programs/MODULE@VERSION/source.
#
# npm_program PACKAGE@VERSION PACKAGE@VERSION… does the same for one of node's, with others that it asks for when it
# runs: $programs/PACKAGE@VERSION/node_modules.
programs=/programs
go_program() { program "$1" go_build "$@"; }
npm_program() { program "$1" nice npm install --prefix . --no-audit --no-fund "$@"; }

# program NAME COMMAND… calls COMMAND in a new folder, which becomes $programs/NAME, unless there is one.
program() {
	local dir=$roots/programs/$1
	[ "${RECORDING:-}" != yes ] || return 0
	must_be_root "$0"
	[ ! -d "$dir" ] || return 0
	rm -rf "$dir.new"
	mkdir -p "$dir.new"
	shift
	(cd "$dir.new" && "$@") >"$dir.log" 2>&1 || { tail -n 20 "$dir.log" >&2; exit 1; }
	mv "$dir.new" "$dir"
	rm "$dir.log"
}
go_build() {
	local module=$1 package=$2
	shift 2
	GOFLAGS=-mod=mod go mod download -json "$module" >module || { cat module; return 1; }
	cp -r "$(python3 -c 'import json; print(json.load(open("module"))["Dir"])')" source && chmod -R u+w source && rm module &&
		cd source && nice go build -buildvcs=false "$@" -o ../program "$package"
}

# own_root "$0" PACKAGE… goes on inside a root directory of its own, with these packages of
# Debian's and no others but a few tools (base_packages), and in namespaces of its own as
# own_namespaces. Nothing of it is left but the packages, unpacked, for the next run, below
# $GAOL_RECORD_ROOTS. They are of the host's release of Debian, or of the one that $GAOL_RECORD_SUITE
# names: trixie, sid.
#
# There is no systemd in there: start services as their units do, in the foreground.
own_root() {
	if [ "${RECORDING:-}" = yes ]; then
		own_network
		return
	fi
	must_be_root "$1"
	local script=$1 suite
	shift
	suite=${GAOL_RECORD_SUITE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}
	base=$roots/$suite
	layer=$roots/$suite-$(basename "$script" .sh)-$(echo "$*" | md5sum | cut -c1-12)
	mkdir -p "$roots/programs"
	(
		flock 9
		[ -d "$base" ] || make_base "$suite"
	) 9>"$roots/lock"
	[ -d "$layer" ] || make_layer "$@"
	scratch=$(mktemp -d "$roots/run.XXXXXX")
	trap 'rm -rf --one-file-system "$scratch"' EXIT
	mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
	unshare --mount --net --uts --pid --fork --kill-child bash -eu -c "$(declare -f mount_root); $(
		declare -p base layer scratch script roots programs)"'
		mount_root "$layer:$base" "$scratch/upper" "$scratch/work" "$scratch/root"
		mkdir -p "$scratch/root/examples" "$scratch/root$programs"
		mount --bind -o ro "$roots/programs" "$scratch/root$programs"
		mount --bind "$(dirname "$(realpath "$script")")/.." "$scratch/root/examples"
		ln -s examples/record "$scratch/root/record"
		mount -t tmpfs tmpfs "$scratch/root/run"
		mkdir -p "$scratch/root/run/lock"
		RECORDING=yes exec chroot "$scratch/root" /bin/bash "/examples/record/$(basename "$script")" "$@"' bash "${arguments[@]}"
	exit
}

base_packages=iproute2,procps,rsyslog,curl,ca-certificates,openssl,python3,netcat-openbsd

# mount_root LOWER UPPER WORK ROOT mounts a root directory with what a process expects there.
mount_root() {
	mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" "$4"
	mount -t proc proc "$4/proc"
	mount --rbind /sys "$4/sys"
	mount -t tmpfs tmpfs "$4/dev"
	for n in null zero full random urandom tty; do
		touch "$4/dev/$n"
		mount --bind "/dev/$n" "$4/dev/$n"
	done
	mkdir "$4/dev/pts" "$4/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=0666 devpts "$4/dev/pts"
	ln -s pts/ptmx "$4/dev/ptmx"
	ln -s /proc/self/fd "$4/dev/fd"
	ln -s /proc/self/fd/0 "$4/dev/stdin"
	ln -s /proc/self/fd/1 "$4/dev/stdout"
	ln -s /proc/self/fd/2 "$4/dev/stderr"
}

# make_base SUITE unpacks what all roots have, from where the host has its packages.
make_base() {
	need debootstrap
	rm -rf "$base.new"
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | head -n1)
	debootstrap --variant=minbase --include="$base_packages" "$1" "$base.new" "$mirror" >"$base.log" ||
		{ tail -n 20 "$base.log" >&2; exit 1; }
	rm "$base.log"
	if [ "$1" = "$(. /etc/os-release && echo "$VERSION_CODENAME")" ]; then
		rm "$base.new/etc/apt/sources.list"
		cp -a /etc/apt/. "$base.new/etc/apt/"
	fi
	# What is free and needs something that is not. A mirror of sid that stands still has run out, and still does.
	echo "deb $mirror $1 contrib" >"$base.new/etc/apt/sources.list.d/recording.list"
	echo 'Acquire::Check-Valid-Until "false";' >"$base.new/etc/apt/apt.conf.d/recording"
	printf '#!/bin/sh\nexit 101\n' >"$base.new/usr/sbin/policy-rc.d"
	chmod +x "$base.new/usr/sbin/policy-rc.d"
	echo 'path-exclude=/usr/share/man/*' >"$base.new/etc/dpkg/dpkg.cfg.d/recording"
	cp /etc/resolv.conf /etc/hosts "$base.new/etc/"
	chroot "$base.new" apt-get update -qq >&2
	mv "$base.new" "$base"
}

# make_layer PACKAGE… installs them over the base.
make_layer() {
	rm -rf "$layer.new"
	mkdir -p "$layer.new/upper" "$layer.new/work" "$layer.new/root"
	unshare --mount --pid --fork --kill-child bash -eu -c "$(declare -f mount_root); $(declare -p base layer)"'
		mount_root "$base" "$layer.new/upper" "$layer.new/work" "$layer.new/root"
		DEBIAN_FRONTEND=noninteractive chroot "$layer.new/root" \
			apt-get install -qq -y --no-install-recommends "$@" </dev/null' bash "$@" >"$layer.log" 2>&1 ||
		{ tail -n 20 "$layer.log" >&2; exit 1; }
	mv "$layer.new/upper" "$layer"
	rm -rf "$layer.new" "$layer.log"
}

# syslog FILE starts a syslog daemon that writes what services send to /dev/log there, in the
# form of RFC 3164.
syslog() {
	cat >"$tmp/rsyslog.conf" <<END
module(load="imuxsock" SysSock.RateLimit.Interval="0")
*.* action(type="omfile" file="$1" template="RSYSLOG_TraditionalFileFormat")
END
	rsyslogd -n -i "$tmp/rsyslog.pid" -f "$tmp/rsyslog.conf" >"$tmp/rsyslog.out" 2>&1 &
	wait_for test -S /dev/log
	touch "$1"
}

# mariadb_data makes MariaDB's tables and the folder of its socket where the package has not (in Debian sid,
# 11.8.9 and later, its service does).
mariadb_data() {
	mkdir -p /run/mariadbd
	chown mysql /run/mariadbd
	ln -sfn mariadbd /run/mysqld # PHP looks there
	[ -d /var/lib/mysql/mysql ] ||
		mariadb-install-db --user=mysql --datadir=/var/lib/mysql --skip-test-db >/dev/null
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

# ask [OPTION…] URL asks a web server, from the client's address of the URL's family; get shows what is new in $log then.
ask() {
	local from=$client4
	case "$*" in *"[$server6]"*) from=$client6 ;; esac
	curl -s -g -o /dev/null --max-time 30 --interface "$from" "$@" || true
}
get() {
	ask "$@"
	show_new "$log"
}
base4=http://$server4
base6=http://[$server6]

# smtp FAMILY PORT LINE… speaks to the mail server as smtp.py says, and shows what is new in $log.
smtp() {
	python3 /record/smtp.py "$@" >/dev/null 2>&1 || true
	show_new "$log"
}
# plain USER PASSWORD and b64 TEXT are what SASL wants of them.
plain() { printf '\0%s\0%s' "$1" "$2" | base64 -w0; }
b64() { printf '%s' "$1" | base64 -w0; }

# directory starts an LDAP server, of the package slapd, with a user alice whose password is "right".
directory() {
	mkdir -p "$tmp/ldap"
	cat >"$tmp/slapd.conf" <<END
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "dc=example,dc=org"
rootdn "cn=root,dc=example,dc=org"
rootpw secret
directory $tmp/ldap
END
	slapadd -f "$tmp/slapd.conf" <<'END'
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: uid=alice,dc=example,dc=org
objectClass: inetOrgPerson
uid: alice
cn: Alice
sn: Alice
mail: alice@example.org
userPassword: right
END
	slapd -f "$tmp/slapd.conf" -h ldap://127.0.0.1:389/
	wait_for listening 389
}

# dovecot_config reads a configuration of Dovecot 2.3 and prints it in the language of the Dovecot that is here.
# It knows what the scripts use.
dovecot_config() {
	case $(dovecot --version) in
	2.[0-3].*)
		cat
		return
		;;
	esac
	echo "dovecot_config_version = 2.4.0"
	echo "dovecot_storage_version = 2.4.0"
	sed -E '/^(passdb|userdb) \{$/ { N; s/ \{\n\s*driver = (\S+)/ \1 {/ }
		s/^\s*args = (uid=\S+) (gid=\S+) (home=\S+)$/fields {\n\1\n\2\n\3\n}/
		s/^\s*args = (scheme=(\S+) )?(\S+)$/passwd_file_path = \3\ndefault_password_scheme = \2/
		s/^default_password_scheme = $/&crypt/
		s/^disable_plaintext_auth = no/auth_allow_cleartext = yes/
		s/^disable_plaintext_auth = yes/auth_allow_cleartext = no/
		s/^ssl_(cert|key) = </ssl_server_\1_file = /
		s/^ssl_ca = </ssl_server_ca_file = /
		s/^ssl_verify_client_cert/ssl_server_request_client_cert/
		s/^mail_location = maildir:(.*)/mail_driver = maildir\nmail_path = \1/
		s/%n\b/%{user|username}/'
}
