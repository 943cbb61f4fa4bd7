/* SPDX-License-Identifier: MIT */
#include "receive/assembler.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/secret.h"

/* Buckets for each slot, and slots that a table is made for at least (spec section 4.6). */
#define BUCKETS_PER_SLOT_LOG2 2
#define LEAST_SLOTS_LOG2 2

/* Multiplier of Fibonacci hashing: 2^64 divided by the golden ratio. Counts often rise in steps of
 * a power of two, which its top bits spread well. */
#define GOLDEN_RATIO_64 0x9e3779b97f4a7c15u

/*
 * The multiplier of a stream's hash. With an odd one that a sender does not know, any two cnts fall
 * into one bucket with a probability of at most two divided by the number of buckets, whatever cnts
 * it chooses; a lookup then costs no more than with a multiplier that everybody knows.
 */
static uint64_t multiplier_of(uint32_t flags) {
    const bool keyed = !(flags & SP2_RECEIVE_UNKEYED_SEARCH);
    return (GOLDEN_RATIO_64 ^ (keyed ? sp2__secret(SP2__SECRET_OF_HEAP_CNTS) : 0)) | 1;
}

bool sp2__assembler_init(sp2__assembler *assembler, const sp2_receive_options *options) {
    const uint64_t slots = options->max_heaps * options->substreams;
    unsigned slots_log2 = slots <= 1 ? 0 : sp2__bit_width(slots - 1);
    slots_log2 = slots_log2 < LEAST_SLOTS_LOG2 ? LEAST_SLOTS_LOG2 : slots_log2;
    *assembler = (sp2__assembler){
        .bucket_bits = slots_log2 + BUCKETS_PER_SLOT_LOG2,
        .multiplier = multiplier_of(options->flags),
        .max_heaps = options->max_heaps,
        .substreams = options->substreams,
        .bug_compat = options->bug_compat,
        .allow_unsized = !(options->flags & SP2_RECEIVE_NO_UNSIZED_HEAPS),
        .separates = options->flags & SP2_RECEIVE_SEPARATE_SENDERS,
        .rules.in_order = options->flags & SP2_RECEIVE_IN_ORDER,
        .rules.max_heap_size = options->max_heap_size,
        .rules.max_unsized_gap = options->max_unsized_gap,
        .rules.copier = &assembler->copier,
    };
    assembler->evicted.multiplier = assembler->multiplier;
    assembler->evicted.separates = assembler->separates;
    sp2__copier_init(&assembler->copier, &assembler->reuse);
    assembler->slots = sp2__calloc_array((size_t)slots, sizeof(*assembler->slots));
    assembler->circles =
        sp2__calloc_array((size_t)options->substreams, sizeof(*assembler->circles));
    assembler->buckets =
        sp2__calloc_array((size_t)1 << assembler->bucket_bits, sizeof(*assembler->buckets));
    if (assembler->slots == NULL || assembler->circles == NULL || assembler->buckets == NULL) {
        sp2__free(assembler->slots);
        sp2__free(assembler->circles);
        sp2__free(assembler->buckets);
        return false;
    }
    return true;
}

/* An address as a number that is not 0. Who does not know the multiplier cannot choose addresses
 * whose numbers are equal, or have heaps of theirs fall into one bucket. */
static uint64_t number_of(const sp2__address *address, uint64_t multiplier) {
    uint64_t halves[2];
    memcpy(halves, address->bytes, sizeof(halves));
    const uint64_t port = (uint64_t)address->port << 32 | address->length;
    uint64_t number = halves[0] * multiplier;
    number = (number ^ number >> 32 ^ halves[1]) * multiplier;
    number = (number ^ number >> 32 ^ port) * multiplier;
    number ^= number >> 32;
    return number != 0 ? number : 1;
}

void sp2__assembler_set_sender(sp2__assembler *assembler, const sp2__address *sender) {
    if (sender == NULL || sender->length == 0) {
        assembler->sender = 0;
    } else if (assembler->sender != 0 &&
               memcmp(sender, &assembler->sender_address, sizeof(*sender)) == 0) {
        return;
    } else {
        assembler->sender_address = *sender;
        assembler->sender = number_of(sender, assembler->multiplier);
    }
    /* It may be another sender's. */
    assembler->recent = assembler->separates ? NULL : assembler->recent;
}

void sp2__assembler_destroy(sp2__assembler *assembler) {
    sp2__flush_cursor cursor = {0, 0};
    sp2_heap *heap;
    while ((heap = sp2__assembler_flush(assembler, &cursor)) != NULL) {
        sp2__heap_free(heap);
    }
    while ((heap = assembler->spare) != NULL) {
        assembler->spare = heap->next;
        sp2__heap_free(heap);
    }
    sp2__free(assembler->slots);
    sp2__evicted_destroy(&assembler->evicted);
    sp2__free(assembler->circles);
    sp2__free(assembler->buckets);
}

