#!/bin/bash
# Prints what Debian's sshd logs of logins that fail, and of some that do not,
# through a real syslog daemon in both of its usual forms. See lib.sh.
#
#	examples/record/sshd.sh            forms: RFC 3164 header
#	examples/record/sshd.sh iso        the header of Debian 12's rsyslog and later
#	examples/record/sshd.sh repeated   "message repeated N times", on in Ubuntu
#
# Expect: sshd 30 8
# Expect: sshd[mode=aggressive] 60 8
. "$(dirname "$0")/lib.sh"
own_namespaces "$0" openssh-server openssh-client python3-paramiko rsyslog iproute2
form=${1:-rfc3164}

# /dev with a log socket of our own in it; the host's may be the journal's.
mkdir "$tmp/dev"
mount -t tmpfs tmpfs "$tmp/dev"
for n in null zero full random urandom tty ptmx; do
	touch "$tmp/dev/$n"
	mount --bind "/dev/$n" "$tmp/dev/$n"
done
mkdir "$tmp/dev/pts"
mount --bind /dev/pts "$tmp/dev/pts"
ln -s /proc/self/fd "$tmp/dev/fd"
mount --rbind "$tmp/dev" /dev

template=RSYSLOG_TraditionalFileFormat
[ "$form" = iso ] && template=RSYSLOG_FileFormat
reduce=off
[ "$form" = repeated ] && reduce=on
log=$tmp/auth.log
cat >"$tmp/rsyslog.conf" <<END
module(load="imuxsock" SysSock.RateLimit.Interval="0")
\$RepeatedMsgReduction $reduce
auth,authpriv.* action(type="omfile" file="$log" template="$template")
END
rsyslogd -n -i "$tmp/rsyslog.pid" -f "$tmp/rsyslog.conf" >"$tmp/rsyslog.out" 2>&1 &
wait_for test -S /dev/log
touch "$log"

# Accounts of our own, in copies that only these namespaces see.
for f in passwd shadow group; do
	cp -p "/etc/$f" "$tmp/$f"
	mount --bind "$tmp/$f" "/etc/$f"
done
hash=$(openssl passwd -6 right)
home=$tmp/alice
mkdir -p "$home/.ssh"
echo "alice:x:4711:4711::$home:/bin/sh" >>/etc/passwd
echo "alice:x:4711:" >>/etc/group
echo "alice:$hash:19000::::::" >>/etc/shadow
echo "locked:x:4712:4711::$home:/bin/sh" >>/etc/passwd
echo "locked:!$hash:19000::::::" >>/etc/shadow
echo "noshell:x:4713:4711::$home:/no/such/shell" >>/etc/passwd
echo "noshell:$hash:19000::::::" >>/etc/shadow
sed "s,^root:[^:]*,root:$hash," "$tmp/shadow" >"$tmp/shadow.new"
cat "$tmp/shadow.new" >/etc/shadow
for k in 1 2 3 4; do ssh-keygen -q -t ed25519 -N '' -f "$tmp/key$k"; done
cp "$tmp/key4.pub" "$home/.ssh/authorized_keys"
chown -R 4711:4711 "$home"
chmod 755 "$tmp" /run && chmod 700 "$home/.ssh"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/hostkey"

# From 9.8 on sshd turns away for a while who failed before. That shall not hide what else it logs.
penalties=
if /usr/sbin/sshd -T -f /dev/null -o "HostKey $tmp/hostkey" -o "PerSourcePenalties no" >/dev/null 2>&1; then
	penalties="PerSourcePenalties no"
fi

# sshd LINE… starts a server with these configuration lines, the first of which count.
sshd() {
	{
		echo "HostKey $tmp/hostkey"
		echo "PidFile none"
		echo "ListenAddress $server4"
		echo "ListenAddress $server6"
		printf '%s\n' "$@" "$penalties"
	} >"$tmp/sshd_config"
	/usr/sbin/sshd -D -f "$tmp/sshd_config" &
	sshd_pid=$!
	wait_for listening 22
	show_new "$log" >/dev/null
}

