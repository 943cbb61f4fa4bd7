/* SPDX-License-Identifier: MIT */
/* What the kernel counts of UDP, and what that says of the messages that a socket lost. */
#include "transport/kernel_counters.h"

#include "base/checked.h"
#include "base/error.h"
#include "base/sized.h"

int32_t sp2_get_kernel_udp_counters(sp2_kernel_udp_counters *counters) {
    if (counters == NULL) {
        return sp2__fail_null("sp2_get_kernel_udp_counters", "counters");
    }
    sp2_kernel_udp_counters now = {0};
    const bool known = sp2__kernel_counters_read(&now);
    const int32_t status =
        sp2__sized_write(counters, &now, sizeof(now), sizeof(now), "sp2_kernel_udp_counters");
    if (status == SP2_OK && !known) {
        return sp2__fail(SP2_E_UNSUPPORTED, 0,
                         "this system does not tell what its kernel counts of UDP");
    }
    return status;
}

/* What is left of `all`, if anything. */
static uint64_t without(uint64_t all, uint64_t others) {
    return all > others ? all - others : 0;
}

int32_t sp2_explain_kernel_drops(const sp2_kernel_udp_counters *before,
                                 const sp2_kernel_udp_counters *after, uint64_t messages,
                                 sp2_kernel_drops *drops) {
    if (before == NULL || after == NULL || drops == NULL) {
        return sp2__fail_null("sp2_explain_kernel_drops", before == NULL  ? "before"
                                                          : after == NULL ? "after"
                                                                          : "drops");
    }
    const uint64_t full = after->full_buffers - before->full_buffers;
    const uint64_t wrong = after->wrong_checksums - before->wrong_checksums;
    const uint64_t filtered = after->filtered - before->filtered;
    const sp2_kernel_drops explained = {
        .full_buffers_least = sp2__min_u64(full, without(messages, wrong + filtered)),
        .full_buffers_most = sp2__min_u64(full, messages),
        .wrong_checksums_least = sp2__min_u64(wrong, without(messages, full + filtered)),
        .wrong_checksums_most = sp2__min_u64(wrong, messages),
        .filtered_least = sp2__min_u64(filtered, without(messages, full + wrong)),
        .filtered_most = sp2__min_u64(filtered, messages),
    };
    return sp2__sized_write(drops, &explained, sizeof(explained), sizeof(explained),
                            "sp2_kernel_drops");
}
