/* Who waits in a hook: found by fibers and descriptors, woken from anywhere. */
#include "waiting.h"

#include <ruby/st.h>

/* The waits by their fibers. A fiber that was woken before it waited has NULL.
 *
 * Ruby's lists of waiters lie on the stacks of these fibers, too, so none of them may be collected, not even
 * where its runner is forgotten: hence one table for the process, which marks them. */
static st_table *waits;

/* The waits by their descriptors. */
static waiting_t **by_fd;
static int fd_room;
static int n_by_fd;

/* ---- the table ------------------------------------------------------------------------------- */

static int mark_wait(st_data_t fiber, st_data_t found, st_data_t arg)
{
    const waiting_t *waiting = (const waiting_t *)found;
    (void)arg;
    rb_gc_mark((VALUE)fiber);
    if (waiting != NULL) {
        rb_gc_mark(waiting->engine);
        rb_gc_mark(waiting->blocker);
        if (waiting->error != Qundef) {
            rb_gc_mark(waiting->error);
        }
    }
    return ST_CONTINUE;
}

static void mark_waits(void *data)
{
    (void)data;
    st_foreach(waits, mark_wait, 0);
}

static const rb_data_type_t waits_type = {
    .wrap_struct_name = "Librunner::Waits",
    .function = {.dmark = mark_waits},
};

static bool find(VALUE fiber, waiting_t **waiting)
{
    st_data_t found;
    if (st_lookup(waits, (st_data_t)fiber, &found) == 0) {
        return false;
    }
    *waiting = (waiting_t *)found;
    return true;
}

static int drop_if_dead(st_data_t fiber, st_data_t found, st_data_t arg)
{
    (void)arg;
    return found == 0 && !RTEST(rb_fiber_alive_p((VALUE)fiber)) ? ST_DELETE : ST_CONTINUE;
}

/* There are hardly any, and fewer that never wait again. */
static void note_early(VALUE fiber)
{
    static unsigned noted;
    if (++noted % 256 == 0) {
        st_foreach(waits, drop_if_dead, 0);
    }
    st_insert(waits, (st_data_t)fiber, 0);
}

bool librunner_waiting_early(VALUE fiber)
{
    waiting_t *waiting;
    if (!find(fiber, &waiting) || waiting != NULL) {
        return false;
    }
    st_data_t key = (st_data_t)fiber;
    st_delete(waits, &key, NULL);
    return true;
}

static void link_fd(waiting_t *waiting)
{
    if (waiting->fd >= fd_room) {
        int room = fd_room != 0 ? fd_room : 64;
        while (room <= waiting->fd) {
            room *= 2;
        }
        REALLOC_N(by_fd, waiting_t *, room);
        for (int fd = fd_room; fd < room; fd++) {
            by_fd[fd] = NULL;
        }
        fd_room = room;
    }
    waiting->next = by_fd[waiting->fd];
    by_fd[waiting->fd] = waiting;
    n_by_fd++;
}

static void unlink_fd(const waiting_t *waiting)
{
    waiting_t **link = &by_fd[waiting->fd];
    while (*link != waiting) {
        link = &(*link)->next;
    }
    *link = waiting->next;
    n_by_fd--;
}

bool librunner_waiting_for_any(void)
{
    return n_by_fd > 0;
}

bool librunner_waiting_for(int fd)
{
    return fd >= 0 && fd < fd_room && by_fd[fd] != NULL;
}

/* ---- to wait --------------------------------------------------------------------------------- */

static uint64_t cancels_of(const waiting_t *waiting)
{
    uint64_t id = waiting->task, count = 0;
    runner_command(waiting->driver->runner, 0, RUNNER_HOST_CANCELLING, 0, &id, NULL, &count);
    return count;
}

static int begin_wait(waiting_t *waiting)
{
    runner_t *runner = waiting->driver->runner;
    uint64_t id = waiting->future;
    int64_t time = waiting->time;
    int code;
    waiting->value = 0;
    if (waiting->fd >= 0) {
        uint64_t what = (uint64_t)waiting->fd | (uint64_t)waiting->events << 32;
        code = runner_command(runner, waiting->task, RUNNER_HOST_POLL, 0, NULL, &time, &what);
        waiting->value = what;
    } else if (time == RUNNER_HOST_FOREVER) {
        code =
            runner_command(runner, waiting->task, RUNNER_HOST_AWAIT, 0, &id, NULL, &waiting->value);
    } else {
        code = runner_host_wait(runner, waiting->task, &id, 1, RUNNER_FIRST_COMPLETED, time);
    }
    return code;
}

static VALUE run(VALUE arg)
{
    waiting_t *waiting = (waiting_t *)arg;
    driver_t *driver = waiting->driver;
    int code = begin_wait(waiting);
    if (code == RUNNER_EPARKED) {
        code = librunner_park(driver);
        waiting->value = driver->b;
    }
    waiting->code = code;
    return Qnil;
}

