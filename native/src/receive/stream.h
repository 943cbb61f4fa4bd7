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
#include "receive/accounting.h"
#include "receive/assembler.h"
#include "receive/chunk_sink.h"
#include "receive/custom_stats.h"
#include "receive/flow.h"
#include "receive/inline_sink.h"
#include "receive/loss_line.h"
#include "receive/page.h"
#include "receive/pause.h"
#include "receive/refused.h"
#include "receive/ring_sink.h"
#include "receive/sink.h"
#include "receive/source.h"
#include "spead2core/receive.h"
#include "spead2core/statistics.h"

/* What sources have counted that are not in the list any more. */
typedef struct sp2__gone_sources {
    uint64_t dropped;
    uint64_t unused;
} sp2__gone_sources;

/*
 * A stream. Locks, in the order in which they are taken:
 *   a source's lock     during a slice, and while it is closed
 *   the stream's lock   while packets are handed over, and whenever the flow changes
 *   the sources lock    while the list of sources changes or is walked through
 *   one of the others: of a source's statistics, of the stream's, of the sink's, of a loop's
 * User code is called without any lock, but for allocators, copy functions and log functions, which
 * are called with the first two held.
 */
struct sp2_receive_stream {
    sp2__ring_sink ring_sink; /* first, as it is isolated */
    sp2__inline_sink inline_sink;
    sp2__chunk_sink chunk_sink;
    sp2__sink *sink; /* one of these three */
    sp2_thread_pool *pool;
    uint32_t process; /* that made the stream; base/process.h */
    uint32_t flags;   /* sp2_receive_flags as the user gave them */
    sp2__logger logger;
    sp2__flow flow;
    atomic_bool lossy; /* a lossy source was added */

    sp2__mutex lock;
    /* Under the lock: */
    bool stop_on_stop_item;
    sp2_packet_source *reading;  /* the source that hands packets over, if it may have to yield */
    uint32_t reading_number;     /* of the source that hands packets over */
    const sp2__dialect *dialect; /* of that source; NULL: none */
    sp2_packet_source *handing;  /* the source that hands packets over, in any case */
    sp2__steered *steered;       /* of that source; NULL: it does not share its port */
    uint64_t heaps_started;      /* since it took the lock */
    uint64_t packet_length;      /* of the latest heap that knew one; or 0 */
    uint64_t needed_said;        /* max_heaps_needed as it was last logged; or 0 */
    sp2__pause pause;
    bool ending; /* a stop item came, or a source has ended: so does the stream, at the end */
    sp2__assembler assembler;
    sp2__accounting accounting;
    sp2__loss_line loss;
    sp2_receive_stats stats;

    sp2__mutex sources_lock;
    sp2__condition detached;
    /* Under the sources lock; the list changes with the stream's lock held, too: */
    sp2_packet_source *sources;
    sp2__gone_sources gone;
    uint32_t source_numbers; /* given so far */
    uint32_t attached;       /* sources, and the page, that the loops may know of */
    sp2__page *page;         /* NULL: the stream is not published */

    sp2__mutex stats_lock;
    sp2_receive_stats published; /* under the stats lock: as of the end of the latest slice */
    sp2__custom_stats custom;    /* see there which lock is for what */
    sp2__refused refused;        /* changed under the stream's lock, too */
};

/* ---- for sources, in their slice ---- */

/* Takes the stream's lock and says whether packets may be handed over. A blocked stream whose sink
 * has room goes on. */
sp2__answer sp2__stream_enter(sp2_receive_stream *stream);

/* Hands over the packet at the start of the bytes, which has *size bytes, 0 if it was not used yet
 * (SP2__YIELD, SP2__PARKED). If there is none, nothing is counted and *size and *answer are left
 * alone. */
sp2__packet_fault sp2__stream_add_packet(sp2_receive_stream *stream, const uint8_t *bytes,
                                         uint64_t available, uint64_t *size, sp2__answer *answer);

/* Hands over a datagram, which must be exactly one packet; anything else is counted and logged. */
sp2__answer sp2__stream_add_datagram(sp2_receive_stream *stream, const uint8_t *bytes,
                                     uint64_t length);

/* Counts a datagram that was too large for the source, of which `length` bytes have come. */
void sp2__stream_add_truncated(sp2_receive_stream *stream, const uint8_t *bytes, uint64_t length,
                               uint64_t max_size);

