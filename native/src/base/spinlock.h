/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_SPINLOCK_H
#define SP2_BASE_SPINLOCK_H

#include <stdatomic.h>

#include "base/compiler.h"
#include "base/process.h"
#include "base/thread.h"

/*
 * A lock for a few instructions at a time that is hardly ever contended: half the price of a mutex,
 * whose unlocking is a locked instruction, too. Starts as zeros.
 *
 * A thread that holds it while another one forks does not exist in the child, which takes the lock
 * over: what it guards may have been left half changed.
 */
typedef struct sp2__spinlock {
    _Atomic uint32_t holder; /* the process whose thread holds it, or 0 */
} sp2__spinlock;

/* Looks at the lock until the holder, who may have lost its processor, is given the caller's. */
#define SP2__LOOKS_PER_YIELD 100

/* Returns whether the lock was taken over from a thread that a fork left behind. */
static inline bool sp2__spinlock_lock(sp2__spinlock *lock) {
    const uint32_t process = sp2__process();
    uint32_t holder;
    for (unsigned looks = 1; (holder = atomic_exchange_explicit(&lock->holder, process,
                                                                memory_order_acquire)) == process;
         looks++) {
        if (looks % SP2__LOOKS_PER_YIELD == 0) {
            sp2__thread_yield();
        } else {
            sp2__spin_pause();
        }
    }
    return SP2__UNLIKELY(holder != 0);
}

static inline void sp2__spinlock_unlock(sp2__spinlock *lock) {
    atomic_store_explicit(&lock->holder, 0, memory_order_release);
}

#endif
