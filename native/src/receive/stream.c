/* SPDX-License-Identifier: MIT */
/* Life of a stream: creation, sources, statistics, stop, end. */
#include "receive/stream.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/sized.h"
#include "memory/allocator.h"
#include "runtime/thread_pool.h"

#define ALL_FLAGS                                                                                  \
    (SP2_RECEIVE_IN_ORDER | SP2_RECEIVE_NO_UNSIZED_HEAPS | SP2_RECEIVE_IGNORE_STOP_ITEM |          \
     SP2_RECEIVE_DELIVER_INCOMPLETE | SP2_RECEIVE_KEEP_RANGES |                                    \
     SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD | SP2_RECEIVE_EXPLICIT_START |                            \
     SP2_RECEIVE_UNKEYED_SEARCH | SP2_RECEIVE_ACCOUNT_HEAPS | SP2_RECEIVE_ACCOUNT_BY_SOURCE |      \
     SP2_RECEIVE_RECORD_SENDERS | SP2_RECEIVE_SEPARATE_SENDERS)

static void set_default(uint64_t *field, uint64_t value) {
    if (*field == 0) {
        *field = value;
    }
}

static int32_t check_item(uint64_t id, const char *field) {
    if (id != 0 && (id < SP2_RECEIVE_MIN_COUNT_ITEM || id > SP2_RECEIVE_MAX_COUNT_ITEM)) {
        return sp2__fail(
            SP2_E_ARG, 0,
            "sp2_receive_options.%s is %" PRIu64 ", but it must be 0 or from %d to %" PRIu64, field,
            id, SP2_RECEIVE_MIN_COUNT_ITEM, (uint64_t)SP2_RECEIVE_MAX_COUNT_ITEM);
    }
    return SP2_OK;
}

static int32_t check_values(const sp2_receive_options *options) {
    uint64_t slots;
    const uint32_t unknown = options->flags & ~(uint32_t)ALL_FLAGS;
    if (unknown != 0) {
        return sp2__fail(SP2_E_TOO_NEW, 0,
                         "sp2_receive_options.flags has 0x%x, which this library does not know yet",
                         (unsigned)unknown);
    }
    if (options->bug_compat & ~(uint32_t)SP2_BUG_COMPAT_PYSPEAD_0_5_2) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_options.bug_compat is 0x%x, but only the bits of 0x%x exist",
                         (unsigned)options->bug_compat, (unsigned)SP2_BUG_COMPAT_PYSPEAD_0_5_2);
    }
    if (options->log_level > SP2_LOG_NONE) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_options.log_level is %u, which is no sp2_log_level",
                         (unsigned)options->log_level);
    }
    if (options->reserved != 0) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_receive_options.reserved must be 0, not %u",
                         (unsigned)options->reserved);
    }
    if (options->spin_ns < SP2_NEVER_SPIN) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_options.spin_ns is %" PRId64
                         ", but it must be a time in nanoseconds, 0 for the default, or "
                         "SP2_NEVER_SPIN (-1)",
                         options->spin_ns);
    }
    if (options->long_pause_ns < SP2_NEVER_LONG) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_options.long_pause_ns is %" PRId64
                         ", but it must be a time in nanoseconds, 0 for the default, or "
                         "SP2_NEVER_LONG (-1)",
                         options->long_pause_ns);
    }
    if (!sp2__mul_u64(options->max_heaps, options->substreams, &slots) ||
        slots > SP2_RECEIVE_MAX_SLOTS) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_options.max_heaps (%" PRIu64 ") times substreams (%" PRIu64
                         ") is more than %d",
                         options->max_heaps, options->substreams, SP2_RECEIVE_MAX_SLOTS);
    }
    if (options->ring_heaps > SP2_RECEIVE_MAX_SLOTS) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_options.ring_heaps is %" PRIu64
                         ", but at most %d are allowed",
                         options->ring_heaps, SP2_RECEIVE_MAX_SLOTS);
    }
    if (options->cnt_step > SP2_RECEIVE_MAX_CNT_STEP) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_options.cnt_step is %" PRIu64 ", but at most %" PRIu64
                         " is allowed",
                         options->cnt_step, (uint64_t)SP2_RECEIVE_MAX_CNT_STEP);
    }
    if (options->chunks != NULL && options->on_heap != NULL) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_options has both on_heap and chunks, but heaps can go to one "
                         "of them only");
    }
    const int32_t status = check_item(options->count_item, "count_item");
    return status != SP2_OK ? status : check_item(options->set_item, "set_item");
}

