package runner

import (
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// poller waits for the descriptor of a loop in Go's network poller, so that the driver can wait for it
// together with everything else. Libuv's descriptor is an epoll instance, which nests in that of Go.
//
// Go's poller tells only that a descriptor becomes readable. So the driver steps until nothing is
// ready, arms the poller, which looks whether it is readable, and waits.
type poller struct {
	file  *os.File
	wake  chan<- struct{} // of the driver
	again chan struct{}
	fired atomic.Bool // it was readable: the goroutine waits to be armed
}

// newPoller watches over fd, and sends to wake when it is readable.
func newPoller(fd int, wake chan<- struct{}) (*poller, error) {
	// A duplicate: this one is closed here, that of the loop by the loop.
	dup, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, 0)
	if errno != 0 {
		return nil, errno
	}
	if err := syscall.SetNonblock(int(dup), true); err != nil {
		syscall.Close(int(dup))
		return nil, err
	}
	p := &poller{
		file:  os.NewFile(dup, "librunner"),
		wake:  wake,
		again: make(chan struct{}, 1),
	}
	conn, err := p.file.SyscallConn()
	if err == nil {
		err = p.file.SetReadDeadline(time.Time{}) // fails if Go's poller does not take it
	}
	if err != nil {
		p.file.Close()
		return nil, err
	}
	p.fired.Store(true)
	go p.watch(conn)
	return p, nil
}

func (p *poller) watch(conn syscall.RawConn) {
	for range p.again {
		if conn.Read(readable) != nil {
			return // closed
		}
		p.fired.Store(true)
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// readable asks without waiting, and without taking notice of what it finds away from the loop.
func readable(fd uintptr) bool {
	poll := struct {
		fd      int32
		events  int16
		revents int16
	}{fd: int32(fd), events: 1} // POLLIN
	var now syscall.Timespec
	n, _, _ := syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&poll)), 1,
		uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	return n == 1
}

// arm has the poller look at the descriptor.
func (p *poller) arm() {
	if p.fired.Swap(false) {
		p.again <- struct{}{}
	}
}

func (p *poller) close() {
	p.file.Close()
	close(p.again)
}
