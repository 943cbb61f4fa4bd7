/* SPDX-License-Identifier: MIT */
/* Chunks: where heaps go, the window, the rings, groups and their ends (spec sections 8 and A8). */
#include <spead2core/spead2core.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "receiver.h"
#include "test.h"
#include "test_threads.h"

/* The vectors' chunks: heap n is packet n with item 0x1600 = n. */
enum {
    TIMESTAMP = 0x1600,
    CHANNEL = 0x4103,
    ANTENNA = 0x4101,
    ADDRESS_BITS = 40,
    HEAPS_PER_CHUNK = 4,
    HEAP_BYTES = 16,
    CHUNK_BYTES = HEAPS_PER_CHUNK * HEAP_BYTES,
    EXTRA_BYTES = 8,
    DATA_PRESET = 0xee,
    EXTRA_PRESET = 0xdd,
    MOST_MEMBERS = 2
};

/* What a test does with its group. */
typedef struct rig {
    sp2_chunk_group_options group_options;
    sp2_chunk_options member_options;
    sp2_receive_options stream_options;
    uint64_t chunks; /* in existence */
    sp2_chunk_group *group;
    sp2_receive_stream *streams[MOST_MEMBERS];
    sp2_inproc_queue *queues[MOST_MEMBERS];
    uint64_t fed[MOST_MEMBERS];
    char out[512]; /* chunks that were popped: "id: presence" */
    _Atomic uint64_t places;
    int64_t shift;         /* added to each chunk's id */
    uint64_t offset_shift; /* to each heap's offset */
    uint64_t index_shift;
    _Atomic uint64_t packet_size; /* of the latest packet that was placed */
    _Atomic int64_t cnt;          /* of its heap */
    uint64_t extra_size;
    uint64_t extra_offset;
} rig;

static const uint64_t wanted_items[] = {TIMESTAMP, ITEM_HEAP_CNT};

static void place(sp2_chunk_place *at, uint64_t size, void *context) {
    rig *r = context;
    CHECK_EQ_U64(size, 80);
    CHECK(at->chunk_id == -1 && at->heap_index == 0 && at->heap_offset == 0);
    atomic_fetch_add(&r->places, 1);
    r->packet_size = at->packet_size;
    r->cnt = at->items[1];
    const int64_t n = at->items[0];
    if (n < 0) {
        return;
    }
    at->chunk_id = n / HEAPS_PER_CHUNK + r->shift;
    at->heap_index = (uint64_t)(n % HEAPS_PER_CHUNK) + r->index_shift;
    at->heap_offset = (uint64_t)(n % HEAPS_PER_CHUNK) * HEAP_BYTES + r->offset_shift;
    at->extra_offset = 2 * (uint64_t)(n % HEAPS_PER_CHUNK) + r->extra_offset;
    at->extra_size = r->extra_size;
    if (at->extra != NULL) {
        CHECK_EQ_U64((uintptr_t)at->extra % 16, 0);
        at->extra[0] = 0xaa;
        at->extra[1] = (uint8_t)n;
    }
}

static rig new_rig(void) {
    rig r = {0};
    r.group_options = (sp2_chunk_group_options)SP2_CHUNK_GROUP_OPTIONS_INIT;
    r.member_options = (sp2_chunk_options)SP2_CHUNK_OPTIONS_INIT;
    r.member_options.place = place;
    r.member_options.items = wanted_items;
    r.member_options.item_count = 2;
    r.stream_options = quiet_options(0);
    r.chunks = 8;
    return r;
}

static sp2_chunk *new_chunk(void) {
    sp2_chunk_memory memory = SP2_CHUNK_MEMORY_INIT;
    sp2_chunk *chunk;
    sp2_chunk_info info = SP2_CHUNK_INFO_INIT;
    memory.data_size = CHUNK_BYTES;
    memory.present_size = HEAPS_PER_CHUNK;
    memory.extra_size = EXTRA_BYTES;
    REQUIRE_OK(sp2_chunk_create(&memory, &chunk));
    REQUIRE_OK(sp2_chunk_get_info(chunk, &info));
    CHECK_EQ_I64(info.id, SP2_CHUNK_NO_ID);
    CHECK_EQ_U64((uintptr_t)info.data % 64, 0);
    memset(info.data, DATA_PRESET, CHUNK_BYTES);
    memset(info.extra, EXTRA_PRESET, EXTRA_BYTES);
    memset(info.present, 1, HEAPS_PER_CHUNK); /* add_free clears it */
    return chunk;
}

static void make_group(rig *r) {
    REQUIRE_OK(sp2_chunk_group_create(&r->group_options, &r->group));
    for (uint64_t i = 0; i < r->chunks; i++) {
        REQUIRE_OK(sp2_chunk_group_add_free(r->group, new_chunk()));
    }
}

static void add_member(rig *r, int member) {
    r->member_options.group = r->group;
    r->member_options.place_context = r;
    r->member_options.stream_id = 10 + (uint64_t)member;
    r->stream_options.chunks = &r->member_options;
    r->streams[member] = new_stream(&r->stream_options);
}

/* Members that are fed by queues, packet by packet. */
static void make_members(rig *r, int members) {
    r->group_options.members = (uint64_t)members;
    make_group(r);
    for (int i = 0; i < members; i++) {
        sp2_inproc_source_options source = SP2_INPROC_SOURCE_OPTIONS_INIT;
        add_member(r, i);
        REQUIRE_OK(sp2_inproc_queue_create(NULL, &r->queues[i]));
        source.queue = r->queues[i];
        REQUIRE_OK(sp2_receive_stream_add_inproc_source(r->streams[i], &source, NULL));
    }
}

/* A packet of heap n: `length` bytes of its 16 from `offset` on. */
static packet_builder heap_packet(uint64_t n, uint64_t offset, uint64_t length) {
    packet_builder packet;
    uint8_t payload[HEAP_BYTES];
    memset(payload, (int)n, sizeof(payload));
    packet_begin_heap(&packet, ADDRESS_BITS, n, HEAP_BYTES, offset, length);
    packet_add_immediate(&packet, TIMESTAMP, n);
    packet_add_payload(&packet, payload, (size_t)length);
    return packet;
}

static void add_heap(datagram_list *list, uint64_t n) {
    packet_builder packet = heap_packet(n, 0, HEAP_BYTES);
    datagrams_add_packet(list, &packet);
}

static void add_half(datagram_list *list, uint64_t n, uint64_t half) {
    packet_builder packet = heap_packet(n, half * (HEAP_BYTES / 2), HEAP_BYTES / 2);
    datagrams_add_packet(list, &packet);
}

/* Hands a packet to a member without waiting for what becomes of it. */
static void push_packet(rig *r, int member, packet_builder *packet) {
    REQUIRE_OK(sp2_inproc_queue_add_packet(r->queues[member], packet->bytes, packet->length));
    packet_free(packet);
    r->fed[member]++;
}

static void push(rig *r, int member, uint64_t n) {
    packet_builder packet = heap_packet(n, 0, HEAP_BYTES);
    push_packet(r, member, &packet);
}

static void wait_taken(rig *r, int member) {
    WAIT_UNTIL(stats_of(r->streams[member]).packets == r->fed[member], PATIENCE_SECONDS);
}

static void feed(rig *r, int member, uint64_t n) {
    push(r, member, n);
    wait_taken(r, member);
}

static void wait_blocked(rig *r, int member, uint64_t times) {
    WAIT_UNTIL(stats_of(r->streams[member]).worker_blocked == times, PATIENCE_SECONDS);
}

static sp2_chunk_info chunk_info(const sp2_chunk *chunk) {
    sp2_chunk_info info = SP2_CHUNK_INFO_INIT;
    REQUIRE_OK(sp2_chunk_get_info(chunk, &info));
    return info;
}

static sp2_chunk_group_stats group_stats(const rig *r) {
    sp2_chunk_group_stats stats = SP2_CHUNK_GROUP_STATS_INIT;
    REQUIRE_OK(sp2_chunk_group_get_stats(r->group, &stats));
    return stats;
}

