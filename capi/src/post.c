/* Callbacks and wake-ups from other threads. */
#include "base/alloc.h"
#include "handle.h"
#include "runner/callback.h"
#include "runner/error.h"

typedef struct runner__posts posts_t;

/* On its way through the inbox. */
typedef struct post {
    runner__entry_t entry;
    posts_t *chunk;
    runner__scope_t scope;
    runner_callback_fn fn;
    void *arg;
    runner_drop_fn drop;
} post_t;

#define POSTS 64

/* Memory for so many messages: what one thread allocates and another frees is dear to both, so they
 * do it once for all of these. */
struct runner__posts {
    unsigned taken; /* guarded by the inbox's lock */
    unsigned done;  /* the loop's */
    post_t posts[POSTS];
};

/* With the lock of the inbox held; NULL without memory. */
static post_t *take_post(runner_t *self)
{
    posts_t *chunk = self->posts;
    if (chunk == NULL) {
        chunk = runner__malloc(sizeof *chunk);
        if (chunk == NULL) {
            return NULL;
        }
        chunk->taken = 0;
        chunk->done = 0;
        self->posts = chunk;
    }
    post_t *post = &chunk->posts[chunk->taken++];
    post->chunk = chunk;
    if (chunk->taken == POSTS) {
        self->posts = NULL;
    }
    return post;
}

/* On the loop. A chunk that is not full is still the runner's. */
static void give_post(post_t *post)
{
    posts_t *chunk = post->chunk;
    if (++chunk->done == POSTS) {
        runner__free(chunk);
    }
}

/* After the runner has closed, what was accepted is only dropped. */
static void run_post(runner__loop_t *loop, runner__entry_t *entry)
{
    post_t *post = RUNNER__CONTAINER(entry, post_t, entry);
    runner__tasks_t *tasks = (runner__tasks_t *)loop;
    if (runner__home_phase(&tasks->home) != RUNNER__CLOSED) {
        loop->scope = &post->scope;
        tasks->aborts = false;
        int code = post->fn(post->arg);
        if (RUNNER__UNLIKELY(code != 0)) {
            runner__handler_returned(loop, code, NULL, NULL);
        }
        loop->scope = NULL;
    }
    if (post->drop != NULL) {
        post->drop(post->arg);
    }
    runner__scope_fini(&post->scope);
    give_post(post);
}

/* A check for calls from any thread: they look only at what never changes or is atomic. */
static int check(const runner_t *self)
{
    int code = runner__home_check(self);
    if (code == 0 && runner__home_phase(&self->tasks.home) == RUNNER__CLOSED) {
        code = RUNNER_ECLOSED;
    }
    return code;
}

int runner_call_soon_threadsafe(runner_t *self, runner_callback_fn fn, void *arg,
                                runner_drop_fn drop)
{
    int code = fn != NULL ? check(self) : RUNNER_EINVAL;
    if (code != 0) {
        return code;
    }
    runner__inbox_t *inbox = &runner__loop_of(self)->inbox;
    if (!runner__inbox_begin(inbox)) {
        return RUNNER_ECLOSED;
    }
    post_t *post = take_post(self);
    if (post == NULL) {
        runner__inbox_give_up(inbox);
        return RUNNER_ENOMEM;
    }
    post->entry.run = run_post;
    runner__scope_copy(&post->scope);
    post->fn = fn;
    post->arg = arg;
    post->drop = drop;
    runner__inbox_commit(inbox, &post->entry);
    return 0;
}

int runner_wakeup(runner_t *self)
{
    int code = check(self);
    if (code == 0) {
        runner__inbox_wake(&runner__loop_of(self)->inbox);
    }
    return code;
}

int runner_submitter_acquire(runner_t *self)
{
    int code = check(self);
    if (code == 0) {
        atomic_fetch_add_explicit(&runner__loop_of(self)->submitters, 1, memory_order_release);
    }
    return code;
}

/* The loop may be waiting for nothing but this: it is woken to look again. */
int runner_submitter_release(runner_t *self)
{
    int code = check(self);
    if (code != 0) {
        return code;
    }
    atomic_uint *submitters = &runner__loop_of(self)->submitters;
    unsigned held = atomic_load(submitters);
    do {
        if (held == 0) {
            return RUNNER_EINVAL;
        }
    } while (!atomic_compare_exchange_weak(submitters, &held, held - 1));
    runner__inbox_wake(&runner__loop_of(self)->inbox);
    return 0;
}
