package runner_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"

	runner "example.org/librunner/go"
)

// logged is what a runner has logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func newLog() *logged { return &logged{} }

func (l *logged) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func (l *logged) option() runner.Option {
	return runner.WithLogger(slog.New(slog.NewTextHandler(l, nil)))
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) has(text string) bool { return strings.Contains(l.String(), text) }
