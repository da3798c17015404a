package jail

import (
	"context"
	"fmt"
	"time"

	"gaol/jail/program"
)

// maxAnswer bounds what a program or web server may send, in bytes.
const maxAnswer = 8 << 20

// ignoreCommand is a program that prints a list. It is told nothing: whom it names must not
// depend on what a stranger has sent.
type ignoreCommand struct {
	argv  []string
	every time.Duration
}

// ask implements origin.
func (c ignoreCommand) ask(ctx context.Context) (answer, error) {
	text, err := program.Run(ctx, c.argv, nil, maxAnswer)
	if err != nil {
		return answer{}, fmt.Errorf("running %s: %w", c.argv[0], err)
	}
	prefixes, err := parseAnswer(text)
	if err != nil {
		return answer{}, fmt.Errorf("running %s: %w", c.argv[0], err)
	}
	return answer{prefixes: prefixes, holds: c.every}, nil
}
