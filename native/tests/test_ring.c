/* SPDX-License-Identifier: MIT */
/* The ring between worker and consumer: full, empty, shared, waited for, announced. */
#include <stdatomic.h>
#include <stdlib.h>

#include "receiver.h"
#include "test_threads.h"

enum { HEAP_BYTES = 32 };

/* `count` heaps of one packet each, with the cnts from 1 on. */
static datagram_list small_heaps(uint64_t count) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= count; cnt++) {
        uint8_t payload[HEAP_BYTES];
        fill_payload(payload, HEAP_BYTES, cnt);
        datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, HEAP_BYTES);
    }
    return list;
}

static sp2_receive_stream *feed(sp2_thread_pool *pool, uint64_t ring_heaps,
                                const datagram_list *list) {
    sp2_receive_options options = quiet_options(0);
    options.ring_heaps = ring_heaps;
    sp2_receive_stream *stream = NULL;
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &stream));
    REQUIRE_OK(add_datagram_source(stream, list->datagrams, list->count));
    return stream;
}

static void check_all_in_order(const heap_list *heaps, uint64_t count) {
    if (CHECK_EQ_U64(heaps->count, count)) {
        for (uint64_t i = 0; i < count; i++) {
            check_filled_heap(heaps->heaps[i], i + 1, HEAP_BYTES);
        }
    }
}

SP2_TEST(Slow_consumer_of_a_small_ring_loses_nothing) {
    enum { HEAPS = 300, TURNS = 50 };
    static const uint64_t rings[] = {1, 2, 4};
    datagram_list list = small_heaps(HEAPS);
    for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
        sp2_receive_stream *stream = feed(NULL, rings[i], &list);
        /* Lets the ring fill up before it takes any, again and again. The reader goes on when half
         * of the ring is free. */
        const uint64_t step = rings[i] == 1 ? 1 : rings[i] / 2;
        uint64_t taken = 0;
        for (uint64_t turn = 1; turn <= TURNS; turn++) {
            WAIT_UNTIL(stats_of(stream).worker_blocked >= turn, PATIENCE_SECONDS);
            REQUIRE(stats_of(stream).worker_blocked == turn);
            heap_list some = pop_count(stream, step);
            for (uint64_t k = 0; k < some.count; k++) {
                check_filled_heap(some.heaps[k], ++taken, HEAP_BYTES);
            }
            heaps_free(&some);
        }
        heap_list rest = pop_all(stream);
        if (CHECK_EQ_U64(rest.count, HEAPS - taken)) {
            for (uint64_t k = 0; k < rest.count; k++) {
                check_filled_heap(rest.heaps[k], ++taken, HEAP_BYTES);
            }
        }
        CHECK_EQ_U64(stats_of(stream).heaps, HEAPS);
        heaps_free(&rest);
        sp2_receive_stream_destroy(stream);
    }
    datagrams_free(&list);
}

