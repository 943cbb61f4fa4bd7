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

/* What a sender does before its next packet. */
typedef enum sp2__rate_step {
    SP2__RATE_SEND,
    SP2__RATE_SPIN, /* looks at the clock until sp2__rate_limiter.not_before */
    SP2__RATE_SLEEP /* sleeps until sp2__rate_limiter.alarm, and asks again */
} sp2__rate_step;

/* Most nanoseconds that a sender spins instead of sleeping, whatever wake-ups are late by. */
#define SP2__RATE_MOST_SPIN_NS 100000

/*
 * When bursts of packets may go out (spec section 9.5). Packets are added up without a look at the
 * clock until they are a burst; then two schedules say when the next one may begin: the average
 * rate, and, so that a late sender may catch up but not flood, a slightly higher one from the time
 * at which the last burst really went out. The average advances by the bytes' time alone, so that a
 * sender that is late catches all of it up; only when there was nothing to send it starts again.
 *
 * Sleepers wake late. A sender asks to be woken earlier by what recent wake-ups were late by, and
 * spins through what is then left. Arithmetic only: it neither reads a clock nor waits.
 */
typedef struct sp2__rate_limiter {
    double ns_per_byte;     /* of the stream's rate; 0: unlimited */
    double catch_up_factor; /* 1 / burst_rate_ratio */
    uint64_t burst_size;    /* bytes after which the schedules are advanced */
    uint64_t burst_bytes;   /* of the last burst that was opened */
    double burst_ns;        /* its time at the rates of its heaps */
    uint64_t burst_start;   /* when it was opened */
    bool open;              /* it is not closed */
    bool idle;              /* there was nothing to send since the last packet */
    sp2__fine_time average; /* earliest time of the burst by the average rate */
    uint64_t not_before;    /* earliest time of the next burst; 0: at any time */
    uint64_t alarm;         /* when a sleeping sender wants to be woken; 0: it does not sleep */
    double lateness;        /* nanoseconds that most of the recent wake-ups were late by at most */
} sp2__rate_limiter;

/* `rate` in bytes per second, 0 for no limit; `ratio` at least 1. */
void sp2__rate_limiter_init(sp2__rate_limiter *limiter, double rate, double ratio,
                            uint64_t burst_size);

/* Time per byte at a rate of its own: negative is the stream's, 0 unlimited. */
double sp2__rate_limiter_ns_per_byte(const sp2__rate_limiter *limiter, double rate);

/* Whether sp2__rate_limiter_step says SP2__RATE_SEND at any time. */
static inline bool sp2__rate_limiter_may_send(const sp2__rate_limiter *limiter) {
    return limiter->open || limiter->not_before == 0;
}

/* Says what comes next, at `now`, before a packet is sent. */
sp2__rate_step sp2__rate_limiter_step(sp2__rate_limiter *limiter, uint64_t now);

/* Whether packets can be added without a look at the clock. */
static inline bool sp2__rate_limiter_is_running(const sp2__rate_limiter *limiter) {
    return limiter->open && !limiter->idle;
}

/* Packets are about to be sent at `now`, where the burst is not running: opens a burst if none is
 * open. Returns by how many nanoseconds it is late. */
uint64_t sp2__rate_limiter_start(sp2__rate_limiter *limiter, uint64_t now);

/* A packet joins the burst. */
static inline void sp2__rate_limiter_add(sp2__rate_limiter *limiter, uint64_t bytes,
                                         double ns_per_byte) {
    limiter->burst_bytes += bytes;
    limiter->burst_ns += (double)bytes * ns_per_byte;
}

/* Whether no packet may join the burst. Packets without a rate fill a batch, whatever a burst
 * is. */
static inline bool sp2__rate_limiter_is_full(const sp2__rate_limiter *limiter) {
    return limiter->burst_bytes >= limiter->burst_size && limiter->burst_ns != 0;
}

/* All packets that were added are out: closes the burst if it has its bytes. */
void sp2__rate_limiter_close(sp2__rate_limiter *limiter);

/* There is nothing to send: time that is idle is not made up for. */
static inline void sp2__rate_limiter_rest(sp2__rate_limiter *limiter) {
    limiter->idle = true;
}

#endif
