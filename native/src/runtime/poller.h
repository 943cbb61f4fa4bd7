/* SPDX-License-Identifier: MIT */
#ifndef SP2_RUNTIME_POLLER_H
#define SP2_RUNTIME_POLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/event_loop.h"

/*
 * What an event loop asks of the operating system: to sleep until a socket has something to read,
 * or somebody wakes it.
 */
typedef struct sp2__poller sp2__poller;

/* Returns 0 or an error number; *poller is NULL on failure. */
int32_t sp2__poller_create(sp2__poller **poller);
void sp2__poller_destroy(sp2__poller *poller);

/* Closes what the poller has open, and nothing else: for a forked child's copy. */
void sp2__poller_close(sp2__poller *poller);

/* Runs the task of each socket that is readable, and waits for that if there is none: at most
 * `timeout_ns`, negative without limit. The loop's thread. Returns 0 or an error number; having
 * been interrupted is no error. */
int32_t sp2__poller_wait(sp2__poller *poller, int64_t timeout_ns);

/* Ends a wait that is under way, or the next one. Any thread. */
void sp2__poller_wake(sp2__poller *poller);

/* As those of the event loop. */
int32_t sp2__poller_add(sp2__poller *poller, intptr_t socket, sp2__task *task, bool paused);
int32_t sp2__poller_pause(sp2__poller *poller, intptr_t socket, sp2__task *task);
int32_t sp2__poller_resume(sp2__poller *poller, intptr_t socket, sp2__task *task);
/* Returns ENOTSUP where the system has no such event. */
int32_t sp2__poller_await_writable(sp2__poller *poller, intptr_t socket, sp2__task *task);
void sp2__poller_remove(sp2__poller *poller, intptr_t socket);

#endif
