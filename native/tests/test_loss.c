/* SPDX-License-Identifier: MIT */
/* Loss second by second, and its period. */
#include <stdlib.h>
#include <string.h>

#include "receiver.h"

/* ---- periods, in seconds that were made up ---- */

enum { SECONDS = 300 };

static sp2_loss_second seconds[SP2_RECEIVE_LOSS_SECONDS];

static void clear_seconds(void) {
    memset(seconds, 0, sizeof(seconds));
    for (size_t i = 0; i < SP2_RECEIVE_LOSS_SECONDS; i++) {
        seconds[i].packets = 1000;
    }
}

static sp2_loss_period find_period(uint32_t count) {
    sp2_loss_period period = SP2_LOSS_PERIOD_INIT;
    memset((char *)&period + sizeof(period.size), 0xff, sizeof(period) - sizeof(period.size));
    const int32_t status = sp2_find_loss_period(seconds, count, &period);
    CHECK(status == SP2_OK || status == SP2_E_EMPTY);
    CHECK_EQ_I64(status == SP2_OK, period.confidence_percent != 0);
    CHECK_EQ_U64(period.reserved, 0);
    return period;
}

SP2_TEST(Loss_every_10_seconds_is_found) {
    clear_seconds();
    for (uint32_t i = 7; i < SECONDS; i += 10) {
        seconds[i].kernel_drop_messages = 1 + i;
    }
    const sp2_loss_period period = find_period(SECONDS);
    CHECK_EQ_U64(period.cause, SP2_LOSS_KERNEL_DROPS);
    CHECK_EQ_U64(period.period_ms, 10000);
    CHECK_EQ_U64(period.confidence_percent, 100);
    CHECK_EQ_U64(period.losses, 30);
}

static void lose(sp2_loss_second *second, uint32_t cause) {
    second->kernel_drop_messages += cause == SP2_LOSS_KERNEL_DROPS;
    second->packets_missing += cause == SP2_LOSS_PACKETS_MISSING;
    second->heaps_missing += cause == SP2_LOSS_HEAPS_MISSING;
    second->heaps_incomplete += cause == SP2_LOSS_HEAPS_INCOMPLETE;
    second->packets_unused += cause == SP2_LOSS_PACKETS_UNUSED;
}

SP2_TEST(Each_cause_has_its_period) {
    for (uint32_t cause = 1; cause <= SP2_LOSS_LAST; cause++) {
        clear_seconds();
        for (uint32_t i = 3; i < SECONDS; i += 30) {
            lose(&seconds[i], cause);
        }
        const sp2_loss_period period = find_period(SECONDS);
        CHECK_EQ_U64(period.cause, cause);
        CHECK_EQ_U64(period.period_ms, 30000);
    }
}

/* 10.24 s is the time of a correlator's accumulation: losses come after 10 or 11 s. */
SP2_TEST(Period_need_not_be_whole_seconds) {
    clear_seconds();
    for (uint32_t i = 0; i < 100; i++) {
        seconds[(i * 1024 + 50) / 100].packets_missing = 3;
    }
    const sp2_loss_period period = find_period(SP2_RECEIVE_LOSS_SECONDS);
    CHECK(period.period_ms >= 10220 && period.period_ms <= 10260);
    CHECK_EQ_U64(period.confidence_percent, 100);
}

SP2_TEST(Loss_that_lasts_some_seconds_is_one) {
    clear_seconds();
    for (uint32_t i = 5; i + 4 < SECONDS; i += 20) {
        for (uint32_t k = 0; k < 4; k++) {
            seconds[i + k].heaps_missing = 1;
        }
    }
    const sp2_loss_period period = find_period(SECONDS);
    CHECK_EQ_U64(period.period_ms, 20000);
    CHECK_EQ_U64(period.losses, 15);
}

SP2_TEST(Some_losses_may_be_left_out_and_others_come_between) {
    clear_seconds();
    for (uint32_t i = 0; i < SECONDS / 10; i++) {
        if (i % 7 != 3) {
            seconds[i * 10].kernel_drop_messages = 1;
        }
        if (i % 15 == 5) {
            seconds[i * 10 + 4].kernel_drop_messages = 1;
        }
    }
    const sp2_loss_period period = find_period(SECONDS);
    CHECK_EQ_U64(period.period_ms, 10000);
    CHECK(period.confidence_percent >= 60 && period.confidence_percent < 100);
}

SP2_TEST(Loss_without_a_rhythm_has_no_period) {
    clear_seconds();
    CHECK_EQ_U64(find_period(SECONDS).confidence_percent, 0);
    CHECK_EQ_U64(find_period(0).confidence_percent, 0);
    for (uint32_t i = 0; i < 5; i++) { /* the fifth makes four intervals */
        CHECK_EQ_U64(find_period(60 * i + 60).confidence_percent, 0);
        seconds[60 * i].heaps_missing = 1;
    }
    CHECK_EQ_U64(find_period(SECONDS).period_ms, 60000);
    for (uint32_t i = 0; i < SECONDS; i++) {
        seconds[i].heaps_missing = 1;
    }
    CHECK_EQ_U64(find_period(SECONDS).confidence_percent, 0);
}

