/* SPDX-License-Identifier: MIT */
/* Datagrams from a UDP socket. What one system call delivers is one batch. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/error.h"
#include "receive/stream.h"
#include "transport/udp_options.h"
#include "transport/udp_socket.h"

/* Messages taken by one system call. */
#define MESSAGES_PER_BATCH 64

/* The same where the kernel may join datagrams: each slot then takes 64 KiB, and all of them should
 * stay in the processor's second-level cache. */
#define JOINED_MESSAGES_PER_BATCH 16
#define JOINED_MESSAGE_SIZE 65536

typedef struct udp_reader {
    sp2__reader base;
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
} udp_reader;

static void log_socket_error(udp_reader *reader, int32_t error, const char *what) {
    char text[128];
    SP2__LOG(&reader->base.stream->logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
             "cannot %s a UDP socket: %s", what, sp2__os_error_text(error, text, sizeof(text)));
}

static void take_batch(udp_reader *reader) {
    const int32_t error = sp2__udp_receive(reader->socket, reader->batch, &reader->message_count,
                                           &reader->receive_again);
    reader->message_index = 0;
    if (error != 0) {
        log_socket_error(reader, error, "receive from");
        if (sp2__udp_error_is_end(error)) {
            sp2__event_loop_remove_socket(reader->base.loop, reader->socket);
        }
    }
    if (reader->message_count != 0) {
        reader->message = sp2__udp_message_at(reader->batch, 0);
        reader->message_position = 0;
    }
}

static sp2__flow add_datagram(udp_reader *reader, const uint8_t *data, uint32_t length,
                              bool truncated) {
    sp2_receive_stream *stream = reader->base.stream;
    if (SP2__UNLIKELY(truncated || length > reader->max_size)) {
        sp2__stream_add_truncated(stream, reader->max_size);
        return SP2__FLOW_ON;
    }
    return sp2__stream_add_datagram(stream, data, length);
}

/* Hands over the message under way from where it was left. */
static sp2__flow add_message(udp_reader *reader) {
    const sp2__udp_message *message = &reader->message;
    sp2__flow flow;
    do {
        const uint32_t position = reader->message_position;
        const uint32_t rest = message->length - position;
        const uint32_t length = message->segment < rest ? message->segment : rest;
        flow = add_datagram(reader, message->data + position, length,
                            message->truncated && length == rest);
        reader->message_position = position + length;
    } while (flow == SP2__FLOW_ON && reader->message_position < message->length);
    return flow;
}

static sp2__flow add_batch(udp_reader *reader, sp2__flow flow) {
    const uint64_t packets = reader->base.stream->stats.packets;
    while (flow == SP2__FLOW_ON && reader->message_index < reader->message_count) {
        flow = add_message(reader);
        if (reader->message_position == reader->message.length) {
            reader->message_index++;
            if (reader->message_index < reader->message_count) {
                reader->message = sp2__udp_message_at(reader->batch, reader->message_index);
                reader->message_position = 0;
            }
        }
    }
    reader->base.batch_packets += reader->base.stream->stats.packets - packets;
    return flow;
}

/* A socket that could not be resumed does not call, so that it must be looked at. */
static sp2__turn after_batch(const udp_reader *reader) {
    return reader->receive_again || SP2__UNLIKELY(reader->socket_paused) ? SP2__TURN_MORE
                                                                         : SP2__TURN_WAIT;
}

static sp2__turn turn(sp2__reader *base) {
    udp_reader *reader = SP2__CONTAINER(base, udp_reader, base);
    sp2_receive_stream *stream = base->stream;
    if (SP2__UNLIKELY(reader->socket_paused)) {
        const int32_t error =
            sp2__event_loop_resume_socket(base->loop, reader->socket, &base->task);
        reader->socket_paused = error != 0;
        if (error != 0) {
            log_socket_error(reader, error, "wait for");
        }
    }
    if (reader->message_index == reader->message_count) {
        take_batch(reader);
        if (reader->message_count == 0) {
            return after_batch(reader);
        }
    }
    const sp2__flow flow = add_batch(reader, sp2__stream_enter(stream));
    if (flow == SP2__FLOW_ENDED || reader->message_index == reader->message_count) {
        sp2__stream_count_batches(stream, 1, base->batch_packets);
        base->batch_packets = 0;
    }
    sp2__stream_leave(stream);
    if (flow == SP2__FLOW_ON) {
        return after_batch(reader);
    }
    return flow == SP2__FLOW_FULL ? SP2__TURN_BLOCKED : SP2__TURN_END;
}

static void pause_reader(sp2__reader *base) {
    udp_reader *reader = SP2__CONTAINER(base, udp_reader, base);
    if (SP2__UNLIKELY(reader->socket_paused)) {
        return; /* it could not be resumed */
    }
    const int32_t error = sp2__event_loop_pause_socket(base->loop, reader->socket, &base->task);
    reader->socket_paused = error == 0;
    if (error != 0) {
        log_socket_error(reader, error, "pause");
    }
}

