//go:build unix

package runner

import "syscall"

// raise has SIGINT come once more.
func raise() { syscall.Kill(syscall.Getpid(), syscall.SIGINT) }