/* Also where the packets after a heap's first take the short way. */
SP2_TEST(Source_stops_at_the_first_heap_without_room) {
    enum { PARTS = 4, PART_BYTES = 100, RING_HEAPS = 2 };
    static const uint8_t payload[PARTS * PART_BYTES];
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 100; cnt++) {
        for (uint64_t i = 0; i < PARTS; i++) {
            datagrams_add_part(&list, 48, cnt, sizeof(payload), payload, i * PART_BYTES,
                               PART_BYTES);
        }
    }
    sp2_receive_stream *stream = feed(NULL, RING_HEAPS, &list);
    WAIT_UNTIL(stats_of(stream).worker_blocked != 0, PATIENCE_SECONDS);
    CHECK_EQ_U64(stats_of(stream).worker_blocked, 1);
    CHECK_EQ_U64(stats_of(stream).heaps, RING_HEAPS + 1);
    CHECK_EQ_U64(stats_of(stream).packets, (RING_HEAPS + 1) * PARTS);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Default_ring_holds_four_heaps) {
    datagram_list list = small_heaps(10);
    sp2_receive_stream *stream = feed(NULL, 0, &list);
    WAIT_UNTIL(stats_of(stream).worker_blocked == 1, PATIENCE_SECONDS);
    sp2_heap *heaps[10];
    uint32_t count;
    REQUIRE_OK(sp2_receive_stream_pop(stream, heaps, 10, &count));
    CHECK(count >= SP2_RECEIVE_DEFAULT_RING_HEAPS);
    for (uint32_t i = 0; i < count; i++) {
        check_filled_heap(heaps[i], i + 1, HEAP_BYTES);
        sp2_heap_release(heaps[i]);
    }
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

static uint64_t heap_count_of(sp2_receive_stream *stream) {
    uint64_t count = 99;
    REQUIRE_OK(sp2_receive_stream_get_heap_count(stream, &count));
    return count;
}

SP2_TEST(Heap_count_is_what_a_pop_would_take) {
    datagram_list list = small_heaps(10);
    sp2_receive_stream *stream = feed(NULL, 16, &list);
    WAIT_UNTIL(stats_of(stream).heaps == 10, PATIENCE_SECONDS);
    CHECK_EQ_U64(heap_count_of(stream), 10);
    heap_list some = pop_count(stream, 3);
    CHECK_EQ_U64(heap_count_of(stream), 7);
    heap_list rest = pop_all(stream);
    CHECK_EQ_U64(rest.count, 7);
    CHECK_EQ_U64(heap_count_of(stream), 0);
    heaps_free(&some);
    heaps_free(&rest);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Heap_count_leaves_out_heaps_without_room) {
    datagram_list list = small_heaps(10);
    sp2_receive_stream *stream = feed(NULL, 4, &list);
    WAIT_UNTIL(stats_of(stream).worker_blocked == 1, PATIENCE_SECONDS);
    CHECK_EQ_U64(heap_count_of(stream), 4);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Large_ring_never_blocks_the_worker) {
    datagram_list list = small_heaps(1000);
    sp2_receive_stream *stream = feed(NULL, 1000, &list);
    WAIT_UNTIL(stats_of(stream).heaps == 1000, PATIENCE_SECONDS);
    heap_list heaps = pop_all(stream);
    check_all_in_order(&heaps, 1000);
    CHECK_EQ_U64(stats_of(stream).worker_blocked, 0);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Full_ring_during_the_flush_at_the_end_loses_nothing) {
    enum { HEAPS = 20 };
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        uint8_t payload[HEAP_BYTES];
        fill_payload(payload, HEAP_BYTES, cnt);
        datagrams_add_part(&list, 48, cnt, NO_HEAP_LENGTH, payload, 0, HEAP_BYTES);
    }
    sp2_receive_options options = quiet_options(0);
    options.ring_heaps = 1;
    options.max_heaps = HEAPS;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    WAIT_UNTIL(stats_of(stream).worker_blocked >= 1, PATIENCE_SECONDS);
    heap_list heaps = pop_all(stream);
    if (CHECK_EQ_U64(heaps.count, HEAPS)) {
        for (uint64_t i = 0; i < HEAPS; i++) {
            CHECK_EQ_U64(info_of(heaps.heaps[i]).cnt, i + 1);
        }
    }
    CHECK_EQ_U64(stats_of(stream).incomplete_heaps_flushed, HEAPS);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(One_packet_that_finishes_two_heaps_loses_neither) {
    /* A new heap that is complete at once evicts one that then does not fit in the ring, either. */
    enum { HEAPS = 50 };
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        uint8_t payload[HEAP_BYTES];
        fill_payload(payload, HEAP_BYTES, cnt);
        datagrams_add_part(&list, 48, 1000 + cnt, HEAP_BYTES, payload, 0, 1);
        datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, HEAP_BYTES);
    }
    sp2_receive_options options = quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE);
    options.ring_heaps = 1;
    options.max_heaps = 1;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    WAIT_UNTIL(stats_of(stream).worker_blocked >= 1, PATIENCE_SECONDS);
    heap_list heaps = pop_all(stream);
    if (CHECK_EQ_U64(heaps.count, 2 * HEAPS)) {
        for (uint64_t i = 0; i < HEAPS; i++) {
            CHECK_EQ_U64(info_of(heaps.heaps[2 * i]).cnt, 1000 + i + 1);
            check_filled_heap(heaps.heaps[2 * i + 1], i + 1, HEAP_BYTES);
        }
    }
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

