/* SPDX-License-Identifier: MIT */
/* The slices of a source, and its end. */
#include "receive/source.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/process.h"
#include "base/sized.h"
#include "receive/stream.h"
#include "runtime/thread_pool.h"

/* A source that can do nothing now, and whom nobody will call, looks again after this time. */
#define LATER_NS (10 * SP2__NS_PER_MS)

void sp2__source_publish(sp2_packet_source *source) {
    sp2__mutex_lock(&source->stats_lock);
    source->published = source->stats;
    sp2__mutex_unlock(&source->stats_lock);
}

static SP2__COLD void log_failure(sp2_packet_source *source, int32_t error, const char *what) {
    char text[128];
    SP2__LOG(&source->stream->logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
             "cannot %s a socket: %s", what, sp2__os_error_text(error, text, sizeof(text)));
}

static void look_later(sp2_packet_source *source) {
    sp2__event_loop_set_timer(source->loop, &source->timer, &source->task,
                              sp2__clock_ns() + LATER_NS);
}

/* A source that cannot be armed would be deaf: it looks by itself. */
static void arm(sp2_packet_source *source) {
    if (!source->armed) {
        const int32_t error = source->ops->arm(source);
        source->armed = error == 0;
        if (SP2__UNLIKELY(error != 0)) {
            log_failure(source, error, "wait for");
            look_later(source);
        }
    }
}

static void disarm(sp2_packet_source *source) {
    if (source->armed) {
        const int32_t error = source->ops->disarm(source);
        source->armed = error != 0;
        if (SP2__UNLIKELY(error != 0)) {
            log_failure(source, error, "pause");
        }
    }
}

/* Moves heaps on that wait for room. */
static void settle(sp2_receive_stream *stream) {
    sp2__mutex_lock(&stream->lock);
    sp2__stream_settle(stream);
    sp2__stream_publish(stream);
    sp2__stream_unlock(stream);
}

/* When a parked source has to look again by itself, as of now; 0: never. Under the stream's lock.
 */
static uint64_t when_to_look(sp2_receive_stream *stream) {
    sp2__sink *sink = stream->sink;
    const uint64_t long_at = sp2__pause_check(stream);
    const uint64_t sink_at = sink->ops->look_at != NULL ? sink->ops->look_at(sink) : 0;
    return long_at == 0 || (sink_at != 0 && sink_at < long_at) ? sink_at : long_at;
}

/* Whether the source has to wait until the state is running again, or has been closed. With its
 * lock. Who found the sink full sees to it that the consumer is asked for room, closed or not. */
static bool park(sp2_packet_source *source) {
    sp2_receive_stream *stream = source->stream;
    sp2__mutex_lock(&stream->lock);
    sp2__stream_settle(stream);
    /* It may be parked already: an error of its socket makes it look once more. */
    const bool was_parked = source->is_parked;
    const bool parked = !source->closed && sp2__flow_park(&stream->flow, source);
    const uint64_t look_at = parked ? when_to_look(stream) : 0;
    sp2__stream_publish(stream);
    sp2__stream_unlock(stream);
    if (look_at != 0 && (!source->timer.set || source->timer.deadline_ns > look_at)) {
        sp2__event_loop_set_timer(source->loop, &source->timer, &source->task, look_at);
    }
    if (parked) {
        source->stats.blocked +=
            !was_parked && sp2__flow_state_of(&stream->flow) == SP2__FLOW_BLOCKED;
        disarm(source);
    }
    return parked || source->closed;
}

/* Hands packets over as long as it may. With the source's lock. `has_room`: a stream that is
 * blocked goes on, if the sink still has room when the source enters it. */
static sp2__answer poll(sp2_packet_source *source, bool has_room) {
    sp2__flow *flow = &source->stream->flow;
    const sp2__answer state = sp2__flow_answer(flow);
    if (state != SP2__MORE && !(has_room && state == SP2__BLOCKED)) {
        return state;
    }
    const uint64_t yields = atomic_load(&flow->yields);
    const sp2__answer answer = SP2__UNLIKELY(source->steered != NULL) ? sp2__steered_poll(source)
                                                                      : source->ops->poll(source);
    if (SP2__UNLIKELY(atomic_load_explicit(&flow->yielding_count, memory_order_relaxed) != 0) &&
        answer != SP2__BLOCKED) {
        sp2__mutex_lock(&source->stream->lock);
        sp2__flow_slice_done(flow, source, yields);
        sp2__mutex_unlock(&source->stream->lock);
    }
    /* It had nothing to enter the stream with. */
    if (has_room && answer != SP2__BLOCKED && sp2__flow_state_of(flow) == SP2__FLOW_BLOCKED) {
        settle(source->stream);
    }
    return answer;
}

