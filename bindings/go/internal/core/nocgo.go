//go:build !cgo

package core

// Not defined anywhere: its name is the message of the compiler.
var _ = librunner_needs_cgo__set_CGO_ENABLED_1_and_CC_to_a_C_compiler
