/* SPDX-License-Identifier: MIT */
/* The seconds of loss, with a clock of the test's. */
#include <stdlib.h>

#include "receive/loss_line.h"
#include "test.h"

enum { START = 5000 };

static sp2_loss_second read_one(const sp2__loss_line *line, uint32_t back) {
    sp2_loss_second *all = calloc(SP2_RECEIVE_LOSS_SECONDS, sizeof(*all));
    REQUIRE(all != NULL);
    const uint32_t count = sp2__loss_line_read(line, all, SP2_RECEIVE_LOSS_SECONDS);
    REQUIRE(back < count);
    const sp2_loss_second one = all[count - 1 - back];
    free(all);
    return one;
}

static uint32_t count_of(const sp2__loss_line *line) {
    static sp2_loss_second all[2 * SP2_RECEIVE_LOSS_SECONDS];
    return sp2__loss_line_read(line, all, 2 * SP2_RECEIVE_LOSS_SECONDS);
}

SP2_TEST(What_was_counted_belongs_to_the_second_before) {
    sp2__loss_line line;
    REQUIRE(sp2__loss_line_init(&line, START));
    sp2_receive_stats stats = {.packets = 10, .packets_accepted = 8, .rejected_duplicate = 1};
    sp2__loss_line_take(&line, START + 1, &stats);
    stats.packets += 5;
    stats.packets_accepted += 5;
    stats.kernel_drop_messages = 3;
    stats.packets_missing = 4;
    stats.heaps_missing = 5;
    stats.incomplete_heaps_evicted = 6;
    stats.incomplete_heaps_flushed = 9;
    stats.heaps_dropped_at_stop = 2;
    sp2__loss_line_take(&line, START + 3, &stats);
    CHECK_EQ_U64(count_of(&line), 4);
    CHECK_EQ_U64(read_one(&line, 3).packets, 10);
    CHECK_EQ_U64(read_one(&line, 3).packets_unused, 1);
    const sp2_loss_second second = read_one(&line, 2);
    CHECK_EQ_U64(second.packets, 5);
    CHECK_EQ_U64(second.kernel_drop_messages, 3);
    CHECK_EQ_U64(second.packets_missing, 4);
    CHECK_EQ_U64(second.heaps_missing, 5);
    CHECK_EQ_U64(second.heaps_incomplete, 13);
    CHECK_EQ_U64(second.packets_unused, 0);
    CHECK_EQ_U64(read_one(&line, 1).packets, 0);
    CHECK_EQ_U64(read_one(&line, 0).packets, 0);
    /* Within a second it adds up. */
    stats.packets += 2;
    sp2__loss_line_take(&line, START + 3, &stats);
    stats.packets += 2;
    sp2__loss_line_take(&line, START + 3, &stats);
    CHECK_EQ_U64(read_one(&line, 0).packets, 4);
    sp2__loss_line_destroy(&line);
}

SP2_TEST(Old_seconds_are_forgotten) {
    sp2__loss_line line;
    REQUIRE(sp2__loss_line_init(&line, START));
    sp2_receive_stats stats = {0};
    for (uint64_t i = 1; i <= 3 * SP2_RECEIVE_LOSS_SECONDS; i++) {
        stats.heaps_missing += i;
        sp2__loss_line_take(&line, START + i, &stats);
        CHECK_EQ_U64(count_of(&line),
                     i < SP2_RECEIVE_LOSS_SECONDS ? i + 1 : SP2_RECEIVE_LOSS_SECONDS);
    }
    CHECK_EQ_U64(read_one(&line, 1).heaps_missing, 3 * SP2_RECEIVE_LOSS_SECONDS);
    CHECK_EQ_U64(read_one(&line, SP2_RECEIVE_LOSS_SECONDS - 1).heaps_missing,
                 2 * SP2_RECEIVE_LOSS_SECONDS + 2);
    /* A pause that is longer than all that is remembered. */
    stats.heaps_missing++;
    sp2__loss_line_take(&line, START + 10 * (uint64_t)SP2_RECEIVE_LOSS_SECONDS, &stats);
    CHECK_EQ_U64(count_of(&line), SP2_RECEIVE_LOSS_SECONDS);
    for (uint32_t back = 0; back < SP2_RECEIVE_LOSS_SECONDS; back += 341) {
        CHECK_EQ_U64(read_one(&line, back).heaps_missing, 0);
    }
    sp2__loss_line_destroy(&line);
}

SP2_TEST(Seconds_end_with_the_stream) {
    sp2__loss_line line;
    REQUIRE(sp2__loss_line_init(&line, START));
    sp2_receive_stats stats = {.heaps = 1};
    sp2__loss_line_take(&line, START + 1, &stats);
    line.has_ended = true;
    stats.heaps = 3;
    sp2__loss_line_take(&line, START + 100, &stats);
    CHECK_EQ_U64(count_of(&line), 2);
    CHECK_EQ_U64(read_one(&line, 0).heaps, 2);
    sp2__loss_line_destroy(&line);
}
