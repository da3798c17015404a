package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"gaol/action"
	"gaol/action/notice"
	"gaol/jail"
)

// find learns the list's id.
func (l *List) find(ctx context.Context) error {
	info, err := l.info(ctx)
	if err == nil {
		l.id = info.ID
	}
	return err
}

// info is what the account says of the list.
func (l *List) info(ctx context.Context) (listInfo, error) {
	lists, err := l.client.lists(ctx)
	if err != nil {
		return listInfo{}, err
	}
	var names []string
	for _, info := range lists {
		if names = append(names, info.Name); info.Name != l.opts.List && info.ID != l.opts.List {
			continue
		}
		if info.Kind != "ip" {
			return listInfo{}, &notice.Failure{Err: fmt.Errorf("it is a list of kind %q: make one of kind IP", l.client.clean(info.Kind)), Settings: true}
		}
		return info, nil
	}
	there := "it has none"
	if len(names) > 0 {
		there = "it has " + l.client.clean(strings.Join(names, ", "))
	}
	return listInfo{}, &notice.Failure{Err: fmt.Errorf("the account has no such list: %s: make it under Manage Account, Configurations, Lists", there), Settings: true}
}

// Inspect asks Cloudflare for the list, and says in words what it is.
func (l *List) Inspect(ctx context.Context) (string, error) {
	var info listInfo
	err := l.inTurn(ctx, func() (err error) {
		info, err = l.info(ctx)
		return err
	})
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("list %s: items %d, rules that refer to it %d", l.client.clean(info.Name), info.Items, info.Rules)
	if info.Rules == 0 {
		return text, errors.New("no rule refers to the list, so that nobody is refused: make a rule such as (ip.src in $" + l.client.clean(info.Name) + ") that blocks")
	}
	return text, nil
}

// Preview is the request that a ban alone would lead to, with the token hidden.
func (s *Set) Preview(b jail.Ban) (notice.Preview, error) {
	prefix, ok := action.Normal(b.Prefix)
	if !ok || !fits(prefix) {
		return notice.Preview{}, fmt.Errorf("%s can't be on a list", b.Target())
	}
	c, m := s.list.client, mark{host: s.list.opts.Host, jail: s.jail, end: b.End}
	body, err := json.Marshal([]item{{IP: itemText(prefix), Comment: m.String()}})
	return notice.Preview{To: "POST " + c.address(itemsPath(s.list.opts.List)), Headers: c.headers(c.token.String()), Body: string(body)}, err
}
