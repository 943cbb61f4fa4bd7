/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "heap/heap.h"
#include "heap/payload.h"
#include "memory/allocator.h"
#include "memory/recycler.h"
#include "memory/system.h"
#include "packet/header.h"
#include "packet/wire.h"
#include "spead2core/receive.h"

static void begin(sp2_heap *heap, const sp2__packet *packet, const sp2__heap_rules *rules,
                  uint32_t bug_compat) {
    memset(heap, 0, offsetof(sp2_heap, pointers));
    /* HEAP_CNT is no item, whatever its mode. */
    sp2__pointers_init(&heap->pointers, (uint64_t)SP2__ID_HEAP_CNT << packet->address_bits);
    heap->cnt = packet->cnt;
    heap->heap_length = SP2__LENGTH_UNKNOWN;
    heap->next_packet.prefix = SP2__NO_NEXT;
    heap->address_bits = packet->address_bits;
    heap->bug_compat = bug_compat;
    heap->unpointed = packet->unpointed;
    if (SP2__UNLIKELY(rules->allocator != NULL)) {
        sp2__allocator_retain(rules->allocator);
        heap->allocator = rules->allocator;
    }
}

static void end(sp2_heap *heap) {
    sp2__payload_settle(heap);
    sp2__payload_free(heap);
    sp2__allocator_release(heap->allocator);
    sp2__ranges_destroy(&heap->ranges);
    sp2__free(heap->range_copies);
    sp2__descriptors_free(atomic_load_explicit(&heap->descriptors, memory_order_relaxed));
    sp2__pointers_destroy(&heap->pointers);
}

sp2_heap *sp2__heap_create(const sp2__packet *packet, const sp2__heap_rules *rules,
                           uint32_t bug_compat) {
    sp2_heap *heap = sp2__recycler_alloc(sizeof(*heap));
    if (heap != NULL) {
        begin(heap, packet, rules, bug_compat);
    }
    return heap;
}

void sp2__heap_free(sp2_heap *heap) {
    end(heap);
    sp2__recycler_free(heap, sizeof(*heap));
}

void sp2__heap_renew(sp2_heap *heap, const sp2__packet *packet, const sp2__heap_rules *rules,
                     uint32_t bug_compat) {
    end(heap);
    begin(heap, packet, rules, bug_compat);
}

/* From now on the ranges say what was received, which no packet may pass by. */
static bool start_ranges(sp2_heap *heap) {
    if (heap->has_packets) {
        sp2__range_place place;
        sp2__ranges_check(&heap->ranges, 0, heap->received_length, &place);
        if (!sp2__ranges_add(&heap->ranges, &place, 0, heap->received_length)) {
            return false;
        }
    }
    heap->last_end = heap->received_length;
    heap->out_of_order = true;
    heap->next_packet.prefix = SP2__NO_NEXT;
    return true;
}

static SP2__COLD sp2__verdict check_ranges(sp2_heap *heap, const sp2__packet *packet,
                                           sp2__range_place *place) {
    if (!heap->out_of_order && !start_ranges(heap)) {
        return SP2__NO_MEMORY;
    }
    switch (sp2__ranges_check(&heap->ranges, packet->payload_offset,
                              packet->payload_offset + packet->payload_length, place)) {
    case SP2__RANGES_DUPLICATE:
        return SP2__REJECTED_DUPLICATE;
    case SP2__RANGES_OVERLAP:
        return SP2__REJECTED_OVERLAP;
    case SP2__RANGES_NEW:
        return heap->ranges.count < SP2_RECEIVE_MAX_HEAP_PARTS ? SP2__ACCEPTED : SP2__TOO_LARGE;
    case SP2__RANGES_ADJACENT:
        break;
    }
    return SP2__ACCEPTED;
}

