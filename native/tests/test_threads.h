/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_TEST_THREADS_H
#define SPEAD2CORE_TESTS_TEST_THREADS_H

#include "test.h"

/* Threads and locks for tests, by one name on every system. */
typedef void *(*test_thread_fn)(void *argument);

#if defined(_WIN32)
#include <process.h>
#include <stdlib.h>
#include <windows.h>

typedef HANDLE test_thread;
typedef SRWLOCK test_mutex;
typedef CONDITION_VARIABLE test_condition;
typedef SRWLOCK test_shared_lock;

#define TEST_MUTEX_INIT SRWLOCK_INIT
#define TEST_CONDITION_INIT CONDITION_VARIABLE_INIT

typedef struct test_thread_call {
    test_thread_fn run;
    void *argument;
} test_thread_call;

static inline unsigned __stdcall test_thread_main(void *context) {
    const test_thread_call call = *(test_thread_call *)context;
    free(context);
    call.run(call.argument);
    return 0;
}

static inline void test_thread_start(test_thread *thread, test_thread_fn run, void *argument) {
    test_thread_call *call = malloc(sizeof(*call));
    REQUIRE(call != NULL);
    *call = (test_thread_call){run, argument};
    *thread = (HANDLE)_beginthreadex(NULL, 0, test_thread_main, call, 0, NULL);
    REQUIRE(*thread != NULL);
}

static inline void test_thread_join(test_thread thread) {
    CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
    CloseHandle(thread);
}

static inline void test_mutex_lock(test_mutex *mutex) {
    AcquireSRWLockExclusive(mutex);
}

static inline void test_mutex_unlock(test_mutex *mutex) {
    ReleaseSRWLockExclusive(mutex);
}

static inline void test_condition_wait(test_condition *condition, test_mutex *mutex) {
    SleepConditionVariableSRW(condition, mutex, INFINITE, 0);
}

static inline void test_condition_broadcast(test_condition *condition) {
    WakeAllConditionVariable(condition);
}

static inline void test_shared_lock_init(test_shared_lock *lock) {
    InitializeSRWLock(lock);
}

static inline bool test_shared_lock_try_read(test_shared_lock *lock) {
    return TryAcquireSRWLockShared(lock);
}

static inline void test_shared_lock_end_read(test_shared_lock *lock) {
    ReleaseSRWLockShared(lock);
}

static inline void test_shared_lock_write(test_shared_lock *lock) {
    AcquireSRWLockExclusive(lock);
}

static inline void test_shared_lock_end_write(test_shared_lock *lock) {
    ReleaseSRWLockExclusive(lock);
}

#else
#include <pthread.h>

typedef pthread_t test_thread;
typedef pthread_mutex_t test_mutex;
typedef pthread_cond_t test_condition;
typedef pthread_rwlock_t test_shared_lock;

#define TEST_MUTEX_INIT PTHREAD_MUTEX_INITIALIZER
#define TEST_CONDITION_INIT PTHREAD_COND_INITIALIZER

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

static inline void test_shared_lock_init(test_shared_lock *lock) {
    REQUIRE(pthread_rwlock_init(lock, NULL) == 0);
}

static inline bool test_shared_lock_try_read(test_shared_lock *lock) {
    return pthread_rwlock_tryrdlock(lock) == 0;
}

static inline void test_shared_lock_end_read(test_shared_lock *lock) {
    pthread_rwlock_unlock(lock);
}

static inline void test_shared_lock_write(test_shared_lock *lock) {
    pthread_rwlock_wrlock(lock);
}

static inline void test_shared_lock_end_write(test_shared_lock *lock) {
    pthread_rwlock_unlock(lock);
}
#endif

#endif
