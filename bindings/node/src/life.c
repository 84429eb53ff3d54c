#include "driver.h"

#include <stdlib.h>

/*
 * A Worker can be ended at any moment, and its loop must not have an open handle then: Node would abort
 * the process. So before the end of the environment every runner is freed, which closes its handles, and
 * the environment goes on ending when they are closed.
 */

void librunner_life_add(life_t *life, driver_t *driver)
{
    driver->life = life;
    driver->next = life->drivers;
    driver->at = &life->drivers;
    if (driver->next != NULL) {
        driver->next->at = &driver->next;
    }
    life->drivers = driver;
}

void librunner_life_remove(driver_t *driver)
{
    if (driver->at == NULL) {
        return;
    }
    *driver->at = driver->next;
    if (driver->next != NULL) {
        driver->next->at = driver->at;
    }
    driver->at = NULL;
}

/* Handles that are closed together are told of in any order. What is closed from there is told of a round
 * later, when all others were. */
static void on_sentinel_closed(uv_handle_t *handle)
{
    life_t *life = handle->data;
    uv_loop_t *loop = handle->loop;
    if (life->rounds++ == 0 && uv_async_init(loop, &life->sentinel, NULL) == 0) {
        uv_close((uv_handle_t *)&life->sentinel, on_sentinel_closed);
        return;
    }
    (void)napi_remove_async_cleanup_hook(life->hook);
    free(life);
}

static void on_end(napi_async_cleanup_hook_handle hook, void *arg)
{
    life_t *life = arg;
    uv_loop_t *loop = NULL;
    life->hook = hook;
    while (life->drivers != NULL) {
        driver_t *driver = life->drivers;
        librunner_driver_free(driver);
        librunner_life_remove(driver);
    }
    life->sentinel.data = life;
    if (napi_get_uv_event_loop(life->env, &loop) != napi_ok ||
        uv_async_init(loop, &life->sentinel, NULL) != 0) {
        (void)napi_remove_async_cleanup_hook(hook);
        free(life);
        return;
    }
    uv_close((uv_handle_t *)&life->sentinel, on_sentinel_closed);
}

life_t *librunner_life_new(napi_env env)
{
    life_t *life = calloc(1, sizeof *life);
    if (life == NULL) {
        return NULL;
    }
    life->env = env;
    if (napi_add_async_cleanup_hook(env, on_end, life, NULL) != napi_ok) {
        free(life);
        return NULL;
    }
    return life;
}