enum { SHARED_HEAPS = 20000, CONSUMERS = 4 };

typedef struct consumer {
    sp2_receive_stream *stream;
    atomic_uchar *seen; /* by cnt */
    uint32_t batch;
    bool waits;
    uint64_t count;
} consumer;

static void *consume(void *argument) {
    consumer *c = argument;
    sp2_heap *heaps[8];
    for (;;) {
        uint32_t count;
        const int32_t status =
            c->waits ? sp2_receive_stream_pop_wait(c->stream, heaps, c->batch, PATIENCE_NS, &count)
                     : sp2_receive_stream_pop(c->stream, heaps, c->batch, &count);
        if (status == SP2_E_EMPTY) {
            continue;
        }
        if (status != SP2_OK) {
            CHECK_STATUS(status, SP2_E_STOPPED);
            return NULL;
        }
        uint64_t last = 0;
        for (uint32_t i = 0; i < count; i++) {
            const uint64_t cnt = info_of(heaps[i]).cnt;
            CHECK(cnt > last && cnt <= SHARED_HEAPS);
            CHECK_EQ_U64(atomic_fetch_add(&c->seen[cnt], 1), 0);
            last = cnt;
            sp2_heap_release(heaps[i]);
        }
        c->count += count;
    }
}

SP2_TEST(Several_consumers_get_each_heap_once) {
    datagram_list list = small_heaps(SHARED_HEAPS);
    atomic_uchar *seen = calloc(SHARED_HEAPS + 1, sizeof(*seen));
    REQUIRE(seen != NULL);
    sp2_receive_stream *stream = feed(NULL, 16, &list);
    consumer consumers[CONSUMERS];
    test_thread threads[CONSUMERS];
    for (int i = 0; i < CONSUMERS; i++) {
        consumers[i] = (consumer){stream, seen, i % 2 == 0 ? 1 : 8, i != 3, 0};
        test_thread_start(&threads[i], consume, &consumers[i]);
    }
    uint64_t total = 0;
    for (int i = 0; i < CONSUMERS; i++) {
        test_thread_join(threads[i]);
        total += consumers[i].count;
    }
    CHECK_EQ_U64(total, SHARED_HEAPS);
    CHECK_EQ_U64(stats_of(stream).heaps, SHARED_HEAPS);
    sp2_receive_stream_destroy(stream);
    free(seen);
    datagrams_free(&list);
}

SP2_TEST(Pop_wait_gives_up_after_its_time) {
    static const int64_t times[] = {0, 1, 1000000, 50000000, 200000000};
    sp2_receive_stream *stream = new_stream(NULL);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        sp2_heap *heap;
        uint32_t count;
        const uint64_t start = sp2_test_now_ns();
        CHECK_STATUS(sp2_receive_stream_pop_wait(stream, &heap, 1, times[i], &count),
                     SP2_E_TIMEOUT);
        const uint64_t took = sp2_test_now_ns() - start;
        CHECK(took >= (uint64_t)times[i]);
        CHECK(took < (uint64_t)times[i] + UINT64_C(5000000000));
    }
    sp2_receive_stream_destroy(stream);
}

static void *feed_later(void *argument) {
    static const uint8_t payload[] = {1, 2, 3, 4};
    static datagram_list list;
    datagrams_free(&list);
    datagrams_add_heap(&list, 1, payload, sizeof(payload), sizeof(payload));
    sp2_test_nap();
    CHECK_STATUS(add_datagram_source(argument, list.datagrams, list.count), SP2_OK);
    return NULL;
}

SP2_TEST(Pop_wait_returns_as_soon_as_there_is_a_heap) {
    static const int64_t times[] = {-1, PATIENCE_NS, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        sp2_receive_stream *stream = new_stream(NULL);
        test_thread thread;
        test_thread_start(&thread, feed_later, stream);
        sp2_heap *heap = NULL;
        uint32_t count = 0;
        CHECK_STATUS(sp2_receive_stream_pop_wait(stream, &heap, 1, times[i], &count), SP2_OK);
        CHECK_EQ_U64(count, 1);
        sp2_heap_release(heap);
        test_thread_join(thread);
        sp2_receive_stream_destroy(stream);
    }
}

