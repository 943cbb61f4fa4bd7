/* SPDX-License-Identifier: MIT */
/* How a stream ends: by a stop item, by the end of its data, by the user, from anywhere. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "loopback.h"
#include "receiver.h"
#include "test_threads.h"

enum { HEAP_BYTES = 64 };

static void add_filled_heap(datagram_list *list, uint64_t cnt) {
    uint8_t *payload = new_payload(HEAP_BYTES, cnt);
    datagrams_add_heap(list, cnt, payload, HEAP_BYTES, HEAP_BYTES / 2);
    free(payload);
}

/* The first half of a heap. */
static void add_half_heap(datagram_list *list, uint64_t cnt, int64_t length) {
    uint8_t *payload = new_payload(HEAP_BYTES, cnt);
    datagrams_add_part(list, 48, cnt, length, payload, 0, HEAP_BYTES / 2);
    free(payload);
}

SP2_TEST(Stop_item_ends_the_stream_and_heaps_before_it_arrive) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 3; cnt++) {
        add_filled_heap(&list, cnt);
    }
    datagrams_add_stop(&list, 4);
    add_filled_heap(&list, 5);
    sp2_receive_stats stats;
    heap_list heaps = receive(NULL, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 3)) {
        for (uint64_t i = 0; i < 3; i++) {
            check_filled_heap(heaps.heaps[i], i + 1, HEAP_BYTES);
        }
    }
    CHECK_EQ_U64(stats.heaps, 3);
    CHECK_EQ_U64(stats.stop_heaps, 1);
    CHECK_EQ_U64(stats.packets, 7);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Ignored_stop_item_is_an_ordinary_heap) {
    datagram_list list = {0};
    datagrams_add_stop(&list, 1);
    add_filled_heap(&list, 2);
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_IGNORE_STOP_ITEM);
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 2)) {
        CHECK_EQ_U64(info_of(heaps.heaps[0]).flags,
                     SP2_HEAP_COMPLETE | SP2_HEAP_CONTIGUOUS | SP2_HEAP_END_OF_STREAM);
        check_filled_heap(heaps.heaps[1], 2, HEAP_BYTES);
    }
    CHECK_EQ_U64(stats.stop_heaps, 0);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Stop_item_counts_by_what_is_said_when_it_arrives) {
    datagram_list list = {0};
    datagrams_add_stop(&list, 1);
    sp2_receive_stream *stream = new_stream(NULL);
    const uint32_t port = open_loopback_source(stream);
    int32_t stop = 0;
    REQUIRE_OK(sp2_receive_stream_get_stop_on_stop_item(stream, &stop));
    CHECK_EQ_I64(stop, 1);
    REQUIRE_OK(sp2_receive_stream_set_stop_on_stop_item(stream, 0));
    REQUIRE_OK(sp2_receive_stream_get_stop_on_stop_item(stream, &stop));
    CHECK_EQ_I64(stop, 0);
    for (int i = 0; i < 3; i++) {
        send_to_loopback(port, &list);
        heap_list heaps = pop_count(stream, 1);
        CHECK(info_of(heaps.heaps[0]).flags & SP2_HEAP_END_OF_STREAM);
        heaps_free(&heaps);
    }
    REQUIRE_OK(sp2_receive_stream_set_stop_on_stop_item(stream, -3));
    REQUIRE_OK(sp2_receive_stream_get_stop_on_stop_item(stream, &stop));
    CHECK_EQ_I64(stop, 1);
    send_to_loopback(port, &list);
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, 0);
    CHECK_EQ_U64(stats_of(stream).stop_heaps, 1);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);

    CHECK_STATUS(sp2_receive_stream_set_stop_on_stop_item(NULL, 1), SP2_E_ARG);
    stop = 1;
    CHECK_STATUS(sp2_receive_stream_get_stop_on_stop_item(NULL, &stop), SP2_E_ARG);
    CHECK_EQ_I64(stop, 0);
}

