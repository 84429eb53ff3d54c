#include "workers.h"

#include "base/alloc.h"
#include "runner/error.h"

struct runner__workers {
    atomic_uint refs; /* the runner's, each thread's, each job's until it is freed */
    uv_mutex_t lock;
    uv_cond_t wake;
    runner__node_t queue;
    runner__node_t running; /* started, or with the program's executor */
    size_t unfinished;      /* accepted and not ended */
    unsigned idle;
    unsigned count;
    unsigned most;
    bool closing;
    bool abandoned;
    bool posted;          /* all_done is on its way */
    runner__home_t *home; /* not to be touched once abandoned */
    runner__entry_t all_done;
    void (*done)(runner_t *self);
    runner_executor_t theirs; /* submit is NULL: own threads */
    uv_thread_t threads[];
};

void runner__workers_unref(runner__workers_t *workers)
{
    if (atomic_fetch_sub_explicit(&workers->refs, 1, memory_order_acq_rel) == 1) {
        uv_cond_destroy(&workers->wake);
        uv_mutex_destroy(&workers->lock);
        runner__free(workers);
    }
}

static void run_done(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__workers_t *workers = RUNNER__CONTAINER(entry, runner__workers_t, all_done);
    workers->posted = false;
    if (workers->done != NULL) {
        workers->done((runner_t *)loop);
    }
}

/* On the loop, in a turn of its own: the waiters of the future run a turn later, as if a callback
 * from the other thread had settled it. */
static void job_ended(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__job_finish(RUNNER__CONTAINER(entry, runner_job_t, entry));
    atomic_fetch_sub_explicit(&loop->jobs, 1, memory_order_release);
}

runner__workers_t *runner__workers_new(runner__home_t *home, unsigned most_threads,
                                       const runner_executor_t *theirs)
{
    unsigned own = theirs == NULL ? most_threads : 0;
    runner__workers_t *workers =
        runner__calloc(1, sizeof *workers + own * sizeof workers->threads[0]);
    if (workers == NULL) {
        return NULL;
    }
    if (uv_mutex_init(&workers->lock) != 0) {
        runner__free(workers);
        return NULL;
    }
    if (uv_cond_init(&workers->wake) != 0) {
        uv_mutex_destroy(&workers->lock);
        runner__free(workers);
        return NULL;
    }
    atomic_init(&workers->refs, 1);
    runner__list_init(&workers->queue);
    runner__list_init(&workers->running);
    workers->most = own;
    workers->home = home;
    workers->all_done.run = run_done;
    if (theirs != NULL) {
        workers->theirs = *theirs;
    }
    return workers;
}

/* With the lock held. */
static void post_done(runner__workers_t *workers)
{
    workers->posted = true;
    (void)runner__inbox_post(&workers->home->loop.inbox, &workers->all_done);
}

/* With the lock held. */
static void count_end(runner__workers_t *workers)
{
    workers->unfinished--;
    if (workers->closing && workers->unfinished == 0) {
        post_done(workers);
    }
}

/* With the lock held. The loop is alive as long as the workers are not abandoned. */
static void send_back(runner__workers_t *workers, runner_job_t *job)
{
    runner__list_remove(&job->entry.node);
    job->state = RUNNER__JOB_ENDED;
    if (workers->abandoned) {
        workers->unfinished--;
        runner__job_discard(job);
        return;
    }
    job->entry.run = job_ended;
    (void)runner__inbox_post(&workers->home->loop.inbox, &job->entry);
    count_end(workers);
}

static void run_job(runner__workers_t *workers, runner_job_t *job)
{
    runner__home_t *home = workers->home;
    job->state = RUNNER__JOB_RUNNING;
    if (!job->canceled) {
        uv_mutex_unlock(&workers->lock);
        runner__job_call(job, home);
        uv_mutex_lock(&workers->lock);
    }
    send_back(workers, job);
}

static void work(void *arg)
{
    runner__workers_t *workers = arg;
    uv_mutex_lock(&workers->lock);
    for (;;) {
        while (runner__list_empty(&workers->queue) && !workers->closing) {
            workers->idle++;
            uv_cond_wait(&workers->wake, &workers->lock);
            workers->idle--;
        }
        if (runner__list_empty(&workers->queue)) {
            break;
        }
        runner__node_t *node = runner__list_pop(&workers->queue);
        runner__list_push(&workers->running, node);
        run_job(workers, RUNNER__CONTAINER(node, runner_job_t, entry.node));
    }
    uv_mutex_unlock(&workers->lock);
    runner__workers_unref(workers);
}

/* With the lock held. A thread that cannot be made matters only if there is none. */
static int add_thread(runner__workers_t *workers)
{
    atomic_fetch_add_explicit(&workers->refs, 1, memory_order_relaxed);
    int code = runner__thread_start(&workers->threads[workers->count], work, workers);
    if (code == 0) {
        workers->count++;
        return 0;
    }
    atomic_fetch_sub_explicit(&workers->refs, 1, memory_order_relaxed);
    return workers->count > 0 ? 0 : code;
}

static void accept_job(runner__workers_t *workers, runner_job_t *job)
{
    job->workers = workers;
    atomic_fetch_add_explicit(&workers->refs, 1, memory_order_relaxed);
    workers->unfinished++;
    atomic_fetch_add_explicit(&workers->home->loop.jobs, 1, memory_order_relaxed);
}

