/* SPDX-License-Identifier: MIT */
#include "heap/payload.h"

#include <string.h>

#include "base/checked.h"
#include "memory/allocator.h"
#include "memory/recycler.h"
#include "memory/system.h"
#include "packet/header.h"

/* A heap of unknown length moves to blocks of twice the size up to this one, and then to one that
 * grows where it is. */
#define MOST_MOVED ((uint64_t)64 << 10)

/* Most address space for a heap of unknown length, unless it comes to need more. */
#define MOST_RESERVED ((uint64_t)64 << 30)

/* Pages that a separate range of bytes may touch beyond those that it fills. */
#define RANGE_SLACK ((uint64_t)2 * 4096)

/* The length of the heap as far as it is known, this packet included. */
static uint64_t known_length(const sp2_heap *heap, const sp2__packet *packet) {
    return packet->heap_length != SP2__LENGTH_UNKNOWN ? packet->heap_length : heap->heap_length;
}

static uint64_t received_prefix(const sp2_heap *heap) {
    return heap->out_of_order ? sp2__ranges_prefix(&heap->ranges) : heap->received_length;
}

/* A block from where the heap's payload lives. */
static bool take_block(const sp2_heap *heap, uint64_t size, uint64_t usable,
                       const sp2__packet *packet, const sp2__heap_rules *rules, sp2__block *block,
                       void **block_context) {
    *block_context = NULL;
    if (SP2__LIKELY(heap->allocator == NULL)) {
        return sp2__recycler_take(size, usable, block);
    }
    sp2_packet_header header;
    sp2__packet_describe(packet, rules->custom_stats, &header);
    *block = (sp2__block){.size = size, .usable = size};
    block->memory = sp2__allocator_allocate(heap->allocator, size, &header, block_context);
    return block->memory != NULL;
}

void sp2__payload_free(sp2_heap *heap) {
    if (heap->block.memory != NULL) {
        if (SP2__LIKELY(heap->allocator == NULL)) {
            sp2__recycler_give(&heap->block);
        } else {
            sp2__allocator_free(heap->allocator, heap->block.memory, heap->block.size,
                                heap->block_context);
        }
    }
    heap->block = (sp2__block){0};
    heap->payload = NULL;
}

/* Copies what was received, and only that: what nobody has sent costs nothing. */
static void copy_received(const sp2_heap *heap, uint8_t *to) {
    if (!heap->out_of_order) {
        memcpy(to, heap->payload, (size_t)heap->received_length);
        return;
    }
    sp2_range range = {0, 0};
    for (uint64_t from = 0; sp2__ranges_next(&heap->ranges, &from, &range);) {
        memcpy(to + range.start, heap->payload + range.start, (size_t)(range.end - range.start));
    }
}

/* Moves the payload to a block that may come to have `size` bytes. */
static bool move(sp2_heap *heap, uint64_t size, uint64_t usable, const sp2__packet *packet,
                 const sp2__heap_rules *rules) {
    sp2__block block;
    void *block_context;
    if (!take_block(heap, size, usable, packet, rules, &block, &block_context)) {
        return false;
    }
    if (heap->payload != NULL) {
        /* The old block is somebody else's next. */
        sp2__copier_fence(rules->copier);
        copy_received(heap, block.memory);
        sp2__payload_settle(heap);
        sp2__payload_free(heap);
    }
    heap->block = block;
    heap->block_context = block_context;
    heap->payload = block.memory;
    return true;
}

/* Moves a heap whose length nobody knows. */
static bool move_unsized(sp2_heap *heap, uint64_t room, const sp2__packet *packet,
                         const sp2__heap_rules *rules) {
    const uint64_t doubled = sp2__min_u64(heap->block.size * 2, rules->max_heap_size);
    const uint64_t size = sp2__max_u64(room, doubled);
    if (heap->allocator == NULL && size > MOST_MOVED) {
        const uint64_t reserve =
            sp2__max_u64(size, sp2__min_u64(rules->max_heap_size, MOST_RESERVED));
        if (move(heap, reserve, room, packet, rules)) {
            return true;
        }
    }
    return move(heap, size, room, packet, rules);
}