SP2_TEST(Chance_is_hardly_ever_taken_for_a_period) {
    sp2_test_rng rng = sp2_test_random();
    enum { RUNS = 300, MOST_FOUND = RUNS / 50, MINUTE = 60 };
    int found = 0;
    for (int run = 0; run < RUNS; run++) {
        clear_seconds();
        const uint64_t losses = 5 + sp2_test_below(&rng, 15);
        for (uint64_t i = 0; i < losses; i++) {
            seconds[sp2_test_below(&rng, MINUTE)].kernel_drop_messages = 1;
        }
        found += find_period(MINUTE).confidence_percent != 0;
    }
    CHECK(found < MOST_FOUND);
}

SP2_TEST(Arguments_of_the_search_are_checked) {
    sp2_loss_period period = SP2_LOSS_PERIOD_INIT;
    CHECK_STATUS(sp2_find_loss_period(NULL, 1, &period), SP2_E_ARG);
    CHECK_STATUS(sp2_find_loss_period(seconds, 1, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_find_loss_period(seconds, SP2_RECEIVE_LOSS_SECONDS + 1, &period), SP2_E_ARG);
    period.size = 4;
    CHECK_STATUS(sp2_find_loss_period(seconds, 1, &period), SP2_E_ARG);
}

/* ---- seconds of a stream ---- */

static void add_heap(datagram_list *list, uint64_t cnt, uint64_t parts) {
    static const uint8_t payload[4] = {0};
    for (uint64_t i = 0; i < parts; i++) {
        datagrams_add_part(list, 48, cnt, sizeof(payload), payload, i, 1);
    }
}

static sp2_loss_second sum_of(sp2_receive_stream *stream, uint32_t *count) {
    sp2_loss_second sum = {0};
    REQUIRE_OK(
        sp2_receive_stream_get_loss_seconds(stream, seconds, SP2_RECEIVE_LOSS_SECONDS, count));
    for (uint32_t i = 0; i < *count; i++) {
        sum.packets += seconds[i].packets;
        sum.heaps += seconds[i].heaps;
        sum.packets_missing += seconds[i].packets_missing;
        sum.heaps_missing += seconds[i].heaps_missing;
        sum.heaps_incomplete += seconds[i].heaps_incomplete;
        sum.packets_unused += seconds[i].packets_unused;
        CHECK(i == 0 || seconds[i].time_ns - seconds[i - 1].time_ns == 1000000000);
    }
    return sum;
}

SP2_TEST(Seconds_add_up_to_the_statistics) {
    static const uint32_t flags[] = {SP2_RECEIVE_ACCOUNT_HEAPS, SP2_RECEIVE_ACCOUNT_BY_SOURCE};
    for (size_t k = 0; k < 2; k++) {
        datagram_list list = {0};
        for (uint64_t cnt = 1; cnt <= 100; cnt++) {
            if (cnt % 10 != 5) {
                add_heap(&list, cnt, cnt % 10 == 7 ? 3 : 4);
            }
        }
        add_heap(&list, 100, 1);
        add_heap(&list, 100, 1); /* the second time it is a duplicate, which is no loss */
        datagrams_add(&list, "no packet", 9);
        const sp2_receive_options options = quiet_options(flags[k]);
        sp2_receive_stream *stream = new_stream(&options);
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        heap_list heaps = pop_all(stream);
        uint32_t count;
        const sp2_loss_second sum = sum_of(stream, &count);
        const sp2_receive_stats stats = stats_of(stream);
        CHECK(count >= 1);
        CHECK_EQ_U64(sum.packets, stats.packets);
        CHECK_EQ_U64(sum.heaps, stats.heaps);
        CHECK_EQ_U64(sum.packets_missing, stats.packets_missing);
        CHECK_EQ_U64(sum.heaps_missing, 10);
        CHECK_EQ_U64(sum.heaps_incomplete, 11);
        CHECK_EQ_U64(sum.packets_unused, 1);
        /* The end is known once. */
        CHECK_EQ_U64(sum_of(stream, &count).heaps_missing, 10);
        uint32_t one;
        REQUIRE_OK(sp2_receive_stream_get_loss_seconds(stream, seconds, 1, &one));
        CHECK_EQ_U64(one, 1);
        REQUIRE_OK(sp2_receive_stream_get_loss_seconds(stream, NULL, 0, &one));
        CHECK_EQ_U64(one, 0);
        heaps_free(&heaps);
        sp2_receive_stream_destroy(stream);
        datagrams_free(&list);
    }
}

SP2_TEST(Stream_without_accounting_has_no_seconds) {
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *stream = new_stream(&options);
    uint32_t count = 7;
    CHECK_STATUS(sp2_receive_stream_get_loss_seconds(stream, seconds, 1, &count), SP2_E_STATE);
    CHECK_EQ_U64(count, 0);
    CHECK_STATUS(sp2_receive_stream_get_loss_seconds(NULL, seconds, 1, &count), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_stream_get_loss_seconds(stream, NULL, 1, &count), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_stream_get_loss_seconds(stream, seconds, 1, NULL), SP2_E_ARG);
    sp2_receive_stream_destroy(stream);
}
