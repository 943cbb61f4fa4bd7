/* SPDX-License-Identifier: MIT */
/* Packets to a user-supplied function. */
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/sized.h"
#include "send/writer.h"

typedef struct function_writer {
    sp2__packet_writer base;
    sp2_packet_fn packet;
    void *context;
    uint8_t bytes[SP2_SEND_LARGEST_MAX_PACKET_SIZE]; /* of the packet that is being handed over */
} function_writer;

static uint32_t write_packets(sp2__packet_writer *base, sp2__packet_out *packets, uint32_t count) {
    function_writer *writer = SP2__CONTAINER(base, function_writer, base);
    for (uint32_t i = 0; i < count; i++) {
        sp2__packet_out *packet = &packets[i];
        const uint8_t *bytes = packet->pieces[0].data;
        if (packet->piece_count != 1) {
            uint8_t *end = writer->bytes;
            for (uint32_t j = 0; j < packet->piece_count; j++) {
                memcpy(end, packet->pieces[j].data, (size_t)packet->pieces[j].length);
                end += packet->pieces[j].length;
            }
            bytes = writer->bytes;
        }
        packet->error = writer->packet(writer->context, base->first_substream + packet->destination,
                                       bytes, packet->length);
    }
    return count;
}

/* It has always dealt with all packets. */
static int32_t arm(sp2__packet_writer *base, sp2__task *task, sp2__timer *timer) {
    (void)timer;
    sp2__event_loop_post(base->loop, task);
    return 0;
}

static void free_writer(sp2__packet_writer *base) {
    sp2__free(SP2__CONTAINER(base, function_writer, base));
}

static const sp2__writer_ops function_ops = {
    .write = write_packets,
    .arm = arm,
    .free = free_writer,
    .max_packet_size = SP2_SEND_LARGEST_MAX_PACKET_SIZE,
};

int32_t sp2_send_stream_add_function_writer(sp2_send_stream *stream,
                                            const sp2_function_writer_options *caller,
                                            uint64_t *first_substream) {
    static const char function[] = "sp2_send_stream_add_function_writer";
    if (first_substream != NULL) {
        *first_substream = 0;
    }
    if (stream == NULL || caller == NULL) {
        return sp2__fail_null(function, stream == NULL ? "stream" : "options");
    }
    sp2_function_writer_options options;
    int32_t status = sp2__send_stream_check(stream, function);
    if (status == SP2_OK) {
        status = sp2__sized_read(caller, &options, sizeof(options), sizeof(options),
                                 "sp2_function_writer_options");
    }
    if (status != SP2_OK) {
        return status;
    }
    if (options.packet == NULL) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_function_writer_options.packet must not be NULL");
    }
    if (options.flags != 0) {
        return sp2__fail(SP2_E_TOO_NEW, 0,
                         "sp2_function_writer_options.flags has 0x%x, which this library does not "
                         "know",
                         (unsigned)options.flags);
    }
    function_writer *writer = sp2__calloc_array(1, sizeof(*writer));
    if (writer == NULL) {
        return sp2__fail_memory("a packet writer");
    }
    writer->base.ops = &function_ops;
    writer->base.loop = sp2__send_stream_loop(stream);
    writer->base.destinations = options.substreams == 0 ? 1 : options.substreams;
    writer->packet = options.packet;
    writer->context = options.context;
    return sp2__send_stream_add_writer(stream, &writer->base, function, first_substream);
}
