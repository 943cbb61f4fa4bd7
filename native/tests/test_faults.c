/* SPDX-License-Identifier: MIT */
/* No memory: the n-th allocation of a scenario fails, for every n until none is left to fail. This
 * runs on every system; test_fault_matrix.c, which looks closer, needs a linker that wraps calls.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "receiver.h"

enum { HEAPS = 6, HEAP_BYTES = 3000, PACKET_BYTES = 500, POINTERS = 40, LAST_FAULT = 1000 };

/* What the heaps of this scenario need memory for: payload, many item pointers, ranges, growth. */
static datagram_list make_scenario(void) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        uint8_t *payload = new_payload(HEAP_BYTES, cnt);
        const int64_t heap_length = cnt % 3 == 0 ? NO_HEAP_LENGTH : HEAP_BYTES;
        for (uint64_t offset = 0; offset < HEAP_BYTES; offset += PACKET_BYTES) {
            packet_builder packet;
            packet_begin_heap(&packet, 48, cnt, heap_length, offset, PACKET_BYTES);
            for (uint32_t i = 0; i < POINTERS && offset == 0; i++) {
                packet_add_immediate(&packet, 0x1000 + i, i);
            }
            packet_add_payload(&packet, payload + offset, PACKET_BYTES);
            datagrams_add_packet(&list, &packet);
        }
        free(payload);
        /* Every second heap arrives with its packets in another order. */
        if (cnt % 2 == 0) {
            datagrams_swap(&list, list.count - 1, list.count - 3);
            datagrams_swap(&list, list.count - 2, list.count - 5);
        }
    }
    /* One heap that is never complete, so that its ranges are kept. */
    uint8_t *payload = new_payload(HEAP_BYTES, HEAPS + 1);
    datagrams_add_part(&list, 48, HEAPS + 1, HEAP_BYTES, payload, PACKET_BYTES, PACKET_BYTES);
    datagrams_add_part(&list, 48, HEAPS + 1, HEAP_BYTES, payload, 3 * PACKET_BYTES, PACKET_BYTES);
    free(payload);
    return list;
}

static void check_outcome(sp2_receive_stream *stream, const heap_list *heaps, bool fault_hit) {
    const sp2_receive_stats stats = stats_of(stream);
    check_sums(&stats);
    if (!fault_hit) {
        CHECK_EQ_U64(heaps->count, HEAPS + 1);
        CHECK_EQ_U64(stats.allocation_failed, 0);
    }
    CHECK(stats.allocation_failed <= 1);
    for (uint64_t i = 0; i < heaps->count; i++) {
        const sp2_heap_info info = info_of(heaps->heaps[i]);
        if (info.flags & SP2_HEAP_COMPLETE) {
            uint8_t *payload = new_payload(HEAP_BYTES, info.cnt);
            CHECK_MEM(info.payload, payload, HEAP_BYTES);
            CHECK_EQ_U64(info.item_count, POINTERS);
            free(payload);
        }
    }
}

/* Runs the scenario with the n-th allocation failing; false when there are fewer. */
static bool run_with_fault(const datagram_list *list, long n) {
    sp2_receive_options options =
        quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE | SP2_RECEIVE_KEEP_RANGES);
    options.max_heaps = 2 * HEAPS;
    atomic_store(&sp2__alloc_countdown, n);
    sp2_receive_stream *stream = NULL;
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.bind_host = "127.0.0.1";
    int32_t status = sp2_receive_stream_create(NULL, &options, &stream);
    if (status == SP2_OK) {
        status = add_udp_source(stream, &udp, NULL);
    }
    if (status == SP2_OK) {
        status = add_buffer_source(stream, NULL, 0);
        sp2_receive_stream_destroy(stream);
        stream = NULL;
    }
    if (status == SP2_OK) {
        status = sp2_receive_stream_create(NULL, &options, &stream);
    }
    if (status == SP2_OK) {
        status = add_datagram_source(stream, list->datagrams, list->count);
    }
    if (status == SP2_OK) {
        heap_list heaps = pop_all(stream);
        check_outcome(stream, &heaps, atomic_load(&sp2__alloc_countdown) < 0);
        heaps_free(&heaps);
    } else {
        CHECK_STATUS(status, SP2_E_NOMEM);
        CHECK_CONTAINS(sp2_last_error_message(), "memory");
    }
    sp2_receive_stream_destroy(stream);
    return atomic_exchange(&sp2__alloc_countdown, -1) < 0;
}

SP2_TEST(Every_allocation_may_fail_once_and_nothing_leaks) {
    datagram_list list = make_scenario();
    long n = 0;
    for (bool hit = true; hit && n < LAST_FAULT; n++) {
        sp2_test_context("allocation %ld failed", n);
        hit = run_with_fault(&list, n);
        sp2_memory_stats memory = SP2_MEMORY_STATS_INIT;
        REQUIRE_OK(sp2_memory_get_stats(&memory));
        CHECK_EQ_U64(memory.used_bytes, 0);
    }
    sp2_test_context("%s", "");
    CHECK(n > 20);
    CHECK(n < LAST_FAULT);
    datagrams_free(&list);
}

