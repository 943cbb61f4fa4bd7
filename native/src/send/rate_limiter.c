/* SPDX-License-Identifier: MIT */
#include "send/rate_limiter.h"

#define NS_PER_SECOND 1e9

/* Parts by which the lateness that is reckoned with follows that of a wake-up: fast to a greater
 * one, slowly to a lesser one, so that few wake-ups are later. */
#define LATENESS_RISE (1 / 4.0)
#define LATENESS_FALL (1 / 64.0)

static sp2__fine_time add(sp2__fine_time time, double ns) {
    const double sum = time.fraction + ns;
    const uint64_t whole = (uint64_t)sum;
    return (sp2__fine_time){time.ns + whole, sum - (double)whole};
}

static bool is_before(sp2__fine_time a, sp2__fine_time b) {
    return a.ns < b.ns || (a.ns == b.ns && a.fraction < b.fraction);
}

void sp2__rate_limiter_init(sp2__rate_limiter *limiter, double rate, double ratio,
                            uint64_t burst_size) {
    *limiter = (sp2__rate_limiter){
        .ns_per_byte = rate == 0 ? 0 : NS_PER_SECOND / rate,
        .catch_up_factor = 1 / ratio,
        .burst_size = burst_size,
        .idle = true,
    };
}

double sp2__rate_limiter_ns_per_byte(const sp2__rate_limiter *limiter, double rate) {
    if (rate < 0) {
        return limiter->ns_per_byte;
    }
    return rate == 0 ? 0 : NS_PER_SECOND / rate;
}

/* A sleeper that asked for limiter->alarm is awake. */
static void note_wake_up(sp2__rate_limiter *limiter, uint64_t now) {
    const uint64_t late = now - limiter->alarm;
    const double counted = late < SP2__RATE_MOST_SPIN_NS ? (double)late : SP2__RATE_MOST_SPIN_NS;
    const double more = counted - limiter->lateness;
    limiter->lateness += more * (more > 0 ? LATENESS_RISE : LATENESS_FALL);
    limiter->alarm = 0;
}

sp2__rate_step sp2__rate_limiter_step(sp2__rate_limiter *limiter, uint64_t now) {
    const bool woken = limiter->alarm != 0 && now >= limiter->alarm;
    if (woken) {
        note_wake_up(limiter, now);
    }
    if (limiter->open || now >= limiter->not_before) {
        return SP2__RATE_SEND;
    }
    const uint64_t early = (uint64_t)limiter->lateness;
    if (woken || limiter->not_before - now <= early) {
        return SP2__RATE_SPIN;
    }
    limiter->alarm = limiter->not_before - early;
    return SP2__RATE_SLEEP;
}

uint64_t sp2__rate_limiter_start(sp2__rate_limiter *limiter, uint64_t now) {
    const bool waited = !limiter->open && !limiter->idle && limiter->not_before != 0;
    if (limiter->idle) {
        /* The open burst's bytes have gone out already: their time counts from before now. */
        const uint64_t spent = (uint64_t)limiter->burst_ns;
        const sp2__fine_time latest = {now > spent ? now - spent : 0, 0};
        if (is_before(limiter->average, latest)) {
            limiter->average = latest;
        }
        limiter->idle = false;
    }
    if (!limiter->open) {
        limiter->open = true;
        limiter->burst_start = now;
    }
    return waited ? now - limiter->not_before : 0;
}

void sp2__rate_limiter_close(sp2__rate_limiter *limiter) {
    if (limiter->burst_bytes < limiter->burst_size) {
        return;
    }
    limiter->open = false;
    limiter->burst_bytes = 0;
    if (limiter->burst_ns == 0) {
        return; /* unlimited: the next burst begins at once */
    }
    const sp2__fine_time catch_up = add((sp2__fine_time){limiter->burst_start, 0},
                                        limiter->burst_ns * limiter->catch_up_factor);
    limiter->average = add(limiter->average, limiter->burst_ns);
    limiter->burst_ns = 0;
    limiter->not_before = is_before(limiter->average, catch_up) ? catch_up.ns : limiter->average.ns;
}
