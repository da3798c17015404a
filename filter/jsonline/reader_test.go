package jsonline_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gaol/filter/jsonline"
)

// fieldsOf makes a set of paths, or ends the test.
func fieldsOf(t testing.TB, paths ...string) *jsonline.Fields {
	t.Helper()
	var all []jsonline.Path
	for _, text := range paths {
		p, err := jsonline.ParsePath(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return jsonline.NewFields(all)
}

// texts are what a reader has found for a field.
func texts(r *jsonline.Reader, field int) []string {
	var all []string
	for _, v := range r.Values(field) {
		if v.Kind == jsonline.Container {
			all = append(all, "(container)")
			continue
		}
		all = append(all, v.Text)
	}
	return all
}

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name, line, path string
		want             []string
	}{
		{"text", `{"a":"x"}`, "a", []string{"x"}},
		{"number as written", `{"a": -1.50e+3 }`, "a", []string{"-1.50e+3"}},
		{"true, false, null", `{"a":[true,false,null]}`, "a", []string{"true", "false", "null"}},
		{"nested", `{"b":{"a":1},"a":{"b":{"a":2},"c":3}}`, "a.b.a", []string{"2"}},
		{"not there", `{"b":1}`, "a", nil},
		{"only deeper", `{"b":{"a":1}}`, "a", nil},
		{"a text where an object is wanted", `{"a":"b"}`, "a.b", nil},
		{"an object", `{"a":{"b":1}}`, "a", []string{"(container)"}},
		{"an array is its elements", `{"a":["x",1]}`, "a", []string{"x", "1"}},
		{"an empty array is nothing", `{"a":[]}`, "a", nil},
		{"an array in an array", `{"a":["x",["y"],{}]}`, "a", []string{"x", "(container)", "(container)"}},
		{"by number", `{"a":["x","y","z"]}`, "a[1]", []string{"y"}},
		{"number too high", `{"a":["x"]}`, "a[1]", nil},
		{"any element", `{"a":[{"b":1},{"c":2},{"b":3},7]}`, "a[*].b", []string{"1", "3"}},
		{"no array", `{"a":"x"}`, "a[*]", nil},
		{"arrays in arrays", `{"a":[[1,2],[3]]}`, "a[*][0]", []string{"1", "3"}},
		{"a key with a dot", `{"a.b":1,"a":{"b":2}}`, `"a.b"`, []string{"1"}},
		{"an escaped key", `{"\u0061":1}`, "a", []string{"1"}},
		{"a key that is not UTF-8", "{\"\xff\":1}", "\uFFFD", []string{"1"}},
		{"escapes", `{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}`, "a", []string{"\"\\/\b\f\n\r\té😀"}},
		{"half a surrogate pair", `{"a":"\ud83dx\ude00\ud83d\u0041"}`, "a", []string{"\uFFFDx\uFFFD\uFFFDA"}},
		{"not UTF-8", "{\"a\":\"12345678\xffx\"}", "a", []string{"12345678\uFFFDx"}},
		{"white space", " {\t\"a\" :\r\n1 , \"b\" : [ ] } ", "a", []string{"1"}},
		{"skipped in between", `{"x":{"a":[{"a":{}},"]"],"b":"}"},"y":[[]],"a":1}`, "a", []string{"1"}},
		{"the same key in other objects", `{"x":{"a":1},"y":{"a":2},"a":{"a":3}}`, "a.a", []string{"3"}},
		{"the same key in each element", `{"a":[{"b":1},{"b":2}]}`, "a[*].b", []string{"1", "2"}},
		{"an unwanted key twice", `{"b":1,"a":2,"b":3}`, "a", []string{"2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := jsonline.NewReader(fieldsOf(t, tt.path))
			for range 2 {
				if fault := r.Read(tt.line); fault != jsonline.Fine {
					t.Fatalf("%s: fault %d", tt.line, fault)
				}
				if diff := cmp.Diff(tt.want, texts(r, 0)); diff != "" {
					t.Errorf("%s in %s (-want +got):\n%s", tt.path, tt.line, diff)
				}
			}
		})
	}
}

