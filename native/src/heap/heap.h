/* SPDX-License-Identifier: MIT */
#ifndef SP2_HEAP_HEAP_H
#define SP2_HEAP_HEAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/address.h"
#include "base/checked.h"
#include "base/compiler.h"
#include "heap/descriptor.h"
#include "heap/pointers.h"
#include "heap/ranges.h"
#include "memory/allocator.h"
#include "memory/copy.h"
#include "memory/recycler.h"
#include "packet/packet.h"
#include "packet/wire.h"
#include "spead2core/heap.h"

/* Most item pointers of a packet, but for the special ones, for sp2__heap_take_next to take one
 * that repeats them: two cache lines of them, and more than a heap of the field's senders has. */
#define SP2__MOST_REPEATED 16

#define SP2__NO_NEXT UINT64_MAX

/*
 * How the next packet of a heap begins if it has what most packets have: the header of the one
 * before, the special four, in order, or those without HEAP_LENGTH, the other item pointers of the
 * one before, and payload. `prefix` is SP2__NO_NEXT where this is not to be expected.
 */
typedef struct sp2__next_packet {
    uint64_t header; /* these three as they stand in the packet */
    uint64_t cnt_pointer;
    uint64_t heap_length_pointer; /* or again that before it, if the packet has none */
    uint64_t payload_offset_pointer; /* these two as numbers, with the value 0 */
    uint64_t payload_length_pointer;
    uint64_t special; /* where the pointer of the offset stands */
    uint64_t prefix;  /* bytes before the payload */
} sp2__next_packet;

/* What has not arrived of a heap. */
typedef struct sp2__missing {
    uint64_t packets; /* gap by gap, where a packet has so much payload */
    uint64_t bytes;
} sp2__missing;

/*
 * A heap, from its first packet to its release. While it is assembled ("live") one thread at a time
 * changes it, under its stream's lock; then it is finished, waits in the ring, and is frozen when a
 * consumer takes it.
 */
#define SP2__NO_SLOT UINT32_MAX

struct sp2_heap {
    /* What every packet needs, down to `next`: two cache lines. */
    uint64_t cnt;
    uint64_t heap_length; /* or SP2__LENGTH_UNKNOWN */
    uint64_t received_length;
    uint64_t min_length; /* smallest length that the heap can have, by all that is known */
    uint8_t *payload;
    uint64_t step_end; /* in-order packets up to here need nothing but their copy */
    uint32_t address_bits;
    uint32_t packet_length; /* largest payload of a packet but the first and the last; or 0 */
    bool in_order;          /* the rule that its packets obeyed */
    bool has_packets;       /* a packet was accepted, perhaps without payload */
    bool out_of_order;      /* `ranges` says what was received; else it is [0, received_length) */
    bool stop_item_seen;    /* an immediate stream control item says stop */
    bool nontemporal;       /* payload is copied by non-temporal stores */
    uint32_t flags;         /* sp2_heap_flags; of a live heap the last two only */
    uint32_t slot;          /* the assembler's: index of the slot it lives in, or SP2__NO_SLOT */
    uint32_t fed_by; /* the stream's: number of the source that its latest packet came from */
    sp2__next_packet next_packet;
    sp2_heap *next; /* the assembler's bucket, later the stream's list of waiting heaps */
    uint32_t bug_compat;
    uint32_t number; /* the assembler's: among the heaps of its substream, in the order of their
                        starts */
    sp2__ranges ranges;
    sp2_range *range_copies; /* incomplete and finished: what sp2_heap_get_ranges gives */
    uint64_t range_count;
    _Atomic(sp2__descriptors *) descriptors; /* NULL until they are asked for */
    sp2_allocator *allocator; /* where `payload` lives, held; NULL: the default memory */
    sp2__block block;         /* the memory at `payload` */
    void *block_context;      /* the allocator's, of `block` */
    uint64_t last_end;        /* out of order: one more than the largest offset received */
    /* The flow's: when the heap was last about to be pushed out, how much of it there was then, how
     * often another source has got a slice instead, and how often the heap was passed over. */
    uint64_t yield_number;
    uint64_t yield_length;
    uint16_t yields;
    uint16_t passes;
    /* The assembler's, of a heap that was evicted before: where what had come then ends, what was
     * missing up to there, and whether what was missing in all has been counted. */
    uint64_t returned_end;
    sp2__missing returned_missing;
    /* The assembler's, of one that has no slot: the neighbours among these, who keeps it, and until
     * which round, or if that is 0, until how many heaps have started. */
    sp2_heap *kept_before;
    sp2_heap *kept_after;
    const void *keeper;
    uint64_t kept_until;
    uint64_t kept_bytes;
    uint32_t kept_starts; /* 0: not that far yet */
    bool is_counted;
    bool has_returned;   /* the assembler's: it was evicted before */
    bool is_repeat;      /* the accounting's: its cnt had come before */
    bool has_lost_place; /* the chunk sink's: its chunk has left the window */
    /* The chunk sink's, of a heap that it has placed: then `payload` is in that chunk. */
    int64_t chunk_id;
    uint8_t *present; /* its entries of presence; NULL: it has no place */
    uint64_t sender;  /* the assembler's: who sent its first packet, as a number; 0: not known */
    sp2__address sender_address; /* the same as an address */
    uint64_t unpointed;     /* item pointer of the payload, if none points to it; 0: no such item */
    sp2__pointers pointers; /* from here on nothing is zeroed */
    /* The item pointers that the next packet repeats, as they stand in it. */
    uint8_t repeated[SP2__MOST_REPEATED * SP2__POINTER_SIZE];
};

