package core

import (
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"
	"unsafe"
)

// constants are those of constants.go, by name.
func constants(t *testing.T) map[string]constant.Value {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "constants.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	config := types.Config{Importer: importer.Default()}
	pkg, err := config.Check("core", set, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]constant.Value{}
	for _, name := range pkg.Scope().Names() {
		values[name] = pkg.Scope().Lookup(name).(*types.Const).Val()
	}
	return values
}

func TestCodesAreThoseOfTheLibrary(t *testing.T) {
	codes := map[int32]string{}
	for name, value := range constants(t) {
		if number, _ := constant.Int64Val(value); strings.HasPrefix(name, "E") && number < 0 {
			codes[int32(number)] = name
		}
	}
	for code := int32(-20001); code > -20100; code-- {
		want := "RUNNER_UNKNOWN"
		if name, ok := codes[code]; ok {
			want = "RUNNER_" + name
			if Strerror(code) == Strerror(-20099) {
				t.Errorf("%s has no text", name)
			}
		}
		equal(t, "ErrorName", ErrorName(code), want)
		delete(codes, code)
	}
	if len(codes) > 0 {
		t.Errorf("out of the range of the library: %v", codes)
	}
	equal(t, "ErrorName(0)", ErrorName(0), "RUNNER_OK")
	equal(t, "a code of libuv", ErrorName(-2), "UV_ENOENT")
}

func TestOperationsAreKnownToTheLibrary(t *testing.T) {
	r, code := New(nil)
	if code != 0 {
		t.Fatal(ErrorName(code))
	}
	defer r.Free()
	status := func(op uint32) int32 {
		cmds := r.Cmds()[:1]
		cmds[0] = Cmd{Op: op, ID: 1<<32 - 1}
		equalCode(t, "Commands", r.Commands(cmds), 0)
		return cmds[0].Status
	}
	known := 0
	for name, value := range constants(t) {
		if op, _ := constant.Uint64Val(value); strings.HasPrefix(name, "Op") {
			known++
			if code := status(uint32(op)); code == EINVAL {
				t.Errorf("%s, %d: no such operation", name, op)
			}
		}
	}
	for op := range uint32(1000) {
		if status(op) != EINVAL {
			known--
		}
	}
	equal(t, "operations without a constant", -known, 0)
}

func TestCmdAndEventAreOfTheirSize(t *testing.T) {
	equal(t, "Cmd", unsafe.Sizeof(Cmd{}), 40)
	equal(t, "Event", unsafe.Sizeof(Event{}), 24)
}

func TestLibraryIsOfTheVersionOfItsHeaders(t *testing.T) {
	equal(t, "ABIVersion", ABIVersion(), HeaderVersion())
}
