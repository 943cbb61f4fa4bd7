/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_LOSS_LINE_H
#define SP2_RECEIVE_LOSS_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "spead2core/statistics.h"

/*
 * What a stream has lost in each of its latest seconds: differences of its statistics, which are
 * taken when a second has passed, and when they are asked for. What happens between costs nothing.
 * Under the stream's lock.
 */

typedef struct sp2__loss_line {
    sp2_loss_second *seconds; /* by the clock's second; NULL: the stream has no such line */
    uint64_t first;           /* of the stream; a second of sp2__clock_ns */
    uint64_t last;            /* the one that what is counted next belongs to */
    sp2_loss_second before;   /* the statistics as they were taken last */
    bool has_ended;           /* no second follows any more */
} sp2__loss_line;

/* Begins with the second of now; false if there is no memory. */
bool sp2__loss_line_init(sp2__loss_line *line, uint64_t second);
void sp2__loss_line_destroy(sp2__loss_line *line);

/* Takes the statistics in this second. What they say more than before belongs to the latest second
 * in which they were taken. */
void sp2__loss_line_take(sp2__loss_line *line, uint64_t second, const sp2_receive_stats *stats);

/* Copies the latest `capacity` seconds, the oldest first, without their times; returns how many. */
uint32_t sp2__loss_line_read(const sp2__loss_line *line, sp2_loss_second *seconds,
                             uint32_t capacity);

#endif
