package runner

import (
	"os"
	"syscall"
	"time"
	"unsafe"
)

// poller waits for the descriptor of a loop in Go's network poller, so that the driver waits for it
// together with channels. Libuv's descriptor is an epoll instance, which nests in that of Go.
//
// Go's poller tells only that a descriptor becomes readable. So the driver steps until nothing is
// ready, arms the poller, which looks whether it is readable, and waits.
type poller struct {
	file    *os.File
	ready   chan struct{}
	again   chan struct{}
	waiting bool // the goroutine waits for the descriptor; else it waits for again
}

func newPoller(fd int) (*poller, error) {
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
		ready: make(chan struct{}, 1),
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
	go p.watch(conn)
	return p, nil
}

func (p *poller) watch(conn syscall.RawConn) {
	for range p.again {
		if conn.Read(readable) != nil {
			return // closed
		}
		p.ready <- struct{}{}
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

// arm has the poller look at the descriptor. What it returns is readable when that is.
func (p *poller) arm() <-chan struct{} {
	if !p.waiting {
		p.waiting = true
		p.again <- struct{}{}
	}
	return p.ready
}

// fired says that what arm returned was read.
func (p *poller) fired() { p.waiting = false }

func (p *poller) close() {
	p.file.Close()
	close(p.again)
}