stop_sshd() {
	kill "$sshd_pid"
	wait "$sshd_pid" 2>/dev/null || true
	show_new "$log" >/dev/null
}

printf '#!/bin/sh\ncat "%s/password"\n' "$tmp" >"$tmp/askpass"
chmod +x "$tmp/askpass"
client_options=(-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
	-o LogLevel=ERROR -o NumberOfPasswordPrompts=3 -o IdentityAgent=none)

# login FAMILY PASSWORD USER [SSH OPTION…] tries it, three times where it can.
# Of ssh's options the first one counts.
login() {
	local from=$client4 to=$server4
	[ "$1" = 6 ] && from=$client6 to=$server6
	echo "$2" >"$tmp/password"
	local user=$3
	shift 3
	SSH_ASKPASS=$tmp/askpass SSH_ASKPASS_REQUIRE=force timeout 20 \
		ssh -b "$from" "$@" "${client_options[@]}" -l "$user" "$to" true </dev/null >/dev/null 2>&1 || true
	show_new "$log"
}

# hostile USER tries one password, for a name that ssh itself would not send.
hostile() {
	/usr/bin/python3 - "$client4" "$server4" "$1" <<'END' >/dev/null 2>&1 || true
import os, socket, sys, paramiko
client, server, user = sys.argv[1:]
connection = socket.create_connection((server, 22), source_address=(client, 0))
transport = paramiko.Transport(connection)
transport.start_client()
transport.auth_password(os.fsencode(user), "wrong", fallback=False)
END
	show_new "$log"
}

password=(-o PreferredAuthentications=password -o PubkeyAuthentication=no)
interactive=(-o PreferredAuthentications=keyboard-interactive -o PubkeyAuthentication=no)
keys=(-o PreferredAuthentications=publickey -o IdentitiesOnly=yes -i "$tmp/key1" -i "$tmp/key2" -i "$tmp/key3")

# raw TEXT sends it (printf's escapes) to the server in place of ssh's protocol.
raw() {
	exec 9<>"/dev/tcp/$server4/22"
	# shellcheck disable=SC2059 # the escapes are wanted
	printf "$1" >&9
	sleep 0.3
	exec 9>&-
	show_new "$log"
}

say "sshd as installed by Debian ($(dpkg-query -W -f '${Version}' openssh-server)): UsePAM yes"
sshd "UsePAM yes" "PasswordAuthentication yes" "KbdInteractiveAuthentication no" "LogLevel INFO"
say "wrong password, known user, three times"
login 4 wrong alice "${password[@]}"
say "wrong password, known user, IPv6"
login 6 wrong alice "${password[@]}" -o NumberOfPasswordPrompts=1
say "wrong password, unknown user"
login 4 wrong nobody-here "${password[@]}"
say "wrong password, unknown user, IPv6"
login 6 wrong nobody-here "${password[@]}" -o NumberOfPasswordPrompts=1
say "unknown user with the right password of another, empty name"
login 4 right "" "${password[@]}" -o NumberOfPasswordPrompts=1
say "wrong password, root"
login 4 wrong root "${password[@]}" -o NumberOfPasswordPrompts=1
say "right password, root (PermitRootLogin prohibit-password)"
login 4 right root "${password[@]}" -o NumberOfPasswordPrompts=1
say "right password: a success"
login 4 right alice "${password[@]}"
login 6 right alice "${password[@]}"
say "right key: a success"
login 4 - alice -o IdentitiesOnly=yes -i "$tmp/key4"
login 6 - alice -o IdentitiesOnly=yes -i "$tmp/key4"
say "wrong keys, then the right password: a success"
login 4 right alice -o PreferredAuthentications=publickey,password -o IdentitiesOnly=yes -i "$tmp/key1" -i "$tmp/key2"
say "wrong keys, known user"
login 4 - alice "${keys[@]}"
say "wrong keys, unknown user"
login 4 - nobody-here "${keys[@]}"
say "account locked, shell missing"
login 4 right locked "${password[@]}" -o NumberOfPasswordPrompts=1
login 4 right noshell "${password[@]}" -o NumberOfPasswordPrompts=1

