package denyfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

const (
	// atOnce is how many commands are sent before their answers are read, which are short.
	atOnce = 200
	// longestAnswer bounds what is read of an answer.
	longestAnswer = 16 << 20
)

// haproxy is a conversation over its socket, with a prompt behind each answer (haproxy's management guide, 9.3). It is
// with one process to its end, whatever is reloaded meanwhile.
type haproxy struct {
	conn net.Conn
	in   *bufio.Reader
	stop func() bool
}

func dialHAProxy(ctx context.Context, socket string) (*haproxy, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	h := &haproxy{conn: conn, in: bufio.NewReader(conn)}
	h.stop = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	if _, err := h.ask("prompt"); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *haproxy) close() {
	h.stop()
	_ = h.conn.Close()
}

// ask sends a line and returns the answer.
func (h *haproxy) ask(line string) (string, error) {
	if _, err := h.conn.Write([]byte(line + "\n")); err != nil {
		return "", err
	}
	return h.answer()
}

// answer reads up to the next prompt.
func (h *haproxy) answer() (string, error) {
	var answer []byte
	for len(answer) <= longestAnswer {
		part, err := h.in.ReadSlice(' ')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return "", fmt.Errorf("reading what it says: %w", err)
		}
		answer = append(answer, part...)
		if before, ok := bytes.CutSuffix(answer, []byte("\n> ")); ok {
			return string(bytes.TrimSpace(before)), nil
		}
	}
	return "", errors.New("it says too much")
}

// command sends a line that says nothing if it works.
func (h *haproxy) command(line string) error {
	answer, err := h.ask(line)
	if err == nil {
		err = fault(answer)
	}
	return err
}

// fault is what is wrong by an answer to a command that says nothing if it works. That what is to be removed is not
// there is no fault.
func fault(answer string) error {
	if answer == "" || answer == "Key not found." {
		return nil
	}
	return fmt.Errorf("%.200q", answer)
}

// each does a command for each prefix, without waiting for every answer.
func (h *haproxy) each(command string, prefixes []netip.Prefix) error {
	for part := range slices.Chunk(prefixes, atOnce) {
		lines := make([]byte, 0, len(part)*(len(command)+24))
		for _, p := range part {
			lines = append(p.AppendTo(append(lines, command...)), '\n')
		}
		if _, err := h.conn.Write(lines); err != nil {
			return err
		}
		for range part {
			answer, err := h.answer()
			if err == nil {
				err = fault(answer)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
