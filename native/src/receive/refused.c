/* SPDX-License-Identifier: MIT */
/* The first datagrams that were refused, for users who look for what is wrong with their sender. */
#include "receive/refused.h"

#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/sized.h"
#include "receive/stream.h"

void sp2__refused_keep(sp2__refused *refused, uint32_t cause, const uint8_t *bytes, uint64_t length,
                       const sp2__address *sender) {
    sp2_refused_datagram *first = &refused->first[cause - 1];
    if (first->cause != 0 && sender->length == 0) {
        return;
    }
    *first = (sp2_refused_datagram){
        .size = sizeof(*first),
        .cause = cause,
        .length = length,
        .time_ns = sp2__wall_clock_ns(),
        .sender_port = sender->port,
        .sender_length = sender->length,
        .byte_count = (uint32_t)sp2__min_u64(length, SP2_REFUSED_BYTES),
    };
    memcpy(first->sender_address, sender->bytes, sizeof(first->sender_address));
    memcpy(first->bytes, bytes, first->byte_count);
}

int32_t sp2_receive_stream_get_refused(sp2_receive_stream *stream, uint32_t cause,
                                       sp2_refused_datagram *datagram) {
    if (stream == NULL || datagram == NULL) {
        return sp2__fail_null("sp2_receive_stream_get_refused",
                              stream == NULL ? "stream" : "datagram");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_get_refused", "the stream");
    }
    if (cause == 0 || cause > SP2_REFUSED_LAST) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_stream_get_refused: cause is %u, which is no sp2_refusal",
                         (unsigned)cause);
    }
    sp2__mutex_lock(&stream->stats_lock);
    const sp2_refused_datagram first = stream->refused.first[cause - 1];
    sp2__mutex_unlock(&stream->stats_lock);
    if (first.cause == 0) {
        return SP2_E_EMPTY;
    }
    return sp2__sized_write(datagram, &first, sizeof(first), sizeof(first), "sp2_refused_datagram");
}
