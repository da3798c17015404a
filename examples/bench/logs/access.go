package logs

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// FailedLogins of a hundred lines of the access log are failed logins at
// Django's admin.
const FailedLogins = 2

var (
	paths = []string{
		"/", "/index.html", "/static/css/site.3f2a91.css", "/static/js/app.min.js", "/static/img/logo.svg", "/favicon.ico",
		"/articles/2026/03/how-we-moved-our-mail", "/articles/?page=3&order=date", "/api/v1/items/4711/comments?limit=50",
		"/search?q=address+of+the+office", "/accounts/profile/", "/robots.txt", "/admin/", "/admin/login/?next=/admin/",
		"/wp-login.php", "/.env", "/media/uploads/2026/03/photo_0042_large.jpg",
	}
	agents = []string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
		"curl/8.8.0", "python-requests/2.32.3", "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example/about)",
	}
	statuses = []int{200, 200, 200, 200, 200, 304, 302, 404, 403, 500}
)

// Access writes lines as nginx does in its form "combined".
func Access(w io.Writer, lines int) {
	random := rand.New(rand.NewPCG(1, 1))
	at := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	for range lines {
		at = at.Add(time.Duration(random.IntN(170)) * time.Millisecond)
		request, status := "GET "+pick(random, paths), pick(random, statuses)
		switch n := random.IntN(100); {
		case n < FailedLogins:
			request, status = "POST /admin/login/?next=/admin/", 200
		case n == FailedLogins:
			request, status = "POST /admin/login/?next=/admin/", 302 // logged in
		case n < 8:
			request = "POST /api/v1/items/"
		}
		fmt.Fprintf(w, "%s - - [%s] \"%s HTTP/1.1\" %d %d \"https://www.example.org%s\" \"%s\"\n",
			address(random), at.Format("02/Jan/2006:15:04:05 -0700"), request, status, random.IntN(90_000),
			pick(random, paths), pick(random, agents))
	}
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

// address is one of the networks that RFC 2544 and RFC 3849 set aside; one in
// eight is IPv6.
func address(random *rand.Rand) string {
	if random.IntN(8) == 0 {
		return fmt.Sprintf("2001:db8:%x::%x", random.IntN(0x1000), random.IntN(0xffff)+1)
	}
	return fmt.Sprintf("198.%d.%d.%d", 18+random.IntN(2), random.IntN(256), random.IntN(254)+1)
}
