/*
 * The interpreter in C, with coroutines (conformance_c) or host tasks (conformance_host).
 *
 *     conformance_c FILE...      the traces of programs
 *     conformance_c --stream     one program a line on stdin
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "execute.h"

#define STATUS_USAGE 1
#define STATUS_MALFORMED 2

/* What is used again for every program. */
typedef struct session {
    arena_t arena;
    text_t output;
    text_t offence;
} session_t;

static void end_session(session_t *session)
{
    arena_free(&session->arena);
    text_free(&session->output);
    text_free(&session->offence);
}

/* Writes what was added, with a newline behind it. */
static void write_out(text_t *text, FILE *file)
{
    (void)fwrite(text->data, 1, text->length, file);
    (void)fflush(file);
    text_cut(text, 0);
}

/* Runs a program, whose trace goes to the output. False if it is malformed: the offence tells. */
static bool interpret(session_t *session, const char *json, size_t length, const char *file)
{
    program_t program;
    bool good = program_read(&program, &session->arena, json, length, file, &session->offence);
    if (good) {
        text_add(&session->output, "# %s\n", program.name);
        execute(&program, &session->output);
    }
    arena_reset(&session->arena);
    return good;
}

/* --- files --- */

static bool read_file(const char *path, text_t *content)
{
    char chunk[16384];
    size_t got;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    text_add_bytes(content, "", 0);
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0) {
        text_add_bytes(content, chunk, got);
    }
    bool good = ferror(file) == 0;
    (void)fclose(file);
    return good;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool interpret_file(session_t *session, const char *path)
{
    text_t content = {NULL, 0, 0};
    bool good = read_file(path, &content);
    if (good) {
        good = interpret(session, content.data, content.length, base_name(path));
    } else {
        program_offence(&session->offence, base_name(path), "cannot be read");
    }
    text_free(&content);
    return good;
}

static int run_files(session_t *session, char **paths)
{
    for (; *paths != NULL; paths++) {
        if (!interpret_file(session, *paths)) {
            text_add(&session->offence, "\n");
            write_out(&session->offence, stderr);
            return STATUS_MALFORMED;
        }
        write_out(&session->output, stdout);
    }
    return EXIT_SUCCESS;
}

/* --- the stream --- */

static int run_stream(session_t *session)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &room, stdin)) >= 0) {
        if (interpret(session, line, (size_t)length, "-")) {
            text_add(&session->output, "# end\n");
        } else {
            text_add(&session->output, "# malformed %s\n", session->offence.data);
            text_cut(&session->offence, 0);
        }
        write_out(&session->output, stdout);
    }
    free(line);
    return EXIT_SUCCESS;
}

int main(int count, char **args)
{
    session_t session = {{NULL, 0}, {NULL, 0, 0}, {NULL, 0, 0}};
    bool stream = count == 2 && strcmp(args[1], "--stream") == 0;
    if (count < 2 || (strncmp(args[1], "--", 2) == 0 && !stream)) {
        const char *name = base_name(args[0]);
        fprintf(stderr, "usage: %s FILE...\n       %s --stream\n", name, name);
        return STATUS_USAGE;
    }
    /* A run takes SIGINT only from its default, and a shell's background jobs begin with a SIGINT
     * that is ignored. */
    (void)signal(SIGINT, SIG_DFL);
    int status = stream ? run_stream(&session) : run_files(&session, args + 1);
    end_session(&session);
    return status;
}
