// Package webhook tells of bans by HTTP: a POST with a JSON document, or what a template makes of it.
//
// Without a template the body is a [notice.Document]. With a secret, two headers let the receiver check
// who sent it and when:
//
//	X-Gaol-Timestamp: 1773144000
//	X-Gaol-Signature: sha256=<hex of HMAC-SHA256(secret, timestamp + "." + body)>
//
// A receiver compares the signature in constant time and refuses a timestamp that is minutes old, so that
// nobody can send again what was sent once.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"text/template"
	"time"

	"gaol/action"
	"gaol/action/notice"
)

// Options say where a Webhook posts, and what.
type Options struct {
	// URL is http or https; required.
	URL action.Secret
	// Headers are sent as well, and win over those of this package.
	Headers map[string]action.Secret
	// Token is sent as "Authorization: Bearer", "" for none.
	Token action.Secret
	// Secret signs what is sent; "": it is not signed.
	Secret action.Secret
	// Template makes the body out of a [notice.Document]; "": the document as JSON. It is a text/template
	// with the function json, which writes its argument as JSON, quotes included. A body that
	// begins like JSON must be JSON.
	Template string
	// Lines is how many log lines are told of a ban.
	Lines int
	// CA is a file of further certificates to trust.
	CA string
	// Now dates signatures; nil: time.Now.
	Now func() time.Time
}

// Webhook is a sender. Use New.
type Webhook struct {
	opts   Options
	body   *template.Template // nil: none
	client *http.Client
}

var _ notice.Sender = (*Webhook)(nil)

// headerName and headerValue are what can be sent (RFC 9110 sections 5.1 and 5.5).
var (
	headerName  = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
	headerValue = regexp.MustCompile(`^[\t\x20-\x7e\x80-\x{10ffff}]*$`)
)

// New checks opts. It connects to nobody.
func New(opts Options) (*Webhook, error) {
	if err := notice.CheckURL(opts.URL.Reveal()); err != nil {
		return nil, err
	}
	for name, value := range opts.Headers {
		if !headerName.MatchString(name) || !headerValue.MatchString(value.Reveal()) {
			return nil, fmt.Errorf("the header %q or its value can't be sent", name)
		}
	}
	if !headerValue.MatchString(opts.Token.Reveal()) {
		return nil, errors.New("the token can't be sent in a header")
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	client, err := notice.NewClient(opts.CA)
	if err != nil {
		return nil, err
	}
	w := &Webhook{opts: opts, client: client}
	if opts.Template == "" {
		return w, nil
	}
	w.body, err = template.New("template").Option("missingkey=error").Funcs(template.FuncMap{"json": toJSON}).Parse(opts.Template)
	if err != nil {
		return nil, err
	}
	// What can't be filled in shows here, and not at the first ban.
	trial := notice.Message{Host: "host", Events: []notice.Event{{What: notice.Ban, Time: opts.Now()}}}
	if _, _, err := w.render(trial); err != nil {
		return nil, err
	}
	return w, nil
}

// toJSON writes v as JSON. Go's escaping of <, > and & stays: it does no harm where it is JSON, and keeps
// a stranger's text from ending a script where it is put into a page.
func toJSON(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}

// render makes the body and says what it is.
func (w *Webhook) render(m notice.Message) (body, contentType string, err error) {
	document := m.Document(w.opts.Lines)
	if w.body == nil {
		body, err = toJSON(document)
		return body, "application/json", err
	}
	var out bytes.Buffer
	if err := w.body.Execute(&out, document); err != nil {
		return "", "", err
	}
	text := bytes.TrimSpace(out.Bytes())
	if len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		if !json.Valid(text) {
			return "", "", fmt.Errorf("what the template makes is no JSON: write {{json .Text}} without quotes around it, not \"{{.Text}}\"")
		}
		return out.String(), "application/json", nil
	}
	return out.String(), "text/plain; charset=utf-8", nil
}

// request makes the request.
func (w *Webhook) request(ctx context.Context, m notice.Message) (*http.Request, string, error) {
	body, contentType, err := w.render(m)
	if err != nil {
		return nil, "", &notice.Failure{Err: err, Refused: true}
	}
	req, err := notice.Post(ctx, w.opts.URL.Reveal(), contentType, body)
	if err != nil {
		return nil, "", err
	}
	if w.opts.Token != "" {
		req.Header.Set("Authorization", "Bearer "+w.opts.Token.Reveal())
	}
	if w.opts.Secret != "" {
		stamp := strconv.FormatInt(w.opts.Now().Unix(), 10)
		req.Header.Set("X-Gaol-Timestamp", stamp)
		req.Header.Set("X-Gaol-Signature", "sha256="+Sign(w.opts.Secret.Reveal(), stamp, body))
	}
	for name, value := range w.opts.Headers {
		req.Header.Set(name, value.Reveal())
	}
	return req, body, nil
}

// Sign is the signature of a body that is sent with timestamp.
func Sign(secret, timestamp, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "." + body))
	return hex.EncodeToString(mac.Sum(nil))
}

// Send implements [notice.Sender].
func (w *Webhook) Send(ctx context.Context, m notice.Message) error {
	req, _, err := w.request(ctx, m)
	if err != nil {
		return err
	}
	_, err = notice.Do(w.client, req, nil)
	return err
}

// Preview implements [notice.Sender].
func (w *Webhook) Preview(ctx context.Context, m notice.Message) (notice.Preview, error) {
	req, body, err := w.request(ctx, m)
	if err != nil {
		return notice.Preview{}, err
	}
	if w.opts.Token != "" {
		req.Header.Set("Authorization", "Bearer "+w.opts.Token.String())
	}
	for name, value := range w.opts.Headers {
		req.Header.Set(name, value.String())
	}
	p := notice.Preview{To: "POST " + notice.MaskURL(w.opts.URL.Reveal()), Body: body}
	for _, name := range slices.Sorted(maps.Keys(req.Header)) {
		p.Headers = append(p.Headers, name+": "+req.Header.Get(name))
	}
	return p, nil
}
