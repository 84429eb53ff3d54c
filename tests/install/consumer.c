/* A program outside the tree, C and C++ alike: runs one task and uses its result. */
#include <runner.h>

#include <stdio.h>

static int answer(void *arg, void **result)
{
    int code = runner_sleep(1);
    *result = arg;
    return code;
}

int main(void)
{
    int value = 42;
    void *result = NULL;
    int code = runner_main(answer, &value, NULL, &result);
    if (code != 0 || result != &value) {
        fprintf(stderr, "runner_main: %s\n", runner_strerror(code));
        return 1;
    }
    return 0;
}
