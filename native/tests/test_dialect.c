/* SPDX-License-Identifier: MIT */
/* Dialects of packet sources: their options, and several of them in one stream. What each makes of
 * which packets is in tests/vectors (D). */
#include <stdlib.h>
#include <string.h>

#include "loopback.h"

enum { SKA_LOW_PAYLOAD = 64 };

static sp2_dialect find(const char *name) {
    sp2_dialect dialect = SP2_DIALECT_INIT;
    REQUIRE_OK(sp2_dialect_find(name, &dialect));
    return dialect;
}

/* Adds a source in memory, or of a socket, with a dialect. */
static int32_t add(int kind, sp2_receive_stream *stream, const sp2_dialect *dialect,
                   sp2_packet_source **source) {
    sp2_buffer_source_options buffer = SP2_BUFFER_SOURCE_OPTIONS_INIT;
    sp2_datagram_source_options datagrams = SP2_DATAGRAM_SOURCE_OPTIONS_INIT;
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    buffer.dialect = dialect;
    datagrams.dialect = dialect;
    udp.dialect = dialect;
    udp.bind_host = "127.0.0.1";
    udp.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    switch (kind) {
    case SP2_SOURCE_BUFFER:
        return sp2_receive_stream_add_buffer_source(stream, &buffer, source);
    case SP2_SOURCE_DATAGRAMS:
        return sp2_receive_stream_add_datagram_source(stream, &datagrams, source);
    default:
        return sp2_receive_stream_add_udp_source(stream, &udp, source);
    }
}

/* A packet as SKA-Low stations send them, but shorter. */
static datagram_list ska_low(uint64_t cnt) {
    datagram_list list = {0};
    packet_builder packet;
    uint8_t payload[SKA_LOW_PAYLOAD];
    fill_payload(payload, sizeof(payload), cnt);
    packet_begin(&packet, 48);
    packet_add_immediate(&packet, ITEM_HEAP_CNT, cnt);
    packet_add_immediate(&packet, ITEM_PAYLOAD_LENGTH, sizeof(payload));
    packet_add_immediate(&packet, 0x3001, 1);
    packet_add_immediate(&packet, 0x3300, 0);
    packet_add_payload(&packet, payload, sizeof(payload));
    datagrams_add_packet(&list, &packet);
    return list;
}

static datagram_list sized_heap(uint64_t cnt) {
    datagram_list list = {0};
    uint8_t payload[2 * SKA_LOW_PAYLOAD];
    fill_payload(payload, sizeof(payload), cnt);
    datagrams_add_heap(&list, cnt, payload, sizeof(payload), SKA_LOW_PAYLOAD);
    return list;
}

static void send_to(sp2_packet_source *source, datagram_list list) {
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    REQUIRE_OK(sp2_packet_source_get_info(source, &info));
    send_to_loopback(info.port, &list);
    datagrams_free(&list);
}

SP2_TEST(Named_dialects_have_their_switches) {
    const sp2_dialect sps = find("ska-low-sps");
    CHECK_EQ_U64(sps.flags, SP2_DIALECT_DATAGRAM_IS_HEAP | SP2_DIALECT_UNPOINTED_ITEM);
    CHECK_EQ_U64(sps.item_id, SP2_DIALECT_SKA_LOW_ITEM);
    CHECK_EQ_U64(find("ska-low-antenna-buffer").flags, SP2_DIALECT_DATAGRAM_IS_HEAP);
    CHECK_EQ_U64(find("pyspead").flags, SP2_DIALECT_MISSING_OFFSET_IS_ZERO |
                                            SP2_DIALECT_MISSING_LENGTH_IS_REST |
                                            SP2_DIALECT_CONTROL_ONLY);
    CHECK_EQ_U64(find("datagram-is-heap").flags,
                 SP2_DIALECT_MISSING_LENGTH_IS_REST | SP2_DIALECT_DATAGRAM_IS_HEAP |
                     SP2_DIALECT_IGNORE_HEAP_LENGTH | SP2_DIALECT_ZERO_LENGTH_IS_REST |
                     SP2_DIALECT_IGNORE_OFFSET);
    CHECK_EQ_U64(find("datagram-is-heap").item_id, 0);
}

SP2_TEST(Name_that_no_dialect_has_is_refused) {
    sp2_dialect dialect = {.size = sizeof(dialect), .flags = 1, .item_id = 2};
    CHECK_STATUS(sp2_dialect_find("ska-low", &dialect), SP2_E_ARG);
    CHECK(strstr(sp2_last_error_message(), "ska-low-sps") != NULL);
    CHECK_EQ_U64(dialect.flags, 0);
    CHECK_EQ_U64(dialect.item_id, 0);
    dialect.flags = 1;
    CHECK_STATUS(sp2_dialect_find(NULL, &dialect), SP2_E_ARG);
    CHECK_EQ_U64(dialect.flags, 0);
    CHECK_STATUS(sp2_dialect_find("pyspead", NULL), SP2_E_ARG);
    dialect.size = 0;
    CHECK_STATUS(sp2_dialect_find("pyspead", &dialect), SP2_E_ARG);
}

