/* SPDX-License-Identifier: MIT */
/* Datagrams from a UDP socket. What one system call delivers is one batch. */
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/error.h"
#include "receive/stream.h"
#include "runtime/event_loop.h"
#include "spead2core/udp.h"
#include "transport/filtered.h"
#include "transport/udp_group.h"
#include "transport/udp_options.h"
#include "transport/udp_socket.h"

/* Messages taken by one system call. */
#define MESSAGES_PER_BATCH 64

/* The same where the kernel may join datagrams: each slot then takes 64 KiB, and all of them should
 * stay in the processor's second-level cache. */
#define JOINED_MESSAGES_PER_BATCH 16
#define JOINED_MESSAGE_SIZE 65536

/* Batches of which all senders are asked for once one was missed: some seconds of a fast stream. */
#define BATCHES_WITH_SENDERS 65536

/* A socket that reports so many errors in a row, and nothing else, is left alone for a while. */
#define MOST_FAILURES 16

typedef struct udp_source {
    sp2_packet_source base;
    sp2__watch watch; /* with the socket, or SP2__NO_SOCKET */
    uint32_t max_size;
    uint32_t failures;  /* receptions in a row that brought an error only */
    bool receive_again; /* the socket does not call for what it has now */
    bool is_watched;    /* the loop knows the watch */
    bool is_shut_down;  /* then it is readable forever, so that only changes count */
    uint32_t drops_seen;
    sp2__udp_batch *batch;
    uint32_t message_count;    /* messages of the batch under way */
    uint32_t message_index;    /* those that have been handed over */
    sp2__udp_message message;  /* the one under way */
    uint32_t message_position; /* bytes of it that have been handed over */
    bool tells_senders;        /* of all messages, to the stream */
    uint32_t sender_batches;   /* that are left of those whose senders are all asked for */
    sp2__udp_group group;      /* watched, if it has joined one */
    sp2__watch news;           /* of the group's interface */
    sp2__task news_task;
    intptr_t next_socket;    /* that is to be received from when the other one is empty */
    sp2__steering *steering; /* it is a member of, or NULL */
    sp2__filtered *filtered; /* the drops of a group that it shares by filters, or NULL */
} udp_source;

static uint32_t count_datagrams(const sp2__udp_message *message, uint32_t rest) {
    return rest == 0 ? 1 : (rest + message->segment - 1) / message->segment;
}

static void take_message(udp_source *source) {
    source->message = sp2__udp_message_at(source->batch, source->message_index);
    source->message_position = 0;
    source->base.stats.datagrams += count_datagrams(&source->message, source->message.length);
    source->base.stats.bytes += source->message.length;
}

/* Linux receives for a socket that was shut down as before, and so does this source. */
static SP2__COLD void note_shut_down(udp_source *source) {
    source->is_shut_down = true;
    source->base.armed = false; /* it must wait for something else from now on */
    SP2__LOG(&source->base.stream->logger, SP2__MESSAGE_SOCKET, SP2_LOG_INFO,
             "the socket of UDP port %u was shut down by its owner; it is received from as before",
             (unsigned)source->base.info.port);
}

static SP2__COLD void note_error(udp_source *source, int32_t error, bool ended) {
    char text[128];
    source->failures++;
    SP2__LOG(&source->base.stream->logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
             "%s UDP port %u: %s",
             ended ? "nothing can be received any more from" : "cannot receive from",
             (unsigned)source->base.info.port, sp2__os_error_text(error, text, sizeof(text)));
}

/* A socket that nothing is received from any more makes room for the one that has taken its place.
 * With the source's lock. */
static SP2__COLD void take_next_socket(udp_source *source) {
    sp2_packet_source *base = &source->base;
    sp2__mutex_lock(&base->stats_lock);
    if (source->filtered != NULL) {
        sp2__filtered_replace(source->filtered, base->steered->index, source->next_socket);
    } else {
        sp2__udp_count_drops(source->watch.socket, &source->drops_seen, &base->dropped);
    }
    if (source->is_watched) {
        sp2__event_loop_remove(base->loop, &source->watch);
    }
    sp2__udp_close(source->watch.socket, NULL);
    source->watch.socket = source->next_socket;
    source->next_socket = SP2__NO_SOCKET;
    source->drops_seen = 0;
    source->is_watched = false;
    source->is_shut_down = false;
    base->armed = false; /* which adds it to the loop */
    sp2__mutex_unlock(&base->stats_lock);
}