/* The whole of a small heap, straight to its place: each of them comes by here. */
static sp2__verdict take_small_block(sp2_heap *heap, uint64_t length, sp2__copier *copier) {
    uint64_t size;
    uint8_t *memory = sp2__recycler_take_small(length, &size);
    if (memory == NULL) {
        return SP2__NO_MEMORY;
    }
    heap->block.memory = memory;
    heap->block.size = size;
    heap->block.usable = size;
    heap->payload = memory;
    heap->nontemporal = sp2__copier_take(copier, memory, length);
    return SP2__ACCEPTED;
}

sp2__verdict sp2__payload_make_room(sp2_heap *heap, const sp2__packet *packet,
                                    const sp2__heap_rules *rules) {
    const uint64_t room = sp2__payload_room(heap, packet, rules);
    if (SP2__LIKELY(heap->payload == NULL && packet->heap_length <= SP2__SMALL_BLOCK &&
                    room <= packet->heap_length && heap->allocator == NULL && !rules->grows)) {
        return take_small_block(heap, packet->heap_length, rules->copier);
    }
    const uint64_t length = known_length(heap, packet);
    const bool sized = length != SP2__LENGTH_UNKNOWN && length >= room && !rules->grows;
    if (heap->allocator == NULL && room <= heap->block.size) {
        if (!sp2__recycler_widen(&heap->block, room)) {
            return SP2__NO_MEMORY;
        }
        if (!sized) {
            heap->nontemporal |= sp2__copier_widen(rules->copier, heap->block.usable);
        }
        return SP2__ACCEPTED;
    }
    if (sized ? !move(heap, length, room, packet, rules)
              : !move_unsized(heap, room, packet, rules)) {
        return SP2__NO_MEMORY;
    }
    heap->nontemporal =
        sp2__copier_take(rules->copier, heap->payload, sized ? length : heap->block.usable);
    return SP2__ACCEPTED;
}

/* Lets huge pages back the block up to `end`, and makes it usable as far as that. */
static void back(sp2_heap *heap, uint64_t end) {
    if (heap->allocator == NULL) {
        /* If there is no memory for that the packets that need it will find out. */
        (void)sp2__recycler_widen(&heap->block, end);
        sp2__recycler_back(&heap->block, end);
        return;
    }
    const uint64_t whole = end / SP2__HUGE_PAGE * SP2__HUGE_PAGE;
    if (whole > heap->block.warm) {
        heap->allocator->ops->back(heap->allocator, heap->block.memory, heap->block.size, whole,
                                   heap->block_context);
        heap->block.warm = whole;
    }
}

uint64_t sp2__payload_advance(sp2_heap *heap) {
    if (heap->allocator != NULL && heap->allocator->ops->back == NULL) {
        return sp2__min_u64(heap->heap_length, heap->block.usable);
    }
    const uint64_t most = sp2__min_u64(heap->block.size, heap->heap_length);
    const uint64_t limit = (most + SP2__HUGE_PAGE - 1) / SP2__HUGE_PAGE * SP2__HUGE_PAGE;
    const uint64_t prefix = received_prefix(heap);
    for (bool advanced = false;; advanced = true) {
        const uint64_t end = heap->block.warm / SP2__HUGE_PAGE * SP2__HUGE_PAGE;
        const uint64_t usable = sp2__min_u64(heap->heap_length, heap->block.usable);
        if (end >= limit) {
            return usable;
        }
        /* Before in-order packets, and such as are not much out of order, come to the end. */
        const uint64_t due = end == 0 ? SP2__HUGE_PAGE : end - end / 4;
        if (prefix <= due || advanced) {
            return sp2__min_u64(usable, sp2__max_u64(due, prefix));
        }
        back(heap, sp2__min_u64(2 * prefix, limit));
    }
}

void sp2__payload_settle_large(sp2_heap *heap) {
    if (heap->allocator != NULL || (heap->out_of_order && heap->ranges.count == 0)) {
        return;
    }
    const uint64_t prefix = received_prefix(heap);
    const uint64_t others = heap->out_of_order ? heap->ranges.count - (prefix != 0) : 0;
    heap->block.warm = sp2__max_u64(heap->block.warm, prefix);
    heap->block.sparse += heap->received_length - prefix + others * RANGE_SLACK;
}