SP2_TEST(Stop_item_flushes_what_is_under_assembly_oldest_first) {
    datagram_list list = {0};
    add_half_heap(&list, 7, HEAP_BYTES);
    add_half_heap(&list, 3, NO_HEAP_LENGTH);
    add_half_heap(&list, 5, HEAP_BYTES);
    datagrams_add_stop(&list, 9);
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE);
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 3)) {
        CHECK_EQ_U64(info_of(heaps.heaps[0]).cnt, 7);
        CHECK_EQ_U64(info_of(heaps.heaps[0]).flags, 0);
        CHECK_EQ_U64(info_of(heaps.heaps[1]).cnt, 3);
        CHECK_EQ_U64(info_of(heaps.heaps[1]).flags, SP2_HEAP_CONTIGUOUS);
        CHECK_EQ_U64(info_of(heaps.heaps[2]).cnt, 5);
    }
    CHECK_EQ_U64(stats.heaps, 3);
    CHECK_EQ_U64(stats.incomplete_heaps_flushed, 3);
    CHECK_EQ_U64(stats.incomplete_heaps_dropped, 0);
    CHECK_EQ_U64(stats.heaps_dropped_at_stop, 0);
    CHECK_EQ_U64(stats.stop_heaps, 1);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(End_of_a_buffer_flushes_and_stops) {
    datagram_list list = {0};
    add_filled_heap(&list, 1);
    add_half_heap(&list, 2, HEAP_BYTES);
    size_t length;
    uint8_t *buffer = datagrams_join(&list, &length);
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE);
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(add_buffer_source(stream, buffer, length));
    heap_list heaps = pop_all(stream);
    if (CHECK_EQ_U64(heaps.count, 2)) {
        check_filled_heap(heaps.heaps[0], 1, HEAP_BYTES);
        CHECK_EQ_U64(info_of(heaps.heaps[1]).cnt, 2);
        CHECK_EQ_U64(info_of(heaps.heaps[1]).received_length, HEAP_BYTES / 2);
    }
    const sp2_receive_stats stats = stats_of(stream);
    CHECK_EQ_U64(stats.batches, 1);
    CHECK_EQ_U64(stats.max_batch, 3);
    CHECK_EQ_U64(stats.incomplete_heaps_flushed, 1);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    free(buffer);
    datagrams_free(&list);
}

/* A stream whose reader waits for room in the ring: `queued` heaps are in it, and one heap more. */
static sp2_receive_stream *stream_with_full_ring(const datagram_list *list, uint64_t queued,
                                                 const sp2_receive_options *base) {
    sp2_receive_options options = *base;
    options.ring_heaps = queued;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(add_datagram_source(stream, list->datagrams, list->count));
    WAIT_UNTIL(stats_of(stream).worker_blocked == 1, PATIENCE_SECONDS);
    return stream;
}

SP2_TEST(Heaps_queued_before_a_user_stop_are_still_returned) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 20; cnt++) {
        add_filled_heap(&list, cnt);
    }
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *stream = stream_with_full_ring(&list, 3, &options);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    heap_list heaps = pop_all(stream);
    CHECK(heaps.count >= 3 && heaps.count <= 4);
    for (uint64_t i = 0; i < heaps.count; i++) {
        check_filled_heap(heaps.heaps[i], i + 1, HEAP_BYTES);
    }
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(User_stop_drops_heaps_under_assembly_and_counts_them) {
    datagram_list list = {0};
    add_half_heap(&list, 50, HEAP_BYTES);
    add_half_heap(&list, 51, HEAP_BYTES);
    for (uint64_t cnt = 1; cnt <= 20; cnt++) {
        uint8_t *payload = new_payload(HEAP_BYTES, cnt);
        datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, HEAP_BYTES);
        free(payload);
    }
    sp2_receive_options options = quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE);
    options.max_heaps = 1000;
    sp2_receive_stream *stream = stream_with_full_ring(&list, 2, &options);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    const sp2_receive_stats stats = stats_of(stream);
    CHECK_EQ_U64(stats.incomplete_heaps_flushed, 2);
    CHECK(stats.heaps_dropped_at_stop >= 2);
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(stats.heaps, heaps.count + stats.heaps_dropped_at_stop);
    for (uint64_t i = 0; i < heaps.count; i++) {
        check_filled_heap(heaps.heaps[i], i + 1, HEAP_BYTES);
    }
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Nothing_changes_after_stop_returned) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 2000; cnt++) {
        add_filled_heap(&list, cnt);
    }
    sp2_test_rng random = sp2_test_random();
    for (int round = 0; round < 50; round++) {
        sp2_receive_options options = quiet_options(0);
        options.ring_heaps = 4096;
        sp2_receive_stream *stream = new_stream(&options);
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        const uint64_t packets = sp2_test_below(&random, list.count);
        WAIT_UNTIL(stats_of(stream).packets >= packets, PATIENCE_SECONDS);
        REQUIRE_OK(sp2_receive_stream_stop(stream));
        const sp2_receive_stats before = stats_of(stream);
        heap_list heaps = pop_all(stream);
        const sp2_receive_stats after = stats_of(stream);
        CHECK_MEM(&after, &before, sizeof(before));
        CHECK_EQ_U64(before.heaps, heaps.count + before.heaps_dropped_at_stop);
        check_sums(&before);
        for (uint64_t i = 0; i < heaps.count; i++) {
            CHECK_EQ_U64(info_of(heaps.heaps[i]).cnt, i + 1);
        }
        heaps_free(&heaps);
        sp2_receive_stream_destroy(stream);
    }
    datagrams_free(&list);
}

