package notice

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"gaol/jail/fetch"
)

// maxAnswer is how much of an answer is read, maxReason how much of it is told.
const (
	maxAnswer = 64 << 10
	maxReason = 300
)

// NameCA is what to do about a certificate that is not trusted.
const NameCA = "if it is the server's all the same, name the file of its issuer's certificate as ca"

// UserAgent is how senders introduce themselves.
const UserAgent = "gaol"

// NewClient returns a client for senders: certificates are checked, against those of the file ca as well
// where it is given; redirections are not followed, as they would take a token to somebody else.
func NewClient(ca string) (*http.Client, error) {
	roots, err := fetch.Roots(ca)
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: 10 * time.Second,
			IdleConnTimeout:     time.Minute,
			MaxIdleConns:        2,
			ForceAttemptHTTP2:   true,
			// Some room for every header there is; usual are 10 MB.
			MaxResponseHeaderBytes: maxAnswer,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// Do sends a request and returns the answer's body if its status is 2xx. Any other is a [*Failure] that
// says how to go on, with reason's account of the body; reason may be nil.
func Do(client *http.Client, req *http.Request, reason func(body []byte) string) ([]byte, error) {
	return DoUpTo(maxAnswer, client, req, reason)
}

// DoUpTo is Do for answers of up to longest bytes. What is beyond is not read.
func DoUpTo(longest int64, client *http.Client, req *http.Request, reason func(body []byte) string) ([]byte, error) {
	req.Header.Set("User-Agent", UserAgent)
	answer, err := client.Do(req)
	if err != nil {
		return nil, withoutURL(req, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, longest))
	if answer.StatusCode/100 == 2 {
		return body, nil // what it says besides is no matter
	}
	said := ""
	if reason != nil && err == nil {
		said = reason(body)
	}
	if said == "" {
		said = Clean(strings.TrimSpace(string(body)), maxReason)
	}
	return body, StatusFailure(answer.StatusCode, after(answer.Header, time.Now()), fmt.Errorf("%s answered %s%s", req.URL.Host, answer.Status, colon(said)))
}

func colon(said string) string {
	if said == "" {
		return ""
	}
	return ": " + Clean(said, maxReason)
}

// StatusFailure says how to go on after an HTTP status (RFC 9110 section 15).
func StatusFailure(status int, after time.Duration, err error) *Failure {
	f := &Failure{Err: err, Status: status, After: after}
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound,
		status == http.StatusMethodNotAllowed, status == http.StatusGone, status/100 == 3:
		f.Settings = true
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
	case status/100 == 4:
		f.Refused = true
	}
	return f
}

// after reads Retry-After, seconds or a date (RFC 9110 section 10.2.3).
func after(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(longestAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// withoutURL leaves the address out of a client's error, as it may be a secret, and says which host it was.
func withoutURL(req *http.Request, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	err = fmt.Errorf("asking %s: %w", req.URL.Host, err)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &Failure{Err: fmt.Errorf("%w: %s", err, NameCA), Settings: true}
	}
	return err
}

// CheckURL returns an error unless address is one of a web server. The error does not repeat it, as it may be a secret.
func CheckURL(address string) error {
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("url is not one: expected https://HOST/PATH")
	}
	return nil
}

// Post makes a POST request.
func Post(ctx context.Context, address, contentType, body string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return nil, &Failure{Err: errors.New("the URL is not one"), Settings: true}
	}
	req.Header.Set("Content-Type", contentType)
	return req, nil
}

// FormText shows a form to people, a field a line, in the order of the names.
func FormText(form url.Values) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(form)) {
		text.WriteString(name + "=" + form.Get(name) + "\n")
	}
	return text.String()
}

// MaskURL returns an address with what may be secret in it hidden: all but scheme and host.
func MaskURL(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "***"
	}
	if u.User == nil && (u.Path == "" || u.Path == "/") && u.RawQuery == "" {
		return u.Scheme + "://" + u.Host + u.Path
	}
	return u.Scheme + "://" + u.Host + "/***"
}

// URLSecrets are the parts of an address that may be secret.
func URLSecrets(address string) []string {
	secrets := []string{address}
	u, err := url.Parse(address)
	if err != nil {
		return secrets
	}
	if u.User != nil {
		password, _ := u.User.Password()
		secrets = append(secrets, u.User.Username(), password, u.User.String())
	}
	if path := strings.Trim(u.Path, "/"); len(path) > 0 {
		secrets = append(secrets, path, u.RequestURI())
		for part := range strings.SplitSeq(path, "/") {
			if len(part) >= 12 { // shorter ones are words such as "services"
				secrets = append(secrets, part)
			}
		}
	}
	if u.RawQuery != "" {
		secrets = append(secrets, u.RawQuery)
		for _, values := range u.Query() {
			for _, v := range values {
				if len(v) >= 8 {
					secrets = append(secrets, v)
				}
			}
		}
	}
	return secrets
}
