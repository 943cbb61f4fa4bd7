/* SPDX-License-Identifier: MIT */
/* Packets from a TCP connection. What one system call delivers is one batch. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/compiler.h"
#include "base/error.h"
#include "packet/splitter.h"
#include "receive/stream.h"
#include "runtime/event_loop.h"
#include "spead2core/tcp.h"
#include "transport/tcp_options.h"
#include "transport/tcp_socket.h"

#define NO_SOCKET ((intptr_t)-1)

/*
 * The buffer has room for so many packets of max_size, and at least these bytes, for fewer system
 * calls. A packet that is not complete is moved to the front when there is less room behind it than
 * it may need: at most one packet's bytes for two packets' bytes that have been used.
 */
#define PACKETS_IN_BUFFER 4
#define SMALLEST_BUFFER ((uint64_t)256 << 10)

typedef struct tcp_source {
    sp2_packet_source base;
    sp2__watch watch; /* with the socket that the source waits for, or NO_SOCKET */
    bool is_watched;  /* the loop knows the watch */
    bool reaccepts;
    bool has_ended; /* there is no connection any more, and will be none */
    sp2__tcp_progress progress;
    intptr_t listener; /* while a connection is received from, if the next one is to be accepted */
    char place[SP2_SOURCE_TEXT_SIZE + 32]; /* what is listened at or connected to, for messages */
    sp2__address peer;
    sp2__splitter splitter;
    uint8_t *buffer;
    uint64_t capacity;
    uint64_t start; /* the first byte that has not been used */
    uint64_t end;
    bool is_looked_through; /* what is in the buffer, as far as it goes */
    uint64_t position;      /* in the connection, of the first byte that has not been used */
} tcp_source;

/* ---- connections ---- */

/* Waits for another socket from now on. With the source's lock. */
static void take_socket(tcp_source *source, intptr_t socket, sp2__tcp_progress progress) {
    sp2_packet_source *base = &source->base;
    sp2__mutex_lock(&base->stats_lock);
    if (source->is_watched) {
        sp2__event_loop_remove(base->loop, &source->watch);
    }
    source->watch.socket = socket;
    source->is_watched = false;
    base->armed = false; /* which adds it to the loop */
    source->progress = progress;
    sp2__mutex_unlock(&base->stats_lock);
}

static void begin_connection(tcp_source *source) {
    sp2_packet_source *base = &source->base;
    sp2__ip_address peer;
    base->stats.connections++;
    source->splitter = (sp2__splitter){.max_size = source->splitter.max_size};
    source->position = 0;
    source->peer = (sp2__address){0};
    if (sp2__tcp_peer(source->watch.socket, &peer)) {
        source->peer = sp2__ip_address_read(&peer);
        sp2__ip_address_tell(&peer, base->stats.sender, sizeof(base->stats.sender),
                             &base->stats.sender_port);
    }
}

/* What is left in the buffer at the end of a connection: the start of a packet, or bytes that are
 * none. */
static void count_rest(const tcp_source *source, sp2_packet_source_stats *stats) {
    const uint64_t rest = source->end - source->start;
    if (source->splitter.lost) {
        stats->skipped_bytes += rest;
    } else {
        stats->unfinished_bytes += rest;
    }
}

static SP2__COLD void note_error(tcp_source *source, int32_t error, const char *what) {
    sp2_packet_source *base = &source->base;
    char text[128];
    base->stats.errors++;
    SP2__LOG(&base->stream->logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING, "%s %s: %s", what,
             source->place, sp2__os_error_text(error, text, sizeof(text)));
}

static sp2__answer end_source(tcp_source *source) {
    source->has_ended = true;
    return SP2__MORE;
}