/* Eight heaps that take turns, more than there are slots for. */
static datagram_list make_turns(void) {
    datagram_list list = {0};
    uint8_t *payload = new_payload(HEAP_BYTES, 0);
    for (uint64_t offset = 0; offset < HEAP_BYTES; offset += PACKET_BYTES) {
        for (uint64_t cnt = 1; cnt <= 2 * SP2_RECEIVE_DEFAULT_MAX_HEAPS; cnt++) {
            datagrams_add_part(&list, 48, cnt, HEAP_BYTES, payload, offset, PACKET_BYTES);
        }
    }
    free(payload);
    return list;
}

/* An evicted heap for which there is no memory is not remembered; the next ones are. */
SP2_TEST(Memory_to_explain_loss_may_be_missing) {
    datagram_list list = make_turns();
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_ACCOUNT_HEAPS);
    bool hit = true;
    for (long n = 0; hit && n < LAST_FAULT; n++) {
        sp2_test_context("allocation %ld failed", n);
        atomic_store(&sp2__alloc_countdown, n);
        sp2_receive_stream *stream = NULL;
        int32_t status = sp2_receive_stream_create(NULL, &options, &stream);
        if (status == SP2_OK) {
            status = add_datagram_source(stream, list.datagrams, list.count);
        }
        if (status == SP2_OK) {
            heap_list heaps = pop_all(stream);
            const sp2_receive_stats stats = stats_of(stream);
            check_sums(&stats);
            CHECK(stats.incomplete_heaps_evicted != 0);
            CHECK(stats.max_heaps_needed > SP2_RECEIVE_DEFAULT_MAX_HEAPS);
            CHECK(stats.max_heaps_needed <= 2 * SP2_RECEIVE_DEFAULT_MAX_HEAPS);
            heaps_free(&heaps);
        } else {
            CHECK_STATUS(status, SP2_E_NOMEM);
        }
        sp2_receive_stream_destroy(stream);
        hit = atomic_exchange(&sp2__alloc_countdown, -1) < 0;
    }
    CHECK(!hit);
    sp2_test_context("%s", "");
    datagrams_free(&list);
}

/* Receives into a memory pool on mapped memory, which is refilled; an SP2_E_NOMEM, or SP2_OK. */
static int32_t receive_into_pool(const datagram_list *list) {
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    options.lower = 1;
    options.upper = HEAP_BYTES;
    options.max_free = HEAPS;
    options.initial = 2;
    options.low_water = 2;
    options.log_level = SP2_LOG_NONE;
    sp2_allocator *pool = NULL;
    sp2_receive_stream *stream = NULL;
    const sp2_receive_options quiet = quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE);
    int32_t status = sp2_mmap_allocator_create(NULL, &options.base);
    if (status == SP2_OK) {
        status = sp2_thread_pool_create(NULL, &options.thread_pool);
    }
    if (status == SP2_OK) {
        status = sp2_memory_pool_create(&options, &pool);
    }
    if (status == SP2_OK) {
        status = sp2_receive_stream_create(options.thread_pool, &quiet, &stream);
    }
    sp2_allocator_destroy(options.base);
    sp2_thread_pool_destroy(options.thread_pool);
    if (status == SP2_OK) {
        CHECK_STATUS(sp2_receive_stream_set_memory_allocator(stream, pool), SP2_OK);
        status = add_datagram_source(stream, list->datagrams, list->count);
    }
    sp2_allocator_destroy(pool);
    if (status == SP2_OK) {
        heap_list heaps = pop_all(stream);
        const sp2_receive_stats stats = stats_of(stream);
        check_sums(&stats);
        CHECK(stats.allocation_failed <= 1);
        sp2_receive_stream_destroy(stream);
        heaps_free(&heaps);
    } else {
        sp2_receive_stream_destroy(stream);
    }
    return status;
}

SP2_TEST(Every_allocation_of_a_memory_pool_may_fail_once) {
    datagram_list list = make_scenario();
    long n = 0;
    for (bool hit = true; hit && n < LAST_FAULT; n++) {
        sp2_test_context("allocation %ld failed", n);
        atomic_store(&sp2__alloc_countdown, n);
        const int32_t status = receive_into_pool(&list);
        hit = atomic_exchange(&sp2__alloc_countdown, -1) < 0;
        CHECK(status == SP2_OK || (hit && status == SP2_E_NOMEM));
    }
    sp2_test_context("%s", "");
    CHECK(n > 20);
    CHECK(n < LAST_FAULT);
    datagrams_free(&list);
}

