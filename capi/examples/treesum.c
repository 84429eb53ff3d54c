/* treesum DIR [N]: the SHA-256 sum of every regular file below DIR, as sha256sum prints it, sorted
 * by path. At most N files are open at the same time.
 *
 * Reading directories and files blocks, so each is a job for the runner's threads. A crew of N
 * worker tasks takes one piece of work after the other: there are never more than N jobs, however
 * large the tree is, and what grows with it is only the list of paths.
 *
 * A running job is not interrupted by a cancel, and the runner waits for it when it closes. So the
 * jobs look at `stop` between blocks, and whatever they touch lives until the runner is gone. */
#define _DEFAULT_SOURCE /* DT_DIR, DT_REG */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <runner.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGEST_BYTES = 32, BLOCK_BYTES = 64 * 1024, MOST_JOBS = 256, PROGRESS_MS = 100 };

static atomic_int stop;

struct paths {
    char **at;
    size_t count;
    size_t room;
};

/* What a job found in a directory. */
struct listing {
    struct paths files;
    struct paths directories;
    int error; /* errno that ended it early, or 0 */
};

/* The work of a job on a file. */
struct sum {
    const char *path; /* one of the files of struct app */
    unsigned char digest[DIGEST_BYTES];
    int error; /* errno, or 0 */
};

struct app {
    size_t most_jobs;
    int terminal; /* whether stderr is one: show how far it got */
    int failed;   /* something could not be read or written */

    struct paths level; /* directories of the level of the tree that is being read */
    struct paths below; /* directories found in them */
    struct paths files;
    struct sum *sums; /* one for each of the files, in the same order */
    size_t done;      /* files that were read, or could not be */

    int (*work)(struct app *app, size_t index); /* what the crew does */
    size_t next;                                /* next piece of work */
    size_t pieces;
};

/* ---- paths ---------------------------------------------------------------------------------- */

/* Takes the path, also on failure. NULL is memory that was not to be had. */
static int paths_add(struct paths *paths, char *path)
{
    if (path == NULL) {
        return RUNNER_ENOMEM;
    }
    if (paths->count == paths->room) {
        size_t room = paths->room ? 2 * paths->room : 64;
        char **at = realloc(paths->at, room * sizeof *at);
        if (at == NULL) {
            free(path);
            return RUNNER_ENOMEM;
        }
        paths->at = at;
        paths->room = room;
    }
    paths->at[paths->count++] = path;
    return 0;
}

static int paths_add_joined(struct paths *paths, const char *directory, const char *name)
{
    size_t length = strlen(directory);
    const char *slash = length > 0 && directory[length - 1] == '/' ? "" : "/";
    size_t bytes = length + 1 + strlen(name) + 1;
    char *path = malloc(bytes);
    if (path != NULL) {
        snprintf(path, bytes, "%s%s%s", directory, slash, name);
    }
    return paths_add(paths, path);
}

static int paths_move(struct paths *to, struct paths *from)
{
    int code = 0;
    while (code == 0 && from->count > 0) {
        code = paths_add(to, from->at[--from->count]);
    }
    return code;
}

static void paths_clear(struct paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        free(paths->at[i]);
    }
    free(paths->at);
    *paths = (struct paths){0};
}

static void listing_free(void *arg)
{
    struct listing *listing = arg;
    paths_clear(&listing->files);
    paths_clear(&listing->directories);
    free(listing);
}

/* ---- jobs, on threads of the executor --------------------------------------------------------- */

static int entry_type(DIR *directory, const struct dirent *entry)
{
    struct stat status;
    if (entry->d_type != DT_UNKNOWN) {
        return entry->d_type;
    }
    if (fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return DT_UNKNOWN;
    }
    return S_ISREG(status.st_mode) ? DT_REG : S_ISDIR(status.st_mode) ? DT_DIR : DT_UNKNOWN;
}

