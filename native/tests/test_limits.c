/* SPDX-License-Identifier: MIT */
/* The limits of a heap's parts: reached, they hold; what brings nothing new is never too much. */
#include <stdlib.h>
#include <string.h>

#include "receiver.h"
#include "sources.h"

enum {
    PARTS = SP2_RECEIVE_MAX_HEAP_PARTS,
    HEADER = 8,
    POINTER = 8,
    PREFIX = 40,         /* header and the four special pointers */
    PACKET_ITEMS = 8000, /* item pointers of a large packet */
    ITEM = 0x1000,
    ITEM_HEAP_BYTES = 2 /* more than a packet brings, which would be a heap of its own */
};

/* Packets back to back. */
typedef struct buffer {
    uint8_t *bytes;
    size_t length;
    size_t capacity;
} buffer;

static void buffer_add_u64(buffer *b, uint64_t number) {
    for (int i = 0; i < 8; i++) {
        b->bytes[b->length++] = (uint8_t)(number >> (56 - 8 * i));
    }
}

/* Begins a packet with room for `items` and a byte of payload. */
static void buffer_begin_packet(buffer *b, uint64_t heap_length, uint64_t offset,
                                uint64_t payload_length, uint64_t items) {
    if (b->length + PREFIX + items * POINTER + 1 > b->capacity) {
        b->capacity = 2 * (b->capacity + PREFIX + items * POINTER + 1);
        b->bytes = realloc(b->bytes, b->capacity);
        REQUIRE(b->bytes != NULL);
    }
    buffer_add_u64(b, UINT64_C(0x5304020600000000) | (4 + items));
    buffer_add_u64(b, item_pointer(48, true, ITEM_HEAP_CNT, 1));
    buffer_add_u64(b, item_pointer(48, true, ITEM_HEAP_LENGTH, heap_length));
    buffer_add_u64(b, item_pointer(48, true, ITEM_PAYLOAD_OFFSET, offset));
    buffer_add_u64(b, item_pointer(48, true, ITEM_PAYLOAD_LENGTH, payload_length));
}

static void buffer_add_byte(buffer *b, uint64_t heap_length, uint64_t offset) {
    buffer_begin_packet(b, heap_length, offset, 1, 0);
    b->bytes[b->length++] = (uint8_t)(offset * 7 + 1);
}

static heap_list receive_buffer(buffer *b, sp2_receive_stats *stats) {
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(add_buffer_source(stream, b->bytes, b->length));
    heap_list heaps = pop_all(stream);
    *stats = stats_of(stream);
    sp2_receive_stream_destroy(stream);
    free(b->bytes);
    return heaps;
}

SP2_TEST(Heap_of_as_many_ranges_as_allowed_completes) {
    enum { LENGTH = 2 * PARTS + 2 };
    buffer b = {0};
    for (uint64_t i = 0; i < PARTS; i++) {
        buffer_add_byte(&b, LENGTH, 2 * i + 1);
    }
    buffer_add_byte(&b, LENGTH, 2 * PARTS + 1); /* one range more */
    for (uint64_t i = 0; i < PARTS; i++) {
        buffer_add_byte(&b, LENGTH, 2 * i); /* joins two, but the first */
    }
    buffer_add_byte(&b, LENGTH, 2 * PARTS);
    buffer_add_byte(&b, LENGTH, 2 * PARTS + 1);
    sp2_receive_stats stats;
    heap_list heaps = receive_buffer(&b, &stats);
    CHECK_EQ_U64(stats.too_large, 1);
    CHECK_EQ_U64(stats.packets_accepted, LENGTH);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        const sp2_heap_info info = info_of(heaps.heaps[0]);
        CHECK(info.flags & SP2_HEAP_COMPLETE);
        for (uint64_t i = 0; i < LENGTH; i++) {
            if (info.payload[i] != (uint8_t)(i * 7 + 1)) {
                CHECK_EQ_U64(info.payload[i], (uint8_t)(i * 7 + 1));
                break;
            }
        }
    }
    heaps_free(&heaps);
}