/* Somebody wants to know who sent the message under way. */
static SP2__COLD void tell_sender(sp2_packet_source *base, sp2__address *sender) {
    udp_source *source = SP2__CONTAINER(base, udp_source, base);
    if (base->steered != NULL && base->steered->is_stray) {
        return; /* it is not of this message */
    }
    if (source->message.sender != NULL) {
        *sender = sp2__ip_address_read(source->message.sender);
        return;
    }
    source->sender_batches = BATCHES_WITH_SENDERS;
}

/* Takes what has arrived; if that is nothing, says what is to be done. */
static sp2__answer take_batch(udp_source *source) {
    sp2_packet_source *base = &source->base;
    sp2__udp_reception reception;
    if (SP2__UNLIKELY(source->sender_batches != 0)) {
        source->sender_batches--;
        sp2__udp_batch_ask_senders(source->batch, source->sender_batches != 0);
    }
    if (SP2__UNLIKELY(source->filtered != NULL)) {
        sp2__filtered_begin(source->filtered, base->steered->index);
    }
    sp2__udp_receive(source->watch.socket, source->batch, &reception);
    if (SP2__UNLIKELY(source->filtered != NULL)) {
        sp2__filtered_end(source->filtered, base->steered->index, reception.count);
    }
    base->found_empty = reception.count == 0 && reception.error == 0 && !reception.again;
    source->message_index = 0;
    source->message_count = reception.count;
    source->receive_again = reception.again;
    base->slice_packets += reception.count;
    base->stats.messages += reception.count;
    base->stats.errors += reception.queued_errors + (reception.error != 0);
    if (SP2__UNLIKELY(reception.error != 0)) {
        note_error(source, reception.error, reception.ended);
    } else {
        source->failures = 0;
    }
    if (SP2__UNLIKELY(reception.shut_down && !source->is_shut_down)) {
        note_shut_down(source);
    }
    if (SP2__LIKELY(reception.count != 0)) {
        sp2__udp_tell_sender(source->batch, &base->stats);
        take_message(source);
        return SP2__MORE;
    }
    if (SP2__UNLIKELY(source->next_socket != SP2__NO_SOCKET) && !reception.again &&
        reception.error == 0) {
        take_next_socket(source);
        return SP2__MORE;
    }
    return reception.ended                                ? SP2__ENDED
           : source->failures >= MOST_FAILURES            ? SP2__LATER
           : reception.again                              ? SP2__MORE
           : reception.error != 0 && source->is_shut_down ? SP2__MORE
                                                          : SP2__IDLE;
}

static sp2__answer add_datagram(udp_source *source, const uint8_t *data, uint32_t length,
                                bool truncated) {
    sp2_receive_stream *stream = source->base.stream;
    if (SP2__UNLIKELY(truncated || length > source->max_size)) {
        sp2__stream_add_truncated(stream, data, length, source->max_size);
        return SP2__MORE;
    }
    return sp2__stream_add_datagram(stream, data, length);
}

/* Hands over the message under way from where it was left. */
static sp2__answer add_message(udp_source *source) {
    const sp2__udp_message *message = &source->message;
    sp2__answer answer;
    do {
        const uint32_t position = source->message_position;
        const uint32_t rest = message->length - position;
        const uint32_t length = message->segment < rest ? message->segment : rest;
        answer = add_datagram(source, message->data + position, length,
                              message->truncated && length == rest);
        if (sp2__answer_used(answer)) {
            source->message_position = position + length;
        }
    } while (answer == SP2__MORE && source->message_position < message->length);
    return answer;
}

