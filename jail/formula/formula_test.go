package formula_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"gaol/jail/formula"
)

var vars = formula.Vars{Time: 600, Count: 3, Factor: 2}

func TestEval(t *testing.T) {
	for _, tt := range []struct {
		text string
		want float64
	}{
		{"time", 600},
		{"count", 3},
		{" factor\t", 2},
		{"0.5", 0.5},
		{".5", 0.5},
		{"90s", 90},
		{"1.5h", 5400},
		{"1w - 7d", 0},
		{"10m", 600},
		{"1 + 2 * 3", 7},
		{"(1 + 2) * 3", 9},
		{"7 - 2 - 1", 4},
		{"12 / 3 / 2", 2},
		{"-2 * -3", 6},
		{"- (1 + 2)", -3},
		{"1 < 2", 1},
		{"2 <= 1", 0},
		{"2 > 1", 1},
		{"2 >= 2", 1},
		{"2 == 2", 1},
		{"2 != 2", 0},
		{"1 + 1 == 2", 1},
		{"count < 3 ? 1 : 2", 2},
		{"count < 4 ? 1 : 2", 1},
		{"0 ? 1 : 0 ? 2 : 3", 3},
		{"1 ? 0 ? 4 : 5 : 6", 5},
		{"min(3, 1, 2)", 1},
		{"max(3, 1, 4)", 4},
		{"pow(2, 10)", 1024},
		{"exp(0)", 1},
		{"log(1)", 0},
		{"sqrt(9)", 3},
		{"floor(-1.5)", -2},
		{"ceil(1.2)", 2},
		{"round(2.5)", 3},
		{"abs(-2)", 2},
		{"1 / 0", math.Inf(1)},
		{"log(0)", math.Inf(-1)},
		{"sqrt(-1)", math.NaN()},
		{"0 / 0", math.NaN()},
		{"time * pow(2, min(count, 20)) * factor", 9600},
		{"time * exp(count + 1) / exp(1)", 600 * math.Exp(3)},
	} {
		t.Run(tt.text, func(t *testing.T) {
			f, err := formula.Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			got := f.Eval(vars)
			if math.IsNaN(tt.want) != math.IsNaN(got) || !math.IsNaN(got) && got != tt.want && math.Abs(got-tt.want) > 1e-9*math.Abs(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if f.String() != tt.text {
				t.Errorf("got text %q", f)
			}
			if again, _ := formula.Parse(tt.text); !reflect.DeepEqual(f, again) {
				t.Error("two of the same text are not the same")
			}
		})
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", `character 1: found the end, expected a number, a name or "("`},
		{"time *", `character 7: found the end, expected a number, a name or "("`},
		{"time time", `character 6: found "time", expected an operator or the end`},
		{"(time", `character 6: found the end, expected ")"`},
		{"time)", `character 5: found ")", expected an operator or the end`},
		{"tiem", `character 1: found "tiem", expected time, count, factor, or one of the functions abs, ceil, exp, floor, log, max, min, pow, round and sqrt`},
		{"ban.Time * 2", `character 1: found "ban.Time", expected time, count, factor, or one of the functions abs, ceil, exp, floor, log, max, min, pow, round and sqrt: write time`},
		{"math.exp(2)", `character 1: found "math.exp", expected time, count, factor, or one of the functions abs, ceil, exp, floor, log, max, min, pow, round and sqrt: write exp`},
		{"time ** 2", `character 6: found "**", expected an operator or the end: write pow(2, 3) for 2 to the power of 3`},
		{"time if count else 2", `character 6: found "if", expected an operator or the end: write condition ? a : b`},
		{"3x", `character 1: found "3x", expected a number such as 2, 0.5 or 12h, with one of the units s, m, h, d and w or none`},
		{"1.2.3", `character 1: found "1.2.3", expected a number such as 2, 0.5 or 12h, with one of the units s, m, h, d and w or none`},
		{"1e3", `character 1: found "1e3", expected a number such as 2, 0.5 or 12h, with one of the units s, m, h, d and w or none`},
		{"exp", `character 4: found the end, expected "("`},
		{"pow(2)", `character 6: found ")", expected ","`},
		{"exp(1, 2)", `character 6: found ",", expected ")"`},
		{"max(1)", `character 6: found ")", expected ","`},
		{"count ? 1", `character 10: found the end, expected ":"`},
		{"1 < 2 < 3", `character 7: found "<", expected an operator or the end`},
		{"time; count", `character 5: found ";", expected an operator or the end`},
		{"time = 2", `character 6: found "=", expected an operator or the end: write == to compare`},
		{"zeit * ü", `character 1: found "zeit", expected time, count, factor, or one of the functions abs, ceil, exp, floor, log, max, min, pow, round and sqrt`},
		{"2 * ü", `character 5: found "ü", expected a number, a name or "("`},
		{"--1", `character 2: found "-", expected a number, a name or "("`},
		{strings.Repeat("(", 30) + "1" + strings.Repeat(")", 30), `character 26: found "(", expected parts nested at most 25 deep`},
		{strings.Repeat("1+", 600) + "1", `character 1001: found a formula of 1201 characters, expected at most 1000`},
	} {
		t.Run(tt.text, func(t *testing.T) {
			f, err := formula.Parse(tt.text)
			if f != nil || err == nil {
				t.Fatalf("got %v, %v", f, err)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
			if _, ok := errors.AsType[*formula.SyntaxError](err); !ok {
				t.Errorf("got a %T", err)
			}
		})
	}
}

// What waits for its operands fits, however the deepest formula that can be read is made.
func TestDeepestFormula(t *testing.T) {
	for _, open := range []string{"(", "1<1+1*(", "1<1+1*max(1,", "1?1:", "1<1+1*max(1<1+1*1,", "1?1<1+1*max(1,"} {
		for depth := 25; depth > 0; depth-- {
			closed := strings.Count(open, "(")
			text := strings.Repeat(open, depth) + "1" + strings.Repeat(")", depth*closed)
			f, err := formula.Parse(text)
			if err != nil {
				continue
			}
			f.Eval(vars)
			break
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"time * pow(2, min(count, 20)) * factor", "count < 3 ? time : min(time * exp(count), 30d)", "1<1+1*max(1?2:3,-4/0)",
		"((((1))))", "time **", "1..2", "\xff", "max(1,1,1,1)==sqrt(-.5w)",
	} {
		f.Add(seed, 600.0, 3.0, 1.0)
	}
	f.Fuzz(func(t *testing.T, text string, seconds, count, factor float64) {
		parsed, err := formula.Parse(text)
		if err != nil {
			syntax, ok := errors.AsType[*formula.SyntaxError](err)
			if !ok || syntax.At < 1 || syntax.At > len(text)+1 || syntax.Expected == "" {
				t.Fatalf("%q: got %#v", text, err)
			}
			return
		}
		v := formula.Vars{Time: seconds, Count: count, Factor: factor}
		got := parsed.Eval(v)
		// In parentheses it is the same, unless that is one level too many.
		if wrapped, err := formula.Parse("(" + text + ")"); err == nil {
			if again := wrapped.Eval(v); again != got && !(math.IsNaN(again) && math.IsNaN(got)) {
				t.Errorf("%q is %v, in parentheses %v", text, got, again)
			}
		}
	})
}
