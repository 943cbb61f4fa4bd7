/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_STATISTICS_H
#define SP2_RECEIVE_STATISTICS_H

#include <stdint.h>

#include "spead2core/statistics.h"

/* How many statistics every stream has. */
enum {
#define SP2__COUNT_STAT(name) SP2__STAT_##name,
    SP2_RECEIVE_STATS_MAP(SP2__COUNT_STAT)
#undef SP2__COUNT_STAT
        SP2__CORE_STATS
};

/* The name of one of them. */
const char *sp2__core_stat_name(uint32_t index);

#endif