static SP2__COLD void set_sender(udp_source *source) {
    const sp2__address sender = sp2__ip_address_read(source->message.sender);
    sp2__assembler_set_sender(&source->base.stream->assembler, &sender);
}

static sp2__answer add_batch(udp_source *source, sp2__answer answer) {
    const uint64_t packets = source->base.stream->stats.packets;
    while (answer == SP2__MORE && source->message_index < source->message_count) {
        if (SP2__UNLIKELY(source->tells_senders)) {
            set_sender(source);
        }
        answer = add_message(source);
        if (source->message_position == source->message.length) {
            source->message_index++;
            if (source->message_index < source->message_count) {
                take_message(source);
            }
        }
    }
    source->base.batch_packets += source->base.stream->stats.packets - packets;
    return answer;
}

/* After a batch: a socket that only tells of changes must be looked at until it has nothing, and so
 * must one that another has taken the place of. */
static sp2__answer after_batch(const udp_source *source) {
    const bool go_on =
        source->receive_again || source->is_shut_down || source->next_socket != SP2__NO_SOCKET;
    return SP2__UNLIKELY(go_on) ? SP2__MORE : SP2__IDLE;
}

/* A member of those that share a port without a socket of its own. */
static SP2__COLD sp2__answer have_nothing(sp2_packet_source *base) {
    base->found_empty = true;
    return SP2__IDLE;
}

static sp2__answer poll(sp2_packet_source *base) {
    udp_source *source = SP2__CONTAINER(base, udp_source, base);
    if (SP2__UNLIKELY(source->watch.socket == SP2__NO_SOCKET)) {
        return have_nothing(base);
    }
    if (source->message_index == source->message_count) {
        if (base->slice_packets != 0) {
            return after_batch(source); /* the slice had its batch */
        }
        const sp2__answer taken = take_batch(source);
        if (source->message_count == 0) {
            return taken;
        }
    }
    const sp2__answer answer = add_batch(source, sp2__source_enter(base));
    if (answer == SP2__ENDED || source->message_index == source->message_count) {
        sp2__stream_count_batches(base->stream, 1, base->batch_packets);
        base->batch_packets = 0;
    }
    sp2__source_leave(base);
    return answer == SP2__MORE ? after_batch(source) : answer;
}

/* Moves the message under way from where it was left; false if there is no room. */
static bool move_message(udp_source *source) {
    const sp2__udp_message *message = &source->message;
    const sp2__address sender =
        source->tells_senders ? sp2__ip_address_read(message->sender) : (sp2__address){0};
    do {
        const uint32_t position = source->message_position;
        const uint32_t rest = message->length - position;
        const uint32_t length = message->segment < rest ? message->segment : rest;
        const bool truncated = (message->truncated && length == rest) || length > source->max_size;
        if (!sp2__steered_move(&source->base, message->data + position, length, truncated,
                               &sender)) {
            return false;
        }
        source->message_position = position + length;
    } while (source->message_position < message->length);
    return true;
}

static SP2__COLD bool move(sp2_packet_source *base) {
    udp_source *source = SP2__CONTAINER(base, udp_source, base);
    if (source->watch.socket == SP2__NO_SOCKET) {
        return true;
    }
    do {
        while (source->message_index < source->message_count) {
            if (!move_message(source)) {
                return false;
            }
            source->message_index++;
            if (source->message_index < source->message_count) {
                take_message(source);
            }
        }
        take_batch(source);
    } while (source->message_count != 0);
    return base->found_empty;
}

/* Has the loop wait for the socket, which it may not know yet. With the source's lock. Returns 0 or
 * an error number. */
static int32_t watch(udp_source *source, uint32_t interest) {
    sp2__event_loop *loop = source->base.loop;
    if (SP2__UNLIKELY(source->watch.socket == SP2__NO_SOCKET)) {
        return 0;
    }
    if (source->is_watched) {
        return sp2__event_loop_change(loop, &source->watch, interest);
    }
    const int32_t error = sp2__event_loop_add(loop, &source->watch, interest);
    source->is_watched = error == 0;
    return error;
}

