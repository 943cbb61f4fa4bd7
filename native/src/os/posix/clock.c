/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

uint64_t sp2__clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SP2__NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

int64_t sp2__wall_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * SP2__NS_PER_SECOND + now.tv_nsec;
}
