/* SPDX-License-Identifier: MIT */
#include "hostile_cases.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

/* As the library documents it (spec section 4.6): what a hostile sender knows of the table. */
#define GOLDEN_RATIO UINT64_C(0x9e3779b97f4a7c15)

enum {
    MANY_HEAPS = 4096,
    MANY_HEAPS_BUCKET_BITS = 14,
    PARTS = SP2_RECEIVE_MAX_HEAP_PARTS,
    LARGE_PACKET = 9200,
    PREFIX = 40, /* header and the four special pointers */
    POINTER = 8,
    LARGE_PACKET_POINTERS = (LARGE_PACKET - PREFIX) / POINTER
};

/* Numbers that look random, the same in every run. */
static uint64_t scramble(uint64_t number) {
    uint64_t x = number + GOLDEN_RATIO;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* A permutation of [0, count) that looks random; the caller frees it. */
static uint32_t *shuffled(uint32_t count) {
    uint32_t *order = malloc(count * sizeof(*order));
    if (order == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t j = (uint32_t)(scramble(i) % (i + 1));
        order[i] = order[j];
        order[j] = i;
    }
    return order;
}

static void add_bytes(datagram_list *packets, uint32_t address_bits, uint64_t cnt, int64_t heap,
                      uint64_t offset, uint64_t length) {
    static const uint8_t zeros[LARGE_PACKET];
    packet_builder packet;
    packet_begin_heap(&packet, address_bits, cnt, heap, offset, length);
    packet_add_payload(&packet, zeros, (size_t)length);
    datagrams_add_packet(packets, &packet);
}

/* Two bytes for each of many heaps, as their cnts say: all first bytes, then all second ones. */
static void interleave_heaps(datagram_list *packets, const uint64_t *cnts, uint32_t count) {
    for (uint64_t offset = 0; offset < 64; offset++) {
        for (uint32_t i = 0; i < count; i++) {
            add_bytes(packets, 56, cnts[i], 64, offset, 1);
        }
    }
}

static void equal_buckets(datagram_list *packets, uint32_t count) {
    uint64_t *cnts = malloc(count * sizeof(*cnts));
    if (cnts == NULL) {
        abort();
    }
    uint32_t found = 0;
    /* The inverse of the multiplier turns hashes with zeros on top into cnts. */
    uint64_t inverse = 1;
    for (int i = 0; i < 6; i++) {
        inverse *= 2 - GOLDEN_RATIO * inverse;
    }
    for (uint64_t hash = 1; found < count; hash++) {
        const uint64_t cnt = hash * inverse;
        if (cnt >> 56 == 0) {
            cnts[found++] = cnt;
        }
    }
    interleave_heaps(packets, cnts, count);
    free(cnts);
}

static void equal_buckets_4(datagram_list *packets) {
    for (int i = 0; i < 512; i++) {
        equal_buckets(packets, 4);
    }
}

static void equal_buckets_4096(datagram_list *packets) {
    equal_buckets(packets, MANY_HEAPS);
}

/* The same with cnts in sequence: what so many heaps cost by themselves. */
static void many_heaps(datagram_list *packets) {
    uint64_t cnts[MANY_HEAPS];
    for (uint32_t i = 0; i < MANY_HEAPS; i++) {
        cnts[i] = i;
    }
    interleave_heaps(packets, cnts, MANY_HEAPS);
}

/* Each packet starts a heap, which pushes out another. */
static void new_heaps(datagram_list *packets) {
    for (uint32_t i = 0; i < PARTS / 4; i++) {
        add_bytes(packets, 48, i, 2, 0, 1);
    }
}

/* Each packet is a heap. */
static void packet_heaps(datagram_list *packets) {
    for (uint32_t i = 0; i < PARTS / 4; i++) {
        add_bytes(packets, 48, i, 1, 0, 1);
    }
}

/* Byte 2 i + 1 of the heap for each i of an order: as many ranges as there may be. */
static void add_ranges(datagram_list *packets, uint64_t cnt, const uint32_t *order) {
    for (uint32_t i = 0; i < PARTS; i++) {
        const uint32_t range = order == NULL ? PARTS - 1 - i : order[i];
        add_bytes(packets, 48, cnt, 2 * PARTS + 2, 2 * (uint64_t)range + 1, 1);
    }
}

static void ranges_backwards(datagram_list *packets) {
    add_ranges(packets, 1, NULL);
}

static void ranges_anyhow(datagram_list *packets) {
    uint32_t *order = shuffled(PARTS);
    add_ranges(packets, 1, order);
    free(order);
}

/* Gaps that close again, leaf by leaf. */
static void ranges_closed(datagram_list *packets) {
    uint32_t *order = shuffled(PARTS);
    add_ranges(packets, 1, NULL);
    for (uint32_t i = 0; i < PARTS; i++) {
        add_bytes(packets, 48, 1, 2 * PARTS + 2, 2 * (uint64_t)order[i], 1);
    }
    free(order);
}

/* Only a few ranges, but each packet is looked up among as many as there may be. */
static void ranges_repeated(datagram_list *packets) {
    uint32_t *order = shuffled(PARTS);
    add_ranges(packets, 1, NULL);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < PARTS; i++) {
            add_bytes(packets, 48, 1, 2 * PARTS + 2, 2 * (uint64_t)order[i] + 1, 1);
        }
    }
    free(order);
}

