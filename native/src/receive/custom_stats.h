/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_CUSTOM_STATS_H
#define SP2_RECEIVE_CUSTOM_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "spead2core/receive.h"

/* One user-supplied statistic. */
typedef struct sp2__custom_stat {
    char *name;
    uint32_t mode; /* an sp2_stat_mode */
} sp2__custom_stat;

/* The custom statistics of a stream; all zero if it has none. */
typedef struct sp2__custom_stats {
    uint32_t count;
    sp2__custom_stat *stats;
    uint64_t *batch;  /* under the stream's lock: what callbacks say of the slice under way */
    uint64_t *values; /* under the stats lock */
} sp2__custom_stats;

/* Checks and copies what the user asks for. Returns an sp2_status; on failure there is nothing to
 * be destroyed. */
int32_t sp2__custom_stats_init(sp2__custom_stats *custom, const sp2_receive_options *options);
void sp2__custom_stats_destroy(sp2__custom_stats *custom);

/* Adds to a counter, or raises a maximum. */
void sp2__custom_stats_update(sp2__custom_stats *custom, uint32_t index, uint64_t value);

/* Moves the values of a batch to those that users see. */
void sp2__custom_stats_merge(sp2__custom_stats *custom);

#endif
