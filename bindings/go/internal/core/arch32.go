//go:build cgo && (386 || arm || mips || mipsle)

package core

// Not defined anywhere: its name is the message of the compiler.
var _ = librunner_needs_a_64_bit_platform
