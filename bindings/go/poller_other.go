//go:build !linux

package runner

import "errors"

// poller waits for the descriptor of a loop in Go's network poller. Only on Linux it is known that the
// one nests in the other: elsewhere the driver waits in C.
type poller struct{}

func newPoller(int, chan<- struct{}) (*poller, error) { return nil, errors.ErrUnsupported }

func (*poller) arm() {}

func (*poller) close() {}