/* Symbolic links, devices and the like are left out. */
static int list_entries(DIR *directory, const char *path, struct listing *listing)
{
    int code = 0;
    while (code == 0) {
        if (atomic_load(&stop)) {
            return RUNNER_ECANCELED;
        }
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL) {
            listing->error = errno;
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        int type = entry_type(directory, entry);
        if (type == DT_REG) {
            code = paths_add_joined(&listing->files, path, entry->d_name);
        } else if (type == DT_DIR) {
            code = paths_add_joined(&listing->directories, path, entry->d_name);
        }
    }
    return code;
}

static int list_directory(void *arg, void **result)
{
    const char *path = arg;
    struct listing *listing = calloc(1, sizeof *listing);
    if (listing == NULL) {
        return RUNNER_ENOMEM;
    }
    int code = 0;
    DIR *directory = opendir(path);
    if (directory == NULL) {
        listing->error = errno;
    } else {
        code = list_entries(directory, path, listing);
        closedir(directory);
    }
    if (code < 0) {
        listing_free(listing);
        return code;
    }
    *result = listing;
    return 0;
}

/* A merge sort and not qsort(): Ctrl-C has to end it, too, when there are a million paths. */
static int sort_paths(void *arg, void **result)
{
    struct paths *paths = arg;
    size_t count = paths->count;
    (void)result;
    if (count < 2) {
        return 0;
    }
    char **to = malloc(count * sizeof *to);
    if (to == NULL) {
        return RUNNER_ENOMEM;
    }
    memcpy(to, paths->at, count * sizeof *to);
    for (size_t width = 1; width < count; width *= 2) {
        char **from = paths->at;
        for (size_t left = 0; left < count && !atomic_load(&stop); left += 2 * width) {
            size_t middle = left + width < count ? left + width : count;
            size_t right = middle + width < count ? middle + width : count;
            size_t a = left;
            size_t b = middle;
            for (size_t i = left; i < right; i++) {
                int first = a < middle && (b == right || strcmp(from[a], from[b]) <= 0);
                to[i] = first ? from[a++] : from[b++];
            }
        }
        if (atomic_load(&stop)) {
            break;
        }
        paths->at = to;
        to = from;
    }
    paths->room = count;
    free(to);
    return atomic_load(&stop) ? RUNNER_ECANCELED : 0;
}

/* Returns 0 or an errno. */
static int digest_file(int fd, EVP_MD_CTX *digest, unsigned char *out)
{
    unsigned char block[BLOCK_BYTES];
    ssize_t length;
    int fine = EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
    while (fine && (length = read(fd, block, sizeof block)) != 0) {
        if (length < 0) {
            return errno;
        }
        if (atomic_load(&stop)) {
            return ECANCELED;
        }
        fine = EVP_DigestUpdate(digest, block, (size_t)length);
    }
    return fine && EVP_DigestFinal_ex(digest, out, NULL) ? 0 : ENOTSUP;
}

static int sum_file(void *arg, void **result)
{
    struct sum *sum = arg;
    (void)result;
    int fd = open(sum->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        sum->error = errno;
        return 0;
    }
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    sum->error = digest ? digest_file(fd, digest, sum->digest) : ENOMEM;
    EVP_MD_CTX_free(digest);
    close(fd);
    /* A file that cannot be read does not end the work. */
    return atomic_load(&stop) ? RUNNER_ECANCELED : 0;
}

/* ---- tasks ------------------------------------------------------------------------------------ */

static void clear_progress(const struct app *app)
{
    if (app->terminal) {
        fputs("\r\033[K", stderr);
    }
}

static void complain(struct app *app, const char *path, int error)
{
    clear_progress(app);
    fprintf(stderr, "treesum: %s: %s\n", path, strerror(error));
    app->failed = 1;
}

static int progress(void *arg, void **result)
{
    const struct app *app = arg;
    int code = 0;
    (void)result;
    while (code == 0) {
        fprintf(stderr, "\r\033[K%zu of %zu files", app->done, app->files.count);
        code = runner_sleep(PROGRESS_MS);
    }
    clear_progress(app);
    return code;
}

