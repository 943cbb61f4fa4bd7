/* SPDX-License-Identifier: MIT */
/* Life of a send stream, and its queue: what users call. The rest is in pump.c. */
#include "send/stream.h"

#include <float.h>
#include <inttypes.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/sized.h"
#include "runtime/thread_pool.h"
#include "send/pump.h"

/* Default of sp2_send_stream_options.burst_rate_ratio. */
#define DEFAULT_BURST_RATE_RATIO 1.05

static int32_t check_rate(const sp2_send_stream_options *options) {
    if (!(options->rate >= 0 && options->rate <= DBL_MAX)) {
        return sp2__fail(
            SP2_E_ARG, 0,
            "sp2_send_stream_options.rate is %g; it must be 0 or more bytes per second",
            options->rate);
    }
    if (!(options->burst_rate_ratio >= 1 && options->burst_rate_ratio <= DBL_MAX)) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_send_stream_options.burst_rate_ratio is %g; it must be at least 1",
                         options->burst_rate_ratio);
    }
    if (options->pacing > SP2_PACING_PACKETS) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_send_stream_options.pacing is %u, which is no sp2_pacing",
                         (unsigned)options->pacing);
    }
    if (options->pacing != SP2_PACING_BURSTS && options->rate == 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_send_stream_options.pacing spaces packets by the rate, which is 0; "
                         "set a rate");
    }
    return SP2_OK;
}

static int32_t check_values(const sp2_send_stream_options *options) {
    if (options->flags != 0) {
        return sp2__fail(SP2_E_TOO_NEW, 0,
                         "sp2_send_stream_options.flags has 0x%x, which this library does not know",
                         (unsigned)options->flags);
    }
    if (options->log_level > SP2_LOG_NONE) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_send_stream_options.log_level is %u, which is no sp2_log_level",
                         (unsigned)options->log_level);
    }
    if (options->reserved != 0) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_send_stream_options.reserved must be 0, not %u",
                         (unsigned)options->reserved);
    }
    if (options->max_heaps > SP2_SEND_MAX_HEAPS) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_send_stream_options.max_heaps is %" PRIu64 "; at most %d are allowed",
                         options->max_heaps, SP2_SEND_MAX_HEAPS);
    }
    if (options->max_packet_size < SP2_SEND_LEAST_MAX_PACKET_SIZE) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_send_stream_options.max_packet_size is %u; it must be at least %d",
                         (unsigned)options->max_packet_size, SP2_SEND_LEAST_MAX_PACKET_SIZE);
    }
    if (options->max_packet_size > SP2_SEND_LARGEST_MAX_PACKET_SIZE) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_send_stream_options.max_packet_size is %u; no writer carries more "
                         "than %d bytes",
                         (unsigned)options->max_packet_size, SP2_SEND_LARGEST_MAX_PACKET_SIZE);
    }
    return check_rate(options);
}

static int32_t read_options(const sp2_send_stream_options *caller,
                            sp2_send_stream_options *options) {
    *options = (sp2_send_stream_options){0};
    if (caller != NULL) {
        const int32_t status = sp2__sized_read(caller, options, sizeof(*options), sizeof(*options),
                                               "sp2_send_stream_options");
        if (status != SP2_OK) {
            return status;
        }
    }
    if (options->max_heaps == 0) {
        options->max_heaps = SP2_SEND_DEFAULT_MAX_HEAPS;
    }
    if (options->max_packet_size == 0) {
        options->max_packet_size = SP2_SEND_DEFAULT_MAX_PACKET_SIZE;
    }
    if (options->burst_size == 0) {
        options->burst_size = SP2_SEND_DEFAULT_BURST_SIZE;
    }
    if (options->burst_rate_ratio == 0) {
        options->burst_rate_ratio = DEFAULT_BURST_RATE_RATIO;
    }
    return check_values(options);
}

static void free_writers(sp2_send_stream *stream) {
    while (stream->writers != NULL) {
        sp2__packet_writer *writer = stream->writers;
        stream->writers = writer->next;
        writer->ops->free(writer);
    }
}

static void free_stream(sp2_send_stream *stream) {
    free_writers(stream);
    sp2__batch_fini(&stream->batch);
    sp2__free(stream->queue);
    sp2__free(stream);
}