/* sizeof(sp2_receive_options) in the first release (docs/abi.md). */
#define RELEASED_OPTIONS_SIZE offsetof(sp2_receive_options, max_unsized_gap)

static int32_t read_options(const sp2_receive_options *caller, sp2_receive_options *options) {
    *options = (sp2_receive_options){0};
    if (caller != NULL) {
        const int32_t status = sp2__sized_read(caller, options, sizeof(*options),
                                               RELEASED_OPTIONS_SIZE, "sp2_receive_options");
        if (status != SP2_OK) {
            return status;
        }
        /* A size that no version has had may end within the pointer. */
        if (caller->size < offsetof(sp2_receive_options, chunks) + sizeof(options->chunks)) {
            options->chunks = NULL;
        }
    }
    set_default(&options->max_heaps, SP2_RECEIVE_DEFAULT_MAX_HEAPS);
    set_default(&options->ring_heaps, SP2_RECEIVE_DEFAULT_RING_HEAPS);
    set_default(&options->substreams, SP2_RECEIVE_DEFAULT_SUBSTREAMS);
    set_default(&options->max_heap_size, SP2_RECEIVE_DEFAULT_MAX_HEAP_SIZE);
    set_default(&options->max_unsized_gap, SP2_RECEIVE_DEFAULT_MAX_UNSIZED_GAP);
    if (options->spin_ns == 0) {
        options->spin_ns = SP2_RECEIVE_DEFAULT_SPIN_NS;
    }
    if (options->long_pause_ns == 0) {
        options->long_pause_ns = SP2_RECEIVE_DEFAULT_LONG_PAUSE_NS;
    }
    return check_values(options);
}

static int32_t fail_stream_memory(void) {
    return sp2__fail_memory("a stream (max_heaps, substreams and ring_heaps decide its size)");
}

/* Where its heaps go. Last, as a group cannot undo that a stream has become its member. */
static int32_t init_sink(sp2_receive_stream *stream, const sp2_receive_options *options) {
    if (options->chunks != NULL) {
        stream->sink = &stream->chunk_sink.base;
        return sp2__chunk_sink_init(&stream->chunk_sink, stream, options->chunks);
    }
    if (options->on_heap != NULL) {
        stream->sink = &stream->inline_sink.base;
        sp2__inline_sink_init(&stream->inline_sink, stream, options->on_heap,
                              options->on_heap_context);
        return SP2_OK;
    }
    stream->sink = &stream->ring_sink.base;
    return sp2__ring_sink_init(&stream->ring_sink, stream, options->ring_heaps, options->spin_ns)
               ? SP2_OK
               : fail_stream_memory();
}

/* What a stream consists of, but its threads. On failure there is nothing to be destroyed. */
static int32_t init_parts(sp2_receive_stream *stream, const sp2_receive_options *options) {
    const int32_t status = sp2__custom_stats_init(&stream->custom, options);
    if (status != SP2_OK) {
        return status;
    }
    if (!sp2__assembler_init(&stream->assembler, options)) {
        sp2__custom_stats_destroy(&stream->custom);
        return fail_stream_memory();
    }
    if (options->flags & (SP2_RECEIVE_ACCOUNT_HEAPS | SP2_RECEIVE_ACCOUNT_BY_SOURCE) &&
        !sp2__loss_line_init(&stream->loss, sp2__clock_ns() / SP2__NS_PER_SECOND)) {
        sp2__assembler_destroy(&stream->assembler);
        sp2__custom_stats_destroy(&stream->custom);
        return fail_stream_memory();
    }
    stream->assembler.rules.custom_stats = stream->custom.batch;
    sp2__accounting_init(&stream->accounting, options, stream->assembler.multiplier,
                         &stream->stats);
    const int32_t sink_status = init_sink(stream, options);
    if (sink_status != SP2_OK) {
        sp2__loss_line_destroy(&stream->loss);
        sp2__assembler_destroy(&stream->assembler);
        sp2__custom_stats_destroy(&stream->custom);
    }
    return sink_status;
}

