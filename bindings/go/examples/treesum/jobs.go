package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// The jobs: they run on goroutines of their own and may block. A running job is not interrupted when
// its task is cancelled, and the runner waits for it when it closes, so each looks at its context
// between the pieces of its work.

const (
	blockBytes = 64 * 1024
	entries    = 256 // read from a directory at a time
)

// listing is what a job found in a directory.
type listing struct {
	files       []string
	directories []string
	err         error // what ended it early, or nil
}

// sum is what a job found in a file. A file that cannot be read does not end the work.
type sum struct {
	digest [sha256.Size]byte
	err    error
}

// listDirectory leaves out symbolic links, devices and the like.
func listDirectory(ctx context.Context, path string) (listing, error) {
	directory, err := os.Open(path)
	if err != nil {
		return listing{err: err}, nil
	}
	defer directory.Close()
	prefix := path
	if !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	var found listing
	for ctx.Err() == nil {
		some, err := directory.ReadDir(entries)
		found.add(prefix, some)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			found.err = err
			return found, nil
		}
	}
	return listing{}, ctx.Err()
}

func (l *listing) add(prefix string, some []fs.DirEntry) {
	for _, entry := range some {
		switch {
		case entry.Type().IsRegular():
			l.files = append(l.files, prefix+entry.Name())
		case entry.IsDir():
			l.directories = append(l.directories, prefix+entry.Name())
		}
	}
}

// sortPaths sorts by bytes. Ctrl-C has to end it, too, when there are a million paths: from then on
// all are equal, which ends a sort soon.
func sortPaths(ctx context.Context, paths []string) error {
	slices.SortFunc(paths, func(a, b string) int {
		if ctx.Err() != nil {
			return 0
		}
		return strings.Compare(a, b)
	})
	return ctx.Err()
}

func sumFile(ctx context.Context, path string) (sum, error) {
	file, err := os.Open(path)
	if err != nil {
		return sum{err: err}, nil
	}
	defer file.Close()
	var result sum
	hash := sha256.New()
	block := make([]byte, blockBytes)
	for ctx.Err() == nil {
		length, err := file.Read(block)
		hash.Write(block[:length])
		if errors.Is(err, io.EOF) {
			hash.Sum(result.digest[:0])
			return result, nil
		}
		if err != nil {
			return sum{err: err}, nil
		}
	}
	return sum{}, ctx.Err()
}
