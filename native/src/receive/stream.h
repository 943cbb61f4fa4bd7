/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_STREAM_H
#define SP2_RECEIVE_STREAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/logger.h"
#include "base/process.h"
#include "base/thread.h"
#include "packet/packet.h"
#include "receive/assembler.h"
#include "receive/custom_stats.h"
#include "receive/ready_handle.h"
#include "receive/source.h"
#include "runtime/ring.h"
#include "spead2core/receive.h"
#include "spead2core/statistics.h"

/*
 * A stream. Locks, in the order in which they are taken: a source's lock, the stream's lock; each
 * of the others is taken last. User code is called without any lock (except to log).
 */
struct sp2_receive_stream {
    sp2__ring ring;
    sp2_thread_pool *pool;
    uint32_t process; /* that made the stream; base/process.h */
    uint32_t flags;   /* sp2_receive_flags as the user gave them */
    int64_t spin_ns;  /* of a blocking pop */
    sp2__logger logger;
    _Atomic(sp2_packet_source *)
        sources;       /* a list that only grows, until the stream is destroyed */
    atomic_bool lossy; /* a lossy source was added */
    atomic_bool held;  /* sources wait for sp2_receive_stream_start; cleared under the lock */

    /*
     * Finished heaps found the ring full and no source is trying again soon: the consumer that
     * makes room calls sp2__stream_make_room.
     */
    atomic_bool blocked;

    atomic_bool stopped;   /* nothing is received any more; changed under the lock */
    atomic_bool ready_due; /* the ready callback is to be called when no lock is held */

    sp2__mutex lock;
    /* Under the lock: */
    bool stop_on_stop_item;
    sp2__assembler assembler;
    sp2_heap *waiting_first; /* finished heaps that found the ring full, in order */
    sp2_heap *waiting_last;
    uint64_t unannounced_bytes; /* of payload, pushed since consumers were last told */
    bool stop_requested; /* by a stop item or the end of a source; to be done at the batch's end */
    sp2_receive_stats stats;

    sp2__mutex stats_lock;
    sp2_receive_stats published; /* under the stats lock: as of the end of the latest turn */
    sp2__custom_stats custom;    /* see there which lock is for what */

    sp2__mutex ready_lock;
    sp2__condition ready_returned;
    /* Under the ready lock: */
    sp2_ready_fn ready;
    void *ready_context;
    uint32_t ready_calls; /* calls under way */

    sp2__ready_handle ready_handle;
};

/* Whether a source may hand over further packets. */
typedef enum sp2__flow {
    SP2__FLOW_ON,
    SP2__FLOW_FULL, /* not before the consumer has made room */
    SP2__FLOW_ENDED /* never */
} sp2__flow;

/* ---- for sources, in their turn ---- */

/* Takes the stream's lock and says whether packets may be handed over. */
sp2__flow sp2__stream_enter(sp2_receive_stream *stream);

/* Hands over the packet at the start of the bytes, which has *size bytes. If there is none, nothing
 * is counted and *size and *flow are left alone. */
sp2__packet_fault sp2__stream_add_packet(sp2_receive_stream *stream, const uint8_t *bytes,
                                         uint64_t available, uint64_t *size, sp2__flow *flow);

/* Hands over a datagram, which must be exactly one packet; anything else is counted and logged. */
sp2__flow sp2__stream_add_datagram(sp2_receive_stream *stream, const uint8_t *bytes,
                                   uint64_t length);

/* Counts a datagram that was too large for the source. */
void sp2__stream_add_truncated(sp2_receive_stream *stream, uint64_t max_size);

/* Counts bytes that are not a packet, at `position` of a source that ends because of it. */
void sp2__stream_add_malformed(sp2_receive_stream *stream, sp2__packet_fault fault,
                               uint64_t position);

/* Counts units of packets, the largest of which had `packets`. */
void sp2__stream_count_batches(sp2_receive_stream *stream, uint64_t batches, uint64_t packets);

/* A source has ended, which ends the stream. */
void sp2__stream_end_source(sp2_receive_stream *stream);

/* Publishes the statistics and gives the lock back; does what a stop asks for first. */
void sp2__stream_leave(sp2_receive_stream *stream);

/* The same for a source, which counts what it hands over in between as its own, too. */
sp2__flow sp2__source_enter(sp2_packet_source *source);
void sp2__source_leave(sp2_packet_source *source);

/* ---- for the driver of sources, between turns ---- */

/* Waits for room, very briefly; if there is none the source is paused. False if it is. */
bool sp2__stream_wait_for_room(sp2_receive_stream *stream, sp2_packet_source *source);

/* Calls the ready callback if it is due. Without any lock. */
void sp2__stream_call_ready_if_due(sp2_receive_stream *stream);

static inline bool sp2__stream_is_stopped(sp2_receive_stream *stream) {
    return atomic_load_explicit(&stream->stopped, memory_order_acquire);
}

/* Whether the stream is a forked child's copy, of which only the descriptors may be touched. */
static inline bool sp2__stream_is_inherited(const sp2_receive_stream *stream) {
    return sp2__is_inherited(stream->process);
}

/* ---- between the files of the stream; the first two under the lock ---- */

/* Gives a finished heap to the consumer, or lets it wait for room. */
void sp2__stream_deliver(sp2_receive_stream *stream, sp2_heap *heap);

/* Moves waiting heaps to the ring. If none is left: sources go on, and a stopped stream's ring
 * ends. Else, if the stream has stopped, the consumer will have to see to it. */
void sp2__stream_settle(sp2_receive_stream *stream);

/* Gives the stream's lock back, and tells waiting consumers what was pushed under it. */
void sp2__stream_unlock(sp2_receive_stream *stream);

/* A consumer has made room: settles. Without any lock. */
void sp2__stream_make_room(sp2_receive_stream *stream);

/* Makes the statistics visible. Under the lock. */
void sp2__stream_publish(sp2_receive_stream *stream);

/* Lets paused sources go on. Under the lock. */
void sp2__stream_resume_sources(sp2_receive_stream *stream);

/* Closes all sources. Without any lock. */
void sp2__stream_close_sources(sp2_receive_stream *stream);

/* SP2_OK if sources can be added: not after an explicit start. */
int32_t sp2__stream_check_open(sp2_receive_stream *stream, const char *function);

/* Adds a source, and starts it unless the stream is held or has stopped. Never fails. */
void sp2__stream_add_source(sp2_receive_stream *stream, sp2_packet_source *source);

#endif
