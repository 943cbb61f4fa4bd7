/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_TEST_THREADS_H
#define SPEAD2CORE_TESTS_TEST_THREADS_H

#include <pthread.h>

#include "test.h"

/* Threads and locks for tests, in one place for the day that they run without pthreads. */
typedef pthread_t test_thread;
typedef pthread_mutex_t test_mutex;
typedef pthread_cond_t test_condition;

#define TEST_MUTEX_INIT PTHREAD_MUTEX_INITIALIZER
#define TEST_CONDITION_INIT PTHREAD_COND_INITIALIZER

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

static inline void test_condition_wait(test_condition *condition, test_mutex *mutex) {
    pthread_cond_wait(condition, mutex);
}

static inline void test_condition_broadcast(test_condition *condition) {
    pthread_cond_broadcast(condition);
}

#endif
