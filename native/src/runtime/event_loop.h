/* SPDX-License-Identifier: MIT */
#ifndef SP2_RUNTIME_EVENT_LOOP_H
#define SP2_RUNTIME_EVENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One thread that runs tasks: those that were posted, those of sockets that something has happened
 * to, and those of timers that are due. A task runs on the loop's thread only, one at a time. Its
 * memory is its owner's: it stays until another task, posted after the last use of it, has run.
 */
typedef struct sp2__event_loop sp2__event_loop;

typedef struct sp2__task {
    void (*run)(struct sp2__task *task);
    struct sp2__task *next; /* the loop's */
    bool posted;            /* the loop's */
} sp2__task;

/* What a watch waits for, and what it is told of. */
enum {
    SP2__READABLE = 1,
    SP2__WRITABLE = 2,
    SP2__ERROR = 4, /* or the socket was shut down; told to every watch that waits for anything */
    SP2__EDGE = 8,  /* only wait for: once when it happens, not as long as it lasts */
    SP2__ONCE = 16  /* only wait for: then for nothing, not even errors, until it is changed */
};

/* Waits for nothing: it is told of an error once, when that happens, and else of nothing. */
#define SP2__SILENT 0u

/* Runs a task when something has happened to a socket. `task` and `socket` are set. */
typedef struct sp2__watch {
    sp2__task *task;
    intptr_t socket;
    uint32_t events;   /* of now, when the task runs */
    uint32_t interest; /* the poller's */
    uint64_t key;      /* the poller's */
} sp2__watch;

/* Runs a task at a time of sp2__clock_ns. Zeroed until it is set. */
typedef struct sp2__timer {
    sp2__task *task;
    uint64_t deadline_ns;
    struct sp2__timer *next; /* the loop's */
    bool set;                /* the loop's */
} sp2__timer;

/* What else a loop does: set up its thread, and some work about once a second. */
typedef struct sp2__event_loop_hooks {
    void (*started)(void *context, uint32_t index); /* on the loop's thread, first of all */
    bool (*idle_work_pending)(void);                /* whether `idle_work` need be called */
    void (*idle_work)(void);
    /* The loop cannot wait for its sockets; it goes on trying, and runs what is posted. */
    void (*wait_failed)(void *context, uint32_t index, int32_t error);
    void *context;
    uint32_t index;
} sp2__event_loop_hooks;

/* Returns an sp2_status; *loop is NULL on failure. */
int32_t sp2__event_loop_create(const sp2__event_loop_hooks *hooks, sp2__event_loop **loop);

/* Runs what was posted, ends the thread and waits for it; called by one of the loop's own tasks it
 * does not wait, and the rest follows when the task has returned. NULL is allowed. */
void sp2__event_loop_destroy(sp2__event_loop *loop);

/* All that a forked child does with its copy of a loop: closes the descriptors. */
void sp2__event_loop_close_copy(sp2__event_loop *loop);

/* Makes the task run once, soon. A task that waits already is not posted again. Any thread. */
void sp2__event_loop_post(sp2__event_loop *loop, sp2__task *task);

/*
 * Waits until the loop has gone round once: when it returns, nothing that was posted or became
 * readable before is still to run. Not on the loop's own thread.
 */
void sp2__event_loop_barrier(sp2__event_loop *loop);

/* Begins to watch. Any thread. Returns 0 or an error number. */
int32_t sp2__event_loop_add(sp2__event_loop *loop, sp2__watch *watch, uint32_t interest);

/* Changes what the watch waits for. Any thread. Returns 0 or an error number, and then nothing has
 * changed. */
int32_t sp2__event_loop_change(sp2__event_loop *loop, sp2__watch *watch, uint32_t interest);

/* Ends the watch, before its socket is closed. Its task may be about to run. Any thread. */
void sp2__event_loop_remove(sp2__event_loop *loop, sp2__watch *watch);

/* Runs the watch's task once, when the socket is writable or has failed. Returns 0 or an error
 * number; on a system that cannot tell, the task runs after a millisecond. The loop's own thread.
 */
int32_t sp2__event_loop_await_writable(sp2__event_loop *loop, sp2__watch *watch, sp2__timer *timer);

/* Runs `task` once when the time has come, instead of what the timer was set to before. The loop's
 * own thread. */
void sp2__event_loop_set_timer(sp2__event_loop *loop, sp2__timer *timer, sp2__task *task,
                               uint64_t deadline_ns);
void sp2__event_loop_cancel_timer(sp2__event_loop *loop, sp2__timer *timer);

/* Whether this is the loop's own thread. */
bool sp2__event_loop_is_current(const sp2__event_loop *loop);

#endif