static int worker(void *arg, void **result)
{
    struct app *app = arg;
    int code = 0;
    (void)result;
    while (code == 0 && app->next < app->pieces) {
        code = app->work(app, app->next++);
    }
    if (code < 0) {
        app->next = app->pieces; /* no further work for the others either */
    }
    return code;
}

/* Has `work` done for every index below `pieces`, at most N at a time, and waits for the end. The
 * first failure, or a cancel of the calling task, ends all of it. */
static int run_crew(struct app *app, size_t pieces, int (*work)(struct app *app, size_t index))
{
    runner_task_t *crew[MOST_JOBS];
    size_t hired = 0;
    int code = 0;
    app->work = work;
    app->next = 0;
    app->pieces = pieces;
    while (code == 0 && hired < app->most_jobs && hired < pieces) {
        code = runner_spawn(worker, app, NULL, &crew[hired]);
        hired += code == 0;
    }
    for (size_t i = 0; i < hired; i++) {
        if (code < 0) {
            runner_task_cancel(crew[i]);
        }
        int ended = runner_await(crew[i], NULL);
        code = code == 0 ? ended : code;
        runner_task_unref(crew[i]);
    }
    return code;
}

static int read_one_directory(struct app *app, size_t index)
{
    char *path = app->level.at[index];
    runner_job_options_t options;
    runner_job_options_init(&options, sizeof options);
    options.result_drop = listing_free; /* for a cancel while the job runs */

    void *result;
    int code = runner_to_thread(list_directory, path, &options, &result);
    if (code < 0) {
        return code;
    }
    struct listing *listing = result;
    if (listing->error) {
        complain(app, path, listing->error);
    }
    code = paths_move(&app->files, &listing->files);
    if (code == 0) {
        code = paths_move(&app->below, &listing->directories);
    }
    listing_free(listing);
    return code;
}

/* Level by level, so that the directories of a level can be read side by side. */
static int read_tree(struct app *app)
{
    int code = 0;
    while (code == 0 && app->level.count > 0) {
        code = run_crew(app, app->level.count, read_one_directory);
        if (code == 0) {
            paths_clear(&app->level);
            app->level = app->below;
            app->below = (struct paths){0};
        }
    }
    return code;
}

static int sum_one_file(struct app *app, size_t index)
{
    struct sum *sum = &app->sums[index];
    int code = runner_to_thread(sum_file, sum, NULL, NULL);
    app->done += code == 0;
    if (code == 0 && sum->error) {
        complain(app, sum->path, sum->error);
    }
    return code;
}

static int sum_files(struct app *app)
{
    size_t count = app->files.count;
    if (count == 0) {
        return 0;
    }
    int code = runner_to_thread(sort_paths, &app->files, NULL, NULL);
    if (code < 0) {
        return code;
    }
    app->sums = calloc(count, sizeof *app->sums);
    if (app->sums == NULL) {
        return RUNNER_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        app->sums[i].path = app->files.at[i];
    }
    return run_crew(app, count, sum_one_file);
}

/* As sha256sum does it: a line with an escaped name starts with a backslash. */
static void print_sum(const struct sum *sum)
{
    static const char special[] = "\\\n\r";
    static const char letters[] = "\\nr";
    if (strpbrk(sum->path, special) != NULL) {
        putchar('\\');
    }
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        putchar("0123456789abcdef"[sum->digest[i] >> 4]);
        putchar("0123456789abcdef"[sum->digest[i] & 15]);
    }
    fputs("  ", stdout);
    for (const char *c = sum->path; *c != '\0'; c++) {
        const char *found = strchr(special, *c);
        if (found != NULL) {
            putchar('\\');
        }
        putchar(found ? letters[found - special] : *c);
    }
    putchar('\n');
}

