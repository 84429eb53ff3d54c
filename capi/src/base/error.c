#include "runner/error.h"

#include <uv.h>

/* uv_strerror() and uv_err_name() allocate for codes that they do not know: asked only for those
 * that they do. */
static const char *uv_text(int code)
{
    switch (code) {
#define TEXT(name, text)                                                                           \
    case UV_##name:                                                                                \
        return text;
        UV_ERRNO_MAP(TEXT)
#undef TEXT
    default:
        return NULL;
    }
}

static const char *uv_symbol(int code)
{
    switch (code) {
#define SYMBOL(name, text)                                                                         \
    case UV_##name:                                                                                \
        return "UV_" #name;
        UV_ERRNO_MAP(SYMBOL)
#undef SYMBOL
    default:
        return NULL;
    }
}

const char *runner_strerror(int code)
{
    const char *text;
    switch (code) {
#define TEXT(name, value, text)                                                                    \
    case value:                                                                                    \
        return text;
        RUNNER_ERROR_MAP(TEXT)
#undef TEXT
    case RUNNER_OK:
        return "success";
    default:
        text = uv_text(code);
        return text != NULL ? text : "unknown error";
    }
}

const char *runner_error_name(int code)
{
    const char *symbol;
    switch (code) {
#define SYMBOL(name, value, text)                                                                  \
    case value:                                                                                    \
        return "RUNNER_" #name;
        RUNNER_ERROR_MAP(SYMBOL)
#undef SYMBOL
    case RUNNER_OK:
        return "RUNNER_OK";
    default:
        symbol = uv_symbol(code);
        return symbol != NULL ? symbol : "RUNNER_UNKNOWN";
    }
}
