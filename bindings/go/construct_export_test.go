package runner

import "context"

// HostCount is how many ids are in use in the library, by the runner of ctx's task.
func HostCount(ctx context.Context) int {
	t, err := taskOf(ctx)
	if err != nil {
		return -1
	}
	t.r.flush()
	return t.r.core.Count()
}