SP2_TEST(Dialect_that_breaks_a_rule_is_refused) {
    static const struct {
        sp2_dialect dialect;
        int32_t status;
    } cases[] = {
        {{.size = 0}, SP2_E_ARG},
        {{.size = sizeof(sp2_dialect), .flags = 256}, SP2_E_TOO_NEW},
        {{.size = sizeof(sp2_dialect), .item_id = 0x3301}, SP2_E_ARG},
        {{.size = sizeof(sp2_dialect), .flags = SP2_DIALECT_UNPOINTED_ITEM, .item_id = 6},
         SP2_E_ARG},
        {{.size = sizeof(sp2_dialect),
          .flags = SP2_DIALECT_UNPOINTED_ITEM,
          .item_id = (uint64_t)1 << 55},
         SP2_E_ARG},
        {{.size = sizeof(sp2_dialect),
          .flags = SP2_DIALECT_UNPOINTED_ITEM,
          .item_id = ((uint64_t)1 << 55) - 1},
         SP2_OK},
        {{.size = sizeof(sp2_dialect)}, SP2_OK},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int kind = SP2_SOURCE_UDP; kind <= SP2_SOURCE_DATAGRAMS; kind++) {
            sp2_receive_stream *stream = new_stream(NULL);
            sp2_packet_source *source = NULL;
            sp2_test_context("case %zu, kind %d", i, kind);
            const int32_t status = add(kind, stream, &cases[i].dialect, &source);
            if (status != SP2_E_UNSUPPORTED) {
                CHECK_STATUS(status, cases[i].status);
            }
            CHECK((source != NULL) == (status == SP2_OK));
            sp2_packet_source_release(source);
            sp2_receive_stream_destroy(stream);
        }
    }
}

SP2_TEST(Sources_of_several_dialects_meet_in_a_stream) {
    const sp2_dialect dialect = find("ska-low-sps");
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_packet_source *plain;
    sp2_packet_source *station;
    const int32_t status = add(SP2_SOURCE_UDP, stream, NULL, &plain);
    if (status == SP2_E_UNSUPPORTED) {
        sp2_receive_stream_destroy(stream);
        SKIP("this build has no UDP source");
    }
    REQUIRE_OK(status);
    REQUIRE_OK(add(SP2_SOURCE_UDP, stream, &dialect, &station));

    send_to(plain, ska_low(1));
    send_to(plain, sized_heap(2));
    heap_list heaps = pop_count(stream, 1);
    check_filled_heap(heaps.heaps[0], 2, 2 * SKA_LOW_PAYLOAD);
    heaps_free(&heaps);
    send_to(station, ska_low(3));
    heaps = pop_count(stream, 1);
    check_filled_heap(heaps.heaps[0], 3, SKA_LOW_PAYLOAD);
    heaps_free(&heaps);
    send_to(station, sized_heap(4));
    heaps = pop_count(stream, 1);
    check_filled_heap(heaps.heaps[0], 4, 2 * SKA_LOW_PAYLOAD);
    heaps_free(&heaps);

    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    REQUIRE_OK(sp2_packet_source_get_info(plain, &info));
    CHECK_STR(info.suggested_dialect, "ska-low-sps");
    REQUIRE_OK(sp2_packet_source_get_info(station, &info));
    CHECK_STR(info.suggested_dialect, "");
    CHECK_EQ_U64(stats_of(stream).malformed, 1);
    sp2_packet_source_release(plain);
    sp2_packet_source_release(station);
    sp2_receive_stream_destroy(stream);
}

static uint64_t packets_of(sp2_packet_source *source) {
    sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
    REQUIRE_OK(sp2_packet_source_get_stats(source, &stats));
    return stats.packets;
}

/* Heap 1 knows its length from the first source; the second one must not hold its packets to it. */
SP2_TEST(Ignored_heap_length_is_ignored_in_every_packet) {
    sp2_dialect dialect = SP2_DIALECT_INIT;
    dialect.flags = SP2_DIALECT_IGNORE_HEAP_LENGTH;
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_NO_UNSIZED_HEAPS);
    sp2_receive_stream *stream = new_stream(&options);
    sp2_packet_source *plain;
    sp2_packet_source *other;
    const int32_t status = add(SP2_SOURCE_UDP, stream, NULL, &plain);
    if (status == SP2_E_UNSUPPORTED) {
        sp2_receive_stream_destroy(stream);
        SKIP("this build has no UDP source");
    }
    REQUIRE_OK(status);
    REQUIRE_OK(add(SP2_SOURCE_UDP, stream, &dialect, &other));
    uint8_t payload[3 * SKA_LOW_PAYLOAD];
    fill_payload(payload, sizeof(payload), 1);
    for (uint64_t part = 0; part < 3; part++) {
        datagram_list list = {0};
        datagrams_add_part(&list, 48, 1, sizeof(payload), payload, part * SKA_LOW_PAYLOAD,
                           SKA_LOW_PAYLOAD);
        send_to(part == 1 ? other : plain, list);
        WAIT_UNTIL(packets_of(part == 1 ? other : plain) > part / 2, PATIENCE_SECONDS);
    }
    CHECK_EQ_U64(stats_of(stream).rejected_unsized, 1);
    CHECK_EQ_U64(stats_of(stream).packets_accepted, 2);
    sp2_packet_source_release(plain);
    sp2_packet_source_release(other);
    sp2_receive_stream_destroy(stream);
}