/* What became of a packet. */
typedef enum sp2__verdict {
    SP2__ACCEPTED,
    SP2__REJECTED_UNSIZED, /* it has no HEAP_LENGTH, where that is not allowed */
    SP2__REJECTED_LENGTH,
    SP2__REJECTED_FLAVOUR,
    SP2__REJECTED_BEHIND, /* in-order mode: before the expected offset */
    SP2__REJECTED_AHEAD,  /* in-order mode: after the expected offset */
    SP2__REJECTED_DUPLICATE,
    SP2__REJECTED_OVERLAP,
    SP2__TOO_LARGE,
    SP2__GAP_TOO_LARGE, /* no HEAP_LENGTH, and too far behind what has arrived */
    SP2__NO_MEMORY,
    SP2__NO_CHUNK /* not now: the packet is to be handed over again */
} sp2__verdict;

/* What limits the packets that a heap accepts, and what its stream's user has set. */
typedef struct sp2__heap_rules {
    bool in_order;
    bool grows; /* payload is allocated as it arrives, whatever length the packets announce */
    uint64_t max_heap_size;
    uint64_t max_unsized_gap; /* between what a heap without a length has and its next packet */
    sp2_allocator *allocator; /* of heaps that begin; NULL: the default memory */
    uint64_t *custom_stats;   /* for the user's functions; NULL if there are none */
    /* Sets where the payload of a heap is, when its first packet has been accepted: nowhere if it
     * leaves `payload` NULL. SP2__ACCEPTED, or SP2__NO_CHUNK. NULL: heaps have memory of their own.
     */
    sp2__verdict (*place)(void *context, sp2_heap *heap, const sp2__packet *packet);
    void *place_context;
    sp2__copier *copier; /* the stream's */
} sp2__heap_rules;

/* A live heap for a packet, which is not accepted yet. NULL if there is no memory. */
sp2_heap *sp2__heap_create(const sp2__packet *packet, const sp2__heap_rules *rules,
                           uint32_t bug_compat);

/* Makes a packet of this cnt part of the heap, or says why not and changes nothing. */
sp2__verdict sp2__heap_accept(sp2_heap *heap, const sp2__packet *packet,
                              const sp2__heap_rules *rules);

/*
 * The same for most packets of a heap, undecoded: if the bytes are its next packet, in order and
 * with nothing new but payload, that is taken. Returns the length of the payload, which
 * next_packet.prefix bytes precede, or SP2__LENGTH_UNKNOWN, and no change, for all others. `exact`
 * says that no bytes may follow the packet. Not where a user-supplied function copies.
 */
