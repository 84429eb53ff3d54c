package core

/*
#include <runner.h>
*/
import "C"

// Report is what the latest deadlock, or shutdown, found; nil if there was neither.
func (r *Runner) Report() []ReportEntry {
	var report *C.runner_report_t
	if C.runner_get_report((*C.runner_t)(r.self), &report) != 0 {
		return nil
	}
	entries := make([]ReportEntry, 0, C.runner_report_count(report, 0))
	for i := range C.size_t(cap(entries)) {
		item := C.runner_report_item_t{size: C.sizeof_runner_report_item_t}
		if C.runner_report_get(report, i, &item) != 0 {
			break
		}
		entries = append(entries, ReportEntry{
			Kind:  int32(item.kind),
			Code:  int32(item.code),
			ID:    uint64(item.id),
			Name:  C.GoString(item.name),
			Waits: C.GoString(item.waits),
		})
	}
	return entries
}
