/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_RECEIVE_H
#define SPEAD2CORE_RECEIVE_H

#include <stdint.h>

#include "export.h"
#include "heap.h"
#include "log.h"
#include "thread_pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A receive stream (receiving.txt: spead2.recv.Stream): packets with the same heap cnt belong to
 * the same heap, wherever they come from. Life of a stream: create, add readers, pop heaps, stop,
 * destroy. Heaps that were popped stay valid after all of that, until they are released.
 */
typedef struct sp2_receive_stream sp2_receive_stream;

/* Defaults of sp2_receive_options. */
#define SP2_RECEIVE_DEFAULT_MAX_HEAPS 4
#define SP2_RECEIVE_DEFAULT_RING_HEAPS 4
#define SP2_RECEIVE_DEFAULT_SUBSTREAMS 1
#define SP2_RECEIVE_DEFAULT_MAX_HEAP_SIZE 1073741824

/* Largest max_heaps * substreams, and largest ring_heaps: their tables are allocated at once. */
#define SP2_RECEIVE_MAX_SLOTS 16777216

/* Most distinct item pointers, and most received ranges, that one heap may have. A packet that
 * would bring more is not used and counts as too_large: no sender needs this many, and memory
 * stays bounded whatever the network sends. */
#define SP2_RECEIVE_MAX_HEAP_PARTS 1048576

/* Defaults of sp2_udp_options. */
#define SP2_UDP_DEFAULT_MAX_SIZE 9200
#define SP2_UDP_DEFAULT_BUFFER_SIZE 67108864

/* sp2_udp_options.buffer_size: leave the socket buffer as the operating system makes it. */
#define SP2_UDP_BUFFER_SIZE_OS UINT64_MAX

/* Largest sp2_udp_options.max_size: the most that a UDP datagram can carry. */
#define SP2_UDP_LARGEST_DATAGRAM 65535

/* Flags of sp2_receive_options. */
typedef enum sp2_receive_flags {
    /* Packets of a heap must arrive in order; others are not used. By default any order will do. */
    SP2_RECEIVE_IN_ORDER = 1,
    /* Packets without HEAP_LENGTH are not used. By default such heaps are assembled, too, and
     * delivered when newer heaps push them out or the stream stops. */
    SP2_RECEIVE_NO_UNSIZED_HEAPS = 2,
    /* A stop item does not stop the stream (stop_on_stop_item = False): its heap is delivered. */
    SP2_RECEIVE_IGNORE_STOP_ITEM = 4,
    /* Incomplete heaps are delivered (contiguous_only = False). By default they are dropped with a
     * warning. */
    SP2_RECEIVE_DELIVER_INCOMPLETE = 8,
    /* Incomplete heaps know their received ranges (incomplete_keep_payload_ranges). */
    SP2_RECEIVE_KEEP_RANGES = 16,
    /* Incomplete heaps keep their payload. By default its memory is given back at once. */
    SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD = 32
} sp2_receive_flags;

/* Bug-compatibility mask: how descriptors of old senders are to be read (SPEAD flavours). */
typedef enum sp2_bug_compat {
    SP2_BUG_COMPAT_DESCRIPTOR_WIDTHS = 1, /* fixed field widths in descriptors */
    SP2_BUG_COMPAT_SHAPE_BIT_1 = 2,       /* the variable-dimension flag is bit 1, not bit 0 */
    SP2_BUG_COMPAT_SWAP_ENDIAN = 4,       /* the byte order of NumPy headers is inverted */
    SP2_BUG_COMPAT_PYSPEAD_0_5_2 = 7      /* all of these */
} sp2_bug_compat;

/* Options of sp2_receive_stream_create. A zero field means its default. */
typedef struct sp2_receive_options {
    uint32_t size;          /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;         /* sp2_receive_flags */
    uint64_t max_heaps;     /* heaps under assembly per substream; default 4. A heap is pushed out
                               when this many newer heaps of its substream have started */
    uint64_t ring_heaps;    /* finished heaps that wait for the consumer; default 4. When they are
                               more, readers pause until half of the ring is free */
    uint64_t substreams;    /* heap cnt modulo this is the substream; default 1 */
    uint64_t max_heap_size; /* largest heap in bytes; default 1 GiB. Packets of larger heaps are
                               not used and count as too_large */
    uint32_t bug_compat;    /* sp2_bug_compat mask; default 0 */
    uint32_t log_level;     /* an sp2_log_level; default SP2_LOG_WARNING */
    sp2_log_fn log;         /* receives the stream's messages; default: standard error */
    void *log_context;      /* passed to `log` */
} sp2_receive_options;

#define SP2_RECEIVE_OPTIONS_INIT SP2_SIZED_INIT(sp2_receive_options)

/* One datagram: exactly one packet. */
typedef struct sp2_datagram {
    const void *data;
    uint64_t length; /* bytes at `data` */
} sp2_datagram;

