/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_SEND_H
#define SPEAD2CORE_SEND_H

#include <stdint.h>

#include "descriptor.h"
#include "export.h"
#include "log.h"
#include "thread_pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Sending. Items are put into a heap; a stream cuts heaps into packets (SPEAD document, packets)
 * and hands these to its packet writers. udp.h has the writer for UDP, inproc.h one for queues in
 * this process, and here is one that calls a function for each packet.
 *
 *   sp2_send_stream *stream;
 *   sp2_send_heap *heap;
 *   const sp2_udp_destination destination = {"239.2.1.150", 7148, 0};
 *   sp2_udp_writer_options udp = SP2_UDP_WRITER_OPTIONS_INIT;
 *   udp.destinations = &destination;
 *   udp.destination_count = 1;
 *   if (sp2_send_stream_create(NULL, NULL, &stream) == SP2_OK &&
 *       sp2_send_stream_add_udp_writer(stream, &udp, NULL) == SP2_OK &&
 *       sp2_send_heap_create(NULL, &heap) == SP2_OK) {
 *       sp2_send_heap_add_item(heap, 0x3300, samples, sample_bytes, 0);
 *       const sp2_heap_reference one = {heap, SP2_HEAP_CNT_AUTOMATIC, 0, SP2_STREAM_RATE};
 *       sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, NULL, NULL);
 *       sp2_send_stream_flush(stream, -1);
 *       sp2_send_heap_destroy(heap);
 *   }
 *   sp2_send_stream_destroy(stream);
 */

/* ---- heaps ---- */

/*
 * A heap to send: items in the order in which they were added. It has no heap cnt, so it can be
 * sent any number of times, to any number of streams. Payload is not copied: what an item points to
 * must stay valid and unchanged from the send to its completion.
 */
typedef struct sp2_send_heap sp2_send_heap;

/* Flags of sp2_send_heap_options. */
typedef enum sp2_send_heap_flags {
    /* Every packet of the heap has all of its item pointers, so that a receiver knows the heap from
     * any of them. Its items must then fit one packet. By default each pointer is sent once. */
    SP2_SEND_REPEAT_POINTERS = 1,

    /* Dialects, at most one: each heap is one packet, which breaks a rule of SPEAD as these senders
     * do; dialect.h says how such packets are read. Header pointers, in order: */
    SP2_SEND_SKA_LOW_SPS = 2, /* HEAP_CNT, PAYLOAD_LENGTH; the immediates, but no pointer to
                                 payload */
    SP2_SEND_SKA_LOW_ANTENNA_BUFFER = 4, /* HEAP_CNT, PAYLOAD_LENGTH; the items */
    SP2_SEND_PYSPEAD = 8,                /* HEAP_CNT; the items; PAYLOAD_LENGTH unless it is 0 */
    SP2_SEND_DATAGRAM_IS_HEAP = 16 /* HEAP_CNT 0, HEAP_LENGTH of the packet's header and pointers
                                      (of a stream control heap 0), PAYLOAD_OFFSET 0,
                                      PAYLOAD_LENGTH; the items */
} sp2_send_heap_flags;

/* Default of sp2_send_heap_options.address_bits: SPEAD-64-40. */
#define SP2_SEND_DEFAULT_ADDRESS_BITS 40

/* Options of sp2_send_heap_create. A zero field means its default. */
typedef struct sp2_send_heap_options {
    uint32_t size;         /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;        /* sp2_send_heap_flags */
    uint32_t address_bits; /* flavour SPEAD-64-n: a multiple of 8 from 8 to 56; default 40 */
    uint32_t bug_compat;   /* sp2_bug_compat mask: how descriptors are written; default 0 */
} sp2_send_heap_options;

#define SP2_SEND_HEAP_OPTIONS_INIT SP2_SIZED_INIT(sp2_send_heap_options)

/* Flags of sp2_send_heap_add_item. */
typedef enum sp2_send_item_flags {
    /* A value of at most address_bits / 8 bytes becomes an immediate: it is copied into the item
     * pointer, right-aligned. */
    SP2_SEND_ALLOW_IMMEDIATE = 1
} sp2_send_item_flags;

/* Values of sp2_send_heap_add_control (SPEAD document, stream control). */
typedef enum sp2_stream_control {
    SP2_STREAM_CONTROL_START = 0,
    SP2_STREAM_CONTROL_STOP = 2
} sp2_stream_control;

/*
 * Makes a heap without items. `options` may be NULL for the defaults.
 *
 * Ownership: the caller's, until sp2_send_heap_destroy.
 * Threads:   any; a heap is changed by one thread at a time.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM. *heap is NULL on failure.
 */