/* Counts bytes that are not a packet, at `position` of a source that ends because of it. */
void sp2__stream_add_malformed(sp2_receive_stream *stream, const uint8_t *bytes, uint64_t length,
                               sp2__packet_fault fault, uint64_t position);

/* Counts bytes that are not a packet, at `position` of a connection that goes on with the next
 * one. */
void sp2__stream_add_lost(sp2_receive_stream *stream, const uint8_t *bytes, uint64_t length,
                          sp2__packet_fault fault, uint64_t position);

/* Counts units of packets, the largest of which had `packets`. */
void sp2__stream_count_batches(sp2_receive_stream *stream, uint64_t batches, uint64_t packets);

/* A source has ended, which ends the stream. */
void sp2__stream_end_source(sp2_receive_stream *stream);

/* Publishes the statistics and releases the lock; does what a stop asks for first. */
void sp2__stream_leave(sp2_receive_stream *stream);

/* The same for a source, which counts what it hands over in between as its own, too. It leaves a
 * blocked stream without publishing: it does that once it knows whether its slice goes on. */
sp2__answer sp2__source_enter(sp2_packet_source *source);
void sp2__source_leave(sp2_packet_source *source);

/* Whether senders are to be told to the assembler, with every message. */
static inline bool sp2__stream_wants_senders(const sp2_receive_stream *stream) {
    return stream->flags & (SP2_RECEIVE_RECORD_SENDERS | SP2_RECEIVE_SEPARATE_SENDERS);
}

/* Whether the stream is a forked child's copy, of which only the descriptors may be touched. */
static inline bool sp2__stream_is_inherited(const sp2_receive_stream *stream) {
    return sp2__is_inherited(stream->process);
}

/* ---- between the files of the stream, under its lock ---- */

/* A round of a member of those that share a port has ended: evicts heaps that it was for. */
void sp2__stream_end_round(sp2_receive_stream *stream, const sp2__steered *keeper);

/* Whether heaps that were pushed out wait for another one. */
bool sp2__stream_needs_round(sp2_receive_stream *stream, sp2__steered *keeper);

/* Gives a finished heap to the sink. */
void sp2__stream_deliver(sp2_receive_stream *stream, sp2_heap *heap);

/* Says what max_heaps would have sufficed, if it is too small and that has not been said. */
void sp2__stream_say_needed(sp2_receive_stream *stream, const char *until);

/* Counts what is missing of heaps that were evicted, as the stream ends. */
void sp2__stream_count_evicted(sp2_receive_stream *stream);

/* Messages that the kernel has dropped so far, of all sources that there ever were. Not with a
 * source's statistics lock. */
uint64_t sp2__stream_count_drops(sp2_receive_stream *stream);

/* Takes the statistics for the seconds of loss, which the stream has. */
void sp2__stream_take_second(sp2_receive_stream *stream, uint64_t second);

/* The same at the stream's end, if it has them. */
void sp2__stream_end_seconds(sp2_receive_stream *stream);

/* If the sink has room, or can make some, a blocked stream goes on. */
void sp2__stream_settle(sp2_receive_stream *stream);

/* The stream is closed: the sink gets no more heaps. */
void sp2__stream_end_sink(sp2_receive_stream *stream);

/* Gives the stream's lock back, and tells waiting consumers what was delivered under it. */
void sp2__stream_unlock(sp2_receive_stream *stream);

/* Makes the statistics visible. */
void sp2__stream_publish(sp2_receive_stream *stream);

/* ---- without the stream's lock ---- */

/* Closes all sources. Without any lock. */
void sp2__stream_close_sources(sp2_receive_stream *stream);

/* SP2_OK if a call that adds a source has a stream of this process and options; clears its handle.
 */
int32_t sp2__stream_check_call(const sp2_receive_stream *stream, const void *options,
                               sp2_packet_source **handle, const char *function);

/* SP2_OK if sources can be added: not after an explicit start. */
int32_t sp2__stream_check_open(sp2_receive_stream *stream, const char *function);

/* Adds a source to the list, and lets it begin when the stream's state allows it. Never fails. */
void sp2__stream_add_source(sp2_receive_stream *stream, sp2_packet_source *source);

/* A source that is being closed leaves the list, if it is in it; a batch that is under way has
 * ended. With the source's lock. */
void sp2__stream_unlist(sp2_receive_stream *stream, sp2_packet_source *source);

/* The stream must not be freed until each source that was attached has been detached. */
void sp2__stream_attached(sp2_receive_stream *stream);
void sp2__stream_detached(sp2_receive_stream *stream);

#endif
