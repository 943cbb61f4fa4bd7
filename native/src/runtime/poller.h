/* SPDX-License-Identifier: MIT */
#ifndef SP2_RUNTIME_POLLER_H
#define SP2_RUNTIME_POLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/event_loop.h"

/*
 * What an event loop asks of the operating system: to sleep until something happens to a socket, or
 * somebody wakes it.
 */
typedef struct sp2__poller sp2__poller;

/* Returns 0 or an error number; *poller is NULL on failure. */
int32_t sp2__poller_create(sp2__poller **poller);
void sp2__poller_destroy(sp2__poller *poller);

/* Closes what the poller has open, and nothing else: for a forked child's copy. */
void sp2__poller_close(sp2__poller *poller);

/* Runs the task of each watch whose socket something has happened to, and waits for that if there
 * is none: at most `timeout_ns`, negative without limit. The loop's thread. Returns 0 or an error
 * number; having been interrupted is no error. */
int32_t sp2__poller_wait(sp2__poller *poller, int64_t timeout_ns);

/* Ends a wait that is under way, or the next one. Any thread. */
void sp2__poller_wake(sp2__poller *poller);

/* As those of the event loop. ENOTSUP: the system does not tell of that. */
int32_t sp2__poller_add(sp2__poller *poller, sp2__watch *watch, uint32_t interest);
int32_t sp2__poller_change(sp2__poller *poller, sp2__watch *watch, uint32_t interest);
void sp2__poller_remove(sp2__poller *poller, sp2__watch *watch);

#endif
