/* SPDX-License-Identifier: MIT */
/* Put before every source of the core (-include) to compile it for the scheduler. */
#ifndef SPEAD2CORE_TESTS_HOOKS_H
#define SPEAD2CORE_TESTS_HOOKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "schedule/scheduler.h"

#define SCHEDULE_PLACE                                                                             \
    __extension__({                                                                                \
        static schedule_place schedule_here = {__BASE_FILE__, NULL, 0};                            \
        schedule_here.function = __func__;                                                         \
        &schedule_here;                                                                            \
    })

/* The plain type of what an atomic pointer points to. */
#define SCHEDULE_TYPE(pointer) __typeof__((void)0, *(pointer))

#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#undef atomic_exchange
#undef atomic_exchange_explicit
#undef atomic_fetch_add
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub
#undef atomic_fetch_sub_explicit
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_weak
#undef atomic_compare_exchange_weak_explicit
#undef atomic_thread_fence

#define atomic_load_explicit(object, order)                                                        \
    __extension__({                                                                                \
        __auto_type schedule_object = (object);                                                    \
        SCHEDULE_TYPE(schedule_object) schedule_value;                                             \
        schedule_load(SCHEDULE_PLACE, schedule_object, &schedule_value, sizeof(schedule_value),    \
                      (order) == memory_order_seq_cst);                                            \
        schedule_value;                                                                            \
    })
#define atomic_load(object) atomic_load_explicit(object, memory_order_seq_cst)

#define atomic_store_explicit(object, value, order)                                                \
    __extension__({                                                                                \
        __auto_type schedule_object = (object);                                                    \
        SCHEDULE_TYPE(schedule_object) schedule_value = (value);                                   \
        schedule_store(SCHEDULE_PLACE, schedule_object, &schedule_value, sizeof(schedule_value));  \
    })
#define atomic_store(object, value) atomic_store_explicit(object, value, memory_order_seq_cst)

/* Only one thread runs, so that what follows the point is atomic anyway. */
#define SCHEDULE_LOCKED(operation, object, ...)                                                    \
    __extension__({                                                                                \
        schedule_locked(SCHEDULE_PLACE);                                                           \
        operation((object), __VA_ARGS__, __ATOMIC_SEQ_CST);                                        \
    })
#define atomic_exchange(object, value) SCHEDULE_LOCKED(__atomic_exchange_n, object, value)
#define atomic_exchange_explicit(object, value, order) atomic_exchange(object, value)
#define atomic_fetch_add(object, value) SCHEDULE_LOCKED(__atomic_fetch_add, object, value)
#define atomic_fetch_add_explicit(object, value, order) atomic_fetch_add(object, value)
#define atomic_fetch_sub(object, value) SCHEDULE_LOCKED(__atomic_fetch_sub, object, value)
#define atomic_fetch_sub_explicit(object, value, order) atomic_fetch_sub(object, value)
/* Without its lock it stores, whatever has happened since the load. */
#define atomic_compare_exchange_strong(object, expected, value)                                    \
    __extension__({                                                                                \
        schedule_place *schedule_here = SCHEDULE_PLACE;                                            \
        __auto_type schedule_object = (object);                                                    \
        __auto_type schedule_expected = (expected);                                                \
        schedule_locked(schedule_here);                                                            \
        if (schedule_leaves_out(schedule_here, MUTATE_LOCK)) {                                     \
            *schedule_expected = *schedule_object;                                                 \
        }                                                                                          \
        __atomic_compare_exchange_n(schedule_object, schedule_expected, value, false,              \
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                           \
    })
#define atomic_compare_exchange_weak(object, expected, value)                                      \
    atomic_compare_exchange_strong(object, expected, value)
#define atomic_compare_exchange_weak_explicit(object, expected, value, order, failure)             \
    atomic_compare_exchange_strong(object, expected, value)
#define atomic_thread_fence(order) schedule_fence(SCHEDULE_PLACE)

/* Fences belong to those who ask for them. */
#include "base/fence.h"
#define sp2__full_fence() schedule_fence(SCHEDULE_PLACE)

/* Locks say where they are taken. */
#include "base/spinlock.h"
#include "base/thread.h"
bool schedule_lock(schedule_place *place, void *lock);
void schedule_unlock(schedule_place *place, void *lock);
#define sp2__mutex_lock(mutex) schedule_lock(SCHEDULE_PLACE, mutex)
#define sp2__mutex_unlock(mutex) schedule_unlock(SCHEDULE_PLACE, mutex)
#define sp2__spinlock_lock(lock) schedule_lock(SCHEDULE_PLACE, lock)
#define sp2__spinlock_unlock(lock) schedule_unlock(SCHEDULE_PLACE, lock)
#define sp2__spin_pause() schedule_yield()

/* The core's only system call by number. */
long schedule_futex(void *address, int operation, uint32_t value, const void *timeout);
#define syscall(number, address, operation, value, timeout, ...)                                   \
    schedule_futex(address, operation, (uint32_t)(value), timeout)

/* All threads are one to the compiler: the scheduler keeps what is theirs. */
#define _Thread_local __attribute__((section("schedule_local")))

#endif