static int32_t arm(sp2_packet_source *base) {
    udp_source *source = SP2__CONTAINER(base, udp_source, base);
    return watch(source, SP2__READABLE | (source->is_shut_down ? SP2__EDGE : 0u));
}

static int32_t disarm(sp2_packet_source *base) {
    return watch(SP2__CONTAINER(base, udp_source, base), SP2__SILENT);
}

/* Something has happened to interfaces. With the source's lock. */
static void look_at_group(udp_source *source) {
    sp2_packet_source *base = &source->base;
    sp2__logger *logger = &base->stream->logger;
    sp2__udp_group *group = &source->group;
    sp2__udp_group_news news;
    sp2__udp_group_look(group, &news);
    if (news.gone) {
        SP2__LOG(logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
                 "the interface %s of the multicast group %s is gone: nothing is received from it "
                 "until it is back",
                 group->name, base->info.group);
    }
    if (news.error != 0) {
        char text[128];
        SP2__LOG(logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
                 "cannot join the multicast group %s again on the interface %s: %s",
                 base->info.group, group->name, sp2__os_error_text(news.error, text, sizeof(text)));
    }
    if (news.back) {
        base->stats.rejoins++;
        sp2__source_publish(base);
        SP2__LOG(logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
                 "joined the multicast group %s again: its interface %s is back", base->info.group,
                 group->name);
    }
    if (news.socket != SP2__NO_SOCKET) {
        if (source->next_socket != SP2__NO_SOCKET) {
            sp2__udp_close(source->next_socket, NULL);
        }
        source->next_socket = news.socket;
        sp2__event_loop_post(base->loop, &base->task);
    }
}

static void run_news(sp2__task *task) {
    udp_source *source = SP2__CONTAINER(task, udp_source, news_task);
    sp2__mutex_lock(&source->base.lock);
    if (!source->base.closed) {
        look_at_group(source);
    }
    sp2__mutex_unlock(&source->base.lock);
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

static void stop_watching_group(udp_source *source) {
    if (source->group.news != SP2__NO_SOCKET) {
        sp2__event_loop_remove(source->base.loop, &source->news);
    }
    sp2__udp_group_close(&source->group);
    if (source->next_socket != SP2__NO_SOCKET) {
        sp2__udp_close(source->next_socket, NULL);
        source->next_socket = SP2__NO_SOCKET;
    }
}

static void close_source(sp2_packet_source *base) {
    udp_source *source = SP2__CONTAINER(base, udp_source, base);
    uint64_t left = count_left(source);
    if (SP2__UNLIKELY(base->steered != NULL)) {
        left += sp2__steered_close(base);
    }
    if (SP2__UNLIKELY(source->filtered != NULL)) {
        sp2__filtered_close(source->filtered);
    }
    atomic_fetch_add_explicit(&base->unused, left, memory_order_relaxed);
    if (source->watch.socket != SP2__NO_SOCKET) {
        if (source->is_watched) {
            sp2__event_loop_remove(base->loop, &source->watch);
        }
        stop_watching_group(source);
        sp2__udp_close(source->watch.socket, source->batch);
    }
}

static void close_copy(sp2_packet_source *base) {
    udp_source *source = SP2__CONTAINER(base, udp_source, base);
    const intptr_t sockets[] = {source->watch.socket, source->next_socket, source->group.news};
    for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
        if (sockets[i] != SP2__NO_SOCKET) {
            sp2__udp_close(sockets[i], NULL);
        }
    }
}

static void count_drops(sp2_packet_source *base) {
    udp_source *source = SP2__CONTAINER(base, udp_source, base);
    if (SP2__UNLIKELY(source->filtered != NULL)) {
        if (base->steered->index == 0) {
            atomic_store_explicit(&base->dropped, sp2__filtered_count(source->filtered),
                                  memory_order_relaxed);
        }
    } else if (source->watch.socket != SP2__NO_SOCKET) {
        sp2__udp_count_drops(source->watch.socket, &source->drops_seen, &base->dropped);
    }
}

