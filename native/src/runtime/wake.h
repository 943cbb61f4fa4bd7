/* SPDX-License-Identifier: MIT */
#ifndef SP2_RUNTIME_WAKE_H
#define SP2_RUNTIME_WAKE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * An event count: threads sleep until a condition that they test themselves may have changed. The
 * side that changes it pays one load while nobody sleeps.
 *
 *   waiting side                                changing side
 *     key = sp2__wake_prepare(wake)               change the condition
 *     if condition: sp2__wake_cancel(wake)        sequentially consistent fence
 *     else: sp2__wake_wait(wake, key, ...)        sp2__wake_all(wake)
 */
typedef struct sp2__wake {
    _Atomic uint32_t epoch;
    _Atomic uint32_t waiters;
} sp2__wake;

/* Announces a waiter; includes a sequentially consistent fence. */
uint32_t sp2__wake_prepare(sp2__wake *wake);

/* Ends an announcement without waiting. */
void sp2__wake_cancel(sp2__wake *wake);

/*
 * Sleeps until sp2__wake_all or for `timeout_ns` (negative: without limit), and ends the
 * announcement. May return early for no reason.
 */
void sp2__wake_wait(sp2__wake *wake, uint32_t key, int64_t timeout_ns);

/* Wakes all who wait. The caller has put a sequentially consistent fence before it. */
void sp2__wake_all_slow(sp2__wake *wake);

static inline void sp2__wake_all(sp2__wake *wake) {
    if (atomic_load_explicit(&wake->waiters, memory_order_relaxed) != 0) {
        sp2__wake_all_slow(wake);
    }
}

#endif
