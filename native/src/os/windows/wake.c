/* SPDX-License-Identifier: MIT */
#include "runtime/wake.h"

#include <windows.h>

#include "base/clock.h"
#include "base/fence.h"

uint32_t sp2__wake_prepare(sp2__wake *wake) {
    atomic_fetch_add(&wake->waiters, 1);
    const uint32_t key = atomic_load(&wake->epoch);
    sp2__full_fence();
    return key;
}

void sp2__wake_cancel(sp2__wake *wake) {
    atomic_fetch_sub(&wake->waiters, 1);
}

/* Whole milliseconds, rounded up so that a wait is never cut short; the largest is "forever". */
static DWORD milliseconds(int64_t timeout_ns) {
    const uint64_t ms = ((uint64_t)timeout_ns + SP2__NS_PER_MS - 1) / SP2__NS_PER_MS;
    return timeout_ns < 0 ? INFINITE : ms >= INFINITE ? INFINITE - 1 : (DWORD)ms;
}

void sp2__wake_wait(sp2__wake *wake, uint32_t key, int64_t timeout_ns) {
    WaitOnAddress((volatile void *)&wake->epoch, &key, sizeof(key), milliseconds(timeout_ns));
    atomic_fetch_sub(&wake->waiters, 1);
}

void sp2__wake_all_slow(sp2__wake *wake) {
    atomic_fetch_add(&wake->epoch, 1);
    WakeByAddressAll((void *)&wake->epoch);
}
