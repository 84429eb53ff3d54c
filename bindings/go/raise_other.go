//go:build !unix

package runner

import "os"

// raise ends the process as an interrupt does that nobody takes.
func raise() { os.Exit(2) }