/* Notes what a chunk has. The data of heaps that are present must be there. */
static void note(rig *r, const sp2_chunk *chunk) {
    const sp2_chunk_info info = chunk_info(chunk);
    size_t length = strlen(r->out);
    uint64_t count = 0;
    length += (size_t)snprintf(r->out + length, sizeof(r->out) - length,
                               "%s%d: ", length == 0 ? "" : ", ", (int)info.id);
    for (uint64_t i = 0; i < info.present_size; i++) {
        length +=
            (size_t)snprintf(r->out + length, sizeof(r->out) - length, "%02x", info.present[i]);
        count += info.present[i];
    }
    CHECK_EQ_U64(info.present_count, count);
    for (uint64_t i = 0; i < HEAPS_PER_CHUNK && info.present_size == HEAPS_PER_CHUNK; i++) {
        uint8_t expected[HEAP_BYTES];
        memset(expected, (int)((info.id - r->shift) * HEAPS_PER_CHUNK + (int64_t)i),
               sizeof(expected));
        if (info.present[i] != 0) {
            CHECK_MEM(info.data + i * HEAP_BYTES, expected, HEAP_BYTES);
        }
    }
}

/* Pops a chunk, notes it and releases it. */
static void pop_one(rig *r) {
    sp2_chunk *chunk;
    REQUIRE_OK(sp2_chunk_group_pop_wait(r->group, PATIENCE_NS, &chunk));
    note(r, chunk);
    sp2_chunk_release(chunk);
}

static void pop_to_end(rig *r) {
    sp2_chunk *chunk;
    int32_t status;
    while ((status = sp2_chunk_group_pop_wait(r->group, PATIENCE_NS, &chunk)) == SP2_OK) {
        note(r, chunk);
        sp2_chunk_release(chunk);
    }
    CHECK_STATUS(status, SP2_E_STOPPED);
    CHECK(chunk == NULL);
}

static void free_rig(rig *r) {
    for (int i = 0; i < MOST_MEMBERS; i++) {
        if (r->streams[i] != NULL) {
            const sp2_receive_stats stats = stats_of(r->streams[i]);
            CHECK_EQ_U64(stats.incomplete_heaps_dropped, 0);
        }
        sp2_receive_stream_destroy(r->streams[i]);
        sp2_inproc_queue_destroy(r->queues[i]);
    }
    sp2_chunk_group_destroy(r->group);
}

/* Feeds a group of one with the datagrams, as one batch, and notes all of its chunks. */
static sp2_receive_stats run_through(rig *r, datagram_list *list) {
    make_group(r);
    add_member(r, 0);
    REQUIRE_OK(add_datagram_source(r->streams[0], list->datagrams, list->count));
    pop_to_end(r);
    const sp2_receive_stats stats = stats_of(r->streams[0]);
    check_sums(&stats);
    datagrams_free(list);
    return stats;
}

/* ---- the vectors of a chunk stream ---- */

SP2_TEST(K1_every_heap_is_in_its_chunk) {
    rig r = new_rig();
    datagram_list list = {0};
    for (uint64_t n = 0; n < 8; n++) {
        add_heap(&list, n);
    }
    const sp2_receive_stats stats = run_through(&r, &list);
    CHECK_STR(r.out, "0: 01010101, 1: 01010101");
    CHECK_EQ_U64(stats.heaps, 8);
    CHECK_EQ_U64(stats.too_old_heaps, 0);
    CHECK_EQ_U64(stats.rejected_heaps, 0);
    CHECK_EQ_U64(group_stats(&r).chunks_emitted, 2);
    CHECK_EQ_U64(group_stats(&r).free_chunks, 6); /* an ended group takes none back */
    free_rig(&r);
}

SP2_TEST(K2_first_heap_fills_the_window_behind_it) {
    rig r = new_rig();
    datagram_list list = {0};
    add_heap(&list, 40);
    run_through(&r, &list);
    CHECK_STR(r.out, "9: 00000000, 10: 01000000");
    CHECK_EQ_U64(group_stats(&r).ids_skipped, 0);
    free_rig(&r);
}

SP2_TEST(K3_heap_behind_the_window_is_too_old) {
    rig r = new_rig();
    datagram_list list = {0};
    add_heap(&list, 1);
    add_heap(&list, 20);
    add_heap(&list, 17);
    add_heap(&list, 13);
    const sp2_receive_stats stats = run_through(&r, &list);
    CHECK_STR(r.out, "0: 00010000, 4: 00010000, 5: 01000000");
    CHECK_EQ_U64(stats.too_old_heaps, 1);
    CHECK_EQ_U64(stats.heaps, 4);
    CHECK_EQ_U64(group_stats(&r).ids_skipped, 3);
    free_rig(&r);
}

static void check_negative_chunk(int64_t shift) {
    rig r = new_rig();
    datagram_list list = {0};
    r.shift = shift;
    add_heap(&list, 0);
    add_heap(&list, 1);
    const sp2_receive_stats stats = run_through(&r, &list);
    CHECK_STR(r.out, "");
    CHECK_EQ_U64(stats.rejected_heaps, 2);
    CHECK_EQ_U64(stats.too_old_heaps, 0);
    CHECK_EQ_U64(stats.heaps, 2);
    free_rig(&r);
}

SP2_TEST(K4_heap_of_a_negative_chunk_is_rejected) {
    check_negative_chunk(-1);
    check_negative_chunk(-5);
    check_negative_chunk(INT64_MAX); /* there is no tail behind it */
}

SP2_TEST(K5_incomplete_heap_leaves_data_without_presence) {
    rig r = new_rig();
    datagram_list list = {0};
    r.stream_options.flags |= SP2_RECEIVE_UNKEYED_SEARCH; /* search_dist is exact then */
    r.chunks = 2;
    add_half(&list, 1, 0);
    add_half(&list, 2, 0);
    add_half(&list, 2, 1);
    make_group(&r);
    add_member(&r, 0);
    REQUIRE_OK(add_datagram_source(r.streams[0], list.datagrams, list.count));
    sp2_chunk *chunk;
    REQUIRE_OK(sp2_chunk_group_pop_wait(r.group, PATIENCE_NS, &chunk));
    note(&r, chunk);
    CHECK_STR(r.out, "0: 00000100");
    const uint8_t half[HEAP_BYTES] = {1,    1,    1,    1,    1,    1,    1,    1,
                                      0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee};
    CHECK_MEM(chunk_info(chunk).data + HEAP_BYTES, half, HEAP_BYTES);
    sp2_chunk_release(chunk);
    pop_to_end(&r);
    const sp2_receive_stats stats = stats_of(r.streams[0]);
    CHECK_EQ_U64(stats.incomplete_heaps_flushed, 1);
    CHECK_EQ_U64(stats.search_dist, 3);
    CHECK_EQ_U64(stats.too_old_heaps, 0);
    datagrams_free(&list);
    free_rig(&r);
}

SP2_TEST(K6_second_packet_places_a_heap_whose_first_is_lost) {
    rig r = new_rig();
    datagram_list list = {0};
    packet_builder packet;
    const uint8_t payload[HEAP_BYTES / 2] = {0};
    packet_begin_heap(&packet, ADDRESS_BITS, 1, HEAP_BYTES, HEAP_BYTES / 2, HEAP_BYTES / 2);
    packet_add_payload(&packet, payload, sizeof(payload));
    datagrams_add_packet(&list, &packet);
    add_half(&list, 2, 1);
    const sp2_receive_stats stats = run_through(&r, &list);
    CHECK_STR(r.out, "0: 00000000");
    CHECK_EQ_U64(atomic_load(&r.places), 2);
    CHECK_EQ_U64(stats.rejected_heaps, 1); /* the item is -1 */
    free_rig(&r);
}

SP2_TEST(K7_heap_completed_after_its_chunk_left_is_too_old) {
    rig r = new_rig();
    datagram_list list = {0};
    add_half(&list, 1, 0);
    add_heap(&list, 9);
    add_heap(&list, 12);
    add_half(&list, 1, 1);
    const sp2_receive_stats stats = run_through(&r, &list);
    CHECK_STR(r.out, "0: 00000000, 1: 00000000, 2: 00010000, 3: 01000000");
    CHECK_EQ_U64(stats.too_old_heaps, 1);
    CHECK_EQ_U64(stats.heaps, 3);
    free_rig(&r);
}

SP2_TEST(K8_heap_without_payload_is_not_placed) {
    rig r = new_rig();
    datagram_list list = {0};
    packet_builder packet;
    packet_begin_heap(&packet, ADDRESS_BITS, 5, 0, 0, 0);
    packet_add_immediate(&packet, TIMESTAMP, 5);
    datagrams_add_packet(&list, &packet);
    add_heap(&list, 1);
    const sp2_receive_stats stats = run_through(&r, &list);
    CHECK_STR(r.out, "0: 00010000");
    CHECK_EQ_U64(stats.heaps, 2);
    CHECK_EQ_U64(atomic_load(&r.places), 1);
    CHECK_EQ_U64(stats.rejected_heaps, 0);
    free_rig(&r);
}