/* Adds a heap of each channel, 3 together, for each of `count` cnts. */
static void add_channels(datagram_list *list, uint64_t first, uint64_t count) {
    for (uint64_t i = 0; i < 3 * count; i++) {
        packet_builder packet;
        packet_begin(&packet, 48);
        packet_add_immediate(&packet, ITEM_HEAP_CNT, first + i / 3);
        packet_add_immediate(&packet, ITEM_PAYLOAD_LENGTH, 0);
        datagrams_add_packet(list, &packet);
    }
}

SP2_TEST(Heaps_that_share_a_cnt_are_counted_like_the_first) {
    for (uint64_t step = 0; step < 2; step++) {
        const sp2_dialect dialect = find("ska-low-antenna-buffer");
        sp2_receive_options options = quiet_options(SP2_RECEIVE_ACCOUNT_HEAPS);
        options.cnt_step = step;
        datagram_list list = {0};
        add_channels(&list, 0, 20);
        add_channels(&list, 22, 10);
        add_channels(&list, 1000, 1); /* stray */
        add_channels(&list, 32, 1);
        add_channels(&list, 5000, 70); /* goes on there */
        sp2_datagram_source_options source = SP2_DATAGRAM_SOURCE_OPTIONS_INIT;
        source.datagrams = list.datagrams;
        source.count = list.count;
        source.dialect = &dialect;
        sp2_receive_stream *stream = new_stream(&options);
        REQUIRE_OK(sp2_receive_stream_add_datagram_source(stream, &source, NULL));
        heap_list heaps = pop_all(stream);
        const sp2_receive_stats stats = stats_of(stream);
        CHECK_EQ_U64(heaps.count, 306);
        CHECK_EQ_U64(stats.heaps_accounted, 303);
        CHECK_EQ_U64(stats.heaps_unplaced, 3);
        CHECK_EQ_U64(stats.heaps_missing, 2 + 4967);
        CHECK_EQ_U64(stats.heaps_duplicate, 0);
        CHECK_EQ_U64(stats.sender_restarts, 0);
        heaps_free(&heaps);
        datagrams_free(&list);
        sp2_receive_stream_destroy(stream);
    }
}

SP2_TEST(Items_tell_heaps_that_share_a_cnt_apart) {
    enum { CHANNEL = 0x3000, CHANNELS = 3, CNTS = 20 };
    const sp2_dialect dialect = find("ska-low-antenna-buffer");
    sp2_receive_options options = quiet_options(SP2_RECEIVE_ACCOUNT_HEAPS);
    options.cnt_step = 1;
    options.set_item = CHANNEL;
    datagram_list list = {0};
    for (uint64_t i = 0; i < CHANNELS * CNTS; i++) {
        if (i == 31) {
            continue;
        }
        packet_builder packet;
        packet_begin(&packet, 48);
        packet_add_immediate(&packet, ITEM_HEAP_CNT, i / CHANNELS);
        packet_add_immediate(&packet, ITEM_PAYLOAD_LENGTH, 0);
        packet_add_immediate(&packet, CHANNEL, i % CHANNELS);
        datagrams_add_packet(&list, &packet);
    }
    datagrams_add(&list, list.datagrams[0].data, (size_t)list.datagrams[0].length);
    sp2_datagram_source_options source = SP2_DATAGRAM_SOURCE_OPTIONS_INIT;
    source.datagrams = list.datagrams;
    source.count = list.count;
    source.dialect = &dialect;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(sp2_receive_stream_add_datagram_source(stream, &source, NULL));
    heap_list heaps = pop_all(stream);
    const sp2_receive_stats stats = stats_of(stream);
    CHECK_EQ_U64(stats.heaps_accounted, CHANNELS * CNTS - 1);
    CHECK_EQ_U64(stats.heaps_missing, 1);
    CHECK_EQ_U64(stats.heaps_duplicate, 1);
    CHECK_EQ_U64(stats.heaps_unplaced, 0);
    heaps_free(&heaps);
    datagrams_free(&list);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Dialect_of_a_buffer_is_suggested_by_its_first_packet) {
    datagram_list list = ska_low(1);
    datagrams_add(&list, list.datagrams[0].data, (size_t)list.datagrams[0].length);
    size_t length;
    uint8_t *bytes = datagrams_join(&list, &length);
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *stream = new_stream(&options);
    sp2_buffer_source_options buffer = SP2_BUFFER_SOURCE_OPTIONS_INIT;
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    sp2_packet_source *source;
    buffer.data = bytes;
    buffer.length = length;
    REQUIRE_OK(sp2_receive_stream_add_buffer_source(stream, &buffer, &source));
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, 0);
    REQUIRE_OK(sp2_packet_source_get_info(source, &info));
    CHECK_STR(info.suggested_dialect, "ska-low-sps");
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(stream);
    heaps_free(&heaps);
    datagrams_free(&list);
    free(bytes);
}