say "names that try to accuse $innocent"
for user in \
	"x from $innocent" \
	"x from $innocent port 22" \
	"x from $innocent port 22 ssh2" \
	"root from $innocent port 22 ssh2: RSA SHA256:abc" \
	"x $innocent port 22 [preauth]" \
	"x from $innocent port 22 not allowed because not listed in AllowUsers" \
	"Failed password for root from $innocent port 22 ssh2" \
	"invalid user x from $innocent port 22" \
	"a'b\"c d	tab" \
	"äöü☃" \
	$'x\e[31m\a\r' \
	$'x\nNov 24 20:00:00 server sshd[1]: Failed password for root from 198.51.100.1 port 22 ssh2' \
	$'x\x80\xff' \
	"$(printf 'l%.0s' $(seq 150)) from $innocent port 22 ssh2"; do
	hostile "$user"
done

say "the client says something else than ssh"
raw 'GET / HTTP/1.0\r\n\r\n'
say "a name of another address in the first line"
raw "from $innocent port 22\r\n"
say "an old version"
raw 'SSH-1.5-scanner\r\n'
sleep 1
show_new "$log"
say "the client goes without a word"
raw ''
say "the client goes after its version"
raw 'SSH-2.0-scanner\r\n'
say "no key exchange in common"
stop_sshd
sshd "KexAlgorithms curve25519-sha256" "UsePAM yes"
login 4 - alice -o KexAlgorithms=diffie-hellman-group14-sha256
say "no cipher, no host key type in common"
stop_sshd
sshd "Ciphers aes256-ctr" "UsePAM yes"
login 4 - alice -o Ciphers=aes128-ctr
login 4 - alice -o HostKeyAlgorithms=rsa-sha2-256
stop_sshd

say "MaxAuthTries 2, wrong passwords, known and unknown user"
sshd "UsePAM yes" "MaxAuthTries 2" "KbdInteractiveAuthentication no"
login 4 wrong alice "${password[@]}"
login 4 wrong nobody-here "${password[@]}"
say "MaxAuthTries 2, wrong keys, known and unknown user"
login 4 - alice "${keys[@]}"
login 4 - nobody-here "${keys[@]}"
login 4 - "x from $innocent port 22 ssh2 [preauth]" "${keys[@]}"
stop_sshd

say "keyboard-interactive by way of PAM"
sshd "UsePAM yes" "KbdInteractiveAuthentication yes" "PasswordAuthentication no"
login 4 wrong alice "${interactive[@]}"
say "keyboard-interactive by way of PAM, unknown user"
login 4 wrong nobody-here "${interactive[@]}"
login 6 wrong nobody-here "${interactive[@]}" -o NumberOfPasswordPrompts=1
login 4 wrong "x from $innocent" "${interactive[@]}" -o NumberOfPasswordPrompts=1
say "keyboard-interactive by way of PAM: a success"
login 4 right alice "${interactive[@]}"
stop_sshd

say "a certificate, whose id was chosen by who signed it: a success"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/ca"
sshd "UsePAM yes" "TrustedUserCAKeys $tmp/ca.pub"
for id in alice@example.com "x from $innocent port 22 ssh2: RSA"; do
	ssh-keygen -q -s "$tmp/ca" -I "$id" -n alice "$tmp/key3.pub"
	login 4 - alice -o PreferredAuthentications=publickey -o IdentitiesOnly=yes -i "$tmp/key3"
	rm "$tmp/key3-cert.pub"
done
stop_sshd