/* Options of sp2_receive_stream_add_udp_reader. A zero field means its default. */
typedef struct sp2_udp_options {
    uint32_t size;         /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;        /* none are defined: zero */
    const char *bind_host; /* host name or address to bind to, UTF-8; the first address that it
                              resolves to is used, and joined on the interface that the system
                              chooses if it is a multicast group; default: every address of this
                              host (IPv4) */
    uint32_t port;         /* UDP port; 0 lets the operating system choose one */
    uint32_t max_size;     /* largest packet in bytes; larger ones count as truncated; default
                              9200, at most SP2_UDP_LARGEST_DATAGRAM */
    uint64_t buffer_size;  /* bytes of kernel socket buffer to ask for; default 64 MiB.
                              SP2_UDP_BUFFER_SIZE_OS asks for nothing. If the system grants less
                              there is a warning that says how to allow more; for the default
                              only if it grants less than 8 MiB */
} sp2_udp_options;

#define SP2_UDP_OPTIONS_INIT SP2_SIZED_INIT(sp2_udp_options)

/*
 * Statistics of a stream: one table gives names and order. The first nine have receiving.txt's
 * meaning; the others explain every packet and heap that was not used:
 *   packets == packets_accepted + all of rejected_*, too_large, allocation_failed
 * and a packet that is counted as malformed, size_mismatch, truncated, empty or kernel_drops never
 * got as far as `packets`.
 */
#define SP2_RECEIVE_STATS_MAP(X)                                                                   \
    X(heaps) /* heaps put into the stream, complete, evicted and flushed ones */                   \
    X(incomplete_heaps_evicted) /* pushed out by newer heaps */                                    \
    X(incomplete_heaps_flushed) /* still under assembly when the stream stopped */                 \
    X(packets)                  /* packets that reached the assembly, used or not */               \
    X(batches)                  /* times that a reader delivered packets as a unit */              \
    X(max_batch)                /* most packets in one such unit */                                \
    X(single_packet_heaps)      /* packets that are a heap of their own */                         \
    X(search_dist)              /* hash table entries looked at; a debugging aid */                \
    X(worker_blocked)           /* times that a finished heap found the ring full */               \
    X(packets_accepted)         /* packets that became part of a heap */                           \
    X(payload_bytes)            /* payload bytes of those packets */                               \
    X(rejected_unsized)         /* no HEAP_LENGTH, and unsized heaps are not allowed */            \
    X(rejected_length)          /* HEAP_LENGTH contradicts what is known of the heap */            \
    X(rejected_flavour)         /* another flavour than the heap's first packet */                 \
    X(rejected_order)           /* in-order mode: not the next packet of its heap */               \
    X(rejected_duplicate)       /* its payload has been received already */                        \
    X(rejected_overlap)         /* part of its payload has been received already */                \
    X(too_large)                /* heap larger than max_heap_size, or of too many parts */         \
    X(allocation_failed)        /* no memory for the heap */                                       \
    X(malformed)                /* bytes that are not a SPEAD packet */                            \
    X(size_mismatch)            /* datagram longer than the packet in it */                        \
    X(truncated)                /* datagram larger than max_size */                                \
    X(empty)                    /* datagram without a byte */                                      \
    X(kernel_drops)             /* dropped by the kernel, mostly because its buffer was full */    \
    X(stop_heaps)               /* heaps with a stop item, which end the stream unseen */          \
    X(incomplete_heaps_dropped) /* incomplete heaps not delivered (contiguous_only) */             \
    X(heaps_dropped_at_stop)    /* heaps under assembly when the user stopped the stream */

/* Statistics of one stream. Set `size` with the INIT macro. */
typedef struct sp2_receive_stats {
    uint32_t size;     /* bytes of this struct as the caller compiled it; always first */
    uint32_t reserved; /* zero */
#define SP2_RECEIVE_STATS_FIELD(name) uint64_t name;
    SP2_RECEIVE_STATS_MAP(SP2_RECEIVE_STATS_FIELD)
#undef SP2_RECEIVE_STATS_FIELD
} sp2_receive_stats;

#define SP2_RECEIVE_STATS_INIT SP2_SIZED_INIT(sp2_receive_stats)

/*
 * Tells that sp2_receive_stream_request_ready's condition holds.
 *
 * Threads: called from a worker thread, or from a thread inside another call on the stream, without
 * any lock held; it may call any function of the stream but sp2_receive_stream_destroy.
 */
typedef void (*sp2_ready_fn)(void *context);

/*
 * Makes a stream. `pool` may be NULL for a one-thread pool of its own. `options` may be NULL for
 * the defaults.
 *
 * Ownership: the caller's, until sp2_receive_stream_destroy. The pool is kept running as long as
 *            the stream exists. `log` may be called until sp2_receive_stream_destroy returns.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM, SP2_E_OS. *stream is NULL on failure.
 */
SP2_API int32_t sp2_receive_stream_create(sp2_thread_pool *pool, const sp2_receive_options *options,
                                          sp2_receive_stream **stream);

