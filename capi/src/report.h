/*
 * The shutdown report: counts that are always right, and items while there is memory for them.
 */
#ifndef RUNNER__REPORT_H
#define RUNNER__REPORT_H

#include <stdbool.h>

#include "runner/report.h"

#define RUNNER__REPORT_KINDS 9

struct runner_report {
    runner_report_item_t *items; /* their texts are owned */
    size_t count;
    size_t room;
    size_t counts[RUNNER__REPORT_KINDS];
    uint32_t generations;
    bool made; /* there is something to ask for */
};

void runner__report_init(runner_report_t *report);
void runner__report_clear(runner_report_t *report);

/* Texts are copied; NULL is allowed. */
void runner__report_add(runner_report_t *report, int kind, int code, uint64_t id, const char *name,
                        const char *waits);

#endif