static void *wait_for_stop(void *argument) {
    sp2_heap *heap;
    uint32_t count = 9;
    CHECK_STATUS(sp2_receive_stream_pop_wait(argument, &heap, 1, -1, &count), SP2_E_STOPPED);
    CHECK_EQ_U64(count, 0);
    return NULL;
}

SP2_TEST(Stop_wakes_every_waiting_thread) {
    enum { WAITERS = 4, ROUNDS = 50 };
    for (int round = 0; round < ROUNDS; round++) {
        sp2_receive_stream *stream = new_stream(NULL);
        test_thread waiters[WAITERS];
        for (int i = 0; i < WAITERS; i++) {
            test_thread_start(&waiters[i], wait_for_stop, stream);
        }
        REQUIRE_OK(sp2_receive_stream_stop(stream));
        for (int i = 0; i < WAITERS; i++) {
            test_thread_join(waiters[i]);
        }
        sp2_receive_stream_destroy(stream);
    }
}

static void *stop_stream(void *argument) {
    CHECK_STATUS(sp2_receive_stream_stop(argument), SP2_OK);
    return NULL;
}

SP2_TEST(Several_threads_may_stop_at_once) {
    enum { STOPPERS = 4, ROUNDS = 50 };
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 100; cnt++) {
        add_filled_heap(&list, cnt);
    }
    for (int round = 0; round < ROUNDS; round++) {
        sp2_receive_stream *stream = new_stream(NULL);
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        test_thread stoppers[STOPPERS];
        for (int i = 0; i < STOPPERS; i++) {
            test_thread_start(&stoppers[i], stop_stream, stream);
        }
        for (int i = 0; i < STOPPERS; i++) {
            test_thread_join(stoppers[i]);
        }
        sp2_receive_stream_destroy(stream);
    }
    datagrams_free(&list);
}

typedef struct stopper {
    sp2_receive_stream *stream;
    atomic_uint calls;
    atomic_uint done;
} stopper;

static void stop_when_ready(void *context) {
    stopper *s = context;
    atomic_fetch_add(&s->calls, 1);
    CHECK_STATUS(sp2_receive_stream_stop(s->stream), SP2_OK);
    atomic_fetch_add(&s->done, 1);
}

SP2_TEST(Stop_from_the_ready_callback_is_allowed) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 100; cnt++) {
        add_filled_heap(&list, cnt);
    }
    for (int round = 0; round < 50; round++) {
        sp2_receive_stream *stream = new_stream(NULL);
        stopper s = {.stream = stream};
        REQUIRE_OK(sp2_receive_stream_set_ready_callback(stream, stop_when_ready, &s));
        REQUIRE(sp2_receive_stream_request_ready(stream) == SP2_E_EMPTY);
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        WAIT_UNTIL(atomic_load(&s.done) == 1, PATIENCE_SECONDS);
        heap_list heaps = pop_all(stream);
        CHECK(heaps.count >= 1);
        check_filled_heap(heaps.heaps[0], 1, HEAP_BYTES);
        heaps_free(&heaps);
        sp2_receive_stream_destroy(stream);
        CHECK_EQ_U64(atomic_load(&s.calls), 1);
    }
    datagrams_free(&list);
}

SP2_TEST(Ready_callback_is_called_from_stop) {
    sp2_receive_stream *stream = new_stream(NULL);
    stopper s = {.stream = stream};
    REQUIRE_OK(sp2_receive_stream_set_ready_callback(stream, stop_when_ready, &s));
    REQUIRE(sp2_receive_stream_request_ready(stream) == SP2_E_EMPTY);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    WAIT_UNTIL(atomic_load(&s.done) == 1, PATIENCE_SECONDS);
    CHECK_STATUS(sp2_receive_stream_request_ready(stream), SP2_E_STOPPED);
    sp2_receive_stream_destroy(stream);
    CHECK_EQ_U64(atomic_load(&s.calls), 1);
}