static int32_t allocate(const sp2_receive_options *options, sp2_receive_stream **stream) {
    *stream = sp2__calloc_isolated(sizeof(**stream));
    if (*stream == NULL) {
        return fail_stream_memory();
    }
    const int32_t status = init_parts(*stream, options);
    if (status != SP2_OK) {
        sp2__free_isolated(*stream);
        *stream = NULL;
    }
    return status;
}

int32_t sp2_receive_stream_create(sp2_thread_pool *pool, const sp2_receive_options *caller,
                                  sp2_receive_stream **created) {
    if (created == NULL) {
        return sp2__fail_null("sp2_receive_stream_create", "stream");
    }
    *created = NULL;
    sp2_receive_options options;
    int32_t status = read_options(caller, &options);
    if (status == SP2_OK && pool != NULL) {
        status = sp2__thread_pool_check(pool, "sp2_receive_stream_create");
    }
    if (status != SP2_OK) {
        return status;
    }
    sp2_thread_pool *held_pool;
    status =
        sp2__thread_pool_get(pool, options.log, options.log_context, options.log_level, &held_pool);
    if (status != SP2_OK) {
        return status;
    }
    sp2_receive_stream *stream;
    status = allocate(&options, &stream);
    if (status != SP2_OK) {
        sp2__thread_pool_release(held_pool);
        return status;
    }
    stream->pool = held_pool;
    stream->process = sp2__process();
    stream->flags = options.flags;
    if (options.chunks != NULL) {
        /* The sink looks at incomplete heaps, too, and keeps nothing of any. */
        stream->flags |= SP2_RECEIVE_DELIVER_INCOMPLETE;
        stream->flags &= ~(uint32_t)(SP2_RECEIVE_KEEP_RANGES | SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD);
    }
    sp2__flow_init(&stream->flow, !(options.flags & SP2_RECEIVE_EXPLICIT_START));
    stream->stop_on_stop_item = !(options.flags & SP2_RECEIVE_IGNORE_STOP_ITEM);
    sp2__logger_init(&stream->logger, options.log, options.log_context, options.log_level);
    sp2__pause_init(&stream->pause, options.long_pause_ns, options.chunks != NULL);
    sp2__mutex_init(&stream->lock);
    sp2__mutex_init(&stream->sources_lock);
    sp2__condition_init(&stream->detached);
    sp2__mutex_init(&stream->stats_lock);
    *created = stream;
    return SP2_OK;
}

int32_t sp2__stream_check_call(const sp2_receive_stream *stream, const void *options,
                               sp2_packet_source **handle, const char *function) {
    if (handle != NULL) {
        *handle = NULL;
    }
    if (stream == NULL || options == NULL) {
        return sp2__fail_null(function, stream == NULL ? "stream" : "options");
    }
    return sp2__stream_is_inherited(stream) ? sp2__fail_forked(function, "the stream") : SP2_OK;
}

int32_t sp2__stream_check_open(sp2_receive_stream *stream, const char *function) {
    if ((stream->flags & SP2_RECEIVE_EXPLICIT_START) &&
        sp2__flow_state_of(&stream->flow) != SP2__FLOW_UNSTARTED) {
        return sp2__fail(SP2_E_STATE, 0,
                         "%s: the stream was made with SP2_RECEIVE_EXPLICIT_START and has been "
                         "started, so that no source can be added; add all of them before "
                         "sp2_receive_stream_start",
                         function);
    }
    return SP2_OK;
}