say "keys only: passwords are not asked for"
sshd "UsePAM yes" "KbdInteractiveAuthentication no" "PasswordAuthentication no"
login 4 wrong root "${password[@]}"
login 4 wrong nobody-here "${password[@]}"
login 6 wrong nobody-here "${password[@]}"
login 4 wrong "x $innocent port 22 [preauth]" "${password[@]}"
login 4 - root "${keys[@]}"
stop_sshd

say "AllowUsers"
sshd "UsePAM yes" "AllowUsers somebody" "KbdInteractiveAuthentication no"
login 4 right alice "${password[@]}" -o NumberOfPasswordPrompts=1
stop_sshd
say "DenyUsers"
sshd "UsePAM yes" "DenyUsers alice" "KbdInteractiveAuthentication no"
login 4 right alice "${password[@]}" -o NumberOfPasswordPrompts=1
stop_sshd
say "DenyGroups"
sshd "UsePAM yes" "DenyGroups alice" "KbdInteractiveAuthentication no"
login 4 right alice "${password[@]}" -o NumberOfPasswordPrompts=1
stop_sshd
say "AllowGroups"
sshd "UsePAM yes" "AllowGroups root" "KbdInteractiveAuthentication no"
login 4 right alice "${password[@]}" -o NumberOfPasswordPrompts=1
stop_sshd

say "UsePAM no, LogLevel VERBOSE"
sshd "UsePAM no" "LogLevel VERBOSE" "PermitRootLogin no"
login 4 wrong alice "${password[@]}"
login 4 wrong nobody-here "${password[@]}" -o NumberOfPasswordPrompts=1
login 4 right root "${password[@]}" -o NumberOfPasswordPrompts=1
login 4 right alice "${password[@]}"
login 4 - alice "${keys[@]}"
login 4 right locked "${password[@]}" -o NumberOfPasswordPrompts=1
login 4 right noshell "${password[@]}" -o NumberOfPasswordPrompts=1
stop_sshd

say "PermitEmptyPasswords yes: none is tried as well"
sshd "UsePAM no" "PermitEmptyPasswords yes"
login 4 wrong alice "${password[@]}" -o NumberOfPasswordPrompts=1
login 4 wrong nobody-here "${password[@]}" -o NumberOfPasswordPrompts=1
stop_sshd

say "LoginGraceTime 1"
sshd "UsePAM yes" "LoginGraceTime 1"
exec 9<>"/dev/tcp/$server4/22"
printf 'SSH-2.0-slow\r\n' >&9
timeout 10 cat <&9 >/dev/null || true # newer versions wait up to four seconds longer
exec 9>&-
show_new "$log"
stop_sshd

say "MaxStartups 1"
sshd "UsePAM yes" "MaxStartups 1"
exec 8<>"/dev/tcp/$server4/22"
exec 9<>"/dev/tcp/$server4/22"
sleep 0.5
exec 8>&- 9>&-
show_new "$log"
stop_sshd

say "PerSourceMaxStartups 1"
sshd "UsePAM yes" "PerSourceMaxStartups 1"
exec 8<>"/dev/tcp/$server4/22"
sleep 0.3
exec 9<>"/dev/tcp/$server4/22"
sleep 0.5
exec 8>&- 9>&-
show_new "$log"
stop_sshd

if [ -n "$penalties" ]; then
	say "PerSourcePenalties, on in 9.8 and later: who fails is turned away for a while"
	penalties=
	sshd "UsePAM no" "PerSourcePenalties authfail:5 noauth:1 grace-exceeded:2 min:1"
	login 4 wrong alice "${password[@]}"
	login 4 wrong nobody-here "${password[@]}"
	raw ''
	login 6 wrong nobody-here "${password[@]}"
	login 6 wrong nobody-here "${password[@]}"
	sleep 8
	say "the same after connections without an attempt"
	raw ''
	raw ''
	raw ''
	stop_sshd
fi
