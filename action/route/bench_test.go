package route_test

import (
	"testing"

	"gaol/action"
	"gaol/action/actiontest"
	"gaol/action/route"
)

func benchSet(b *testing.B) *route.Set {
	actiontest.IsolateBenchmark(b)
	return newSet(b, action.Rule{Jail: "web"})
}

func BenchmarkBan(b *testing.B)   { actiontest.BenchmarkBan(b, benchSet(b)) }
func BenchmarkLoad(b *testing.B)  { actiontest.BenchmarkLoad(b, benchSet(b)) }
func BenchmarkCheck(b *testing.B) { actiontest.BenchmarkCheck(b, benchSet(b)) }