static VALUE end(VALUE arg)
{
    waiting_t *waiting = (waiting_t *)arg;
    runner_t *runner = waiting->driver->runner;
    st_data_t key = (st_data_t)waiting->fiber;
    st_delete(waits, &key, NULL);
    if (waiting->fd >= 0) {
        unlink_fd(waiting);
        return Qnil;
    }
    runner_command(runner, 0, RUNNER_HOST_RELEASE, 0, &waiting->future, NULL, NULL);
    if (waiting->time == RUNNER_HOST_FOREVER) {
        runner_submitter_release(runner);
    }
    return Qnil;
}

void librunner_waiting_run(waiting_t *waiting)
{
    runner_t *runner = waiting->driver->runner;
    if (waiting->fd >= 0) {
        link_fd(waiting);
        waiting->cancels = cancels_of(waiting);
    } else {
        int code = runner_command(runner, waiting->task, RUNNER_HOST_FUTURE_NEW, 0,
                                  &waiting->future, NULL, NULL);
        if (code != 0) {
            librunner_fail(code);
        }
        if (waiting->time == RUNNER_HOST_FOREVER) {
            runner_submitter_acquire(runner); /* some thread may wake it, so it is no deadlock */
        }
    }
    st_insert(waits, (st_data_t)waiting->fiber, (st_data_t)waiting);
    rb_ensure(run, (VALUE)waiting, end, (VALUE)waiting);
}

/* ---- to be woken ----------------------------------------------------------------------------- */

/* A wait for a descriptor can only be cut by a cancel, which is taken back when it has ended. */
static void give(waiting_t *waiting)
{
    runner_t *runner = waiting->driver->runner;
    uint64_t id = waiting->future;
    if (waiting->error == Qundef || waiting->fd < 0) {
        runner_command(runner, 0, RUNNER_HOST_RESOLVE, 0, &id, NULL, NULL);
    } else {
        id = waiting->task;
        waiting->cut = true;
        runner_command(runner, 0, RUNNER_HOST_CANCEL, 0, &id, NULL, NULL);
    }
}

/* The loop's own thread gives it now, in the order of what its tasks do. Others leave it to the loop. A
 * handler of a signal may run in the middle of the loop, which is then about to wait. */
static void tell(waiting_t *waiting)
{
    driver_t *driver = waiting->driver;
    bool serves = driver->current != 0 || driver->calling;
    if (serves && driver->thread == rb_thread_current()) {
        give(waiting);
        return;
    }
    if (driver->told == Qnil) {
        driver->told = rb_ary_new();
    }
    rb_ary_push(driver->told, waiting->fiber);
    runner_wakeup(driver->runner);
}

void librunner_waiting_told(driver_t *driver)
{
    waiting_t *waiting;
    VALUE told = driver->told;
    driver->told = Qnil;
    for (long i = 0; i < RARRAY_LEN(told); i++) {
        if (find(RARRAY_AREF(told, i), &waiting) && waiting != NULL && waiting->driver == driver &&
            (waiting->woken || waiting->error != Qundef)) {
            give(waiting);
        }
    }
}

void librunner_waiting_wake(VALUE fiber)
{
    waiting_t *waiting;
    if (!find(fiber, &waiting) || waiting == NULL) {
        note_early(fiber);
    } else if (!waiting->woken && waiting->fd < 0) {
        waiting->woken = true;
        tell(waiting);
    }
}

static void raise_in(waiting_t *waiting, VALUE error)
{
    if (waiting->error == Qundef) {
        waiting->error = error;
        tell(waiting);
    }
}

bool librunner_waiting_raise(VALUE fiber, VALUE error)
{
    waiting_t *waiting;
    if (!find(fiber, &waiting) || waiting == NULL) {
        return false;
    }
    raise_in(waiting, error);
    return true;
}

bool librunner_waiting_raise_all(int fd, VALUE error)
{
    waiting_t *first = librunner_waiting_for(fd) ? by_fd[fd] : NULL;
    for (const waiting_t *waiting = first; waiting != NULL; waiting = waiting->next) {
        if (waiting->driver->thread == Qnil) {
            return false;
        }
    }
    for (waiting_t *waiting = first; waiting != NULL; waiting = waiting->next) {
        raise_in(waiting, error);
    }
    return true;
}

/* Who joins a thread takes it to have ended, from Ruby 3.2 on. */
static bool may_be_woken(const waiting_t *waiting)
{
    return waiting->spurious && (!RTEST(rb_obj_is_kind_of(waiting->blocker, rb_cThread)) ||
                                 !RTEST(rb_funcall(waiting->blocker, rb_intern("alive?"), 0)));
}

static int look_at(st_data_t fiber, st_data_t found, st_data_t driver)
{
    waiting_t *waiting = (waiting_t *)found;
    (void)fiber;
    if (waiting != NULL && waiting->driver == (driver_t *)driver && !waiting->woken &&
        may_be_woken(waiting)) {
        waiting->woken = true;
        give(waiting);
    }
    return ST_CONTINUE;
}

void librunner_waiting_look(driver_t *driver)
{
    st_foreach(waits, look_at, (st_data_t)driver);
}

void librunner_waiting_forget(void)
{
    n_by_fd = 0;
    fd_room = 0;
    xfree(by_fd);
    by_fd = NULL;
}

void librunner_init_waiting(void)
{
    waits = st_init_numtable();
    rb_gc_register_mark_object(TypedData_Wrap_Struct(rb_cObject, &waits_type, waits));
}
