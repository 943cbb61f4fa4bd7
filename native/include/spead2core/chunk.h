/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_CHUNK_H
#define SPEAD2CORE_CHUNK_H

#include <stdint.h>

#include "allocator.h"
#include "export.h"
#include "receive.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Chunks (spead2: chunked receive streams): the payload of many heaps is copied straight into large
 * arrays, each heap to a place that its item pointers say. What a consumer takes is a chunk, not a
 * heap.
 *
 * A chunk group owns the sequence of chunks, whose identifiers strictly rise. Receive streams made
 * with sp2_receive_options.chunks are its members: they place their heaps into the group's chunks.
 * A group of one member is what spead2 calls a chunk stream.
 *
 *   sp2_chunk_group *group;
 *   sp2_chunk_group_create(NULL, &group);
 *   for (int i = 0; i < 4; i++) {
 *       sp2_chunk_memory memory = SP2_CHUNK_MEMORY_INIT;
 *       memory.data_size = 1 << 24;
 *       memory.present_size = 256;
 *       sp2_chunk *chunk;
 *       sp2_chunk_create(&memory, &chunk);
 *       sp2_chunk_group_add_free(group, chunk);
 *   }
 *   sp2_chunk_options chunks = SP2_CHUNK_OPTIONS_INIT;
 *   chunks.group = group;
 *   chunks.layout = &layout;
 *   sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
 *   options.chunks = &chunks;
 *   sp2_receive_stream_create(NULL, &options, &stream);
 *   ... add packet sources ...
 *   while (sp2_chunk_group_pop_wait(group, -1, &chunk) == SP2_OK) {
 *       ... sp2_chunk_get_info ...
 *       sp2_chunk_release(chunk);
 *   }
 *   sp2_receive_stream_destroy(stream);
 *   sp2_chunk_group_destroy(group);
 *
 * The window. The group has the chunks of at most max_chunks neighbouring identifiers, [head,
 * tail), under assembly; both are 0 at first. A heap of a chunk below the head, or below its
 * member's own head, is too old. A heap of a chunk k at the tail or above moves the window: up to k
 * each identifier gets a chunk, perhaps one that no heap ever comes for, and the chunks below k -
 * max_chunks + 1 leave the window, in order, for the consumer. If k is so far ahead that all chunks
 * leave, the window starts again at k - max_chunks + 1: identifiers between are skipped. So the
 * first heap, of chunk k, begins the chunks max(0, k - max_chunks + 1) to k. A member's own head
 * rises in the same way, by its own max_chunks.
 *
 * Full. A chunk that is to leave the window needs room in the data ring (ring_chunks), and one that
 * begins needs a free chunk. If there is none the stream is blocked, as it is when the ring of
 * heaps is full (receive.h): the packet is not used yet, all sources of the stream pause, and they
 * go on when a consumer has taken a chunk, or a free one has come. That is counted in
 * worker_blocked.
 *
 * Several members. By default the window moves as soon as any member needs a newer chunk; what the
 * others still bring for the older ones is too old. With SP2_CHUNK_GROUP_LOSSLESS it moves past a
 * chunk only when each member's own head has: members that are ahead are blocked until then. A
 * member that has ended holds up nobody, and one that has handed over no packet for
 * member_timeout_ns while another waits for it does not either, until its next packet. A consumer
 * gets a chunk when no member is inside a slice that may still write to it.
 *
 * A member delivers chunks and nothing else: its heaps' descriptors and other items are not kept,
 * and functions that pop heaps return SP2_E_STATE. Heaps without HEAP_LENGTH are not used
 * (SP2_RECEIVE_NO_UNSIZED_HEAPS). The stream's allocator is not used; its memcpy method or copy
 * function is. Heaps of length 0 have no place; nor has one whose first packet has a stop item,
 * where these stop the stream. A heap that is not placed, for whatever reason, is assembled and
 * counted as others are, but its payload goes nowhere. So does what still comes of a heap when its
 * chunk has left either window; if it is completed then it is too old. A heap that leaves the
 * assembly incomplete leaves its data in the chunk, without presence.
 */

/* Memory for the payload of many heaps, their presence, and extra data. It has one owner at a time:
 * who has made or popped it, or a group. */
typedef struct sp2_chunk sp2_chunk;

/* The window of chunks, the rings of free and of finished chunks. */
typedef struct sp2_chunk_group sp2_chunk_group;

/* Value of sp2_chunk_info.id of a chunk that is in no sequence yet. */
#define SP2_CHUNK_NO_ID (-1)

