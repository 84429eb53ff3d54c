#include "driver.h"

#include <stdlib.h>
#include <string.h>

/* Names of JavaScript are in lib/driver.js. */
#define COMMANDS 256
#define EVENTS 256

#define IDS 128

/* state: how many commands of the last call were refused; how long nothing is due, in nanoseconds. */
enum { STATE_REFUSED, STATE_WAIT, STATES };

static runner_t *runner_of(const driver_t *driver)
{
    return driver->box != NULL ? librunner_core_runner(driver->box) : NULL;
}

void librunner_driver_free(driver_t *driver)
{
    void *box = driver->box;
    driver->box = NULL;
    librunner_interrupt_stop(driver);
    librunner_blocking_stop(driver);
    if (box != NULL) {
        librunner_core_free(box);
    }
}

/* --- the wake-up --- */

/* Nobody else is there to be given what is thrown: it is as if a callback of Node had thrown it. */
static void report_exception(napi_env env)
{
    napi_value error;
    bool pending = false;
    if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
        napi_get_and_clear_last_exception(env, &error) == napi_ok) {
        (void)napi_fatal_exception(env, error);
    }
}

/* With napi_make_callback, microtasks and ticks run before it returns. */
static void on_wake(runner_t *runner, void *arg)
{
    driver_t *driver = arg;
    napi_env env = driver->life->env;
    napi_handle_scope scope;
    napi_value wake;
    napi_value receiver;
    (void)runner;
    if (napi_open_handle_scope(env, &scope) != napi_ok) {
        return;
    }
    if (napi_get_reference_value(env, driver->wake, &wake) == napi_ok && wake != NULL &&
        napi_get_global(env, &receiver) == napi_ok &&
        napi_make_callback(env, NULL, receiver, wake, 0, NULL, NULL) != napi_ok) {
        report_exception(env);
    }
    (void)napi_close_handle_scope(env, scope);
}

/* --- what JavaScript calls --- */

static napi_value number(napi_env env, int value)
{
    napi_value result = NULL;
    (void)napi_create_int32(env, value, &result);
    return result;
}

/* The driver, and the number that is the only parameter. */
static driver_t *called(napi_env env, napi_callback_info info, uint32_t *value)
{
    size_t count = 1;
    napi_value parameter;
    void *data = NULL;
    *value = 0;
    (void)napi_get_cb_info(env, info, &count, &parameter, NULL, &data);
    (void)napi_get_value_uint32(env, parameter, value);
    if (*value > COMMANDS) {
        *value = COMMANDS;
    }
    return data;
}

/* Of commands that were done: how many were refused. Which, is looked for if there are any. */
static void count_refused(driver_t *driver, uint32_t count)
{
    uint32_t refused = 0;
    for (uint32_t i = 0; i < count; i++) {
        int32_t status = driver->commands[i].status;
        refused += status < 0 && status != RUNNER_EPARKED;
    }
    driver->state[STATE_REFUSED] = refused;
}

/* give(n): does n commands. 0 or a code. */
static napi_value give(napi_env env, napi_callback_info info)
{
    uint32_t count;
    driver_t *driver = called(env, info, &count);
    int code = runner_commands(runner_of(driver), driver->commands, count);
    if (code == 0) {
        count_refused(driver, count);
    }
    return number(env, code);
}

/* take(n): does n commands, then takes a turn of a guest. How many events there are, or a code. */
static napi_value take(napi_env env, napi_callback_info info)
{
    uint32_t count;
    size_t n_events = 0;
    driver_t *driver = called(env, info, &count);
    int code =
        runner_take(runner_of(driver), driver->commands, count, driver->events, EVENTS, &n_events);
    if (code == 0) {
        count_refused(driver, count);
    }
    return number(env, code == 0 ? (int)n_events : code);
}

/* step(n): the same of a runner that has a loop of its own; state says how long it may be left. */
static napi_value step(napi_env env, napi_callback_info info)
{
    uint32_t count;
    size_t n_events = 0;
    int64_t wait_ns = 0;
    driver_t *driver = called(env, info, &count);
    int code = runner_step(runner_of(driver), driver->commands, count, driver->events, EVENTS,
                           &n_events, &wait_ns);
    if (code == 0) {
        count_refused(driver, count);
        driver->state[STATE_WAIT] = (double)wait_ns;
    }
    return number(env, code == 0 ? (int)n_events : code);
}

/* reserve(): ids for objects that commands will make, in `ids`. How many, or a code. */
static napi_value reserve(napi_env env, napi_callback_info info)
{
    uint32_t unused;
    driver_t *driver = called(env, info, &unused);
    int code = runner_reserve(runner_of(driver), driver->ids, IDS);
    return number(env, code == 0 ? IDS : code);
}

/* hold(n): 1 keeps the function that is woken, 0 lets it be collected with its runner. */
static napi_value hold(napi_env env, napi_callback_info info)
{
    uint32_t on;
    driver_t *driver = called(env, info, &on);
    if (driver->wake != NULL) {
        (void)(on ? napi_reference_ref(env, driver->wake, NULL)
                  : napi_reference_unref(env, driver->wake, NULL));
    }
    return NULL;
}

/* interrupt(n): 1 borrows SIGINT, 0 gives it back. 0 or a code. */
static napi_value interrupt(napi_env env, napi_callback_info info)
{
    uint32_t on;
    uv_loop_t *loop = NULL;
    driver_t *driver = called(env, info, &on);
    if (!on) {
        librunner_interrupt_stop(driver);
        librunner_blocking_stop(driver);
        return number(env, 0);
    }
    if (napi_get_uv_event_loop(env, &loop) != napi_ok || runner_of(driver) == NULL) {
        return number(env, RUNNER_ECLOSED);
    }
    return number(env, driver->wake == NULL ? librunner_blocking_start(driver)
                                            : librunner_interrupt_start(driver, loop));
}

