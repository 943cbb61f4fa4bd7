/* SPDX-License-Identifier: MIT */
#ifndef SP2_TRANSPORT_INPROC_QUEUE_H
#define SP2_TRANSPORT_INPROC_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/event_loop.h"
#include "send/writer.h"
#include "spead2core/inproc.h"

/*
 * Both ends of a queue (addendum A5.7). Writers reserve room under the queue's lock and copy
 * without it; the one reader reads without it, and takes it once for many packets. Neither end
 * waits in it: who has nothing to do is posted when that has changed.
 */

/* A writer that waits for room; zeroed at first. Under the queue's lock. */
typedef struct sp2__inproc_waiter {
    sp2__event_loop *loop;
    sp2__task *task;
    uint64_t length; /* of the packet that did not fit */
    struct sp2__inproc_waiter *next;
    bool waiting; /* in the queue's list */
} sp2__inproc_waiter;

/* SP2_OK, or SP2_E_FORKED as a failure of `function` if the queue is an inherited copy. */
int32_t sp2__inproc_queue_check(const sp2_inproc_queue *queue, const char *function);

void sp2__inproc_queue_retain(sp2_inproc_queue *queue);
void sp2__inproc_queue_release(sp2_inproc_queue *queue);

/* ---- writers; any thread ---- */

/* Copies packets, in order, SP2__BATCH_PACKETS at most. As `write` of sp2__writer_ops. */
uint32_t sp2__inproc_queue_write(sp2_inproc_queue *queue, sp2__packet_out *packets, uint32_t count);

/* Posts `task` once, when a packet of this length fits, and more behind it, or when the queue was
 * stopped. A waiter waits for one queue at a time. */
void sp2__inproc_queue_await_room(sp2_inproc_queue *queue, sp2__inproc_waiter *waiter,
                                  sp2__event_loop *loop, sp2__task *task, uint64_t length);

/* The waiter is not posted any more. */
void sp2__inproc_queue_forget(sp2_inproc_queue *queue, sp2__inproc_waiter *waiter);

/* ---- the reader; one thread at a time ---- */

/* From now on `task` is posted when there is something to read after sp2__inproc_queue_settle has
 * found nothing. False: there is a reader. */
bool sp2__inproc_queue_attach(sp2_inproc_queue *queue, sp2__event_loop *loop, sp2__task *task);

/* The reader goes; what it has not taken stays. `stop`: the queue is stopped. */
void sp2__inproc_queue_detach(sp2_inproc_queue *queue, bool stop);

/* What there is to read. */
typedef enum sp2__inproc_state {
    SP2__INPROC_MORE,
    SP2__INPROC_EMPTY, /* the reader is posted when that changes */
    SP2__INPROC_ENDED  /* stopped, and all was taken */
} sp2__inproc_state;

/* Lets writers have the room of what was taken, and looks whether there is more. */
sp2__inproc_state sp2__inproc_queue_settle(sp2_inproc_queue *queue);

/* The next packet, or NULL: then settle. Valid until it is taken. */
const uint8_t *sp2__inproc_queue_peek(sp2_inproc_queue *queue, uint64_t *length);

/* The packet that was peeked at is done with. */
void sp2__inproc_queue_take(sp2_inproc_queue *queue, uint64_t length);

#endif
