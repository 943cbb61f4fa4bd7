/* SPDX-License-Identifier: MIT */
#include "receive/source.h"

#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/process.h"
#include "base/sized.h"
#include "receive/stream.h"
#include "runtime/thread_pool.h"

/* Makes the statistics visible. With the source's lock. */
static void publish(sp2_packet_source *source) {
    sp2__mutex_lock(&source->source_lock);
    source->published = source->stats;
    sp2__mutex_unlock(&source->source_lock);
}

/* One turn of a source, on its loop's thread. */
static void run_turn(sp2__task *task) {
    sp2_packet_source *source = SP2__CONTAINER(task, sp2_packet_source, task);
    sp2_receive_stream *stream = source->stream;
    sp2__mutex_lock(&source->lock);
    if (!source->closed) {
        source->stats.slices++;
        const sp2__turn turn = source->ops->turn(source);
        publish(source);
        if (turn == SP2__TURN_MORE ||
            (turn == SP2__TURN_BLOCKED && sp2__stream_wait_for_room(stream, source))) {
            sp2__event_loop_post(source->loop, task);
        }
    }
    sp2__mutex_unlock(&source->lock);
    sp2__stream_call_ready_if_due(stream);
    if (SP2__UNLIKELY(sp2__stream_is_stopped(stream))) {
        sp2__stream_close_sources(stream);
    }
}

void sp2__source_init(sp2_packet_source *source, const sp2__source_ops *ops, uint32_t kind,
                      sp2_receive_stream *stream) {
    source->ops = ops;
    source->stream = stream;
    source->process = stream->process;
    source->references = 1;
    source->info.kind = kind;
    source->loop = sp2__thread_pool_assign(stream->pool, &source->loop_index);
    source->task.run = run_turn;
    sp2__mutex_init(&source->lock);
    sp2__mutex_init(&source->source_lock);
}

static void let_go(sp2_packet_source *source) {
    if (atomic_fetch_sub(&source->references, 1) == 1) {
        sp2__mutex_destroy(&source->source_lock);
        sp2__mutex_destroy(&source->lock);
        source->ops->free(source);
    }
}

void sp2__source_detach(sp2_packet_source *source) {
    sp2__thread_pool_unassign(source->stream->pool, source->loop_index);
    if (source->ops->detach != NULL) {
        source->ops->detach(source);
    }
    let_go(source);
}

void sp2__source_hand_out(sp2_packet_source *source, sp2_packet_source **handle) {
    if (handle != NULL) {
        atomic_fetch_add(&source->references, 1);
        *handle = source;
    }
}

void sp2__source_set_state(sp2_packet_source *source, sp2_source_state state) {
    uint32_t now = atomic_load(&source->state);
    while (now < SP2_SOURCE_ENDED && !atomic_compare_exchange_weak(&source->state, &now, state)) {
    }
}

static void close_as(sp2_packet_source *source, sp2_source_state state) {
    sp2__mutex_lock(&source->lock);
    if (!source->closed) {
        sp2__source_set_state(source, state);
        sp2__source_count_drops(source);
        sp2__mutex_lock(&source->source_lock);
        source->closed = true;
        if (source->ops->close != NULL) {
            source->ops->close(source);
        }
        sp2__mutex_unlock(&source->source_lock);
    }
    sp2__mutex_unlock(&source->lock);
}

void sp2__source_close(sp2_packet_source *source) {
    close_as(source, SP2_SOURCE_ENDED);
}

int32_t sp2_packet_source_remove(sp2_packet_source *source) {
    if (source == NULL) {
        return sp2__fail_null("sp2_packet_source_remove", "source");
    }
    if (sp2__is_inherited(source->process)) {
        return SP2_OK;
    }
    close_as(source, SP2_SOURCE_REMOVED);
    return SP2_OK;
}

void sp2_packet_source_release(sp2_packet_source *source) {
    if (source != NULL && !sp2__is_inherited(source->process)) {
        let_go(source);
    }
}

int32_t sp2_packet_source_get_info(sp2_packet_source *source, sp2_packet_source_info *info) {
    if (source == NULL || info == NULL) {
        return sp2__fail_null("sp2_packet_source_get_info", source == NULL ? "source" : "info");
    }
    if (sp2__is_inherited(source->process)) {
        return sp2__fail_forked("sp2_packet_source_get_info", "the source");
    }
    sp2_packet_source_info now = source->info;
    now.state = atomic_load(&source->state);
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
    sp2__mutex_lock(&source->source_lock);
    sp2_packet_source_stats now = source->published;
    sp2__mutex_unlock(&source->source_lock);
    now.kernel_drop_messages = atomic_load_explicit(&source->dropped, memory_order_relaxed);
    now.dropped_at_close = atomic_load_explicit(&source->unused, memory_order_relaxed);
    return sp2__sized_write(stats, &now, sizeof(now), sizeof(now), "sp2_packet_source_stats");
}

void sp2__source_count_drops(sp2_packet_source *source) {
    sp2__mutex_lock(&source->source_lock);
    if (!source->closed && source->ops->count_drops != NULL) {
        source->ops->count_drops(source);
    }
    sp2__mutex_unlock(&source->source_lock);
}
