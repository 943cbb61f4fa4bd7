/* SPDX-License-Identifier: MIT */
/*
 * Chunk groups: the input is options, then operations: datagrams, pops, free chunks, a stop.
 * Packets go in on this thread, so that an input always does the same. Two groups of one member
 * each get the same: the usual one, and one whose packets a function of the user's copies, so that
 * each is decoded in full and every heap is assembled. They must agree in every chunk and
 * statistic, and nothing is written beside the chunks, which have no byte to spare.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "made_packet.h"
#include "packet_builder.h"
#include "receive/stream.h"
#include "spead2core/status.h"

enum { GROUPS = 2, MOST_OPERATIONS = 1024, MOST_EXTRA = 4, CLEAN = 0xa5, ITEM = 0x10 };

typedef struct run {
    sp2_chunk_group *groups[GROUPS];
    sp2_receive_stream *streams[GROUPS];
    uint64_t data_size;
    uint64_t present_size;
    uint64_t extra_size;
    int64_t last_id;
    uint8_t place; /* how the function places heaps */
} run;

static unsigned long chunks_in_use;

static void free_memory(void *context, void *data, void *present, void *extra) {
    (void)context;
    chunks_in_use--;
    free(data);
    free(present);
    free(extra);
}

static void add_chunk(run *r) {
    for (unsigned i = 0; i < GROUPS; i++) {
        sp2_chunk_memory memory = SP2_CHUNK_MEMORY_INIT;
        sp2_chunk *chunk;
        memory.data_size = r->data_size;
        memory.present_size = r->present_size;
        memory.extra_size = r->extra_size;
        memory.data = fuzz_alloc((size_t)r->data_size);
        memory.present = fuzz_alloc((size_t)r->present_size);
        memory.extra = r->extra_size != 0 ? fuzz_alloc((size_t)r->extra_size) : NULL;
        memory.free = free_memory;
        chunks_in_use++;
        memset(memory.data, CLEAN, (size_t)r->data_size);
        if (r->extra_size != 0) {
            memset(memory.extra, CLEAN, (size_t)r->extra_size);
        }
        FUZZ_CHECK(sp2_chunk_create(&memory, &chunk) == SP2_OK);
        FUZZ_CHECK(sp2_chunk_group_add_free(r->groups[i], chunk) == SP2_OK);
    }
}

/* Places that may be anywhere, as the items of the packet say. */
static void place(sp2_chunk_place *at, uint64_t size, void *context) {
    const run *r = context;
    FUZZ_CHECK(size == sizeof(*at) && at->packet_size >= 8 && at->chunk_id == -1);
    const uint64_t value = (uint64_t)at->items[0];
    at->chunk_id = at->items[0] < 0 ? at->items[1] / 4 : (int64_t)(value >> 8) - 1;
    at->heap_index = value >> (r->place & 7);
    at->heap_offset = r->place & 8 ? (uint64_t)at->items[1] * 16 : value * 3;
    at->extra_offset = value & 7;
    at->extra_size = value >> 3 & 7;
    if (at->extra != NULL) {
        memset(at->extra, (int)at->items[1], MOST_EXTRA);
    }
}

static void copy_as_told(void *context, uint8_t *heap, const sp2_packet_header *packet) {
    (void)context;
    memcpy(heap + packet->payload_offset, packet->payload, (size_t)packet->payload_length);
}

/* One thread for all inputs: it only ends streams. */
static sp2_thread_pool *thread_pool(void) {
    static sp2_thread_pool *pool;
    if (pool == NULL) {
        FUZZ_CHECK(sp2_thread_pool_create(NULL, &pool) == SP2_OK);
    }
    return pool;
}