/*
 * Frees user-supplied memory of a chunk: the last use of it.
 *
 * Threads: any that destroys the chunk; never with a lock held.
 */
typedef void (*sp2_chunk_free_fn)(void *context, void *data, void *present, void *extra);

/* Memory of a chunk, for sp2_chunk_create. Set `size` with the INIT macro. */
typedef struct sp2_chunk_memory {
    uint32_t size;            /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;           /* none are defined: zero */
    uint64_t data_size;       /* bytes of payload; at least 1 */
    uint64_t present_size;    /* entries of presence, a byte each; at least 1 */
    uint64_t extra_size;      /* bytes of extra data; may be 0 */
    sp2_allocator *allocator; /* where what is not user-supplied lives; NULL: pages from the
                                 operating system. Not needed any more when the function returns */
    void *data;    /* user-supplied memory of data_size bytes (for example shared), or NULL:
                      it is allocated, at a multiple of 64 where the allocator allows that */
    void *present; /* the same of present_size bytes */
    void *extra;   /* the same of extra_size bytes */
    sp2_chunk_free_fn free; /* called once when the chunk is destroyed; may be NULL */
    void *context;          /* passed to `free` */
} sp2_chunk_memory;

#define SP2_CHUNK_MEMORY_INIT SP2_SIZED_INIT(sp2_chunk_memory)

/* What a chunk is. Set `size` with the INIT macro. */
typedef struct sp2_chunk_info {
    uint32_t size;      /* bytes of this struct as the caller compiled it; always first */
    uint32_t reserved;  /* zero */
    int64_t id;         /* its number in the group's sequence, or SP2_CHUNK_NO_ID */
    uint64_t stream_id; /* sp2_chunk_options.stream_id of the member that began the chunk: of
                           several, whichever needed it first */
    uint8_t *data;      /* data_size bytes; those of heaps that did not come have no defined
                           value */
    uint64_t data_size;
    uint8_t *present; /* present_size bytes, each 1 (it came) or 0 */
    uint64_t present_size;
    uint64_t present_count; /* entries of `present` that are not 0, as of when it left the window */
    uint8_t *extra;         /* extra_size bytes; NULL if that is 0 */
    uint64_t extra_size;
    uint64_t ids_skipped; /* identifiers between that of the chunk before in the sequence and this
                             one that no chunk ever had; of the first chunk 0 */
} sp2_chunk_info;

#define SP2_CHUNK_INFO_INIT SP2_SIZED_INIT(sp2_chunk_info)

/* Flags of sp2_chunk_group_options. */
typedef enum sp2_chunk_group_flags {
    /* The window waits for each member (spead2: eviction mode LOSSLESS). */
    SP2_CHUNK_GROUP_LOSSLESS = 1
} sp2_chunk_group_flags;

/* Defaults of sp2_chunk_group_options. */
#define SP2_CHUNK_DEFAULT_MAX_CHUNKS 2
#define SP2_CHUNK_DEFAULT_MEMBERS 1
#define SP2_CHUNK_DEFAULT_MEMBER_TIMEOUT_NS 1000000000

/* Largest max_chunks, and largest members. */
#define SP2_CHUNK_MAX_CHUNKS 65536
#define SP2_CHUNK_MAX_MEMBERS 65536

/* sp2_chunk_group_options.member_timeout_ns: members are waited for without limit. */
#define SP2_CHUNK_NO_TIMEOUT (-1)

/* Options of sp2_chunk_group_create. A zero field means its default. */
typedef struct sp2_chunk_group_options {
    uint32_t size;        /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;       /* sp2_chunk_group_flags */
    uint64_t max_chunks;  /* chunks of the window; default 2 */
    uint64_t ring_chunks; /* chunks that have left the window and wait for the consumer; default: as
                             many as there are. At the end of the group the ring takes the whole
                             window, however full it is */
    uint64_t members;     /* receive streams that will be made for the group; default 1. The group
                             ends when so many have been made and have ended */
    int64_t member_timeout_ns; /* SP2_CHUNK_GROUP_LOSSLESS: how long the window waits for a member
                                  that hands over no packet, in nanoseconds; default 1,000,000,000;
                                  SP2_CHUNK_NO_TIMEOUT: without limit */
} sp2_chunk_group_options;

#define SP2_CHUNK_GROUP_OPTIONS_INIT SP2_SIZED_INIT(sp2_chunk_group_options)

/*
 * What a place function is told of a heap, and what it answers: 80 bytes, the same as spead2's, so
 * that functions compiled for that (numba, scipy.LowLevelCallable) can be used. Fields are only
 * ever appended. Valid during the call only.
 */
