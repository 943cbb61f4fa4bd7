/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_REFUSED_H
#define SP2_RECEIVE_REFUSED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "spead2core/statistics.h"

/* The first refused datagram of each cause. */
typedef struct sp2__refused {
    sp2_refused_datagram first[SP2_REFUSED_LAST]; /* `cause` is 0 where there is none */
} sp2__refused;

/* Whether a datagram of this cause is to be kept: none has been, or nobody knew who sent it. */
static inline bool sp2__refused_wanted(const sp2__refused *refused, uint32_t cause) {
    const sp2_refused_datagram *first = &refused->first[cause - 1];
    return first->cause == 0 || first->sender_length == 0;
}

/* Keeps a datagram that is wanted, unless there is one and the sender of this is not known
 * either. */
void sp2__refused_keep(sp2__refused *refused, uint32_t cause, const uint8_t *bytes, uint64_t length,
                       const sp2__address *sender);

#endif