/* Does what a slice's answer asks for. With the source's lock. */
static void act_on(sp2_packet_source *source, sp2__answer answer) {
    if (answer == SP2__MORE || answer == SP2__YIELD) {
        sp2__event_loop_post(source->loop, &source->task);
    } else if (answer == SP2__IDLE) {
        arm(source);
    } else if (answer == SP2__LATER) {
        disarm(source);
        look_later(source);
    } else if (answer == SP2__PARKED || answer == SP2__ENDED) {
        disarm(source);
    }
}

/* The sink is full, or the stream has not started. True if the source can go on: then with its
 * lock. */
static bool get_over_block(sp2_packet_source *source, bool *has_room) {
    sp2__sink *sink = source->stream->sink;
    *has_room = false;
    if (sp2__flow_state_of(&source->stream->flow) == SP2__FLOW_BLOCKED) {
        sp2__mutex_unlock(&source->lock);
        *has_room = sink->ops->wait_for_room(sink);
        sp2__mutex_lock(&source->lock);
    }
    return (*has_room && !source->closed) || !park(source);
}

/* One slice: posted, or because something has happened to the source's socket. */
static void run(sp2__task *task) {
    sp2_packet_source *source = SP2__CONTAINER(task, sp2_packet_source, task);
    sp2_receive_stream *stream = source->stream;
    sp2__mutex_lock(&source->lock);
    source->slice_packets = 0;
    source->slice_bytes = 0;
    if (!source->closed) {
        source->stats.slices++;
        bool has_room = false;
        sp2__answer answer;
        do {
            answer = poll(source, has_room);
        } while (answer == SP2__BLOCKED && get_over_block(source, &has_room));
        if (!source->closed) {
            act_on(source, answer);
            if (SP2__UNLIKELY(source->steered != NULL) && answer == SP2__BLOCKED) {
                sp2__steered_look_aside(source);
            }
            sp2__source_publish(source);
        }
    }
    sp2__mutex_unlock(&source->lock);
    stream->sink->ops->serve(stream->sink);
    if (SP2__UNLIKELY(sp2__flow_is_closed(&stream->flow))) {
        sp2__stream_close_sources(stream);
    }
}

/* After this task nothing on the loop knows the source any more. */
static void retire(sp2__task *task) {
    sp2_packet_source *source = SP2__CONTAINER(task, sp2_packet_source, retire);
    sp2_receive_stream *stream = source->stream;
    sp2__event_loop_cancel_timer(source->loop, &source->timer);
    if (source->ops->detach != NULL && !source->ops->detach(source)) {
        sp2__event_loop_post(source->loop, task);
        return;
    }
    sp2__thread_pool_unassign(stream->pool, source->loop_index);
    sp2__source_release(source);
    sp2__stream_detached(stream);
}

void sp2__source_init(sp2_packet_source *source, const sp2__source_ops *ops, uint32_t kind,
                      sp2_receive_stream *stream) {
    source->ops = ops;
    source->stream = stream;
    source->process = stream->process;
    source->references = 1;
    source->info.kind = kind;
    source->loop = sp2__thread_pool_assign(stream->pool, &source->loop_index);
    source->task.run = run;
    source->retire.run = retire;
    sp2__mutex_init(&source->lock);
    sp2__mutex_init(&source->stats_lock);
    sp2__stream_attached(stream);
}

void sp2__source_release(sp2_packet_source *source) {
    if (atomic_fetch_sub(&source->references, 1) == 1) {
        sp2__mutex_destroy(&source->stats_lock);
        sp2__mutex_destroy(&source->lock);
        source->ops->free(source);
    }
}

void sp2__source_hand_out(sp2_packet_source *source, sp2_packet_source **handle) {
    if (handle != NULL) {
        atomic_fetch_add(&source->references, 1);
        *handle = source;
    }
}

