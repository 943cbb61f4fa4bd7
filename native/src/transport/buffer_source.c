/* SPDX-License-Identifier: MIT */
/* Packets back to back in memory. The whole buffer is one batch, in as many turns as it takes. */
#include "base/alloc.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/sized.h"
#include "packet/packet.h"
#include "receive/stream.h"
#include "spead2core/buffer.h"
#include "transport/memory_options.h"

typedef struct buffer_source {
    sp2_packet_source base;
    const uint8_t *data;
    uint64_t length;
    uint64_t position;
} buffer_source;

/* Hands over the next packet; false if there is none. */
static bool add_next(buffer_source *source, sp2__flow *flow) {
    if (source->position == source->length) {
        return false;
    }
    uint64_t size;
    const sp2__packet_fault fault =
        sp2__stream_add_packet(source->base.stream, source->data + source->position,
                               source->length - source->position, &size, flow);
    if (fault != SP2__PACKET_OK) {
        sp2__stream_add_malformed(source->base.stream, fault, source->position);
        return false;
    }
    source->position += size;
    return true;
}

static sp2__flow read_packets(buffer_source *source, sp2__flow flow) {
    const uint64_t first = source->position;
    uint64_t count = 0;
    while (flow == SP2__FLOW_ON && count < SP2__TURN_PACKETS &&
           source->position - first < SP2__TURN_BYTES) {
        if (add_next(source, &flow)) {
            count++;
        } else {
            sp2__stream_end_source(source->base.stream);
            flow = SP2__FLOW_ENDED;
        }
    }
    source->base.batch_packets += count;
    source->base.stats.bytes += source->position - first;
    return flow;
}

static sp2__turn turn(sp2_packet_source *base) {
    buffer_source *source = SP2__CONTAINER(base, buffer_source, base);
    sp2_receive_stream *stream = base->stream;
    sp2__flow flow = sp2__source_enter(base);
    /* Whether the stream was stopped by someone else, before this source's batch began. */
    const bool was_ended = flow == SP2__FLOW_ENDED;
    flow = read_packets(source, flow);
    if (flow == SP2__FLOW_ENDED && (!was_ended || base->batch_packets != 0)) {
        sp2__stream_count_batches(stream, 1, base->batch_packets);
    }
    sp2__source_leave(base);
    return flow == SP2__FLOW_ON     ? SP2__TURN_MORE
           : flow == SP2__FLOW_FULL ? SP2__TURN_BLOCKED
                                    : SP2__TURN_END;
}

static void free_source(sp2_packet_source *base) {
    sp2__free(SP2__CONTAINER(base, buffer_source, base));
}

static const sp2__source_ops ops = {.turn = turn, .free = free_source};

int32_t sp2_receive_stream_add_buffer_source(sp2_receive_stream *stream,
                                             const sp2_buffer_source_options *caller,
                                             sp2_packet_source **handle) {
    if (handle != NULL) {
        *handle = NULL;
    }
    if (stream == NULL || caller == NULL) {
        return sp2__fail_null("sp2_receive_stream_add_buffer_source",
                              stream == NULL ? "stream" : "options");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_add_buffer_source", "the stream");
    }
    sp2_buffer_source_options options;
    int32_t status =
        sp2__memory_options_read(caller, &options, sizeof(options), "sp2_buffer_source_options");
    if (status == SP2_OK && options.data == NULL && options.length != 0) {
        status = sp2__fail_null("sp2_receive_stream_add_buffer_source",
                                "sp2_buffer_source_options.data");
    }
    if (status == SP2_OK) {
        status = sp2__stream_check_open(stream, "sp2_receive_stream_add_buffer_source");
    }
    if (status != SP2_OK) {
        return status;
    }
    buffer_source *source = sp2__calloc_array(1, sizeof(*source));
    if (source == NULL) {
        return sp2__fail_memory("a buffer source");
    }
    source->data = options.data;
    source->length = options.length;
    sp2__source_init(&source->base, &ops, SP2_SOURCE_BUFFER, stream);
    sp2__source_hand_out(&source->base, handle);
    sp2__stream_add_source(stream, &source->base);
    return SP2_OK;
}