void runner__workers_adopt(runner__workers_t *workers, runner_job_t *job)
{
    uv_mutex_lock(&workers->lock);
    accept_job(workers, job);
    job->state = RUNNER__JOB_RUNNING;
    runner__list_push(&workers->running, &job->entry.node);
    uv_mutex_unlock(&workers->lock);
}

/* Takes back an acceptance: the job is the caller's again. */
static void refuse_job(runner__workers_t *workers, runner_job_t *job)
{
    uv_mutex_lock(&workers->lock);
    runner__list_remove(&job->entry.node);
    workers->unfinished--;
    uv_mutex_unlock(&workers->lock);
    atomic_fetch_sub_explicit(&workers->home->loop.jobs, 1, memory_order_relaxed);
    job->workers = NULL;
    runner__workers_unref(workers);
}

static int submit_to_theirs(runner__workers_t *workers, runner_job_t *job)
{
    uv_mutex_lock(&workers->lock);
    accept_job(workers, job);
    runner__list_push(&workers->running, &job->entry.node);
    uv_mutex_unlock(&workers->lock);
    int code = workers->theirs.submit(workers->theirs.arg, job);
    if (code >= 0) {
        return 0;
    }
    refuse_job(workers, job);
    return code;
}

int runner__workers_submit(runner__workers_t *workers, runner_job_t *job)
{
    if (workers->theirs.submit != NULL) {
        return submit_to_theirs(workers, job);
    }
    int code = 0;
    uv_mutex_lock(&workers->lock);
    if (workers->idle == 0 && workers->count < workers->most) {
        code = add_thread(workers);
    }
    if (code == 0) {
        accept_job(workers, job);
        runner__list_push(&workers->queue, &job->entry.node);
        if (workers->idle > 0) {
            uv_cond_signal(&workers->wake);
        }
    }
    uv_mutex_unlock(&workers->lock);
    return code;
}

bool runner__workers_cancel(runner__workers_t *workers, runner_job_t *job)
{
    bool taken = false;
    uv_mutex_lock(&workers->lock);
    if (job->state == RUNNER__JOB_QUEUED) {
        job->canceled = true;
        if (workers->theirs.submit == NULL) {
            runner__list_remove(&job->entry.node);
            job->state = RUNNER__JOB_ENDED;
            job->code = RUNNER_ECANCELED;
            count_end(workers);
            taken = true;
        }
    }
    uv_mutex_unlock(&workers->lock);
    if (taken) {
        atomic_fetch_sub_explicit(&workers->home->loop.jobs, 1, memory_order_release);
    }
    return taken;
}

void runner__workers_shutdown(runner__workers_t *workers, void (*done)(runner_t *self))
{
    uv_mutex_lock(&workers->lock);
    workers->closing = true;
    workers->done = done;
    if (workers->unfinished == 0) {
        post_done(workers);
    }
    uv_cond_broadcast(&workers->wake);
    uv_mutex_unlock(&workers->lock);
    if (workers->theirs.shutdown != NULL) {
        workers->theirs.shutdown(workers->theirs.arg);
    }
}

/* With the lock held: whatever has not started never will, and what runs ends for nobody. */
static void abandon(runner__workers_t *workers)
{
    workers->abandoned = true;
    for (runner__node_t *node = workers->running.next; node != &workers->running;
         node = node->next) {
        runner_job_t *job = RUNNER__CONTAINER(node, runner_job_t, entry.node);
        job->canceled = true;
        runner__job_forget(job, RUNNER_EABANDONED);
    }
    while (!runner__list_empty(&workers->queue)) {
        runner__node_t *node = runner__list_pop(&workers->queue);
        runner_job_t *job = RUNNER__CONTAINER(node, runner_job_t, entry.node);
        job->code = RUNNER_EABANDONED;
        runner__job_forget(job, RUNNER_EABANDONED);
        runner__job_discard(job);
        workers->unfinished--;
    }
}

/* Nobody waits for the news any more: it must not arrive after this is gone. */
static void take_back_done(runner__workers_t *workers)
{
    runner__loop_t *loop = &workers->home->loop;
    if (workers->posted) {
        runner__inbox_drain(&loop->inbox, &loop->ready);
        runner__list_remove(&workers->all_done.node);
        workers->posted = false;
    }
}

size_t runner__workers_release(runner__workers_t *workers)
{
    uv_mutex_lock(&workers->lock);
    size_t left = workers->unfinished;
    take_back_done(workers);
    if (left > 0) {
        abandon(workers);
    }
    workers->done = NULL;
    workers->closing = true;
    uv_cond_broadcast(&workers->wake);
    unsigned count = workers->count;
    uv_mutex_unlock(&workers->lock);
    /* Nobody will hear of those that were given up: the loop must not wait for them. */
    atomic_fetch_sub_explicit(&workers->home->loop.jobs, (unsigned)left, memory_order_relaxed);
    for (unsigned i = 0; i < count; i++) {
        if (left > 0) {
            runner__thread_detach(workers->threads[i]);
        } else {
            (void)uv_thread_join(&workers->threads[i]);
        }
    }
    runner__workers_unref(workers);
    return left;
}

void runner_job_run(runner_job_t *job)
{
    if (job == NULL) {
        return;
    }
    runner__workers_t *workers = job->workers;
    atomic_fetch_add_explicit(&workers->refs, 1, memory_order_relaxed); /* the job may be freed */
    uv_mutex_lock(&workers->lock);
    run_job(workers, job);
    uv_mutex_unlock(&workers->lock);
    runner__workers_unref(workers);
}