SP2_API int32_t sp2_send_heap_create(const sp2_send_heap_options *options, sp2_send_heap **heap);

/*
 * Adds an item whose value is in its item pointer. `id` has 63 - address_bits bits, `value`
 * address_bits. The items 1 to 4 are the stream's, which writes them into every packet.
 *
 * Threads: any; a heap is changed by one thread at a time.
 * Returns: SP2_OK, SP2_E_ARG, SP2_E_NOMEM, SP2_E_STATE (the heap is being sent).
 */
SP2_API int32_t sp2_send_heap_add_immediate(sp2_send_heap *heap, uint64_t id, uint64_t value);

/*
 * Adds an item of `length` bytes; `flags` are sp2_send_item_flags. An item of no bytes is legal,
 * but no receiver sees it.
 *
 * Ownership: `data` is not copied (but for an immediate): it must stay valid and unchanged whenever
 *            the heap is sent, until that is completed.
 * Threads:   any; a heap is changed by one thread at a time.
 * Returns:   SP2_OK, SP2_E_ARG (also: the payload would not fit the flavour), SP2_E_NOMEM,
 *            SP2_E_STATE (the heap is being sent).
 */
SP2_API int32_t sp2_send_heap_add_item(sp2_send_heap *heap, uint64_t id, const void *data,
                                       uint64_t length, uint32_t flags);

/*
 * Adds a descriptor: what a receiver needs to know to read the values of the item `descriptor->id`.
 * With a NumPy header, `format` must be empty.
 *
 * Ownership: all of it is copied.
 * Threads:   any; a heap is changed by one thread at a time.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_NOMEM, SP2_E_STATE (the heap is being sent).
 */
SP2_API int32_t sp2_send_heap_add_descriptor(sp2_send_heap *heap, const sp2_descriptor *descriptor);

/*
 * Adds a stream control item, an sp2_stream_control: the start or the stop of the stream. A
 * receiver that gets a stop ends, and by default drops the heap, which should have no other item.
 *
 * Threads: any; a heap is changed by one thread at a time.
 * Returns: SP2_OK, SP2_E_ARG, SP2_E_NOMEM, SP2_E_STATE (the heap is being sent).
 */
SP2_API int32_t sp2_send_heap_add_control(sp2_send_heap *heap, int32_t control);

/*
 * Takes all items out.
 *
 * Threads: any; a heap is changed by one thread at a time.
 * Returns: SP2_OK, SP2_E_ARG, SP2_E_STATE (the heap is being sent).
 */
SP2_API int32_t sp2_send_heap_clear(sp2_send_heap *heap);

/*
 * Gives up the caller's reference. A heap that is being sent lives until that is completed, and the
 * memory of its items must, too. NULL is allowed and does nothing.
 *
 * Threads: any.
 */
SP2_API void sp2_send_heap_destroy(sp2_send_heap *heap);

/* ---- streams ---- */

/*
 * A send stream: cuts heaps into packets and hands them to its packet writers, on a thread of its
 * pool. Life of a stream: create, add writers, send, flush, destroy. Each destination of each
 * writer is a substream; they are numbered in the order in which the writers were added.
 */
typedef struct sp2_send_stream sp2_send_stream;

/* Defaults of sp2_send_stream_options. */
#define SP2_SEND_DEFAULT_MAX_HEAPS 4
#define SP2_SEND_DEFAULT_MAX_PACKET_SIZE 1472
#define SP2_SEND_DEFAULT_BURST_SIZE 65536

/* Least value of sp2_send_stream_options.max_packet_size: header, five item pointers, 8 bytes. */
#define SP2_SEND_LEAST_MAX_PACKET_SIZE 56

/* Largest value of sp2_send_stream_options.max_packet_size; writers may carry less. */
#define SP2_SEND_LARGEST_MAX_PACKET_SIZE 65535

/* Largest value of sp2_send_stream_options.max_heaps: their table is allocated at once. */
#define SP2_SEND_MAX_HEAPS 16777216

/* How packets within a burst are spaced. */
typedef enum sp2_pacing {
    SP2_PACING_BURSTS = 0, /* back to back up to burst_size: costs least */
    SP2_PACING_PACKETS = 1 /* a few packets at a time, which costs the stream's thread time: bursts
                              at line rate overflow buffers of switches */
} sp2_pacing;

