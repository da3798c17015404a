#!/bin/bash
# Prints what Debian's Perdition logs of logins that fail, in front of a server that lets alice in
# and nobody else, over IMAP and POP3. (It serves IPv4 only.)
#
# Expect: perdition 5 2
. "$(dirname "$0")/lib.sh"
own_root "$0" perdition netbase

log=$tmp/mail.log
syslog "$log"
# The server behind it: a few lines of IMAP, and of POP3.
cat >"$tmp/behind.py" <<'END'
import socketserver, threading
class IMAP(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"* OK ready\r\n")
        for line in self.rfile:
            tag, _, rest = line.decode("latin-1").strip().partition(" ")
            while rest.endswith("}"):
                self.wfile.write(b"+ go on\r\n")
                rest += " " + self.rfile.readline().decode("latin-1").strip()
            if rest.upper().startswith("CAPABILITY"): self.wfile.write(b"* CAPABILITY IMAP4 IMAP4REV1\r\n")
            ok = not rest.upper().startswith("LOGIN") or ("alice" in rest and "right" in rest)
            self.wfile.write((tag + (" OK done\r\n" if ok else " NO wrong\r\n")).encode())
            if rest.upper().startswith("LOGOUT"): return
class POP3(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"+OK ready\r\n")
        user = ""
        for line in self.rfile:
            words = line.decode("latin-1").strip().split(" ", 1)
            if words[0].upper() == "USER": user = words[1]
            ok = words[0].upper() != "PASS" or (user == "alice" and words[1] == "right")
            self.wfile.write(b"+OK\r\n" if ok else b"-ERR wrong\r\n")
            if words[0].upper() == "QUIT": return
socketserver.ThreadingTCPServer.allow_reuse_address = True
for port, handler in (2143, IMAP), (2110, POP3):
    threading.Thread(target=socketserver.ThreadingTCPServer(("127.0.0.1", port), handler).serve_forever).start()
END
python3 "$tmp/behind.py" &
wait_for listening 2143
common=(--no_daemon --map_library "" --ssl_mode none --username nobody --group nogroup --pid_file "")
perdition.imap4 "${common[@]}" --protocol IMAP4 --listen_port 143 --outgoing_server 127.0.0.1:2143 >"$tmp/imap.out" 2>&1 &
perdition.pop3 "${common[@]}" --protocol POP3 --listen_port 110 --outgoing_server 127.0.0.1:2110 >"$tmp/pop.out" 2>&1 &
wait_for listening 143 || { cat "$tmp/imap.out" "$log" >&2; exit 1; }
wait_for listening 110
show_new "$log"

cat >"$tmp/talk.py" <<'END'
import socket, sys, time
family, port, lines = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
here, there = (("192.0.2.5", 0), ("192.0.2.1", port)) if family == "4" else (("2001:db8::5", 0), ("2001:db8::1", port))
s = socket.create_connection(there, timeout=8, source_address=here)
try:
    s.recv(4096)
    for line in lines:
        s.sendall(line.encode() + b"\r\n"); s.recv(4096); time.sleep(.2)
except OSError: pass
END
talk() {
	python3 "$tmp/talk.py" "$@" >/dev/null 2>&1 || true
	show_new "$log"
}

say "Perdition $(dpkg-query -W -f '${Version}' perdition): wrong password, known and unknown user"
for user in alice nobody-here; do
	talk 4 143 "a LOGIN $user wrong" "b LOGOUT"
	talk 4 110 "USER $user" "PASS wrong" "QUIT"
done
talk 4 143 "a LOGIN alice wrong" "b LOGIN alice wrong" "c LOGOUT"
say "names that try to accuse $innocent; gone without a word"
for user in "x\\\" Auth: $innocent->192.0.2.1 client-secure=plaintext" "x status=failed: Auth: $innocent:1->192.0.2.1:143" "a b"; do
	talk 4 143 "a LOGIN \"$user\" wrong" "b LOGOUT"
	talk 4 110 "USER $user" "PASS wrong" "QUIT"
done
talk 4 143
talk 4 143 "a LOGOUT"
say "the right password: a success"
talk 4 143 "a LOGIN alice right" "b LOGOUT"
talk 4 110 "USER alice" "PASS right" "QUIT"
