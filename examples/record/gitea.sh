#!/bin/bash
# Prints what Gitea logs of failed logins: of its web page, its API, git over HTTP, its own SSH server and the second factor, with
# the proxy before it trusted and not, in a file, on a console in colours, and in the fuller form of its log. See lib.sh.
#
# Expect: gitea 66 2
# Expect: gitea[mode=aggressive] 70 2
. "$(dirname "$0")/lib.sh"
version=1.26.0
go_program "code.gitea.io/gitea@v$version" . -tags 'sqlite sqlite_unlock_notify' -ldflags "-X main.Version=$version"
own_root "$0" git openssh-client

gitea=$programs/code.gitea.io/gitea@v$version
log=$tmp/log/gitea.log
useradd -m git
export HOME=/home/git USER=git
as_git() { setpriv --reuid git --regid git --clear-groups "$@"; }

# The module comes without a built front end; what is logged of that is left out, and what is logged at start.
show() { show_new "$log" | grep -vE 'manifest\.go|webtheme\.go' || true; }

configure() { # FLAGS TRUSTED
	cat >"$tmp/app.ini" <<END
APP_NAME = Gitea
RUN_USER = git
WORK_PATH = $tmp
[server]
HTTP_ADDR = ::
HTTP_PORT = 80
ROOT_URL = http://$server4/
DISABLE_SSH = false
START_SSH_SERVER = true
SSH_LISTEN_HOST = ::
SSH_LISTEN_PORT = 22
STATIC_ROOT_PATH = $gitea/source
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
[security]
INSTALL_LOCK = true
SECRET_KEY = secret
REVERSE_PROXY_TRUSTED_PROXIES = $2
[log]
MODE = file, console
FLAGS = $1
[log.console]
COLORIZE = true
END
	chown git "$tmp/app.ini"
}
serve() {
	configure "$@"
	rm -f "$log" "$log.seen"
	setpriv --reuid git --regid git --clear-groups --ambient-caps +net_bind_service --inh-caps +net_bind_service \
		"$gitea/program" web --config "$tmp/app.ini" >"$tmp/console" 2>&1 &
	server=$!
	wait_for listening 80
	wait_for listening 22
	show >/dev/null
}
chown git "$tmp"
configure stdflags ''
as_git "$gitea/program" migrate --config "$tmp/app.ini" >"$tmp/migrate" 2>&1
for user in alice bob carol; do
	as_git "$gitea/program" admin user create --admin --username "$user" --password right-password --email "$user@example.org" \
		--must-change-password=false --config "$tmp/app.ini" >>"$tmp/migrate" 2>&1
done

get() {
	ask "$@"
	show
}
sign_in() { # URL NAME PASSWORD [OPTION…]
	local url=$1 name=$2 password=$3
	shift 3
	get --data-urlencode "user_name=$name" --data-urlencode "password=$password" "$@" "$url/user/login"
}
git_ssh() { # USER@HOST OPTION…
	local to=$1
	shift
	ssh -F none -T -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=5 "$@" "$to" \
		</dev/null >/dev/null 2>&1 || true
	show
}
ssh-keygen -q -t ed25519 -N '' -f "$tmp/wrong"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/wrong2"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/right"
ssh-keygen -q -s "$tmp/wrong" -I "from $innocent:1" -n alice "$tmp/wrong2.pub"

web() {
	say "the web page: wrong password, unknown user, mail address"
	sign_in "$base4" alice wrong
	sign_in "$base6" alice wrong
	sign_in "$base4" nobody-here wrong
	sign_in "$base6" nobody-here wrong
	sign_in "$base4" alice@example.org wrong
	say "the right one"
	sign_in "$base4" alice right-password
	sign_in "$base6" alice right-password
	say "a header of a proxy"
	sign_in "$base4" alice wrong -H 'X-Forwarded-For: 203.0.113.9' -H 'X-Real-IP: 203.0.113.10'
	sign_in "$base6" alice wrong -H 'X-Forwarded-For: 2001:db8::9'
	say "names that try to accuse $innocent"
	sign_in "$base4" "alice from $innocent:0" wrong
	sign_in "$base4" "x from $innocent:0: user does not exist [uid: 0, name: x]" wrong
	sign_in "$base4" 'a "name" with blanks' wrong
	sign_in "$base4" "$innocent" wrong -A "[W] Failed authentication attempt for x from $innocent"
	sign_in "$base4" "x
y from $innocent:1: z" wrong
}

