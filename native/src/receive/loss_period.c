/* SPDX-License-Identifier: MIT */
/* Whether losses come at regular intervals. */
#include <stdbool.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/sized.h"
#include "spead2core/statistics.h"

/* Shortest period in seconds: losses of neighbouring seconds are one loss. */
#define SHORTEST 2

/* From this period on a loss may come a second early or late, as the period need not be a number of
 * seconds. */
#define SHORTEST_WITH_TOLERANCE 5

/* Losses, each of which another one must follow after the period. */
#define LEAST_FOLLOWED 4

/* How sure a period must be, in percent; and how sure at least, in quarters of the most sure one,
 * so that it is preferred to its multiples. */
#define LEAST_CONFIDENCE 60
#define QUARTERS_OF_BEST 3

/* Square of the standard deviations that there must be more followed losses than chance makes. */
#define LEAST_DEVIATION 16

/* When losses of one cause begin. */
typedef struct beginnings {
    uint32_t cause;
    uint32_t count; /* seconds */
    uint32_t losses;
    uint32_t at[SP2_RECEIVE_LOSS_SECONDS]; /* the second of each loss */
    bool is_one[SP2_RECEIVE_LOSS_SECONDS]; /* by second */
} beginnings;

static uint64_t lost(const sp2_loss_second *second, uint32_t cause) {
    const uint64_t counts[] = {
        [SP2_LOSS_KERNEL_DROPS] = second->kernel_drop_messages,
        [SP2_LOSS_PACKETS_MISSING] = second->packets_missing,
        [SP2_LOSS_HEAPS_MISSING] = second->heaps_missing,
        [SP2_LOSS_HEAPS_INCOMPLETE] = second->heaps_incomplete,
        [SP2_LOSS_PACKETS_UNUSED] = second->packets_unused,
    };
    return counts[cause];
}

static void find_beginnings(beginnings *b, const sp2_loss_second *seconds, uint32_t count,
                            uint32_t cause) {
    b->cause = cause;
    b->count = count;
    b->losses = 0;
    for (uint32_t i = 0; i < count; i++) {
        b->is_one[i] =
            lost(&seconds[i], cause) != 0 && (i == 0 || lost(&seconds[i - 1], cause) == 0);
        if (b->is_one[i]) {
            b->at[b->losses++] = i;
        }
    }
}

/* How long after a loss the one that follows after the period comes; 0: none does. */
static uint32_t next_loss(const beginnings *b, uint32_t at, uint32_t period, uint32_t tolerance) {
    if (b->is_one[at + period]) {
        return period;
    }
    if (tolerance != 0 && b->is_one[at + period - 1]) {
        return period - 1;
    }
    return tolerance != 0 && b->is_one[at + period + 1] ? period + 1 : 0;
}

/* What a period explains, in percent above chance; 0: nothing. */
static uint32_t try_period(const beginnings *b, uint32_t period, sp2_loss_period *result) {
    const uint32_t tolerance = period >= SHORTEST_WITH_TOLERANCE;
    const uint64_t hits = (uint64_t)b->losses * (2 * tolerance + 1); /* seconds that match one */
    uint64_t tried = 0;
    uint64_t followed = 0;
    uint64_t time = 0;
    if (hits >= b->count) {
        return 0;
    }
    while (tried < b->losses && b->at[tried] + period + tolerance < b->count) {
        const uint32_t after = next_loss(b, b->at[tried], period, tolerance);
        tried++;
        followed += after != 0;
        time += after;
    }
    if (followed < LEAST_FOLLOWED || followed * b->count <= tried * hits) {
        return 0;
    }
    const uint64_t above = followed * b->count - tried * hits;
    const uint64_t variance = tried * hits * (b->count - hits);
    if (above * above < LEAST_DEVIATION * variance) {
        return 0;
    }
    result->cause = b->cause;
    result->period_ms = (uint32_t)((time * 2000 + followed) / (2 * followed));
    result->confidence_percent = (uint32_t)(above * 100 / (tried * (b->count - hits)));
    result->losses = b->losses;
    return result->confidence_percent;
}

static sp2_loss_period find_of(const beginnings *b) {
    const uint32_t longest = b->count / LEAST_FOLLOWED;
    sp2_loss_period tried = {0};
    uint32_t best = 0;
    for (uint32_t period = SHORTEST; period <= longest; period++) {
        const uint32_t confidence = try_period(b, period, &tried);
        best = confidence > best ? confidence : best;
    }
    for (uint32_t period = SHORTEST; best >= LEAST_CONFIDENCE && period <= longest; period++) {
        const uint32_t confidence = try_period(b, period, &tried);
        if (confidence >= LEAST_CONFIDENCE && 4 * confidence >= QUARTERS_OF_BEST * best) {
            return tried;
        }
    }
    return (sp2_loss_period){0};
}

int32_t sp2_find_loss_period(const sp2_loss_second *seconds, uint32_t count,
                             sp2_loss_period *period) {
    if (period == NULL || (seconds == NULL && count != 0)) {
        return sp2__fail_null("sp2_find_loss_period", period == NULL ? "period" : "seconds");
    }
    if (count > SP2_RECEIVE_LOSS_SECONDS) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_find_loss_period: count is %u; at most %d are allowed",
                         (unsigned)count, SP2_RECEIVE_LOSS_SECONDS);
    }
    sp2_loss_period best = {0};
    beginnings of_cause;
    for (uint32_t cause = SP2_LOSS_KERNEL_DROPS; cause <= SP2_LOSS_LAST; cause++) {
        find_beginnings(&of_cause, seconds, count, cause);
        const sp2_loss_period found = find_of(&of_cause);
        if (found.confidence_percent > best.confidence_percent) {
            best = found;
        }
    }
    best.size = sizeof(best);
    const int32_t status =
        sp2__sized_write(period, &best, sizeof(best), sizeof(best), "sp2_loss_period");
    return status != SP2_OK || best.cause != 0 ? status : SP2_E_EMPTY;
}