void sp2__stream_add_source(sp2_receive_stream *stream, sp2_packet_source *source) {
    if (source->ops->lossy && !atomic_exchange(&stream->lossy, true)) {
        sp2__pause_watch(stream);
    }
    /* Once it is listed, others may close it. */
    atomic_fetch_add(&source->references, 1);
    sp2__mutex_lock(&stream->lock);
    sp2__mutex_lock(&stream->sources_lock);
    source->is_listed = true;
    source->number = ++stream->source_numbers;
    source->next = stream->sources;
    stream->sources = source;
    if (SP2__UNLIKELY(stream->page != NULL)) {
        sp2__page_add_source(stream->page, source);
    }
    sp2__mutex_unlock(&stream->sources_lock);
    const bool parked = sp2__flow_park(&stream->flow, source);
    const bool closed = sp2__flow_is_closed(&stream->flow);
    if (!parked && !closed) {
        sp2__event_loop_post(source->loop, &source->task);
    }
    sp2__mutex_unlock(&stream->lock);
    /* A thread that closes the stream from here on sees the source, and closes it. */
    if (closed) {
        sp2__source_close(source);
    }
    sp2__source_release(source);
}

void sp2__stream_unlist(sp2_receive_stream *stream, sp2_packet_source *source) {
    sp2__mutex_lock(&stream->lock);
    sp2__flow_forget(&stream->flow, source);
    if (source->batch_packets != 0) {
        sp2__stream_count_batches(stream, 1, source->batch_packets);
        source->batch_packets = 0;
        sp2__stream_publish(stream);
    }
    sp2__mutex_lock(&stream->sources_lock);
    if (source->is_listed) {
        source->is_listed = false;
        sp2_packet_source **link = &stream->sources;
        while (*link != source) {
            link = &(*link)->next;
        }
        *link = source->next;
        stream->gone.dropped += atomic_load_explicit(&source->dropped, memory_order_relaxed);
        stream->gone.unused += atomic_load_explicit(&source->unused, memory_order_relaxed);
    }
    sp2__mutex_unlock(&stream->sources_lock);
    sp2__mutex_unlock(&stream->lock);
}

void sp2__stream_attached(sp2_receive_stream *stream) {
    sp2__mutex_lock(&stream->sources_lock);
    stream->attached++;
    sp2__mutex_unlock(&stream->sources_lock);
}

void sp2__stream_detached(sp2_receive_stream *stream) {
    sp2__mutex_lock(&stream->sources_lock);
    stream->attached--;
    sp2__condition_broadcast(&stream->detached);
    sp2__mutex_unlock(&stream->sources_lock);
}

int32_t sp2_receive_stream_start(sp2_receive_stream *stream) {
    if (stream == NULL) {
        return sp2__fail_null("sp2_receive_stream_start", "stream");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_start", "the stream");
    }
    sp2__mutex_lock(&stream->lock);
    sp2__flow_start(&stream->flow);
    sp2__mutex_unlock(&stream->lock);
    return SP2_OK;
}

int32_t sp2_receive_stream_set_stop_on_stop_item(sp2_receive_stream *stream, int32_t stop) {
    if (stream == NULL) {
        return sp2__fail_null("sp2_receive_stream_set_stop_on_stop_item", "stream");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_set_stop_on_stop_item", "the stream");
    }
    sp2__mutex_lock(&stream->lock);
    stream->stop_on_stop_item = stop != 0;
    sp2__mutex_unlock(&stream->lock);
    return SP2_OK;
}

int32_t sp2_receive_stream_get_stop_on_stop_item(sp2_receive_stream *stream, int32_t *stop) {
    if (stop != NULL) {
        *stop = 0;
    }
    if (stream == NULL || stop == NULL) {
        return sp2__fail_null("sp2_receive_stream_get_stop_on_stop_item",
                              stream == NULL ? "stream" : "stop");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_get_stop_on_stop_item", "the stream");
    }
    sp2__mutex_lock(&stream->lock);
    *stop = stream->stop_on_stop_item;
    sp2__mutex_unlock(&stream->lock);
    return SP2_OK;
}

/* One that has not left the list yet, and a reference to it. */
static sp2_packet_source *any_source(sp2_receive_stream *stream) {
    sp2__mutex_lock(&stream->sources_lock);
    sp2_packet_source *source = stream->sources;
    if (source != NULL) {
        atomic_fetch_add(&source->references, 1);
    }
    sp2__mutex_unlock(&stream->sources_lock);
    return source;
}

