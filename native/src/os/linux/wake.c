/* SPDX-License-Identifier: MIT */
#include "runtime/wake.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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

void sp2__wake_wait(sp2__wake *wake, uint32_t key, int64_t timeout_ns) {
    struct timespec timeout;
    if (timeout_ns >= 0) {
        timeout.tv_sec = (time_t)(timeout_ns / SP2__NS_PER_SECOND);
        timeout.tv_nsec = (long)(timeout_ns % SP2__NS_PER_SECOND);
    }
    syscall(SYS_futex, (uint32_t *)&wake->epoch, FUTEX_WAIT_PRIVATE, key,
            timeout_ns >= 0 ? &timeout : NULL, NULL, 0);
    atomic_fetch_sub(&wake->waiters, 1);
}

void sp2__wake_all_slow(sp2__wake *wake) {
    atomic_fetch_add(&wake->epoch, 1);
    syscall(SYS_futex, (uint32_t *)&wake->epoch, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
