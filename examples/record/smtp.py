"""Says lines to a mail server, one by one, each after the answer to the last.

smtp.py FAMILY PORT LINE…: "tls" begins TLS, "wait" and "quick" wait for a second, "quick" as the first line not for the
greeting either; "join TEXT" sends TEXT with its escapes and waits for no answer.
"""
import socket, ssl, sys, time
family, port, lines = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
here, there = (("192.0.2.5", 0), ("192.0.2.1", port)) if family == "4" else (("2001:db8::5", 0), ("2001:db8::1", port))
s = socket.create_connection(there, timeout=5, source_address=here)
context = ssl._create_unverified_context()
def answer():
    reply = b""
    while not (reply.endswith(b"\n") and reply.splitlines()[-1][3:4] != b"-"):
        more = s.recv(4096)
        if not more:
            return
        reply += more
if port == 465: s = context.wrap_socket(s)
try:
    if lines[:1] != ["quick"]: answer()
    for line in lines:
        if line in ("quick", "wait"): time.sleep(1)
        elif line == "tls": s = context.wrap_socket(s)
        elif line.startswith("join "): s.sendall(line[5:].encode().decode("unicode_escape").encode("latin-1")); time.sleep(.5)
        else: s.sendall(line.encode() + b"\r\n"); answer()
except OSError: pass
