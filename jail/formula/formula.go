// Package formula reads and works out the small formulas by which bans grow.
//
// A formula is arithmetic over floating point numbers, in the usual precedence:
//
//	time * pow(2, min(count, 20)) * factor
//	count < 3 ? time : min(time * exp(count), 30d)
//
// Numbers are decimal ("2", "0.5") and may bear a unit of time, by which they become
// seconds: s, m, h, d or w. Names are those in [Vars]. Operators are + - * / and the comparisons
// < <= > >= == !=, which give 1 or 0; "a ? b : c" is b if a is anything but 0, else c. The
// functions are min and max (of two or more), pow (of two), and abs, ceil, exp, floor, log, round and
// sqrt (of one). There is nothing else: no loops, no assignments, no texts, so every
// formula ends after as many steps as it has signs.
//
// Begin with [Parse].
package formula

import (
	"fmt"
	"math"
)

// Vars are the values that a formula may name.
type Vars struct {
	// Time ("time") is the ban time without increments, in seconds.
	Time float64
	// Count ("count") is the number of earlier bans.
	Count float64
	// Factor ("factor") is what is configured beside the formula.
	Factor float64
}

// Formula is a formula that has been read. It does not change, and two of the same text are
// equal in the sense of [reflect.DeepEqual].
type Formula struct {
	text  string
	steps []step
}

// String is the formula as it was written.
func (f *Formula) String() string { return f.text }

// SyntaxError says where a text stops being a formula.
type SyntaxError struct {
	// At is the place of what was found, in bytes from 1.
	At int
	// Found is what stands there, in quotes where it is a part of the text.
	Found string
	// Expected is what would have been right.
	Expected string
	// Hint says what was probably meant; "" if that isn't known.
	Hint string
}

// Error implements error.
func (e *SyntaxError) Error() string {
	text := fmt.Sprintf("character %d: found %s, expected %s", e.At, e.Found, e.Expected)
	if e.Hint != "" {
		text += ": " + e.Hint
	}
	return text
}

// step is one step of working out a formula: it takes its operands off a stack and leaves its
// result there.
type step struct {
	op    op
	value float64 // of opNumber
}

// op is what a step does.
type op uint8

const (
	opNumber op = iota
	opTime
	opCount
	opFactor
	opNegate
	opAbs
	opCeil
	opExp
	opFloor
	opLog
	opRound
	opSqrt
	// Those below take two operands.
	opAdd
	opSubtract
	opMultiply
	opDivide
	opLess
	opLessOrEqual
	opGreater
	opGreaterOrEqual
	opEqual
	opNotEqual
	opMin
	opMax
	opPow
	// opChoose takes three.
	opChoose
)

// operands is how many numbers a step takes off the stack.
func (o op) operands() int {
	switch {
	case o <= opFactor:
		return 0
	case o <= opSqrt:
		return 1
	case o <= opPow:
		return 2
	default:
		return 3
	}
}

// Eval works the formula out. The result may be anything that a float64 can be, NaN
// and the infinities included, as of log(0) or 1/0. It allocates nothing.
func (f *Formula) Eval(v Vars) float64 {
	var stack [maxStack]float64
	top := 0
	for _, s := range f.steps {
		top -= s.op.operands()
		stack[top] = s.apply(stack[top:], v)
		top++
	}
	return stack[0]
}

// apply gives the result of a step on its operands, which stand first in on.
func (s step) apply(on []float64, v Vars) float64 {
	switch s.op {
	case opNumber:
		return s.value
	case opTime:
		return v.Time
	case opCount:
		return v.Count
	case opFactor:
		return v.Factor
	case opNegate:
		return -on[0]
	case opAbs:
		return math.Abs(on[0])
	case opCeil:
		return math.Ceil(on[0])
	case opExp:
		return math.Exp(on[0])
	case opFloor:
		return math.Floor(on[0])
	case opLog:
		return math.Log(on[0])
	case opRound:
		return math.Round(on[0])
	case opSqrt:
		return math.Sqrt(on[0])
	case opChoose:
		if on[0] != 0 {
			return on[1]
		}
		return on[2]
	default:
		return s.op.combine(on[0], on[1])
	}
}

// combine gives the result of two operands.
func (o op) combine(a, b float64) float64 {
	switch o {
	case opAdd:
		return a + b
	case opSubtract:
		return a - b
	case opMultiply:
		return a * b
	case opDivide:
		return a / b
	case opLess:
		return truth(a < b)
	case opLessOrEqual:
		return truth(a <= b)
	case opGreater:
		return truth(a > b)
	case opGreaterOrEqual:
		return truth(a >= b)
	case opEqual:
		return truth(a == b)
	case opNotEqual:
		return truth(a != b)
	case opMin:
		return math.Min(a, b)
	case opMax:
		return math.Max(a, b)
	default:
		return math.Pow(a, b)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
