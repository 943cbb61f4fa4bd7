/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_TEST_THREADS_H
#define SPEAD2CORE_TESTS_TEST_THREADS_H

#include <pthread.h>

#include "test.h"

/* Threads and locks for tests, in one place for the day that they run without pthreads. */
typedef pthread_t test_thread;
typedef pthread_mutex_t test_mutex;

#define TEST_MUTEX_INIT PTHREAD_MUTEX_INITIALIZER

typedef void *(*test_thread_fn)(void *argument);

static inline void test_thread_start(test_thread *thread, test_thread_fn run, void *argument) {
    REQUIRE(pthread_create(thread, NULL, run, argument) == 0);
}

static inline void test_thread_join(test_thread thread) {
    CHECK(pthread_join(thread, NULL) == 0);
}

static inline void test_mutex_lock(test_mutex *mutex) {
    pthread_mutex_lock(mutex);
}

static inline void test_mutex_unlock(test_mutex *mutex) {
    pthread_mutex_unlock(mutex);
}

#endif
