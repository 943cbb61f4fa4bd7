/* SPDX-License-Identifier: MIT */
#include "base/thread.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include "base/alloc.h"
#include "base/clock.h"
#if defined(__linux__)
#include "os/linux/cpus.h"
#endif
#include "os/posix/old_glibc.h"

/* More than any system has; the kernel says which of them there are. */
#define MOST_CPUS 65536

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
#if defined(__linux__)
    /* Sleeps end when they are to, and not, as usual, up to 50 us later. */
    (void)prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
#endif
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
    enum { BITS = 8 * sizeof(unsigned long) };
    unsigned long set[MOST_CPUS / BITS];
    if (cpu < 0 || cpu >= MOST_CPUS) {
        return EINVAL;
    }
    /* A cpu_set_t as large as it must be: its own size ends at 1,024. */
    const size_t words = (size_t)cpu / BITS + 1;
    memset(set, 0, words * sizeof(set[0]));
    set[words - 1] = 1ul << ((size_t)cpu % BITS);
    const int32_t error =
        pthread_setaffinity_np(pthread_self(), words * sizeof(set[0]), (const cpu_set_t *)set);
    sp2__count_cpus_anew();
    return error;
#else
    (void)cpu;
    return ENOTSUP;
#endif
}
