/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_RECEIVE_H
#define SPEAD2CORE_RECEIVE_H

#include <stdint.h>

#include "allocator.h"
#include "export.h"
#include "heap.h"
#include "log.h"
#include "packet.h"
#include "thread_pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A receive stream (spead2: spead2.recv.Stream): packets with the same heap cnt belong to
 * the same heap, wherever they come from. Life of a stream: create, add packet sources (source.h),
 * pop heaps, stop, destroy. Heaps that were popped stay valid after all of that, until they are
 * released.
 */
typedef struct sp2_receive_stream sp2_receive_stream;

/* Defaults of sp2_receive_options. */
#define SP2_RECEIVE_DEFAULT_MAX_HEAPS 4
#define SP2_RECEIVE_DEFAULT_RING_HEAPS 4
#define SP2_RECEIVE_DEFAULT_SUBSTREAMS 1
#define SP2_RECEIVE_DEFAULT_MAX_HEAP_SIZE 1073741824
#define SP2_RECEIVE_DEFAULT_MAX_UNSIZED_GAP 16777216

/* Largest max_heaps * substreams, and largest ring_heaps: their tables are allocated at once. */
#define SP2_RECEIVE_MAX_SLOTS 16777216

/* Largest cnt_step. */
#define SP2_RECEIVE_MAX_CNT_STEP 36028797018963967

/* Smallest and largest count_item and set_item: the items of senders. */
#define SP2_RECEIVE_MIN_COUNT_ITEM 7
#define SP2_RECEIVE_MAX_COUNT_ITEM 36028797018963967

/* How far heaps may be out of order before a heap that was passed over counts as missing. */
#define SP2_RECEIVE_REORDER_HEAPS 256

/* Most sequences of heaps that a stream accounts for: one of a substream, or of it and a packet
 * source, a value of set_item, or both. */
#define SP2_RECEIVE_MAX_SEQUENCES 16384

/* Evicted heaps that a stream remembers, to see whether more of them comes (max_heaps_needed). */
#define SP2_RECEIVE_EVICTED_HEAPS 1024

/* Most distinct item pointers, and most received ranges, that one heap may have. A packet that
 * would bring more is not used and counts as too_large: no sender needs this many, and memory
 * stays bounded whatever the network sends. A packet whose payload lies next to what was received,
 * or whose item pointers are known, brings none. */
#define SP2_RECEIVE_MAX_HEAP_PARTS 1048576

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
    /* Incomplete heaps keep their payload. By default its memory is released at once. */
    SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD = 32,
    /* Packet sources are prepared when they are added, but receive nothing before
     * sp2_receive_stream_start. By default they begin at once. */
    SP2_RECEIVE_EXPLICIT_START = 64,
    /* For tests: heap cnts are looked up without the secret of this process, so that search_dist is
     * the same in every run. Who can send to such a stream can choose heap cnts that make packets
     * slow. */
    SP2_RECEIVE_UNKEYED_SEARCH = 128,
    /* Heaps that never arrived are counted, by their cnts, and what was lost is known second by
     * second (statistics.h). By default neither is. */
    SP2_RECEIVE_ACCOUNT_HEAPS = 256,
    /* The same for the heaps of each packet source by themselves: for senders whose cnts have
     * nothing to do with each other. */
    SP2_RECEIVE_ACCOUNT_BY_SOURCE = 512,
    /* Heaps know who sent their first packet, and those with packets of several senders are flagged
     * (SP2_HEAP_MIXED) and counted (heaps_mixed). A sender is an address and a UDP port, whichever
     * socket it sends to; packets in memory have none. The kernel takes its time to tell each. */
    SP2_RECEIVE_RECORD_SENDERS = 1024,
    /* The same, and packets of different senders never become part of the same heap. Heaps of all
     * senders share max_heaps. */
    SP2_RECEIVE_SEPARATE_SENDERS = 2048
} sp2_receive_flags;

/* How the payload of packets is copied into their heap. */
typedef enum sp2_memcpy_method {
    SP2_MEMCPY_DEFAULT = 0,     /* SP2_MEMCPY_AUTO */
    SP2_MEMCPY_STD = 1,         /* memcpy: the heap is in the caches when the consumer gets it */
    SP2_MEMCPY_NONTEMPORAL = 2, /* streaming stores: faster for heaps that are larger than the
                                   caches, or that nobody reads soon; where the processor has no
                                   such stores it is memcpy */
    SP2_MEMCPY_AUTO = 3         /* one of these two for each heap: streaming stores if its memory is
                                   not in the caches any more (docs/tuning.md) */
} sp2_memcpy_method;

/* How a custom statistic is brought up to date. */
typedef enum sp2_stat_mode {
    SP2_STAT_COUNTER = 0, /* values are added */
    SP2_STAT_MAXIMUM = 1  /* the largest value counts */
} sp2_stat_mode;

/* A user-supplied statistic. */
typedef struct sp2_custom_stat {
    const char *name;  /* not empty, and no other statistic's name; copied */
    uint32_t mode;     /* an sp2_stat_mode */
    uint32_t reserved; /* zero */
} sp2_custom_stat;

