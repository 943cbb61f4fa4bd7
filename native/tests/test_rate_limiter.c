/* SPDX-License-Identifier: MIT */
/* When bursts may go out, by a clock that the test turns: arithmetic only. */
#include "send/rate_limiter.h"
#include "spead2core/send.h"
#include "test.h"

/* Where the clock of most tests begins. */
#define BEGIN 1000000

/* A sender with a clock of its own. */
typedef struct simulation {
    sp2__rate_limiter limiter;
    uint64_t now;
    uint64_t wake_ups;
    uint64_t spun; /* nanoseconds */
} simulation;

static simulation simulate(double rate, uint64_t burst_size) {
    simulation s = {.now = BEGIN};
    sp2__rate_limiter_init(&s.limiter, rate, 1.05, burst_size);
    return s;
}

/* Waits as the limiter says, where each wake-up is late by `late` nanoseconds, and begins to send.
 * Returns by how much that is late. */
static uint64_t start(simulation *s, uint64_t late) {
    for (;;) {
        switch (sp2__rate_limiter_step(&s->limiter, s->now)) {
        case SP2__RATE_SEND:
            return sp2__rate_limiter_start(&s->limiter, s->now);
        case SP2__RATE_SPIN:
            CHECK(s->limiter.not_before - s->now <= SP2__RATE_MOST_SPIN_NS);
            s->spun += s->limiter.not_before - s->now;
            s->now = s->limiter.not_before;
            break;
        default:
            CHECK(s->limiter.alarm > s->now);
            s->now = s->limiter.alarm + late;
            s->wake_ups++;
            break;
        }
    }
}

static void send_burst(simulation *s, uint64_t bytes) {
    sp2__rate_limiter_add(&s->limiter, bytes,
                          sp2__rate_limiter_ns_per_byte(&s->limiter, SP2_STREAM_RATE));
    sp2__rate_limiter_close(&s->limiter);
}

SP2_TEST(First_burst_of_a_stream_begins_its_schedule) {
    /* The clock of a machine counts from its start, and not from the stream's. */
    simulation s = simulate(1e6, 1000);
    for (uint64_t i = 0; i < 50; i++) {
        CHECK_EQ_U64(start(&s, 0), 0);
        CHECK_EQ_U64(s.now, BEGIN + i * 1048000);
        send_burst(&s, 1048);
    }
}

SP2_TEST(Fractions_of_a_nanosecond_are_kept) {
    simulation s = simulate(3e9, 1000); /* a third of a nanosecond a byte */
    for (int i = 0; i < 30000; i++) {
        start(&s, 0);
        send_burst(&s, 1001);
    }
    /* 30,000 bursts of 1,001 bytes take 10.01 ms. */
    start(&s, 0);
    CHECK(s.now >= BEGIN + 10009999 && s.now <= BEGIN + 10010001);
}

SP2_TEST(Late_wake_ups_do_not_lower_the_rate) {
    static const double rates[] = {125e6, 625e6, 1.25e9};
    for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
        simulation s = simulate(rates[r], 65536);
        uint64_t random = 7;
        const int bursts = 100000;
        for (int i = 0; i < bursts; i++) {
            /* 20 to 60 us late, and once in 500 a millisecond. */
            random = random * 6364136223846793005u + 1442695040888963407u;
            const uint64_t dice = random >> 33;
            start(&s, dice % 500 == 0 ? 1000000 : 20000 + dice % 40000);
            /* Never more than the rate gives. */
            CHECK((double)(s.now - BEGIN) * rates[r] / 1e9 >= i * 65536.0 - 1);
            send_burst(&s, 65536);
        }
        const double took = bursts * 65536.0 / rates[r];
        const double error = ((double)(s.now - BEGIN) / 1e9 - took) / took;
        CHECK(error < 0.001);
    }
}