SP2_TEST(K9_extra_data_is_copied_with_the_first_packet) {
    static const uint8_t expected[EXTRA_BYTES] = {0xaa, 0, 0xdd, 0xdd, 0xaa, 2, 0xdd, 0xdd};
    rig r = new_rig();
    datagram_list list = {0};
    r.member_options.max_heap_extra = 2;
    r.extra_size = 2;
    add_heap(&list, 0);
    add_half(&list, 2, 0); /* incomplete, and yet copied */
    make_group(&r);
    add_member(&r, 0);
    REQUIRE_OK(add_datagram_source(r.streams[0], list.datagrams, list.count));
    sp2_chunk *chunk;
    REQUIRE_OK(sp2_chunk_group_pop_wait(r.group, PATIENCE_NS, &chunk));
    note(&r, chunk);
    CHECK_STR(r.out, "0: 01000000");
    CHECK_MEM(chunk_info(chunk).extra, expected, EXTRA_BYTES);
    sp2_chunk_destroy(chunk);
    pop_to_end(&r);
    datagrams_free(&list);
    free_rig(&r);
}

SP2_TEST(K10_last_immediate_of_an_item_counts) {
    rig r = new_rig();
    datagram_list list = {0};
    packet_builder packet;
    uint8_t payload[HEAP_BYTES];
    memset(payload, 2, sizeof(payload));
    packet_begin_heap(&packet, ADDRESS_BITS, 3, HEAP_BYTES, 0, HEAP_BYTES);
    packet_add_immediate(&packet, TIMESTAMP, 7);
    packet_add_immediate(&packet, TIMESTAMP, 2);
    packet_add_address(&packet, TIMESTAMP, 0);
    packet_add_payload(&packet, payload, sizeof(payload));
    datagrams_add_packet(&list, &packet);
    run_through(&r, &list);
    CHECK_STR(r.out, "0: 00000100");
    CHECK_EQ_U64(r.packet_size, 80);
    CHECK_EQ_I64(r.cnt, 3); /* one of the special items */
    free_rig(&r);
}

SP2_TEST(K11_heap_of_unknown_length_is_not_used) {
    rig r = new_rig();
    datagram_list list = {0};
    packet_builder packet;
    const uint8_t payload[HEAP_BYTES] = {0};
    packet_begin_heap(&packet, ADDRESS_BITS, 0, NO_HEAP_LENGTH, 0, HEAP_BYTES);
    packet_add_immediate(&packet, TIMESTAMP, 0);
    packet_add_payload(&packet, payload, sizeof(payload));
    datagrams_add_packet(&list, &packet);
    const sp2_receive_stats stats = run_through(&r, &list);
    CHECK_STR(r.out, "");
    CHECK_EQ_U64(atomic_load(&r.places), 0);
    CHECK_EQ_U64(stats.packets, 1);
    CHECK_EQ_U64(stats.heaps, 0);
    CHECK_EQ_U64(stats.rejected_unsized, 1);
    free_rig(&r);
}

SP2_TEST(K12_stop_heap_is_neither_placed_nor_rejected) {
    rig r = new_rig();
    datagram_list list = {0};
    add_heap(&list, 0);
    datagrams_add_stop(&list, 99);
    add_heap(&list, 1);
    const sp2_receive_stats stats = run_through(&r, &list);
    CHECK_STR(r.out, "0: 01000000");
    CHECK_EQ_U64(stats.heaps, 1);
    CHECK_EQ_U64(stats.packets, 2);
    CHECK_EQ_U64(stats.rejected_heaps, 0);
    CHECK_EQ_U64(atomic_load(&r.places), 1);
    free_rig(&r);
}

SP2_TEST(Stop_heap_is_placed_where_stop_items_are_ignored) {
    rig r = new_rig();
    datagram_list list = {0};
    packet_builder packet;
    const uint8_t payload[HEAP_BYTES] = {0};
    r.stream_options.flags |= SP2_RECEIVE_IGNORE_STOP_ITEM;
    packet_begin_heap(&packet, ADDRESS_BITS, 0, HEAP_BYTES, 0, HEAP_BYTES);
    packet_add_immediate(&packet, TIMESTAMP, 0);
    packet_add_immediate(&packet, ITEM_STREAM_CTRL, STREAM_CTRL_STOP);
    packet_add_payload(&packet, payload, sizeof(payload));
    datagrams_add_packet(&list, &packet);
    run_through(&r, &list);
    CHECK_STR(r.out, "0: 01000000");
    free_rig(&r);
}

/* ---- the vectors of groups ---- */

/* Feeds what L1 and L2 have in common, as far as neither member has to wait. */
static void check_l1(rig *r) {
    feed(r, 0, 0);
    feed(r, 1, 1);
    feed(r, 0, 4);
}

SP2_TEST(L1_lossy_window_leaves_a_slow_member_behind) {
    rig r = new_rig();
    make_members(&r, 2);
    check_l1(&r);
    feed(&r, 0, 8);
    feed(&r, 0, 12);
    pop_one(&r);
    pop_one(&r);
    CHECK_STR(r.out, "0: 01010000, 1: 01000000");
    feed(&r, 1, 2);
    feed(&r, 1, 13);
    CHECK_EQ_U64(stats_of(r.streams[0]).too_old_heaps, 0);
    CHECK_EQ_U64(stats_of(r.streams[1]).too_old_heaps, 1);
    sp2_chunk *chunk;
    CHECK_STATUS(sp2_chunk_group_pop(r.group, &chunk), SP2_E_EMPTY);
    free_rig(&r);
}

SP2_TEST(L2_lossless_window_waits_for_a_slow_member) {
    rig r = new_rig();
    r.group_options.flags = SP2_CHUNK_GROUP_LOSSLESS;
    r.group_options.member_timeout_ns = SP2_CHUNK_NO_TIMEOUT;
    make_members(&r, 2);
    check_l1(&r);
    push(&r, 0, 8);
    wait_blocked(&r, 0, 1);
    push(&r, 0, 12);
    feed(&r, 1, 2);
    CHECK_EQ_U64(stats_of(r.streams[0]).packets, 2);
    CHECK_EQ_U64(group_stats(&r).chunks_emitted, 0);
    push(&r, 1, 13);
    wait_taken(&r, 0);
    wait_taken(&r, 1);
    pop_one(&r);
    pop_one(&r);
    CHECK_STR(r.out, "0: 01010100, 1: 01000000");
    CHECK_EQ_U64(stats_of(r.streams[0]).too_old_heaps, 0);
    CHECK_EQ_U64(stats_of(r.streams[1]).too_old_heaps, 0);
    CHECK(group_stats(&r).waits_for_members >= 1);
    CHECK_EQ_U64(group_stats(&r).member_timeouts, 0);
    sp2_chunk *chunk;
    CHECK_STATUS(sp2_chunk_group_pop(r.group, &chunk), SP2_E_EMPTY);
    free_rig(&r);
}

SP2_TEST(L3_group_ends_when_the_network_stops_its_last_member) {
    rig r = new_rig();
    make_members(&r, 2);
    feed(&r, 0, 0);
    feed(&r, 1, 1);
    REQUIRE_OK(sp2_inproc_queue_stop(r.queues[0]));
    WAIT_UNTIL(sp2_inproc_queue_add_packet(r.queues[0], "", 0) == SP2_E_STOPPED, PATIENCE_SECONDS);
    sp2_chunk *chunk;
    CHECK_STATUS(sp2_chunk_group_pop(r.group, &chunk), SP2_E_EMPTY);
    REQUIRE_OK(sp2_inproc_queue_stop(r.queues[1]));
    pop_to_end(&r);
    CHECK_STR(r.out, "0: 01010000");
    free_rig(&r);
}

SP2_TEST(L4_member_that_is_stopped_holds_up_nobody) {
    rig r = new_rig();
    make_members(&r, 2);
    feed(&r, 0, 0);
    feed(&r, 1, 1);
    REQUIRE_OK(sp2_receive_stream_stop(r.streams[1]));
    feed(&r, 0, 4);
    feed(&r, 0, 8);
    pop_one(&r);
    CHECK_STR(r.out, "0: 01010000");
    sp2_chunk *chunk;
    CHECK_STATUS(sp2_chunk_group_pop(r.group, &chunk), SP2_E_EMPTY);
    REQUIRE_OK(sp2_receive_stream_stop(r.streams[0]));
    pop_to_end(&r);
    CHECK_STR(r.out, "0: 01010000, 1: 01000000, 2: 01000000");
    free_rig(&r);
}