/* The next connection is awaited, or there is none. */
static sp2__answer end_connection(tcp_source *source) {
    sp2_packet_source *base = &source->base;
    const uint64_t rest = source->end - source->start;
    count_rest(source, &base->stats);
    if (rest != 0) {
        SP2__LOG(&base->stream->logger, SP2__MESSAGE_SOCKET, SP2_LOG_INFO,
                 "the connection from %s ended within a packet, of which %" PRIu64
                 " bytes had come",
                 base->stats.sender, rest);
    }
    source->start = 0;
    source->end = 0;
    if (source->listener == NO_SOCKET) {
        return end_source(source);
    }
    const intptr_t connection = source->watch.socket;
    take_socket(source, source->listener, SP2__TCP_LISTENING);
    source->listener = NO_SOCKET;
    sp2__tcp_close(connection);
    return SP2__IDLE;
}

static sp2__answer accept_connection(tcp_source *source) {
    intptr_t connection;
    int32_t error = 0;
    const intptr_t listener = source->watch.socket;
    switch (sp2__tcp_accept(listener, &connection, &error)) {
    case SP2__TCP_DONE:
        break;
    case SP2__TCP_NOTHING:
        return SP2__IDLE;
    case SP2__TCP_HICCUP:
        note_error(source, error, "a connection failed before it was accepted at");
        return SP2__IDLE;
    case SP2__TCP_SHORTAGE:
        note_error(source, error, "cannot accept a connection at");
        return SP2__LATER;
    default:
        note_error(source, error, "no connection can be accepted any more at");
        return end_source(source);
    }
    take_socket(source, connection, SP2__TCP_CONNECTED);
    if (source->reaccepts) {
        source->listener = listener;
    } else {
        sp2__tcp_close(listener);
    }
    begin_connection(source);
    return SP2__IDLE;
}

static sp2__answer finish_connecting(tcp_source *source) {
    int32_t error = 0;
    switch (sp2__tcp_finish_connect(source->watch.socket, &error)) {
    case SP2__TCP_DONE:
        source->progress = SP2__TCP_CONNECTED;
        source->base.armed = false; /* it waits for something else from now on */
        begin_connection(source);
        return SP2__IDLE;
    case SP2__TCP_NOTHING:
        return SP2__IDLE;
    default:
        note_error(source, error, "cannot connect to");
        return end_source(source);
    }
}

/* Sees to it that the largest packet has room. */
static void make_room(tcp_source *source) {
    if (source->start == source->end) {
        source->start = 0;
        source->end = 0;
    } else if (source->capacity - source->end < source->splitter.max_size) {
        memmove(source->buffer, source->buffer + source->start,
                (size_t)(source->end - source->start));
        source->end -= source->start;
        source->start = 0;
    }
}

/* Takes what has arrived; if that is nothing, says what is to be done. */
static sp2__answer receive_bytes(tcp_source *source) {
    sp2_packet_source *base = &source->base;
    uint64_t received = 0;
    int32_t error = 0;
    make_room(source);
    const uint64_t room = sp2__min_u64(source->capacity - source->end, SP2__SLICE_BYTES);
    switch (sp2__tcp_receive(source->watch.socket, source->buffer + source->end, room, &received,
                             &error)) {
    case SP2__TCP_DONE:
        break;
    case SP2__TCP_NOTHING:
        return SP2__IDLE;
    case SP2__TCP_SHORTAGE:
        note_error(source, error, "cannot receive from");
        return SP2__LATER;
    default:
        note_error(source, error, "the connection failed of");
        return end_connection(source);
    }
    if (received == 0) {
        return end_connection(source);
    }
    source->end += received;
    source->is_looked_through = false;
    base->stats.messages++;
    base->stats.bytes += received;
    return SP2__MORE;
}

static sp2__answer take_batch(tcp_source *source) {
    switch (source->progress) {
    case SP2__TCP_LISTENING:
        return accept_connection(source);
    case SP2__TCP_CONNECTING:
        return finish_connecting(source);
    default:
        return receive_bytes(source);
    }
}

/* ---- packets ---- */