serve stdflags ''
head -n 5 "$log"
say "set up: what is logged of that"
get -u alice:right-password -H 'Content-Type: application/json' -d '{"name":"repo","private":true,"auto_init":true}' "$base4/api/v1/user/repos"
get -u alice:right-password -H 'Content-Type: application/json' -d "{\"title\":\"k\",\"key\":\"$(cat "$tmp/right.pub")\"}" "$base4/api/v1/user/keys"
get -u alice:right-password -X PATCH -H 'Content-Type: application/json' -d '{"login_name":"carol","source_id":0,"prohibit_login":true}' \
	"$base4/api/v1/admin/users/carol"
web
say "a user who may not log in"
sign_in "$base4" carol right-password
sign_in "$base6" carol right-password

say "the API: wrong password, unknown user, wrong token, nothing, the right password"
get -u alice:wrong "$base4/api/v1/user"
get -u alice:wrong "$base6/api/v1/user"
get -u nobody-here:wrong "$base4/api/v1/user"
get -H 'Authorization: token 0123456789012345678901234567890123456789' "$base4/api/v1/user"
get "$base4/api/v1/user"
get -u alice:right-password "$base4/api/v1/user"
get -u carol:right-password "$base4/api/v1/user"
say "an HTTP signature that is none"
get -H 'Signature: keyId="x",algorithm="rsa-sha256",headers="date",signature="eA=="' "$base4/api/v1/user"

say "git over HTTP: nothing, wrong password, unknown user, the right password"
for who in '' alice:wrong@ nobody-here:wrong@ alice:right-password@; do
	GIT_TERMINAL_PROMPT=0 git ls-remote "http://$who$server4/alice/repo.git" >/dev/null 2>&1 || true
	show
done
say "a request that tries to accuse $innocent"
get -A "x for $innocent:1, 401 Unauthorized" --request-target "/api/v1/user?for%20$innocent:1,401" "$base4/"
get --request-target "/for/$innocent:1,/401/Unauthorized" "$base4/"

say "the SSH server: a key that is not known, two of them, another name, a certificate, none"
git_ssh "git@$server4" -i "$tmp/wrong"
git_ssh "git@$server6" -b "$client6" -i "$tmp/wrong"
git_ssh "git@$server4" -o CertificateFile=none -i "$tmp/wrong2" -i "$tmp/wrong"
git_ssh "root@$server4" -i "$tmp/right"
git_ssh "x from $innocent@$server4" -i "$tmp/right"
git_ssh "git@$server4" -i "$tmp/wrong2"
git_ssh "git@$server4" -o PubkeyAuthentication=no
say "the right key"
git_ssh "git@$server4" -i "$tmp/right"
say "no SSH at all"
printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 2 "$server4" 22 >/dev/null || true
show
nc -w 1 -z "$server4" 22
show

say "a second factor: a wrong code, the right one"
cat >"$tmp/second.py" <<'END'
import base64, hashlib, hmac, http.cookiejar, re, struct, sys, time, urllib.parse, urllib.request

def session():
    return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

def post(s, path, **form):
    return s.open(sys.argv[1] + path, urllib.parse.urlencode(form).encode()).read().decode()

def code(at):
    digest = hmac.digest(base64.b32decode(secret + "=" * (-len(secret) % 8)), struct.pack(">Q", at // 30), "sha1")
    o = digest[-1] & 15
    return "%06d" % ((struct.unpack(">I", digest[o:o + 4])[0] & 0x7FFFFFFF) % 10**6)

s = session()
post(s, "/user/login", user_name="bob", password="right-password")
page = s.open(sys.argv[1] + "/user/settings/security/two_factor/enroll").read().decode()
secret = re.search(r"\b([A-Z2-7]{32,})\b", page)[1]
post(s, "/user/settings/security/two_factor/enroll", passcode=code(int(time.time())))
s = session()
post(s, "/user/login", user_name="bob", password="right-password")
post(s, "/user/two_factor", passcode="000000")
post(s, "/user/two_factor", passcode=code(int(time.time())))
END
python3 "$tmp/second.py" "$base4"
show

say "the console, in colours"
grep -aE 'Failed authentication attempt for|401|/user/two_factor|Failed connection' "$tmp/console"
stop() {
	kill "$server"
	wait
}
stop

serve stdflags "$server4/32,$client4/32,$client6/128"
say "with the proxy's address trusted"
web
stop

serve 'date,time,longfile,funcname,level,gopid' ''
say "the log's other flags"
web