SP2__INLINE uint64_t sp2__heap_take_next(sp2_heap *heap, const uint8_t *bytes, uint64_t available,
                                         bool exact, sp2__copier *copier) {
    const sp2__next_packet *next = &heap->next_packet;
    const uint64_t prefix = next->prefix; /* SP2__NO_NEXT, too, is more than any packet has */
    if (SP2__UNLIKELY(available < prefix)) {
        return SP2__LENGTH_UNKNOWN;
    }
    const uint64_t offset = heap->received_length;
    const uint8_t *special = bytes + next->special;
    const uint64_t length_pointer = sp2__load_be64(special + 8);
    /* Where the length is known already, the copy need not wait for the packet's own word on it. */
    const uint64_t length =
        exact ? available - prefix : length_pointer - next->payload_length_pointer;
    uint64_t differences =
        (sp2__load_raw64(bytes) ^ next->header) | (sp2__load_raw64(bytes + 8) ^ next->cnt_pointer) |
        (sp2__load_raw64(special - 8) ^ next->heap_length_pointer) |
        (sp2__load_be64(special) ^ (next->payload_offset_pointer + offset)) |
        (length_pointer ^ (next->payload_length_pointer + length));
    const uint8_t *repeated = heap->repeated;
    for (const uint8_t *at = special + 16; at != bytes + prefix; at += SP2__POINTER_SIZE) {
        differences |= sp2__load_raw64(at) ^ sp2__load_raw64(repeated);
        repeated += SP2__POINTER_SIZE;
    }
    if (SP2__UNLIKELY(differences != 0 || length > heap->step_end - offset ||
                      length > available - prefix)) {
        return SP2__LENGTH_UNKNOWN;
    }
    heap->received_length = offset + length;
    heap->min_length = sp2__max_u64(heap->min_length, offset + length);
    sp2__copier_copy(copier, heap->nontemporal, heap->payload + offset, bytes + prefix, length);
    return length;
}

/* One more than the largest offset received. */
SP2__INLINE uint64_t sp2__heap_received_end(const sp2_heap *heap) {
    return heap->out_of_order ? heap->last_end : heap->received_length;
}

/* Spec section 4.5. */
SP2__INLINE bool sp2__heap_is_complete(const sp2_heap *heap) {
    return heap->received_length == heap->heap_length && heap->min_length == heap->heap_length;
}

SP2__INLINE bool sp2__heap_is_contiguous(const sp2_heap *heap) {
    return heap->received_length == heap->min_length;
}

/* Notes the payload length of a packet that is neither the first nor the last of the heap. */
SP2__INLINE void sp2__heap_note_length(sp2_heap *heap, uint64_t length) {
    if (SP2__UNLIKELY(length > heap->packet_length)) {
        heap->packet_length = (uint32_t)sp2__min_u64(length, UINT32_MAX);
    }
}

/* What is missing, where packets have this payload: in all, and in *inside before the end of what
 * has come. Of a heap that was evicted before, with what had come then. */
sp2__missing sp2__heap_missing(const sp2_heap *heap, uint64_t packet_length, sp2__missing *inside);

/* A placed heap's chunk has left the window: its payload goes nowhere from now on. */
static inline void sp2__heap_lose_place(sp2_heap *heap) {
    heap->payload = NULL;
    heap->present = NULL;
    heap->next_packet.prefix = SP2__NO_NEXT;
    heap->has_lost_place = true;
}

/* Notes that what an entry of presence stands for has come. Others may do so, too. */
static inline void sp2__note_present(uint8_t *entry) {
    atomic_store_explicit((volatile atomic_uchar *)(void *)entry, 1, memory_order_relaxed);
}

/* Ends the assembly. Of an incomplete heap, ranges and payload are kept only if asked for. False if
 * there is no memory for the ranges, which then are lost. */
bool sp2__heap_finish(sp2_heap *heap, bool keep_ranges, bool keep_payload);

/* Makes the item list of a finished heap. */
void sp2__heap_freeze(sp2_heap *heap);

/* The same of a heap in a descriptor item, without immediates that mean nothing there. */
void sp2__heap_freeze_descriptor(sp2_heap *heap);

void sp2__heap_free(sp2_heap *heap);

/* Makes of a heap that is needed no more a live one for a packet, as if it had just been created.
 */
void sp2__heap_renew(sp2_heap *heap, const sp2__packet *packet, const sp2__heap_rules *rules,
                     uint32_t bug_compat);

#endif