/* Datagrams of the batch that have not been handed over. */
static uint64_t count_left(const udp_reader *reader) {
    uint64_t left = 0;
    for (uint32_t i = reader->message_index; i < reader->message_count; i++) {
        const bool under_way = i == reader->message_index;
        const sp2__udp_message message =
            under_way ? reader->message : sp2__udp_message_at(reader->batch, i);
        const uint32_t rest = message.length - (under_way ? reader->message_position : 0);
        left += rest == 0 ? 1 : (rest + message.segment - 1) / message.segment;
    }
    return left;
}

static void close_reader(sp2__reader *base) {
    udp_reader *reader = SP2__CONTAINER(base, udp_reader, base);
    atomic_store_explicit(&base->unused, count_left(reader), memory_order_relaxed);
    sp2__event_loop_remove_socket(base->loop, reader->socket);
    sp2__udp_close(reader->socket, reader->batch);
}

static void close_copy(sp2__reader *base) {
    sp2__udp_close(SP2__CONTAINER(base, udp_reader, base)->socket, NULL);
}

static void count_drops(sp2__reader *base) {
    udp_reader *reader = SP2__CONTAINER(base, udp_reader, base);
    sp2__udp_count_drops(reader->socket, &reader->drops_seen, &base->dropped);
}

static void free_reader(sp2__reader *base) {
    udp_reader *reader = SP2__CONTAINER(base, udp_reader, base);
    sp2__udp_batch_free(reader->batch);
    sp2__free(reader);
}

static const sp2__reader_ops ops = {
    .turn = turn,
    .pause = pause_reader,
    .close = close_reader,
    .close_copy = close_copy,
    .count_drops = count_drops,
    .free = free_reader,
    .lossy = true,
};

/* Opens the socket and makes room for its messages. On failure nothing is left open. */
static int32_t open_source(udp_reader *reader, const sp2__udp_config *config, uint32_t *port) {
    sp2__logger *logger = &reader->base.stream->logger;
    bool joins;
    const int32_t status = sp2__udp_open(config, logger, &reader->socket, port, &joins);
    if (status != SP2_OK) {
        return status;
    }
    /* One byte more than a packet may have shows that a datagram was longer. */
    reader->batch = joins ? sp2__udp_batch_create(JOINED_MESSAGES_PER_BATCH, JOINED_MESSAGE_SIZE)
                          : sp2__udp_batch_create(MESSAGES_PER_BATCH, reader->max_size + 1);
    if (reader->batch == NULL) {
        sp2__udp_close(reader->socket, NULL);
        return sp2__fail_memory("the packets of a UDP reader");
    }
    /* What was dropped before does not concern the stream. */
    sp2__udp_count_drops(reader->socket, &reader->drops_seen, &reader->base.dropped);
    atomic_store_explicit(&reader->base.dropped, 0, memory_order_relaxed);
    return SP2_OK;
}

/* The reader of a stream that is held starts with its socket paused. */
static int32_t watch_source(udp_reader *reader) {
    reader->socket_paused = atomic_load(&reader->base.stream->held);
    const int32_t error = sp2__event_loop_add_socket(reader->base.loop, reader->socket,
                                                     &reader->base.task, reader->socket_paused);
    if (error != 0) {
        char text[128];
        sp2__udp_close(reader->socket, reader->batch);
        return sp2__fail(sp2__os_error_is_memory(error) ? SP2_E_NOMEM : SP2_E_OS, error,
                         "cannot wait for a UDP socket: %s",
                         sp2__os_error_text(error, text, sizeof(text)));
    }
    return SP2_OK;
}

/* The reader's life before it belongs to the stream; the socket calls only once it is watched. */
static int32_t start_reader(sp2_receive_stream *stream, const sp2__udp_config *config,
                            uint32_t max_size, uint32_t *port) {
    udp_reader *reader = sp2__calloc_array(1, sizeof(*reader));
    if (reader == NULL) {
        return sp2__fail_memory("a UDP reader");
    }
    sp2__reader_init(&reader->base, &ops, stream);
    reader->max_size = max_size;
    int32_t status = open_source(reader, config, port);
    if (status == SP2_OK) {
        status = watch_source(reader);
    }
    if (status != SP2_OK) {
        sp2__reader_fini(&reader->base);
        free_reader(&reader->base);
        return status;
    }
    sp2__stream_add_reader(stream, &reader->base);
    return SP2_OK;
}

int32_t sp2_receive_stream_add_udp_reader(sp2_receive_stream *stream, const sp2_udp_options *caller,
                                          uint32_t *port) {
    uint32_t bound = 0;
    if (port != NULL) {
        *port = 0;
    }
    if (stream == NULL || caller == NULL) {
        return sp2__fail_null("sp2_receive_stream_add_udp_reader",
                              stream == NULL ? "stream" : "options");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_add_udp_reader", "the stream");
    }
    sp2__udp_config config;
    uint32_t max_size;
    int32_t status = sp2__udp_options_read(caller, &config, &max_size);
    if (status == SP2_OK) {
        status = sp2__stream_check_open(stream, "sp2_receive_stream_add_udp_reader");
    }
    if (status != SP2_OK || sp2__stream_is_stopped(stream)) {
        return status;
    }
    status = start_reader(stream, &config, max_size, &bound);
    if (status == SP2_OK && port != NULL) {
        *port = bound;
    }
    return status;
}
