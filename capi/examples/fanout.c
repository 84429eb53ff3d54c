/* fanout [-j N] [-t MS] < LIST: the lines, words and bytes of many files, as wc counts them.
 *
 * LIST names a file in each line. At most N files are read at the same time, each for at most MS
 * milliseconds. What is found is printed in the order of LIST, each as soon as all before it are
 * known. A file that cannot be read, or not in time, is said on stderr; the others go on, and the
 * exit status is 1. Ctrl-C stops everything.
 *
 * Three things bound the work: a group, whose tasks have ended when the function that spawned them
 * goes on; a semaphore, for which that function waits until there is a free place; and a timeout
 * around each file. */
#define _POSIX_C_SOURCE 200809L /* getline(), getopt() */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <runner.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct item {
    struct app *app;
    char *path;
    unsigned long long lines, words, bytes;
    int after_space;
    int code;        /* how it went; RUNNER_EPENDING before that is known */
    atomic_int stop; /* nobody waits for the job any more */
};

struct app {
    struct item *items;
    size_t count;
    size_t printed;
    size_t places;
    uint64_t limit_ms;
    runner_semaphore_t *free_places;
    int failed;
};

/* ---- a job, on a thread of the executor ------------------------------------------------------- */

static void count_block(struct item *item, const char *block, ssize_t length)
{
    item->bytes += (unsigned long long)length;
    for (ssize_t i = 0; i < length; i++) {
        int space = isspace((unsigned char)block[i]) != 0;
        item->lines += block[i] == '\n';
        item->words += item->after_space && !space;
        item->after_space = space;
    }
}

/* A timeout ends the wait for a job, and not the job itself: so it looks at `stop`, and the item
 * that it works on lives on. */
static int count_file(void *arg, void **result)
{
    struct item *item = arg;
    char block[64 * 1024];
    ssize_t length = 0;
    (void)result;
    int fd = open(item->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return -errno; /* libuv's code for it, which runner_strerror() knows */
    }
    while (!atomic_load(&item->stop) && (length = read(fd, block, sizeof block)) > 0) {
        count_block(item, block, length);
    }
    int code = length < 0 ? -errno : 0;
    close(fd);
    return code;
}

/* ---- tasks ------------------------------------------------------------------------------------ */

static void print_what_is_known(struct app *app)
{
    for (; app->printed < app->count; app->printed++) {
        const struct item *item = &app->items[app->printed];
        if (item->code == RUNNER_EPENDING) {
            break;
        }
        if (item->code == 0) {
            printf("%llu %llu %llu %s\n", item->lines, item->words, item->bytes, item->path);
        } else {
            fprintf(stderr, "fanout: %s: %s\n", item->path, runner_strerror(item->code));
            app->failed = 1;
        }
    }
}

static int count_in_thread(void *arg, void **result)
{
    return runner_to_thread(count_file, arg, NULL, result);
}

static int count_one(void *arg, void **result)
{
    struct item *item = arg;
    struct app *app = item->app;
    (void)result;
    int code = runner_with_timeout(app->limit_ms, count_in_thread, item, NULL);
    atomic_store(&item->stop, 1);
    runner_semaphore_release(app->free_places);
    if (code == RUNNER_ECANCELED) {
        return code; /* Ctrl-C: all of it ends */
    }
    item->code = code;
    print_what_is_known(app);
    return 0; /* a failure here would cancel the others */
}

/* Takes a place for each item before there is a task for it: however long the list is, there are
 * never more than N tasks. */
static int count_all(runner_group_t *group, void *arg)
{
    struct app *app = arg;
    int code = 0;
    for (size_t i = 0; code == 0 && i < app->count; i++) {
        code = runner_semaphore_acquire(app->free_places);
        if (code == 0) {
            code = runner_group_spawn(group, count_one, &app->items[i], NULL, NULL);
        }
    }
    return code;
}

static int fanout(void *arg, void **result)
{
    struct app *app = arg;
    (void)result;
    int code = runner_semaphore_new(&app->free_places, app->places);
    if (code == 0) {
        code = runner_with_group(count_all, app, NULL);
        runner_semaphore_unref(app->free_places);
    }
    return code;
}

/* ---- the program ------------------------------------------------------------------------------ */

/* Before the runner starts: to wait for a line would keep everything else waiting. */
static int read_list(struct app *app)
{
    char *line = NULL;
    size_t line_room = 0;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &line_room, stdin)) > 0) {
        if (app->count == room) {
            room = room ? 2 * room : 64;
            struct item *items = realloc(app->items, room * sizeof *items);
            if (items == NULL) {
                break;
            }
            app->items = items;
        }
        line[length - (line[length - 1] == '\n')] = '\0';
        app->items[app->count++] =
            (struct item){.app = app, .path = line, .after_space = 1, .code = RUNNER_EPENDING};
        line = NULL;
    }
    int code = feof(stdin) ? 0 : -errno;
    free(line);
    return code;
}

/* 0 for everything that is not a number from 1 to `most`. */
static unsigned long parse(const char *text, unsigned long most)
{
    char *end = NULL;
    unsigned long number = isdigit((unsigned char)*text) ? strtoul(text, &end, 10) : 0;
    return number > 0 && number <= most && *end == '\0' ? number : 0;
}

int main(int argc, char **argv)
{
    /* Not freed at the end: a job that was given up, stuck in the kernel, may still use it. */
    static struct app app = {.places = 8, .limit_ms = RUNNER_FOREVER};
    int option;
    while ((option = getopt(argc, argv, "j:t:")) != -1 && option != '?') {
        if (option == 'j') {
            app.places = parse(optarg, 256);
        } else {
            app.limit_ms = parse(optarg, 1000000);
        }
    }
    if (option == '?' || optind < argc || app.places == 0 || app.limit_ms == 0) {
        fprintf(stderr, "usage: fanout [-j N] [-t MS] < LIST\n");
        return 2;
    }

    int code = read_list(&app);
    if (code == 0) {
        runner_options_t options;
        runner_options_init(&options, sizeof options);
        options.executor_threads = (uint32_t)app.places;
        code = runner_main(fanout, &app, &options, NULL);
        runner_die_by_signal(code);
    }
    if (code == 0 && (fflush(stdout) != 0 || ferror(stdout))) {
        code = -errno;
    }
    if (code < 0) {
        fprintf(stderr, "fanout: %s\n", runner_strerror(code));
    }
    return code < 0 || app.failed;
}