/* Spec section 4.2, number 4; out of order also finds the place of the packet's range. */
SP2__INLINE sp2__verdict check_position(sp2_heap *heap, const sp2__packet *packet, bool in_order,
                                        sp2__range_place *place) {
    const uint64_t offset = packet->payload_offset;
    if (SP2__LIKELY(!heap->out_of_order && offset == heap->received_length)) {
        return SP2__ACCEPTED;
    }
    if (in_order) {
        return offset < heap->received_length ? SP2__REJECTED_BEHIND : SP2__REJECTED_AHEAD;
    }
    if (!heap->out_of_order && offset < heap->received_length) {
        return SP2__REJECTED_DUPLICATE;
    }
    return check_ranges(heap, packet, place);
}

/* Whether a packet that does not say how long its heap is lies too far behind what there is. */
static bool leaves_too_large_gap(const sp2_heap *heap, const sp2__packet *packet,
                                 const sp2__heap_rules *rules) {
    const uint64_t length = heap->heap_length != SP2__LENGTH_UNKNOWN ? heap->heap_length : 0;
    const uint64_t end = sp2__max_u64(length, sp2__heap_received_end(heap));
    return packet->payload_offset > end && packet->payload_offset - end > rules->max_unsized_gap;
}

/* Whether an item pointer is none of the special ones. */
static bool is_no_special(uint64_t pointer, uint32_t address_bits) {
    const uint64_t id = sp2__pointer_id(pointer, address_bits);
    return id == SP2__ID_NULL || id > SP2__ID_PAYLOAD_LENGTH;
}

/* Adds the items of a packet to the heap's; false if there is no room for them. */
static bool add_items(sp2_heap *heap, const sp2__packet *packet) {
    uint64_t batch[SP2__POINTERS_BATCH];
    uint32_t count = 0;
    sp2__pointers_next_packet(&heap->pointers);
    for (uint32_t i = 0; i < packet->item_count; i++) {
        const uint64_t pointer = sp2__load_be64(packet->items + (size_t)i * SP2__POINTER_SIZE);
        if (is_no_special(pointer, packet->address_bits)) {
            batch[count++] = pointer;
        }
        if (count == SP2__POINTERS_BATCH) {
            if (!sp2__pointers_add(&heap->pointers, batch, count)) {
                return false;
            }
            count = 0;
        }
    }
    return sp2__pointers_add(&heap->pointers, batch, count);
}

/* Whether a heap that has almost as many items as it may have has room for those of a packet. */
static SP2__COLD sp2__verdict check_items(sp2_heap *heap, const sp2__packet *packet) {
    const uint32_t before = heap->pointers.count;
    if (!sp2__pointers_reserve(&heap->pointers, packet->item_count)) {
        return SP2__NO_MEMORY;
    }
    const bool fits = add_items(heap, packet);
    sp2__pointers_shorten(&heap->pointers, before);
    return fits ? SP2__ACCEPTED : SP2__TOO_LARGE;
}

static bool may_contradict(uint64_t pointer, uint32_t address_bits) {
    return pointer & SP2__IMMEDIATE_BIT &&
           sp2__pointer_id(pointer, address_bits) > SP2__ID_STREAM_CTRL;
}

/* Whether a packet gives another value to an item of the packets before it, which brought the first
 * `before` pointers. No two are equal. */
static SP2__COLD void look_for_contradiction(sp2_heap *heap, uint32_t before) {
    const uint64_t *all = heap->pointers.all;
    const uint32_t compared =
        before < SP2_HEAP_POINTERS_COMPARED ? before : SP2_HEAP_POINTERS_COMPARED;
    for (uint32_t i = before; i < heap->pointers.count && !(heap->flags & SP2_HEAP_CONTRADICTORY);
         i++) {
        if (!may_contradict(all[i], heap->address_bits)) {
            continue;
        }
        for (uint32_t k = 0; k < compared; k++) {
            if ((all[k] ^ all[i]) >> heap->address_bits == 0) {
                heap->flags |= SP2_HEAP_CONTRADICTORY;
            }
        }
    }
}

