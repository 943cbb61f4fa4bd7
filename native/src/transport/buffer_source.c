/* SPDX-License-Identifier: MIT */
/* Packets back to back in memory. The whole buffer is one batch, in as many slices as it takes. */
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
static bool add_next(buffer_source *source, sp2__answer *answer) {
    if (source->position == source->length) {
        return false;
    }
    uint64_t size;
    const sp2__packet_fault fault =
        sp2__stream_add_packet(source->base.stream, source->data + source->position,
                               source->length - source->position, &size, answer);
    if (fault != SP2__PACKET_OK) {
        sp2__stream_add_malformed(source->base.stream, source->data + source->position,
                                  source->length - source->position, fault, source->position);
        return false;
    }
    source->position += size;
    return true;
}

static sp2__answer read_packets(buffer_source *source, sp2__answer answer) {
    sp2_packet_source *base = &source->base;
    const uint64_t first = source->position;
    uint64_t count = 0;
    while (answer == SP2__MORE && base->slice_packets + count < SP2__SLICE_PACKETS &&
           base->slice_bytes + (source->position - first) < SP2__SLICE_BYTES) {
        if (add_next(source, &answer)) {
            count += sp2__answer_used(answer);
        } else {
            sp2__stream_end_source(base->stream);
            answer = SP2__ENDED;
        }
    }
    base->slice_packets += count;
    base->slice_bytes += source->position - first;
    base->batch_packets += count;
    base->stats.bytes += source->position - first;
    return answer;
}

static sp2__answer poll(sp2_packet_source *base) {
    buffer_source *source = SP2__CONTAINER(base, buffer_source, base);
    sp2_receive_stream *stream = base->stream;
    sp2__answer answer = sp2__source_enter(base);
    /* By someone else: what there is of this source's batch is counted when it is closed. */
    const bool was_ended = answer == SP2__ENDED;
    answer = read_packets(source, answer);
    if (answer == SP2__ENDED && !was_ended) {
        sp2__stream_count_batches(stream, 1, base->batch_packets);
        base->batch_packets = 0;
    }
    sp2__source_leave(base);
    return answer;
}

static void free_source(sp2_packet_source *base) {
    sp2__free(SP2__CONTAINER(base, buffer_source, base));
}

static const sp2__source_ops ops = {.poll = poll, .free = free_source};

int32_t sp2_receive_stream_add_buffer_source(sp2_receive_stream *stream,
                                             const sp2_buffer_source_options *caller,
                                             sp2_packet_source **handle) {
    static const char function[] = "sp2_receive_stream_add_buffer_source";
    int32_t status = sp2__stream_check_call(stream, caller, handle, function);
    if (status != SP2_OK) {
        return status;
    }
    sp2_buffer_source_options options;
    status =
        sp2__memory_options_read(caller, &options, sizeof(options), "sp2_buffer_source_options");
    if (status == SP2_OK && options.data == NULL && options.length != 0) {
        status = sp2__fail_null(function, "sp2_buffer_source_options.data");
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
    buffer_source *source = sp2__calloc_array(1, sizeof(*source));
    if (source == NULL) {
        return sp2__fail_memory("a buffer source");
    }
    source->data = options.data;
    source->length = options.length;
    sp2__source_init(&source->base, &ops, SP2_SOURCE_BUFFER, stream);
    source->base.dialect = dialect;
    sp2__source_hand_out(&source->base, handle);
    sp2__stream_add_source(stream, &source->base);
    return SP2_OK;
}