static void count_call(void *context) {
    atomic_fetch_add((atomic_uint *)context, 1);
}

SP2_TEST(Consumer_that_never_spins_gets_every_heap) {
    enum { HEAPS = 500, BYTES = 100 };
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        uint8_t *payload = new_payload(BYTES, cnt);
        datagrams_add_heap(&list, cnt, payload, BYTES, BYTES);
        free(payload);
    }
    sp2_receive_options options = quiet_options(0);
    options.spin_ns = SP2_NEVER_SPIN;
    options.ring_heaps = 1;
    heap_list heaps = receive(&options, &list, NULL);
    if (CHECK_EQ_U64(heaps.count, HEAPS)) {
        for (uint64_t i = 0; i < HEAPS; i++) {
            check_filled_heap(heaps.heaps[i], i + 1, BYTES);
        }
    }
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Ready_callback_comes_once_per_request) {
    enum { HEAPS = 200 };
    datagram_list list = small_heaps(HEAPS);
    atomic_uint calls = 0;
    unsigned asked = 0;
    uint64_t taken = 0;
    sp2_receive_options options = quiet_options(0);
    options.ring_heaps = 1;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(sp2_receive_stream_set_ready_callback(stream, count_call, &calls));
    /* Two requests in a row are one. */
    CHECK_STATUS(sp2_receive_stream_request_ready(stream), SP2_E_EMPTY);
    CHECK_STATUS(sp2_receive_stream_request_ready(stream), SP2_E_EMPTY);
    asked++;
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    for (;;) {
        WAIT_UNTIL(atomic_load(&calls) == asked, PATIENCE_SECONDS);
        sp2_heap *heap;
        uint32_t count;
        int32_t status;
        while ((status = sp2_receive_stream_pop(stream, &heap, 1, &count)) == SP2_OK) {
            CHECK_EQ_U64(info_of(heap).cnt, ++taken);
            sp2_heap_release(heap);
        }
        if (status == SP2_E_STOPPED) {
            break;
        }
        CHECK_STATUS(status, SP2_E_EMPTY);
        const int32_t answer = sp2_receive_stream_request_ready(stream);
        CHECK(answer == SP2_OK || answer == SP2_E_EMPTY || answer == SP2_E_STOPPED);
        asked += answer == SP2_E_EMPTY;
    }
    CHECK_EQ_U64(taken, HEAPS);
    CHECK_STATUS(sp2_receive_stream_request_ready(stream), SP2_E_STOPPED);
    sp2_receive_stream_destroy(stream);
    CHECK_EQ_U64(atomic_load(&calls), asked);
    datagrams_free(&list);
}

SP2_TEST(Request_when_a_heap_waits_calls_nothing) {
    datagram_list list = small_heaps(3);
    atomic_uint calls = 0;
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_set_ready_callback(stream, count_call, &calls));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    WAIT_UNTIL(stats_of(stream).heaps == 3, PATIENCE_SECONDS);
    WAIT_UNTIL(sp2_receive_stream_request_ready(stream) == SP2_OK, PATIENCE_SECONDS);
    heap_list heaps = pop_all(stream);
    check_all_in_order(&heaps, 3);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    CHECK(atomic_load(&calls) <= 1);
    datagrams_free(&list);
}

SP2_TEST(Callback_that_was_taken_away_is_not_called) {
    for (int round = 0; round < 200; round++) {
        datagram_list list = small_heaps(1);
        atomic_uint calls = 0;
        sp2_receive_stream *stream = new_stream(NULL);
        REQUIRE_OK(sp2_receive_stream_set_ready_callback(stream, count_call, &calls));
        REQUIRE(sp2_receive_stream_request_ready(stream) == SP2_E_EMPTY);
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        REQUIRE_OK(sp2_receive_stream_set_ready_callback(stream, NULL, NULL));
        const unsigned before = atomic_load(&calls);
        heap_list heaps = pop_all(stream);
        CHECK_EQ_U64(atomic_load(&calls), before);
        heaps_free(&heaps);
        sp2_receive_stream_destroy(stream);
        CHECK_EQ_U64(atomic_load(&calls), before);
        datagrams_free(&list);
    }
}

