/* SPDX-License-Identifier: MIT */
#include "base/thread.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "os/posix/old_glibc.h"

void sp2__mutex_init(sp2__mutex *mutex) {
    pthread_mutex_init(mutex, NULL);
}

void sp2__mutex_destroy(sp2__mutex *mutex) {
    pthread_mutex_destroy(mutex);
}

void sp2__mutex_lock(sp2__mutex *mutex) {
    pthread_mutex_lock(mutex);
}

void sp2__mutex_unlock(sp2__mutex *mutex) {
    pthread_mutex_unlock(mutex);
}

void sp2__condition_init(sp2__condition *condition) {
    pthread_cond_init(condition, NULL);
}

void sp2__condition_destroy(sp2__condition *condition) {
    pthread_cond_destroy(condition);
}

void sp2__condition_wait(sp2__condition *condition, sp2__mutex *mutex) {
    pthread_cond_wait(condition, mutex);
}

void sp2__condition_broadcast(sp2__condition *condition) {
    pthread_cond_broadcast(condition);
}

typedef struct start_call {
    void (*run)(void *);
    void *argument;
} start_call;

static void *thread_main(void *context) {
    const start_call call = *(start_call *)context;
    sp2__free(context);
    call.run(call.argument);
    return NULL;
}

int32_t sp2__thread_start(sp2__thread *thread, void (*run)(void *), void *argument) {
    start_call *call = sp2__alloc(sizeof(*call));
    if (call == NULL) {
        return ENOMEM;
    }
    call->run = run;
    call->argument = argument;
    const int error = pthread_create(thread, NULL, thread_main, call);
    if (error != 0) {
        sp2__free(call);
    }
    return error;
}

void sp2__thread_join(sp2__thread thread) {
    pthread_join(thread, NULL);
}

bool sp2__thread_is_current(sp2__thread thread) {
    return pthread_equal(thread, pthread_self()) != 0;
}

void sp2__thread_detach(sp2__thread thread) {
    pthread_detach(thread);
}

void sp2__thread_yield(void) {
    sched_yield();
}

void sp2__thread_nap(void) {
    const struct timespec millisecond = {.tv_nsec = SP2__NS_PER_MS};
    nanosleep(&millisecond, NULL);
}

bool sp2__many_cpus(void) {
    /* The C library reads a file to find out. */
    static _Atomic long known;
    long count = atomic_load_explicit(&known, memory_order_relaxed);
    if (count == 0) {
        count = sysconf(_SC_NPROCESSORS_ONLN);
        atomic_store_explicit(&known, count, memory_order_relaxed);
    }
    return count > 1;
}

void sp2__thread_name(const char *name) {
#if defined(__linux__)
    char kept[16];
    snprintf(kept, sizeof(kept), "%s", name);
    pthread_setname_np(pthread_self(), kept);
#else
    (void)name;
#endif
}

int32_t sp2__thread_bind(int32_t cpu) {
#if defined(__linux__)
    if (cpu < 0 || cpu >= CPU_SETSIZE) {
        return EINVAL;
    }
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    return pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
#else
    (void)cpu;
    return ENOTSUP;
#endif
}
