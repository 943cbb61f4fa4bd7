/* SPDX-License-Identifier: MIT */
/* Packets from a queue of this process. Each is a batch of its own. */
#include "base/alloc.h"
#include "base/compiler.h"
#include "base/error.h"
#include "receive/stream.h"
#include "transport/inproc_queue.h"
#include "transport/memory_options.h"

typedef struct inproc_source {
    sp2_packet_source base;
    sp2_inproc_queue *queue; /* NULL: the source is closed, or was never attached */
} inproc_source;

/* The next packet; NULL and the answer if there is none. */
static const uint8_t *next_packet(inproc_source *source, uint64_t *length, sp2__answer *answer) {
    const uint8_t *packet = sp2__inproc_queue_peek(source->queue, length);
    while (packet == NULL) {
        const sp2__inproc_state state = sp2__inproc_queue_settle(source->queue);
        if (state == SP2__INPROC_EMPTY) {
            *answer = SP2__IDLE;
            return NULL;
        }
        if (state == SP2__INPROC_ENDED) {
            sp2__stream_end_source(source->base.stream);
            *answer = SP2__ENDED;
            return NULL;
        }
        packet = sp2__inproc_queue_peek(source->queue, length);
    }
    return packet;
}

static sp2__answer read_packets(inproc_source *source, sp2__answer answer) {
    sp2_packet_source *base = &source->base;
    sp2_receive_stream *stream = base->stream;
    const uint64_t packets = stream->stats.packets;
    uint64_t batches = 0;
    while (answer == SP2__MORE && base->slice_packets < SP2__SLICE_PACKETS &&
           base->slice_bytes < SP2__SLICE_BYTES) {
        uint64_t length;
        const uint8_t *packet = next_packet(source, &length, &answer);
        if (packet == NULL) {
            break;
        }
        answer = sp2__stream_add_datagram(stream, packet, length);
        if (sp2__answer_used(answer)) {
            sp2__inproc_queue_take(source->queue, length);
            batches++;
            base->slice_packets++;
            base->slice_bytes += length;
            base->stats.bytes += length;
        }
    }
    base->stats.datagrams += batches;
    sp2__stream_count_batches(stream, batches, stream->stats.packets != packets);
    return answer;
}

static sp2__answer poll(sp2_packet_source *base) {
    inproc_source *source = SP2__CONTAINER(base, inproc_source, base);
    const sp2__answer answer = read_packets(source, sp2__source_enter(base));
    sp2__source_leave(base);
    if (answer != SP2__IDLE && answer != SP2__ENDED) {
        sp2__inproc_queue_settle(source->queue); /* writers need not wait for the next slice */
    }
    return answer;
}

/* A queue that was found empty posts the source, whatever becomes of the source until then. */
static int32_t arm(sp2_packet_source *base) {
    (void)base;
    return 0;
}

static int32_t disarm(sp2_packet_source *base) {
    (void)base;
    return 0;
}

static void close_source(sp2_packet_source *base) {
    inproc_source *source = SP2__CONTAINER(base, inproc_source, base);
    if (source->queue != NULL) {
        sp2__inproc_queue_detach(source->queue, !base->removed);
        sp2__inproc_queue_release(source->queue);
        source->queue = NULL;
    }
}

static void free_source(sp2_packet_source *base) {
    sp2__free(SP2__CONTAINER(base, inproc_source, base));
}

static const sp2__source_ops ops = {
    .poll = poll,
    .arm = arm,
    .disarm = disarm,
    .close = close_source,
    .free = free_source,
};

static int32_t read_options(const sp2_inproc_source_options *caller, const char *function,
                            sp2_inproc_source_options *options, sp2__dialect *dialect) {
    int32_t status =
        sp2__memory_options_read(caller, options, sizeof(*options), "sp2_inproc_source_options");
    if (status == SP2_OK && options->queue == NULL) {
        status = sp2__fail_null(function, "sp2_inproc_source_options.queue");
    }
    if (status == SP2_OK) {
        status = sp2__inproc_queue_check(options->queue, function);
    }
    return status == SP2_OK ? sp2__dialect_read(options->dialect, dialect) : status;
}

int32_t sp2_receive_stream_add_inproc_source(sp2_receive_stream *stream,
                                             const sp2_inproc_source_options *caller,
                                             sp2_packet_source **handle) {
    static const char function[] = "sp2_receive_stream_add_inproc_source";
    int32_t status = sp2__stream_check_call(stream, caller, handle, function);
    if (status != SP2_OK) {
        return status;
    }
    sp2_inproc_source_options options;
    sp2__dialect dialect;
    status = read_options(caller, function, &options, &dialect);
    if (status == SP2_OK) {
        status = sp2__stream_check_open(stream, function);
    }
    if (status != SP2_OK) {
        return status;
    }
    inproc_source *source = sp2__calloc_array(1, sizeof(*source));
    if (source == NULL) {
        return sp2__fail_memory("an in-process source");
    }
    source->base.dialect = dialect;
    sp2__source_init(&source->base, &ops, SP2_SOURCE_INPROC, stream);
    /* The loop may be told of packets before all of this is done. */
    sp2__mutex_lock(&source->base.lock);
    if (sp2__inproc_queue_attach(options.queue, source->base.loop, &source->base.task)) {
        sp2__inproc_queue_retain(options.queue);
        source->queue = options.queue;
    }
    const bool attached = source->queue != NULL;
    sp2__mutex_unlock(&source->base.lock);
    if (!attached) {
        sp2__source_close(&source->base);
        return sp2__fail(SP2_E_STATE, 0, "%s: another source reads from the queue", function);
    }
    sp2__source_hand_out(&source->base, handle);
    sp2__stream_add_source(stream, &source->base);
    return SP2_OK;
}
