/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_SCHEDULE_PLATFORM_H
#define SPEAD2CORE_TESTS_SCHEDULE_PLATFORM_H

#include <stdint.h>

/* What scenarios do with the operating system that the scheduler plays. */

/* Forgets all that happened. */
void platform_reset(void);

/* Puts a datagram, which must stay, into the socket that has this port. */
void platform_send(uint32_t port, const void *bytes, uint32_t length);

/* At most so many datagrams are taken out of a socket at a time; 0: all. Until the next reset. */
void platform_limit_batch(uint32_t datagrams);

/* Waits until a handle for event loops is set. */
void platform_wait_for_handle(int64_t handle);

#endif