static void begin(run *r, fuzz_input *input) {
    static const uint64_t items[] = {ITEM, ITEM_HEAP_CNT};
    const uint8_t flags = fuzz_take_u8(input);
    const uint8_t sizes = fuzz_take_u8(input);
    const uint8_t shape = fuzz_take_u8(input);
    const sp2_chunk_axis axes[] = {
        {.item = flags & 4 ? ITEM_HEAP_CNT : ITEM,
         .first = shape & 15,
         .step = 1 + (shape >> 4 & 3),
         .count = 1 + (sizes & 3),
         .data_stride = 64,
         .present_stride = 2},
        {.item = ITEM + 1,
         .first = 1,
         .step = 2,
         .count = 2,
         .data_stride = 32,
         .present_stride = 1},
    };
    sp2_chunk_group_options group = SP2_CHUNK_GROUP_OPTIONS_INIT;
    sp2_receive_options stream = SP2_RECEIVE_OPTIONS_INIT;
    sp2_chunk_options chunks = SP2_CHUNK_OPTIONS_INIT;
    sp2_chunk_layout layout = SP2_CHUNK_LAYOUT_INIT;
    layout.flags = flags & 8 ? SP2_CHUNK_LAYOUT_ORIGIN : 0;
    layout.heap_length = flags & 16 ? 32 : 0;
    layout.axes = axes;
    layout.axis_count = 1 + (flags >> 5 & 1);
    group.max_chunks = 1 + (sizes >> 2 & 3);
    group.ring_chunks = sizes >> 4 & 3;
    stream.flags = (flags & 1 ? SP2_RECEIVE_IN_ORDER : 0) | SP2_RECEIVE_UNKEYED_SEARCH;
    stream.max_heaps = 1 + (sizes >> 6);
    stream.log_level = SP2_LOG_NONE;
    stream.chunks = &chunks;
    chunks.max_chunks = shape & 64 ? 1 : 0;
    chunks.items = items;
    chunks.item_count = 2;
    chunks.place = flags & 2 ? place : NULL;
    chunks.place_context = r;
    chunks.layout = flags & 2 ? NULL : &layout;
    chunks.max_heap_extra = flags & 64 ? MOST_EXTRA : 0;
    chunks.packet_presence_size = flags & 128 ? 16 : 0;
    r->place = shape;
    r->data_size = 1 + 8 * (uint64_t)fuzz_take_u8(input);
    r->present_size = 1 + (shape & 31);
    r->extra_size = flags & 64 ? 7 : 0;
    r->last_id = -1;
    for (unsigned i = 0; i < GROUPS; i++) {
        FUZZ_CHECK(sp2_chunk_group_create(&group, &r->groups[i]) == SP2_OK);
        chunks.group = r->groups[i];
        FUZZ_CHECK(sp2_receive_stream_create(thread_pool(), &stream, &r->streams[i]) == SP2_OK);
    }
    FUZZ_CHECK(sp2_receive_stream_set_copy_function(r->streams[1], copy_as_told, NULL) == SP2_OK);
}

static void check_same_chunk(run *r, sp2_chunk *const *chunks) {
    sp2_chunk_info info[GROUPS] = {SP2_CHUNK_INFO_INIT, SP2_CHUNK_INFO_INIT};
    for (unsigned i = 0; i < GROUPS; i++) {
        FUZZ_CHECK(sp2_chunk_get_info(chunks[i], &info[i]) == SP2_OK);
    }
    FUZZ_CHECK(info[0].id > r->last_id && info[0].id == info[1].id);
    FUZZ_CHECK(info[0].ids_skipped == info[1].ids_skipped);
    FUZZ_CHECK(r->last_id < 0 || (int64_t)info[0].ids_skipped == info[0].id - r->last_id - 1);
    FUZZ_CHECK(info[0].present_count == info[1].present_count);
    FUZZ_CHECK(memcmp(info[0].present, info[1].present, (size_t)r->present_size) == 0);
    FUZZ_CHECK(memcmp(info[0].data, info[1].data, (size_t)r->data_size) == 0);
    FUZZ_CHECK(r->extra_size == 0 ||
               memcmp(info[0].extra, info[1].extra, (size_t)r->extra_size) == 0);
    r->last_id = info[0].id;
}

/* Pops a chunk of each group; they are recycled, or destroyed. */
static bool pop(run *r, bool keep) {
    sp2_chunk *chunks[GROUPS] = {NULL, NULL};
    int32_t status[GROUPS];
    for (unsigned i = 0; i < GROUPS; i++) {
        status[i] = sp2_chunk_group_pop(r->groups[i], &chunks[i]);
    }
    FUZZ_CHECK(status[0] == status[1]);
    if (status[0] != SP2_OK) {
        return false;
    }
    check_same_chunk(r, chunks);
    for (unsigned i = 0; i < GROUPS; i++) {
        if (keep) {
            sp2_chunk_release(chunks[i]);
        } else {
            sp2_chunk_destroy(chunks[i]);
        }
    }
    return true;
}

