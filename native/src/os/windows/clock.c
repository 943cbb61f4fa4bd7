/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <windows.h>

/* A file time counts 100 ns since 1601-01-01. */
#define TICK_NS 100
#define TICKS_TO_1970 INT64_C(116444736000000000)

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

int64_t sp2__wall_clock_ns(void) {
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    const int64_t ticks = (int64_t)now.dwHighDateTime << 32 | now.dwLowDateTime;
    return (ticks - TICKS_TO_1970) * TICK_NS;
}
