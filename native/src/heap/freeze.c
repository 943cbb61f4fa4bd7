/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "base/sized.h"
#include "heap/heap.h"
#include "packet/wire.h"

/* Up to so many pointers are sorted by insertion, more digit by digit. */
#define MOST_INSERTED 24

enum { DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS };

static void sort_by_insertion(uint64_t *pointers, uint32_t count, uint64_t key_mask) {
    for (uint32_t i = 1; i < count; i++) {
        const uint64_t moving = pointers[i];
        uint32_t k = i;
        for (; k > 0 && (pointers[k - 1] & key_mask) > (moving & key_mask); k--) {
            pointers[k] = pointers[k - 1];
        }
        pointers[k] = moving;
    }
}

/* The digits that keys differ in: where each begins, and how many pointers have which one. */
typedef struct sort_digits {
    uint32_t count;
    unsigned shifts[64 / DIGIT_BITS];
    uint32_t pointers[64 / DIGIT_BITS][DIGITS];
} sort_digits;

/* Counts all digits in one go. The identifier shares its digit with the bit that says what mode the
 * pointer has. */
static void count_digits(sort_digits *digits, const uint64_t *pointers, uint32_t count,
                         uint64_t key_mask, uint64_t differences) {
    digits->count = 0;
    for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS) {
        if (differences & key_mask & (uint64_t)(DIGITS - 1) << shift) {
            memset(digits->pointers[digits->count], 0, sizeof(digits->pointers[0]));
            digits->shifts[digits->count++] = shift;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t key = pointers[i] & key_mask;
        for (uint32_t k = 0; k < digits->count; k++) {
            digits->pointers[k][key >> digits->shifts[k] & (DIGITS - 1)]++;
        }
    }
}

/* Sorts by one digit to other memory; equals keep their order. `ends` is how many pointers have
 * which digit, and changes. */
static void sort_by_digit(const uint64_t *from, uint64_t *to, uint32_t count, uint64_t key_mask,
                          unsigned shift, uint32_t *ends) {
    uint32_t start = 0;
    for (uint32_t digit = 0; digit < DIGITS; digit++) {
        const uint32_t of_digit = ends[digit];
        ends[digit] = start;
        start += of_digit;
    }
    for (uint32_t i = 0; i < count; i++) {
        to[ends[(from[i] & key_mask) >> shift & (DIGITS - 1)]++] = from[i];
    }
}

/*
 * Spec section 4.8: addressed items by address, then immediates by value; the identifier takes no
 * part, and the order of arrival decides between equals. Digit by digit, the lowest first, so that
 * no order that a sender has chosen is slow. `room` has room for as many.
 */
