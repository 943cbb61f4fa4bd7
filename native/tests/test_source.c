/* SPDX-License-Identifier: MIT */
/* Handles of packet sources: what they say, removing one, and their life beside the stream's. */
#include <stdlib.h>
#include <string.h>

#include "loopback.h"

enum { HEAP_BYTES = 3000, PACKET_BYTES = 1000 };

static sp2_packet_source_info describe(sp2_packet_source *source) {
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    REQUIRE_OK(sp2_packet_source_get_info(source, &info));
    return info;
}

static sp2_packet_source_stats count(sp2_packet_source *source) {
    sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
    REQUIRE_OK(sp2_packet_source_get_stats(source, &stats));
    return stats;
}

static sp2_packet_source *open_source(sp2_receive_stream *stream) {
    sp2_udp_source_options options = SP2_UDP_SOURCE_OPTIONS_INIT;
    sp2_packet_source *source = NULL;
    options.bind_host = "127.0.0.1";
    options.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    const int32_t status = sp2_receive_stream_add_udp_source(stream, &options, &source);
    if (status == SP2_E_UNSUPPORTED) {
        sp2_receive_stream_destroy(stream);
        SKIP("this build has no UDP source");
    }
    REQUIRE_OK(status);
    REQUIRE(source != NULL);
    return source;
}

static datagram_list one_heap(uint64_t cnt) {
    datagram_list list = {0};
    uint8_t payload[HEAP_BYTES];
    fill_payload(payload, HEAP_BYTES, cnt);
    datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, PACKET_BYTES);
    return list;
}

static void send_heap(sp2_packet_source *source, uint64_t cnt) {
    datagram_list list = one_heap(cnt);
    send_to_loopback(describe(source).port, &list);
    datagrams_free(&list);
}

static void check_next_heap(sp2_receive_stream *stream, uint64_t cnt) {
    heap_list heaps = pop_count(stream, 1);
    check_filled_heap(heaps.heaps[0], cnt, HEAP_BYTES);
    heaps_free(&heaps);
}

SP2_TEST(Udp_source_tells_address_and_state) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_packet_source *source = open_source(stream);
    const sp2_packet_source_info info = describe(source);
    CHECK_EQ_U64(info.kind, SP2_SOURCE_UDP);
    CHECK_EQ_U64(info.state, SP2_SOURCE_RUNNING);
    CHECK(info.port > 0 && info.port < 65536);
    CHECK_STR(info.address, "127.0.0.1");
    CHECK_STR(info.group, "");
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    CHECK_EQ_U64(describe(source).state, SP2_SOURCE_ENDED);
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Source_waits_for_the_start_of_its_stream) {
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_EXPLICIT_START);
    sp2_receive_stream *stream = new_stream(&options);
    sp2_packet_source *source = open_source(stream);
    CHECK_EQ_U64(describe(source).state, SP2_SOURCE_UNSTARTED);
    REQUIRE_OK(sp2_receive_stream_start(stream));
    send_heap(source, 1);
    check_next_heap(stream, 1);
    CHECK_EQ_U64(describe(source).state, SP2_SOURCE_RUNNING);
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Memory_sources_have_neither_port_nor_address) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_buffer_source_options buffer = SP2_BUFFER_SOURCE_OPTIONS_INIT;
    sp2_datagram_source_options list = SP2_DATAGRAM_SOURCE_OPTIONS_INIT;
    sp2_packet_source *sources[2] = {NULL, NULL};
    REQUIRE_OK(sp2_receive_stream_add_buffer_source(stream, &buffer, &sources[0]));
    REQUIRE_OK(sp2_receive_stream_add_datagram_source(stream, &list, &sources[1]));
    for (int i = 0; i < 2; i++) {
        const sp2_packet_source_info info = describe(sources[i]);
        CHECK_EQ_U64(info.kind, i == 0 ? SP2_SOURCE_BUFFER : SP2_SOURCE_DATAGRAMS);
        CHECK_EQ_U64(info.port, 0);
        CHECK_STR(info.address, "");
        sp2_packet_source_release(sources[i]);
    }
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Removed_source_leaves_the_others_and_live_heaps) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_packet_source *first = open_source(stream);
    sp2_packet_source *second = open_source(stream);
    datagram_list list = one_heap(1);
    const datagram_list begin = {.datagrams = list.datagrams, .count = 1};
    const datagram_list rest = {.datagrams = list.datagrams + 1, .count = list.count - 1};
    send_to_loopback(describe(first).port, &begin);
    WAIT_UNTIL(stats_of(stream).packets == 1, PATIENCE_SECONDS);
    REQUIRE_OK(sp2_packet_source_remove(first));
    REQUIRE_OK(sp2_packet_source_remove(first));
    CHECK_EQ_U64(describe(first).state, SP2_SOURCE_REMOVED);
    send_to_loopback(describe(second).port, &rest);
    check_next_heap(stream, 1);
    CHECK_EQ_U64(describe(second).state, SP2_SOURCE_RUNNING);
    sp2_packet_source_release(first);
    sp2_packet_source_release(second);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Handle_outlives_its_stream) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_packet_source *source = open_source(stream);
    const uint32_t port = describe(source).port;
    sp2_receive_stream_destroy(stream);
    CHECK_EQ_U64(describe(source).port, port);
    CHECK_EQ_U64(describe(source).state, SP2_SOURCE_ENDED);
    CHECK_EQ_U64(count(source).kernel_drop_messages, 0);
    CHECK_STATUS(sp2_packet_source_remove(source), SP2_OK);
    CHECK_EQ_U64(describe(source).state, SP2_SOURCE_ENDED);
    sp2_packet_source_release(source);
}