static void apply_items(sp2_heap *heap, const sp2__packet *packet) {
    for (uint32_t i = 0; i < packet->item_count; i++) {
        const uint64_t pointer = sp2__load_be64(packet->items + (size_t)i * SP2__POINTER_SIZE);
        const uint64_t value = sp2__pointer_value(pointer, packet->address_bits);
        if (!(pointer & SP2__IMMEDIATE_BIT)) {
            heap->min_length = sp2__max_u64(heap->min_length, value);
        } else if (value == SP2__STREAM_STOP &&
                   sp2__pointer_id(pointer, packet->address_bits) == SP2__ID_STREAM_CTRL) {
            heap->stop_item_seen = true;
        }
    }
    const uint32_t before = heap->pointers.count;
    (void)add_items(heap, packet); /* there is room */
    if (SP2__UNLIKELY(before != 0 && heap->pointers.count != before)) {
        look_for_contradiction(heap, before);
    }
}

/* Keeps what the next packet repeats if it is like this one; false if that would be too much. */
static bool expect_repeated(sp2_heap *heap, const sp2__packet *packet) {
    const uint32_t count = packet->item_count;
    if (count > SP2__MOST_REPEATED || heap->stop_item_seen) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t pointer = sp2__load_be64(packet->items + (size_t)i * SP2__POINTER_SIZE);
        if (!is_no_special(pointer, packet->address_bits)) {
            return false;
        }
    }
    memcpy(heap->repeated, packet->items, (size_t)count * SP2__POINTER_SIZE);
    return true;
}

/* Where a packet has the pointers of its offset and length, if those of its cnt and, in a heap
 * whose length is known, HEAP_LENGTH come before them, in the order of the identifiers; else 0. */
static uint32_t find_special(const sp2_heap *heap, const sp2__packet *packet) {
    enum { SIZED = SP2__HEADER_SIZE + 2 * SP2__POINTER_SIZE };
    enum { UNSIZED = SP2__HEADER_SIZE + SP2__POINTER_SIZE };
    enum { BOTH = 2 * SP2__POINTER_SIZE };
    const sp2__next_packet *next = &heap->next_packet;
    if (packet->usual_prefix) {
        return heap->min_length == heap->heap_length &&
                       packet->items == packet->start + SIZED + BOTH
                   ? SIZED
                   : 0;
    }
    const bool matches =
        heap->heap_length == SP2__LENGTH_UNKNOWN &&
        packet->items == packet->start + UNSIZED + BOTH &&
        sp2__load_be64(packet->start + UNSIZED) ==
            next->payload_offset_pointer + packet->payload_offset &&
        sp2__load_be64(packet->start + UNSIZED + SP2__POINTER_SIZE) ==
            next->payload_length_pointer + packet->payload_length;
    return matches ? UNSIZED : 0;
}

/* Says what packet sp2__heap_take_next may take: none, if what it need not look at is unusual. */
static void expect_next(sp2_heap *heap, const sp2__packet *packet) {
    sp2__next_packet *next = &heap->next_packet;
    const uint64_t immediate = SP2__IMMEDIATE_BIT >> heap->address_bits;
    next->prefix = SP2__NO_NEXT;
    if (heap->out_of_order || heap->received_length == 0 || heap->has_returned ||
        heap->payload == NULL) {
        return;
    }
    next->payload_offset_pointer = (immediate | SP2__ID_PAYLOAD_OFFSET) << heap->address_bits;
    next->payload_length_pointer = (immediate | SP2__ID_PAYLOAD_LENGTH) << heap->address_bits;
    const uint32_t special = find_special(heap, packet);
    if (special == 0 || !expect_repeated(heap, packet)) {
        return;
    }
    next->header = sp2__load_raw64(packet->start);
    next->cnt_pointer = sp2__load_raw64(packet->start + SP2__HEADER_SIZE);
    next->heap_length_pointer = sp2__load_raw64(packet->start + special - SP2__POINTER_SIZE);
    next->special = special;
    next->prefix = (uint64_t)(packet->payload - packet->start);
}