/* Most custom statistics of a stream. */
#define SP2_RECEIVE_MAX_CUSTOM_STATS 65536

/* sp2_receive_options.spin_ns: a blocking pop sleeps at once. */
#define SP2_NEVER_SPIN (-1)

/* Default of sp2_receive_options.spin_ns. */
#define SP2_RECEIVE_DEFAULT_SPIN_NS 100000

/* sp2_receive_options.long_pause_ns: no pause is too long. */
#define SP2_NEVER_LONG (-1)

/* Default of sp2_receive_options.long_pause_ns. */
#define SP2_RECEIVE_DEFAULT_LONG_PAUSE_NS 1000000000

/* Bug-compatibility mask: how descriptors of old senders are to be read (SPEAD flavours). */
typedef enum sp2_bug_compat {
    SP2_BUG_COMPAT_DESCRIPTOR_WIDTHS = 1, /* fixed field widths in descriptors */
    SP2_BUG_COMPAT_SHAPE_BIT_1 = 2,       /* the variable-dimension flag is bit 1, not bit 0 */
    SP2_BUG_COMPAT_SWAP_ENDIAN = 4,       /* the byte order of NumPy headers is inverted */
    SP2_BUG_COMPAT_PYSPEAD_0_5_2 = 7      /* all of these */
} sp2_bug_compat;

/*
 * Takes one finished heap. At the end of the stream it is called once more, with `heap` NULL. While
 * it runs, the source that completed the heap is not read, and others only until some more heaps
 * wait for it.
 *
 * Ownership: the heap is the callee's, until sp2_heap_release.
 * Threads:   called from worker threads, or from a thread inside sp2_receive_stream_stop or
 *            sp2_receive_stream_destroy; one call at a time, without any lock held. It may call
 *            any function of the stream but sp2_receive_stream_destroy.
 */
typedef void (*sp2_heap_fn)(void *context, sp2_heap *heap);

/* Options of sp2_receive_stream_create. A zero field means its default. */
typedef struct sp2_receive_options {
    uint32_t size;          /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;         /* sp2_receive_flags */
    uint64_t max_heaps;     /* heaps under assembly per substream; default 4. A heap is pushed out
                               when this many newer heaps of its substream have started */
    uint64_t ring_heaps;    /* finished heaps that wait for the consumer; default 4. When they are
                               more, sources pause until half of the ring is free */
    uint64_t substreams;    /* heap cnt modulo this is the substream; default 1 */
    uint64_t max_heap_size; /* largest heap in bytes; default 1 GiB. Packets of larger heaps are
                               not used and count as too_large */
    uint32_t bug_compat;    /* sp2_bug_compat mask; default 0 */
    uint32_t log_level;     /* an sp2_log_level; default SP2_LOG_WARNING */
    sp2_log_fn log;         /* receives the stream's messages; default: standard error */
    void *log_context;      /* passed to `log` */
    const sp2_custom_stat *custom_stats; /* copied */
    uint32_t custom_stat_count;          /* entries of `custom_stats`; default 0 */
    uint32_t reserved;                   /* zero */
    int64_t spin_ns; /* how long a blocking pop looks for a heap before it sleeps, in nanoseconds;
                        default 100,000 (waking costs the worker thread a system call);
                        SP2_NEVER_SPIN sleeps at once */
    sp2_heap_fn on_heap;      /* takes every finished heap instead of the ring; functions that pop
                                 then return SP2_E_STATE; default: heaps go to the ring */
    void *on_heap_context;    /* passed to `on_heap` */
    uint64_t max_unsized_gap; /* a packet without HEAP_LENGTH must not begin more bytes than this
                                 behind the last byte that its heap has, or else it is not used
                                 and counts as too_large; default 16 MiB */
    uint64_t cnt_step; /* with accounting: how far the cnts of neighbouring heaps of a substream are
                          apart, at most SP2_RECEIVE_MAX_CNT_STEP; default 0: learned */
    int64_t long_pause_ns; /* how long sockets may pause as the ring is full, in nanoseconds, until
                              a warning says so; default 1,000,000,000. With SP2_NEVER_LONG there
                              is a warning only when the kernel has dropped messages in a pause, or
                              within a second after it, which there always is */
    uint64_t count_item;   /* with accounting: identifier of an item whose immediate value takes the
                              place of the cnt, for example a timestamp; cnt_step is its step then;
                              default 0: the cnt */
    uint64_t set_item;     /* with accounting: identifier of an item of which each immediate value,
                              for example the number of an antenna, has a sequence of its own; default
                              0: none */
    const struct sp2_chunk_options *chunks; /* makes the stream a member of a chunk group (chunk.h);
                                               not with `on_heap`; default: none. Then ring_heaps,
                                               spin_ns, max_unsized_gap, the flags about unsized and
                                               incomplete heaps and an allocator have no effect */
} sp2_receive_options;