typedef struct sp2_chunk_place {
    const uint8_t *packet; /* in: the heap's first packet that was accepted */
    uint64_t packet_size;  /* in: bytes of it, header and item pointers included */
    const int64_t *items;  /* in: for each of sp2_chunk_options.items the immediate value that the
                              packet gives it, the last one if there are several, and of items 1
                              to 4 what the source's dialect makes of the packet; -1: none. NULL if
                              no items are configured */
    int64_t chunk_id;      /* out: the chunk; preset -1. Negative: the heap is thrown away */
    uint64_t heap_index;   /* out: its entry in the chunk's presence; preset 0 */
    uint64_t heap_offset;  /* out: byte of the chunk's data where its payload begins; preset 0 */
    uint64_t *batch_stats; /* as sp2_packet_header.custom_stats */
    uint8_t *extra;        /* in: room for max_heap_extra bytes, at a multiple of 16; NULL if that
                              is 0 */
    uint64_t extra_offset; /* out: byte of the chunk's extra data that they are copied to; preset
                              0 */
    uint64_t extra_size;   /* out: how many of them; preset 0 */
} sp2_chunk_place;

/*
 * Says where a heap belongs. `size` is sizeof(sp2_chunk_place) as the library knows it. It is
 * called once for each heap with payload, on the first of its packets that is accepted; once more
 * only if the heap had to wait for its chunk and another source of the stream has come in between.
 * On all systems of this library a function without the last parameter will do.
 *
 * Threads: called from worker threads with the stream's lock held: it must not call functions of
 * this library on the same stream or group.
 */
typedef void (*sp2_chunk_place_fn)(sp2_chunk_place *place, uint64_t size, void *context);

/*
 * One axis of a layout: an item whose immediate value says where along it a heap lies. The value
 * `first` has the index 0, each `step` more is the next index; a value in between, or outside of
 * the `count` indices, belongs nowhere.
 */
typedef struct sp2_chunk_axis {
    uint64_t item;           /* identifier: 1 is HEAP_CNT, 2 HEAP_LENGTH */
    uint64_t first;          /* value of index 0 */
    uint64_t step;           /* between the values of neighbours; 0: 1 */
    uint64_t count;          /* indices; at least 1 */
    const uint64_t *values;  /* instead of `first` and `step`: the value of each index, all
                                different; NULL: none */
    uint64_t data_stride;    /* bytes of the chunk's data from one index to the next */
    uint64_t present_stride; /* entries of presence from one index to the next */
} sp2_chunk_axis;

/* Flags of sp2_chunk_layout. */
typedef enum sp2_chunk_layout_flags {
    /* The first axis' `first` is the origin. Without it that is the first value that any member of
     * the group gets, rounded down to a multiple of a chunk, and `first` is not looked at. */
    SP2_CHUNK_LAYOUT_ORIGIN = 1
} sp2_chunk_layout_flags;

/* Most axes of a layout, and most values of an axis. */
#define SP2_CHUNK_MAX_AXES 8
#define SP2_CHUNK_MAX_VALUES 1048576

/*
 * Where heaps belong, as data instead of a function. The first axis is time: it goes on from chunk
 * to chunk, so that a value's distance from the origin, in steps, divided by `count` is the chunk,
 * and the remainder the index in it; it has no `values`. A heap begins in the chunk's data at the
 * sum over all axes of index * data_stride, and its presence at that of index * present_stride.
 * Heaps by cnt alone: one axis, of item 1.
 *
 * A value before the origin is too old. A heap that lacks one of the items, or has a value with no
 * index, is rejected. Set `size` with the INIT macro.
 */
typedef struct sp2_chunk_layout {
    uint32_t size;              /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;             /* sp2_chunk_layout_flags */
    uint64_t heap_length;       /* of each heap; others are rejected; 0: any */
    const sp2_chunk_axis *axes; /* axis_count of them; copied, their values, too */
    uint32_t axis_count;        /* from 1 to SP2_CHUNK_MAX_AXES */
    uint32_t reserved;          /* zero */
} sp2_chunk_layout;

#define SP2_CHUNK_LAYOUT_INIT SP2_SIZED_INIT(sp2_chunk_layout)

/* Most entries of sp2_chunk_options.items, and most max_heap_extra. */
#define SP2_CHUNK_MAX_ITEMS 1024
#define SP2_CHUNK_MAX_HEAP_EXTRA 65536

/* What makes a receive stream a member of a group, for sp2_receive_options.chunks. Set `size` with
 * the INIT macro. */