static void sort_pointers(uint64_t *pointers, uint64_t *room, uint32_t count,
                          uint32_t address_bits) {
    const uint64_t key_mask = SP2__IMMEDIATE_BIT | ((UINT64_C(1) << address_bits) - 1);
    uint64_t differences = 0;
    bool sorted = true;
    for (uint32_t i = 1; i < count; i++) {
        differences |= pointers[i - 1] ^ pointers[i];
        sorted &= (pointers[i - 1] & key_mask) <= (pointers[i] & key_mask);
    }
    if (sorted) {
        return;
    }
    if (count <= MOST_INSERTED) {
        sort_by_insertion(pointers, count, key_mask);
        return;
    }
    sort_digits digits;
    count_digits(&digits, pointers, count, key_mask, differences);
    uint64_t *from = pointers;
    uint64_t *to = room;
    for (uint32_t k = 0; k < digits.count; k++) {
        sort_by_digit(from, to, count, key_mask, digits.shifts[k], digits.pointers[k]);
        uint64_t *const sorted_now = to;
        to = from;
        from = sorted_now;
    }
    if (from != pointers) {
        memcpy(pointers, from, count * sizeof(*from));
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

/* Bytes of an item up to the next pointer; 0 if users do not see it, perhaps because the heap has
 * no payload at all. */
static uint64_t item_length(const sp2_heap *heap, uint64_t pointer, uint64_t next) {
    if (sp2__pointer_id(pointer, heap->address_bits) == SP2__ID_NULL) {
        return 0;
    }
    if (pointer & SP2__IMMEDIATE_BIT) {
        return heap->address_bits / 8;
    }
    if (!(heap->flags & SP2_HEAP_CONTIGUOUS)) {
        return 0;
    }
    const uint64_t end =
        next & SP2__IMMEDIATE_BIT ? heap->min_length : sp2__pointer_value(next, heap->address_bits);
    return end - sp2__pointer_value(pointer, heap->address_bits);
}

/* Field by field, as a copy of a whole item would wait until the last of its fields is stored. */
static void make_item(const sp2_heap *heap, sp2_item *item, uint64_t pointer, uint64_t length) {
    const bool immediate = pointer & SP2__IMMEDIATE_BIT;
    item->id = sp2__pointer_id(pointer, heap->address_bits);
    item->value = sp2__pointer_value(pointer, heap->address_bits);
    item->length = length;
    item->data = immediate ? (const uint8_t *)&item->wire + sizeof(item->wire) - length
                           : heap->payload + item->value;
    item->wire = SP2__SWAP_U64(pointer);
    item->flags = immediate ? SP2_ITEM_IMMEDIATE : 0;
    item->reserved = 0;
}

/* Payload that no pointer points to becomes an item where the dialect says so: the first one. */
static SP2__COLD void point_to_payload(sp2_heap *heap) {
    sp2__pointers *pointers = &heap->pointers;
    for (uint32_t i = 0; i < pointers->count; i++) {
        if (!(pointers->all[i] & SP2__IMMEDIATE_BIT)) {
            return;
        }
    }
    if (heap->flags & SP2_HEAP_CONTIGUOUS && pointers->count < pointers->capacity) {
        pointers->all[pointers->count++] = heap->unpointed;
    }
}

void sp2__heap_freeze(sp2_heap *heap) {
    if (SP2__UNLIKELY(heap->unpointed != 0)) {
        point_to_payload(heap);
    }
    uint64_t *pointers = heap->pointers.all;
    const uint32_t count = heap->pointers.count;
    sp2_item *items = heap->pointers.items;
    sort_pointers(pointers, (uint64_t *)(void *)items, count, heap->address_bits);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        /* The item may take the place of its pointer, but of none after it. */
        const uint64_t pointer = pointers[i];
        const uint64_t next = i + 1 < count ? pointers[i + 1] : SP2__IMMEDIATE_BIT;
        const uint64_t length = item_length(heap, pointer, next);
        if (length != 0) {
            make_item(heap, &items[kept], pointer, length);
            note_stream_control(heap, &items[kept]);
            kept++;
        }
    }
    heap->pointers.count = kept;
}

/* Whether a descriptor is made of items with this pointer, or an item may end at it. */
static bool matters_to_descriptor(uint64_t pointer, uint32_t address_bits) {
    const uint64_t id = sp2__pointer_id(pointer, address_bits);
    return !(pointer & SP2__IMMEDIATE_BIT) ||
           (id >= SP2__ID_DESCRIPTOR_NAME && id <= SP2__ID_DESCRIPTOR_DTYPE);
}

void sp2__heap_freeze_descriptor(sp2_heap *heap) {
    uint64_t *pointers = heap->pointers.all;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < heap->pointers.count; i++) {
        if (matters_to_descriptor(pointers[i], heap->address_bits)) {
            pointers[kept++] = pointers[i];
        }
    }
    heap->pointers.count = kept;
    sp2__heap_freeze(heap);
}

int32_t sp2_heap_get_info(const sp2_heap *heap, sp2_heap_info *info) {
    if (heap == NULL || info == NULL) {
        return sp2__fail_null("sp2_heap_get_info", heap == NULL ? "heap" : "info");
    }
    const bool known = heap->heap_length != SP2__LENGTH_UNKNOWN;
    const uint64_t end = sp2__heap_received_end(heap);
    const bool has_payload = heap->payload != NULL && end != 0;
    sp2_heap_info now = {
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
        .sender_port = heap->sender_address.port,
        .sender_length = heap->sender_address.length,
    };
    memcpy(now.sender_address, heap->sender_address.bytes, sizeof(now.sender_address));
    const uint32_t first_size = offsetof(sp2_heap_info, sender_port);
    return sp2__sized_write(info, &now, sizeof(now), first_size, "sp2_heap_info");
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