SP2_TEST(Every_allocation_of_a_shared_port_may_fail_once) {
    enum { SHARING = 3 };
    const sp2_receive_options options = quiet_options(0);
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    sp2_receive_stream *streams[SHARING];
    udp.bind_host = "127.0.0.1";
    for (int i = 0; i < SHARING; i++) {
        streams[i] = new_stream(&options);
    }
    int32_t status;
    long n = 0;
    do {
        sp2_packet_source *sources[SHARING];
        sp2_test_context("allocation %ld failed", n);
        atomic_store(&sp2__alloc_countdown, n++);
        status = sp2_receive_streams_add_udp_source(streams, SHARING, &udp, sources);
        atomic_store(&sp2__alloc_countdown, -1);
        for (int i = 0; i < SHARING; i++) {
            CHECK((status == SP2_OK) == (sources[i] != NULL));
            sp2_packet_source_release(sources[i]);
        }
    } while (status == SP2_E_NOMEM && n < LAST_FAULT);
    sp2_test_context("%s", "");
    CHECK_STATUS(status, SP2_OK);
    CHECK(n > SHARING);
    for (int i = 0; i < SHARING; i++) {
        sp2_receive_stream_destroy(streams[i]);
    }
}

/* One packet of a heap of four, with as many item pointers. */
static void add_packet_with_items(datagram_list *list, const uint8_t *payload, uint64_t index,
                                  uint32_t pointers) {
    packet_builder packet;
    packet_begin_heap(&packet, 48, 1, 4 * PACKET_BYTES, index * PACKET_BYTES, PACKET_BYTES);
    for (uint32_t i = 0; i < pointers; i++) {
        packet_add_immediate(&packet, 0x1000 + i, i);
    }
    packet_add_payload(&packet, payload + index * PACKET_BYTES, PACKET_BYTES);
    datagrams_add_packet(list, &packet);
}

SP2_TEST(Packet_refused_for_memory_leaves_nothing_that_later_packets_trip_over) {
    uint8_t *payload = new_payload(4 * PACKET_BYTES, 1);
    datagram_list list = {0};
    add_packet_with_items(&list, payload, 0, 0);
    add_packet_with_items(&list, payload, 2, POINTERS); /* out of order, and needs memory */
    add_packet_with_items(&list, payload, 1, 0);        /* the one that was expected next */
    add_packet_with_items(&list, payload, 1, 0);
    add_packet_with_items(&list, payload, 2, POINTERS);
    add_packet_with_items(&list, payload, 3, 0);
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_EXPLICIT_START);
    bool hit = true;
    for (long n = 0; hit && n < LAST_FAULT; n++) {
        sp2_test_context("allocation %ld of the packets failed", n);
        sp2_receive_stream *stream = new_stream(&options);
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        atomic_store(&sp2__alloc_countdown, n);
        REQUIRE_OK(sp2_receive_stream_start(stream));
        heap_list heaps = pop_all(stream);
        hit = atomic_exchange(&sp2__alloc_countdown, -1) < 0;
        const sp2_receive_stats stats = stats_of(stream);
        check_sums(&stats);
        CHECK_EQ_U64(stats.rejected_duplicate + stats.allocation_failed + stats.packets_accepted,
                     list.count);
        CHECK(stats.payload_bytes <= 4 * PACKET_BYTES);
        if (stats.payload_bytes == 4 * PACKET_BYTES && CHECK_EQ_U64(heaps.count, 1)) {
            check_heap(heaps.heaps[0], 1, payload, 4 * PACKET_BYTES);
        }
        heaps_free(&heaps);
        sp2_receive_stream_destroy(stream);
    }
    sp2_test_context("%s", "");
    datagrams_free(&list);
    free(payload);
}

SP2_TEST(Descriptors_may_lack_memory_and_are_read_when_there_is_some) {
    packet_builder inner;
    packet_begin_heap(&inner, 48, 1, 1, 0, 1);
    packet_add_immediate(&inner, 0x14, 0x1800);
    packet_add_address(&inner, 0x10, 0);
    for (uint32_t i = 0; i < POINTERS; i++) {
        packet_add_immediate(&inner, 0x77, i);
    }
    packet_add_payload(&inner, "a", 1);
    packet_builder packet;
    packet_begin_heap(&packet, 48, 1, (int64_t)inner.length, 0, inner.length);
    packet_add_address(&packet, ITEM_DESCRIPTOR, 0);
    packet_add_payload(&packet, inner.bytes, inner.length);
    packet_free(&inner);
    datagram_list list = {0};
    datagrams_add_packet(&list, &packet);
    heap_list heaps = receive(NULL, &list, NULL);
    REQUIRE(heaps.count == 1);
    int32_t status = SP2_E_NOMEM;
    long n = 0;
    for (; status != SP2_OK && n < LAST_FAULT; n++) {
        sp2_test_context("allocation %ld failed", n);
        const sp2_descriptor *descriptors;
        uint64_t count;
        atomic_store(&sp2__alloc_countdown, n);
        status = sp2_heap_get_descriptors(heaps.heaps[0], &descriptors, &count);
        atomic_store(&sp2__alloc_countdown, -1);
        CHECK_STATUS(status, status == SP2_OK ? SP2_OK : SP2_E_NOMEM);
        CHECK_EQ_U64(count, status == SP2_OK ? 1 : 0);
    }
    CHECK(n > 4);
    heaps_free(&heaps);
    datagrams_free(&list);
}