SP2__INLINE void copy_payload(sp2_heap *heap, const sp2__packet *packet,
                              const sp2__heap_rules *rules) {
    sp2__copier *copier = rules->copier;
    if (SP2__UNLIKELY(heap->payload == NULL)) {
        return; /* it has no place in a chunk */
    }
    if (SP2__LIKELY(copier->function == NULL)) {
        sp2__copier_copy(copier, heap->nontemporal, heap->payload + packet->payload_offset,
                         packet->payload, packet->payload_length);
        return;
    }
    sp2_packet_header header;
    sp2__packet_describe(packet, rules->custom_stats, &header);
    copier->function(copier->context, heap->payload, &header);
}

/* How far in-order packets need nothing but their copy. A heap of unknown length may have a block
 * that is larger than any heap may be. */
SP2__INLINE uint64_t step_end_of(sp2_heap *heap, const sp2__heap_rules *rules) {
    if (SP2__UNLIKELY(heap->present != NULL)) {
        return heap->heap_length;
    }
    const uint64_t most = sp2__min_u64(heap->heap_length, rules->max_heap_size);
    return heap->block.size < SP2__HUGE_PAGE
               ? sp2__min_u64(most, heap->block.usable)
               : sp2__min_u64(most, sp2__payload_advance(heap));
}

sp2__verdict sp2__heap_accept(sp2_heap *heap, const sp2__packet *packet,
                              const sp2__heap_rules *rules) {
    const bool has_length = packet->heap_length != SP2__LENGTH_UNKNOWN;
    const uint64_t end = packet->payload_offset + packet->payload_length;
    const uint64_t needed = has_length ? packet->heap_length : end;
    if (SP2__UNLIKELY(
            has_length && packet->heap_length != heap->heap_length &&
            (heap->heap_length != SP2__LENGTH_UNKNOWN || packet->heap_length < heap->min_length))) {
        return SP2__REJECTED_LENGTH;
    }
    if (SP2__UNLIKELY(has_length && packet->heap_length < heap->min_length)) {
        return SP2__REJECTED_LENGTH;
    }
    if (SP2__UNLIKELY(packet->address_bits != heap->address_bits)) {
        return SP2__REJECTED_FLAVOUR;
    }
    if (SP2__UNLIKELY(needed > rules->max_heap_size)) {
        return SP2__TOO_LARGE;
    }
    if (SP2__UNLIKELY(!has_length && leaves_too_large_gap(heap, packet, rules))) {
        return SP2__GAP_TOO_LARGE;
    }
    sp2__range_place place;
    sp2__verdict verdict = check_position(heap, packet, rules->in_order, &place);
    if (SP2__UNLIKELY(verdict != SP2__ACCEPTED)) {
        return verdict;
    }
    if (SP2__UNLIKELY((uint64_t)heap->pointers.count + packet->item_count >
                      SP2_RECEIVE_MAX_HEAP_PARTS)) {
        verdict = check_items(heap, packet);
        if (verdict != SP2__ACCEPTED) {
            return verdict;
        }
    }

    /* Whatever can fail comes first. */
    if (SP2__LIKELY(rules->place == NULL) &&
        sp2__payload_room(heap, packet, rules) > heap->block.usable) {
        verdict = sp2__payload_make_room(heap, packet, rules);
        if (SP2__UNLIKELY(verdict != SP2__ACCEPTED)) {
            return verdict;
        }
    }
    /* An item of unpointed payload has room, too, as long as there is room inline or here. */
    if (packet->item_count != 0 &&
        !sp2__pointers_reserve(&heap->pointers, packet->item_count + (heap->unpointed != 0))) {
        return SP2__NO_MEMORY;
    }
    if (heap->out_of_order &&
        !sp2__ranges_add(&heap->ranges, &place, packet->payload_offset, end)) {
        return SP2__NO_MEMORY;
    }

    if (packet->item_count != 0) {
        apply_items(heap, packet);
    }
    if (SP2__UNLIKELY(rules->place != NULL) && !heap->has_packets) {
        verdict = rules->place(rules->place_context, heap, packet);
        if (verdict != SP2__ACCEPTED) {
            return verdict; /* the heap is new, and will not be used */
        }
    }
    heap->in_order = rules->in_order;
    heap->has_packets = true;
    heap->heap_length = has_length ? packet->heap_length : heap->heap_length;
    heap->min_length = sp2__max_u64(heap->min_length, needed);
    heap->received_length += packet->payload_length;
    if (packet->payload_length != 0) {
        heap->last_end = sp2__max_u64(heap->last_end, end);
        heap->step_end = step_end_of(heap, rules);
        copy_payload(heap, packet, rules);
    }
    if (packet->payload_offset != 0 && end != packet->heap_length) {
        sp2__heap_note_length(heap, packet->payload_length);
    }
    expect_next(heap, packet);
    return SP2__ACCEPTED;
}