SP2_TEST(Lossless_window_passes_a_member_that_has_ended) {
    rig r = new_rig();
    r.group_options.flags = SP2_CHUNK_GROUP_LOSSLESS;
    r.group_options.member_timeout_ns = SP2_CHUNK_NO_TIMEOUT;
    make_members(&r, 2);
    check_l1(&r);
    push(&r, 0, 8);
    wait_blocked(&r, 0, 1);
    REQUIRE_OK(sp2_inproc_queue_stop(r.queues[1]));
    wait_taken(&r, 0);
    pop_one(&r);
    CHECK_STR(r.out, "0: 01010000");
    free_rig(&r);
}

SP2_TEST(Lossless_window_passes_a_silent_member_in_time) {
    rig r = new_rig();
    r.group_options.flags = SP2_CHUNK_GROUP_LOSSLESS;
    r.group_options.member_timeout_ns = 50000000;
    make_members(&r, 2);
    check_l1(&r);
    feed(&r, 0, 8);
    feed(&r, 0, 12);
    pop_one(&r);
    pop_one(&r);
    CHECK_STR(r.out, "0: 01010000, 1: 01000000");
    CHECK_EQ_U64(group_stats(&r).member_timeouts, 1);
    /* It is waited for again when it sends again. */
    feed(&r, 1, 13);
    push(&r, 0, 16);
    wait_blocked(&r, 0, 2);
    feed(&r, 1, 17);
    wait_taken(&r, 0);
    free_rig(&r);
}

SP2_TEST(Lossless_window_waits_for_a_member_not_made_yet) {
    rig r = new_rig();
    r.group_options.flags = SP2_CHUNK_GROUP_LOSSLESS;
    r.group_options.member_timeout_ns = SP2_CHUNK_NO_TIMEOUT;
    make_members(&r, 1);
    sp2_chunk_group_destroy(r.group); /* the member keeps it */
    free_rig(&(rig){.streams = {r.streams[0]}, .queues = {r.queues[0]}});
    rig two = new_rig();
    two.group_options = r.group_options;
    two.group_options.members = 2;
    make_group(&two);
    add_member(&two, 0);
    sp2_inproc_source_options source = SP2_INPROC_SOURCE_OPTIONS_INIT;
    REQUIRE_OK(sp2_inproc_queue_create(NULL, &two.queues[0]));
    source.queue = two.queues[0];
    REQUIRE_OK(sp2_receive_stream_add_inproc_source(two.streams[0], &source, NULL));
    feed(&two, 0, 0);
    push(&two, 0, 8);
    wait_blocked(&two, 0, 1);
    add_member(&two, 1);
    REQUIRE_OK(sp2_receive_stream_stop(two.streams[1]));
    wait_taken(&two, 0);
    pop_one(&two);
    CHECK_STR(two.out, "0: 01000000");
    free_rig(&two);
}

SP2_TEST(Member_with_a_smaller_window_has_a_head_of_its_own) {
    rig r = new_rig();
    r.member_options.max_chunks = 1;
    make_members(&r, 1);
    feed(&r, 0, 4);
    feed(&r, 0, 0); /* in the group's window, not in its own */
    CHECK_EQ_U64(stats_of(r.streams[0]).too_old_heaps, 1);
    packet_builder half = heap_packet(5, 0, HEAP_BYTES / 2);
    push_packet(&r, 0, &half);
    feed(&r, 0, 8);
    half = heap_packet(5, HEAP_BYTES / 2, HEAP_BYTES / 2); /* its chunk has left its own, too */
    push_packet(&r, 0, &half);
    wait_taken(&r, 0);
    CHECK_EQ_U64(stats_of(r.streams[0]).too_old_heaps, 2);
    REQUIRE_OK(sp2_receive_stream_stop(r.streams[0]));
    pop_to_end(&r);
    CHECK_STR(r.out, "0: 00000000, 1: 01000000, 2: 01000000");
    free_rig(&r);
}

SP2_TEST(Chunk_knows_the_member_that_began_it) {
    rig r = new_rig();
    make_members(&r, 2);
    feed(&r, 1, 0);
    feed(&r, 0, 4);
    REQUIRE_OK(sp2_chunk_group_stop(r.group, SP2_CHUNK_STOP_DRAIN));
    sp2_chunk *chunk;
    REQUIRE_OK(sp2_chunk_group_pop(r.group, &chunk));
    CHECK_EQ_U64(chunk_info(chunk).stream_id, 11);
    sp2_chunk_release(chunk);
    REQUIRE_OK(sp2_chunk_group_pop(r.group, &chunk));
    CHECK_EQ_U64(chunk_info(chunk).stream_id, 10);
    sp2_chunk_release(chunk);
    free_rig(&r);
}

/* ---- bounds ---- */

/* One heap, which does not fit. */
static void check_out_of_bounds(rig *r, uint64_t n) {
    datagram_list list = {0};
    add_heap(&list, n);
    const sp2_receive_stats stats = run_through(r, &list);
    CHECK_STR(r->out, "0: 00000000");
    CHECK_EQ_U64(stats.out_of_bounds_heaps, 1);
    CHECK_EQ_U64(stats.rejected_heaps, 1);
    CHECK_EQ_U64(stats.heaps, 1);
    free_rig(r);
}

SP2_TEST(Heap_beyond_the_data_is_rejected) {
    rig r = new_rig();
    r.offset_shift = 1;
    check_out_of_bounds(&r, 3);
    r = new_rig();
    r.offset_shift = UINT64_MAX - 15; /* the sum with the length would be 0 */
    check_out_of_bounds(&r, 0);
}

SP2_TEST(Heap_beyond_the_presence_is_rejected) {
    rig r = new_rig();
    r.index_shift = 1;
    check_out_of_bounds(&r, 3);
    r = new_rig();
    r.index_shift = UINT64_MAX;
    check_out_of_bounds(&r, 0);
}

SP2_TEST(Heap_with_extra_data_out_of_bounds_is_rejected) {
    rig r = new_rig();
    r.member_options.max_heap_extra = 2;
    r.extra_size = 2;
    r.extra_offset = 1; /* it would end at byte 9 of 8 */
    check_out_of_bounds(&r, 3);
    r = new_rig();
    r.member_options.max_heap_extra = 2;
    r.extra_size = 3; /* more than it was given */
    check_out_of_bounds(&r, 0);
}

SP2_TEST(Presence_of_packets_is_noted_for_each_of_them) {
    rig r = new_rig();
    datagram_list list = {0};
    r.member_options.packet_presence_size = HEAP_BYTES / 2;
    add_half(&list, 0, 1);
    add_half(&list, 1, 0);
    add_half(&list, 1, 1);
    add_heap(&list, 3); /* its two entries would be 3 and 4 */
    make_group(&r);
    add_member(&r, 0);
    REQUIRE_OK(add_datagram_source(r.streams[0], list.datagrams, list.count));
    sp2_chunk *chunk;
    REQUIRE_OK(sp2_chunk_group_pop_wait(r.group, PATIENCE_NS, &chunk));
    const uint8_t expected[HEAPS_PER_CHUNK] = {0, 1, 1, 0};
    CHECK_MEM(chunk_info(chunk).present, expected, HEAPS_PER_CHUNK);
    CHECK_EQ_U64(chunk_info(chunk).present_count, 2);
    CHECK_EQ_U64(stats_of(r.streams[0]).out_of_bounds_heaps, 1);
    sp2_chunk_release(chunk);
    datagrams_free(&list);
    free_rig(&r);
}

/* ---- full and empty rings ---- */

