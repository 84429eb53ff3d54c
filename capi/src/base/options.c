#include "base/options.h"

#include <string.h>

#include "runner/error.h"
#include "runner/executor.h"
#include "runner/lifecycle.h"
#include "runner/task.h"

/* More than any version will ever have: a larger size is an uninitialised struct. */
#define MOST_BYTES ((size_t)4096)

static size_t size_field(const void *opts)
{
    size_t size;
    memcpy(&size, opts, sizeof size);
    return size;
}

int runner__options_read(void *into, size_t size, const void *opts)
{
    memset(into, 0, size);
    if (opts == NULL) {
        return 0;
    }
    size_t theirs = size_field(opts);
    if (theirs < sizeof(size_t) || theirs > MOST_BYTES) {
        return RUNNER_EINVAL;
    }
    const unsigned char *bytes = opts;
    for (size_t i = size; i < theirs; i++) {
        if (bytes[i] != 0) {
            return RUNNER_EINVAL;
        }
    }
    memcpy(into, opts, theirs < size ? theirs : size);
    return 0;
}

int runner__options_write(void *out, const void *from, size_t size)
{
    size_t theirs = size_field(out);
    if (theirs < sizeof(size_t) || theirs > MOST_BYTES) {
        return RUNNER_EINVAL;
    }
    size_t shared = theirs < size ? theirs : size;
    memcpy((unsigned char *)out + sizeof(size_t), (const unsigned char *)from + sizeof(size_t),
           shared - sizeof(size_t));
    return 0;
}

int runner__options_fill(void *opts, size_t size)
{
    if (opts == NULL || size < sizeof(size_t) || size > MOST_BYTES) {
        return RUNNER_EINVAL;
    }
    memset(opts, 0, size);
    memcpy(opts, &size, sizeof size);
    return 0;
}

int runner_options_init(runner_options_t *opts, size_t size)
{
    return runner__options_fill(opts, size);
}

int runner_run_options_init(runner_run_options_t *opts, size_t size)
{
    return runner__options_fill(opts, size);
}

int runner_spawn_options_init(runner_spawn_options_t *opts, size_t size)
{
    return runner__options_fill(opts, size);
}

int runner_job_options_init(runner_job_options_t *opts, size_t size)
{
    return runner__options_fill(opts, size);
}
