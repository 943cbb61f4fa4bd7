/* SPDX-License-Identifier: MIT */
/* What is logged, at which level, and how often. */
#include <stdlib.h>
#include <string.h>

#include "log_capture.h"
#include "receiver.h"

/* Feeds the datagrams to a stream that logs to `log` at this threshold. */
static sp2_receive_stats log_of(log_capture *log, uint32_t level, uint32_t flags,
                                const datagram_list *list) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.flags = flags;
    options.log_level = level;
    options.log = log_capture_message;
    options.log_context = log;
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, list, &stats);
    heaps_free(&heaps);
    return stats;
}

static log_capture *new_log(void) {
    static log_capture log;
    log = (log_capture)LOG_CAPTURE_INIT;
    return &log;
}

/* One of each: malformed (info), duplicate (debug), incomplete heap dropped (warning). */
static datagram_list mixed_troubles(void) {
    static const uint8_t payload[8] = {0};
    datagram_list list = {0};
    datagrams_add(&list, "not a SPEAD packet", 18);
    datagrams_add_part(&list, 48, 1, 8, payload, 0, 4);
    datagrams_add_part(&list, 48, 1, 8, payload, 0, 4);
    return list;
}

SP2_TEST(Threshold_lets_its_level_and_those_below_through) {
    static const struct {
        uint32_t threshold;
        uint32_t warnings;
        uint32_t infos;
        uint32_t debugs;
    } expected[] = {
        {SP2_LOG_NONE, 0, 0, 0}, {SP2_LOG_DEFAULT, 1, 0, 0}, {SP2_LOG_WARNING, 1, 0, 0},
        {SP2_LOG_INFO, 1, 1, 0}, {SP2_LOG_DEBUG, 1, 1, 1},
    };
    datagram_list list = mixed_troubles();
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        sp2_test_context("threshold %d", (int)expected[i].threshold);
        log_capture *log = new_log();
        log_of(log, expected[i].threshold, 0, &list);
        CHECK_EQ_U64(log_capture_count(log, SP2_LOG_WARNING), expected[i].warnings);
        CHECK_EQ_U64(log_capture_count(log, SP2_LOG_INFO), expected[i].infos);
        CHECK_EQ_U64(log_capture_count(log, SP2_LOG_DEBUG), expected[i].debugs);
    }
    datagrams_free(&list);
}

SP2_TEST(Dropped_incomplete_heap_is_a_warning_with_cnt_and_bytes) {
    static const uint8_t payload[100] = {0};
    datagram_list list = {0};
    datagrams_add_part(&list, 48, 4711, 100, payload, 0, 37);
    log_capture *log = new_log();
    log_of(log, SP2_LOG_WARNING, 0, &list);
    CHECK_CONTAINS(log->text, "4711");
    CHECK_CONTAINS(log->text, "37");
    CHECK_CONTAINS(log->text, "100");
    log = new_log();
    log_of(log, SP2_LOG_WARNING, SP2_RECEIVE_DELIVER_INCOMPLETE, &list);
    CHECK_STR(log->text, "");
    datagrams_free(&list);
}

SP2_TEST(Datagram_longer_than_its_packet_names_both_sizes) {
    datagram_list list = {0};
    packet_builder packet;
    packet_begin_heap(&packet, 48, 1, 4, 0, 4);
    packet_add_payload(&packet, "abcdxyz", 7);
    datagrams_add_packet(&list, &packet);
    log_capture *log = new_log();
    const sp2_receive_stats stats = log_of(log, SP2_LOG_INFO, 0, &list);
    CHECK_EQ_U64(stats.size_mismatch, 1);
    CHECK_EQ_U64(log_capture_count(log, SP2_LOG_INFO), 1);
    CHECK_CONTAINS(log->text, "44");
    CHECK_CONTAINS(log->text, "47");
    datagrams_free(&list);
}

SP2_TEST(Packet_behind_the_expected_one_is_a_warning_in_in_order_mode) {
    static const uint8_t payload[30] = {0};
    datagram_list list = {0};
    datagrams_add_part(&list, 48, 1, 30, payload, 0, 10);
    datagrams_add_part(&list, 48, 1, 30, payload, 0, 10);
    log_capture *log = new_log();
    log_of(log, SP2_LOG_DEBUG, SP2_RECEIVE_IN_ORDER | SP2_RECEIVE_DELIVER_INCOMPLETE, &list);
    CHECK_EQ_U64(log_capture_count(log, SP2_LOG_WARNING), 1);
    CHECK_EQ_U64(log_capture_count(log, SP2_LOG_DEBUG), 0);
    datagrams_free(&list);

    /* A gap is only a loss. */
    datagrams_add_part(&list, 48, 1, 30, payload, 0, 10);
    datagrams_add_part(&list, 48, 1, 30, payload, 20, 10);
    log = new_log();
    log_of(log, SP2_LOG_DEBUG, SP2_RECEIVE_IN_ORDER | SP2_RECEIVE_DELIVER_INCOMPLETE, &list);
    CHECK_EQ_U64(log_capture_count(log, SP2_LOG_WARNING), 0);
    CHECK_EQ_U64(log_capture_count(log, SP2_LOG_DEBUG), 1);
    datagrams_free(&list);
}