SP2_TEST(Full_data_ring_pauses_until_a_chunk_is_popped) {
    rig r = new_rig();
    r.group_options.ring_chunks = 1;
    make_members(&r, 1);
    feed(&r, 0, 0);
    feed(&r, 0, 4);
    feed(&r, 0, 8); /* chunk 0 is in the ring */
    push(&r, 0, 12);
    push(&r, 0, 13);
    wait_blocked(&r, 0, 1);
    CHECK_EQ_U64(stats_of(r.streams[0]).packets, 3);
    CHECK_EQ_U64(group_stats(&r).waits_for_room, 1);
    CHECK_EQ_U64(group_stats(&r).ready_chunks, 1);
    sp2_chunk *chunk;
    REQUIRE_OK(sp2_chunk_group_pop(r.group, &chunk));
    wait_taken(&r, 0); /* while the chunk is still in use */
    note(&r, chunk);
    sp2_chunk_release(chunk);
    CHECK_EQ_U64(stats_of(r.streams[0]).worker_blocked, 1);
    CHECK_EQ_U64(atomic_load(&r.places), 5); /* the one that waited was not asked again */
    REQUIRE_OK(sp2_inproc_queue_stop(r.queues[0]));
    pop_to_end(&r); /* the whole window, whatever the ring's size */
    CHECK_STR(r.out, "0: 01000000, 1: 01000000, 2: 01000000, 3: 01010000");
    free_rig(&r);
}

SP2_TEST(Empty_free_ring_pauses_until_a_chunk_is_released) {
    rig r = new_rig();
    r.chunks = 2;
    make_members(&r, 1);
    feed(&r, 0, 0);
    feed(&r, 0, 4);
    push(&r, 0, 8);
    wait_blocked(&r, 0, 1);
    CHECK_EQ_U64(group_stats(&r).waits_for_free, 1);
    sp2_chunk *chunk;
    REQUIRE_OK(sp2_chunk_group_pop_wait(r.group, PATIENCE_NS, &chunk));
    note(&r, chunk);
    CHECK_EQ_U64(stats_of(r.streams[0]).packets, 2);
    sp2_chunk_release(chunk);
    wait_taken(&r, 0);
    CHECK_EQ_U64(group_stats(&r).free_chunks, 0);
    REQUIRE_OK(sp2_chunk_group_add_free(r.group, new_chunk()));
    CHECK_EQ_U64(group_stats(&r).free_chunks, 1);
    feed(&r, 0, 12);
    free_rig(&r);
}

SP2_TEST(Group_without_chunks_waits_for_the_first) {
    rig r = new_rig();
    r.chunks = 0;
    make_members(&r, 1);
    push(&r, 0, 0);
    wait_blocked(&r, 0, 1);
    REQUIRE_OK(sp2_chunk_group_add_free(r.group, new_chunk()));
    wait_taken(&r, 0);
    free_rig(&r);
}

/* Both sources wait; the first chunk that comes lets both go on. */
SP2_TEST(Two_sources_that_wait_both_go_on) {
    rig r = new_rig();
    datagram_list lists[2] = {{0}, {0}};
    enum { HEAPS = 200 };
    r.chunks = 3;
    r.stream_options.flags |= SP2_RECEIVE_EXPLICIT_START;
    r.stream_options.max_heaps = 1000;
    make_group(&r);
    add_member(&r, 0);
    for (uint64_t n = 0; n < 2 * HEAPS; n++) {
        add_heap(&lists[n % 2], n);
    }
    for (int i = 0; i < 2; i++) {
        REQUIRE_OK(add_datagram_source(r.streams[0], lists[i].datagrams, lists[i].count));
    }
    REQUIRE_OK(sp2_receive_stream_start(r.streams[0]));
    sp2_chunk *chunk;
    int64_t last = -1;
    while (sp2_chunk_group_pop_wait(r.group, PATIENCE_NS, &chunk) == SP2_OK) {
        CHECK(chunk_info(chunk).id > last);
        last = chunk_info(chunk).id;
        sp2_chunk_release(chunk);
    }
    for (int i = 0; i < 2; i++) {
        datagrams_free(&lists[i]);
    }
    free_rig(&r);
}

SP2_TEST(Stopped_stream_that_waits_lets_its_group_end) {
    rig r = new_rig();
    r.chunks = 1;
    make_members(&r, 1);
    feed(&r, 0, 0);
    push(&r, 0, 4);
    wait_blocked(&r, 0, 1);
    REQUIRE_OK(sp2_receive_stream_stop(r.streams[0]));
    pop_to_end(&r);
    CHECK_STR(r.out, "0: 01000000");
    free_rig(&r);
}

/* ---- the end ---- */

SP2_TEST(Group_that_is_stopped_drains_its_window) {
    rig r = new_rig();
    make_members(&r, 2);
    feed(&r, 0, 0);
    feed(&r, 1, 5);
    REQUIRE_OK(sp2_chunk_group_stop(r.group, SP2_CHUNK_STOP_DRAIN));
    pop_to_end(&r);
    CHECK_STR(r.out, "0: 01000000, 1: 00010000");
    CHECK_EQ_U64(group_stats(&r).chunks_dropped, 0);
    REQUIRE_OK(sp2_chunk_group_stop(r.group, SP2_CHUNK_STOP_DROP));
    free_rig(&r);
}

SP2_TEST(Group_that_is_stopped_drops_its_window) {
    rig r = new_rig();
    make_members(&r, 1);
    feed(&r, 0, 0);
    feed(&r, 0, 4);
    feed(&r, 0, 8);
    REQUIRE_OK(sp2_chunk_group_stop(r.group, SP2_CHUNK_STOP_DROP));
    pop_to_end(&r);
    CHECK_STR(r.out, "0: 01000000"); /* it had left the window */
    CHECK_EQ_U64(group_stats(&r).chunks_dropped, 2);
    CHECK_EQ_U64(group_stats(&r).chunks_emitted, 1);
    CHECK_EQ_U64(group_stats(&r).free_chunks, 7);
    free_rig(&r);
}

SP2_TEST(Members_of_a_stopped_group_stop) {
    rig r = new_rig();
    r.chunks = 1;
    make_members(&r, 2);
    feed(&r, 0, 0);
    push(&r, 0, 4);
    wait_blocked(&r, 0, 1); /* it waits, and goes on to stop */
    REQUIRE_OK(sp2_chunk_group_stop(r.group, SP2_CHUNK_STOP_DRAIN));
    /* At the latest when it gets something; it may have stopped by then. */
    const int32_t pushed = sp2_inproc_queue_add_packet(r.queues[1], "", 0);
    CHECK(pushed == SP2_OK || pushed == SP2_E_STOPPED);
    for (int i = 0; i < 2; i++) {
        WAIT_UNTIL(sp2_inproc_queue_add_packet(r.queues[i], "", 0) == SP2_E_STOPPED,
                   PATIENCE_SECONDS);
    }
    pop_to_end(&r);
    CHECK_STR(r.out, "0: 01000000");
    free_rig(&r);
}

SP2_TEST(Chunks_outlive_their_group) {
    rig r = new_rig();
    make_members(&r, 1);
    feed(&r, 0, 0);
    REQUIRE_OK(sp2_chunk_group_stop(r.group, SP2_CHUNK_STOP_DRAIN));
    sp2_chunk *chunk;
    REQUIRE_OK(sp2_chunk_group_pop(r.group, &chunk));
    free_rig(&r);
    note(&r, chunk);
    CHECK_STR(r.out, "0: 01000000");
    sp2_chunk_release(chunk);
    sp2_chunk_release(NULL);
    sp2_chunk_destroy(NULL);
    sp2_chunk_group_destroy(NULL);
}

/* ---- consumers ---- */

static void count_call(void *context) {
    atomic_fetch_add((_Atomic uint64_t *)context, 1);
}

SP2_TEST(Ready_callback_is_called_once_for_each_request) {
    rig r = new_rig();
    _Atomic uint64_t calls = 0;
    sp2_chunk *chunk;
    make_members(&r, 1);
    REQUIRE_OK(sp2_chunk_group_set_ready_callback(r.group, count_call, &calls));
    CHECK_STATUS(sp2_chunk_group_request_ready(r.group), SP2_E_EMPTY);
    feed(&r, 0, 0);
    feed(&r, 0, 4);
    CHECK_EQ_U64(atomic_load(&calls), 0);
    feed(&r, 0, 8);
    WAIT_UNTIL(atomic_load(&calls) == 1, PATIENCE_SECONDS);
    CHECK_STATUS(sp2_chunk_group_request_ready(r.group), SP2_OK);
    REQUIRE_OK(sp2_chunk_group_pop(r.group, &chunk));
    sp2_chunk_release(chunk);
    CHECK_STATUS(sp2_chunk_group_request_ready(r.group), SP2_E_EMPTY);
    REQUIRE_OK(sp2_chunk_group_stop(r.group, SP2_CHUNK_STOP_DROP));
    WAIT_UNTIL(atomic_load(&calls) == 2, PATIENCE_SECONDS);
    CHECK_STATUS(sp2_chunk_group_request_ready(r.group), SP2_E_STOPPED);
    REQUIRE_OK(sp2_chunk_group_set_ready_callback(r.group, NULL, NULL));
    free_rig(&r);
}

