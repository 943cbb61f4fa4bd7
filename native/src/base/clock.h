/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_CLOCK_H
#define SP2_BASE_CLOCK_H

#include <stdint.h>

#define SP2__NS_PER_SECOND 1000000000u
#define SP2__NS_PER_MS 1000000u

/* Nanoseconds of a clock that never goes back. */
uint64_t sp2__clock_ns(void);

/* Nanoseconds since 1970-01-01 00:00 UTC, as the clock of the machine is set. */
int64_t sp2__wall_clock_ns(void);

#endif