typedef struct sp2_chunk_options {
    uint32_t size;            /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;           /* none are defined: zero */
    sp2_chunk_group *group;   /* must not be NULL */
    uint64_t stream_id;       /* for sp2_chunk_info.stream_id; default 0 */
    uint64_t max_chunks;      /* chunks of the member's own window, at most the group's; default: as
                                 many as the group has */
    const uint64_t *items;    /* identifiers for sp2_chunk_place.items; may be 1 to 4; copied */
    uint64_t item_count;      /* entries of `items`; at most SP2_CHUNK_MAX_ITEMS */
    sp2_chunk_place_fn place; /* either this */
    void *place_context;      /* passed to `place` */
    const sp2_chunk_layout *layout; /* or this must not be NULL; copied */
    uint64_t max_heap_extra;        /* room for sp2_chunk_place.extra; at most
                                       SP2_CHUNK_MAX_HEAP_EXTRA; default 0 */
    uint64_t packet_presence_size;  /* presence is of packets with so many bytes of payload, not of
                                       heaps: a packet's entry is heap_index + payload_offset /
                                       packet_presence_size; default 0: of complete heaps */
} sp2_chunk_options;

#define SP2_CHUNK_OPTIONS_INIT SP2_SIZED_INIT(sp2_chunk_options)

/* How a group ends that its user stops. */
typedef enum sp2_chunk_stop_mode {
    SP2_CHUNK_STOP_DRAIN = 0, /* the chunks of the window go to the consumer */
    SP2_CHUNK_STOP_DROP = 1   /* they become free chunks, and count as chunks_dropped */
} sp2_chunk_stop_mode;

/* The largest sp2_chunk_stop_mode. */
#define SP2_CHUNK_STOP_LAST 1

/* Statistics of a group. Those of a member's heaps (too_old_heaps, rejected_heaps and others) are
 * its stream's (statistics.h). Set `size` with the INIT macro. */
typedef struct sp2_chunk_group_stats {
    uint32_t size;           /* bytes of this struct as the caller compiled it; always first */
    uint32_t reserved;       /* zero */
    uint64_t chunks_emitted; /* chunks that left the window for the consumer */
    uint64_t chunks_dropped; /* chunks that were in the window when SP2_CHUNK_STOP_DROP ended it */
    uint64_t ids_skipped;    /* identifiers that no chunk ever had, as the window started again
                                further ahead; before the first chunk none counts */
    uint64_t waits_for_room; /* times that a member found the data ring full */
    uint64_t waits_for_free; /* times that a member found no free chunk */
    uint64_t waits_for_members; /* times that a member was ahead of another one */
    uint64_t member_timeouts;   /* times that a silent member was not waited for any more */
    uint64_t free_chunks;       /* chunks that wait to be used, at this moment */
    uint64_t ready_chunks;      /* chunks in the data ring, at this moment */
} sp2_chunk_group_stats;

#define SP2_CHUNK_GROUP_STATS_INIT SP2_SIZED_INIT(sp2_chunk_group_stats)

/*
 * Makes a chunk. User-supplied memory is not touched by this function; what it allocates is zero.
 *
 * Ownership: the caller's, until sp2_chunk_group_add_free, sp2_chunk_release or sp2_chunk_destroy.
 *            User-supplied memory must stay valid until `free` is called, which is not called when
 *            this function fails.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM. *chunk is NULL on failure.
 */
SP2_API int32_t sp2_chunk_create(const sp2_chunk_memory *memory, sp2_chunk **chunk);

/*
 * Fills `info`, as many bytes of it as both the caller and the library know.
 *
 * Ownership: the memory it points to is the chunk's. Its owner may change the data, presence and
 *            extra data of a chunk that it has popped, or not added yet.
 * Threads:   any, as long as the caller owns the chunk.
 * Returns:   SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_chunk_get_info(const sp2_chunk *chunk, sp2_chunk_info *info);

/*
 * Is done with a chunk that was popped: it becomes a free chunk of the group that it came from, as
 * by sp2_chunk_group_add_free. If that has ended, or the chunk came from none, it is destroyed.
 * NULL is allowed and does nothing. The group need not exist any more.
 *
 * Threads: any but from a place function; streams that waited for a free chunk go on.
 */
SP2_API void sp2_chunk_release(sp2_chunk *chunk);

/*
 * Frees a chunk and its memory instead of releasing it. NULL is allowed and does nothing.
 *
 * Threads: any.
 */
SP2_API void sp2_chunk_destroy(sp2_chunk *chunk);