/* Everything that touches the stream happens under its lock: a thread that finds the source
 * closed may free the stream. */
static void close_as(sp2_packet_source *source, bool removed) {
    /* The loop may give up the last reference before the lock is released. */
    atomic_fetch_add(&source->references, 1);
    sp2__mutex_lock(&source->lock);
    if (!source->closed) {
        sp2__source_count_drops(source);
        sp2__mutex_lock(&source->stats_lock);
        source->closed = true;
        source->removed = removed;
        source->published = source->stats;
        if (source->ops->close != NULL) {
            source->ops->close(source);
        }
        sp2__mutex_unlock(&source->stats_lock);
        sp2__stream_unlist(source->stream, source);
        sp2__event_loop_post(source->loop, &source->retire);
    }
    sp2__mutex_unlock(&source->lock);
    sp2__source_release(source);
}

void sp2__source_close(sp2_packet_source *source) {
    close_as(source, false);
}

void sp2__source_count_drops(sp2_packet_source *source) {
    sp2__mutex_lock(&source->stats_lock);
    if (!source->closed && source->ops->count_drops != NULL) {
        source->ops->count_drops(source);
    }
    sp2__mutex_unlock(&source->stats_lock);
}

int32_t sp2_packet_source_remove(sp2_packet_source *source) {
    if (source == NULL) {
        return sp2__fail_null("sp2_packet_source_remove", "source");
    }
    if (sp2__is_inherited(source->process)) {
        return SP2_OK;
    }
    close_as(source, true);
    return SP2_OK;
}

void sp2_packet_source_release(sp2_packet_source *source) {
    if (source != NULL && !sp2__is_inherited(source->process)) {
        sp2__source_release(source);
    }
}

/* With the statistics lock: the stream exists as long as the source is open. */
static sp2_source_state state_of(const sp2_packet_source *source) {
    if (source->closed) {
        return source->removed ? SP2_SOURCE_REMOVED : SP2_SOURCE_ENDED;
    }
    switch (sp2__flow_state_of(&source->stream->flow)) {
    case SP2__FLOW_UNSTARTED:
        return SP2_SOURCE_UNSTARTED;
    case SP2__FLOW_RUNNING:
        return SP2_SOURCE_RUNNING;
    case SP2__FLOW_BLOCKED:
        return SP2_SOURCE_BLOCKED;
    default:
        return SP2_SOURCE_ENDED;
    }
}

int32_t sp2_packet_source_get_info(sp2_packet_source *source, sp2_packet_source_info *info) {
    if (source == NULL || info == NULL) {
        return sp2__fail_null("sp2_packet_source_get_info", source == NULL ? "source" : "info");
    }
    if (sp2__is_inherited(source->process)) {
        return sp2__fail_forked("sp2_packet_source_get_info", "the source");
    }
    sp2__mutex_lock(&source->stats_lock);
    sp2_packet_source_info now = source->info;
    now.state = state_of(source);
    sp2__mutex_unlock(&source->stats_lock);
    const char *suggested = atomic_load_explicit(&source->suggested, memory_order_relaxed);
    if (suggested != NULL) {
        snprintf(now.suggested_dialect, sizeof(now.suggested_dialect), "%s", suggested);
    }
    return sp2__sized_write(info, &now, sizeof(now), sizeof(now), "sp2_packet_source_info");
}

int32_t sp2_packet_source_get_stats(sp2_packet_source *source, sp2_packet_source_stats *stats) {
    if (source == NULL || stats == NULL) {
        return sp2__fail_null("sp2_packet_source_get_stats", source == NULL ? "source" : "stats");
    }
    if (sp2__is_inherited(source->process)) {
        return sp2__fail_forked("sp2_packet_source_get_stats", "the source");
    }
    sp2__source_count_drops(source);
    sp2__mutex_lock(&source->stats_lock);
    sp2_packet_source_stats now = source->published;
    sp2__mutex_unlock(&source->stats_lock);
    now.kernel_drop_messages = atomic_load_explicit(&source->dropped, memory_order_relaxed);
    now.dropped_at_close = atomic_load_explicit(&source->unused, memory_order_relaxed);
    return sp2__sized_write(stats, &now, sizeof(now), sizeof(now), "sp2_packet_source_stats");
}
