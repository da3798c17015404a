#!/bin/bash
# Prints what Debian's tomcat10 logs when its manager application (tomcat10-admin), or one with a login form, refuses a
# password: the access log as the installed server.xml has it, and catalina's own log.
#
# Expect: tomcat 20 4
. "$(dirname "$0")/lib.sh"
own_root "$0" tomcat10 tomcat10-admin

cat >/etc/tomcat10/tomcat-users.xml <<'END'
<tomcat-users xmlns="http://tomcat.apache.org/xml">
	<role rolename="manager-gui"/>
	<user username="alice" password="right" roles="manager-gui"/>
	<user username="carol" password="right" roles="manager-gui"/>
	<user username="bob" password="right" roles=""/>
</tomcat-users>
END
# The manager's own rule lets nobody in but from loopback.
for app in manager host-manager; do
	sed -i '/RemoteAddrValve/,/>/d' "/usr/share/tomcat10-admin/$app/META-INF/context.xml"
done
# An application with form-based login.
shop=/var/lib/tomcat10/webapps/shop
mkdir -p "$shop/WEB-INF" "$shop/secret"
cat >"$shop/WEB-INF/web.xml" <<'END'
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="5.0">
	<security-constraint>
		<web-resource-collection>
			<web-resource-name>secret</web-resource-name>
			<url-pattern>/secret/*</url-pattern>
		</web-resource-collection>
		<auth-constraint>
			<role-name>manager-gui</role-name>
		</auth-constraint>
	</security-constraint>
	<login-config>
		<auth-method>FORM</auth-method>
		<form-login-config>
			<form-login-page>/login.html</form-login-page>
			<form-error-page>/error.html</form-error-page>
		</form-login-config>
	</login-config>
	<security-role>
		<role-name>manager-gui</role-name>
	</security-role>
</web-app>
END
for page in login error secret/page; do echo "$page" >"$shop/$page.html"; done
sed -i "s/port=\"8080\"/port=\"8080\" address=\"::\"/" /etc/tomcat10/server.xml
# Written at once, not in blocks.
sed -i 's/prefix="localhost_access_log"/buffered="false" &/' /etc/tomcat10/server.xml
catalina=/var/log/tomcat10/catalina.out
touch "$catalina"
chown tomcat "$catalina"
CATALINA_HOME=/usr/share/tomcat10 CATALINA_BASE=/var/lib/tomcat10 CATALINA_TMPDIR=/tmp JAVA_OPTS=-Djava.awt.headless=true \
	setpriv --reuid tomcat --regid tomcat --clear-groups sh /usr/libexec/tomcat10/tomcat-start.sh >>"$catalina" 2>&1 &
wait_for grep -q "Server startup in" "$catalina" || wait_for grep -q "Server startup in" "$catalina"
wait_for test -e "/var/log/tomcat10/localhost_access_log.$(date +%F).txt"
show_new "$catalina"

show() {
	local access
	access=$(echo /var/log/tomcat10/localhost_access_log.*.txt)
	show_new "$access"
	show_new "$catalina"
}

base4=http://$server4:8080
base6=http://[$server6]:8080
say "tomcat10 of Debian $(dpkg-query -W -f '${Version}' tomcat10): wrong passwords"
ask -u alice:wrong "$base4/manager/html"
ask -u alice:wrong "$base6/manager/html"
ask -u nobody-here:wrong "$base4/manager/text/list"
ask -u nobody-here:wrong "$base4/manager/status?XML=true"
ask -u alice:wrong "$base6/manager/jmxproxy/?qry=x"
ask -u alice:wrong "$base4/host-manager/html"
ask -u alice:wrong "$base4/host-manager/text/list"
ask -u alice:wrong -X PUT -d x "$base4/manager/text/deploy?path=/x"
ask -u bob:right "$base4/manager/html"
show
say "no password"
ask "$base4/manager/html"
show
say "the right one"
ask -u carol:right "$base4/manager/status"
ask -u carol:right "$base6/manager/html"
show
say "nothing of the kind"
ask "$base4/"
ask "$base4/manager/"
ask "$base4/manager/images/tomcat.gif"
show
# form BASE USER PASSWORD
form() {
	rm -f "$tmp/jar"
	ask -c "$tmp/jar" "$1/shop/secret/page.html"
	ask -b "$tmp/jar" -d "j_username=$2&j_password=$3" "$1/shop/j_security_check"
}
say "a login form: wrong passwords, the right one, and that of somebody who may not see the page"
form "$base4" alice wrong
form "$base6" nobody-here wrong
ask -d "j_username=alice&j_password=wrong" "$base4/shop/j_security_check"
form "$base4" carol right
form "$base6" bob right
ask "$base4/shop/j_security_check"
show
say "a name again and again: LockOutRealm"
for i in 1 2 3 4 5 6; do ask -u alice:wrong "$base4/manager/html"; done
ask -u alice:right "$base4/manager/html"
show
say "attempts to accuse $innocent"
ask -u "x\" 401 1
$innocent - - [24/Nov/2026:20:00:00 +0000] \"GET /manager/html HTTP/1.1\" 401 1:wrong" "$base4/manager/html"
ask -e "$innocent - - [24/Nov/2026:20:00:00 +0000] \"GET /manager/html HTTP/1.1\" 401 1" "$base4/%22%20401%201%0a$innocent"
ask "$base4/manager/html;x=%22401?$innocent%20-%20-%20[]%20\"GET"
show