/*
 * Feeds the stream from memory: packets back to back (add_buffer_reader). The first bytes that are
 * not a packet end the reading, and the stream stops as it does at a stop item: heaps under
 * assembly are flushed. Nothing is lost when the ring is full: reading waits for the consumer.
 * The whole buffer is one batch.
 *
 * Ownership: `data` is not copied; it must stay valid and unchanged until
 *            sp2_receive_stream_destroy returns.
 * Threads:   any. A reader added to a stopped stream does nothing.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_NOMEM.
 */
SP2_API int32_t sp2_receive_stream_add_buffer_reader(sp2_receive_stream *stream, const void *data,
                                                     uint64_t length);

/*
 * Feeds the stream from a list of datagrams in memory, as if they had come one by one from a
 * network that loses nothing. Each is one batch. At the end of the list the stream stops as it
 * does at a stop item.
 *
 * Ownership: neither the list nor the bytes are copied; they must stay valid and unchanged until
 *            sp2_receive_stream_destroy returns.
 * Threads:   any. A reader added to a stopped stream does nothing.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_NOMEM.
 */
SP2_API int32_t sp2_receive_stream_add_datagram_reader(sp2_receive_stream *stream,
                                                       const sp2_datagram *datagrams,
                                                       uint64_t count);

/*
 * Feeds the stream from a UDP socket (add_udp_reader). While the ring is full the packets wait in
 * the kernel's socket buffer; what does not fit there is lost and counts as kernel_drops. A batch
 * is what one system call delivers.
 *
 * `port`, if not NULL, receives the port that the socket is bound to.
 *
 * Threads: any. A reader added to a stopped stream does nothing, and *port is 0.
 * Returns: SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM, SP2_E_ADDRESS (the host name does not
 *          resolve), SP2_E_OS (for example the port is in use), SP2_E_UNSUPPORTED (no UDP in this
 *          build). *port is 0 on failure.
 */
SP2_API int32_t sp2_receive_stream_add_udp_reader(sp2_receive_stream *stream,
                                                  const sp2_udp_options *options, uint32_t *port);

/*
 * Takes up to `capacity` finished heaps without waiting (get_nowait).
 *
 * Ownership: each heap is the caller's until sp2_heap_release, also after the stream is destroyed.
 * Threads:   any; safe against sp2_receive_stream_stop. Every heap goes to one caller.
 * Returns:   SP2_OK (*count >= 1), SP2_E_EMPTY, SP2_E_STOPPED, SP2_E_ARG. *count is 0 on failure.
 */
SP2_API int32_t sp2_receive_stream_pop(sp2_receive_stream *stream, sp2_heap **heaps,
                                       uint32_t capacity, uint32_t *count);

/*
 * Like sp2_receive_stream_pop, but waits for the first heap (get), at most `timeout_ns`
 * nanoseconds; a negative timeout waits until there is a heap or the stream stops. It looks for a
 * heap for about 100 microseconds before it sleeps.
 *
 * Ownership: each heap is the caller's until sp2_heap_release, also after the stream is destroyed.
 * Threads:   any; safe against sp2_receive_stream_stop, which ends the waiting.
 * Returns:   SP2_OK (*count >= 1), SP2_E_TIMEOUT, SP2_E_STOPPED, SP2_E_ARG. *count is 0 on failure.
 */
SP2_API int32_t sp2_receive_stream_pop_wait(sp2_receive_stream *stream, sp2_heap **heaps,
                                            uint32_t capacity, int64_t timeout_ns, uint32_t *count);

/*
 * Sets the function that sp2_receive_stream_request_ready makes the stream call. NULL takes it
 * away; when this function has returned, a function that it replaced is not running and will not
 * be called any more (unless this is called from within it).
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_receive_stream_set_ready_callback(sp2_receive_stream *stream,
                                                      sp2_ready_fn ready, void *context);

/*
 * Asks for one call of the ready callback, as soon as a heap is waiting or the stream has stopped.
 * If that is so already, the answer is SP2_OK (a heap waits) or SP2_E_STOPPED and nothing will be
 * called; otherwise it is SP2_E_EMPTY and the callback will be called once. To wait without
 * blocking: pop; if that is empty, request; if that is empty, too, wait for the callback.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_EMPTY, SP2_E_STOPPED, SP2_E_ARG.
 */
SP2_API int32_t sp2_receive_stream_request_ready(sp2_receive_stream *stream);

/*
 * Fills `stats` with a consistent copy, as many bytes of it as both the caller and the library
 * know. Never waits for the consumer or for a reader.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_receive_stream_get_stats(sp2_receive_stream *stream, sp2_receive_stats *stats);

/*
 * Stops the stream for good and closes its sockets (stop). Heaps that were finished before can
 * still be popped; those under assembly are dropped. When it returns no reader touches the stream
 * any more. Stopping a stopped stream does nothing.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_receive_stream_stop(sp2_receive_stream *stream);

/*
 * Stops the stream if need be and frees it, with the heaps that nobody has popped. No other call
 * on the stream may be running or follow. NULL is allowed and does nothing.
 *
 * Threads: any but a thread of a pool (a callback).
 */
SP2_API void sp2_receive_stream_destroy(sp2_receive_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
