package formula

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// maxSize bounds a formula's text, in bytes.
	maxSize = 1000
	// maxDepth bounds how deep its parts may be nested, maxStack how many results may wait for
	// another one. A level leaves at most four waiting: the two of a choice, or one before each
	// of the three kinds of operators and a function's first operand.
	maxDepth = 25
	maxStack = 5 * maxDepth
)

// Parse reads a formula of at most 1000 bytes, with parts nested at most 25 deep. The
// error is a *SyntaxError.
func Parse(text string) (*Formula, error) {
	p := parser{text: text}
	if len(text) > maxSize {
		return nil, &SyntaxError{At: maxSize + 1, Found: fmt.Sprintf("a formula of %d characters", len(text)), Expected: fmt.Sprintf("at most %d", maxSize)}
	}
	p.next()
	p.choice()
	if p.token != "" {
		p.fail("an operator or the end", "")
	}
	if p.err != nil {
		return nil, p.err
	}
	return &Formula{text: text, steps: p.steps}, nil
}

// parser reads by recursive descent, a method for each level of precedence. After the first error it
// finds nothing but the end of the text.
type parser struct {
	text string
	// token is the current word, number or sign, "" at the end; at is where it stands, rest where
	// the next one is looked for.
	token    string
	at, rest int
	depth    int
	steps    []step
	err      *SyntaxError
}

// next moves to the next token.
func (p *parser) next() {
	p.at = p.rest + len(p.text[p.rest:]) - len(strings.TrimLeft(p.text[p.rest:], " \t\r\n"))
	rest := p.text[p.at:]
	size := 0
	switch {
	case rest == "":
	case isWordPart(rest[0]):
		for size < len(rest) && isWordPart(rest[size]) {
			size++
		}
	case len(rest) > 1 && isDouble(rest[:2]):
		size = 2
	default:
		_, size = utf8.DecodeRuneInString(rest)
	}
	p.token, p.rest = rest[:size], p.at+size
}

// isWordPart says whether c belongs to a name or a number. The point is part of both: fail2ban's
// "ban.Time" is one (unknown) name.
func isWordPart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.'
}

// isDouble says whether s is a sign of two characters. Those that mean nothing here are
// known so that an error can name them.
func isDouble(s string) bool {
	switch s {
	case "<=", ">=", "==", "!=", "**", "<<", "&&", "||":
		return true
	}
	return false
}

// fail notes that something else was expected than the current token, and ends the reading.
func (p *parser) fail(expected, hint string) {
	if p.err != nil {
		return
	}
	found := "the end"
	if p.token != "" {
		found = `"` + p.token + `"`
	}
	if hint == "" {
		hint = hintFor(p.token)
	}
	p.err = &SyntaxError{At: p.at + 1, Found: found, Expected: expected, Hint: hint}
	p.token, p.at, p.rest = "", len(p.text), len(p.text)
}

// hintFor says how to write what other languages write in another way.
func hintFor(token string) string {
	switch token {
	case "**", "^", "<<":
		return "write pow(2, 3) for 2 to the power of 3"
	case "if", "else":
		return "write condition ? a : b"
	case "&&", "||", "and", "or", "not":
		return "write a choice within a choice: a ? (b ? 1 : 0) : 0"
	case "=":
		return "write == to compare"
	case "ban.Time":
		return "write time"
	case "ban.Count":
		return "write count"
	case "banFactor":
		return "write factor"
	}
	if name, ok := strings.CutPrefix(token, "math."); ok {
		return "write " + name
	}
	return ""
}

// take moves on if the current token is this one.
func (p *parser) take(token string) bool {
	if p.token != token {
		return false
	}
	p.next()
	return true
}

func (p *parser) want(token string) {
	if !p.take(token) {
		p.fail(`"`+token+`"`, "")
	}
}

func (p *parser) emit(o op, value float64) { p.steps = append(p.steps, step{o, value}) }

// enter goes one level deeper, if there is one; leave comes back.
func (p *parser) enter() bool {
	if p.depth == maxDepth {
		p.fail(fmt.Sprintf("parts nested at most %d deep", maxDepth), "")
		return false
	}
	p.depth++
	return p.err == nil
}

