/* SPDX-License-Identifier: MIT */
#include "send/rate_limiter.h"

#define NS_PER_SECOND 1e9

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
    };
}

double sp2__rate_limiter_ns_per_byte(const sp2__rate_limiter *limiter, double rate) {
    if (rate < 0) {
        return limiter->ns_per_byte;
    }
    return rate == 0 ? 0 : NS_PER_SECOND / rate;
}

uint64_t sp2__rate_limiter_close(sp2__rate_limiter *limiter, uint64_t now) {
    limiter->average = add(limiter->average, limiter->burst_ns);
    limiter->catch_up = add((sp2__fine_time){now, 0}, limiter->burst_ns * limiter->catch_up_factor);
    limiter->burst_bytes = 0;
    limiter->burst_ns = 0;
    return is_before(limiter->average, limiter->catch_up) ? limiter->catch_up.ns
                                                          : limiter->average.ns;
}

void sp2__rate_limiter_resume(sp2__rate_limiter *limiter, uint64_t now) {
    /* The open burst's bytes have gone out already: their time counts from before now. */
    const uint64_t spent = (uint64_t)limiter->burst_ns;
    const sp2__fine_time latest = {now > spent ? now - spent : 0, 0};
    if (is_before(limiter->average, latest)) {
        limiter->average = latest;
    }
}
