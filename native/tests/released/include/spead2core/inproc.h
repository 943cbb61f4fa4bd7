/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_INPROC_H
#define SPEAD2CORE_INPROC_H

#include <stdint.h>

#include "dialect.h"
#include "export.h"
#include "receive.h"
#include "send.h"
#include "source.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A queue of packets between streams of one process: send streams write to it, a receive stream
 * reads from it, and nothing is lost. Packets are copied into the queue; each is read as one
 * datagram and one batch. Several send streams may write to a queue, one source at a time reads
 * from it.
 *
 *   sp2_inproc_queue *queue;
 *   sp2_inproc_queue_create(NULL, &queue);
 *   sp2_inproc_writer_options writer = SP2_INPROC_WRITER_OPTIONS_INIT;
 *   writer.queues = &queue;
 *   writer.queue_count = 1;
 *   sp2_send_stream_add_inproc_writer(sender, &writer, NULL);
 *   sp2_inproc_source_options source = SP2_INPROC_SOURCE_OPTIONS_INIT;
 *   source.queue = queue;
 *   sp2_receive_stream_add_inproc_source(receiver, &source, NULL);
 *   sp2_inproc_queue_destroy(queue);
 */
typedef struct sp2_inproc_queue sp2_inproc_queue;

/* Default of sp2_inproc_queue_options.max_bytes. */
#define SP2_INPROC_DEFAULT_MAX_BYTES 4194304

/* sp2_inproc_queue_options.max_bytes: as many as there is memory for. */
#define SP2_INPROC_UNBOUNDED UINT64_MAX

/* Largest packet of sp2_inproc_queue_add_packet. */
#define SP2_INPROC_MAX_PACKET 1073741824

/* Options of sp2_inproc_queue_create. A zero field means its default. */
typedef struct sp2_inproc_queue_options {
    uint32_t size;      /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;     /* none are defined: zero */
    uint64_t max_bytes; /* of the packets in it, each with 16 to 31 bytes more; writers wait for
                           room. An empty queue takes any packet; default 4194304;
                           SP2_INPROC_UNBOUNDED: no limit */
} sp2_inproc_queue_options;

#define SP2_INPROC_QUEUE_OPTIONS_INIT SP2_SIZED_INIT(sp2_inproc_queue_options)

/*
 * Makes a queue. `options` may be NULL for the defaults.
 *
 * Ownership: the caller's, until sp2_inproc_queue_destroy.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM. *queue is NULL on failure.
 */
SP2_API int32_t sp2_inproc_queue_create(const sp2_inproc_queue_options *options,
                                        sp2_inproc_queue **queue);

/*
 * Adds a packet that no send stream has made. It does not wait for room. A packet of no bytes
 * arrives as an empty datagram.
 *
 * Ownership: the bytes are copied.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG (also: larger than SP2_INPROC_MAX_PACKET), SP2_E_NOMEM, SP2_E_FULL
 *            (it does not fit max_bytes now), SP2_E_STOPPED, SP2_E_FORKED.
 */
SP2_API int32_t sp2_inproc_queue_add_packet(sp2_inproc_queue *queue, const void *packet,
                                            uint64_t length);

/*
 * Stops the queue for good: nothing is added any more. Heaps whose packets come too late, or wait
 * for room, are completed with SP2_E_STOPPED. The source reads what is in the queue, and then its
 * stream stops as it does at a stop item. A queue is also stopped when the stream that reads from
 * it stops. Stopping a stopped queue does nothing.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_inproc_queue_stop(sp2_inproc_queue *queue);

/*
 * Gives up the caller's reference. Streams keep a queue alive as long as they use it, and it goes
 * on: stop it before to end them. NULL is allowed and does nothing.
 *
 * Threads: any.
 */
SP2_API void sp2_inproc_queue_destroy(sp2_inproc_queue *queue);

/* Options of sp2_send_stream_add_inproc_writer. */
typedef struct sp2_inproc_writer_options {
    uint32_t size;        /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;       /* none are defined: zero */
    uint32_t queue_count; /* entries of `queues`, at least 1 */
    uint32_t reserved;    /* zero */
    sp2_inproc_queue *const *queues; /* where the packets go: each is one substream */
} sp2_inproc_writer_options;

#define SP2_INPROC_WRITER_OPTIONS_INIT SP2_SIZED_INIT(sp2_inproc_writer_options)

/*
 * Adds a writer that puts the packets into queues. While a queue is full the stream waits; that is
 * counted as writer_blocked. *first_substream, if that is not NULL, is the number of the first of
 * its substreams, and 0 on failure.
 *
 * Ownership: the list is copied; the stream keeps the queues until it is destroyed. Destroying the
 *            stream waits until what is queued fits: stop the stream or the queue where nobody
 *            reads.
 * Threads:   any; before the first heap is sent.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM, SP2_E_FORKED, SP2_E_STATE (a heap was
 *            sent, or the stream was stopped).
 */
SP2_API int32_t sp2_send_stream_add_inproc_writer(sp2_send_stream *stream,
                                                  const sp2_inproc_writer_options *options,
                                                  uint64_t *first_substream);

/* Options of sp2_receive_stream_add_inproc_source. A zero field means its default. */
typedef struct sp2_inproc_source_options {
    uint32_t size;              /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;             /* none are defined: zero */
    sp2_inproc_queue *queue;    /* must not be NULL */
    const sp2_dialect *dialect; /* how packets are read; copied; default: by the rules */
} sp2_inproc_source_options;

#define SP2_INPROC_SOURCE_OPTIONS_INIT SP2_SIZED_INIT(sp2_inproc_source_options)

/*
 * Feeds the stream from a queue. Nothing is lost when the ring is full: the queue fills up, and its
 * writers wait. When the stream stops, for whatever reason, so does the queue. When the source is
 * removed from the stream the queue goes on, and another source may read from it.
 *
 * `source`, if not NULL, receives a handle of the source, which sp2_packet_source_release gives up.
 *
 * Ownership: the source keeps the queue until it is closed.
 * Threads:   any. A source added to a stopped stream has ended.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM, SP2_E_FORKED, SP2_E_STATE (another
 *            source reads from the queue; see also sp2_receive_stream_start). *source is NULL on
 *            failure.
 */
SP2_API int32_t sp2_receive_stream_add_inproc_source(sp2_receive_stream *stream,
                                                     const sp2_inproc_source_options *options,
                                                     sp2_packet_source **source);

#ifdef __cplusplus
}
#endif

#endif