/* Packets without payload, each with so many immediate items that no other has. The last one
 * completes the heap. */
static void add_pointers(datagram_list *packets, uint64_t cnt, uint32_t total, uint32_t each,
                         bool repeat) {
    for (uint32_t done = 0; done < total;) {
        packet_builder packet;
        const bool last = done + each >= total;
        packet_begin_heap(&packet, 48, cnt, 1, 0, last ? 1 : 0);
        for (uint32_t i = 0; i < each && done < total; i++, done++) {
            const uint64_t number = repeat ? scramble(done) % total : done;
            packet_add_immediate(&packet, 0x1000, scramble(number) >> 16);
        }
        packet_add_payload(&packet, "", last ? 1 : 0);
        datagrams_add_packet(packets, &packet);
    }
}

static void pointers_1(datagram_list *packets) {
    add_pointers(packets, 1, PARTS, 1, false);
}

static void pointers_8(datagram_list *packets) {
    add_pointers(packets, 1, PARTS, 8, false);
}

static void pointers_large(datagram_list *packets) {
    add_pointers(packets, 1, PARTS, LARGE_PACKET_POINTERS, false);
}

/* Heaps of one packet that is full of them. */
static void pointers_packet_heaps(datagram_list *packets) {
    for (uint64_t cnt = 0; cnt < 1000; cnt++) {
        packet_builder packet;
        packet_begin_heap(&packet, 48, cnt, 0, 0, 0);
        for (uint32_t i = 0; i < LARGE_PACKET_POINTERS; i++) {
            packet_add_immediate(&packet, 0x1000, scramble(cnt * LARGE_PACKET + i) >> 16);
        }
        datagrams_add_packet(packets, &packet);
    }
}

/* A heap that stays incomplete gets pointers that it knows, in no order. */
static void pointers_repeated(datagram_list *packets) {
    const uint32_t known = PARTS / 2;
    for (uint32_t done = 0; done < 4 * known;) {
        packet_builder packet;
        packet_begin_heap(&packet, 48, 1, 1, 0, 0);
        for (uint32_t i = 0; i < LARGE_PACKET_POINTERS; i++, done++) {
            const uint64_t number = done < known ? done : scramble(done) % known;
            packet_add_immediate(&packet, 0x1000, scramble(number) >> 16);
        }
        datagrams_add_packet(packets, &packet);
    }
}

/* A packet that is a heap: addressed descriptor items, one after the other, with these bytes. */
static void add_descriptor_heap(datagram_list *packets, uint64_t cnt, const packet_builder *inner,
                                uint32_t items, uint32_t packets_each) {
    const size_t item = inner->length * packets_each;
    packet_builder packet;
    packet_begin_heap(&packet, 48, cnt, (int64_t)(item * items), 0, item * items);
    for (uint32_t i = 0; i < items; i++) {
        packet_add_address(&packet, ITEM_DESCRIPTOR, i * item);
    }
    for (uint32_t i = 0; i < items * packets_each; i++) {
        packet_add_payload(&packet, inner->bytes, inner->length);
    }
    datagrams_add_packet(packets, &packet);
}

enum { DESCRIPTOR_HEAPS = 2000, DESCRIPTOR_NAME = 0x10, DESCRIPTOR_ID = 0x14 };

/* As many items as fit, each a descriptor that says no more than which item it describes. */
static void descriptors_many(datagram_list *packets) {
    packet_builder inner;
    packet_begin_heap(&inner, 48, 1, 0, 0, 0);
    packet_add_immediate(&inner, DESCRIPTOR_ID, 0x1000);
    const uint32_t items = (LARGE_PACKET - PREFIX) / (uint32_t)(inner.length + POINTER);
    for (uint64_t cnt = 0; cnt < DESCRIPTOR_HEAPS; cnt++) {
        add_descriptor_heap(packets, cnt, &inner, items, 1);
    }
    packet_free(&inner);
}