static SP2__COLD void forget_kept(sp2__assembler *assembler, sp2_heap *heap) {
    *(heap->kept_before != NULL ? &heap->kept_before->kept_after : &assembler->kept_first) =
        heap->kept_after;
    *(heap->kept_after != NULL ? &heap->kept_after->kept_before : &assembler->kept_last) =
        heap->kept_before;
    assembler->kept_bytes -= heap->kept_bytes;
    assembler->kept_count--;
}

void sp2__assembler_remove(sp2__assembler *assembler, sp2_heap *heap) {
    sp2_heap **link = sp2__assembler_bucket(assembler, heap->cnt, heap->sender);
    while (*link != heap) {
        link = &(*link)->next;
    }
    *link = heap->next;
    assembler->recent = NULL;
    heap->next = NULL;
    if (SP2__LIKELY(heap->slot != SP2__NO_SLOT)) {
        assembler->slots[heap->slot] = NULL;
    } else {
        forget_kept(assembler, heap);
    }
}

void sp2__assembler_keep(sp2__assembler *assembler, sp2_heap *heap, const void *keeper,
                         uint64_t until) {
    sp2_heap **bucket = sp2__assembler_bucket(assembler, heap->cnt, heap->sender);
    heap->next = *bucket;
    *bucket = heap;
    heap->slot = SP2__NO_SLOT;
    heap->keeper = keeper;
    heap->kept_until = until;
    heap->kept_starts = 0;
    heap->kept_bytes = heap->received_length;
    heap->kept_after = NULL;
    heap->kept_before = assembler->kept_last;
    *(heap->kept_before != NULL ? &heap->kept_before->kept_after : &assembler->kept_first) = heap;
    assembler->kept_last = heap;
    assembler->kept_bytes += heap->kept_bytes;
    assembler->kept_count++;
}

static uint64_t substream_of(const sp2__assembler *assembler, uint64_t cnt) {
    return assembler->substreams == 1 ? 0 : cnt % assembler->substreams;
}

/* The next slot of a substream, and the heap that lived there until now, or NULL. */
static sp2_heap *next_slot(sp2__assembler *assembler, uint64_t substream, uint32_t *slot) {
    sp2__circle *circle = &assembler->circles[substream];
    circle->head = circle->head + UINT64_C(1) == assembler->max_heaps ? 0 : circle->head + 1;
    *slot = (uint32_t)(substream * assembler->max_heaps + circle->head);
    sp2_heap *evicted = assembler->slots[*slot];
    if (evicted != NULL) {
        sp2__assembler_remove(assembler, evicted);
    }
    return evicted;
}

sp2_heap *sp2__assembler_pass_through(sp2__assembler *assembler, uint64_t cnt) {
    const uint64_t substream = substream_of(assembler, cnt);
    uint32_t slot;
    assembler->circles[substream].started++;
    return next_slot(assembler, substream, &slot);
}

/* Puts a heap into its substream's next slot; returns the heap that lived there, or NULL. `before`:
 * what is kept of it, as it was evicted before, or NULL. */
static sp2_heap *place(sp2__assembler *assembler, sp2_heap *heap, sp2__evicted_heap *before) {
    const uint64_t substream = substream_of(assembler, heap->cnt);
    if (SP2__LIKELY(before == NULL)) {
        heap->number = ++assembler->circles[substream].started;
    } else {
        heap->number = before->number;
        heap->returned_end = before->end;
        heap->returned_missing = before->inside;
        heap->is_counted = before->is_counted;
        sp2__evicted_forget(&assembler->evicted, before);
    }
    sp2_heap *evicted = next_slot(assembler, substream, &heap->slot);
    sp2_heap **bucket = sp2__assembler_bucket(assembler, heap->cnt, heap->sender);
    heap->next = *bucket;
    *bucket = heap;
    assembler->recent = NULL;
    assembler->slots[heap->slot] = heap;
    return evicted;
}

/* A packet has come of a heap that was evicted: so many slots would have kept it until now. */
static SP2__COLD void note_needed(sp2__assembler *assembler, uint64_t cnt, uint32_t number) {
    const uint32_t slots = assembler->circles[substream_of(assembler, cnt)].started - number + 1;
    assembler->needed = slots > assembler->needed ? slots : assembler->needed;
}

/* The evicted heap that a packet, which is of no live heap, is more of; or NULL. */
static SP2__COLD sp2__evicted_heap *find_evicted(sp2__assembler *assembler,
                                                 const sp2__packet *packet) {
    sp2__evicted_heap *heap = sp2__evicted_find(&assembler->evicted, packet->cnt,
                                                assembler->separates ? assembler->sender : 0);
    if (heap == NULL || packet->payload_offset < heap->end) {
        return NULL; /* a sender that sends its cnts again begins a heap at its start */
    }
    note_needed(assembler, heap->cnt, heap->number);
    return heap;
}