/* Sum of the numbers of left-out messages that the log names. */
static uint64_t left_out(const char *text) {
    uint64_t sum = 0;
    for (const char *line = text; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');
        const char *part = strstr(line, "left out");
        if (part != NULL && part < end) {
            sum += strtoull(line, NULL, 10);
        }
        line = end == NULL ? NULL : end + 1;
    }
    return sum;
}

SP2_TEST(Ten_thousand_bad_packets_give_few_messages_and_exact_counts) {
    enum { BAD = 10000 };
    datagram_list list = {0};
    for (int i = 0; i < BAD; i++) {
        datagrams_add(&list, "not a SPEAD packet", 18);
    }
    log_capture *log = new_log();
    const sp2_receive_stats stats = log_of(log, SP2_LOG_INFO, 0, &list);
    CHECK_EQ_U64(stats.malformed, BAD);
    CHECK_EQ_U64(stats.packets, 0);
    CHECK_EQ_U64(stats.batches, BAD);
    const uint32_t messages = log_capture_count(log, SP2_LOG_INFO);
    CHECK(messages >= 2 && messages <= 100);
    /* Every message was either shown or is in the number that is said in the end. */
    const uint32_t shown = messages - log_capture_count_of(log, "left out");
    CHECK_EQ_U64(shown + left_out(log->text), BAD);
    datagrams_free(&list);
}

SP2_TEST(Many_messages_of_one_kind_do_not_hide_another) {
    static const uint8_t payload[8] = {0};
    datagram_list list = {0};
    for (int i = 0; i < 5000; i++) {
        datagrams_add(&list, "not a SPEAD packet", 18);
    }
    datagrams_add_part(&list, 48, 4711, 8, payload, 0, 4);
    log_capture *log = new_log();
    log_of(log, SP2_LOG_DEBUG, 0, &list);
    CHECK_EQ_U64(log_capture_count(log, SP2_LOG_WARNING), 1);
    CHECK(log_capture_contains(log, "4711"));
    datagrams_free(&list);
}

SP2_TEST(User_stop_says_which_heaps_it_dropped) {
    static const uint8_t payload[8] = {0};
    datagram_list list = {0};
    datagrams_add_part(&list, 48, 4711, 8, payload, 0, 4);
    for (uint64_t cnt = 1; cnt <= 10; cnt++) {
        datagrams_add_heap(&list, cnt, payload, 8, 8);
    }
    log_capture *log = new_log();
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.max_heaps = 20;
    options.ring_heaps = 1;
    options.log_level = SP2_LOG_INFO;
    options.log = log_capture_message;
    options.log_context = log;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    WAIT_UNTIL(stats_of(stream).worker_blocked == 1, PATIENCE_SECONDS);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    sp2_receive_stream_destroy(stream);
    CHECK(log_capture_contains(log, "4711"));
    CHECK_EQ_U64(log_capture_count(log, SP2_LOG_WARNING), 0);
    datagrams_free(&list);
}

SP2_TEST(Stop_says_how_many_messages_were_left_out) {
    enum { BAD = 1000 };
    static const uint8_t payload[8] = {0};
    datagram_list list = {0};
    for (int i = 0; i < BAD; i++) {
        datagrams_add(&list, "not a SPEAD packet", 18);
    }
    for (uint64_t cnt = 1; cnt <= 10; cnt++) {
        datagrams_add_heap(&list, cnt, payload, 8, 8);
    }
    log_capture *log = new_log();
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.ring_heaps = 1;
    options.log_level = SP2_LOG_INFO;
    options.log = log_capture_message;
    options.log_context = log;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    WAIT_UNTIL(stats_of(stream).worker_blocked == 1, PATIENCE_SECONDS);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    const uint32_t shown = log_capture_count_of(log, "is not a SPEAD packet");
    CHECK_EQ_U64(shown + left_out(log->text), BAD);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Full_ring_is_no_warning_for_readers_that_lose_nothing) {
    static const uint8_t payload[8] = {0};
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 100; cnt++) {
        datagrams_add_heap(&list, cnt, payload, 8, 8);
    }
    log_capture *log = new_log();
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.ring_heaps = 1;
    options.log = log_capture_message;
    options.log_context = log;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    WAIT_UNTIL(stats_of(stream).worker_blocked == 1, PATIENCE_SECONDS);
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, 100);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    CHECK_STR(log->text, "");
    datagrams_free(&list);
}
