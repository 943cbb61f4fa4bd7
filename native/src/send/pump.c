/* SPDX-License-Identifier: MIT */
#include "send/pump.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/fence.h"

/* Batches of one slice, so that other work of the thread gets its turn. */
#define BATCHES_PER_SLICE 16

/* With SP2_PACING_PACKETS so many bytes, but at least one packet, go out at a time. */
#define PACED_BURST 16384

void sp2__pump_init_rate(sp2_send_stream *stream, const sp2_send_stream_options *options) {
    const uint64_t burst =
        options->pacing == SP2_PACING_PACKETS && options->burst_size > PACED_BURST
            ? PACED_BURST
            : options->burst_size;
    sp2__rate_limiter_init(&stream->limiter, options->rate, options->burst_rate_ratio, burst);
}

bool sp2__batch_init(sp2__batch *batch, uint32_t max_packet_size) {
    const uint32_t pieces = SP2__MAX_PIECES(max_packet_size);
    batch->packets = sp2__calloc_array(SP2__BATCH_PACKETS, sizeof(*batch->packets));
    batch->writers = sp2__calloc_array(SP2__BATCH_PACKETS, sizeof(sp2__packet_writer *));
    batch->groups = sp2__calloc_array(SP2__BATCH_PACKETS, sizeof(sp2__queued_heap *));
    batch->room = sp2__calloc_array(SP2__BATCH_PACKETS, max_packet_size);
    batch->pieces = sp2__calloc_array(SP2__BATCH_PACKETS, pieces * sizeof(*batch->pieces));
    return batch->packets != NULL && batch->writers != NULL && batch->groups != NULL &&
           batch->room != NULL && batch->pieces != NULL;
}

void sp2__batch_fini(sp2__batch *batch) {
    sp2__free(batch->packets);
    sp2__free(batch->writers);
    sp2__free(batch->groups);
    sp2__free(batch->room);
    sp2__free(batch->pieces);
}

static sp2__queued_heap *place(sp2_send_stream *stream, uint64_t number) {
    return &stream->queue[number % stream->max_heaps];
}

static sp2__packet_writer *writer_of(sp2_send_stream *stream, uint64_t substream) {
    sp2__packet_writer *writer = stream->writers;
    while (substream >= writer->first_substream + writer->destinations) {
        writer = writer->next;
    }
    return writer;
}

/* The heap whose packet is next in a group that is not finished. */
static sp2__queued_heap *next_of_group(sp2_send_stream *stream, uint64_t first,
                                       sp2__queued_heap *group) {
    for (;;) {
        /* Most groups are one heap: to find its place again is a division. */
        sp2__queued_heap *heap = group->turn == 0 ? group : place(stream, first + group->turn);
        const bool finished = sp2__packetizer_is_finished(&heap->packetizer);
        if (finished || group->mode == SP2_GROUP_ROUND_ROBIN) {
            group->turn = group->turn + 1 == group->heaps ? 0 : group->turn + 1;
        }
        if (!finished) {
            return heap;
        }
    }
}

/* Cuts one packet of the group into the batch. */
static void cut_packet(sp2_send_stream *stream, sp2__queued_heap *group) {
    sp2__batch *batch = &stream->batch;
    const uint32_t index = batch->count++;
    sp2__queued_heap *heap = next_of_group(stream, stream->cut, group);
    sp2__packet_out *packet = &batch->packets[index];
    sp2__piece *pieces = batch->pieces + batch->piece_count;
    uint64_t length;
    packet->piece_count = sp2__packetizer_next(
        &heap->packetizer, batch->room + (size_t)index * stream->max_packet_size, pieces, &length);
    batch->piece_count += packet->piece_count;
    packet->pieces = pieces;
    packet->error = 0;
    packet->status = SP2_OK;
    packet->length = length;
    batch->writers[index] = writer_of(stream, heap->substream);
    packet->destination = heap->substream - batch->writers[index]->first_substream;
    batch->groups[index] = group;
    group->on_their_way++;
    group->unfinished -= sp2__packetizer_is_finished(&heap->packetizer) ? 1 : 0;
    sp2__rate_limiter_add(&stream->limiter, length, heap->ns_per_byte);
}