static bool detach(sp2_packet_source *base) {
    udp_source *source = SP2__CONTAINER(base, udp_source, base);
    if (!sp2__udp_batch_try_free(source->batch)) {
        return false;
    }
    source->batch = NULL;
    return true;
}

static void free_source(sp2_packet_source *base) {
    udp_source *source = SP2__CONTAINER(base, udp_source, base);
    if (source->steering != NULL) {
        sp2__steering_release(source->steering);
    }
    if (source->filtered != NULL) {
        sp2__filtered_release(source->filtered);
    }
    sp2__free(source);
}

static const sp2__source_ops ops = {
    .poll = poll,
    .arm = arm,
    .disarm = disarm,
    .close = close_source,
    .close_copy = close_copy,
    .count_drops = count_drops,
    .detach = detach,
    .free = free_source,
    .tell_sender = tell_sender,
    .move = move,
    .lossy = true,
};

/* Without it a group is received all the same, until its interface is deleted. */
static void watch_group(udp_source *source, const sp2__udp_config *config,
                        sp2__udp_opened *opened) {
    sp2_packet_source *base = &source->base;
    if (!opened->group.multicast) {
        sp2__udp_address_free(&opened->group);
        return;
    }
    sp2__udp_group *group = &source->group;
    int32_t error = sp2__udp_group_watch(group, config, opened, base->loop, &source->news_task);
    if (error == 0 && group->news != SP2__NO_SOCKET) {
        source->news = (sp2__watch){.task = &source->news_task, .socket = group->news};
        error = sp2__event_loop_add(base->loop, &source->news, SP2__READABLE);
        if (error != 0) {
            sp2__udp_group_close(group);
        } else if (group->away) {
            sp2__event_loop_post(base->loop, &source->news_task);
        }
    }
    if (error != 0) {
        char text[128];
        SP2__LOG(&base->stream->logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
                 "cannot watch the interface of the multicast group %s: %s; if it is deleted and "
                 "made again, the group is not joined again",
                 base->info.group, sp2__os_error_text(error, text, sizeof(text)));
    }
}

/* Opens the socket and makes room for its messages. What is open when it fails, the source's end
 * closes. */
static int32_t open_source(udp_source *source, const sp2__udp_config *config,
                           sp2__filtered *filtered, bool *shares) {
    sp2_packet_source *base = &source->base;
    sp2__udp_opened opened;
    const int32_t status = sp2__udp_open(config, &base->stream->logger, &opened);
    if (status != SP2_OK) {
        return status;
    }
    *shares = opened.shares;
    source->watch.socket = opened.socket;
    base->info.port = opened.port;
    sp2__udp_describe(opened.socket, &base->info);
    memcpy(base->info.interface_name, opened.group.interface_name,
           sizeof(base->info.interface_name));
    if (opened.group.members != 0) {
        source->filtered = filtered;
        sp2__filtered_open(filtered, config->member, opened.socket);
    }
    watch_group(source, config, &opened);
    /* One byte more than a packet may have shows that a datagram was longer. */
    source->batch = opened.joins
                        ? sp2__udp_batch_create(JOINED_MESSAGES_PER_BATCH, JOINED_MESSAGE_SIZE)
                        : sp2__udp_batch_create(MESSAGES_PER_BATCH, source->max_size + 1);
    if (source->batch == NULL) {
        return sp2__fail_memory("the packets of a UDP source");
    }
    sp2__udp_batch_ask_senders(source->batch, source->tells_senders);
    if (base->steered != NULL) {
        base->steered->buffered = opened.buffer_size;
    }
    /* What was dropped before does not concern the stream. */
    sp2__udp_count_drops(source->watch.socket, &source->drops_seen, &base->dropped);
    atomic_store_explicit(&base->dropped, 0, memory_order_relaxed);
    return SP2_OK;
}