/* One item with as many inner heaps as fit, the smallest there are. */
static void descriptors_inner_heaps(datagram_list *packets) {
    packet_builder inner;
    packet_begin(&inner, 48);
    packet_add_immediate(&inner, ITEM_HEAP_CNT, 1);
    packet_add_immediate(&inner, ITEM_PAYLOAD_LENGTH, 0);
    packet_add_immediate(&inner, ITEM_PAYLOAD_OFFSET, 0);
    packet_add_immediate(&inner, DESCRIPTOR_ID, 0x1000);
    const uint32_t inners = (LARGE_PACKET - PREFIX - POINTER) / (uint32_t)inner.length;
    for (uint64_t cnt = 0; cnt < DESCRIPTOR_HEAPS; cnt++) {
        add_descriptor_heap(packets, cnt, &inner, 1, inners);
    }
    packet_free(&inner);
}

/* One descriptor with as many names as fit. */
static void descriptors_deep(datagram_list *packets) {
    for (uint64_t cnt = 0; cnt < DESCRIPTOR_HEAPS / 2; cnt++) {
        packet_builder inner;
        packet_begin_heap(&inner, 48, 1, 0, 0, 0);
        packet_add_immediate(&inner, DESCRIPTOR_ID, 0x1000);
        while (inner.length + POINTER + PREFIX + POINTER <= LARGE_PACKET) {
            packet_add_immediate(&inner, DESCRIPTOR_NAME, scramble(cnt << 16 | inner.length) >> 16);
        }
        add_descriptor_heap(packets, cnt, &inner, 1, 1);
        packet_free(&inner);
    }
}

/* Packets of one round of these cases, of which there are enough that what a stream costs by itself
 * does not count. */
enum { GAP_PACKETS = 3, STEP_PACKETS = 15, SPARSE_PACKETS = GIB / (2 * MIB), LIVE_HEAPS = 4 };
enum { GAP_HEAPS = 8192, STEP_HEAPS = 2048, SPARSE_HEAPS = 64, ANNOUNCEMENTS = 32768 };
enum { MAPPED_ANNOUNCEMENTS = 2048 };

/* Heaps without a length whose bytes lie far apart. */
static void unsized_gap(datagram_list *packets) {
    for (uint64_t cnt = 0; cnt < GAP_HEAPS; cnt++) {
        add_bytes(packets, 48, cnt, NO_HEAP_LENGTH, 0, 1);
        add_bytes(packets, 48, cnt, NO_HEAP_LENGTH, GIB / 2 - 1, 1);
        add_bytes(packets, 48, cnt, NO_HEAP_LENGTH, GIB - 1, 1);
    }
}

/* The same, as far apart as the limit of gaps lets them. */
static void unsized_steps(datagram_list *packets) {
    for (uint64_t cnt = 0; cnt < STEP_HEAPS; cnt++) {
        for (uint32_t i = 0; i < STEP_PACKETS; i++) {
            add_bytes(packets, 48, cnt, NO_HEAP_LENGTH, (UINT64_C(4096) << i) - 1, 1);
        }
    }
}

/* Heaps that announce the most there may be and bring a byte. */
static void announce(datagram_list *packets) {
    for (uint64_t cnt = 0; cnt < ANNOUNCEMENTS; cnt++) {
        add_bytes(packets, 48, cnt, GIB, 0, 1);
    }
}

static void announce_mapped(datagram_list *packets) {
    for (uint64_t cnt = 0; cnt < MAPPED_ANNOUNCEMENTS; cnt++) {
        add_bytes(packets, 48, cnt, GIB, 0, 1);
    }
}

/* A byte in each 2 MiB of heaps. */
static void sparse(datagram_list *packets) {
    for (uint64_t cnt = 0; cnt < SPARSE_HEAPS; cnt++) {
        for (uint64_t offset = 0; offset < GIB; offset += 2 * MIB) {
            add_bytes(packets, 48, cnt, GIB, offset, 1);
        }
    }
}

/* Datagrams that are no packets, and packets that contradict the one before. */
static void refused(datagram_list *packets) {
    uint8_t garbage[PREFIX + 1];
    memset(garbage, 0xa5, sizeof(garbage));
    for (uint32_t i = 0; i < PARTS / 4; i++) {
        datagrams_add(packets, garbage, sizeof(garbage));
        add_bytes(packets, 48, 1, 10 + (i != 0), 0, 1);
    }
}

