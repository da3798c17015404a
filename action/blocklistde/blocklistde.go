// Package blocklistde reports banned addresses to blocklist.de
// (https://www.blocklist.de/en/httpreports.html?help), which passes them on to whoever is responsible.
//
// It asks for log lines as a proof. They are sent with [notice.Mask] applied.
package blocklistde

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"gaol/action"
	"gaol/action/notice"
)

// DefaultURL is where reports go.
const DefaultURL = "https://www.blocklist.de/en/httpreports.html"

// Options say who reports and what.
type Options struct {
	// Server is the address or number under which this server is known there, Key its key; both required.
	Server string
	Key    action.Secret
	// Service is what was attacked, such as "ssh"; "": "ssh" of a jail whose name has that in it, else
	// the jail's name.
	Service string
	// URL is where reports go; "": DefaultURL.
	URL string
	// Lines is how many log lines are told, masked.
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
	client, err := notice.NewClient(opts.CA)
	return &Reporter{opts: opts, client: client}, err
}

// form is what is reported of the one event of m, without the key.
func (r *Reporter) form(m notice.Message) (url.Values, error) {
	b := m.Events[0].Ban
	address, ok := notice.Address(b)
	if !ok {
		return nil, &notice.Failure{Err: fmt.Errorf("%s is no single address", b.Target()), Refused: true}
	}
	service := r.opts.Service
	if service == "" {
		service = b.Jail
		if strings.Contains(b.Jail, "ssh") {
			service = "ssh"
		}
	}
	lines := notice.Mask(b, r.opts.Mask)
	return url.Values{
		"server": {r.opts.Server}, "ip": {address.String()}, "service": {service}, "format": {"json"},
		"logs": {strings.Join(lines[max(0, len(lines)-r.opts.Lines):], "\n")},
	}, nil
}

// Send implements [notice.Sender].
func (r *Reporter) Send(ctx context.Context, m notice.Message) error {
	form, err := r.form(m)
	if err != nil {
		return err
	}
	form.Set("apikey", r.opts.Key.Reveal())
	req, err := notice.Post(ctx, r.opts.URL, "application/x-www-form-urlencoded", form.Encode())
	if err != nil {
		return err
	}
	body, err := notice.Do(r.client, req, nil)
	if err != nil {
		return err
	}
	return refusal(body)
}

// refusal reads the answer, which is 200 for a wrong key as well: {"status":"error","error":{"apikey":"…"}}.
func refusal(body []byte) error {
	var answer struct {
		Status string
		Error  json.RawMessage
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("blocklist.de's answer is not JSON: %s", notice.Clean(string(body), 200))
	}
	if answer.Status == "success" || string(answer.Error) == "0" {
		return nil
	}
	said := notice.Clean(string(answer.Error), 300)
	failure := &notice.Failure{Err: fmt.Errorf("blocklist.de refused the report: %s", said), Refused: true}
	for _, key := range []string{"apikey", "server", "email"} {
		if strings.Contains(said, `"`+key+`"`) {
			failure.Refused, failure.Settings = false, true
		}
	}
	return failure
}

// Preview implements [notice.Sender].
func (r *Reporter) Preview(_ context.Context, m notice.Message) (notice.Preview, error) {
	form, err := r.form(m)
	if err != nil {
		return notice.Preview{}, err
	}
	form.Set("apikey", r.opts.Key.String())
	return notice.Preview{To: "POST " + r.opts.URL, Body: notice.FormText(form)}, nil
}