/* What a stream consists of but its threads; NULL if there is no memory. */
static sp2_send_stream *allocate(const sp2_send_stream_options *options) {
    sp2_send_stream *stream = sp2__calloc_array(1, sizeof(*stream));
    if (stream == NULL) {
        return NULL;
    }
    stream->max_packet_size = options->max_packet_size / 8 * 8;
    stream->max_heaps = options->max_heaps;
    stream->next_cnt = 1;
    stream->cnt_step = 1;
    stream->idle = true;
    stream->task.run = sp2__pump_run;
    sp2__pump_init_rate(stream, options);
    stream->queue = sp2__calloc_array((size_t)options->max_heaps, sizeof(*stream->queue));
    if (stream->queue == NULL || !sp2__batch_init(&stream->batch, stream->max_packet_size)) {
        free_stream(stream);
        return NULL;
    }
    return stream;
}

int32_t sp2_send_stream_create(sp2_thread_pool *pool, const sp2_send_stream_options *caller,
                               sp2_send_stream **created) {
    if (created == NULL) {
        return sp2__fail_null("sp2_send_stream_create", "stream");
    }
    *created = NULL;
    sp2_send_stream_options options;
    int32_t status = read_options(caller, &options);
    if (status == SP2_OK && pool != NULL) {
        status = sp2__thread_pool_check(pool, "sp2_send_stream_create");
    }
    if (status != SP2_OK) {
        return status;
    }
    sp2_send_stream *stream = allocate(&options);
    if (stream == NULL) {
        return sp2__fail_memory("a send stream (max_heaps and max_packet_size decide its size)");
    }
    status = sp2__thread_pool_get(pool, options.log, options.log_context, options.log_level,
                                  &stream->pool);
    if (status != SP2_OK) {
        free_stream(stream);
        return status;
    }
    stream->process = sp2__process();
    stream->loop = sp2__thread_pool_assign(stream->pool, &stream->loop_index);
    sp2__logger_init(&stream->logger, options.log, options.log_context, options.log_level);
    sp2__mutex_init(&stream->lock);
    *created = stream;
    return SP2_OK;
}

sp2__event_loop *sp2__send_stream_loop(sp2_send_stream *stream) {
    return stream->loop;
}

int32_t sp2__send_stream_check(const sp2_send_stream *stream, const char *function) {
    return sp2__is_inherited(stream->process) ? sp2__fail_forked(function, "the stream") : SP2_OK;
}

int32_t sp2__send_stream_add_writer(sp2_send_stream *stream, sp2__packet_writer *writer,
                                    const char *function, uint64_t *first_substream) {
    int32_t status = SP2_OK;
    sp2__mutex_lock(&stream->lock);
    if (stream->queued != 0 || stream->stopped) {
        status = sp2__fail(SP2_E_STATE, 0, "%s: the stream has %s; add all writers before that",
                           function, stream->stopped ? "been stopped" : "sent heaps");
    } else if (stream->max_packet_size > writer->ops->max_packet_size) {
        status = sp2__fail(SP2_E_ARG, 0,
                           "%s: sp2_send_stream_options.max_packet_size is %u, but this writer "
                           "carries at most %u bytes",
                           function, (unsigned)stream->max_packet_size,
                           (unsigned)writer->ops->max_packet_size);
    } else {
        sp2__packet_writer **end = &stream->writers;
        while (*end != NULL) {
            end = &(*end)->next;
        }
        *end = writer;
        writer->first_substream = stream->substreams;
        stream->substreams += writer->destinations;
        if (first_substream != NULL) {
            *first_substream = writer->first_substream;
        }
    }
    sp2__mutex_unlock(&stream->lock);
    if (status != SP2_OK) {
        writer->ops->free(writer);
    }
    return status;
}

/* The place of a heap in the queue. */
static sp2__queued_heap *place(sp2_send_stream *stream, uint64_t number) {
    return &stream->queue[number % stream->max_heaps];
}

