/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_THREAD_H
#define SP2_BASE_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#if defined(_WIN32)
#include <windows.h>
typedef SRWLOCK sp2__mutex;
typedef CONDITION_VARIABLE sp2__condition;
typedef HANDLE sp2__thread;
#else
#include <pthread.h>
typedef pthread_mutex_t sp2__mutex;
typedef pthread_cond_t sp2__condition;
typedef pthread_t sp2__thread;
#endif

void sp2__mutex_init(sp2__mutex *mutex);
void sp2__mutex_destroy(sp2__mutex *mutex);
void sp2__mutex_lock(sp2__mutex *mutex);
void sp2__mutex_unlock(sp2__mutex *mutex);

void sp2__condition_init(sp2__condition *condition);
void sp2__condition_destroy(sp2__condition *condition);
void sp2__condition_wait(sp2__condition *condition, sp2__mutex *mutex);
void sp2__condition_broadcast(sp2__condition *condition);

/* Returns 0 or the operating system's error number. */
int32_t sp2__thread_start(sp2__thread *thread, void (*run)(void *), void *argument);
void sp2__thread_join(sp2__thread thread);

/* Whether `thread` is the calling one. */
bool sp2__thread_is_current(sp2__thread thread);

/* Instead of joining: the thread frees itself at its end. */
void sp2__thread_detach(sp2__thread thread);

/* Binds the calling thread to a CPU; returns 0 or the operating system's error number. */
int32_t sp2__thread_bind(int32_t cpu);

/* Names the calling thread for debuggers and `top -H`. Only the first 15 bytes may be kept. */
void sp2__thread_name(const char *name);

/* Lets another thread run. */
void sp2__thread_yield(void);

/* Sleeps for about a millisecond. */
void sp2__thread_nap(void);

/* Whether threads can run at the same time: spinning is pointless where they cannot. */
bool sp2__many_cpus(void);

#endif
