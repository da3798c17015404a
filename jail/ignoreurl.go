package jail

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"time"

	"gaol/jail/fetch"
)

// ignoreURL is a list on the web: text as in a file, or a JSON array of texts.
type ignoreURL struct {
	url   *url.URL
	page  *fetch.Page
	every time.Duration
}

func newIgnoreURL(u *url.URL, opts IgnoreOptions) *ignoreURL {
	return &ignoreURL{url: u, every: opts.Every, page: fetch.NewPage(u, opts.Transport)}
}

// ask implements origin.
func (u *ignoreURL) ask(ctx context.Context) (answer, error) {
	var prefixes []netip.Prefix
	same, err := u.page.Get(ctx, func(body io.Reader) error {
		text, err := readAll(body, maxAnswer)
		if err == nil {
			prefixes, err = parseAnswer(text)
		}
		return err
	})
	if err != nil {
		return answer{}, fmt.Errorf("asking %s: %w", u.url.Redacted(), err)
	}
	return answer{prefixes: prefixes, same: same, holds: u.every}, nil
}
