/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_HEAP_H
#define SPEAD2CORE_HEAP_H

#include <stdint.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A received heap (spead2: spead2.recv.Heap and IncompleteHeap). It never changes, so any
 * number of threads may read it; exactly one of them must release it, once.
 */
typedef struct sp2_heap sp2_heap;

/* Value of sp2_heap_info.heap_length where no packet said how long the heap is. */
#define SP2_HEAP_LENGTH_UNKNOWN (-1)

/* Flags of sp2_heap_info. */
typedef enum sp2_heap_flags {
    /* The length is known and all of it has arrived. */
    SP2_HEAP_COMPLETE = 1,
    /* Everything that is known to belong to the heap has arrived; every complete heap has this,
     * too. A heap without HEAP_LENGTH can be contiguous only. A heap without this flag is an
     * incomplete heap. */
    SP2_HEAP_CONTIGUOUS = 2,
    /* A stream control item says start of stream (is_start_of_stream). */
    SP2_HEAP_START_OF_STREAM = 4,
    /* A stream control item says stop (is_end_of_stream). */
    SP2_HEAP_END_OF_STREAM = 8,
    /* Packets of several senders became part of the heap. Only where the stream records senders. */
    SP2_HEAP_MIXED = 16,
    /* Two packets gave one item different immediate values: perhaps two senders use the same heap
     * cnt. A packet's new item pointers are compared with the first SP2_HEAP_POINTERS_COMPARED of
     * the packets before; identifiers up to 6 may have several values. */
    SP2_HEAP_CONTRADICTORY = 32
} sp2_heap_flags;

/* Item pointers of a heap that those of later packets are compared with. */
#define SP2_HEAP_POINTERS_COMPARED 64

/* What a heap is. Set `size` with the INIT macro. */
typedef struct sp2_heap_info {
    uint32_t size;            /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;           /* sp2_heap_flags */
    uint64_t cnt;             /* heap identifier (HEAP_CNT) */
    int64_t heap_length;      /* announced payload bytes; SP2_HEAP_LENGTH_UNKNOWN if not */
    uint64_t received_length; /* payload bytes that arrived */
    const uint8_t *payload;   /* payload_length bytes; NULL if there are none, or if the heap is
                                 incomplete and its payload was not asked for */
    uint64_t payload_length;  /* bytes at `payload`; of an incomplete heap up to the last byte
                                 received: bytes outside its ranges have no defined value */
    uint64_t item_count;      /* entries that sp2_heap_get_items gives */
    uint64_t range_count;     /* entries that sp2_heap_get_ranges gives */
    uint32_t address_bits;    /* flavour: heap address bits of the packets, for example 40 or 48 */
    uint32_t bug_compat;      /* flavour: SP2_BUG_COMPAT_* mask of the stream */
    uint32_t sender_port;     /* UDP port of who sent the heap's first packet */
    uint32_t sender_length;   /* of its address: 4 for IPv4, 16 for IPv6; 0: the stream does not
                                 record senders, or the packet came from memory */
    uint8_t sender_address[16]; /* in network byte order; the rest is zero */
} sp2_heap_info;

#define SP2_HEAP_INFO_INIT SP2_SIZED_INIT(sp2_heap_info)

/* Flags of sp2_item. */
typedef enum sp2_item_flags {
    SP2_ITEM_IMMEDIATE = 1 /* the value is in the item pointer itself */
} sp2_item_flags;

/*
 * One raw item of a heap: an identifier and bytes that nobody has interpreted yet. Items in
 * address mode come first, by rising address; then the immediates, by rising value. Empty items
 * and NULL items do not appear; descriptors (id 5) and stream control items (id 6) do.
 */
typedef struct sp2_item {
    uint64_t id;         /* item identifier; it has 63 - address_bits bits */
    const uint8_t *data; /* `length` bytes; of an immediate, its address_bits / 8 bytes as sent */
    uint64_t length;     /* bytes at `data` */
    uint64_t value;      /* immediate: the value; else the byte offset in the heap's payload */
    uint64_t wire;       /* the item pointer as it was sent, in network byte order */
    uint32_t flags;      /* sp2_item_flags */
    uint32_t reserved;   /* zero */
} sp2_item;

/* A range of heap offsets [start, end) that was received. */
typedef struct sp2_range {
    uint64_t start;
    uint64_t end;
} sp2_range;

/*
 * Fills `info`, as many bytes of it as both the caller and the library know.
 *
 * Ownership: info->payload belongs to the heap, valid until sp2_heap_release.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_heap_get_info(const sp2_heap *heap, sp2_heap_info *info);

/*
 * Gives the raw items of a heap; of an incomplete heap, its immediates.
 *
 * Ownership: *items and the bytes it points to belong to the heap, valid until sp2_heap_release.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG. *items is NULL and *count 0 on failure or where there are none.
 */
SP2_API int32_t sp2_heap_get_items(const sp2_heap *heap, const sp2_item **items, uint64_t *count);

/*
 * Gives the ranges of an incomplete heap that were received, in order, disjoint; empty unless the
 * stream was made with SP2_RECEIVE_KEEP_RANGES, and for heaps that are not incomplete. A packet
 * without payload that lies in a gap appears as an empty range, perhaps behind payload_length.
 *
 * Ownership: *ranges belongs to the heap, valid until sp2_heap_release.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG. *ranges is NULL and *count 0 on failure or where there are none.
 */
SP2_API int32_t sp2_heap_get_ranges(const sp2_heap *heap, const sp2_range **ranges,
                                    uint64_t *count);

/*
 * Gives a heap and its memory back. NULL is allowed and does nothing. The stream that the heap
 * came from need not exist any more.
 *
 * Threads: any.
 */
SP2_API void sp2_heap_release(sp2_heap *heap);

#ifdef __cplusplus
}
#endif

#endif