typedef struct slow_callback {
    atomic_bool entered;
    atomic_bool returned;
} slow_callback;

/* Long enough for another thread to return from a call that does not wait. */
static void take_a_while(void *context) {
    slow_callback *slow = context;
    atomic_store(&slow->entered, true);
    for (int i = 0; i < 50; i++) {
        sp2_test_nap();
    }
    atomic_store(&slow->returned, true);
}

SP2_TEST(Replacing_a_callback_waits_for_its_call) {
    datagram_list list = small_heaps(1);
    slow_callback slow = {false};
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_set_ready_callback(stream, take_a_while, &slow));
    REQUIRE(sp2_receive_stream_request_ready(stream) == SP2_E_EMPTY);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    WAIT_UNTIL(atomic_load(&slow.entered), PATIENCE_SECONDS);
    REQUIRE_OK(sp2_receive_stream_set_ready_callback(stream, NULL, NULL));
    CHECK(atomic_load(&slow.returned));
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

typedef struct popper {
    sp2_receive_stream *stream;
    atomic_uint calls;
    atomic_uint taken;
    atomic_uint stopped;
} popper;

/* Takes what is there and asks again, all from within the callback. */
static void pop_when_ready(void *context) {
    popper *p = context;
    atomic_fetch_add(&p->calls, 1);
    for (;;) {
        sp2_heap *heap;
        uint32_t count;
        const int32_t status = sp2_receive_stream_pop(p->stream, &heap, 1, &count);
        if (status == SP2_OK) {
            CHECK_EQ_U64(info_of(heap).cnt, atomic_fetch_add(&p->taken, 1) + 1);
            sp2_heap_release(heap);
        } else if (status == SP2_E_STOPPED) {
            atomic_fetch_add(&p->stopped, 1);
            return;
        } else if (sp2_receive_stream_request_ready(p->stream) == SP2_E_EMPTY) {
            return;
        }
    }
}

SP2_TEST(Whole_stream_can_be_read_from_the_callback) {
    enum { HEAPS = 5000 };
    datagram_list list = small_heaps(HEAPS);
    sp2_receive_stream *stream = new_stream(NULL);
    popper p = {.stream = stream};
    REQUIRE_OK(sp2_receive_stream_set_ready_callback(stream, pop_when_ready, &p));
    REQUIRE(sp2_receive_stream_request_ready(stream) == SP2_E_EMPTY);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    WAIT_UNTIL(atomic_load(&p.stopped) == 1, PATIENCE_SECONDS);
    CHECK_EQ_U64(atomic_load(&p.taken), HEAPS);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Stream_with_a_full_ring_does_not_hold_up_others_on_its_thread) {
    datagram_list list = small_heaps(10000);
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    sp2_receive_stream *unread = feed(pool, 1, &list);
    WAIT_UNTIL(stats_of(unread).worker_blocked == 1, PATIENCE_SECONDS);

    sp2_receive_stream *read = feed(pool, 4, &list);
    heap_list heaps = pop_all(read);
    check_all_in_order(&heaps, 10000);
    heaps_free(&heaps);
    CHECK_EQ_U64(stats_of(unread).worker_blocked, 1);

    const uint64_t start = sp2_test_now_ns();
    REQUIRE_OK(sp2_receive_stream_stop(unread));
    CHECK(sp2_test_now_ns() - start < UINT64_C(1000000000));
    heaps = pop_all(unread);
    CHECK(heaps.count >= 1);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(unread);
    sp2_receive_stream_destroy(read);
    sp2_thread_pool_destroy(pool);
    datagrams_free(&list);
}

SP2_TEST(Statistics_can_be_read_while_the_ring_is_full) {
    datagram_list list = small_heaps(100);
    sp2_receive_stream *stream = feed(NULL, 4, &list);
    WAIT_UNTIL(stats_of(stream).worker_blocked == 1, PATIENCE_SECONDS);
    const sp2_receive_stats stats = stats_of(stream);
    CHECK_EQ_U64(stats.heaps, 5);
    CHECK_EQ_U64(stats.packets, 5);
    CHECK_EQ_U64(stats.worker_blocked, 1);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}