/* The loop knows the socket from now on; one of a stream that has not started is silent. */
static int32_t watch_source(udp_source *source) {
    sp2_packet_source *base = &source->base;
    source->watch.task = &base->task;
    base->armed = sp2__flow_state_of(&base->stream->flow) != SP2__FLOW_UNSTARTED;
    const int32_t error = watch(source, base->armed ? SP2__READABLE : SP2__SILENT);
    if (error != 0) {
        char text[128];
        return sp2__fail(sp2__os_error_is_memory(error) ? SP2_E_NOMEM : SP2_E_OS, error,
                         "cannot wait for a UDP socket: %s",
                         sp2__os_error_text(error, text, sizeof(text)));
    }
    return SP2_OK;
}

static udp_source *make_source(sp2_receive_stream *stream, const sp2__dialect *dialect,
                               uint32_t max_size) {
    udp_source *source = sp2__calloc_array(1, sizeof(*source));
    if (source == NULL) {
        return NULL;
    }
    source->watch.socket = SP2__NO_SOCKET;
    source->next_socket = SP2__NO_SOCKET;
    source->group.news = SP2__NO_SOCKET;
    source->news_task.run = run_news;
    source->max_size = max_size;
    source->tells_senders = sp2__stream_wants_senders(stream);
    source->base.dialect = *dialect;
    sp2__source_init(&source->base, &ops, SP2_SOURCE_UDP, stream);
    return source;
}

/* The loop may be told of the socket, or of its interface, before all of this is done. */
static int32_t open_locked(udp_source *source, const sp2__udp_config *config,
                           sp2__filtered *filtered, bool *shares) {
    int32_t status = SP2_OK;
    sp2__mutex_lock(&source->base.lock);
    if (!sp2__flow_is_closed(&source->base.stream->flow)) {
        status = open_source(source, config, filtered, shares);
        if (status == SP2_OK) {
            status = watch_source(source);
        }
    }
    sp2__mutex_unlock(&source->base.lock);
    return status;
}

int32_t sp2_receive_stream_add_udp_source(sp2_receive_stream *stream,
                                          const sp2_udp_source_options *caller,
                                          sp2_packet_source **handle) {
    static const char function[] = "sp2_receive_stream_add_udp_source";
    int32_t status = sp2__stream_check_call(stream, caller, handle, function);
    if (status != SP2_OK) {
        return status;
    }
    sp2__udp_config config;
    sp2__dialect dialect;
    uint32_t max_size;
    status = sp2__udp_options_read(caller, &config, &dialect, &max_size);
    if (status == SP2_OK) {
        status = sp2__stream_check_open(stream, function);
    }
    if (status != SP2_OK) {
        return status;
    }
    udp_source *source = make_source(stream, &dialect, max_size);
    if (source == NULL) {
        return sp2__fail_memory("a UDP source");
    }
    bool shares;
    status = open_locked(source, &config, NULL, &shares);
    if (status != SP2_OK) {
        sp2__source_close(&source->base);
        return status;
    }
    sp2__source_hand_out(&source->base, handle);
    sp2__stream_add_source(stream, &source->base);
    return SP2_OK;
}

/* ---- several streams ---- */

static int32_t check_stream(sp2_receive_stream *const *streams, uint32_t count, uint32_t index,
                            const sp2_udp_source_options *caller, const char *function) {
    int32_t status = sp2__stream_check_call(streams[index], caller, NULL, function);
    if (status == SP2_OK) {
        status = sp2__stream_check_open(streams[index], function);
    }
    if (status == SP2_OK && count > 1 && streams[index]->flags & SP2_RECEIVE_IN_ORDER) {
        return sp2__fail(
            SP2_E_ARG, 0,
            "%s: streams[%u] was made with SP2_RECEIVE_IN_ORDER, but packets that come "
            "by different sockets have no order",
            function, (unsigned)index);
    }
    for (uint32_t i = 0; i < index && status == SP2_OK; i++) {
        if (streams[i] == streams[index]) {
            return sp2__fail(SP2_E_ARG, 0, "%s: streams[%u] and streams[%u] are the same stream",
                             function, (unsigned)i, (unsigned)index);
        }
    }
    return status;
}