/* Cuts packets until the batch or the burst is full, or no heap is left. */
static void cut_batch(sp2_send_stream *stream, uint64_t queued) {
    stream->batch.count = 0;
    stream->batch.done = 0;
    stream->batch.piece_count = 0;
    while (stream->cut != queued && stream->batch.count < SP2__BATCH_PACKETS &&
           !sp2__rate_limiter_is_full(&stream->limiter)) {
        sp2__queued_heap *group = place(stream, stream->cut);
        do {
            cut_packet(stream, group);
        } while (group->unfinished != 0 && stream->batch.count < SP2__BATCH_PACKETS &&
                 !sp2__rate_limiter_is_full(&stream->limiter));
        if (group->unfinished == 0) {
            stream->cut += group->heaps;
        }
    }
}

/* What became of a packet is noted at its group. */
static void settle(sp2__queued_heap *group, const sp2__packet_out *packet) {
    group->on_their_way--;
    if (packet->error == 0 && packet->status == SP2_OK) {
        group->result.bytes += packet->length;
        group->result.packets++;
        return;
    }
    group->result.failed++;
    if (group->result.status == SP2_OK) {
        group->result.status = packet->status != SP2_OK                 ? packet->status
                               : sp2__os_error_is_memory(packet->error) ? SP2_E_NOMEM
                                                                        : SP2_E_OS;
        group->result.os_code = packet->error;
    }
}

/* Hands the batch over. False if a writer has no room; it runs the task when it has. */
static bool write_batch(sp2_send_stream *stream) {
    sp2__batch *batch = &stream->batch;
    while (batch->done != batch->count) {
        sp2__packet_writer *writer = batch->writers[batch->done];
        uint32_t end = batch->done + 1;
        while (end != batch->count && batch->writers[end] == writer) {
            end++;
        }
        const uint32_t count = end - batch->done;
        const uint32_t dealt = writer->ops->write(writer, &batch->packets[batch->done], count);
        for (uint32_t i = 0; i < dealt; i++, batch->done++) {
            settle(batch->groups[batch->done], &batch->packets[batch->done]);
        }
        if (dealt != count) {
            sp2__mutex_lock(&stream->lock);
            stream->stats.writer_blocked++;
            sp2__mutex_unlock(&stream->lock);
            const int32_t error = writer->ops->arm(writer, &stream->task, &stream->timer);
            if (error == 0) {
                return false;
            }
            /* Nobody would tell when there is room: the packet counts as failed. */
            batch->packets[batch->done].error = error;
            settle(batch->groups[batch->done], &batch->packets[batch->done]);
            batch->done++;
        }
    }
    return true;
}

/* Frees the places of the first group and says what became of it. */
static void complete_first(sp2_send_stream *stream, sp2__queued_heap *group) {
    const sp2_send_result result = group->result;
    const sp2_send_complete_fn complete = group->complete;
    void *context = group->context;
    const uint32_t heaps = group->heaps;
    for (uint32_t i = 0; i < heaps; i++) {
        sp2__queued_heap *heap = place(stream, stream->freed + i);
        sp2__send_heap_release((sp2_send_heap *)(uintptr_t)heap->packetizer.heap);
    }
    sp2__mutex_lock(&stream->lock);
    stream->freed += heaps;
    stream->stats.heaps += heaps;
    stream->stats.groups++;
    stream->stats.packets += result.packets;
    stream->stats.bytes += result.bytes;
    stream->stats.packets_failed += result.failed;
    stream->stats.heaps_failed += result.status == SP2_OK ? 0 : heaps;
    sp2__mutex_unlock(&stream->lock);
    if (complete != NULL) {
        complete(context, &result);
    }
    sp2__mutex_lock(&stream->lock);
    stream->told += heaps;
    sp2__mutex_unlock(&stream->lock);
    sp2__full_fence();
    sp2__wake_all(&stream->completed);
}

