/* SPDX-License-Identifier: MIT */
/* When bursts may go out: arithmetic only. */
#include "send/rate_limiter.h"
#include "spead2core/send.h"
#include "test.h"

SP2_TEST(Rate_limiter_keeps_the_average_and_makes_no_idle_time_up) {
    sp2__rate_limiter limiter;
    sp2__rate_limiter_init(&limiter, 3e9, 1.05, 1000); /* a third of a nanosecond a byte */
    const double each = sp2__rate_limiter_ns_per_byte(&limiter, SP2_STREAM_RATE);
    CHECK(sp2__rate_limiter_ns_per_byte(&limiter, 0) == 0);
    sp2__rate_limiter_resume(&limiter, 1000000);
    uint64_t now = 1000000;
    for (int i = 0; i < 30000; i++) {
        CHECK(sp2__rate_limiter_add(&limiter, 1001, each));
        now = sp2__rate_limiter_close(&limiter, now);
    }
    /* 30,000 bursts of 1,001 bytes take 10.01 ms, although each is a fraction of a nanosecond. */
    CHECK(now >= 1000000 + 10009999 && now <= 1000000 + 10010001);
    /* Late by a millisecond: the next burst follows at the higher rate, not at once. */
    now += 1000000;
    CHECK(sp2__rate_limiter_add(&limiter, 1001, each));
    const uint64_t next = sp2__rate_limiter_close(&limiter, now);
    CHECK(next == now + 317);
    /* Idle for a second: the average starts again. */
    sp2__rate_limiter_resume(&limiter, next + 1000000000);
    CHECK(!sp2__rate_limiter_add(&limiter, 999, each));
    CHECK(sp2__rate_limiter_add(&limiter, 2, each));
    CHECK_EQ_U64(sp2__rate_limiter_close(&limiter, next + 1000000000), next + 1000000333);
}