static int32_t check_streams(sp2_receive_stream *const *streams, uint32_t count,
                             const sp2_udp_source_options *caller, const char *function) {
    if (streams == NULL) {
        return sp2__fail_null(function, "streams");
    }
    if (count == 0 || count > SP2_UDP_MAX_STREAMS) {
        return sp2__fail(SP2_E_ARG, 0, "%s: count is %u, but it must be from 1 to %d", function,
                         (unsigned)count, SP2_UDP_MAX_STREAMS);
    }
    int32_t status = SP2_OK;
    for (uint32_t i = 0; i < count && status == SP2_OK; i++) {
        status = check_stream(streams, count, i, caller, function);
    }
    return status;
}

/* Opens the sockets: the first one decides whether the other members get any. */
static int32_t open_members(udp_source *const *sources, uint32_t count, sp2__udp_config *config,
                            sp2__filtered *filtered) {
    bool shares = true;
    config->members = count;
    for (uint32_t i = 0; i < count && shares; i++) {
        config->member = i;
        const int32_t status = open_locked(sources[i], config, filtered, &shares);
        if (status != SP2_OK) {
            return status;
        }
        if (config->port == 0) {
            config->port = sources[i]->base.info.port;
        }
    }
    if (sources[0]->filtered != NULL) {
        sp2__filtered_count(filtered); /* which begins */
    } else if (shares) {
        sp2__udp_steer(sources[0]->watch.socket, count);
    }
    return SP2_OK;
}

/* Makes a source for each stream, closed if it fails. */
static int32_t make_members(sp2_receive_stream *const *streams, uint32_t count,
                            const sp2__dialect *dialect, uint32_t max_size, udp_source **sources) {
    sp2__steering *steering = sp2__steering_create(count);
    bool complete = steering != NULL;
    for (uint32_t i = 0; i < count && steering != NULL; i++) {
        sources[i] = make_source(streams[i], dialect, max_size);
        if (sources[i] == NULL) {
            complete = false;
            sp2__steering_release(steering);
        } else {
            sources[i]->steering = steering;
            sp2__steering_join(steering, i, &sources[i]->base, max_size);
        }
    }
    return complete ? SP2_OK : sp2__fail_memory("UDP sources that share a port");
}

static int32_t add_members(sp2_receive_stream *const *streams, uint32_t count,
                           sp2__udp_config *config, const sp2__dialect *dialect, uint32_t max_size,
                           udp_source **sources) {
    sp2__filtered *filtered = sp2__filtered_create(count);
    if (filtered == NULL) {
        return sp2__fail_memory("UDP sources that share a port");
    }
    int32_t status = make_members(streams, count, dialect, max_size, sources);
    if (status == SP2_OK) {
        status = open_members(sources, count, config, filtered);
    }
    sp2__filtered_release(filtered);
    return status;
}

int32_t sp2_receive_streams_add_udp_source(sp2_receive_stream *const *streams, uint32_t count,
                                           const sp2_udp_source_options *caller,
                                           sp2_packet_source **handles) {
    static const char function[] = "sp2_receive_streams_add_udp_source";
    sp2__udp_config config;
    sp2__dialect dialect;
    uint32_t max_size;
    int32_t status = check_streams(streams, count, caller, function);
    for (uint32_t i = 0; handles != NULL && i < count && i < SP2_UDP_MAX_STREAMS; i++) {
        handles[i] = NULL;
    }
    if (status == SP2_OK && count == 1) {
        return sp2_receive_stream_add_udp_source(streams[0], caller, handles);
    }
    if (status == SP2_OK) {
        status = sp2__udp_options_read(caller, &config, &dialect, &max_size);
    }
    if (status != SP2_OK) {
        return status;
    }
    udp_source *sources[SP2_UDP_MAX_STREAMS] = {NULL};
    status = add_members(streams, count, &config, &dialect, max_size, sources);
    for (uint32_t i = 0; i < count; i++) {
        if (status == SP2_OK) {
            sp2__source_hand_out(&sources[i]->base, handles != NULL ? &handles[i] : NULL);
            sp2__stream_add_source(streams[i], &sources[i]->base);
        } else if (sources[i] != NULL) {
            sp2__source_close(&sources[i]->base);
        }
    }
    return status;
}
