package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gaol/action"
	"gaol/action/notice"
)

// DefaultURL is where the API is ("Lists API: Endpoints", https://developers.cloudflare.com/waf/tools/lists/lists-api/endpoints/).
const DefaultURL = "https://api.cloudflare.com/client/v4"

const (
	// pageSize is the most items a page may have ("Get list items" in the API's reference), maxItems the most that the
	// largest plan allows in all lists.
	pageSize = 500
	maxItems = 500_000
	// maxAnswer is more than a page of items with the longest comments takes.
	maxAnswer = 4 << 20
	// What is done with items is done later: it is looked for at once, then less and less often.
	lookFirst = 100 * time.Millisecond
	lookLast  = 4 * time.Second
	// operationWait is how long that may take.
	operationWait = 2 * time.Minute
)

// client speaks with the API. Its methods block, each request up to timeout, and are for one goroutine at a time.
type client struct {
	base, account string
	token         action.Secret
	http          *http.Client
	timeout       time.Duration
	// requests is how many there were so far.
	requests int
}

// listInfo is a list as the API shows it.
type listInfo struct {
	ID, Name, Kind string
	Items          int `json:"num_items"`
	// Rules is how many rules refer to it.
	Rules int `json:"num_referencing_filters"`
}

// item is an address or network on a list ("Lists API: JSON object").
type item struct {
	ID      string `json:"id,omitempty"`
	IP      string `json:"ip,omitempty"`
	Comment string `json:"comment,omitempty"`
}

// answer is what all answers have in common.
type answer struct {
	Success bool
	Errors  []struct {
		Code    int
		Message string
	}
	Result json.RawMessage
	Info   struct {
		Cursors struct{ After string }
	} `json:"result_info"`
}

// lists are those of the account.
func (c *client) lists(ctx context.Context) ([]listInfo, error) {
	var lists []listInfo
	_, err := c.call(ctx, http.MethodGet, "", nil, &lists)
	return lists, err
}

// items are all that are on a list. Comments that are not gaol's are left out.
func (c *client) items(ctx context.Context, list string) ([]item, error) {
	var all []item
	query := url.Values{"per_page": {fmt.Sprint(pageSize)}}
	for {
		var page []item
		cursor, err := c.call(ctx, http.MethodGet, itemsPath(list)+"?"+query.Encode(), nil, &page)
		if err != nil {
			return nil, err
		}
		for _, it := range page {
			if _, ours := parseMark(it.Comment); !ours {
				it.Comment = ""
			}
			all = append(all, it)
		}
		switch {
		case cursor == "":
			return all, nil
		case len(page) == 0, len(all) > maxItems:
			return nil, fmt.Errorf("%s does not come to the end of the list after %d items", c.host(), len(all))
		}
		query.Set("cursor", cursor)
	}
}

// create adds items; one that is there already gets the new comment. All or none are taken.
func (c *client) create(ctx context.Context, list string, items []item) error {
	return c.change(ctx, http.MethodPost, list, items)
}

// remove deletes items, of which only the ids count.
func (c *client) remove(ctx context.Context, list string, items []item) error {
	ids := make([]item, len(items))
	for i, it := range items {
		ids[i].ID = it.ID
	}
	return c.change(ctx, http.MethodDelete, list, map[string][]item{"items": ids})
}

// change begins an operation and waits until it is done. While another one of the account's is under way it is refused, see
// isBusy.
func (c *client) change(ctx context.Context, method, list string, body any) error {
	var operation struct {
		ID string `json:"operation_id"`
	}
	if _, err := c.call(ctx, method, itemsPath(list), body, &operation); err != nil {
		return err
	}
	return c.finish(ctx, operation.ID)
}

// finish waits for the end of an operation ("Get bulk operation status").
func (c *client) finish(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, operationWait, fmt.Errorf("an operation is not done after %v", operationWait))
	defer cancel()
	for pause := lookFirst; ; pause = min(2*pause, lookLast) {
		var operation struct{ Status, Error string }
		if _, err := c.call(ctx, http.MethodGet, "/bulk_operations/"+url.PathEscape(id), nil, &operation); err != nil {
			return err
		}
		switch operation.Status {
		case "completed":
			return nil
		case "failed":
			return &notice.Failure{Err: fmt.Errorf("%s could not do it: %s", c.host(), c.clean(operation.Error)), Refused: true}
		}
		if err := action.Pause(ctx, pause); err != nil {
			return err
		}
	}
}

// call makes a request of an account's lists, and returns the cursor of the next page, "" if there is none.
func (c *client) call(ctx context.Context, method, path string, body, result any) (cursor string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("no answer within %v", c.timeout))
	defer cancel()
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return "", err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.address(path), strings.NewReader(string(text)))
	if err != nil {
		return "", &notice.Failure{Err: errors.New("the URL is not one"), Settings: true}
	}
	for _, h := range c.headers(c.token.Reveal()) {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	c.requests++
	got, err := notice.DoUpTo(maxAnswer, c.http, req, c.reason)
	if err != nil {
		return "", c.explain(ctx, err)
	}
	var a answer
	if err := json.Unmarshal(got, &a); err != nil {
		return "", fmt.Errorf("%s answered something that is not of its API: %w", c.host(), err)
	}
	if !a.Success {
		return "", &notice.Failure{Err: fmt.Errorf("%s refused: %s", c.host(), c.reason(got)), Refused: true}
	}
	if err := json.Unmarshal(a.Result, result); err != nil {
		return "", fmt.Errorf("%s answered something that is not of its API: %w", c.host(), err)
	}
	return a.Info.Cursors.After, nil
}

// explain adds what a request's error does not say itself.
func (c *client) explain(ctx context.Context, err error) error {
	f, _ := errors.AsType[*notice.Failure](err)
	switch {
	case f != nil && f.Settings && f.Status != 0:
		return fmt.Errorf("%w: does the token have the permission Account Filter Lists: Edit, for the right account?", err)
	case f == nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("asking %s: %w", c.host(), context.Cause(ctx))
	}
	return err
}

// headers are those of a request, "Name: value".
func (c *client) headers(token string) []string {
	return []string{"Authorization: Bearer " + token, "Content-Type: application/json", "Accept: application/json"}
}

func (c *client) address(path string) string {
	return c.base + "/accounts/" + url.PathEscape(c.account) + "/rules/lists" + path
}

func itemsPath(list string) string { return "/" + url.PathEscape(list) + "/items" }

func (c *client) host() string {
	u, err := url.Parse(c.base)
	if err != nil {
		return "Cloudflare"
	}
	return u.Host
}

// reason is what an answer says of what was wrong.
func (c *client) reason(body []byte) string {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil || len(a.Errors) == 0 {
		return c.clean(string(body))
	}
	all := make([]string, len(a.Errors))
	for i, e := range a.Errors {
		all[i] = fmt.Sprintf("%s (code %d)", e.Message, e.Code)
	}
	return c.clean(strings.Join(all, "; "))
}

// clean makes text of an answer fit to be shown, without the token if it repeats that.
func (c *client) clean(text string) string {
	return notice.Clean(strings.TrimSpace(action.Scrub(text, []string{c.token.Reveal()})), 300)
}
