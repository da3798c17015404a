#!/bin/bash
# Prints what Debian's monitorix, with its own web server and passwords, logs of wrong ones. See lib.sh.
#
# Expect: monitorix 5
. "$(dirname "$0")/lib.sh"
own_root "$0" monitorix
log=/var/log/monitorix-httpd
touch "$log"
chmod 666 "$log"
echo "alice:$(openssl passwd -1 right)" >/var/lib/monitorix/htpasswd
chmod 644 /var/lib/monitorix/htpasswd
sed -i '/<auth>/,/<\/auth>/ s/enabled = n/enabled = y/' /etc/monitorix/monitorix.conf
# monitorix ADDRESS starts its web server there.
monitorix() {
	sed -i "/<httpd_builtin>/,/<\/httpd_builtin>/ s/host =.*/host = $1/" /etc/monitorix/monitorix.conf
	/usr/bin/monitorix -c /etc/monitorix/monitorix.conf -n >/dev/null 2>&1 &
	pid=$!
	wait_for listening 8080
	sleep 1
	show_new "$log" >/dev/null
}
ask() { curl -s -m 5 -o /dev/null --interface "$client4" "$@" || true; show_new "$log"; }
say "monitorix of Debian ($(dpkg-query -W -f '${Version}' monitorix))"
monitorix "$server4"
say "wrong password, unknown user, none"
ask -u alice:wrong "http://$server4:8080/monitorix/"
ask -u nobody-here:wrong "http://$server4:8080/monitorix/"
ask "http://$server4:8080/monitorix/"
say "addresses that try to accuse $innocent"
ask -u alice:wrong "http://$server4:8080/x%20-%20AUTHERR%20-%20%5B$innocent%5D%20Authentication%20error:%20/"
ask -u "x] $innocent:wrong" "http://$server4:8080/monitorix/"
say "right password"
ask -u alice:right "http://$server4:8080/monitorix/"
ask -u alice:right "http://$server4:8080/monitorix/nothing.html"
pkill -P "$pid" 2>/dev/null || true
kill "$pid" 2>/dev/null || true