/* Fills the place of one heap. Under the lock; *next_cnt is the sequence so far. */
static int32_t enqueue(sp2_send_stream *stream, const sp2_heap_reference *reference, uint32_t index,
                       uint64_t *next_cnt) {
    static const char function[] = "sp2_send_stream_send";
    if (reference->heap == NULL) {
        return sp2__fail(SP2_E_ARG, 0, "%s: heaps[%u].heap is NULL", function, (unsigned)index);
    }
    if (reference->substream >= stream->substreams) {
        return sp2__fail(SP2_E_ARG, 0,
                         "%s: heaps[%u].substream is %" PRIu64 ", but the stream has %" PRIu64
                         " substreams",
                         function, (unsigned)index, reference->substream, stream->substreams);
    }
    if (stream->queued + index - stream->freed >= stream->max_heaps) {
        return SP2_E_FULL;
    }
    if (!(reference->rate >= -DBL_MAX && reference->rate <= DBL_MAX)) {
        return sp2__fail(SP2_E_ARG, 0, "%s: heaps[%u].rate must be a finite number", function,
                         (unsigned)index);
    }
    const uint32_t bits = reference->heap->address_bits;
    uint64_t cnt = (uint64_t)reference->cnt;
    if (reference->cnt < 0) {
        cnt = *next_cnt & (((uint64_t)1 << bits) - 1);
        *next_cnt += stream->cnt_step;
    } else if (cnt >> bits != 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "%s: heaps[%u].cnt is %" PRIu64 ", which SPEAD-64-%u cannot carry",
                         function, (unsigned)index, cnt, (unsigned)bits);
    }
    sp2__queued_heap *entry = place(stream, stream->queued + index);
    *entry = (sp2__queued_heap){
        .substream = reference->substream,
        .ns_per_byte = sp2__rate_limiter_ns_per_byte(&stream->limiter, reference->rate),
    };
    return sp2__packetizer_begin(&entry->packetizer, reference->heap, cnt, stream->max_packet_size);
}

static int32_t queue_group(sp2_send_stream *stream, const sp2_heap_reference *heaps, uint32_t count,
                           int32_t mode, sp2_send_complete_fn complete, void *context) {
    if (stream->stopped) {
        return SP2_E_STOPPED;
    }
    uint64_t next_cnt = stream->next_cnt;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t status = enqueue(stream, &heaps[i], i, &next_cnt);
        if (status != SP2_OK) {
            stream->stats.heaps_refused += status == SP2_E_FULL ? count : 0;
            return status;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        sp2__send_heap_retain(heaps[i].heap);
    }
    sp2__queued_heap *group = place(stream, stream->queued);
    group->heaps = count;
    group->unfinished = count;
    group->mode = mode;
    group->complete = complete;
    group->context = context;
    stream->next_cnt = next_cnt;
    stream->queued += count;
    return SP2_OK;
}

int32_t sp2_send_stream_send(sp2_send_stream *stream, const sp2_heap_reference *heaps,
                             uint32_t count, int32_t mode, sp2_send_complete_fn complete,
                             void *context) {
    static const char function[] = "sp2_send_stream_send";
    if (stream == NULL || heaps == NULL) {
        return sp2__fail_null(function, stream == NULL ? "stream" : "heaps");
    }
    if (sp2__is_inherited(stream->process)) {
        return sp2__send_stream_check(stream, function);
    }
    if (count == 0) {
        return sp2__fail(SP2_E_ARG, 0, "%s: a group must have at least one heap", function);
    }
    if (mode != SP2_GROUP_ROUND_ROBIN && mode != SP2_GROUP_SERIAL) {
        return sp2__fail(SP2_E_ARG, 0, "%s: mode is %d, which is no sp2_group_mode", function,
                         (int)mode);
    }
    sp2__mutex_lock(&stream->lock);
    const int32_t status = queue_group(stream, heaps, count, mode, complete, context);
    const bool post = status == SP2_OK && stream->idle;
    stream->idle = stream->idle && !post;
    sp2__mutex_unlock(&stream->lock);
    if (post) {
        sp2__event_loop_post(stream->loop, &stream->task);
    }
    return status;
}

int32_t sp2_send_stream_set_cnt_sequence(sp2_send_stream *stream, uint64_t next, uint64_t step) {
    static const char function[] = "sp2_send_stream_set_cnt_sequence";
    if (stream == NULL) {
        return sp2__fail_null(function, "stream");
    }
    if (step == 0) {
        return sp2__fail(SP2_E_ARG, 0, "%s: step must not be 0", function);
    }
    if (sp2__is_inherited(stream->process)) {
        return sp2__send_stream_check(stream, function);
    }
    sp2__mutex_lock(&stream->lock);
    stream->next_cnt = next;
    stream->cnt_step = step;
    sp2__mutex_unlock(&stream->lock);
    return SP2_OK;
}

/* Under the lock. */
static bool is_told(const sp2_send_stream *stream, uint64_t heaps) {
    return stream->told >= heaps;
}