SP2_TEST(Pop_gives_up_when_the_time_is_over) {
    rig r = new_rig();
    sp2_chunk *chunk;
    make_members(&r, 1);
    CHECK_STATUS(sp2_chunk_group_pop_wait(r.group, 0, &chunk), SP2_E_TIMEOUT);
    CHECK(chunk == NULL);
    CHECK_STATUS(sp2_chunk_group_pop_wait(r.group, 1000000, &chunk), SP2_E_TIMEOUT);
    CHECK_STATUS(sp2_chunk_group_pop(r.group, &chunk), SP2_E_EMPTY);
    free_rig(&r);
}

SP2_TEST(Heaps_cannot_be_popped_from_a_member) {
    rig r = new_rig();
    sp2_heap *heap;
    uint32_t count;
    make_members(&r, 1);
    CHECK_STATUS(sp2_receive_stream_pop(r.streams[0], &heap, 1, &count), SP2_E_STATE);
    CHECK_CONTAINS(sp2_last_error_message(), "chunks");
    free_rig(&r);
}

/* ---- layouts ---- */

/* A cube of 2 times, 3 antennas of a set and 2 channels of 4; a heap is 8 bytes. */
enum { CELL = 8, TIMES = 2, ANTENNAS = 3, CHANNELS = 2, STEP = 100 };

typedef struct cube {
    uint64_t antennas[ANTENNAS];
    sp2_chunk_axis axes[3];
    sp2_chunk_layout layout;
} cube;

static void make_cube(cube *c) {
    *c = (cube){.antennas = {7, 3, 5}};
    c->axes[0] = (sp2_chunk_axis){.item = TIMESTAMP,
                                  .step = STEP,
                                  .count = TIMES,
                                  .data_stride = CELL * ANTENNAS * CHANNELS,
                                  .present_stride = ANTENNAS * CHANNELS};
    c->axes[1] = (sp2_chunk_axis){.item = ANTENNA,
                                  .values = c->antennas,
                                  .count = ANTENNAS,
                                  .data_stride = CELL * CHANNELS,
                                  .present_stride = CHANNELS};
    c->axes[2] = (sp2_chunk_axis){.item = CHANNEL,
                                  .first = 16,
                                  .step = 4,
                                  .count = CHANNELS,
                                  .data_stride = CELL,
                                  .present_stride = 1};
    c->layout = (sp2_chunk_layout)SP2_CHUNK_LAYOUT_INIT;
    c->layout.heap_length = CELL;
    c->layout.axes = c->axes;
    c->layout.axis_count = 3;
}

static packet_builder cell_packet(uint64_t cnt, uint64_t timestamp, uint64_t antenna,
                                  uint64_t channel, uint64_t length) {
    packet_builder packet;
    uint8_t payload[2 * CELL];
    memset(payload, (int)cnt, sizeof(payload));
    packet_begin_heap(&packet, 48, cnt, (int64_t)length, 0, length);
    packet_add_immediate(&packet, TIMESTAMP, timestamp);
    packet_add_immediate(&packet, ANTENNA, antenna);
    packet_add_immediate(&packet, CHANNEL, channel);
    packet_add_payload(&packet, payload, (size_t)length);
    return packet;
}

static void add_cell(datagram_list *list, uint64_t cnt, uint64_t timestamp, uint64_t antenna,
                     uint64_t channel) {
    packet_builder packet = cell_packet(cnt, timestamp, antenna, channel, CELL);
    datagrams_add_packet(list, &packet);
}

/* A group of chunks of one cube each, and a member with its layout. */
static void make_cube_group(rig *r, cube *c) {
    REQUIRE_OK(sp2_chunk_group_create(&r->group_options, &r->group));
    for (uint64_t i = 0; i < r->chunks; i++) {
        sp2_chunk_memory memory = SP2_CHUNK_MEMORY_INIT;
        sp2_chunk *chunk;
        memory.data_size = CELL * TIMES * ANTENNAS * CHANNELS;
        memory.present_size = TIMES * ANTENNAS * CHANNELS;
        REQUIRE_OK(sp2_chunk_create(&memory, &chunk));
        REQUIRE_OK(sp2_chunk_group_add_free(r->group, chunk));
    }
    r->member_options.place = NULL;
    r->member_options.layout = &c->layout;
    add_member(r, 0);
}

SP2_TEST(Layout_places_heaps_by_the_values_of_their_items) {
    rig r = new_rig();
    cube c;
    datagram_list list = {0};
    sp2_chunk *chunk;
    make_cube(&c);
    add_cell(&list, 1, 1300, 3, 16); /* the first: origin 1200, chunk 0, time 1 */
    add_cell(&list, 2, 1200, 7, 20); /* chunk 0, time 0, antenna index 0, channel 1 */
    add_cell(&list, 3, 1400, 5, 16); /* chunk 1, time 0 */
    make_cube_group(&r, &c);
    memset(c.antennas, 0, sizeof(c.antennas)); /* all of it was copied */
    memset(c.axes, 0, sizeof(c.axes));
    REQUIRE_OK(add_datagram_source(r.streams[0], list.datagrams, list.count));
    REQUIRE_OK(sp2_chunk_group_pop_wait(r.group, PATIENCE_NS, &chunk));
    sp2_chunk_info info = chunk_info(chunk);
    CHECK_EQ_I64(info.id, 0);
    CHECK_EQ_U64(info.present_count, 2);
    CHECK(info.present[6 + 2 * 1 + 0] && info.present[0 + 0 + 1]);
    CHECK_EQ_U64(info.data[CELL * (6 + 2)], 1);
    CHECK_EQ_U64(info.data[CELL * 1], 2);
    sp2_chunk_release(chunk);
    REQUIRE_OK(sp2_chunk_group_pop_wait(r.group, PATIENCE_NS, &chunk));
    info = chunk_info(chunk);
    CHECK_EQ_I64(info.id, 1);
    CHECK(info.present[2 * 2] && info.present_count == 1);
    CHECK_EQ_U64(info.data[CELL * 4], 3);
    sp2_chunk_release(chunk);
    CHECK_STATUS(sp2_chunk_group_pop_wait(r.group, PATIENCE_NS, &chunk), SP2_E_STOPPED);
    CHECK_EQ_U64(stats_of(r.streams[0]).rejected_heaps, 0);
    datagrams_free(&list);
    free_rig(&r);
}

SP2_TEST(Layout_counts_heaps_without_a_place_by_their_cause) {
    rig r = new_rig();
    cube c;
    datagram_list list = {0};
    packet_builder packet;
    make_cube(&c);
    c.layout.flags = SP2_CHUNK_LAYOUT_ORIGIN;
    c.axes[0].first = 1000;
    packet = cell_packet(1, 1000, 3, 16, 2 * CELL);
    datagrams_add_packet(&list, &packet);
    packet = heap_packet(2, 0, HEAP_BYTES); /* also of another length, which comes first */
    datagrams_add_packet(&list, &packet);
    packet_begin_heap(&packet, 48, 3, CELL, 0, CELL);
    packet_add_immediate(&packet, TIMESTAMP, 1000);
    packet_add_address(&packet, ANTENNA, 0);
    packet_add_immediate(&packet, CHANNEL, 16);
    packet_add_payload(&packet, "abcdefgh", CELL);
    datagrams_add_packet(&list, &packet);
    add_cell(&list, 4, 1050, 3, 16); /* between two steps */
    add_cell(&list, 5, 900, 3, 16);  /* before the origin */
    add_cell(&list, 6, 1000, 4, 16); /* no antenna */
    add_cell(&list, 7, 1000, 3, 18); /* between two channels */
    add_cell(&list, 8, 1000, 3, 24); /* beyond them */
    add_cell(&list, 9, 1000, 3, 12); /* before them */
    add_cell(&list, 10, 1000, 3, 20);
    make_cube_group(&r, &c);
    REQUIRE_OK(add_datagram_source(r.streams[0], list.datagrams, list.count));
    pop_to_end(&r);
    CHECK_STR(r.out, "0: 000000010000000000000000");
    const sp2_receive_stats stats = stats_of(r.streams[0]);
    CHECK_EQ_U64(stats.bad_length_heaps, 2);
    CHECK_EQ_U64(stats.missing_item_heaps, 1);
    CHECK_EQ_U64(stats.bad_timestamp_heaps, 1);
    CHECK_EQ_U64(stats.out_of_range_heaps, 4);
    CHECK_EQ_U64(stats.rejected_heaps, 8);
    CHECK_EQ_U64(stats.too_old_heaps, 1);
    CHECK_EQ_U64(stats.heaps, 10);
    datagrams_free(&list);
    free_rig(&r);
}

