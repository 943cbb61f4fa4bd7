/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_SPINLOCK_H
#define SP2_BASE_SPINLOCK_H

#include <stdatomic.h>

#include "base/compiler.h"
#include "base/thread.h"

/*
 * A lock for a few instructions at a time that is hardly ever contended: half the price of a mutex,
 * whose unlocking is a locked instruction, too. Starts as zeros.
 */
typedef struct sp2__spinlock {
    atomic_bool held;
} sp2__spinlock;

/* Looks at the lock until the holder, who may have lost its processor, is given the caller's. */
#define SP2__LOOKS_PER_YIELD 100

static inline void sp2__spinlock_lock(sp2__spinlock *lock) {
    for (unsigned looks = 1; atomic_exchange_explicit(&lock->held, true, memory_order_acquire);
         looks++) {
        if (looks % SP2__LOOKS_PER_YIELD == 0) {
            sp2__thread_yield();
        } else {
            sp2__spin_pause();
        }
    }
}

static inline void sp2__spinlock_unlock(sp2__spinlock *lock) {
    atomic_store_explicit(&lock->held, false, memory_order_release);
}

#endif