static bool has_ended(const sp2_send_stream *stream, uint64_t unused) {
    (void)unused;
    return stream->ended;
}

/* Sleeps until the condition holds, at most for a time (negative: without limit). */
static bool wait_for(sp2_send_stream *stream,
                     bool (*condition)(const sp2_send_stream *stream, uint64_t heaps),
                     uint64_t heaps, int64_t timeout_ns) {
    const uint64_t start = sp2__clock_ns();
    for (;;) {
        const uint32_t key = sp2__wake_prepare(&stream->completed);
        sp2__mutex_lock(&stream->lock);
        const bool holds = condition(stream, heaps);
        sp2__mutex_unlock(&stream->lock);
        const uint64_t elapsed = sp2__clock_ns() - start;
        if (holds || (timeout_ns >= 0 && elapsed >= (uint64_t)timeout_ns)) {
            sp2__wake_cancel(&stream->completed);
            return holds;
        }
        sp2__wake_wait(&stream->completed, key,
                       timeout_ns < 0 ? -1 : timeout_ns - (int64_t)elapsed);
    }
}

int32_t sp2_send_stream_flush(sp2_send_stream *stream, int64_t timeout_ns) {
    if (stream == NULL) {
        return sp2__fail_null("sp2_send_stream_flush", "stream");
    }
    if (sp2__is_inherited(stream->process)) {
        return sp2__send_stream_check(stream, "sp2_send_stream_flush");
    }
    sp2__mutex_lock(&stream->lock);
    const uint64_t last = stream->queued;
    sp2__mutex_unlock(&stream->lock);
    return wait_for(stream, is_told, last, timeout_ns) ? SP2_OK : SP2_E_TIMEOUT;
}

int32_t sp2_send_stream_stop(sp2_send_stream *stream) {
    if (stream == NULL) {
        return sp2__fail_null("sp2_send_stream_stop", "stream");
    }
    if (sp2__is_inherited(stream->process)) {
        return SP2_OK;
    }
    sp2__mutex_lock(&stream->lock);
    stream->stopped = true;
    sp2__mutex_unlock(&stream->lock);
    /* Also while it waits for a writer or for its rate. */
    sp2__event_loop_post(stream->loop, &stream->task);
    if (!sp2__event_loop_is_current(stream->loop)) {
        wait_for(stream, has_ended, 0, -1);
    }
    return SP2_OK;
}

int32_t sp2_send_stream_get_stats(sp2_send_stream *stream, sp2_send_stats *stats) {
    if (stream == NULL || stats == NULL) {
        return sp2__fail_null("sp2_send_stream_get_stats", stream == NULL ? "stream" : "stats");
    }
    if (sp2__is_inherited(stream->process)) {
        return sp2__send_stream_check(stream, "sp2_send_stream_get_stats");
    }
    sp2__mutex_lock(&stream->lock);
    sp2_send_stats copy = stream->stats;
    copy.heaps_queued = stream->queued - stream->freed;
    sp2__mutex_unlock(&stream->lock);
    return sp2__sized_write(stats, &copy, sizeof(copy), sizeof(copy), "sp2_send_stats");
}

/* All that a forked child does with its copy; see close_copy in receive/stream.c. */
static void close_copy(sp2_send_stream *stream) {
    for (sp2__packet_writer *writer = stream->writers; writer != NULL; writer = writer->next) {
        if (writer->ops->close_copy != NULL) {
            writer->ops->close_copy(writer);
        }
    }
    sp2__thread_pool_release(stream->pool);
}

void sp2_send_stream_destroy(sp2_send_stream *stream) {
    if (stream == NULL) {
        return;
    }
    if (sp2__is_inherited(stream->process)) {
        close_copy(stream);
        return;
    }
    sp2_send_stream_flush(stream, -1);
    sp2_send_stream_stop(stream);
    for (sp2__packet_writer *writer = stream->writers; writer != NULL; writer = writer->next) {
        if (writer->ops->disarm != NULL) {
            writer->ops->disarm(writer);
        }
    }
    sp2__event_loop_barrier(stream->loop);
    sp2__thread_pool_unassign(stream->pool, stream->loop_index);
    sp2__thread_pool_release(stream->pool);
    sp2__logger_destroy(&stream->logger);
    sp2__mutex_destroy(&stream->lock);
    free_stream(stream);
}