/* free(): lets go of a runner, closed or not. */
static napi_value free_runner(napi_env env, napi_callback_info info)
{
    uint32_t unused;
    (void)env;
    librunner_driver_free(called(env, info, &unused));
    return NULL;
}

/* --- making one --- */

static void delete_reference(napi_env env, napi_ref reference)
{
    if (reference != NULL) {
        (void)napi_delete_reference(env, reference);
    }
}

/* The object was collected, and with it all functions. */
static void collect(napi_env env, void *data, void *hint)
{
    driver_t *driver = data;
    (void)hint;
    librunner_driver_free(driver);
    librunner_life_remove(driver);
    delete_reference(env, driver->core);
    delete_reference(env, driver->wake);
    for (size_t i = 0; i < sizeof driver->buffers / sizeof *driver->buffers; i++) {
        delete_reference(env, driver->buffers[i]);
    }
    free(driver);
}

/* Memory of JavaScript: not every engine lets C bring its own. It stays where it is. */
static void *share(napi_env env, napi_value object, const char *name, size_t bytes, napi_ref *keep)
{
    napi_value buffer;
    void *memory = NULL;
    if (napi_create_arraybuffer(env, bytes, &memory, &buffer) != napi_ok ||
        napi_create_reference(env, buffer, 1, keep) != napi_ok ||
        napi_set_named_property(env, object, name, buffer) != napi_ok) {
        return NULL;
    }
    memset(memory, 0, bytes);
    return memory;
}

static bool share_all(napi_env env, napi_value object, driver_t *driver)
{
    driver->commands =
        share(env, object, "commands", COMMANDS * sizeof *driver->commands, &driver->buffers[0]);
    driver->events =
        share(env, object, "events", EVENTS * sizeof *driver->events, &driver->buffers[1]);
    driver->state =
        share(env, object, "state", STATES * sizeof *driver->state, &driver->buffers[2]);
    driver->ids = share(env, object, "ids", IDS * sizeof *driver->ids, &driver->buffers[3]);
    return driver->commands != NULL && driver->events != NULL && driver->state != NULL &&
           driver->ids != NULL;
}

static bool add_functions(napi_env env, napi_value object, driver_t *driver)
{
    const napi_property_descriptor functions[] = {
        {"give", NULL, give, NULL, NULL, NULL, napi_enumerable, driver},
        {"take", NULL, take, NULL, NULL, NULL, napi_enumerable, driver},
        {"step", NULL, step, NULL, NULL, NULL, napi_enumerable, driver},
        {"reserve", NULL, reserve, NULL, NULL, NULL, napi_enumerable, driver},
        {"hold", NULL, hold, NULL, NULL, NULL, napi_enumerable, driver},
        {"interrupt", NULL, interrupt, NULL, NULL, NULL, napi_enumerable, driver},
        {"free", NULL, free_runner, NULL, NULL, NULL, napi_enumerable, driver},
    };
    return napi_define_properties(env, object, sizeof functions / sizeof *functions, functions) ==
           napi_ok;
}

static int attach(napi_env env, driver_t *driver, napi_value wake)
{
    uv_loop_t *loop = NULL;
    if (napi_create_reference(env, wake, 0, &driver->wake) != napi_ok ||
        napi_get_uv_event_loop(env, &loop) != napi_ok) {
        return RUNNER_ENOMEM;
    }
    return runner_attach(runner_of(driver), loop, on_wake, driver);
}

/* driver_new(core, wake): an object with `commands`, `events`, `state`, `ids` and the functions above, or a
 * code. wake: called when take() is wanted; null for a runner with a loop of its own. */
static napi_value driver_new(napi_env env, napi_callback_info info)
{
    size_t count = 2;
    napi_value parameters[2];
    napi_value object;
    napi_valuetype type = napi_undefined;
    void *data = NULL;
    (void)napi_get_cb_info(env, info, &count, parameters, NULL, &data);
    void *box = librunner_core_box(env, parameters[0]);
    if (box == NULL) {
        return NULL; /* it has thrown */
    }
    driver_t *driver = calloc(1, sizeof *driver);
    if (driver == NULL || napi_create_object(env, &object) != napi_ok ||
        napi_wrap(env, object, driver, collect, NULL, NULL) != napi_ok) {
        free(driver);
        return number(env, RUNNER_ENOMEM);
    }
    driver->box = box;
    librunner_life_add(data, driver);
    if (napi_create_reference(env, parameters[0], 1, &driver->core) != napi_ok ||
        !share_all(env, object, driver) || !add_functions(env, object, driver)) {
        return number(env, RUNNER_ENOMEM);
    }
    (void)napi_typeof(env, parameters[1], &type);
    int code = type == napi_function ? attach(env, driver, parameters[1]) : 0;
    return code == 0 ? object : number(env, code);
}

bool librunner_driver_init(napi_env env, napi_value exports)
{
    napi_value function;
    life_t *life = librunner_life_new(env);
    return life != NULL &&
           napi_create_function(env, "driver_new", NAPI_AUTO_LENGTH, driver_new, life, &function) ==
               napi_ok &&
           napi_set_named_property(env, exports, "driver_new", function) == napi_ok;
}
