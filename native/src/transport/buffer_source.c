/* SPDX-License-Identifier: MIT */
/* Packets back to back in memory. The whole buffer is one batch, in as many turns as it takes. */
#include "base/alloc.h"
#include "base/compiler.h"
#include "base/error.h"
#include "packet/packet.h"
#include "receive/stream.h"

typedef struct buffer_reader {
    sp2__reader base;
    const uint8_t *data;
    uint64_t length;
    uint64_t position;
} buffer_reader;

/* Hands over the next packet; false if there is none. */
static bool add_next(buffer_reader *reader, sp2__flow *flow) {
    if (reader->position == reader->length) {
        return false;
    }
    uint64_t size;
    const sp2__packet_fault fault =
        sp2__stream_add_packet(reader->base.stream, reader->data + reader->position,
                               reader->length - reader->position, &size, flow);
    if (fault != SP2__PACKET_OK) {
        sp2__stream_add_malformed(reader->base.stream, fault, reader->position);
        return false;
    }
    reader->position += size;
    return true;
}

static sp2__flow read_packets(buffer_reader *reader, sp2__flow flow) {
    const uint64_t first = reader->position;
    uint64_t count = 0;
    while (flow == SP2__FLOW_ON && count < SP2__TURN_PACKETS &&
           reader->position - first < SP2__TURN_BYTES) {
        if (add_next(reader, &flow)) {
            count++;
        } else {
            sp2__stream_end_source(reader->base.stream);
            flow = SP2__FLOW_ENDED;
        }
    }
    reader->base.batch_packets += count;
    return flow;
}

static sp2__turn turn(sp2__reader *base) {
    buffer_reader *reader = SP2__CONTAINER(base, buffer_reader, base);
    sp2_receive_stream *stream = base->stream;
    sp2__flow flow = sp2__stream_enter(stream);
    /* Whether the stream was stopped by someone else, before this reader's batch began. */
    const bool was_ended = flow == SP2__FLOW_ENDED;
    flow = read_packets(reader, flow);
    if (flow == SP2__FLOW_ENDED && (!was_ended || base->batch_packets != 0)) {
        sp2__stream_count_batches(stream, 1, base->batch_packets);
    }
    sp2__stream_leave(stream);
    return flow == SP2__FLOW_ON     ? SP2__TURN_MORE
           : flow == SP2__FLOW_FULL ? SP2__TURN_BLOCKED
                                    : SP2__TURN_END;
}

static void free_reader(sp2__reader *base) {
    sp2__free(SP2__CONTAINER(base, buffer_reader, base));
}

static const sp2__reader_ops ops = {.turn = turn, .free = free_reader};

int32_t sp2_receive_stream_add_buffer_reader(sp2_receive_stream *stream, const void *data,
                                             uint64_t length) {
    if (stream == NULL || (data == NULL && length != 0)) {
        return sp2__fail_null("sp2_receive_stream_add_buffer_reader",
                              stream == NULL ? "stream" : "data");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_add_buffer_reader", "the stream");
    }
    const int32_t status = sp2__stream_check_open(stream, "sp2_receive_stream_add_buffer_reader");
    if (status != SP2_OK) {
        return status;
    }
    buffer_reader *reader = sp2__calloc_array(1, sizeof(*reader));
    if (reader == NULL) {
        return sp2__fail_memory("a buffer reader");
    }
    reader->data = data;
    reader->length = length;
    sp2__reader_init(&reader->base, &ops, stream);
    sp2__stream_add_reader(stream, &reader->base);
    return SP2_OK;
}
