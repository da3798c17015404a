#!/bin/sh
# Prints the rules for nginx that let in who stands in the allow-list FILE, and
# nobody else:
#
#	nginx-allow.sh FILE >/etc/nginx/admin-allow.conf && nginx -t && nginx -s reload
set -eu
sed -n 's/#.*//; s/[[:space:]]//g; s/..*/allow &;/p' "$1"
echo 'deny all;'