#define SP2_RECEIVE_OPTIONS_INIT SP2_SIZED_INIT(sp2_receive_options)

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
 * Lets the packet sources of a stream with SP2_RECEIVE_EXPLICIT_START receive, all at the same
 * time. Without that flag, and the second time, it does nothing. After it no source can be added to
 * such a stream (SP2_E_STATE).
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_receive_stream_start(sp2_receive_stream *stream);

/*
 * Sets where the payloads of heaps that begin from now on live (set_memory_allocator). NULL means
 * the default memory (memory.h). Heaps under assembly stay where they are.
 *
 * Ownership: the stream holds the allocator until it is replaced or the stream is destroyed.
 * Threads:   any, also while the stream receives.
 * Returns:   SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_receive_stream_set_memory_allocator(sp2_receive_stream *stream,
                                                        sp2_allocator *allocator);

/*
 * Sets how heaps that begin from now on are copied (set_memcpy): an sp2_memcpy_method. It takes the
 * place of a copy function.
 *
 * Threads: any, also while the stream receives.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_receive_stream_set_memcpy(sp2_receive_stream *stream, int32_t method);

/*
 * Copies the payload of one accepted packet into its heap, whose payload begins at `heap`: normally
 * packet->payload_length bytes to heap + packet->payload_offset, all of which is allocated. It may
 * put the bytes in any order within the heap's length; in a heap without a length only where the
 * packet's payload belongs, as nothing else moves along when such a heap grows.
 *
 * Threads: called from worker threads with the stream's lock held: it must not call functions of
 * this library on the same stream.
 */
typedef void (*sp2_copy_fn)(void *context, uint8_t *heap, const sp2_packet_header *packet);

/*
 * Sets a function that copies packets from now on. NULL goes back to the default method. When this
 * function has returned, a copy function that it replaced is not running and will not be called any
 * more.
 *
 * Ownership: `context` must stay valid until it is replaced or the stream is destroyed.
 * Threads:   any but from a callback of the stream, also while the stream receives.
 * Returns:   SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_receive_stream_set_copy_function(sp2_receive_stream *stream, sp2_copy_fn copy,
                                                     void *context);

/*
 * Says whether a stop item stops the stream (stop_on_stop_item), which is so unless it was made
 * with SP2_RECEIVE_IGNORE_STOP_ITEM. It counts for packets that arrive from now on.
 *
 * Threads: any, also while the stream receives.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_receive_stream_set_stop_on_stop_item(sp2_receive_stream *stream, int32_t stop);

/*
 * Tells whether a stop item stops the stream.
 *
 * Threads: any, also while the stream receives.
 * Returns: SP2_OK, SP2_E_ARG. *stop is 0 or 1, and 0 on failure.
 */
SP2_API int32_t sp2_receive_stream_get_stop_on_stop_item(sp2_receive_stream *stream, int32_t *stop);

/*
 * Gives a handle for event loops of other libraries (fd): a file descriptor, on Windows the handle
 * of an event. It is readable (signalled) while a heap waits or the stream has stopped, then for
 * ever; so poll it level-triggered, and pop until SP2_E_EMPTY. Do not read from it or close it.
 *
 * Ownership: the stream's, valid until sp2_receive_stream_destroy.
 * Threads:   any. Every call gives the same handle.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_OS. *handle is -1 on failure.
 */
SP2_API int32_t sp2_receive_stream_get_fd(sp2_receive_stream *stream, int64_t *handle);

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
 * heap for sp2_receive_options.spin_ns before it sleeps.
 *
 * Ownership: each heap is the caller's until sp2_heap_release, also after the stream is destroyed.
 * Threads:   any; safe against sp2_receive_stream_stop, which ends the waiting.
 * Returns:   SP2_OK (*count >= 1), SP2_E_TIMEOUT, SP2_E_STOPPED, SP2_E_ARG. *count is 0 on failure.
 */
SP2_API int32_t sp2_receive_stream_pop_wait(sp2_receive_stream *stream, sp2_heap **heaps,
                                            uint32_t capacity, int64_t timeout_ns, uint32_t *count);

/*
 * Tells how many heaps are in the ring: what one sp2_receive_stream_pop with room for them all
 * would take at this moment. Heaps that wait for room in the ring are not among them.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG. *count is 0 on failure.
 */
SP2_API int32_t sp2_receive_stream_get_heap_count(sp2_receive_stream *stream, uint64_t *count);

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
 * Stops the stream for good and closes its sockets (stop). Heaps that were finished before can
 * still be popped; those under assembly are dropped. When it returns no packet source touches the
 * stream any more. Stopping a stopped stream does nothing, nor does it in a forked child
 * (spead2core.h).
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_receive_stream_stop(sp2_receive_stream *stream);

/*
 * Stops the stream if need be and frees it, with the heaps that nobody has popped. No other call
 * on the stream may be running or follow. NULL is allowed and does nothing. In a forked child it
 * closes the copies of the stream's descriptors and nothing else.
 *
 * Threads: any but a thread of a pool (a callback).
 */
SP2_API void sp2_receive_stream_destroy(sp2_receive_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