SP2_TEST(Layout_of_the_cnt_places_heaps_in_a_row) {
    rig r = new_rig();
    datagram_list list = {0};
    sp2_chunk_axis axis = {.item = ITEM_HEAP_CNT,
                           .count = HEAPS_PER_CHUNK,
                           .data_stride = HEAP_BYTES,
                           .present_stride = 1};
    sp2_chunk_layout layout = SP2_CHUNK_LAYOUT_INIT;
    layout.axes = &axis;
    layout.axis_count = 1;
    r.member_options.place = NULL;
    r.member_options.layout = &layout;
    r.shift = -1;
    for (uint64_t n = 6; n < 10; n++) {
        add_heap(&list, n);
    }
    run_through(&r, &list);
    CHECK_STR(r.out, "0: 00000101, 1: 01010000");
    free_rig(&r);
}

/* ---- memory ---- */

typedef struct freed {
    uint8_t data[CHUNK_BYTES];
    uint8_t present[HEAPS_PER_CHUNK];
    int times;
} freed;

static void note_freed(void *context, void *data, void *present, void *extra) {
    freed *f = context;
    CHECK(data == f->data && present == f->present && extra == NULL);
    f->times++;
}

/* Places heap 1 in one of three chunks, which the caller gets. */
static sp2_chunk *fill_supplied(rig *r, freed memories[3]) {
    datagram_list list = {0};
    sp2_chunk *chunk;
    REQUIRE_OK(sp2_chunk_group_create(NULL, &r->group));
    for (int i = 0; i < 3; i++) {
        sp2_chunk_memory memory = SP2_CHUNK_MEMORY_INIT;
        memory.data_size = CHUNK_BYTES;
        memory.data = memories[i].data;
        memory.present_size = HEAPS_PER_CHUNK;
        memory.present = memories[i].present;
        memory.free = note_freed;
        memory.context = &memories[i];
        REQUIRE_OK(sp2_chunk_create(&memory, &chunk));
        REQUIRE_OK(sp2_chunk_group_add_free(r->group, chunk));
    }
    add_member(r, 0);
    add_heap(&list, 1);
    REQUIRE_OK(add_datagram_source(r->streams[0], list.datagrams, list.count));
    REQUIRE_OK(sp2_chunk_group_pop_wait(r->group, PATIENCE_NS, &chunk));
    note(r, chunk);
    CHECK_STR(r->out, "0: 00010000");
    datagrams_free(&list);
    return chunk;
}

SP2_TEST(User_supplied_memory_is_used_and_freed) {
    rig r = new_rig();
    freed memories[3] = {{.times = 0}};
    sp2_chunk *chunk = fill_supplied(&r, memories);
    const int used = chunk_info(chunk).data == memories[2].data ? 2 : 0;
    CHECK_EQ_U64(memories[used].data[HEAP_BYTES], 1);
    CHECK_EQ_U64(memories[used].times, 0);
    sp2_chunk_destroy(chunk);
    CHECK_EQ_U64(memories[used].times, 1);
    free_rig(&r);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ_U64(memories[i].times, 1);
    }
}

SP2_TEST(Destroyed_group_keeps_no_chunks_but_those_of_consumers) {
    rig r = new_rig();
    freed memories[3] = {{.times = 0}};
    sp2_chunk *chunk = fill_supplied(&r, memories);
    const uint8_t *data = chunk_info(chunk).data;
    free_rig(&r);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ_U64(memories[i].times, memories[i].data != data);
    }
    sp2_chunk_release(chunk);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ_U64(memories[i].times, 1);
    }
}

SP2_TEST(Chunk_lives_in_an_allocator) {
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    sp2_memory_pool_stats stats = SP2_MEMORY_POOL_STATS_INIT;
    sp2_allocator *pool;
    sp2_chunk_memory memory = SP2_CHUNK_MEMORY_INIT;
    sp2_chunk *chunk;
    options.upper = 4096;
    options.max_free = 3;
    REQUIRE_OK(sp2_memory_pool_create(&options, &pool));
    REQUIRE_OK(sp2_memory_pool_set_warn_on_empty(pool, 0));
    memory.data_size = 1000;
    memory.present_size = 10;
    memory.extra_size = 20;
    memory.allocator = pool;
    REQUIRE_OK(sp2_chunk_create(&memory, &chunk));
    REQUIRE_OK(sp2_memory_pool_get_stats(pool, &stats));
    CHECK_EQ_U64(stats.in_use, 3);
    sp2_chunk_destroy(chunk);
    REQUIRE_OK(sp2_memory_pool_get_stats(pool, &stats));
    CHECK_EQ_U64(stats.in_use, 0);
    sp2_allocator_destroy(pool);
}

static void copy_backwards(void *context, uint8_t *heap, const sp2_packet_header *packet) {
    (void)context;
    for (uint64_t i = 0; i < packet->payload_length; i++) {
        heap[packet->heap_length - 1 - (int64_t)(packet->payload_offset + i)] = packet->payload[i];
    }
}

SP2_TEST(Copy_function_writes_into_the_chunk) {
    rig r = new_rig();
    packet_builder packet;
    sp2_chunk *chunk;
    make_members(&r, 1);
    REQUIRE_OK(sp2_receive_stream_set_copy_function(r.streams[0], copy_backwards, NULL));
    packet_begin_heap(&packet, ADDRESS_BITS, 1, HEAP_BYTES, 0, HEAP_BYTES);
    packet_add_immediate(&packet, TIMESTAMP, 1);
    packet_add_payload(&packet, "0123456789abcdef", HEAP_BYTES);
    push_packet(&r, 0, &packet);
    wait_taken(&r, 0);
    r.shift = -1; /* one without a place: the function is not called */
    feed(&r, 0, 0);
    REQUIRE_OK(sp2_chunk_group_stop(r.group, SP2_CHUNK_STOP_DRAIN));
    REQUIRE_OK(sp2_chunk_group_pop(r.group, &chunk));
    CHECK_MEM(chunk_info(chunk).data + HEAP_BYTES, "fedcba9876543210", HEAP_BYTES);
    sp2_chunk_release(chunk);
    free_rig(&r);
}

/* ---- two threads ---- */

enum { CROWD_HEAPS = 20000 };

/* Two members at their own speed, with few chunks, and a consumer: every chunk comes once, in
 * order, and what is present has its data. */
static void check_crowd(uint32_t flags) {
    rig r = new_rig();
    datagram_list lists[2] = {{0}, {0}};
    r.group_options.flags = flags;
    r.group_options.ring_chunks = 2;
    r.chunks = 5;
    r.group_options.members = 2;
    r.stream_options.flags |= SP2_RECEIVE_EXPLICIT_START;
    r.stream_options.max_heaps = 64;
    make_group(&r);
    for (uint64_t n = 0; n < CROWD_HEAPS; n++) {
        add_half(&lists[n % 2], n, 0);
        add_half(&lists[n % 2], n, 1);
    }
    for (int i = 0; i < 2; i++) {
        add_member(&r, i);
        REQUIRE_OK(add_datagram_source(r.streams[i], lists[i].datagrams, lists[i].count));
    }
    for (int i = 0; i < 2; i++) {
        REQUIRE_OK(sp2_receive_stream_start(r.streams[i]));
    }
    sp2_chunk *chunk;
    int64_t last = -1;
    uint64_t present = 0;
    while (sp2_chunk_group_pop_wait(r.group, PATIENCE_NS, &chunk) == SP2_OK) {
        const sp2_chunk_info info = chunk_info(chunk);
        CHECK_EQ_I64(info.id, last + 1);
        last = info.id;
        present += info.present_count;
        r.out[0] = '\0';
        note(&r, chunk);
        sp2_chunk_release(chunk);
    }
    uint64_t lost = 0;
    for (int i = 0; i < 2; i++) {
        const sp2_receive_stats stats = stats_of(r.streams[i]);
        check_sums(&stats);
        CHECK_EQ_U64(stats.heaps, CROWD_HEAPS / 2);
        lost += stats.too_old_heaps;
        datagrams_free(&lists[i]);
    }
    CHECK_EQ_I64(last, CROWD_HEAPS / HEAPS_PER_CHUNK - 1);
    CHECK_EQ_U64(present + lost, CROWD_HEAPS);
    if (flags & SP2_CHUNK_GROUP_LOSSLESS) {
        CHECK_EQ_U64(lost, 0);
    }
    free_rig(&r);
}

