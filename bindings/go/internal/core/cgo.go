package core

// How the C library is found. Where it is not, the build stops with the words of pkg-config:
//
//	Package runner was not found in the pkg-config search path.
//	Perhaps you should add the directory containing `runner.pc'
//	to the PKG_CONFIG_PATH environment variable
//
// With the tag runner_static the library and what it needs are linked into the program: by the name of
// the archive, as the linker prefers a shared library that lies beside it.

// #cgo !runner_static pkg-config: runner
// #cgo runner_static LDFLAGS: -Wl,--as-needed -l:librunner.a
// #cgo runner_static pkg-config: --static runner
import "C"
