// Package core is the C library as the Go binding uses it: the batch interface of runner/host.h, by
// numbers, without a task, an error or a callback of Go.
//
// What holds about order, ids and threads is said by that header; nothing here adds a rule. Calls
// go through the output of SWIG (core.go, core_wrap.c), but those of every turn (hot.go) and those
// with a struct go through cgo by hand. A function that can fail returns its code: 0, or one of
// E...
package core
