/* For tests that compare a module with a naive model of it. */
#ifndef UNIT_MODEL_H
#define UNIT_MODEL_H

#include <check.h>
#include <stdint.h>

/* As ck_assert_msg(), for inner loops: costs nothing while it holds. Say which seed it was. */
#define model_assert(expr, format, ...)                                                            \
    do {                                                                                           \
        if (!(expr))                                                                               \
            ck_abort_msg("%s: " format, #expr, __VA_ARGS__);                                       \
    } while (0)

/* Numbers that look random and are the same for the same seed (splitmix64). */
typedef struct dice {
    uint64_t state;
} dice_t;

static inline uint64_t dice_next(dice_t *dice)
{
    uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 ... bound - 1 */
static inline uint32_t dice_below(dice_t *dice, uint32_t bound)
{
    return (uint32_t)((dice_next(dice) >> 32) * bound >> 32);
}

#endif