/* Hands a packet over, as a source does it; returns whether it was used. */
static bool feed_one(sp2_receive_stream *stream, const uint8_t *bytes, size_t length) {
    sp2__answer answer = sp2__stream_enter(stream);
    if (answer == SP2__MORE) {
        answer = sp2__stream_add_datagram(stream, bytes, length);
    } else {
        answer = answer == SP2__ENDED ? answer : SP2__YIELD;
    }
    sp2__stream_leave(stream);
    return sp2__answer_used(answer);
}

/* A packet that waits for a chunk is tried again when there may be one. */
static void feed(run *r, fuzz_input *input) {
    size_t length;
    uint8_t *bytes = fuzz_make_packet(input, &length);
    for (unsigned tries = 0; tries < 2; tries++) {
        const bool used = feed_one(r->streams[0], bytes, length);
        FUZZ_CHECK(feed_one(r->streams[1], bytes, length) == used);
        if (used || (!pop(r, true) && tries == 0)) {
            add_chunk(r);
        }
        if (used) {
            break;
        }
    }
    free(bytes);
}

static void check_stats(const run *r) {
    sp2_receive_stats stats[GROUPS];
    sp2_chunk_group_stats group[GROUPS];
    for (unsigned i = 0; i < GROUPS; i++) {
        stats[i] = (sp2_receive_stats)SP2_RECEIVE_STATS_INIT;
        group[i] = (sp2_chunk_group_stats)SP2_CHUNK_GROUP_STATS_INIT;
        FUZZ_CHECK(sp2_receive_stream_get_stats(r->streams[i], &stats[i]) == SP2_OK);
        FUZZ_CHECK(sp2_chunk_group_get_stats(r->groups[i], &group[i]) == SP2_OK);
    }
    FUZZ_CHECK(memcmp(&stats[0], &stats[1], sizeof(stats[0])) == 0);
    FUZZ_CHECK(memcmp(&group[0], &group[1], sizeof(group[0])) == 0);
    FUZZ_CHECK(stats[0].rejected_heaps >= stats[0].bad_length_heaps + stats[0].missing_item_heaps +
                                              stats[0].bad_timestamp_heaps +
                                              stats[0].out_of_range_heaps +
                                              stats[0].out_of_bounds_heaps);
}

static void stop(run *r, uint8_t how) {
    for (unsigned i = 0; i < GROUPS; i++) {
        if (how < 2) {
            FUZZ_CHECK(sp2_chunk_group_stop(r->groups[i], how) == SP2_OK);
        } else {
            FUZZ_CHECK(sp2_receive_stream_stop(r->streams[i]) == SP2_OK);
        }
    }
}

static void operate(run *r, fuzz_input *input) {
    const uint8_t operation = fuzz_take_u8(input);
    switch (operation & 15) {
    case 0:
        pop(r, true);
        break;
    case 1:
        pop(r, false);
        break;
    case 2:
        if (operation >= 240) {
            stop(r, fuzz_take_u8(input) & 3);
        }
        break;
    default:
        feed(r, input);
    }
}

static void end(run *r) {
    stop(r, 2);
    while (pop(r, true)) {
    }
    check_stats(r);
    for (unsigned i = 0; i < GROUPS; i++) {
        sp2_receive_stream_destroy(r->streams[i]);
        sp2_chunk_group_destroy(r->groups[i]);
    }
    FUZZ_CHECK(chunks_in_use == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input input = {data, size};
    run r = {0};
    begin(&r, &input);
    for (unsigned i = 0; i < 1 + (fuzz_take_u8(&input) & 7u); i++) {
        add_chunk(&r);
    }
    for (unsigned i = 0; i < MOST_OPERATIONS && input.length != 0; i++) {
        operate(&r, &input);
        check_stats(&r);
    }
    end(&r);
    return 0;
}
