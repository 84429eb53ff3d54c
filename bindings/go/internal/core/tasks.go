package core

/*
#include <runner.h>
*/
import "C"

// Tasks are those that are not done, in the order in which they were spawned.
func (r *Runner) Tasks() ([]TaskInfo, int32) {
	var infos []C.runner_task_info_t
	for {
		var first *C.runner_task_info_t
		if len(infos) > 0 {
			first = &infos[0]
			first.size = C.sizeof_runner_task_info_t
		}
		var count C.size_t
		code := C.runner_tasks((*C.runner_t)(r.self), first, C.size_t(len(infos)), &count)
		if code != 0 {
			return nil, int32(code)
		}
		if int(count) <= len(infos) {
			return taskInfos(infos[:count]), 0
		}
		infos = make([]C.runner_task_info_t, count)
	}
}

func taskInfos(infos []C.runner_task_info_t) []TaskInfo {
	tasks := make([]TaskInfo, len(infos))
	for i := range infos {
		info := &infos[i]
		tasks[i] = TaskInfo{
			ID:         uint64(info.id),
			State:      int32(info.state),
			Cancelling: int32(info.cancelling),
			Awaits:     uint64(info.awaits),
			Parent:     uint64(info.parent),
			Group:      uint64(info.group),
			Waits:      C.GoString(info.waits),
			Site:       C.GoString(info.site),
			Name:       C.GoString(&info.name[0]),
		}
	}
	return tasks
}