/*
 * Makes a group. `options` may be NULL for the defaults.
 *
 * Ownership: the caller's, until sp2_chunk_group_destroy. Its members, and chunks that were popped,
 *            keep it alive.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM. *group is NULL on failure.
 */
SP2_API int32_t sp2_chunk_group_create(const sp2_chunk_group_options *options,
                                       sp2_chunk_group **group);

/*
 * Adds a free chunk; its presence is set to 0. There should be at least the window's, one for the
 * consumer, and those of a full data ring.
 *
 * Ownership: the group's, until it is popped; the caller's as before on failure.
 * Threads:   any but from a place function, at any time; streams that waited for a free chunk go
 *            on.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_FORKED.
 */
SP2_API int32_t sp2_chunk_group_add_free(sp2_chunk_group *group, sp2_chunk *chunk);

/*
 * Takes the next finished chunk without waiting.
 *
 * Ownership: the chunk is the caller's, until sp2_chunk_release, sp2_chunk_group_add_free or
 *            sp2_chunk_destroy.
 * Threads:   any but from a place function. Every chunk goes to one caller. Streams that waited for
 *            room in the data ring go on.
 * Returns:   SP2_OK, SP2_E_EMPTY, SP2_E_STOPPED (the group has ended, and its last chunk was
 *            taken), SP2_E_ARG, SP2_E_FORKED. *chunk is NULL on failure.
 */
SP2_API int32_t sp2_chunk_group_pop(sp2_chunk_group *group, sp2_chunk **chunk);

/*
 * Like sp2_chunk_group_pop, but waits for a chunk, at most `timeout_ns` nanoseconds; a negative
 * timeout waits until there is one or the group ends.
 *
 * Ownership: as sp2_chunk_group_pop.
 * Threads:   as sp2_chunk_group_pop.
 * Returns:   SP2_OK, SP2_E_TIMEOUT, SP2_E_STOPPED, SP2_E_ARG, SP2_E_FORKED. *chunk is NULL on
 *            failure.
 */
SP2_API int32_t sp2_chunk_group_pop_wait(sp2_chunk_group *group, int64_t timeout_ns,
                                         sp2_chunk **chunk);

/*
 * Sets the function that sp2_chunk_group_request_ready makes the group call. NULL takes it away;
 * when this function has returned, a function that it replaced is not running and will not be
 * called any more (unless this is called from within it). It is called without any lock held, from
 * a worker thread of a member or a thread inside another call on the group or a member, and may
 * call any function but those that destroy the group or a member.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG, SP2_E_FORKED.
 */
SP2_API int32_t sp2_chunk_group_set_ready_callback(sp2_chunk_group *group, sp2_ready_fn ready,
                                                   void *context);

/*
 * Asks for one call of the ready callback, as soon as a chunk can be popped or the group has ended.
 * If that is so already, the answer is SP2_OK (a chunk waits) or SP2_E_STOPPED and nothing will be
 * called; otherwise it is SP2_E_EMPTY and the callback will be called once.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_EMPTY, SP2_E_STOPPED, SP2_E_ARG, SP2_E_FORKED.
 */
SP2_API int32_t sp2_chunk_group_request_ready(sp2_chunk_group *group);

/*
 * Fills `stats` with a consistent copy, as many bytes of it as both the caller and the library
 * know.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG, SP2_E_FORKED.
 */
SP2_API int32_t sp2_chunk_group_get_stats(sp2_chunk_group *group, sp2_chunk_group_stats *stats);

/*
 * Ends a group before its members end: no heap is placed any more, and when the chunks that are
 * left have been taken popping gives SP2_E_STOPPED. `mode`, an sp2_chunk_stop_mode, says what
 * becomes of the chunks in the window; those in the data ring can still be popped. Members' streams
 * stop as at a stop item, at their next slice at the latest. Stopping a group that has ended does
 * nothing, nor does it in a forked child.
 *
 * A group ends by itself when its last member has ended, by a stop item, the end of its sources or
 * sp2_receive_stream_stop: as with SP2_CHUNK_STOP_DRAIN.
 *
 * Threads: any but from a place function.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_chunk_group_stop(sp2_chunk_group *group, int32_t mode);

/*
 * Stops the group with SP2_CHUNK_STOP_DROP if need be, and gives up the caller's reference. Chunks
 * that nobody has popped are destroyed, those that a member is just writing to with the last
 * reference. NULL is allowed and does nothing.
 *
 * Threads: any but from a place function.
 */
SP2_API void sp2_chunk_group_destroy(sp2_chunk_group *group);

#ifdef __cplusplus
}
#endif

#endif
