/* SPDX-License-Identifier: MIT */
#ifndef SP2_SEND_RATE_LIMITER_H
#define SP2_SEND_RATE_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

/* A moment, or a span, with what a nanosecond is too coarse for. */
typedef struct sp2__fine_time {
    uint64_t ns;
    double fraction; /* of a nanosecond, in [0, 1) */
} sp2__fine_time;

/*
 * When bursts of packets may go out (spec section 9.5). Packets are added up without a look at the
 * clock until they are a burst; then two schedules say when the next one may begin: the average
 * rate, and, so that a late sender may catch up but not flood, a slightly higher one from the time
 * at which the last burst really went out. Arithmetic only: it neither reads a clock nor sleeps.
 */
typedef struct sp2__rate_limiter {
    double ns_per_byte;      /* of the stream's rate; 0: unlimited */
    double catch_up_factor;  /* 1 / burst_rate_ratio */
    uint64_t burst_size;     /* bytes after which the schedules are advanced */
    uint64_t burst_bytes;    /* of the open burst */
    double burst_ns;         /* its time at the rates of its heaps */
    sp2__fine_time average;  /* earliest time of the next burst by the average rate */
    sp2__fine_time catch_up; /* and by the time of the last burst */
} sp2__rate_limiter;

/* `rate` in bytes per second, 0 for no limit; `ratio` at least 1. */
void sp2__rate_limiter_init(sp2__rate_limiter *limiter, double rate, double ratio,
                            uint64_t burst_size);

/* Time per byte at a rate of its own: negative is the stream's, 0 unlimited. */
double sp2__rate_limiter_ns_per_byte(const sp2__rate_limiter *limiter, double rate);

/* A packet joins the open burst. Returns whether the burst is now full: then nothing may be sent
 * before sp2__rate_limiter_close has said when. */
static inline bool sp2__rate_limiter_add(sp2__rate_limiter *limiter, uint64_t bytes,
                                         double ns_per_byte) {
    limiter->burst_bytes += bytes;
    limiter->burst_ns += (double)bytes * ns_per_byte;
    return limiter->burst_bytes >= limiter->burst_size;
}

/* The burst, which began to be sent at `now`, is out. Returns the time before which the next must
 * not begin. */
uint64_t sp2__rate_limiter_close(sp2__rate_limiter *limiter, uint64_t now);

/* There is something to send again after there was nothing: time that was idle is not made up
 * for. */
void sp2__rate_limiter_resume(sp2__rate_limiter *limiter, uint64_t now);

#endif
