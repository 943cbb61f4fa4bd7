/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_RING_SINK_H
#define SP2_RECEIVE_RING_SINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "receive/ready_call.h"
#include "receive/ready_handle.h"
#include "receive/sink.h"
#include "runtime/ring.h"

/* Finished heaps wait in a ring until a consumer pops them. */
typedef struct sp2__ring_sink {
    sp2__sink base;
    sp2__ring ring;
    int64_t spin_ns; /* of a blocking pop */

    /* Heaps wait for room, and no source is going to look: the consumer that makes room settles. */
    atomic_bool asks_consumer;

    /* Under the stream's lock: */
    sp2_heap *waiting_first; /* finished heaps that found the ring full, in order */
    sp2_heap *waiting_last;
    uint64_t unannounced_bytes; /* of payload, pushed since consumers were last told */
    bool ended;                 /* no heap will be delivered any more */

    sp2__ready_call ready_call;
    sp2__ready_handle ready_handle;
} sp2__ring_sink;

/* False if there is no memory; then nothing need be destroyed. The sink is zeroed and isolated. */
bool sp2__ring_sink_init(sp2__ring_sink *sink, sp2_receive_stream *stream, uint64_t capacity,
                         int64_t spin_ns);

/* ---- for consumers, without any lock ---- */

/* A consumer has taken heaps, or found none: those that wait for room get their turn. Returns
 * whether heaps may have moved to the ring. */
bool sp2__ring_sink_see_to_waiting(sp2__ring_sink *sink);

/* Whether a pop would give a heap, or say that the stream has stopped. */
bool sp2__ring_sink_has_something(sp2__ring_sink *sink);

/* Looks for something to pop without sleeping, where another thread can put it there meanwhile. */
void sp2__ring_sink_spin(sp2__ring_sink *sink, uint64_t limit_ns);

/* Brings the handle of foreign event loops up to date. */
void sp2__ring_sink_update_handle(sp2__ring_sink *sink);

#endif
