/* SPDX-License-Identifier: MIT */
/* A list of datagrams in memory. Each is a batch of its own. */
#include <inttypes.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/error.h"
#include "receive/stream.h"

typedef struct datagram_reader {
    sp2__reader base;
    const sp2_datagram *datagrams;
    uint64_t count;
    uint64_t position;
} datagram_reader;

static sp2__flow read_datagrams(datagram_reader *reader, sp2__flow flow) {
    sp2_receive_stream *stream = reader->base.stream;
    const uint64_t packets = stream->stats.packets;
    uint64_t bytes = 0;
    uint64_t batches = 0;
    while (flow == SP2__FLOW_ON && batches < SP2__TURN_PACKETS && bytes < SP2__TURN_BYTES) {
        if (reader->position == reader->count) {
            sp2__stream_end_source(stream);
            flow = SP2__FLOW_ENDED;
        } else {
            const sp2_datagram *datagram = &reader->datagrams[reader->position++];
            flow = sp2__stream_add_datagram(stream, datagram->data, datagram->length);
            bytes += datagram->length;
            batches++;
        }
    }
    sp2__stream_count_batches(stream, batches, stream->stats.packets != packets);
    return flow;
}

static sp2__turn turn(sp2__reader *base) {
    datagram_reader *reader = SP2__CONTAINER(base, datagram_reader, base);
    const sp2__flow flow = read_datagrams(reader, sp2__stream_enter(base->stream));
    sp2__stream_leave(base->stream);
    return flow == SP2__FLOW_ON     ? SP2__TURN_MORE
           : flow == SP2__FLOW_FULL ? SP2__TURN_BLOCKED
                                    : SP2__TURN_END;
}

static void free_reader(sp2__reader *base) {
    sp2__free(SP2__CONTAINER(base, datagram_reader, base));
}

static const sp2__reader_ops ops = {.turn = turn, .free = free_reader};

static int32_t check_datagrams(const sp2_datagram *datagrams, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        if (datagrams[i].data == NULL && datagrams[i].length != 0) {
            return sp2__fail(SP2_E_ARG, 0,
                             "sp2_receive_stream_add_datagram_reader: datagrams[%" PRIu64
                             "].data must not be NULL when its length is %" PRIu64,
                             i, datagrams[i].length);
        }
    }
    return SP2_OK;
}

int32_t sp2_receive_stream_add_datagram_reader(sp2_receive_stream *stream,
                                               const sp2_datagram *datagrams, uint64_t count) {
    if (stream == NULL || (datagrams == NULL && count != 0)) {
        return sp2__fail_null("sp2_receive_stream_add_datagram_reader",
                              stream == NULL ? "stream" : "datagrams");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_add_datagram_reader", "the stream");
    }
    int32_t status = check_datagrams(datagrams, count);
    if (status == SP2_OK) {
        status = sp2__stream_check_open(stream, "sp2_receive_stream_add_datagram_reader");
    }
    if (status != SP2_OK) {
        return status;
    }
    datagram_reader *reader = sp2__calloc_array(1, sizeof(*reader));
    if (reader == NULL) {
        return sp2__fail_memory("a datagram reader");
    }
    reader->datagrams = datagrams;
    reader->count = count;
    sp2__reader_init(&reader->base, &ops, stream);
    sp2__stream_add_reader(stream, &reader->base);
    return SP2_OK;
}
