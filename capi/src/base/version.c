#include "runner/version.h"

#define TEXT(x) #x
#define DOTTED(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *runner_version(void)
{
    return DOTTED(RUNNER_VERSION_MAJOR, RUNNER_VERSION_MINOR, RUNNER_VERSION_PATCH);
}
