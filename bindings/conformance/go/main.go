// The interpreter of the behaviour suite in Go.
//
//	conformance_go FILE...      the traces of programs
//	conformance_go --stream     one program a line on stdin
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	statusUsage     = 1
	statusMalformed = 2
)

// interpret runs a program: its name and its trace, or an error if it is malformed.
func interpret(data []byte, file string) ([]byte, error) {
	program, err := readProgram(data, file)
	if err != nil {
		return nil, err
	}
	var trace bytes.Buffer
	fmt.Fprintf(&trace, "# %s\n", program.name)
	execute(program, &trace)
	return trace.Bytes(), nil
}

func interpretFile(path string) ([]byte, error) {
	name := filepath.Base(path)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, offence(name, "cannot be read")
	}
	return interpret(data, name)
}

func runFiles(paths []string) int {
	for _, path := range paths {
		trace, err := interpretFile(path)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return statusMalformed
		}
		check(write(trace))
	}
	return 0
}

func runStream() {
	input := bufio.NewReader(os.Stdin)
	for {
		line, err := input.ReadBytes('\n')
		if len(line) > 0 {
			check(write(answer(line)))
		}
		if err == io.EOF {
			return
		}
		check(err)
	}
}

// answer is what comes out for one line of a stream.
func answer(line []byte) []byte {
	trace, err := interpret(line, "-")
	if err != nil {
		return fmt.Appendf(nil, "# malformed %v\n", err)
	}
	return append(trace, "# end\n"...)
}

// write: standard output has no buffer, so that a trace is out when the next program begins.
func write(text []byte) error {
	_, err := os.Stdout.Write(text)
	return err
}

func main() {
	args := os.Args[1:]
	switch {
	case len(args) == 1 && args[0] == "--stream":
		runStream()
	case len(args) == 0 || strings.HasPrefix(args[0], "--"):
		fmt.Fprintln(os.Stderr, "usage: conformance_go FILE...\n       conformance_go --stream")
		os.Exit(statusUsage)
	default:
		os.Exit(runFiles(args))
	}
}
