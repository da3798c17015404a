#!/bin/sh
# Prints the rules for nginx that let in who stands in the allow-list FILE, and
# nobody else:
#
#	nginx-allow.sh FILE >/etc/nginx/admin-allow.conf && nginx -t && nginx -s reload
set -eu
awk '
	{ sub(/#.*/, ""); gsub(/[[:space:]]/, "") }
	$0 != "" { print "allow " $0 ";" }
	END { print "deny all;" }
' <"$1"