SP2_TEST(Lossy_group_of_two_threads_accounts_for_every_heap) {
    check_crowd(0);
}

SP2_TEST(Lossless_group_of_two_threads_loses_no_heap) {
    check_crowd(SP2_CHUNK_GROUP_LOSSLESS);
}

/* ---- what is refused ---- */

SP2_TEST(Chunk_memory_that_makes_no_sense_is_refused) {
    sp2_chunk_memory memory = SP2_CHUNK_MEMORY_INIT;
    sp2_chunk *chunk;
    memory.data_size = 1;
    CHECK_STATUS(sp2_chunk_create(&memory, &chunk), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "present_size");
    memory.present_size = 1;
    memory.data_size = 0;
    CHECK_STATUS(sp2_chunk_create(&memory, &chunk), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "data_size");
    memory.data_size = UINT64_MAX / 2;
    CHECK_STATUS(sp2_chunk_create(&memory, &chunk), SP2_E_NOMEM);
    CHECK(chunk == NULL);
    memory.data_size = 1;
    memory.extra = &memory;
    CHECK_STATUS(sp2_chunk_create(&memory, &chunk), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "extra_size");
    memory.extra = NULL;
    memory.flags = 1;
    CHECK_STATUS(sp2_chunk_create(&memory, &chunk), SP2_E_TOO_NEW);
    memory.size = 1;
    CHECK_STATUS(sp2_chunk_create(&memory, &chunk), SP2_E_ARG);
    CHECK_STATUS(sp2_chunk_create(NULL, &chunk), SP2_E_ARG);
    CHECK_STATUS(sp2_chunk_create(&memory, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_chunk_get_info(NULL, NULL), SP2_E_ARG);
}

SP2_TEST(Group_options_that_make_no_sense_are_refused) {
    sp2_chunk_group_options options = SP2_CHUNK_GROUP_OPTIONS_INIT;
    sp2_chunk_group *group;
    options.max_chunks = SP2_CHUNK_MAX_CHUNKS + 1;
    CHECK_STATUS(sp2_chunk_group_create(&options, &group), SP2_E_ARG);
    CHECK(group == NULL);
    options.max_chunks = 0;
    options.members = SP2_CHUNK_MAX_MEMBERS + 1;
    CHECK_STATUS(sp2_chunk_group_create(&options, &group), SP2_E_ARG);
    options.members = 0;
    options.member_timeout_ns = -2;
    CHECK_STATUS(sp2_chunk_group_create(&options, &group), SP2_E_ARG);
    options.member_timeout_ns = 0;
    options.flags = 2;
    CHECK_STATUS(sp2_chunk_group_create(&options, &group), SP2_E_TOO_NEW);
    CHECK_STATUS(sp2_chunk_group_create(NULL, NULL), SP2_E_ARG);
    REQUIRE_OK(sp2_chunk_group_create(NULL, &group));
    CHECK_STATUS(sp2_chunk_group_stop(group, 2), SP2_E_ARG);
    CHECK_STATUS(sp2_chunk_group_stop(group, -1), SP2_E_ARG);
    sp2_chunk *chunk = new_chunk();
    REQUIRE_OK(sp2_chunk_group_add_free(group, chunk));
    CHECK_STATUS(sp2_chunk_group_add_free(group, chunk), SP2_E_ARG); /* it is there already */
    CHECK_STATUS(sp2_chunk_group_add_free(group, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_chunk_group_pop(group, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_chunk_group_pop_wait(NULL, 0, &chunk), SP2_E_ARG);
    CHECK_STATUS(sp2_chunk_group_get_stats(group, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_chunk_group_request_ready(NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_chunk_group_set_ready_callback(NULL, NULL, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_chunk_group_stop(NULL, 0), SP2_E_ARG);
    sp2_chunk_group_destroy(group);
}

static void check_refused_member(rig *r, int32_t expected, const char *part) {
    sp2_receive_stream *stream;
    r->stream_options.chunks = &r->member_options;
    CHECK_STATUS(sp2_receive_stream_create(NULL, &r->stream_options, &stream), expected);
    CHECK(stream == NULL);
    CHECK_CONTAINS(sp2_last_error_message(), part);
}

static void take_nothing(void *context, sp2_heap *heap) {
    (void)context;
    sp2_heap_release(heap);
}

SP2_TEST(Member_options_that_make_no_sense_are_refused) {
    rig r = new_rig();
    cube c;
    make_cube(&c);
    check_refused_member(&r, SP2_E_ARG, "group");
    make_group(&r);
    r.member_options.group = r.group;
    r.member_options.layout = &c.layout;
    check_refused_member(&r, SP2_E_ARG, "both");
    r.member_options.place = NULL;
    r.member_options.layout = NULL;
    check_refused_member(&r, SP2_E_ARG, "none");
    r.member_options.place = place;
    r.member_options.max_chunks = 3;
    check_refused_member(&r, SP2_E_ARG, "max_chunks");
    r.member_options.max_chunks = 0;
    r.member_options.max_heap_extra = SP2_CHUNK_MAX_HEAP_EXTRA + 1;
    check_refused_member(&r, SP2_E_ARG, "max_heap_extra");
    r.member_options.max_heap_extra = 0;
    r.member_options.item_count = SP2_CHUNK_MAX_ITEMS + 1;
    check_refused_member(&r, SP2_E_ARG, "item_count");
    r.member_options.item_count = 1;
    r.member_options.items = NULL;
    check_refused_member(&r, SP2_E_ARG, "items");
    r.member_options.item_count = 0;
    r.member_options.flags = 1;
    check_refused_member(&r, SP2_E_TOO_NEW, "flags");
    r.member_options.flags = 0;
    r.stream_options.on_heap = take_nothing;
    check_refused_member(&r, SP2_E_ARG, "on_heap");
    r.stream_options.on_heap = NULL;
    add_member(&r, 0);
    check_refused_member(&r, SP2_E_STATE, "members");
    REQUIRE_OK(sp2_receive_stream_stop(r.streams[0]));
    check_refused_member(&r, SP2_E_STATE, "ended");
    free_rig(&r);
}

static void check_refused_layout(rig *r, cube *c, int32_t expected, const char *part) {
    r->member_options.layout = &c->layout;
    check_refused_member(r, expected, part);
    make_cube(c);
}

SP2_TEST(Layout_that_makes_no_sense_is_refused) {
    rig r = new_rig();
    cube c;
    make_group(&r);
    make_cube(&c);
    r.member_options.group = r.group;
    r.member_options.place = NULL;
    c.layout.axes = NULL;
    check_refused_layout(&r, &c, SP2_E_ARG, "axes");
    c.layout.axis_count = 0;
    check_refused_layout(&r, &c, SP2_E_ARG, "axes");
    c.layout.axis_count = SP2_CHUNK_MAX_AXES + 1;
    check_refused_layout(&r, &c, SP2_E_ARG, "axes");
    c.layout.flags = 2;
    check_refused_layout(&r, &c, SP2_E_TOO_NEW, "flags");
    c.layout.reserved = 1;
    check_refused_layout(&r, &c, SP2_E_ARG, "reserved");
    c.axes[2].count = 0;
    check_refused_layout(&r, &c, SP2_E_ARG, "axes[2].count");
    c.axes[0].values = c.antennas;
    check_refused_layout(&r, &c, SP2_E_ARG, "axes[0].values");
    c.axes[1].count = SP2_CHUNK_MAX_VALUES + 1;
    check_refused_layout(&r, &c, SP2_E_ARG, "axes[1].count");
    c.antennas[2] = c.antennas[0];
    check_refused_layout(&r, &c, SP2_E_ARG, "twice");
    c.axes[2].data_stride = UINT64_MAX;
    check_refused_layout(&r, &c, SP2_E_ARG, "2^64");
    c.axes[0].step = UINT64_MAX;
    check_refused_layout(&r, &c, SP2_E_ARG, "2^64");
    c.axes[0].present_stride = UINT64_MAX / 2;
    c.axes[0].count = 4;
    check_refused_layout(&r, &c, SP2_E_ARG, "2^64");
    free_rig(&r);
}