static uint64_t nth_pointer(uint64_t n) {
    /* In no order, so that they have to be sorted. */
    return item_pointer(48, true, ITEM, n * UINT64_C(0x9e3779b97f4b) & ((UINT64_C(1) << 48) - 1));
}

/* A packet without payload with the pointers [first, end). */
static void buffer_add_items(buffer *b, uint64_t first, uint64_t end) {
    buffer_begin_packet(b, ITEM_HEAP_BYTES, 0, 0, end - first);
    for (uint64_t n = first; n < end; n++) {
        buffer_add_u64(b, nth_pointer(n));
    }
}

/* Completes the heap of these packets. */
static void buffer_add_payload(buffer *b) {
    buffer_add_byte(b, ITEM_HEAP_BYTES, 0);
    buffer_add_byte(b, ITEM_HEAP_BYTES, 1);
}

SP2_TEST(Limit_of_item_pointers_counts_what_is_new) {
    buffer b = {0};
    uint64_t packets = 0;
    for (uint64_t first = 0; first < PARTS - 1; first += PACKET_ITEMS, packets++) {
        const uint64_t end = first + PACKET_ITEMS;
        buffer_add_items(&b, first, end < PARTS - 1 ? end : PARTS - 1);
    }
    /* Two more are one too many; then the first of them must not have stayed. */
    buffer_add_items(&b, PARTS, PARTS + 2);
    /* One, which is there twice, among many that are known. */
    buffer_begin_packet(&b, ITEM_HEAP_BYTES, 0, 0, PACKET_ITEMS);
    for (uint64_t i = 0; i < PACKET_ITEMS; i++) {
        buffer_add_u64(&b, nth_pointer(i % 100 == 50 ? PARTS - 1 : i * 130));
    }
    buffer_add_items(&b, PARTS, PARTS + 1);
    /* Nothing new. */
    buffer_add_items(&b, 0, PACKET_ITEMS);
    buffer_add_items(&b, PARTS - PACKET_ITEMS, PARTS);
    buffer_add_payload(&b);
    sp2_receive_stats stats;
    heap_list heaps = receive_buffer(&b, &stats);
    CHECK_EQ_U64(stats.too_large, 2);
    CHECK_EQ_U64(stats.packets_accepted, packets + 5);
    const sp2_item *items = NULL;
    uint64_t count = 0;
    if (CHECK_EQ_U64(heaps.count, 1)) {
        REQUIRE_OK(sp2_heap_get_items(heaps.heaps[0], &items, &count));
    }
    if (CHECK_EQ_U64(count, PARTS)) {
        for (uint64_t i = 0; i < PARTS; i++) {
            const bool in_order = i == 0 || items[i - 1].value < items[i].value;
            if (!in_order || items[i].id != ITEM || items[i].data == NULL) {
                CHECK(in_order);
                CHECK_EQ_U64(items[i].id, ITEM);
                break;
            }
        }
    }
    heaps_free(&heaps);
}

SP2_TEST(Packet_of_known_and_special_pointers_only_needs_no_room) {
    /* More pointers than the limit allows in all, none of them new. */
    buffer b = {0};
    for (uint64_t first = 0; first < PARTS; first += PACKET_ITEMS) {
        buffer_add_items(&b, first, first + PACKET_ITEMS < PARTS ? first + PACKET_ITEMS : PARTS);
    }
    buffer_begin_packet(&b, ITEM_HEAP_BYTES, 0, 0, PACKET_ITEMS);
    for (uint64_t i = 0; i < PACKET_ITEMS; i++) {
        buffer_add_u64(&b, i % 2 == 0 ? nth_pointer(PARTS - 1 - i)
                                      : item_pointer(48, true, ITEM_HEAP_LENGTH, ITEM_HEAP_BYTES));
    }
    buffer_add_payload(&b);
    sp2_receive_stats stats;
    heap_list heaps = receive_buffer(&b, &stats);
    CHECK_EQ_U64(stats.too_large, 0);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        CHECK_EQ_U64(info_of(heaps.heaps[0]).item_count, PARTS);
    }
    heaps_free(&heaps);
}
