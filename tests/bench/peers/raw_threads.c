/* Floors between threads: libuv's worker pool, and messages through a locked list. */
#include "raw.h"

struct message {
    struct message *next;
};

struct mailbox {
    uv_loop_t loop;
    uv_async_t async;
    uv_mutex_t lock;
    struct message *first; /* under lock */
    struct message **last; /* under lock */
    struct message *messages;
    size_t expected;
    size_t received;
    int sender_cpu; /* -1: where the loop runs */
};

static void send_all(void *arg)
{
    struct mailbox *box = arg;
    if (box->sender_cpu >= 0) {
        bench_pin(box->sender_cpu);
    }
    for (size_t i = 0; i < box->expected; i++) {
        struct message *message = &box->messages[i];
        message->next = NULL;
        uv_mutex_lock(&box->lock);
        *box->last = message;
        box->last = &message->next;
        uv_mutex_unlock(&box->lock);
        uv_async_send(&box->async);
    }
}

static void drain(uv_async_t *async)
{
    struct mailbox *box = async->data;
    uv_mutex_lock(&box->lock);
    struct message *message = box->first;
    box->first = NULL;
    box->last = &box->first;
    uv_mutex_unlock(&box->lock);
    for (; message != NULL; message = message->next) {
        bench_keep(message);
        box->received++;
    }
    if (box->received == box->expected) {
        uv_stop(&box->loop);
    }
}

static uint64_t submits(size_t n, void *arg)
{
    struct mailbox *box = arg;
    uv_thread_t sender;
    box->expected = n;
    box->received = 0;
    uint64_t start = bench_now();
    raw_check(uv_thread_create(&sender, send_all, box), "uv_thread_create");
    uv_run(&box->loop, UV_RUN_DEFAULT);
    uint64_t elapsed = bench_now() - start;
    uv_thread_join(&sender);
    return elapsed;
}

static void mailboxes(const struct bench *bench)
{
    struct mailbox box = {.sender_cpu = -1};
    box.last = &box.first;
    box.messages = calloc(RAW_MESSAGES, sizeof *box.messages);
    if (box.messages == NULL) {
        perror("bench_raw: calloc");
        exit(1);
    }
    raw_check(uv_loop_init(&box.loop), "uv_loop_init");
    raw_check(uv_async_init(&box.loop, &box.async, drain), "uv_async_init");
    raw_check(uv_mutex_init(&box.lock), "uv_mutex_init");
    box.async.data = &box;
    bench_run(bench, "submit_bulk", RAW_MESSAGES, submits, &box);
    box.sender_cpu = bench->other_cpu;
    if (box.sender_cpu >= 0) {
        bench_run(bench, "submit_bulk_2cores", RAW_MESSAGES, submits, &box);
    } else {
        bench_skip(bench, "submit_bulk_2cores", "one core only");
    }
    uv_close((uv_handle_t *)&box.async, NULL);
    raw_check(uv_run(&box.loop, UV_RUN_DEFAULT), "uv_run");
    raw_check(uv_loop_close(&box.loop), "uv_loop_close");
    uv_mutex_destroy(&box.lock);
    free(box.messages);
}

static void work(uv_work_t *request)
{
    bench_keep(request);
}

/* One by one: the next job is queued only when the loop has seen the last one done. */
static void after_work(uv_work_t *request, int status)
{
    size_t *left = request->data;
    raw_check(status, "uv_queue_work");
    if (--*left > 0) {
        raw_check(uv_queue_work(request->loop, request, work, after_work), "uv_queue_work");
    }
}

static uint64_t round_trips(size_t n, void *arg)
{
    uv_loop_t *loop = arg;
    size_t left = n;
    uv_work_t request = {.data = &left};
    uint64_t start = bench_now();
    raw_check(uv_queue_work(loop, &request, work, after_work), "uv_queue_work");
    uv_run(loop, UV_RUN_DEFAULT);
    return bench_now() - start;
}

void raw_threads(const struct bench *bench)
{
    uv_loop_t loop;
    mailboxes(bench);
    raw_check(uv_loop_init(&loop), "uv_loop_init");
    bench_run(bench, "executor_round_trip", bench_batch(bench, 10000), round_trips, &loop);
    raw_check(uv_loop_close(&loop), "uv_loop_close");
}