/* Uses one piece of what is in the buffer; false if nothing can be used before more bytes come. */
static bool use_piece(tcp_source *source, sp2__answer *answer) {
    sp2_packet_source *base = &source->base;
    sp2_receive_stream *stream = base->stream;
    const uint8_t *bytes = source->buffer + source->start;
    const sp2__piece piece =
        sp2__splitter_next(&source->splitter, bytes, source->end - source->start);
    switch (piece.kind) {
    case SP2__PIECE_UNKNOWN:
        return false;
    case SP2__PIECE_PACKET:
        *answer = sp2__stream_add_datagram(stream, bytes, piece.length);
        if (!sp2__answer_used(*answer)) {
            return true;
        }
        sp2__splitter_taken(&source->splitter);
        break;
    case SP2__PIECE_LOST:
        sp2__stream_add_lost(stream, bytes, piece.length, piece.fault, source->position);
        base->stats.skipped_bytes += piece.length;
        break;
    case SP2__PIECE_SKIPPED:
        base->stats.skipped_bytes += piece.length;
        break;
    case SP2__PIECE_TOO_LARGE:
        sp2__stream_add_truncated(stream, bytes, piece.length, source->splitter.max_size);
        break;
    case SP2__PIECE_REST:
        break;
    }
    source->start += piece.length;
    source->position += piece.length;
    return true;
}

static sp2__answer add_batch(tcp_source *source, sp2__answer answer) {
    sp2_packet_source *base = &source->base;
    const uint64_t packets = base->stream->stats.packets;
    if (sp2__stream_wants_senders(base->stream) && source->peer.length != 0) {
        sp2__assembler_set_sender(&base->stream->assembler, &source->peer);
    }
    while (answer == SP2__MORE && use_piece(source, &answer)) {
    }
    base->batch_packets += base->stream->stats.packets - packets;
    source->is_looked_through = answer == SP2__MORE;
    if (answer == SP2__MORE && source->has_ended) {
        sp2__stream_end_source(base->stream);
        answer = SP2__ENDED;
    }
    return answer;
}

static sp2__answer poll(sp2_packet_source *base) {
    tcp_source *source = SP2__CONTAINER(base, tcp_source, base);
    if (source->is_looked_through && !source->has_ended) {
        const sp2__answer taken = take_batch(source);
        if (taken != SP2__MORE) {
            return taken;
        }
    }
    const bool is_batch = !source->is_looked_through;
    const sp2__answer answer = add_batch(source, sp2__source_enter(base));
    if (is_batch && (answer == SP2__ENDED || source->is_looked_through)) {
        sp2__stream_count_batches(base->stream, 1, base->batch_packets);
        base->batch_packets = 0;
    }
    sp2__source_leave(base);
    return answer == SP2__MORE ? SP2__IDLE : answer;
}

static void tell_sender(sp2_packet_source *base, sp2__address *sender) {
    *sender = SP2__CONTAINER(base, tcp_source, base)->peer;
}

/* ---- the source ---- */

/* Has the loop wait for the socket, which it may not know yet. With the source's lock. Returns 0 or
 * an error number. */
static int32_t watch(tcp_source *source, uint32_t interest) {
    sp2__event_loop *loop = source->base.loop;
    if (source->is_watched) {
        return sp2__event_loop_change(loop, &source->watch, interest);
    }
    const int32_t error = sp2__event_loop_add(loop, &source->watch, interest);
    source->is_watched = error == 0;
    return error;
}

static int32_t arm(sp2_packet_source *base) {
    tcp_source *source = SP2__CONTAINER(base, tcp_source, base);
    return watch(source, source->progress == SP2__TCP_CONNECTING ? SP2__WRITABLE : SP2__READABLE);
}

static int32_t disarm(sp2_packet_source *base) {
    return watch(SP2__CONTAINER(base, tcp_source, base), SP2__SILENT);
}

static void close_source(sp2_packet_source *base) {
    tcp_source *source = SP2__CONTAINER(base, tcp_source, base);
    count_rest(source, &base->published);
    if (source->watch.socket != NO_SOCKET) {
        if (source->is_watched) {
            sp2__event_loop_remove(base->loop, &source->watch);
        }
        sp2__tcp_close(source->watch.socket);
    }
    if (source->listener != NO_SOCKET) {
        sp2__tcp_close(source->listener);
    }
}

