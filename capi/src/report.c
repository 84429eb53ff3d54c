#include "report.h"

#include <string.h>

#include "base/alloc.h"
#include "base/options.h"
#include "handle.h"
#include "runner/error.h"

#define FIRST_ROOM 8

void runner__report_init(runner_report_t *report)
{
    memset(report, 0, sizeof *report);
}

void runner__report_clear(runner_report_t *report)
{
    for (size_t i = 0; i < report->count; i++) {
        runner__free((void *)(uintptr_t)report->items[i].name);
        runner__free((void *)(uintptr_t)report->items[i].waits);
    }
    runner__free(report->items);
    runner__report_init(report);
}

static bool has_room(runner_report_t *report)
{
    if (report->count < report->room) {
        return true;
    }
    size_t room = report->room == 0 ? FIRST_ROOM : report->room * 2;
    runner_report_item_t *items = runner__realloc(report->items, room * sizeof *items);
    if (items == NULL) {
        return false;
    }
    report->items = items;
    report->room = room;
    return true;
}

void runner__report_add(runner_report_t *report, int kind, int code, uint64_t id, const char *name,
                        const char *waits)
{
    report->made = true;
    report->counts[kind]++;
    if (!has_room(report)) {
        return;
    }
    runner_report_item_t *item = &report->items[report->count++];
    memset(item, 0, sizeof *item);
    item->size = sizeof *item;
    item->kind = kind;
    item->code = code;
    item->id = id;
    item->name = name != NULL ? runner__strdup(name) : NULL;
    item->waits = waits != NULL ? runner__strdup(waits) : NULL;
}

int runner_get_report(const runner_t *self, const runner_report_t **out)
{
    int code = out != NULL ? runner__home_check(self) : RUNNER_EINVAL;
    if (code != 0) {
        return code;
    }
    if (!self->report.made) {
        return RUNNER_EPENDING;
    }
    *out = &self->report;
    return 0;
}

size_t runner_report_count(const runner_report_t *report, int kind)
{
    if (report == NULL || kind < 0 || kind >= RUNNER__REPORT_KINDS) {
        return 0;
    }
    return kind == 0 ? report->count : report->counts[kind];
}

int runner_report_get(const runner_report_t *report, size_t index, runner_report_item_t *item)
{
    if (report == NULL || item == NULL || index >= report->count) {
        return RUNNER_EINVAL;
    }
    return runner__options_write(item, &report->items[index], sizeof *item);
}

uint32_t runner_report_generations(const runner_report_t *report)
{
    return report != NULL ? report->generations : 0;
}