SP2_TEST(Destroy_frees_heaps_that_nobody_popped) {
    sp2_memory_stats before = SP2_MEMORY_STATS_INIT;
    sp2_memory_stats after = SP2_MEMORY_STATS_INIT;
    REQUIRE_OK(sp2_memory_get_stats(&before));
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 20; cnt++) {
        add_filled_heap(&list, cnt);
    }
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream_destroy(stream_with_full_ring(&list, 4, &options));
    REQUIRE_OK(sp2_memory_get_stats(&after));
    CHECK_EQ_U64(after.used_bytes, before.used_bytes);
    datagrams_free(&list);
}

SP2_TEST(Destroy_while_a_reader_is_running_is_clean) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 500; cnt++) {
        add_filled_heap(&list, cnt);
    }
    sp2_test_rng random = sp2_test_random();
    for (int round = 0; round < 200; round++) {
        sp2_receive_stream *stream = new_stream(NULL);
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        heap_list heaps = pop_count(stream, sp2_test_below(&random, 10));
        sp2_receive_stream_destroy(stream);
        heaps_free(&heaps);
    }
    datagrams_free(&list);
}

SP2_TEST(Heaps_stay_valid_after_their_stream_and_pool) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 3; cnt++) {
        add_filled_heap(&list, cnt);
    }
    sp2_thread_pool *pool;
    sp2_receive_stream *stream;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    REQUIRE_OK(sp2_receive_stream_create(pool, NULL, &stream));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    sp2_receive_stream_destroy(stream);
    sp2_thread_pool_destroy(pool);
    REQUIRE_OK(sp2_memory_trim());
    for (uint64_t i = 0; i < heaps.count; i++) {
        check_filled_heap(heaps.heaps[i], i + 1, HEAP_BYTES);
        const sp2_item *items;
        uint64_t count;
        REQUIRE_OK(sp2_heap_get_items(heaps.heaps[i], &items, &count));
        if (CHECK_EQ_U64(count, 1)) {
            CHECK_EQ_U64(items[0].id, 0x1000);
            CHECK_EQ_U64(items[0].length, HEAP_BYTES);
        }
    }
    heaps_free(&heaps);
    datagrams_free(&list);
}

typedef struct gate {
    atomic_bool reached;
    atomic_bool open;
} gate;

static void wait_at_gate(void *context) {
    gate *g = context;
    atomic_store(&g->reached, true);
    WAIT_UNTIL(atomic_load(&g->open), PATIENCE_SECONDS);
}

/* A stream whose callback keeps the pool's thread until the gate is opened. */
static sp2_receive_stream *keep_thread(sp2_thread_pool *pool, gate *g) {
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *stream;
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &stream));
    REQUIRE_OK(sp2_receive_stream_set_ready_callback(stream, wait_at_gate, g));
    REQUIRE(sp2_receive_stream_request_ready(stream) == SP2_E_EMPTY);
    REQUIRE_OK(add_buffer_source(stream, NULL, 0));
    WAIT_UNTIL(atomic_load(&g->reached), PATIENCE_SECONDS);
    return stream;
}

SP2_TEST(Buffer_cut_off_by_another_source_is_one_batch) {
    enum { PARTS = 5000, PART_BYTES = 8 }; /* more packets than a source hands over in one go */
    static uint8_t payload[(PARTS + 1) * PART_BYTES];
    datagram_list parts = {0};
    datagram_list stop = {0};
    for (uint64_t i = 0; i < PARTS; i++) {
        datagrams_add_part(&parts, 48, 1, sizeof(payload), payload, i * PART_BYTES, PART_BYTES);
    }
    datagrams_add_stop(&stop, 2);
    size_t length;
    uint8_t *buffer = datagrams_join(&parts, &length);
    gate g = {false};
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    sp2_receive_stream *keeper = keep_thread(pool, &g);
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *stream;
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &stream));
    REQUIRE_OK(add_buffer_source(stream, buffer, length));
    REQUIRE_OK(add_datagram_source(stream, stop.datagrams, stop.count));
    atomic_store(&g.open, true);
    heap_list heaps = pop_all(stream);
    heaps_free(&heaps);
    /* The source is told of the stop after the consumer. */
    WAIT_UNTIL(stats_of(stream).batches == 2, PATIENCE_SECONDS);
    const sp2_receive_stats stats = stats_of(stream);
    CHECK(stats.packets > 1 && stats.packets < PARTS);
    CHECK_EQ_U64(stats.max_batch, stats.packets - 1);
    sp2_receive_stream_destroy(stream);
    sp2_receive_stream_destroy(keeper);
    sp2_thread_pool_destroy(pool);
    free(buffer);
    datagrams_free(&parts);
    datagrams_free(&stop);
}
