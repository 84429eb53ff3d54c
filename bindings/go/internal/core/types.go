package core

import "time"

// Cmd is what a task did: runner_host_cmd_t.
type Cmd struct {
	Task   uint64 // on whose behalf, or 0
	Op     uint32 // OpSpawn, ...
	Status int32  // in: what the operation says; out: 0, a code, EPARKED
	ID     uint64 // the object
	A      int64  // of the operation
	B      uint64 // of the operation
}

// Event is what the host has to do next: runner_host_event_t.
type Event struct {
	Task   uint64 // of the task, or of what the kind says
	Kind   int32  // KindStart, ...
	Status int32  // 0 or a code
	Value  uint64 // a value of the host
}

// Options are those of runner_options_t that a host can set. Zero means default.
type Options struct {
	Debug           int32 // Default, On or Off
	Deadlock        int32 // Default, On or Off
	VirtualClock    bool
	PollInterval    uint32
	CancelGraceMS   uint64
	ClosableGraceMS uint64
	JoinTimeoutMS   uint64
	SlowMS          uint64
}

// Exception is an error that nobody could be given: runner_host_exception_t.
type Exception struct {
	Message  string // a sentence
	Name     string // of the task, callback or closable, or ""
	Site     string // where it was spawned, or ""
	Task     uint64 // or 0
	Value    uint64 // what identifies the failure, or 0
	Duration time.Duration
	Code     int32 // or 0
}

// ReportEntry is one thing that shutdown found: runner_report_item_t.
type ReportEntry struct {
	Kind  int32 // ReportCanceled, ...
	Code  int32 // or 0
	ID    uint64
	Name  string
	Waits string // what it waited for when it was given up, or ""
}

// TaskInfo is a task that is not done: runner_task_info_t.
type TaskInfo struct {
	ID         uint64
	State      int32 // StateNew, ...
	Cancelling int32
	Awaits     uint64 // the task that it waits for, or 0
	Parent     uint64 // or 0
	Group      uint64 // the task whose group it is in, or 0
	Waits      string // "sleep", ...; or "" if it is ready
	Site       string // where it was spawned, or ""
	Name       string
}
