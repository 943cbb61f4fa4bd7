/* SPDX-License-Identifier: MIT */
#ifndef SP2_TRANSPORT_FILTERED_H
#define SP2_TRANSPORT_FILTERED_H

#include <stdint.h>

/*
 * What the kernel has dropped of a multicast group that several sockets share. Each of them gets
 * all messages, and keeps those that its filter lets through; what a filter rejects counts as
 * dropped, too. Of M messages each socket has received some, holds some, and has dropped all
 * others, of which those that another socket keeps are not lost. So N sockets have dropped
 * N - 1 times M more than what was lost; and M is known whenever one of them holds nothing.
 *
 * Any thread, but for what is said otherwise.
 */
typedef struct sp2__filtered sp2__filtered;

/* NULL if there is no memory. There is one reference. */
sp2__filtered *sp2__filtered_create(uint32_t count);
void sp2__filtered_release(sp2__filtered *filtered);

/* One of the sockets is open; a reference more. */
void sp2__filtered_open(sp2__filtered *filtered, uint32_t index, intptr_t socket);

/* Another socket takes the place of one. */
void sp2__filtered_replace(sp2__filtered *filtered, uint32_t index, intptr_t socket);

/* A socket is about to be received from, and so many messages came. On its source's loop. */
void sp2__filtered_begin(sp2__filtered *filtered, uint32_t index);
void sp2__filtered_end(sp2__filtered *filtered, uint32_t index, uint32_t messages);

/* Messages that were lost so far: exact when nothing is under way, and never too many. What was
 * lost before a moment without traffic does not count. */
uint64_t sp2__filtered_count(sp2__filtered *filtered);

/* A socket is about to be closed: the count stays as it is. */
void sp2__filtered_close(sp2__filtered *filtered);

#endif