static void add_gap(sp2__missing *missing, uint64_t start, uint64_t end, uint64_t packet_length) {
    if (end > start) {
        missing->bytes += end - start;
        missing->packets += (end - start - 1) / packet_length + 1;
    }
}

sp2__missing sp2__heap_missing(const sp2_heap *heap, uint64_t packet_length, sp2__missing *inside) {
    const bool sized = heap->heap_length != SP2__LENGTH_UNKNOWN;
    const uint64_t total = sized ? heap->heap_length : heap->min_length;
    sp2__missing missing = heap->returned_missing;
    uint64_t end = heap->returned_end;
    if (!heap->out_of_order) {
        end = sp2__max_u64(end, heap->received_length);
    } else {
        uint64_t from = 0;
        sp2_range range;
        while (sp2__ranges_next(&heap->ranges, &from, &range)) {
            add_gap(&missing, end, sp2__min_u64(range.start, total), packet_length);
            end = sp2__max_u64(end, range.end);
        }
    }
    *inside = missing;
    add_gap(&missing, end, total, packet_length);
    return missing;
}

static bool keep_range_copies(sp2_heap *heap) {
    /* By spec section 4.4 an empty packet leaves an empty range, in in-order mode by 4.9 nothing.
     */
    const bool has_prefix = heap->received_length != 0 || (heap->has_packets && !heap->in_order);
    const uint64_t count = heap->out_of_order ? heap->ranges.count : has_prefix;
    if (count == 0) {
        return true;
    }
    heap->range_copies = sp2__calloc_array((size_t)count, sizeof(*heap->range_copies));
    if (heap->range_copies == NULL) {
        return false;
    }
    heap->range_count = count;
    if (heap->out_of_order) {
        sp2__ranges_copy(&heap->ranges, heap->range_copies);
    } else {
        heap->range_copies[0] = (sp2_range){0, heap->received_length};
    }
    return true;
}

bool sp2__heap_finish(sp2_heap *heap, bool keep_ranges, bool keep_payload) {
    bool kept = true;
    sp2__payload_settle(heap);
    if (sp2__heap_is_complete(heap)) {
        heap->flags |= SP2_HEAP_COMPLETE | SP2_HEAP_CONTIGUOUS;
    } else if (sp2__heap_is_contiguous(heap)) {
        heap->flags |= SP2_HEAP_CONTIGUOUS;
    } else {
        kept = !keep_ranges || keep_range_copies(heap);
        if (!keep_payload) {
            sp2__payload_free(heap);
        }
    }
    sp2__ranges_destroy(&heap->ranges);
    return kept;
}
