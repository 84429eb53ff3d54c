package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	runner "example.org/librunner/go"
)

// tree is the work on one directory tree. Its fields belong to the tasks.
type tree struct {
	jobs     *runner.Semaphore // a place for each of the N jobs
	progress *meter
	failed   bool // something could not be read or written

	level []string // directories of the level of the tree that is being read
	below []string // directories found in them
	files []string
	sums  []sum // one for each of the files, in the same order
	done  int   // files that were read, or could not be
}

// startAt puts the first path where the work starts.
func (t *tree) startAt(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		t.level = append(t.level, path)
	case info.Mode().IsRegular():
		t.files = append(t.files, path)
	case info.Mode()&os.ModeSymlink != 0:
		return errors.New("Symbolic link; to follow it, append a /")
	default:
		return errors.New("Not a directory")
	}
	return nil
}

// run is the main task. The sums are printed without a wait, so that Ctrl-C comes before it or after
// it: there is no half a result.
func (t *tree) run(ctx context.Context, jobs int) error {
	t.jobs = runner.NewSemaphore(ctx, jobs)
	err := runner.Group(ctx, func(ctx context.Context, group *runner.TaskGroup) error {
		if t.progress != nil {
			shown, err := group.Go(t.showProgress)
			if err != nil {
				return err
			}
			defer shown.Cancel()
		}
		if err := t.readDirectories(ctx); err != nil {
			return err
		}
		return t.sumFiles(ctx)
	})
	if err != nil {
		return err
	}
	if err := printSums(os.Stdout, t.files, t.sums); err != nil {
		t.complain("standard output", err)
	}
	return nil
}

// each has work done for every index below count, at most N at a time, and waits for the end. The
// first failure, or a cancel of the calling task, ends all of it.
func (t *tree) each(ctx context.Context, count int,
	work func(ctx context.Context, index int) error) error {
	return runner.Group(ctx, func(ctx context.Context, group *runner.TaskGroup) error {
		for index := range count {
			if err := t.jobs.Acquire(ctx); err != nil {
				return err
			}
			_, err := group.Go(func(ctx context.Context) error {
				defer t.jobs.Release()
				return work(ctx, index)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// readDirectories goes level by level, so that the directories of a level can be read side by side.
func (t *tree) readDirectories(ctx context.Context) error {
	for len(t.level) > 0 {
		if err := t.each(ctx, len(t.level), t.readDirectory); err != nil {
			return err
		}
		t.level, t.below = t.below, nil
	}
	return nil
}

func (t *tree) readDirectory(ctx context.Context, index int) error {
	path := t.level[index]
	found, err := runner.ToThread(ctx, func(ctx context.Context) (listing, error) {
		return listDirectory(ctx, path)
	})
	if err != nil {
		return err
	}
	if found.err != nil {
		t.complain(path, found.err)
	}
	t.files = append(t.files, found.files...)
	t.below = append(t.below, found.directories...)
	return nil
}

func (t *tree) sumFiles(ctx context.Context) error {
	files := t.files
	_, err := runner.ToThread(ctx, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, sortPaths(ctx, files)
	})
	if err != nil {
		return err
	}
	t.sums = make([]sum, len(files))
	return t.each(ctx, len(files), t.sumFile)
}

func (t *tree) sumFile(ctx context.Context, index int) error {
	path := t.files[index]
	result, err := runner.ToThread(ctx, func(ctx context.Context) (sum, error) {
		return sumFile(ctx, path)
	})
	if err != nil {
		return err
	}
	t.sums[index] = result
	t.done++
	if result.err != nil {
		t.complain(path, result.err)
	}
	return nil
}

func (t *tree) complain(path string, err error) {
	t.progress.clear()
	fmt.Fprintf(os.Stderr, "treesum: %s: %s\n", path, errorText(err))
	t.failed = true
}