/* Does not wait, so that Ctrl-C comes before it or after it: there is no half a result. */
static void print_sums(struct app *app)
{
    for (size_t i = 0; i < app->files.count; i++) {
        if (app->sums[i].error == 0) {
            print_sum(&app->sums[i]);
        }
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        complain(app, "standard output", errno);
    }
}

static int treesum(void *arg, void **result)
{
    struct app *app = arg;
    runner_task_t *meter = NULL;
    int code = 0;
    (void)result;
    if (app->terminal) {
        code = runner_spawn(progress, app, NULL, &meter);
    }
    if (code == 0) {
        code = read_tree(app);
    }
    if (code == 0) {
        code = sum_files(app);
    }
    if (code < 0) {
        atomic_store(&stop, 1); /* no task is left; jobs may still run */
    }
    if (meter != NULL) {
        runner_task_cancel(meter);
        runner_await(meter, NULL); /* says RUNNER_ECANCELED; was this task meant, too? */
        runner_task_unref(meter);
        if (code == 0 && runner_task_cancelling(runner_current_task()) > 0) {
            code = RUNNER_ECANCELED;
        }
    }
    if (code == 0) {
        print_sums(app);
    }
    return code;
}

/* ---- the program ------------------------------------------------------------------------------ */

static int usage(FILE *file)
{
    fprintf(file,
            "usage: treesum DIR [N]\n"
            "Print the SHA-256 sum of every regular file below DIR, sorted by path.\n"
            "N: how many files to read at the same time, 1 to %d; default: 2 for each processor.\n",
            MOST_JOBS);
    return file == stdout ? 0 : 2;
}

/* 0 for everything that is not a number from 1 to MOST_JOBS. */
static size_t parse_jobs(const char *text)
{
    char *end;
    if (*text < '0' || *text > '9') {
        return 0; /* strtoul() would take blanks and signs */
    }
    unsigned long jobs = strtoul(text, &end, 10);
    return *end == '\0' && jobs <= MOST_JOBS ? jobs : 0;
}

static size_t default_jobs(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 1) {
        processors = 1;
    }
    return processors < MOST_JOBS / 2 ? (size_t)(2 * processors) : MOST_JOBS;
}

/* Puts DIR where the work starts. */
static int start_at(struct app *app, const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0) {
        fprintf(stderr, "treesum: %s: %s\n", path, strerror(errno));
        return RUNNER_EUSER;
    }
    if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) {
        fprintf(stderr, "treesum: %s: %s\n", path,
                S_ISLNK(status.st_mode) ? "Symbolic link; to follow it, append a /"
                                        : "Not a directory");
        return RUNNER_EUSER;
    }
    int code = paths_add(S_ISDIR(status.st_mode) ? &app->level : &app->files, strdup(path));
    if (code < 0) {
        fprintf(stderr, "treesum: %s\n", runner_strerror(code));
    }
    return code;
}

int main(int argc, char **argv)
{
    struct app app = {.most_jobs = default_jobs(), .terminal = isatty(STDERR_FILENO)};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        return usage(stdout);
    }
    if (argc < 2 || argc > 3 || argv[1][0] == '-') {
        return usage(stderr);
    }
    if (argc == 3 && (app.most_jobs = parse_jobs(argv[2])) == 0) {
        return usage(stderr);
    }
    if (start_at(&app, argv[1]) < 0) {
        return 1;
    }

    runner_options_t options;
    runner_options_init(&options, sizeof options);
    options.executor_threads = (uint32_t)app.most_jobs;
    int code = runner_main(treesum, &app, &options, NULL);

    if (runner_signal_of(code) != 0) {
        fprintf(stderr, "treesum: interrupted after %zu of %zu files\n", app.done, app.files.count);
        runner_die_by_signal(code);
    }
    if (code < 0) {
        /* Jobs may have been abandoned, so their memory is left to the end of the process. */
        fprintf(stderr, "treesum: %s\n", runner_strerror(code));
        return 1;
    }
    paths_clear(&app.level);
    paths_clear(&app.below);
    paths_clear(&app.files);
    free(app.sums);
    return app.failed;
}
