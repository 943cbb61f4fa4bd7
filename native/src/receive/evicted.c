/* SPDX-License-Identifier: MIT */
#include "receive/evicted.h"

#include "base/alloc.h"
#include "base/compiler.h"

enum { BUCKETS_LOG2 = 10, BUCKETS = 1 << BUCKETS_LOG2 };

static sp2__evicted_heap **bucket_of(const sp2__evicted *evicted, uint64_t cnt, uint64_t sender) {
    return &evicted->buckets[((cnt ^ sender) * evicted->multiplier) >> (64 - BUCKETS_LOG2)];
}

static bool allocate(sp2__evicted *evicted) {
    evicted->heaps = sp2__calloc_array(SP2_RECEIVE_EVICTED_HEAPS, sizeof(*evicted->heaps));
    evicted->buckets = sp2__calloc_array(BUCKETS, sizeof(*evicted->buckets));
    if (evicted->heaps == NULL || evicted->buckets == NULL) {
        sp2__evicted_destroy(evicted);
        return false;
    }
    return true;
}

void sp2__evicted_destroy(sp2__evicted *evicted) {
    sp2__free(evicted->heaps);
    sp2__free(evicted->buckets);
    evicted->heaps = NULL;
    evicted->buckets = NULL;
}

SP2__COLD void sp2__evicted_keep(sp2__evicted *evicted, const sp2_heap *heap) {
    if (evicted->heaps == NULL && !allocate(evicted)) {
        return;
    }
    sp2__evicted_heap *kept = &evicted->heaps[evicted->next];
    evicted->next = (evicted->next + 1) % SP2_RECEIVE_EVICTED_HEAPS;
    if (kept->is_kept) {
        sp2__evicted_forget(evicted, kept);
    }
    const uint64_t sender = evicted->separates ? heap->sender : 0;
    sp2__evicted_heap *same = sp2__evicted_find(evicted, heap->cnt, sender);
    if (same != NULL) {
        sp2__evicted_forget(evicted, same);
    }
    sp2__evicted_heap **bucket = bucket_of(evicted, heap->cnt, sender);
    *kept = (sp2__evicted_heap){
        .cnt = heap->cnt,
        .sender = sender,
        .end = sp2__heap_received_end(heap),
        .number = heap->number,
        .is_kept = true,
        .next = *bucket,
    };
    *bucket = kept;
}

sp2__evicted_heap *sp2__evicted_find(const sp2__evicted *evicted, uint64_t cnt, uint64_t sender) {
    sp2__evicted_heap *heap = *bucket_of(evicted, cnt, sender);
    while (heap != NULL && (heap->cnt != cnt || heap->sender != sender)) {
        heap = heap->next;
    }
    return heap;
}

void sp2__evicted_forget(sp2__evicted *evicted, sp2__evicted_heap *heap) {
    sp2__evicted_heap **link = bucket_of(evicted, heap->cnt, heap->sender);
    while (*link != heap) {
        link = &(*link)->next;
    }
    *link = heap->next;
    heap->is_kept = false;
}
