#!/bin/bash
# Prints what Debian's PAM logs, through rsyslog, of services that hand it the client's address: a client of PAM of
# a few lines, with pam_unix, pam_faillock and pam_access. See lib.sh.
#
# Expect: pam-generic 10
. "$(dirname "$0")/lib.sh"
own_root "$0" libpam-modules

log=$tmp/auth.log
syslog "$log"
useradd -m alice
echo alice:right | chpasswd
cat >"$tmp/pam.py" <<'END'
import ctypes, sys

pam = ctypes.CDLL("libpam.so.0")
libc = ctypes.CDLL(None)
libc.calloc.restype = libc.strdup.restype = ctypes.c_void_p
libc.strdup.argtypes = [ctypes.c_char_p]

class Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]

CONVERSE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.POINTER(Response)), ctypes.c_void_p)

class Conversation(ctypes.Structure):
    _fields_ = [("converse", CONVERSE), ("data", ctypes.c_void_p)]

RUSER, RHOST, TTY = 8, 4, 3

def main(service, user, password, rhost, ruser="", tty="", tries="1"):
    @CONVERSE
    def converse(count, _, answers, __):
        memory = libc.calloc(count, ctypes.sizeof(Response))
        answers[0] = ctypes.cast(memory, ctypes.POINTER(Response))
        for i in range(count):
            answers[0][i].text = libc.strdup(password.encode())
        return 0

    handle, conversation = ctypes.c_void_p(), Conversation(converse, None)
    pam.pam_start(service.encode(), user.encode(), ctypes.byref(conversation), ctypes.byref(handle))
    for item, value in (RHOST, rhost), (RUSER, ruser), (TTY, tty):
        if value:
            pam.pam_set_item(handle, item, ctypes.c_char_p(value.encode()))
    for _ in range(int(tries)):
        result = pam.pam_authenticate(handle, 0)
        result = result or pam.pam_acct_mgmt(handle, 0)
    pam.pam_end(handle, result)

main(*sys.argv[1:])
END
cat >/etc/pam.d/plain <<'END'
auth required pam_unix.so nodelay
account required pam_unix.so
END
cat >/etc/pam.d/gate <<END
auth required pam_unix.so nodelay
account required pam_access.so accessfile=$tmp/access.conf
END
echo "-:alice:$client4 $client6" >"$tmp/access.conf"

try() {
	python3 "$tmp/pam.py" "$@" || true
	show_new "$log"
}

say "Linux-PAM as installed by Debian ($(dpkg-query -W -f '${Version}' libpam-modules)): a wrong password, an unknown user"
try plain alice wrong "$client4"
try plain alice wrong "$client6"
try plain alice wrong "$client4" '' ftp
try plain alice wrong "$client4" bob /dev/pts/3
try plain alice wrong "::ffff:$client4"
try plain nobody-here wrong "$client4"
try plain nobody-here wrong "$client6"
try plain root wrong "$client4"
say "without an address, with a name"
try plain alice wrong ''
try plain alice wrong client.example.org
say "several tries in one conversation"
try plain alice wrong "$client4" '' '' 3
try plain alice wrong "$client6" '' '' 5
say "the right password"
try plain alice right "$client4"
say "an account that may not come from there"
try gate alice right "$client4"
try gate alice right "$client6"
say "names that try to accuse $innocent"
try plain "x rhost=$innocent  user=root" wrong "$client4"
try plain alice wrong "$client4" "x rhost=$innocent"
try plain alice wrong "$client4" "x rhost=$innocent  user=root"
try plain "x
Nov 24 20:00:00 server plain[1]: pam_unix(plain:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=$innocent  user=root" wrong "$client4"
try plain alice wrong "x rhost=$innocent"