func TestSeveralPaths(t *testing.T) {
	fields := fieldsOf(t, "a[0].b", "a[*].b", "a", "a[*]", "a[1]", "a[0].b", "c")
	r := jsonline.NewReader(fields)
	if fault := r.Read(`{"a":[{"b":1},2,{"b":3}],"c":4}`); fault != jsonline.Fine {
		t.Fatal(fault)
	}
	var got [][]string
	for i := range 7 {
		got = append(got, texts(r, i))
	}
	all := []string{"(container)", "2", "(container)"}
	want := [][]string{{"1"}, {"1", "3"}, all, all, {"2"}, {"1"}, {"4"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFaults(t *testing.T) {
	deep := func(n int) string { return strings.Repeat(`{"x":`, n) + "1" + strings.Repeat("}", n) }
	for _, tt := range []struct {
		name, line string
		want       jsonline.Fault
	}{
		{"empty", "", jsonline.NoObject},
		{"plain text", "Failed password", jsonline.NoObject},
		{"an array", `[{"a":1}]`, jsonline.NoObject},
		{"a text", `"a"`, jsonline.NoObject},
		{"cut off", `{"a":1`, jsonline.Broken},
		{"cut off in a text", `{"a":"x`, jsonline.Broken},
		{"cut off in an escape", `{"a":"\`, jsonline.Broken},
		{"two objects", `{"a":1}{"a":2}`, jsonline.Trailing},
		{"two objects with a blank", `{"a":1} {"a":2}`, jsonline.Trailing},
		{"a comma at the end", `{"a":1,}`, jsonline.Broken},
		{"a comma in an array", `{"a":[1,]}`, jsonline.Broken},
		{"a comma in a skipped object", `{"b":{"a":1,}}`, jsonline.Broken},
		{"a comma in a skipped array", `{"b":[1,]}`, jsonline.Broken},
		{"brackets that don't fit", `{"b":[1}]`, jsonline.Broken},
		{"no colon", `{"a" 1}`, jsonline.Broken},
		{"a key without quotes", `{a:1}`, jsonline.Broken},
		{"single quotes", `{'a':1}`, jsonline.Broken},
		{"a leading zero", `{"a":01}`, jsonline.Broken},
		{"a plus", `{"a":+1}`, jsonline.Broken},
		{"a bare point", `{"a":1.}`, jsonline.Broken},
		{"a bare exponent", `{"a":1e}`, jsonline.Broken},
		{"NaN", `{"a":NaN}`, jsonline.Broken},
		{"a comment", `{"a":1}//`, jsonline.Trailing},
		{"a control character", "{\"a\":\"x\x1f\"}", jsonline.Broken},
		{"an escape that is none", `{"a":"\x41"}`, jsonline.Broken},
		{"a short code", `{"a":"\u12"}`, jsonline.Broken},
		{"NUL", "{\"a\":1}\x00", jsonline.Trailing},
		{"a value behind a skipped one", `{"b":truex}`, jsonline.Broken},
		{"as deep as may be", deep(64), jsonline.Fine},
		{"too deep", deep(65), jsonline.TooDeep},
		{"too deep in arrays", `{"b":` + strings.Repeat("[", 1000), jsonline.TooDeep},
		{"too deep in a wanted array", `{"a":` + strings.Repeat("[", 1000), jsonline.TooDeep},
		{"twice", `{"a":1,"a":1}`, jsonline.Twice},
		{"twice, once escaped", `{"a":1,"\u0061":2}`, jsonline.Twice},
		{"the object around it twice", `{"c":{"d":1},"c":{"e":2}}`, jsonline.Twice},
		{"the object around it twice, once something else", `{"c":{"d":1},"c":2}`, jsonline.Twice},
		{"twice and broken", `{"a":1,"a":1]`, jsonline.Broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := jsonline.NewReader(fieldsOf(t, "a", "c.d"))
			if got := r.Read(tt.line); got != tt.want {
				t.Errorf("%.50s: fault %d, want %d", tt.line, got, tt.want)
			}
			if tt.want != jsonline.Fine && (texts(r, 0) != nil || texts(r, 1) != nil) {
				t.Errorf("%.50s: has values", tt.line)
			}
		})
	}
}

func TestRepeated(t *testing.T) {
	r := jsonline.NewReader(fieldsOf(t, "x", "a.b[0].c", "d[*]"))
	for line, want := range map[string]string{
		`{"a":1,"a":2}`: "a.b[0].c", `{"d":1,"d":2}`: "d[*]", `{"x":1,"x":2}`: "x",
	} {
		if r.Read(line); r.Repeated().String() != want {
			t.Errorf("%s: %s, want %s", line, r.Repeated(), want)
		}
	}
}

func TestStrings(t *testing.T) {
	line := `{"a" : "x", "b":["y\"", {"c":""}], "d":1}`
	var got []string
	for _, s := range jsonline.Strings(line) {
		got = append(got, line[s.Start:s.End])
	}
	if diff := cmp.Diff([]string{"x", `y\"`, ""}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// caddyLine is in the form of Caddy's access log (https://caddyserver.com/docs/caddyfile/directives/log).
const caddyLine = `{"level":"info","ts":1646861401.5241024,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"127.0.0.1","remote_port":"41342","client_ip":"127.0.0.1","proto":"HTTP/2.0","method":"GET","host":"localhost","uri":"/","headers":{"User-Agent":["curl/7.82.0"],"Accept":["*/*"],"Accept-Encoding":["gzip, deflate, br"]},"tls":{"resumed":false,"version":772,"cipher_suite":4865,"proto":"h2","server_name":"example.com"}},"bytes_read":0,"user_id":"","duration":0.000929675,"size":10900,"status":200,"resp_headers":{"Server":["Caddy"],"Content-Encoding":["gzip"],"Content-Type":["text/html; charset=utf-8"],"Vary":["Accept-Encoding"]}}`

func TestReadAllocatesNothing(t *testing.T) {
	r := jsonline.NewReader(fieldsOf(t, "request.client_ip", "request.uri", "status", "request.headers.User-Agent", "ts"))
	for _, line := range []string{caddyLine, strings.ReplaceAll(caddyLine, `"/"`, `"\/\u00e9"`), caddyLine[:400]} {
		read := func() {
			r.Read(line)
		}
		read()
		if n := testing.AllocsPerRun(100, read); n != 0 {
			t.Errorf("%.40s: %v allocations", line, n)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	r := jsonline.NewReader(fieldsOf(b, "request.client_ip", "request.uri", "request.method", "status", "ts"))
	b.SetBytes(int64(len(caddyLine)))
	b.ReportAllocs()
	for b.Loop() {
		r.Read(caddyLine)
	}
}
