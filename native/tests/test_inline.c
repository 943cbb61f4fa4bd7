/* SPDX-License-Identifier: MIT */
/* Heaps that go to a function of the caller's instead of the ring. */
#include <stdatomic.h>
#include <stdlib.h>

#include "loopback.h"
#include "test_threads.h"

enum { HEAP_BYTES = 3000, PACKET_BYTES = 1000, HEAPS = 500, LARGE_BYTES = 600000, SOURCES = 4 };

typedef struct taker {
    sp2_receive_stream *stream;
    uint64_t last_cnt;
    uint64_t taken;
    bool in_order;
    void (*meanwhile)(struct taker *taker);
    _Atomic uint32_t inside;
    _Atomic uint32_t ends;
    _Atomic uint64_t heaps;
} taker;

static void take(void *context, sp2_heap *heap) {
    taker *t = context;
    CHECK(atomic_fetch_add(&t->inside, 1) == 0);
    CHECK(atomic_load(&t->ends) == 0);
    if (t->meanwhile != NULL) {
        t->meanwhile(t);
    }
    if (heap != NULL) {
        const sp2_heap_info info = info_of(heap);
        t->in_order &= info.cnt > t->last_cnt;
        t->last_cnt = info.cnt;
        check_filled_heap(heap, info.cnt, info.payload_length);
        sp2_heap_release(heap);
        atomic_fetch_add(&t->heaps, 1);
    }
    CHECK(atomic_fetch_sub(&t->inside, 1) == 1);
    if (heap == NULL) {
        atomic_fetch_add(&t->ends, 1);
    }
}

/* A stream whose heaps the taker takes. */
static sp2_receive_stream *start_taker(taker *t, sp2_thread_pool *pool, uint32_t flags) {
    sp2_receive_options options = quiet_options(flags);
    *t = (taker){.in_order = true};
    options.on_heap = take;
    options.on_heap_context = t;
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &t->stream));
    return t->stream;
}

static datagram_list make_heaps(uint64_t first, uint64_t count, size_t bytes) {
    datagram_list list = {0};
    uint8_t *payload = NULL;
    for (uint64_t cnt = first; cnt < first + count; cnt++) {
        payload = new_payload(bytes, cnt);
        datagrams_add_heap(&list, cnt, payload, bytes, PACKET_BYTES);
        free(payload);
    }
    return list;
}

static void check_takes_all(uint64_t count, size_t bytes) {
    taker t;
    sp2_receive_stream *stream = start_taker(&t, NULL, 0);
    datagram_list list = make_heaps(1, count, bytes);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    WAIT_UNTIL(atomic_load(&t.ends) == 1, PATIENCE_SECONDS);
    CHECK_EQ_U64(atomic_load(&t.heaps), count);
    CHECK(t.in_order);
    CHECK_EQ_U64(stats_of(stream).worker_blocked, 0);
    sp2_receive_stream_destroy(stream);
    CHECK_EQ_U64(atomic_load(&t.ends), 1);
    datagrams_free(&list);
}

SP2_TEST(Every_heap_is_taken_in_order_and_the_end_once) {
    check_takes_all(HEAPS, HEAP_BYTES);
}

SP2_TEST(Large_heaps_are_taken_one_after_another) {
    check_takes_all(10, LARGE_BYTES);
}

SP2_TEST(Heaps_of_four_sources_are_taken_one_at_a_time) {
    sp2_thread_pool_options threads = SP2_THREAD_POOL_OPTIONS_INIT;
    sp2_thread_pool *pool;
    taker t;
    datagram_list lists[SOURCES];
    threads.threads = SOURCES;
    REQUIRE_OK(sp2_thread_pool_create(&threads, &pool));
    sp2_receive_stream *stream = start_taker(&t, pool, SP2_RECEIVE_EXPLICIT_START);
    uint32_t ports[SOURCES];
    for (uint64_t i = 0; i < SOURCES; i++) {
        ports[i] = open_loopback_source(stream);
        lists[i] = make_heaps(1 + 10 * i, 10, HEAP_BYTES);
    }
    REQUIRE_OK(sp2_receive_stream_start(stream));
    for (int i = 0; i < SOURCES; i++) {
        send_to_loopback(ports[i], &lists[i]);
    }
    WAIT_UNTIL(stats_of(stream).packets == SOURCES * lists[0].count, PATIENCE_SECONDS);
    const sp2_receive_stats stats = stats_of(stream);
    WAIT_UNTIL(atomic_load(&t.heaps) == stats.heaps - stats.incomplete_heaps_evicted,
               PATIENCE_SECONDS);
    sp2_receive_stream_destroy(stream);
    CHECK_EQ_U64(atomic_load(&t.ends), 1);
    for (int i = 0; i < SOURCES; i++) {
        datagrams_free(&lists[i]);
    }
    sp2_thread_pool_destroy(pool);
}

static void stop_at_third(taker *t) {
    if (++t->taken == 3) {
        CHECK_STATUS(sp2_receive_stream_stop(t->stream), SP2_OK);
    }
}

SP2_TEST(Taker_may_stop_its_stream) {
    taker t;
    sp2_receive_stream *stream = start_taker(&t, NULL, SP2_RECEIVE_EXPLICIT_START);
    t.meanwhile = stop_at_third;
    datagram_list list = make_heaps(1, HEAPS, HEAP_BYTES);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    REQUIRE_OK(sp2_receive_stream_start(stream));
    WAIT_UNTIL(atomic_load(&t.ends) == 1, PATIENCE_SECONDS);
    CHECK(atomic_load(&t.heaps) >= 3 && atomic_load(&t.heaps) < HEAPS);
    CHECK(t.in_order);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(End_is_told_by_a_stop_without_sources) {
    taker t;
    sp2_receive_stream *stream = start_taker(&t, NULL, 0);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    CHECK_EQ_U64(atomic_load(&t.ends), 1);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    sp2_receive_stream_destroy(stream);
    CHECK_EQ_U64(atomic_load(&t.ends), 1);
}

SP2_TEST(Nothing_can_be_popped_beside_a_taker) {
    taker t;
    sp2_receive_stream *stream = start_taker(&t, NULL, 0);
    sp2_heap *heap;
    uint32_t count = 9;
    int64_t handle = 9;
    CHECK_STATUS(sp2_receive_stream_pop(stream, &heap, 1, &count), SP2_E_STATE);
    CHECK_EQ_U64(count, 0);
    CHECK_CONTAINS(sp2_last_error_message(), "on_heap");
    CHECK_STATUS(sp2_receive_stream_pop_wait(stream, &heap, 1, -1, &count), SP2_E_STATE);
    CHECK_STATUS(sp2_receive_stream_request_ready(stream), SP2_E_STATE);
    CHECK_STATUS(sp2_receive_stream_set_ready_callback(stream, NULL, NULL), SP2_E_STATE);
    CHECK_STATUS(sp2_receive_stream_get_fd(stream, &handle), SP2_E_STATE);
    uint64_t waiting = 9;
    CHECK_STATUS(sp2_receive_stream_get_heap_count(stream, &waiting), SP2_E_STATE);
    CHECK_EQ_U64(waiting, 0);
    CHECK_EQ_I64(handle, -1);
    sp2_receive_stream_destroy(stream);
}
