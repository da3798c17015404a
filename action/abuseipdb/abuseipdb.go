// Package abuseipdb reports banned addresses to AbuseIPDB (https://docs.abuseipdb.com/, API version 2).
//
// A report is public. It holds the address, categories, a time and a comment, and nothing about this host:
// log lines are sent only where they were asked for, with [notice.Mask] applied.
package abuseipdb

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gaol/action"
	"gaol/action/notice"
)

// DefaultURL is the endpoint of the API that takes reports.
const DefaultURL = "https://api.abuseipdb.com/api/v2/report"

// What is reported unless it is told otherwise: brute force and, of sshd, SSH (https://www.abuseipdb.com/categories).
const (
	bruteForce = 18
	sshAbuse   = 22
	// highestCategory is the last one there is.
	highestCategory = 23
)

// maxComment is how long a comment may be; the server cuts what is longer.
const maxComment = 1024

// Options say who reports and what.
type Options struct {
	// Key is that of the account; required.
	Key action.Secret
	// URL is where reports go; "": DefaultURL.
	URL string
	// Categories say what was done; none: 18, and 22 as well of a jail whose name has "ssh" in it.
	Categories []int
	// Lines is how many log lines are told, masked; usual is none.
	Lines int
	// Mask are further words that lines are not to show.
	Mask []string
	// CA is a file of further certificates to trust.
	CA string
}

// Reporter is a sender. Use New.
type Reporter struct {
	opts   Options
	client *http.Client
}

var _ notice.Sender = (*Reporter)(nil)

// New checks opts. It connects to nobody.
func New(opts Options) (*Reporter, error) {
	if opts.URL == "" {
		opts.URL = DefaultURL
	}
	if err := notice.CheckURL(opts.URL); err != nil {
		return nil, err
	}
	for _, c := range opts.Categories {
		if c < 1 || c > highestCategory {
			return nil, fmt.Errorf("categories: there is no %d: see https://www.abuseipdb.com/categories", c)
		}
	}
	client, err := notice.NewClient(opts.CA)
	return &Reporter{opts: opts, client: client}, err
}

// form is what is reported of the one event of m.
func (r *Reporter) form(m notice.Message) (url.Values, error) {
	b := m.Events[0].Ban
	address, ok := notice.Address(b)
	if !ok {
		return nil, &notice.Failure{Err: fmt.Errorf("%s is no single address", b.Target()), Refused: true}
	}
	categories := r.opts.Categories
	if len(categories) == 0 {
		categories = []int{bruteForce}
		if strings.Contains(b.Jail, "ssh") {
			categories = append(categories, sshAbuse)
		}
	}
	numbers := make([]string, len(categories))
	for i, c := range categories {
		numbers[i] = strconv.Itoa(c)
	}
	// The jail's name is left out: it may be that of a customer.
	comment := fmt.Sprintf("%d failed logins, banned by gaol", b.Failures)
	lines := notice.Mask(b, r.opts.Mask)
	for _, line := range lines[max(0, len(lines)-r.opts.Lines):] {
		comment += "\n" + line
	}
	return url.Values{
		"ip": {address.String()}, "categories": {strings.Join(numbers, ",")}, "comment": {notice.Shorten(comment, maxComment)},
		"timestamp": {b.Start.UTC().Format(time.RFC3339)},
	}, nil
}

// Send implements [notice.Sender].
func (r *Reporter) Send(ctx context.Context, m notice.Message) error {
	form, err := r.form(m)
	if err != nil {
		return err
	}
	req, err := notice.Post(ctx, r.opts.URL, "application/x-www-form-urlencoded", form.Encode())
	if err != nil {
		return err
	}
	req.Header.Set("Key", r.opts.Key.Reveal())
	req.Header.Set("Accept", "application/json")
	body, err := notice.Do(r.client, req, details)
	if err != nil && strings.Contains(details(body), "once in 15 minutes") {
		return nil // somebody else of the account has reported it just now
	}
	return err
}

// details are the reasons in an answer, "" if it has none.
func details(body []byte) string {
	var answer struct {
		Errors []struct{ Detail string }
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	var all []string
	for _, e := range answer.Errors {
		all = append(all, e.Detail)
	}
	return strings.Join(all, "; ")
}

// Preview implements [notice.Sender].
func (r *Reporter) Preview(_ context.Context, m notice.Message) (notice.Preview, error) {
	form, err := r.form(m)
	if err != nil {
		return notice.Preview{}, err
	}
	p := notice.Preview{To: "POST " + r.opts.URL, Headers: []string{"Accept: application/json", "Key: " + r.opts.Key.String()},
		Body: notice.FormText(form)}
	return p, nil
}
