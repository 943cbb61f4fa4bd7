/* SPDX-License-Identifier: MIT */
/* Datagrams from a UDP socket. What one system call delivers is one batch. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/error.h"
#include "receive/stream.h"
#include "spead2core/udp.h"
#include "transport/udp_options.h"
#include "transport/udp_socket.h"

/* Messages taken by one system call. */
#define MESSAGES_PER_BATCH 64

/* The same where the kernel may join datagrams: each slot then takes 64 KiB, and all of them should
 * stay in the processor's second-level cache. */
#define JOINED_MESSAGES_PER_BATCH 16
#define JOINED_MESSAGE_SIZE 65536

typedef struct udp_source {
    sp2_packet_source base;
    intptr_t socket;
    uint32_t max_size;
    bool socket_paused;
    bool receive_again; /* the socket does not call for what it has now */
    uint32_t drops_seen;
    sp2__udp_batch *batch;
    uint32_t message_count;    /* messages of the batch under way */
    uint32_t message_index;    /* those that have been handed over */
    sp2__udp_message message;  /* the one under way */
    uint32_t message_position; /* bytes of it that have been handed over */
} udp_source;

static void log_socket_error(udp_source *source, int32_t error, const char *what) {
    char text[128];
    SP2__LOG(&source->base.stream->logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
             "cannot %s a UDP socket: %s", what, sp2__os_error_text(error, text, sizeof(text)));
}

static uint32_t count_datagrams(const sp2__udp_message *message, uint32_t rest) {
    return rest == 0 ? 1 : (rest + message->segment - 1) / message->segment;
}

static void take_message(udp_source *source) {
    source->message = sp2__udp_message_at(source->batch, source->message_index);
    source->message_position = 0;
    source->base.stats.datagrams += count_datagrams(&source->message, source->message.length);
    source->base.stats.bytes += source->message.length;
}

static void take_batch(udp_source *source) {
    const int32_t error = sp2__udp_receive(source->socket, source->batch, &source->message_count,
                                           &source->receive_again);
    source->message_index = 0;
    if (error != 0) {
        log_socket_error(source, error, "receive from");
        if (sp2__udp_error_is_end(error)) {
            sp2__event_loop_remove_socket(source->base.loop, source->socket);
        }
    }
    source->base.stats.errors += error != 0;
    source->base.stats.messages += source->message_count;
    if (source->message_count != 0) {
        take_message(source);
    }
}

static sp2__flow add_datagram(udp_source *source, const uint8_t *data, uint32_t length,
                              bool truncated) {
    sp2_receive_stream *stream = source->base.stream;
    if (SP2__UNLIKELY(truncated || length > source->max_size)) {
        sp2__stream_add_truncated(stream, source->max_size);
        return SP2__FLOW_ON;
    }
    return sp2__stream_add_datagram(stream, data, length);
}

/* Hands over the message under way from where it was left. */
static sp2__flow add_message(udp_source *source) {
    const sp2__udp_message *message = &source->message;
    sp2__flow flow;
    do {
        const uint32_t position = source->message_position;
        const uint32_t rest = message->length - position;
        const uint32_t length = message->segment < rest ? message->segment : rest;
        flow = add_datagram(source, message->data + position, length,
                            message->truncated && length == rest);
        source->message_position = position + length;
    } while (flow == SP2__FLOW_ON && source->message_position < message->length);
    return flow;
}

static sp2__flow add_batch(udp_source *source, sp2__flow flow) {
    const uint64_t packets = source->base.stream->stats.packets;
    while (flow == SP2__FLOW_ON && source->message_index < source->message_count) {
        flow = add_message(source);
        if (source->message_position == source->message.length) {
            source->message_index++;
            if (source->message_index < source->message_count) {
                take_message(source);
            }
        }
    }
    source->base.batch_packets += source->base.stream->stats.packets - packets;
    return flow;
}

/* A socket that could not be resumed does not call, so that it must be looked at. */
static sp2__turn after_batch(const udp_source *source) {
    return source->receive_again || SP2__UNLIKELY(source->socket_paused) ? SP2__TURN_MORE
                                                                         : SP2__TURN_WAIT;
}

static sp2__turn turn(sp2_packet_source *base) {
    udp_source *source = SP2__CONTAINER(base, udp_source, base);
    sp2_receive_stream *stream = base->stream;
    if (SP2__UNLIKELY(source->socket_paused)) {
        const int32_t error =
            sp2__event_loop_resume_socket(base->loop, source->socket, &base->task);
        source->socket_paused = error != 0;
        if (error != 0) {
            log_socket_error(source, error, "wait for");
        }
    }
    if (source->message_index == source->message_count) {
        take_batch(source);
        if (source->message_count == 0) {
            return after_batch(source);
        }
    }
    const sp2__flow flow = add_batch(source, sp2__source_enter(base));
    if (flow == SP2__FLOW_ENDED || source->message_index == source->message_count) {
        sp2__stream_count_batches(stream, 1, base->batch_packets);
        base->batch_packets = 0;
    }
    sp2__source_leave(base);
    if (flow == SP2__FLOW_ON) {
        return after_batch(source);
    }
    return flow == SP2__FLOW_FULL ? SP2__TURN_BLOCKED : SP2__TURN_END;
}

static void pause_source(sp2_packet_source *base) {
    udp_source *source = SP2__CONTAINER(base, udp_source, base);
    if (SP2__UNLIKELY(source->socket_paused)) {
        return; /* it could not be resumed */
    }
    const int32_t error = sp2__event_loop_pause_socket(base->loop, source->socket, &base->task);
    source->socket_paused = error == 0;
    if (error != 0) {
        log_socket_error(source, error, "pause");
    }
}

