//go:build cgo

package core

import "unsafe"

// Reserve fills ids with ids for objects that commands will make.
func (r *Runner) Reserve(ids []uint64) int32 {
	return Runner_reserve(r.self, unsafe.SliceData(ids), len(ids))
}

// Count is how many ids are in use.
func (r *Runner) Count() int { return Runner_host_count(r.self) }

// Gather makes a future for the outcomes of several.
func (r *Runner) Gather(ids []uint64, returnErrors bool) (future uint64, code int32) {
	var flag int32
	if returnErrors {
		flag = 1
	}
	code = Runner_host_gather(r.self, unsafe.SliceData(ids), len(ids), flag, &future)
	return future, code
}

// Wait has a task wait until some of several are done: EPARKED, or the outcome at once.
func (r *Runner) Wait(task uint64, ids []uint64, when int32, timeoutNS int64) int32 {
	return Runner_host_wait(r.self, task, unsafe.SliceData(ids), len(ids), when, timeoutNS)
}

// Errors tells what went wrong in a group that was closed with EGROUP: the children that failed, 0
// for its body, and their codes.
func (r *Runner) Errors(group uint64) (tasks []uint64, codes []int32, code int32) {
	for count := 8; ; {
		tasks, codes = make([]uint64, count), make([]int32, count)
		code = Runner_host_errors(r.self, group, &tasks[0], &codes[0], len(tasks), &count)
		if code != 0 {
			return nil, nil, code
		}
		if count <= len(tasks) {
			return tasks[:count], codes[:count], 0
		}
	}
}