static sp2_heap *new_heap(sp2__assembler *assembler, const sp2__packet *packet) {
    sp2_heap *heap = assembler->spare;
    if (SP2__LIKELY(heap == NULL)) {
        return sp2__heap_create(packet, &assembler->rules, assembler->bug_compat);
    }
    assembler->spare = heap->next;
    sp2__heap_renew(heap, packet, &assembler->rules, assembler->bug_compat);
    return heap;
}

/* What is missing of heaps that were evicted long ago is counted: no more of them comes. */
static SP2__COLD void count_old(sp2__assembler *assembler) {
    sp2__evicted_heap *oldest;
    while ((oldest = sp2__evicted_oldest(&assembler->evicted)) != NULL &&
           assembler->circles[substream_of(assembler, oldest->cnt)].started - oldest->begun >=
               SP2_RECEIVE_REORDER_HEAPS) {
        sp2__evicted_count(&assembler->evicted, oldest);
    }
}

/* A new heap gets its slot only when it has its first packet: a packet that cannot be accepted must
 * not push another heap out. It is a function of its own so that packets of live heaps do not save
 * its registers. */
static SP2__NOINLINE sp2_heap *start_heap(sp2__assembler *assembler, const sp2__packet *packet,
                                          sp2__assembly *result) {
    sp2__evicted_heap *before = NULL;
    if (SP2__UNLIKELY(assembler->evicted.heaps != NULL)) {
        before = find_evicted(assembler, packet);
    }
    if (assembler->rules.in_order && packet->payload_offset != 0) {
        result->verdict = SP2__REJECTED_AHEAD;
        return NULL;
    }
    sp2_heap *heap = new_heap(assembler, packet);
    if (heap == NULL) {
        result->verdict = SP2__NO_MEMORY;
        return NULL;
    }
    heap->has_returned = before != NULL;
    result->verdict = sp2__heap_accept(heap, packet, &assembler->rules);
    if (result->verdict != SP2__ACCEPTED) {
        sp2__heap_free(heap);
        return NULL;
    }
    if (SP2__UNLIKELY(assembler->sender != 0)) {
        heap->sender = assembler->sender;
        heap->sender_address = assembler->sender_address;
    }
    result->evicted = place(assembler, heap, before);
    result->started = true;
    if (SP2__UNLIKELY(assembler->evicted.heaps != NULL)) {
        count_old(assembler);
    }
    return heap;
}

void sp2__assembler_add(sp2__assembler *assembler, const sp2__packet *packet,
                        sp2__assembly *result) {
    *result = (sp2__assembly){.verdict = SP2__ACCEPTED};
    if (SP2__UNLIKELY(packet->heap_length == SP2__LENGTH_UNKNOWN && !assembler->allow_unsized)) {
        result->verdict = SP2__REJECTED_UNSIZED;
        return;
    }
    sp2_heap *heap = NULL;
    if (packet->heap_length != packet->payload_length) {
        heap = sp2__assembler_find(assembler, packet->cnt, &result->search_steps);
    }
    if (heap == NULL) {
        heap = start_heap(assembler, packet, result);
        if (heap == NULL) {
            return;
        }
    } else {
        if (SP2__UNLIKELY(heap->has_returned)) {
            note_needed(assembler, heap->cnt, heap->number);
        }
        result->heap = heap;
        result->verdict = sp2__heap_accept(heap, packet, &assembler->rules);
        if (SP2__UNLIKELY(result->verdict != SP2__ACCEPTED)) {
            return;
        }
    }
    result->heap = heap;
    result->stop = heap->stop_item_seen;
    if (sp2__heap_is_complete(heap)) {
        sp2__assembler_remove(assembler, heap);
        result->complete = heap;
    }
}

sp2_heap *sp2__assembler_flush(sp2__assembler *assembler, sp2__flush_cursor *cursor) {
    if (SP2__UNLIKELY(assembler->kept_first != NULL)) {
        sp2_heap *heap = assembler->kept_first;
        sp2__assembler_remove(assembler, heap);
        return heap;
    }
    for (; cursor->substream < assembler->substreams; cursor->substream++, cursor->age = 0) {
        sp2_heap **circle = &assembler->slots[cursor->substream * assembler->max_heaps];
        const uint64_t oldest = assembler->circles[cursor->substream].head + UINT64_C(1);
        while (cursor->age < assembler->max_heaps) {
            sp2_heap *heap = circle[(oldest + cursor->age) % assembler->max_heaps];
            cursor->age++;
            if (heap != NULL) {
                sp2__assembler_remove(assembler, heap);
                return heap;
            }
        }
    }
    return NULL;
}
