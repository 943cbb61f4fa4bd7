/* SPDX-License-Identifier: MIT */
/* A list of datagrams in memory. Each is a batch of its own. */
#include <inttypes.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/compiler.h"
#include "base/error.h"
#include "receive/stream.h"
#include "spead2core/buffer.h"
#include "transport/memory_options.h"

typedef struct datagram_source {
    sp2_packet_source base;
    const sp2_datagram *datagrams;
    uint64_t count;
    uint64_t position;
} datagram_source;

/* What a packet costs here is a part of what all packets of memory cost: nothing in the loop is
 * read again that cannot change. */
static sp2__answer read_datagrams(datagram_source *source, sp2__answer answer) {
    sp2_packet_source *base = &source->base;
    sp2_receive_stream *stream = base->stream;
    const uint64_t packets = stream->stats.packets;
    const uint64_t slice_bytes =
        SP2__SLICE_BYTES - sp2__min_u64(base->slice_bytes, SP2__SLICE_BYTES);
    const uint64_t slice_packets = SP2__SLICE_PACKETS - base->slice_packets;
    const sp2_datagram *first = source->datagrams + source->position;
    const uint64_t left = source->count - source->position;
    const sp2_datagram *end = first + sp2__min_u64(left, slice_packets);
    const sp2_datagram *next = first;
    uint64_t bytes = 0;
    while (answer == SP2__MORE && next != end && bytes < slice_bytes) {
        const uint64_t length = next->length;
        answer = sp2__stream_add_datagram(stream, next->data, length);
        if (sp2__answer_used(answer)) {
            bytes += length;
            next++;
        }
    }
    const uint64_t batches = (uint64_t)(next - first);
    source->position += batches;
    base->slice_packets += batches;
    base->slice_bytes += bytes;
    base->stats.datagrams += batches;
    base->stats.bytes += bytes;
    if (answer == SP2__MORE && source->position == source->count) {
        sp2__stream_end_source(stream);
        answer = SP2__ENDED;
    }
    sp2__stream_count_batches(stream, batches, stream->stats.packets != packets);
    return answer;
}

static sp2__answer poll(sp2_packet_source *base) {
    datagram_source *source = SP2__CONTAINER(base, datagram_source, base);
    const sp2__answer answer = read_datagrams(source, sp2__source_enter(base));
    sp2__source_leave(base);
    return answer;
}

static void free_source(sp2_packet_source *base) {
    sp2__free(SP2__CONTAINER(base, datagram_source, base));
}

static const sp2__source_ops ops = {.poll = poll, .free = free_source};

static int32_t check_datagrams(const sp2_datagram *datagrams, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        if (datagrams[i].data == NULL && datagrams[i].length != 0) {
            return sp2__fail(SP2_E_ARG, 0,
                             "sp2_datagram_source_options.datagrams[%" PRIu64
                             "].data must not be NULL when its length is %" PRIu64,
                             i, datagrams[i].length);
        }
    }
    return SP2_OK;
}

int32_t sp2_receive_stream_add_datagram_source(sp2_receive_stream *stream,
                                               const sp2_datagram_source_options *caller,
                                               sp2_packet_source **handle) {
    static const char function[] = "sp2_receive_stream_add_datagram_source";
    int32_t status = sp2__stream_check_call(stream, caller, handle, function);
    if (status != SP2_OK) {
        return status;
    }
    sp2_datagram_source_options options;
    status =
        sp2__memory_options_read(caller, &options, sizeof(options), "sp2_datagram_source_options");
    if (status == SP2_OK && options.datagrams == NULL && options.count != 0) {
        status = sp2__fail_null(function, "sp2_datagram_source_options.datagrams");
    }
    if (status == SP2_OK) {
        status = check_datagrams(options.datagrams, options.count);
    }
    sp2__dialect dialect;
    if (status == SP2_OK) {
        status = sp2__dialect_read(options.dialect, &dialect);
    }
    if (status == SP2_OK) {
        status = sp2__stream_check_open(stream, function);
    }
    if (status != SP2_OK) {
        return status;
    }
    datagram_source *source = sp2__calloc_array(1, sizeof(*source));
    if (source == NULL) {
        return sp2__fail_memory("a datagram source");
    }
    /* There is no place behind NULL, not even at a distance of 0. */
    static const sp2_datagram none = {0};
    source->datagrams = options.count != 0 ? options.datagrams : &none;
    source->count = options.count;
    sp2__source_init(&source->base, &ops, SP2_SOURCE_DATAGRAMS, stream);
    source->base.dialect = dialect;
    sp2__source_hand_out(&source->base, handle);
    sp2__stream_add_source(stream, &source->base);
    return SP2_OK;
}
