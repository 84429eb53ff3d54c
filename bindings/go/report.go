package runner

import (
	"example.org/librunner/go/internal/core"
)

// ReportKind is what a [ReportEntry] is about.
type ReportKind int32

const (
	// ReportCanceled: a task was cancelled and has ended.
	ReportCanceled = ReportKind(core.ReportCanceled)
	// ReportFailed: a task failed while it was cancelled, or nobody has awaited it.
	ReportFailed = ReportKind(core.ReportFailed)
	// ReportRefused: a task went on in spite of its cancel, and returned.
	ReportRefused = ReportKind(core.ReportRefused)
	// ReportAbandoned: a task did not end before its grace was over, or could not, and was given up.
	ReportAbandoned = ReportKind(core.ReportAbandoned)
	// ReportClosable: a closable has failed.
	ReportClosable = ReportKind(core.ReportClosable)
	// ReportJob: a function of ToThread did not end in time.
	ReportJob = ReportKind(core.ReportJob)
	// ReportHandle: a handle was still open on the loop.
	ReportHandle = ReportKind(core.ReportHandle)
	// ReportDeadlock: tasks wait for each other; the name is the chain of their waits.
	ReportDeadlock = ReportKind(core.ReportDeadlock)
)

var reportKinds = [...]string{
	ReportCanceled:  "canceled",
	ReportFailed:    "failed",
	ReportRefused:   "refused",
	ReportAbandoned: "abandoned",
	ReportClosable:  "closable",
	ReportJob:       "job",
	ReportHandle:    "handle",
	ReportDeadlock:  "deadlock",
}

// String is a word.
func (k ReportKind) String() string {
	if k < 1 || int(k) >= len(reportKinds) {
		return "unknown"
	}
	return reportKinds[k]
}

// ReportEntry is one thing that [Runner.Close] found, or a deadlock of a run.
type ReportEntry struct {
	Kind  ReportKind
	Err   error  // its code, or nil
	ID    uint64 // of the task, or 0
	Name  string // of the task, the closable, ...
	Waits string // what the task waited for when it was given up, or ""
}

// Report tells what the latest deadlock was and, once the runner is closed, what the close has found:
// in the order in which it happened. It is empty while the runner runs.
func (r *Runner) Report() []ReportEntry {
	if r == nil || r.e == nil {
		return nil
	}
	e := r.e
	e.mu.Lock()
	defer e.mu.Unlock()
	var found []core.ReportEntry
	switch phase := e.phase.Load(); {
	case phase == shut:
		found = e.entries
	case phase == idle && e.core != nil:
		found = e.core.Report()
	}
	entries := make([]ReportEntry, 0, len(found))
	for _, f := range found {
		entry := ReportEntry{Kind: ReportKind(f.Kind), ID: f.ID, Name: f.Name, Waits: f.Waits}
		if f.Code != 0 {
			entry.Err = Errno(f.Code)
		}
		entries = append(entries, entry)
	}
	return entries
}

// TaskInfo is a task that is not done, of whatever type.
type TaskInfo struct {
	ID         uint64
	Name       string
	State      string // "new", "ready", "running" or "waiting"
	Cancelling int    // how many cancels were requested
	Awaits     uint64 // the task that it waits for, or 0
	Parent     uint64 // the task that has started it, or 0
	Group      uint64 // the task whose group it is in, or 0
	Waits      string // what it waits for: "sleep", ...; or ""
	Site       string // where it was started, in debug mode; or ""
}

var taskStates = [...]string{
	core.StateNew:     "new",
	core.StateReady:   "ready",
	core.StateRunning: "running",
	core.StateWaiting: "waiting",
}

// Tasks are the tasks that are not done, in the order in which they were started. It is for tasks and
// callbacks of the runner and, while nothing runs, for anybody.
func (r *Runner) Tasks() ([]TaskInfo, error) {
	if r == nil || r.e == nil {
		return nil, ErrInvalid
	}
	e := r.e
	if err := e.enter(); err != nil {
		return nil, err
	}
	defer e.leave()
	if e.cur != nil {
		e.command(core.Cmd{Op: core.OpCancelling, ID: e.cur.id}) // C learns that it runs
	}
	e.flush()
	found, code := e.core.Tasks()
	if code != 0 {
		return nil, Errno(code)
	}
	known := make(map[uint64]*task, len(found))
	for _, t := range e.tasks {
		if t != nil {
			known[t.number] = t
		}
	}
	infos := make([]TaskInfo, 0, len(found))
	for _, f := range found {
		info := TaskInfo{
			ID: f.ID, Name: f.Name, Cancelling: int(f.Cancelling), Awaits: f.Awaits,
			Parent: f.Parent, Group: f.Group, Waits: f.Waits, Site: f.Site,
		}
		if f.State > 0 && int(f.State) < len(taskStates) {
			info.State = taskStates[f.State]
		}
		if t := known[f.ID]; t != nil {
			info.Name = t.Name()
			if t.rare != nil {
				info.Site = t.rare.site
			}
		}
		infos = append(infos, info)
	}
	return infos, nil
}
