/* SPDX-License-Identifier: MIT */
#include "receive/evicted.h"

#include "base/alloc.h"
#include "base/checked.h"
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

static sp2__evicted_heap *at(const sp2__evicted *evicted, uint64_t number) {
    return &evicted->heaps[number % SP2_RECEIVE_EVICTED_HEAPS];
}

static void count_and_forget(sp2__evicted *evicted, sp2__evicted_heap *heap) {
    sp2__evicted_count(evicted, heap);
    sp2__evicted_forget(evicted, heap);
}

SP2__COLD void sp2__evicted_keep(sp2__evicted *evicted, const sp2_heap *heap, uint32_t begun) {
    evicted->has_last = evicted->heaps != NULL || allocate(evicted);
    if (!evicted->has_last) {
        return;
    }
    sp2__evicted_heap *kept = at(evicted, evicted->kept++);
    if (kept->is_kept) {
        count_and_forget(evicted, kept);
    }
    const uint64_t sender = evicted->separates ? heap->sender : 0;
    sp2__evicted_heap *same = sp2__evicted_find(evicted, heap->cnt, sender);
    if (same != NULL) {
        count_and_forget(evicted, same);
    }
    sp2__evicted_heap **bucket = bucket_of(evicted, heap->cnt, sender);
    *kept = (sp2__evicted_heap){
        .cnt = heap->cnt,
        .sender = sender,
        .end = sp2__max_u64(heap->returned_end, sp2__heap_received_end(heap)),
        .number = heap->number,
        .begun = begun,
        .is_kept = true,
        .next = *bucket,
    };
    *bucket = kept;
}

bool sp2__evicted_note(sp2__evicted *evicted, const sp2__missing *missing,
                       const sp2__missing *inside, bool is_counted) {
    if (evicted->has_last) {
        sp2__evicted_heap *last = at(evicted, evicted->kept - 1);
        last->missing = *missing;
        last->inside = *inside;
        last->is_counted = is_counted;
    }
    return evicted->has_last;
}

sp2__evicted_heap *sp2__evicted_oldest(sp2__evicted *evicted) {
    if (evicted->kept - evicted->counted > SP2_RECEIVE_EVICTED_HEAPS) {
        evicted->counted = evicted->kept - SP2_RECEIVE_EVICTED_HEAPS;
    }
    for (; evicted->counted < evicted->kept; evicted->counted++) {
        sp2__evicted_heap *heap = at(evicted, evicted->counted);
        if (heap->is_kept && !heap->is_counted) {
            return heap;
        }
    }
    return NULL;
}

void sp2__evicted_count(sp2__evicted *evicted, sp2__evicted_heap *heap) {
    if (!heap->is_counted) {
        heap->is_counted = true;
        evicted->due.packets += heap->missing.packets;
        evicted->due.bytes += heap->missing.bytes;
    }
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