SP2_TEST(Source_of_a_stopped_stream_has_ended) {
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    sp2_packet_source *source = open_source(stream);
    CHECK_EQ_U64(describe(source).state, SP2_SOURCE_ENDED);
    CHECK_EQ_U64(describe(source).port, 0);
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Source_functions_refuse_null) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_packet_source *source = open_source(stream);
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
    CHECK_STATUS(sp2_packet_source_remove(NULL), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "source");
    CHECK_STATUS(sp2_packet_source_get_info(NULL, &info), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "source");
    CHECK_STATUS(sp2_packet_source_get_info(source, NULL), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "info");
    CHECK_STATUS(sp2_packet_source_get_stats(NULL, &stats), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "source");
    CHECK_STATUS(sp2_packet_source_get_stats(source, NULL), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "stats");
    sp2_packet_source_release(NULL);
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Failed_addition_clears_the_handle) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_packet_source *const garbage = (sp2_packet_source *)(uintptr_t)1;
    const sp2_buffer_source_options buffer = {.size = sizeof(buffer), .flags = 1};
    const sp2_datagram_source_options list = {.size = sizeof(list), .flags = 1};
    const sp2_udp_source_options udp = {.size = sizeof(udp), .flags = 1u << 31};
    sp2_packet_source *sources[3] = {garbage, garbage, garbage};
    CHECK_STATUS(sp2_receive_stream_add_buffer_source(stream, &buffer, &sources[0]), SP2_E_TOO_NEW);
    CHECK_STATUS(sp2_receive_stream_add_datagram_source(stream, &list, &sources[1]), SP2_E_TOO_NEW);
    CHECK_STATUS(sp2_receive_stream_add_udp_source(stream, &udp, &sources[2]), SP2_E_TOO_NEW);
    for (int i = 0; i < 3; i++) {
        CHECK(sources[i] == NULL);
    }
    sp2_receive_stream_destroy(stream);
}

/* Waits for the end of the stream, and gives the statistics of its only source. */
static sp2_packet_source_stats count_at_end(sp2_receive_stream *stream, sp2_packet_source *source) {
    heap_list heaps = pop_all(stream);
    heaps_free(&heaps);
    const sp2_packet_source_stats stats = count(source);
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(stream);
    return stats;
}