/* Options of sp2_send_stream_create. A zero field means its default. */
typedef struct sp2_send_stream_options {
    uint32_t size;            /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;           /* none are defined: zero */
    uint64_t max_heaps;       /* heaps that wait to be sent or are being sent; default 4 */
    double rate;              /* bytes of packets per second, all substreams together; default 0: as
                                 fast as the writers take them */
    uint64_t burst_size;      /* bytes that may go out without a look at the clock; default 65536 */
    double burst_rate_ratio;  /* how much faster than `rate` a late stream catches up, at least 1;
                                 default 1.05 */
    uint32_t max_packet_size; /* largest packet in bytes, rounded down to a multiple of 8; default
                                 1472, at least 56, at most what each writer can carry */
    uint32_t pacing;          /* an sp2_pacing; needs a rate */
    sp2_log_fn log;           /* receives the stream's messages; default: standard error */
    void *log_context;        /* passed to `log` */
    uint32_t log_level;       /* an sp2_log_level; default SP2_LOG_WARNING */
    uint32_t reserved;        /* zero */
} sp2_send_stream_options;

#define SP2_SEND_STREAM_OPTIONS_INIT SP2_SIZED_INIT(sp2_send_stream_options)

/*
 * Makes a stream. `pool` may be NULL for a one-thread pool of its own. `options` may be NULL for
 * the defaults.
 *
 * Ownership: the caller's, until sp2_send_stream_destroy. The pool is kept running as long as the
 *            stream exists. `log` may be called until sp2_send_stream_destroy returns.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM, SP2_E_OS,
 *            SP2_E_FORKED (the pool). *stream is NULL on failure.
 */
SP2_API int32_t sp2_send_stream_create(sp2_thread_pool *pool,
                                       const sp2_send_stream_options *options,
                                       sp2_send_stream **stream);

/* sp2_heap_reference.cnt: the next one of the stream's sequence. */
#define SP2_HEAP_CNT_AUTOMATIC (-1)

/* sp2_heap_reference.rate: the stream's. */
#define SP2_STREAM_RATE (-1)

/* One sending of a heap. A list of them can be prepared once and sent again and again. */
typedef struct sp2_heap_reference {
    sp2_send_heap *heap;
    int64_t cnt;        /* heap cnt, or SP2_HEAP_CNT_AUTOMATIC; a cnt that is given does not advance
                           the sequence */
    uint64_t substream; /* which destination */
    double rate;        /* bytes per second of this heap; negative: the stream's; 0: unlimited */
} sp2_heap_reference;

/* In which order the packets of a group of heaps are sent. */
typedef enum sp2_group_mode {
    SP2_GROUP_ROUND_ROBIN = 0, /* one packet of each heap that is not finished, in turn */
    SP2_GROUP_SERIAL = 1       /* one heap after the other */
} sp2_group_mode;

/* What became of a group of heaps. */
typedef struct sp2_send_result {
    int32_t status;   /* SP2_OK if every packet was handed over; else why the first one was not */
    int32_t os_code;  /* the operating system's number behind it, or 0 */
    uint64_t bytes;   /* of the packets that were handed over, headers included */
    uint64_t packets; /* that were handed over */
    uint64_t failed;  /* packets that were not */
} sp2_send_result;

/*
 * Tells that a group was sent: its last packet was handed over to the writer (not: has arrived).
 * The payload memory of its heaps may be changed again.
 *
 * Threads: called from the stream's thread, without a lock, in the order in which groups were
 *          queued, once for each. It may call any function but sp2_send_stream_flush and
 *          sp2_send_stream_destroy; the group's places in the queue are free already.
 */
typedef void (*sp2_send_complete_fn)(void *context, const sp2_send_result *result);

/*
 * Queues `count` heaps as one group, all or none, with an sp2_group_mode. It does not wait.
 * `complete` may be NULL.
 *
 * Ownership: `heaps` is copied; the heaps are kept by the stream until `complete` is called, and so
 *            must be the memory of their items.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG (nothing in the group, a substream that does not exist, a cnt or a
 *            heap that does not fit), SP2_E_FULL (not so many heaps fit the queue now),
 *            SP2_E_STOPPED, SP2_E_FORKED. On failure nothing is queued, no heap cnt is used up, and
 *            `complete` is not called.
 */
SP2_API int32_t sp2_send_stream_send(sp2_send_stream *stream, const sp2_heap_reference *heaps,
                                     uint32_t count, int32_t mode, sp2_send_complete_fn complete,
                                     void *context);

/*
 * Sets the sequence of automatic heap cnts: `next`, then each time `step` more, modulo the
 * flavour's. A new stream has 1 and 1.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG (step is 0), SP2_E_FORKED.
 */