static void close_copy(sp2_packet_source *base) {
    const tcp_source *source = SP2__CONTAINER(base, tcp_source, base);
    const intptr_t sockets[] = {source->watch.socket, source->listener};
    for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
        if (sockets[i] != NO_SOCKET) {
            sp2__tcp_close(sockets[i]);
        }
    }
}

static bool detach(sp2_packet_source *base) {
    tcp_source *source = SP2__CONTAINER(base, tcp_source, base);
    sp2__free(source->buffer);
    source->buffer = NULL;
    return true;
}

static void free_source(sp2_packet_source *base) {
    sp2__free(SP2__CONTAINER(base, tcp_source, base));
}

static const sp2__source_ops ops = {
    .poll = poll,
    .arm = arm,
    .disarm = disarm,
    .close = close_source,
    .close_copy = close_copy,
    .detach = detach,
    .free = free_source,
    .tell_sender = tell_sender,
    .piece = "TCP packet",
};

/* Opens the socket and makes room for what it brings. What is open when it fails, the source's end
 * closes. */
static int32_t open_source(tcp_source *source, const sp2__tcp_config *config) {
    sp2_packet_source *base = &source->base;
    const int32_t status =
        sp2__tcp_open(config, &base->stream->logger, &source->watch.socket, &source->progress);
    if (status != SP2_OK) {
        return status;
    }
    sp2__tcp_describe(source->watch.socket, &base->info);
    snprintf(source->place, sizeof(source->place), "TCP port %u of %.*s",
             (unsigned)(config->connect ? config->port : base->info.port), SP2_SOURCE_TEXT_SIZE - 1,
             config->host != NULL ? config->host : base->info.address);
    source->capacity = sp2__max_u64(PACKETS_IN_BUFFER * source->splitter.max_size, SMALLEST_BUFFER);
    source->buffer = sp2__alloc((size_t)source->capacity);
    if (source->buffer == NULL) {
        return sp2__fail_memory("the packets of a TCP source");
    }
    if (source->progress == SP2__TCP_CONNECTED) {
        begin_connection(source);
    }
    source->watch.task = &base->task;
    base->armed = sp2__flow_state_of(&base->stream->flow) != SP2__FLOW_UNSTARTED;
    const int32_t error = base->armed ? arm(base) : disarm(base);
    if (error != 0) {
        char text[128];
        return sp2__fail(sp2__os_error_is_memory(error) ? SP2_E_NOMEM : SP2_E_OS, error,
                         "cannot wait for a TCP socket: %s",
                         sp2__os_error_text(error, text, sizeof(text)));
    }
    return SP2_OK;
}

int32_t sp2_receive_stream_add_tcp_source(sp2_receive_stream *stream,
                                          const sp2_tcp_source_options *caller,
                                          sp2_packet_source **handle) {
    static const char function[] = "sp2_receive_stream_add_tcp_source";
    int32_t status = sp2__stream_check_call(stream, caller, handle, function);
    if (status != SP2_OK) {
        return status;
    }
    sp2__tcp_config config;
    sp2__tcp_settings settings;
    status = sp2__tcp_options_read(caller, &config, &settings);
    if (status == SP2_OK) {
        status = sp2__stream_check_open(stream, function);
    }
    if (status != SP2_OK) {
        return status;
    }
    tcp_source *source = sp2__calloc_array(1, sizeof(*source));
    if (source == NULL) {
        return sp2__fail_memory("a TCP source");
    }
    source->watch.socket = NO_SOCKET;
    source->listener = NO_SOCKET;
    source->splitter.max_size = settings.max_size;
    source->reaccepts = settings.reaccepts;
    source->is_looked_through = true;
    sp2__source_init(&source->base, &ops, SP2_SOURCE_TCP, stream);
    /* The loop may be told of the socket before all of this is done. */
    sp2__mutex_lock(&source->base.lock);
    if (!sp2__flow_is_closed(&stream->flow)) {
        status = open_source(source, &config);
    }
    sp2__mutex_unlock(&source->base.lock);
    if (status != SP2_OK) {
        sp2__source_close(&source->base);
        return status;
    }
    sp2__source_hand_out(&source->base, handle);
    sp2__stream_add_source(stream, &source->base);
    return SP2_OK;
}