SP2_TEST(Spinning_follows_what_wake_ups_are_late_by) {
    simulation s = simulate(125e6, 65536);
    for (int i = 0; i < 100; i++) {
        start(&s, 30000);
        send_burst(&s, 65536);
    }
    /* As early as it is late: nothing is spun through, and nothing is late. */
    CHECK(s.spun < 1000);
    CHECK(start(&s, 30000) < 100);
    send_burst(&s, 65536);
    /* Wake-ups in time again: what is spun through becomes less with each. */
    const uint64_t before = s.spun;
    start(&s, 0);
    CHECK(s.spun - before > 29000 && s.spun - before <= 30000);
    for (int i = 0; i < 1000; i++) {
        send_burst(&s, 65536);
        start(&s, 0);
    }
    const uint64_t after = s.spun;
    send_burst(&s, 65536);
    start(&s, 0);
    CHECK(s.spun - after < 10);
}

SP2_TEST(Spinning_has_a_limit) {
    simulation s = simulate(125e6, 65536);
    for (int i = 0; i < 100; i++) {
        start(&s, 5000000); /* start() checks it */
        send_burst(&s, 65536);
    }
    CHECK(s.limiter.lateness <= SP2__RATE_MOST_SPIN_NS);
    CHECK_EQ_U64(s.spun, 0);
}

SP2_TEST(Late_sender_catches_up_at_the_higher_rate) {
    simulation s = simulate(3e9, 1000);
    start(&s, 0);
    send_burst(&s, 1001);
    s.now += 1000000;
    start(&s, 0);
    const uint64_t late = s.now;
    send_burst(&s, 1001);
    start(&s, 0);
    CHECK_EQ_U64(s.now, late + 317);
}

SP2_TEST(Time_without_heaps_is_not_made_up_for) {
    simulation s = simulate(1e9, 1000);
    start(&s, 0);
    send_burst(&s, 1000);
    s.now += 1000000;
    sp2__rate_limiter_rest(&s.limiter);
    s.now += 1000000;
    CHECK_EQ_U64(start(&s, 0), 0);
    const uint64_t resumed = s.now;
    send_burst(&s, 1000);
    start(&s, 0);
    CHECK_EQ_U64(s.now, resumed + 1000);
}

SP2_TEST(Idle_time_within_a_burst_is_not_made_up_for) {
    simulation s = simulate(1e9, 1000);
    start(&s, 0);
    send_burst(&s, 600); /* not full: stays open */
    sp2__rate_limiter_rest(&s.limiter);
    CHECK(!sp2__rate_limiter_is_running(&s.limiter));
    s.now += 1000000;
    CHECK_EQ_U64(start(&s, 0), 0);
    const uint64_t resumed = s.now;
    send_burst(&s, 400);
    start(&s, 0);
    /* The 600 bytes went out before: only the 400 take time from here. */
    CHECK_EQ_U64(s.now, resumed + 400);
}

SP2_TEST(Momentary_idleness_gains_nothing) {
    simulation s = simulate(1e6, 1000);
    for (uint64_t i = 0; i < 1000; i++) {
        start(&s, 0);
        CHECK(s.now >= BEGIN + i * 1000000);
        send_burst(&s, 400);
        sp2__rate_limiter_rest(&s.limiter);
        start(&s, 0);
        send_burst(&s, 600);
    }
}

SP2_TEST(Packets_without_a_rate_wait_for_nothing) {
    simulation s = simulate(0, 1000);
    CHECK(sp2__rate_limiter_ns_per_byte(&s.limiter, SP2_STREAM_RATE) == 0);
    for (int i = 0; i < 10; i++) {
        CHECK(sp2__rate_limiter_may_send(&s.limiter));
        sp2__rate_limiter_start(&s.limiter, s.now);
        send_burst(&s, 5000);
        CHECK(!sp2__rate_limiter_is_full(&s.limiter));
    }
    /* A heap with a rate of its own among them. */
    sp2__rate_limiter_start(&s.limiter, s.now);
    sp2__rate_limiter_add(&s.limiter, 1000, sp2__rate_limiter_ns_per_byte(&s.limiter, 1e6));
    CHECK(sp2__rate_limiter_is_full(&s.limiter));
    sp2__rate_limiter_close(&s.limiter);
    start(&s, 0);
    CHECK_EQ_U64(s.now, BEGIN + 1000000);
}