func (p *parser) leave() { p.depth-- }

// choice reads "a ? b : c", or a alone.
func (p *parser) choice() {
	if !p.enter() {
		return
	}
	defer p.leave()
	p.comparison()
	if p.take("?") {
		p.choice()
		p.want(":")
		p.choice()
		p.emit(opChoose, 0)
	}
}

func (p *parser) comparison() {
	p.sum()
	if o, ok := comparison(p.token); ok {
		p.next()
		p.sum()
		p.emit(o, 0)
	}
}

func comparison(token string) (o op, ok bool) {
	switch token {
	case "<":
		return opLess, true
	case "<=":
		return opLessOrEqual, true
	case ">":
		return opGreater, true
	case ">=":
		return opGreaterOrEqual, true
	case "==":
		return opEqual, true
	case "!=":
		return opNotEqual, true
	}
	return 0, false
}

func (p *parser) sum() {
	p.product()
	for p.token == "+" || p.token == "-" {
		o := opAdd
		if p.token == "-" {
			o = opSubtract
		}
		p.next()
		p.product()
		p.emit(o, 0)
	}
}

func (p *parser) product() {
	p.signed()
	for p.token == "*" || p.token == "/" {
		o := opMultiply
		if p.token == "/" {
			o = opDivide
		}
		p.next()
		p.signed()
		p.emit(o, 0)
	}
}

func (p *parser) signed() {
	minus := p.take("-")
	p.operand()
	if minus {
		p.emit(opNegate, 0)
	}
}

// operand reads a number, a name, a call, or a formula in parentheses.
func (p *parser) operand() {
	word := p.token
	switch {
	case p.take("("):
		p.choice()
		p.want(")")
	case word == "" || !isWordPart(word[0]):
		p.fail(`a number, a name or "("`, "")
	case word[0] >= '0' && word[0] <= '9' || word[0] == '.':
		p.number()
	default:
		p.name()
	}
}

func (p *parser) number() {
	end := strings.IndexFunc(p.token, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(p.token)
	}
	value, err := strconv.ParseFloat(p.token[:end], 64)
	size, known := unit(p.token[end:])
	if err != nil || !known {
		p.fail("a number such as 2, 0.5 or 12h, with one of the units s, m, h, d and w or none", "")
		return
	}
	p.next()
	p.emit(opNumber, value*size)
}

// unit is the size of a unit of time in seconds.
func unit(name string) (seconds float64, ok bool) {
	switch name {
	case "", "s":
		return 1, true
	case "m":
		return 60, true
	case "h":
		return 3600, true
	case "d":
		return 86400, true
	case "w":
		return 7 * 86400, true
	}
	return 0, false
}

func (p *parser) name() {
	switch p.token {
	case "time":
		p.emit(opTime, 0)
	case "count":
		p.emit(opCount, 0)
	case "factor":
		p.emit(opFactor, 0)
	default:
		p.call()
		return
	}
	p.next()
}

// call reads a function with its operands. min and max are worked out two by two, so that
// however many operands there are, only one result waits.
func (p *parser) call() {
	o, ok := function(p.token)
	if !ok {
		p.fail("time, count, factor, or one of the functions abs, ceil, exp, floor, log, max, min, pow, round and sqrt", "")
		return
	}
	p.next()
	p.want("(")
	p.choice()
	if o.operands() == 2 {
		p.want(",")
		p.choice()
	}
	p.emit(o, 0)
	for (o == opMin || o == opMax) && p.take(",") {
		p.choice()
		p.emit(o, 0)
	}
	p.want(")")
}

func function(name string) (o op, ok bool) {
	switch name {
	case "abs":
		return opAbs, true
	case "ceil":
		return opCeil, true
	case "exp":
		return opExp, true
	case "floor":
		return opFloor, true
	case "log":
		return opLog, true
	case "max":
		return opMax, true
	case "min":
		return opMin, true
	case "pow":
		return opPow, true
	case "round":
		return opRound, true
	case "sqrt":
		return opSqrt, true
	}
	return 0, false
}
