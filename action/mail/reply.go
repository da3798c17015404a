package mail

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"gaol/action/notice"
)

// explain says how to go on after a reply of a server (RFC 5321 section 4.2.1): 4yz may pass, 5yz will not.
func explain(err error) error {
	if err == nil {
		return nil
	}
	text := &reply{text: notice.Clean(err.Error(), 500), cause: err}
	code := replyCode(err)
	switch {
	case code == 530, code == 534, code == 535, code == 538, code == 550, code == 553, code == 554:
		// Not logged in as it wants (RFC 4954 section 6), or this sender or recipient is not
		// allowed.
		return &notice.Failure{Err: text, Settings: true}
	case code/100 == 5:
		return &notice.Failure{Err: text, Refused: code == 552}
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &notice.Failure{Err: fmt.Errorf("%w: %s", text, notice.NameCA), Settings: true}
	}
	if errors.Is(err, gomail.ErrNoSupportedAuthDiscovered) || strings.Contains(err.Error(), "STARTTLS") {
		return &notice.Failure{Err: text, Settings: true}
	}
	return text
}

// reply is an error with what it says made harmless, as a server's words are in it.
type reply struct {
	text  string
	cause error
}

func (r *reply) Error() string { return r.text }
func (r *reply) Unwrap() error { return r.cause }

// RefusedRecipient says of an error of Send that the server would not take one of the recipients.
func RefusedRecipient(err error) bool {
	sent, ok := errors.AsType[*gomail.SendError](err)
	return ok && sent.Reason == gomail.ErrSMTPRcptTo
}

// replyCode is the server's code, 0 where there is none.
func replyCode(err error) int {
	if sent, ok := errors.AsType[*gomail.SendError](err); ok && sent.ErrorCode() > 0 {
		return sent.ErrorCode()
	}
	for _, word := range strings.Fields(err.Error()) {
		if code, err := strconv.Atoi(strings.Trim(word, ":-")); err == nil && code >= 400 && code < 600 {
			return code
		}
	}
	return 0
}