static void complete_finished(sp2_send_stream *stream) {
    while (stream->freed != stream->cut) {
        sp2__queued_heap *group = place(stream, stream->freed);
        if (group->on_their_way != 0) {
            return;
        }
        complete_first(stream, group);
    }
}

/* The user has stopped the stream: what is left is completed without being sent. */
static void end(sp2_send_stream *stream) {
    sp2__event_loop_cancel_timer(stream->loop, &stream->timer);
    sp2__mutex_lock(&stream->lock);
    const uint64_t queued = stream->queued;
    sp2__mutex_unlock(&stream->lock);
    while (stream->freed != queued) {
        sp2__queued_heap *group = place(stream, stream->freed);
        if ((group->unfinished != 0 || group->on_their_way != 0) &&
            group->result.status == SP2_OK) {
            group->result.status = SP2_E_STOPPED;
        }
        complete_first(stream, group);
    }
    stream->cut = queued;
    stream->batch.count = 0;
    stream->batch.done = 0;
    sp2__mutex_lock(&stream->lock);
    stream->ended = true;
    sp2__mutex_unlock(&stream->lock);
    sp2__full_fence();
    sp2__wake_all(&stream->completed);
}

static void spin_until(uint64_t deadline) {
    while (sp2__clock_ns() < deadline) {
        sp2__spin_pause();
    }
}

/* Whether the next packet may go out; if not, a timer runs the task when it may. */
static bool is_due(sp2_send_stream *stream) {
    sp2__rate_limiter *limiter = &stream->limiter;
    if (sp2__rate_limiter_may_send(limiter)) {
        return true;
    }
    switch (sp2__rate_limiter_step(limiter, sp2__clock_ns())) {
    case SP2__RATE_SEND:
        return true;
    case SP2__RATE_SPIN:
        spin_until(limiter->not_before);
        return true;
    default:
        break;
    }
    sp2__mutex_lock(&stream->lock);
    stream->stats.rate_waits++;
    sp2__mutex_unlock(&stream->lock);
    sp2__event_loop_set_timer(stream->loop, &stream->timer, &stream->task, limiter->alarm);
    return false;
}

/* Packets are about to be cut: lets the limiter see the clock if it needs that. */
static void start_burst(sp2_send_stream *stream) {
    if (sp2__rate_limiter_is_running(&stream->limiter)) {
        return;
    }
    const uint64_t late = sp2__rate_limiter_start(&stream->limiter, sp2__clock_ns());
    if (late > stream->late_max) {
        stream->late_max = late;
        sp2__mutex_lock(&stream->lock);
        stream->stats.rate_late_ns_max = late;
        sp2__mutex_unlock(&stream->lock);
    }
}

/* Cuts the next batch. False if there is nothing to send: users post the task again. */
static bool take_batch(sp2_send_stream *stream) {
    sp2__mutex_lock(&stream->lock);
    const uint64_t queued = stream->queued;
    stream->idle = queued == stream->cut && !stream->stopped;
    sp2__mutex_unlock(&stream->lock);
    if (queued == stream->cut) {
        sp2__rate_limiter_rest(&stream->limiter);
        return false;
    }
    start_burst(stream);
    cut_batch(stream, queued);
    return true;
}

static bool is_stopped(sp2_send_stream *stream) {
    sp2__mutex_lock(&stream->lock);
    const bool stopped = stream->stopped;
    sp2__mutex_unlock(&stream->lock);
    return stopped;
}

void sp2__pump_run(sp2__task *task) {
    sp2_send_stream *stream = SP2__CONTAINER(task, sp2_send_stream, task);
    for (uint32_t i = 0; i < BATCHES_PER_SLICE; i++) {
        if (is_stopped(stream)) {
            end(stream);
            return;
        }
        const bool written = write_batch(stream);
        complete_finished(stream);
        if (!written) {
            return;
        }
        sp2__rate_limiter_close(&stream->limiter);
        if (!is_due(stream) || !take_batch(stream)) {
            return;
        }
    }
    sp2__event_loop_post(stream->loop, &stream->task);
}