void sp2__stream_close_sources(sp2_receive_stream *stream) {
    sp2_packet_source *source;
    while ((source = any_source(stream)) != NULL) {
        sp2__source_close(source);
        sp2__source_release(source);
    }
}

/* The user's stop (spec section 4.7): what is still live is counted, but dropped. */
static void drop_live_heaps(sp2_receive_stream *stream) {
    sp2__flush_cursor cursor = {0, 0};
    sp2_heap *heap;
    while ((heap = sp2__assembler_flush(&stream->assembler, &cursor)) != NULL) {
        stream->stats.heaps++;
        stream->stats.incomplete_heaps_flushed++;
        stream->stats.heaps_dropped_at_stop++;
        if (stream->accounting.by_item) {
            sp2__accounting_take_items(&stream->accounting, heap);
        }
        SP2__LOG(&stream->logger, SP2__MESSAGE_DROPPED_AT_STOP, SP2_LOG_INFO,
                 "dropped heap %" PRIu64 ", which was under assembly when the stream was stopped",
                 heap->cnt);
        sp2__heap_free(heap);
    }
}

int32_t sp2_receive_stream_stop(sp2_receive_stream *stream) {
    if (stream == NULL) {
        return sp2__fail_null("sp2_receive_stream_stop", "stream");
    }
    if (sp2__stream_is_inherited(stream)) {
        return SP2_OK;
    }
    sp2__mutex_lock(&stream->lock);
    if (sp2__flow_close(&stream->flow)) {
        drop_live_heaps(stream);
        sp2__stream_count_evicted(stream);
        sp2__accounting_settle(&stream->accounting);
        sp2__stream_say_needed(stream, "");
        sp2__pause_finish(stream);
        sp2__stream_end_seconds(stream);
        sp2__stream_publish(stream);
        sp2__stream_end_sink(stream);
    }
    sp2__stream_unlock(stream);
    sp2__stream_close_sources(stream);
    sp2__logger_flush(&stream->logger);
    stream->sink->ops->serve(stream->sink);
    return SP2_OK;
}

static void wait_for_sources(sp2_receive_stream *stream) {
    sp2__mutex_lock(&stream->sources_lock);
    while (stream->attached != 0) {
        sp2__condition_wait(&stream->detached, &stream->sources_lock);
    }
    sp2__mutex_unlock(&stream->sources_lock);
}

/*
 * All that a forked child does with its copy: it closes the descriptors. It must not ask the poller
 * to forget them, which is the parent's, too; and memory may be half changed by threads that do not
 * exist here, so that it stays. A source is marked as closed before its descriptors are.
 */
static void close_copy(sp2_receive_stream *stream) {
    for (sp2_packet_source *source = stream->sources; source != NULL; source = source->next) {
        if (!source->closed && source->ops->close_copy != NULL) {
            source->ops->close_copy(source);
        }
    }
    stream->sink->ops->close_copy(stream->sink);
    if (stream->page != NULL) {
        sp2__page_close_copy(stream->page);
    }
    sp2__thread_pool_release(stream->pool);
}

void sp2_receive_stream_destroy(sp2_receive_stream *stream) {
    if (stream == NULL) {
        return;
    }
    if (sp2__stream_is_inherited(stream)) {
        close_copy(stream);
        return;
    }
    sp2_receive_stream_stop(stream);
    if (stream->page != NULL) {
        sp2__page_retire(stream->page);
    }
    wait_for_sources(stream);
    stream->sink->ops->destroy(stream->sink);
    sp2__assembler_destroy(&stream->assembler);
    sp2__accounting_destroy(&stream->accounting);
    sp2__loss_line_destroy(&stream->loss);
    sp2__allocator_release(stream->assembler.rules.allocator);
    sp2__custom_stats_destroy(&stream->custom);
    sp2__logger_destroy(&stream->logger);
    sp2__mutex_destroy(&stream->stats_lock);
    sp2__condition_destroy(&stream->detached);
    sp2__mutex_destroy(&stream->sources_lock);
    sp2__mutex_destroy(&stream->lock);
    sp2__thread_pool_release(stream->pool);
    sp2__free_isolated(stream);
}
