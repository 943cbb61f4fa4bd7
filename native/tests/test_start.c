/* SPDX-License-Identifier: MIT */
/* Explicit start: readers are ready, but receive nothing until the stream is told to. */
#include <stdlib.h>

#include "loopback.h"

enum { HEAP_BYTES = 1000, HEAPS = 3 };

static datagram_list some_heaps(uint64_t first_cnt) {
    datagram_list list = {0};
    for (uint64_t i = 0; i < HEAPS; i++) {
        uint8_t *payload = new_payload(HEAP_BYTES, first_cnt + i);
        datagrams_add_heap(&list, first_cnt + i, payload, HEAP_BYTES, HEAP_BYTES / 4);
        free(payload);
    }
    return list;
}

static sp2_receive_stream *held_stream(uint32_t flags) {
    const sp2_receive_options options = quiet_options(flags | SP2_RECEIVE_EXPLICIT_START);
    return new_stream(&options);
}

/* The one thread of `pool` has gone round often since: what a reader would have done is done. */
static void let_others_go_first(sp2_thread_pool *pool) {
    datagram_list list = some_heaps(100);
    sp2_receive_stream *stream;
    REQUIRE_OK(sp2_receive_stream_create(pool, NULL, &stream));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, HEAPS);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Nothing_is_received_before_the_start_and_everything_after_it) {
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    sp2_receive_options options = quiet_options(SP2_RECEIVE_EXPLICIT_START);
    sp2_receive_stream *stream;
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &stream));
    const uint32_t port = open_loopback_source(stream);
    datagram_list sent = some_heaps(1);
    send_to_loopback(port, &sent);
    let_others_go_first(pool);
    CHECK_EQ_U64(stats_of(stream).packets, 0);

    REQUIRE_OK(sp2_receive_stream_start(stream));
    heap_list heaps = pop_count(stream, HEAPS);
    for (uint64_t i = 0; i < heaps.count; i++) {
        check_filled_heap(heaps.heaps[i], i + 1, HEAP_BYTES);
    }
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    sp2_thread_pool_destroy(pool);
    datagrams_free(&sent);
}

SP2_TEST(Readers_of_every_kind_wait_for_the_start) {
    datagram_list first = some_heaps(1);
    datagram_list second = some_heaps(11);
    size_t length;
    uint8_t *buffer = datagrams_join(&first, &length);
    for (int kind = 0; kind < 2; kind++) {
        sp2_thread_pool *pool;
        REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
        sp2_receive_options options = quiet_options(SP2_RECEIVE_EXPLICIT_START);
        sp2_receive_stream *stream;
        REQUIRE_OK(sp2_receive_stream_create(pool, &options, &stream));
        if (kind == 0) {
            REQUIRE_OK(add_buffer_source(stream, buffer, length));
        } else {
            REQUIRE_OK(add_datagram_source(stream, second.datagrams, second.count));
        }
        let_others_go_first(pool);
        CHECK_EQ_U64(stats_of(stream).packets, 0);
        REQUIRE_OK(sp2_receive_stream_start(stream));
        heap_list heaps = pop_all(stream);
        CHECK_EQ_U64(heaps.count, HEAPS);
        heaps_free(&heaps);
        sp2_receive_stream_destroy(stream);
        sp2_thread_pool_destroy(pool);
    }
    free(buffer);
    datagrams_free(&first);
    datagrams_free(&second);
}

SP2_TEST(No_reader_can_be_added_after_an_explicit_start) {
    datagram_list list = some_heaps(1);
    sp2_receive_stream *stream = held_stream(0);
    REQUIRE_OK(sp2_receive_stream_start(stream));
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    uint32_t port = 1;
    CHECK_STATUS(add_udp_source(stream, &udp, &port), SP2_E_STATE);
    CHECK_CONTAINS(sp2_last_error_message(), "add_udp_source");
    CHECK_CONTAINS(sp2_last_error_message(), "before sp2_receive_stream_start");
    CHECK_EQ_U64(port, 0);
    CHECK_STATUS(add_datagram_source(stream, list.datagrams, list.count), SP2_E_STATE);
    CHECK_STATUS(add_buffer_source(stream, NULL, 0), SP2_E_STATE);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Start_is_harmless_twice_and_without_the_flag) {
    datagram_list list = some_heaps(1);
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_start(stream));
    REQUIRE_OK(sp2_receive_stream_start(stream));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, HEAPS);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);

    stream = held_stream(0);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    REQUIRE_OK(sp2_receive_stream_start(stream));
    REQUIRE_OK(sp2_receive_stream_start(stream));
    heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, HEAPS);
    CHECK_EQ_U64(stats_of(stream).packets, list.count);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    CHECK_STATUS(sp2_receive_stream_start(NULL), SP2_E_ARG);
    datagrams_free(&list);
}

SP2_TEST(Held_stream_can_be_stopped_and_destroyed) {
    datagram_list list = some_heaps(1);
    for (int stop = 0; stop < 2; stop++) {
        sp2_receive_stream *stream = held_stream(0);
        open_loopback_source(stream);
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        if (stop) {
            sp2_heap *heap;
            uint32_t count;
            REQUIRE_OK(sp2_receive_stream_stop(stream));
            REQUIRE_OK(sp2_receive_stream_start(stream));
            CHECK_STATUS(sp2_receive_stream_pop_wait(stream, &heap, 1, -1, &count), SP2_E_STOPPED);
            CHECK_EQ_U64(stats_of(stream).packets, 0);
        }
        sp2_receive_stream_destroy(stream);
    }
    datagrams_free(&list);
}
