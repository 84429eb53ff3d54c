package core

/*
#include <runner/version.h>
*/
import "C"

// Strerror describes a code of the library, or of libuv, in a short sentence.
func Strerror(code int32) string { return C.GoString((*C.char)(Runner_strerror(code))) }

// ErrorName is the symbol of a code, as "RUNNER_ECANCELED" or "UV_ENOENT".
func ErrorName(code int32) string { return C.GoString((*C.char)(Runner_error_name(code))) }

// ABIVersion is that of the library that the program has found: major << 16 | minor << 8 | patch.
func ABIVersion() uint32 { return Runner_abi_version() }

// HeaderVersion is that of the headers that this package was compiled with. To be compared with
// ABIVersion before anything is made: the library may be another one by now, and Go's build cache
// does not notice when headers change, so that not even the check at compile time is certain to
// run.
func HeaderVersion() uint32 {
	return C.RUNNER_VERSION_MAJOR<<16 | C.RUNNER_VERSION_MINOR<<8 | C.RUNNER_VERSION_PATCH
}
