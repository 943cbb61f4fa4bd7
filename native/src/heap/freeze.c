/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/sized.h"
#include "heap/heap.h"
#include "packet/wire.h"

/* Spec section 4.8: addressed items by address, then immediates by value; the identifier takes no
 * part. The order of arrival, kept in `length` meanwhile, decides between equals. */
static bool is_before(const sp2_item *a, const sp2_item *b) {
    const uint64_t mode_a = a->wire & SP2__IMMEDIATE_BIT;
    const uint64_t mode_b = b->wire & SP2__IMMEDIATE_BIT;
    if (mode_a != mode_b) {
        return mode_a < mode_b;
    }
    return a->value != b->value ? a->value < b->value : a->length < b->length;
}

static void sift_down(sp2_item *items, uint32_t root, uint32_t count) {
    const sp2_item moving = items[root];
    for (uint32_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && is_before(&items[child], &items[child + 1])) {
            child++;
        }
        if (!is_before(&moving, &items[child])) {
            break;
        }
        items[root] = items[child];
    }
    items[root] = moving;
}

/* Heap sort: in place, and never slow, whatever order a sender has chosen. */
static void sort_items(sp2_item *items, uint32_t count) {
    bool sorted = true;
    for (uint32_t i = 1; i < count && sorted; i++) {
        sorted = is_before(&items[i - 1], &items[i]);
    }
    if (sorted) {
        return;
    }
    for (uint32_t i = count / 2; i-- > 0;) {
        sift_down(items, i, count);
    }
    for (uint32_t i = count - 1; i > 0; i--) {
        const sp2_item largest = items[0];
        items[0] = items[i];
        items[i] = largest;
        sift_down(items, 0, i);
    }
}

/* The item as a number: false if it is too long for one. */
static bool item_number(const sp2_item *item, uint64_t *number) {
    *number = 0;
    for (uint64_t i = 0; i < item->length && i < sizeof(*number); i++) {
        *number = *number << 8 | item->data[i];
    }
    return item->length <= sizeof(*number);
}

static void note_stream_control(sp2_heap *heap, const sp2_item *item) {
    uint64_t number;
    if (item->id == SP2__ID_STREAM_CTRL && item_number(item, &number)) {
        if (number == SP2__STREAM_START) {
            heap->flags |= SP2_HEAP_START_OF_STREAM;
        } else if (number == SP2__STREAM_STOP) {
            heap->flags |= SP2_HEAP_END_OF_STREAM;
        }
    }
}

/* Fills in a sorted item; false if users do not see it. */
static bool finish_item(const sp2_heap *heap, sp2_item *item, const sp2_item *next) {
    if (item->id == SP2__ID_NULL) {
        return false;
    }
    if (item->flags & SP2_ITEM_IMMEDIATE) {
        item->length = heap->address_bits / 8;
        return true;
    }
    if (!(heap->flags & SP2_HEAP_CONTIGUOUS)) {
        return false;
    }
    const bool next_has_address = next != NULL && !(next->flags & SP2_ITEM_IMMEDIATE);
    const uint64_t end = next_has_address ? next->value : heap->min_length;
    item->length = end - item->value;
    if (item->length == 0) {
        return false; /* perhaps of a heap that has no payload at all */
    }
    item->data = heap->payload + item->value;
    return true;
}

void sp2__heap_freeze(sp2_heap *heap) {
    sp2_item *items = heap->pointers.items;
    const uint32_t count = heap->pointers.count;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t pointer = items[i].wire;
        items[i].id = sp2__pointer_id(pointer, heap->address_bits);
        items[i].flags = pointer & SP2__IMMEDIATE_BIT ? SP2_ITEM_IMMEDIATE : 0;
        items[i].value = sp2__pointer_value(pointer, heap->address_bits);
        items[i].length = i;
        items[i].reserved = 0;
        items[i].data = NULL;
    }
    sort_items(items, count);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        const sp2_item *next = i + 1 < count ? &items[i + 1] : NULL;
        if (finish_item(heap, &items[i], next)) {
            items[kept] = items[i];
            sp2_item *item = &items[kept++];
            item->wire = SP2__SWAP_U64(item->wire);
            if (item->flags & SP2_ITEM_IMMEDIATE) {
                item->data = (const uint8_t *)&item->wire + sizeof(item->wire) - item->length;
            }
            note_stream_control(heap, item);
        }
    }
    heap->pointers.count = kept;
}

int32_t sp2_heap_get_info(const sp2_heap *heap, sp2_heap_info *info) {
    if (heap == NULL || info == NULL) {
        return sp2__fail_null("sp2_heap_get_info", heap == NULL ? "heap" : "info");
    }
    const bool known = heap->heap_length != SP2__LENGTH_UNKNOWN;
    const uint64_t end = sp2__heap_received_end(heap);
    const bool has_payload = heap->payload != NULL && end != 0;
    const sp2_heap_info now = {
        .size = sizeof(now),
        .flags = heap->flags,
        .cnt = heap->cnt,
        .heap_length = known ? (int64_t)heap->heap_length : SP2_HEAP_LENGTH_UNKNOWN,
        .received_length = heap->received_length,
        .payload = has_payload ? heap->payload : NULL,
        .payload_length = has_payload ? end : 0,
        .item_count = heap->pointers.count,
        .range_count = heap->range_count,
        .address_bits = heap->address_bits,
        .bug_compat = heap->bug_compat,
    };
    return sp2__sized_write(info, &now, sizeof(now), sizeof(now), "sp2_heap_info");
}

int32_t sp2_heap_get_items(const sp2_heap *heap, const sp2_item **items, uint64_t *count) {
    if (items != NULL) {
        *items = NULL;
    }
    if (count != NULL) {
        *count = 0;
    }
    if (heap == NULL || items == NULL || count == NULL) {
        return sp2__fail_null("sp2_heap_get_items", heap == NULL    ? "heap"
                                                    : items == NULL ? "items"
                                                                    : "count");
    }
    *items = heap->pointers.count != 0 ? heap->pointers.items : NULL;
    *count = heap->pointers.count;
    return SP2_OK;
}

int32_t sp2_heap_get_ranges(const sp2_heap *heap, const sp2_range **ranges, uint64_t *count) {
    if (ranges != NULL) {
        *ranges = NULL;
    }
    if (count != NULL) {
        *count = 0;
    }
    if (heap == NULL || ranges == NULL || count == NULL) {
        return sp2__fail_null("sp2_heap_get_ranges", heap == NULL     ? "heap"
                                                     : ranges == NULL ? "ranges"
                                                                      : "count");
    }
    *ranges = heap->range_copies;
    *count = heap->range_count;
    return SP2_OK;
}

void sp2_heap_release(sp2_heap *heap) {
    if (heap != NULL) {
        sp2__heap_free(heap);
    }
}
