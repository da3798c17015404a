package django_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asClient makes the test binary play a browser and nothing else: it is how the test
// gets a client into a network namespace. Its arguments then are those of browse.
const asClient = "GAOL_EXAMPLE_CLIENT"

func TestMain(m *testing.M) {
	if os.Getenv(asClient) != "" {
		fmt.Print(browse(os.Args[1:]))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// refused is what browse says when the client is locked out.
const refused = "refused"

// browse asks for a page ("get URL") or logs in at the admin's form ("login BASE USER
// PASSWORD"), with a header X-Forwarded-For of the client's own if another
// argument follows. It returns the status of the last answer.
func browse(args []string) string {
	status, err := request(args)
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.As(err, &timeout) && timeout.Timeout():
		return refused
	case err != nil:
		return err.Error()
	}
	return fmt.Sprint(status)
}

func request(args []string) (int, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return 0, err
	}
	b := browser{http.Client{
		Jar:           jar,
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, ""}
	switch {
	case len(args) == 2 && args[0] == "get":
		status, _, err := b.do(http.MethodGet, args[1], nil)
		return status, err
	case len(args) >= 4 && args[0] == "login":
		if len(args) == 5 {
			b.forwarded = args[4]
		}
		return b.login(args[1], args[2], args[3])
	}
	return 0, fmt.Errorf("unknown request %q", args)
}

// browser keeps cookies and does not follow redirects.
type browser struct {
	http.Client
	forwarded string // X-Forwarded-For
}

var csrfToken = regexp.MustCompile(`name="csrfmiddlewaretoken" value="([^"]+)"`)

// login fills in the admin's form.
func (b *browser) login(base, user, password string) (int, error) {
	page := base + "/admin/login/?next=/admin/"
	status, form, err := b.do(http.MethodGet, page, nil)
	if err != nil || status != http.StatusOK {
		return status, err
	}
	token := csrfToken.FindStringSubmatch(form)
	if token == nil {
		return 0, fmt.Errorf("no token in the form %q", form)
	}
	status, _, err = b.do(http.MethodPost, page, url.Values{
		"csrfmiddlewaretoken": {token[1]}, "username": {user}, "password": {password}, "next": {"/admin/"},
	})
	return status, err
}

func (b *browser) do(method, page string, form url.Values) (status int, body string, err error) {
	req, err := http.NewRequest(method, page, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if b.forwarded != "" {
		req.Header.Set("X-Forwarded-For", b.forwarded)
	}
	resp, err := b.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}