/* Datagrams of the batch that have not been handed over. */
static uint64_t count_left(const udp_source *source) {
    uint64_t left = 0;
    for (uint32_t i = source->message_index; i < source->message_count; i++) {
        const bool under_way = i == source->message_index;
        const sp2__udp_message message =
            under_way ? source->message : sp2__udp_message_at(source->batch, i);
        const uint32_t rest = message.length - (under_way ? source->message_position : 0);
        left += count_datagrams(&message, rest);
    }
    return left;
}

static void close_source(sp2_packet_source *base) {
    udp_source *source = SP2__CONTAINER(base, udp_source, base);
    atomic_store_explicit(&base->unused, count_left(source), memory_order_relaxed);
    sp2__event_loop_remove_socket(base->loop, source->socket);
    sp2__udp_close(source->socket, source->batch);
}

static void close_copy(sp2_packet_source *base) {
    sp2__udp_close(SP2__CONTAINER(base, udp_source, base)->socket, NULL);
}

static void count_drops(sp2_packet_source *base) {
    udp_source *source = SP2__CONTAINER(base, udp_source, base);
    sp2__udp_count_drops(source->socket, &source->drops_seen, &base->dropped);
}

static void detach_source(sp2_packet_source *base) {
    udp_source *source = SP2__CONTAINER(base, udp_source, base);
    sp2__udp_batch_free(source->batch);
    source->batch = NULL;
}

static void free_source(sp2_packet_source *base) {
    sp2__free(SP2__CONTAINER(base, udp_source, base));
}

static const sp2__source_ops ops = {
    .turn = turn,
    .pause = pause_source,
    .close = close_source,
    .close_copy = close_copy,
    .count_drops = count_drops,
    .detach = detach_source,
    .free = free_source,
    .lossy = true,
};

/* Opens the socket and makes room for its messages. On failure nothing is left open. */
static int32_t open_source(udp_source *source, const sp2__udp_config *config, uint32_t *port) {
    sp2__logger *logger = &source->base.stream->logger;
    bool joins;
    const int32_t status = sp2__udp_open(config, logger, &source->socket, port, &joins);
    if (status != SP2_OK) {
        return status;
    }
    /* One byte more than a packet may have shows that a datagram was longer. */
    source->batch = joins ? sp2__udp_batch_create(JOINED_MESSAGES_PER_BATCH, JOINED_MESSAGE_SIZE)
                          : sp2__udp_batch_create(MESSAGES_PER_BATCH, source->max_size + 1);
    if (source->batch == NULL) {
        sp2__udp_close(source->socket, NULL);
        return sp2__fail_memory("the packets of a UDP source");
    }
    /* What was dropped before does not concern the stream. */
    sp2__udp_count_drops(source->socket, &source->drops_seen, &source->base.dropped);
    atomic_store_explicit(&source->base.dropped, 0, memory_order_relaxed);
    return SP2_OK;
}

/* The source of a stream that is held starts with its socket paused. */
static int32_t watch_source(udp_source *source) {
    source->socket_paused = atomic_load(&source->base.stream->held);
    const int32_t error = sp2__event_loop_add_socket(source->base.loop, source->socket,
                                                     &source->base.task, source->socket_paused);
    if (error != 0) {
        char text[128];
        sp2__udp_close(source->socket, source->batch);
        return sp2__fail(sp2__os_error_is_memory(error) ? SP2_E_NOMEM : SP2_E_OS, error,
                         "cannot wait for a UDP socket: %s",
                         sp2__os_error_text(error, text, sizeof(text)));
    }
    return SP2_OK;
}

/* The source's life before it belongs to the stream; the socket calls only once it is watched. */
static int32_t start_source(udp_source *source, const sp2__udp_config *config) {
    int32_t status = open_source(source, config, &source->base.info.port);
    if (status == SP2_OK) {
        sp2__udp_describe(source->socket, &source->base.info);
        status = watch_source(source);
    }
    return status;
}

int32_t sp2_receive_stream_add_udp_source(sp2_receive_stream *stream,
                                          const sp2_udp_source_options *caller,
                                          sp2_packet_source **handle) {
    if (handle != NULL) {
        *handle = NULL;
    }
    if (stream == NULL || caller == NULL) {
        return sp2__fail_null("sp2_receive_stream_add_udp_source",
                              stream == NULL ? "stream" : "options");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_add_udp_source", "the stream");
    }
    sp2__udp_config config;
    uint32_t max_size;
    int32_t status = sp2__udp_options_read(caller, &config, &max_size);
    if (status == SP2_OK) {
        status = sp2__stream_check_open(stream, "sp2_receive_stream_add_udp_source");
    }
    if (status != SP2_OK) {
        return status;
    }
    udp_source *source = sp2__calloc_array(1, sizeof(*source));
    if (source == NULL) {
        return sp2__fail_memory("a UDP source");
    }
    sp2__source_init(&source->base, &ops, SP2_SOURCE_UDP, stream);
    source->max_size = max_size;
    source->base.closed = sp2__stream_is_stopped(stream);
    if (source->base.closed) {
        sp2__source_set_state(&source->base, SP2_SOURCE_ENDED);
    } else {
        status = start_source(source, &config);
    }
    if (status != SP2_OK) {
        sp2__source_detach(&source->base);
        return status;
    }
    sp2__source_hand_out(&source->base, handle);
    sp2__stream_add_source(stream, &source->base);
    return SP2_OK;
}