hostile_packet hostile_packet_read(const sp2_datagram *datagram) {
    const uint8_t *bytes = datagram->data;
    hostile_packet packet = {0};
    if (bytes[0] != 0x53) {
        return packet;
    }
    const uint32_t count = (uint32_t)bytes[6] << 8 | bytes[7];
    const uint32_t address_bits = bytes[3] * 8u;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t pointer = 0;
        for (uint32_t k = 0; k < POINTER; k++) {
            pointer = pointer << 8 | bytes[POINTER * (i + 1) + k];
        }
        const uint64_t value = pointer & ((UINT64_C(1) << address_bits) - 1);
        switch ((pointer & ~(UINT64_C(1) << 63)) >> address_bits) {
        case ITEM_HEAP_CNT:
            packet.cnt = value;
            break;
        case ITEM_HEAP_LENGTH:
            break;
        case ITEM_PAYLOAD_OFFSET:
            packet.offset = value;
            break;
        case ITEM_PAYLOAD_LENGTH:
            packet.length = value;
            break;
        default:
            packet.pointers++;
            break;
        }
    }
    return packet;
}

const hostile_case hostile_cases[] = {
    {.name = "refused", .what = "no packets, and packets that contradict others", .build = refused},
    {.name = "packet_heaps", .what = "each packet is a heap", .build = packet_heaps, .heaps = true},
    {.name = "new_heaps",
     .what = "each packet starts a heap and pushes one out",
     .build = new_heaps,
     .heaps = true},
    {.name = "heaps_4096",
     .what = "4,096 heaps in turns, cnts in sequence",
     .build = many_heaps,
     .max_heaps = MANY_HEAPS},
    {.name = "bucket_4",
     .what = "4 heaps whose cnts collide without a key",
     .build = equal_buckets_4},
    {.name = "bucket_4096",
     .what = "4,096 heaps whose cnts collide without a key",
     .build = equal_buckets_4096,
     .max_heaps = MANY_HEAPS},
    {.name = "ranges_backwards", .what = "2^20 ranges, from the end on", .build = ranges_backwards},
    {.name = "ranges_anyhow", .what = "2^20 ranges in no order", .build = ranges_anyhow},
    {.name = "ranges_closed",
     .what = "2^20 ranges, then what is between them, in no order",
     .build = ranges_closed},
    {.name = "ranges_repeated",
     .what = "2^20 ranges, then each three times more, in no order",
     .build = ranges_repeated},
    {.name = "pointers_1", .what = "2^20 item pointers, one in a packet", .build = pointers_1},
    {.name = "pointers_8", .what = "2^20 item pointers, 8 in a packet", .build = pointers_8},
    {.name = "pointers_1145",
     .what = "2^20 item pointers, 1,145 in a packet",
     .build = pointers_large},
    {.name = "pointers_heaps",
     .what = "heaps of one packet with 1,145 item pointers",
     .build = pointers_packet_heaps,
     .heaps = true},
    {.name = "pointers_repeated",
     .what = "2^19 item pointers, then three times as many again",
     .build = pointers_repeated},
    {.name = "descriptors_many",
     .what = "packets full of the smallest descriptors",
     .build = descriptors_many,
     .heaps = true},
    {.name = "descriptors_inner",
     .what = "a descriptor item full of inner heaps",
     .build = descriptors_inner_heaps,
     .heaps = true},
    {.name = "descriptors_deep",
     .what = "a descriptor with as many names as fit",
     .build = descriptors_deep,
     .heaps = true},
    {.name = "unsized_gap",
     .what = "no length, three bytes 512 MiB apart",
     .build = unsized_gap,
     .memory_packets = LIVE_HEAPS * GAP_PACKETS,
     .lone_pages = true},
    {.name = "unsized_steps",
     .what = "no length, offsets that double up to 64 MiB",
     .build = unsized_steps,
     .memory_packets = LIVE_HEAPS * STEP_PACKETS,
     .lone_pages = true},
    {.name = "announce",
     .what = "one byte of 1 GiB",
     .build = announce,
     .heaps = true,
     .memory_packets = LIVE_HEAPS},
    {.name = "announce_mmap",
     .what = "the same with the mmap allocator",
     .build = announce_mapped,
     .heaps = true,
     .memory_packets = LIVE_HEAPS,
     .memory = HOSTILE_MMAP},
    {.name = "announce_pool",
     .what = "the same with a pool above it",
     .build = announce_mapped,
     .heaps = true,
     .memory_packets = LIVE_HEAPS,
     .memory = HOSTILE_MMAP_POOL},
    {.name = "sparse",
     .what = "a byte in each 2 MiB of 1 GiB",
     .build = sparse,
     .memory_packets = SPARSE_PACKETS,
     .lone_pages = true},
};

const uint32_t hostile_case_count = sizeof(hostile_cases) / sizeof(hostile_cases[0]);