SP2_TEST(Memory_sources_count_exactly_what_they_read) {
    uint8_t longer[2 * PACKET_BYTES] = {0};
    datagram_list list = one_heap(1);
    datagrams_add(&list, "no packet", 9);
    size_t length;
    uint8_t *bytes = datagrams_join(&list, &length);
    /* For the list only: a packet with a byte behind it, and nothing at all. */
    const uint64_t longer_length = list.datagrams[0].length + 1;
    memcpy(longer, list.datagrams[0].data, list.datagrams[0].length);
    datagrams_add(&list, longer, longer_length);
    datagrams_add(&list, longer, 0);
    sp2_packet_source *source;
    sp2_datagram_source_options datagrams = SP2_DATAGRAM_SOURCE_OPTIONS_INIT;
    datagrams.datagrams = list.datagrams;
    datagrams.count = list.count;
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_add_datagram_source(stream, &datagrams, &source));
    sp2_packet_source_stats stats = count_at_end(stream, source);
    CHECK_EQ_U64(stats.datagrams, list.count);
    CHECK_EQ_U64(stats.size_mismatch, 1);
    CHECK_EQ_U64(stats.empty, 1);
    CHECK_EQ_U64(stats.bytes, length + longer_length);
    CHECK_EQ_U64(stats.packets, HEAP_BYTES / PACKET_BYTES);
    CHECK_EQ_U64(stats.malformed, 1);

    sp2_buffer_source_options buffer = SP2_BUFFER_SOURCE_OPTIONS_INIT;
    buffer.data = bytes;
    buffer.length = length;
    stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_add_buffer_source(stream, &buffer, &source));
    stats = count_at_end(stream, source);
    CHECK_EQ_U64(stats.datagrams, 0);
    CHECK_EQ_U64(stats.bytes, length - 9);
    CHECK_EQ_U64(stats.packets, HEAP_BYTES / PACKET_BYTES);
    CHECK_EQ_U64(stats.malformed, 1);
    free(bytes);
    datagrams_free(&list);
}

/* The consumer may look before the source's slice is over: often, when this was not so. */
SP2_TEST(Source_has_counted_everything_when_its_stream_has_ended) {
    enum { STREAMS = 500 };
    datagram_list list = one_heap(1);
    datagrams_add_stop(&list, 2);
    sp2_datagram_source_options datagrams = SP2_DATAGRAM_SOURCE_OPTIONS_INIT;
    datagrams.datagrams = list.datagrams;
    datagrams.count = list.count;
    for (int i = 0; i < STREAMS; i++) {
        sp2_packet_source *source;
        sp2_receive_stream *stream = new_stream(NULL);
        REQUIRE_OK(sp2_receive_stream_add_datagram_source(stream, &datagrams, &source));
        const sp2_packet_source_stats stats = count_at_end(stream, source);
        REQUIRE(stats.datagrams == list.count && stats.packets == list.count);
    }
    datagrams_free(&list);
}

SP2_TEST(Source_does_not_count_what_another_one_read) {
    enum { COPIES = 3 };
    static const uint8_t nothing[1] = {0};
    uint8_t longer[2 * PACKET_BYTES] = {0};
    datagram_list heap = one_heap(1);
    datagram_list list = {0};
    memcpy(longer, heap.datagrams[0].data, heap.datagrams[0].length);
    for (int i = 0; i < COPIES; i++) {
        datagrams_add(&list, longer, heap.datagrams[0].length + 1);
        datagrams_add(&list, "no packet", 9);
        datagrams_add(&list, nothing, 0);
        datagrams_add(&list, heap.datagrams[1].data, heap.datagrams[1].length);
    }
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_packet_source *sources[] = {open_source(stream), open_source(stream)};
    for (int i = 0; i < 2; i++) {
        sp2_test_context("source %d", i);
        send_to_loopback(describe(sources[i]).port, &list);
        WAIT_UNTIL(count(sources[i]).datagrams == list.count, PATIENCE_SECONDS);
        const sp2_packet_source_stats stats = count(sources[i]);
        CHECK_EQ_U64(stats.size_mismatch, COPIES);
        CHECK_EQ_U64(stats.malformed, COPIES);
        CHECK_EQ_U64(stats.empty, COPIES);
        CHECK_EQ_U64(stats.packets, COPIES);
    }
    sp2_packet_source_release(sources[0]);
    sp2_packet_source_release(sources[1]);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&heap);
    datagrams_free(&list);
}

