package config

// wellKnownPorts are the services that failed logins come from, by their
// names of the IANA service name registry and the usual others. A host needs no
// /etc/services for them.
var wellKnownPorts = map[string]int{
	"ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "domain": 53,
	"http": 80, "pop3": 110, "imap2": 143, "imap": 143, "ldap": 389, "https": 443,
	"smtps": 465, "submissions": 465, "ssmtp": 465, "submission": 587, "ldaps": 636,
	"ftps-data": 989, "ftps": 990, "imaps": 993, "pop3s": 995, "socks": 1080,
	"mysql": 3306, "postgresql": 5432, "sip": 5060, "sips": 5061, "sip-tls": 5061,
	"sieve": 4190, "xmpp-client": 5222, "xmpp-server": 5269, "http-alt": 8080, "webmin": 10000,
}
