/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_SCHEDULER_H
#define SPEAD2CORE_TESTS_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Runs threads one at a time, in every order. The core is compiled with hooks.h, so that each
 * atomic operation, lock and fence comes by here and may be the point where another thread goes on;
 * and it is linked with platform.c instead of an operating system.
 *
 * A schedule is the list of choices at these points. To go on with the thread that runs costs
 * nothing; to go on with another one although it could go on costs 1 (a preemption), and so does a
 * store that others see late, together with those that follow it: not before the thread's next
 * fence, sequentially consistent load, locked instruction or taking of a lock, or until it waits.
 * That is what processors may do with stores; that they may do loads early is not tried. All
 * schedules up to a cost are tried, depth first, and then some random ones
 * of any cost.
 */

/* A place in the core's source, one for each hook. */
typedef struct schedule_place {
    const char *file;
    const char *function;
    int kind; /* of the file: whether its places are points; 0: not known yet */
} schedule_place;

typedef struct schedule_scenario {
    const char *name;
    void (*run)(void);
    const char *files; /* whose operations are points, separated by blanks */
    bool many_cpus;    /* whether the core may spin */
} schedule_scenario;

typedef enum schedule_mutation {
    MUTATE_NOTHING,
    MUTATE_FENCE,
    MUTATE_STORE,
    MUTATE_LOCK
} schedule_mutation;

typedef struct schedule_result {
    uint64_t schedules;
    uint64_t points;   /* of the longest one */
    uint32_t cost;     /* all schedules up to this cost were tried */
    bool all;          /* else the limit came first */
    char failure[256]; /* empty: none */
} schedule_result;

/*
 * Tries schedules of a scenario, in a process of its own, until one fails. A mutation leaves out
 * the fences, stores to atomic variables, or locks of one function of the core.
 */
schedule_result schedule_explore(const schedule_scenario *scenario, schedule_mutation mutation,
                                 const char *function);

/* ---- for scenarios ---- */

/* Starts a thread; all are waited for by schedule_join. */
void schedule_start(void (*run)(void *), void *argument);
void schedule_join(void);

/* From here on (up to `false`) points are choices; before, a thread runs until it waits. */
void schedule_choices(bool on);

/* Ends the exploration: this schedule is wrong. */
void schedule_check(bool held, const char *text);
#define SCHEDULE_CHECK(condition) schedule_check((condition), #condition)

/* ---- for hooks.h and platform.c ---- */

void schedule_point(schedule_place *place);
void schedule_load(schedule_place *place, const volatile void *object, void *value, size_t size,
                   bool sequential);
void schedule_store(schedule_place *place, volatile void *object, const void *value, size_t size);

/* A store that is late only if the ones before it are. */
void schedule_store_in_order(volatile void *object, const void *value, size_t size);
void schedule_fence(schedule_place *place);

/* Before a locked instruction: a point, and what was stored is seen. */
void schedule_locked(schedule_place *place);

/* What the running thread has stored is seen from now on. */
void schedule_flush(void);

/* Another thread runs, if any can. */
void schedule_yield(void);

/* Waits until the condition holds. If `timed`, it may also give up, and then returns false. */
bool schedule_wait(bool (*condition)(void *), void *argument, bool timed);

bool schedule_leaves_out(const schedule_place *place, schedule_mutation mutation);
bool schedule_has_many_cpus(void);

/* The running thread; the first is 0. */
uint32_t schedule_current(void);
uint32_t schedule_new_thread(void (*run)(void *), void *argument);
bool schedule_is_finished(uint32_t number);

#endif
