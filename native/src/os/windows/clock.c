/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <windows.h>

uint64_t sp2__clock_ns(void) {
    LARGE_INTEGER ticks;
    LARGE_INTEGER per_second;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&per_second);
    /* In two parts, since the product would overflow after some hours. */
    const uint64_t rate = (uint64_t)per_second.QuadPart;
    const uint64_t count = (uint64_t)ticks.QuadPart;
    return count / rate * SP2__NS_PER_SECOND + count % rate * SP2__NS_PER_SECOND / rate;
}