SP2_API int32_t sp2_send_stream_set_cnt_sequence(sp2_send_stream *stream, uint64_t next,
                                                 uint64_t step);

/*
 * Waits until every group that was queued before the call has been completed, at most for
 * `timeout_ns` (negative: without limit).
 *
 * Threads: any but a completion.
 * Returns: SP2_OK, SP2_E_ARG, SP2_E_TIMEOUT, SP2_E_FORKED.
 */
SP2_API int32_t sp2_send_stream_flush(sp2_send_stream *stream, int64_t timeout_ns);

/*
 * Stops the stream for good: what is queued is completed with SP2_E_STOPPED, on the stream's
 * thread. When it returns no further packet is sent, and every completion has been called, but for
 * those that are left when a completion calls it. Stopping a stopped stream does nothing.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_send_stream_stop(sp2_send_stream *stream);

/* Statistics of a send stream: one table gives names and order. */
#define SP2_SEND_STATS_MAP(X)                                                                      \
    X(heaps)            /* completed, whether all of their packets could be sent or not */         \
    X(groups)           /* completed */                                                            \
    X(packets)          /* handed over to a writer */                                              \
    X(bytes)            /* of these packets, SPEAD headers included */                             \
    X(packets_failed)   /* that a writer could not send */                                         \
    X(heaps_failed)     /* of groups of which a packet could not be sent */                        \
    X(heaps_refused)    /* not queued: the queue was full */                                       \
    X(writer_blocked)   /* times that a writer had no room and the stream waited for it */         \
    X(rate_waits)       /* times that the stream waited because of its rate */                     \
    X(rate_late_ns_max) /* the latest start of a burst after its time, in nanoseconds */           \
    X(heaps_queued)     /* in the queue now */

/* Statistics of one send stream. Set `size` with the INIT macro. */
typedef struct sp2_send_stats {
    uint32_t size;     /* bytes of this struct as the caller compiled it; always first */
    uint32_t reserved; /* zero */
#define SP2_SEND_STATS_FIELD(name) uint64_t name;
    SP2_SEND_STATS_MAP(SP2_SEND_STATS_FIELD)
#undef SP2_SEND_STATS_FIELD
} sp2_send_stats;

#define SP2_SEND_STATS_INIT SP2_SIZED_INIT(sp2_send_stats)

/*
 * Fills `stats` with a consistent copy, as many bytes of it as both the caller and the library
 * know.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG, SP2_E_FORKED.
 */
SP2_API int32_t sp2_send_stream_get_stats(sp2_send_stream *stream, sp2_send_stats *stats);

/*
 * Waits until what is queued has been sent (sp2_send_stream_stop before it drops that instead), and
 * frees the stream. No other call on the stream may be running or follow. NULL is allowed and does
 * nothing.
 *
 * Threads: any but a thread of a pool (a completion).
 */
SP2_API void sp2_send_stream_destroy(sp2_send_stream *stream);

/* ---- packet writers ---- */

/*
 * Receives one packet of `length` bytes, which are valid during the call. Returns 0, or an error
 * number that its group is completed with (as os_code, with SP2_E_OS).
 *
 * Threads: called from the stream's thread, one packet at a time, without a lock.
 */
typedef int32_t (*sp2_packet_fn)(void *context, uint64_t substream, const void *packet,
                                 uint64_t length);

/* Options of sp2_send_stream_add_function_writer. */
typedef struct sp2_function_writer_options {
    uint32_t size;        /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;       /* none are defined: zero */
    sp2_packet_fn packet; /* must not be NULL */
    void *context;        /* passed to `packet` */
    uint64_t substreams;  /* how many substreams it serves; default 1 */
} sp2_function_writer_options;

#define SP2_FUNCTION_WRITER_OPTIONS_INIT SP2_SIZED_INIT(sp2_function_writer_options)

/*
 * Adds a writer that calls a function for each packet: for files, for other networks, for tests.
 * *first_substream, if that is not NULL, is the number of the first of its substreams, and 0 on
 * failure.
 *
 * Threads: any; before the first heap is sent.
 * Returns: SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM, SP2_E_FORKED, SP2_E_STATE (a heap was
 *          sent, or the stream was stopped).
 */
SP2_API int32_t sp2_send_stream_add_function_writer(sp2_send_stream *stream,
                                                    const sp2_function_writer_options *options,
                                                    uint64_t *first_substream);

#ifdef __cplusplus
}
#endif

#endif