/* Each heap pushes out an older one. */
enum { SLOTS = 4, SLICES = 25, EVICTING_HEAPS = SLOTS * SLICES };

static sp2_receive_stream *new_small_stream(void) {
    sp2_receive_options options = quiet_options(0);
    options.max_heaps = SLOTS;
    return new_stream(&options);
}

static void check_slices(const sp2_packet_source_stats *stats) {
    CHECK_EQ_U64(stats->packets, EVICTING_HEAPS);
    CHECK(stats->slices >= SLICES / 2 && stats->slices <= 2 * SLICES);
}

SP2_TEST(Slice_ends_after_as_many_heaps_as_there_are_slots) {
    enum { JUNK_BYTES = 9 };
    datagram_list list = {0};
    static const uint8_t payload[8];
    /* For the list only. What is counted in one slice stays in the others. */
    datagrams_add(&list, "no packet", JUNK_BYTES);
    datagrams_add(&list, "", 0);
    for (uint64_t cnt = 1; cnt <= EVICTING_HEAPS; cnt++) {
        datagrams_add_part(&list, 48, cnt, 2 * sizeof(payload), payload, 0, sizeof(payload));
    }
    size_t length;
    uint8_t *bytes = datagrams_join(&list, &length);
    sp2_packet_source *source;
    sp2_receive_stream *stream = new_small_stream();
    sp2_packet_source *other = open_source(stream);
    sp2_datagram_source_options datagrams = SP2_DATAGRAM_SOURCE_OPTIONS_INIT;
    datagrams.datagrams = list.datagrams;
    datagrams.count = list.count;
    REQUIRE_OK(sp2_receive_stream_add_datagram_source(stream, &datagrams, &source));
    sp2_packet_source_stats stats = count_at_end(stream, source);
    check_slices(&stats);
    CHECK_EQ_U64(stats.malformed, 1);
    CHECK_EQ_U64(stats.empty, 1);
    CHECK_EQ_U64(stats.size_mismatch, 0);
    sp2_packet_source_release(other);

    stream = new_small_stream();
    other = open_source(stream);
    sp2_buffer_source_options buffer = SP2_BUFFER_SOURCE_OPTIONS_INIT;
    buffer.data = bytes + JUNK_BYTES;
    buffer.length = length - JUNK_BYTES;
    REQUIRE_OK(sp2_receive_stream_add_buffer_source(stream, &buffer, &source));
    stats = count_at_end(stream, source);
    check_slices(&stats);
    CHECK_EQ_U64(stats.malformed, 0);
    sp2_packet_source_release(other);
    free(bytes);
    datagrams_free(&list);
}

#if defined(_WIN32)
SP2_TEST(Tcp_source_is_refused_where_there_is_none) {
    sp2_receive_stream *stream = new_stream(NULL);
    const sp2_tcp_source_options tcp = SP2_TCP_SOURCE_OPTIONS_INIT;
    sp2_packet_source *source = NULL;
    CHECK_STATUS(sp2_receive_stream_add_tcp_source(stream, &tcp, &source), SP2_E_UNSUPPORTED);
    CHECK(source == NULL);
    CHECK_CONTAINS(sp2_last_error_message(), "not supported on this operating system");
    sp2_receive_stream_destroy(stream);
}
#endif
