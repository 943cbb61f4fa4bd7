/* SPDX-License-Identifier: MIT */
#include "receive/loss_line.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "receive/stream.h"

bool sp2__loss_line_init(sp2__loss_line *line, uint64_t second) {
    *line = (sp2__loss_line){.first = second, .last = second};
    line->seconds = sp2__calloc_array(SP2_RECEIVE_LOSS_SECONDS, sizeof(*line->seconds));
    return line->seconds != NULL;
}

void sp2__loss_line_destroy(sp2__loss_line *line) {
    sp2__free(line->seconds);
}

static sp2_loss_second *entry(const sp2__loss_line *line, uint64_t second) {
    return &line->seconds[second % SP2_RECEIVE_LOSS_SECONDS];
}

static sp2_loss_second counts_of(const sp2_receive_stats *stats) {
    return (sp2_loss_second){
        .packets = stats->packets,
        .heaps = stats->heaps,
        .kernel_drop_messages = stats->kernel_drop_messages,
        .packets_missing = stats->packets_missing,
        .heaps_missing = stats->heaps_missing,
        .heaps_incomplete = stats->incomplete_heaps_evicted + stats->incomplete_heaps_flushed -
                            stats->heaps_dropped_at_stop,
        .packets_unused = stats->packets - stats->packets_accepted - stats->rejected_duplicate +
                          stats->malformed + stats->size_mismatch + stats->truncated,
    };
}

static void add_difference(sp2_loss_second *sum, const sp2_loss_second *now,
                           const sp2_loss_second *before) {
    sum->packets += now->packets - before->packets;
    sum->heaps += now->heaps - before->heaps;
    sum->kernel_drop_messages += now->kernel_drop_messages - before->kernel_drop_messages;
    sum->packets_missing += now->packets_missing - before->packets_missing;
    sum->heaps_missing += now->heaps_missing - before->heaps_missing;
    sum->heaps_incomplete += now->heaps_incomplete - before->heaps_incomplete;
    sum->packets_unused += now->packets_unused - before->packets_unused;
}

void sp2__loss_line_take(sp2__loss_line *line, uint64_t second, const sp2_receive_stats *stats) {
    const sp2_loss_second now = counts_of(stats);
    add_difference(entry(line, line->last), &now, &line->before);
    line->before = now;
    if (line->has_ended || second <= line->last) {
        return;
    }
    const uint64_t passed = sp2__min_u64(second - line->last, SP2_RECEIVE_LOSS_SECONDS);
    for (uint64_t i = 0; i < passed; i++) {
        *entry(line, second - i) = (sp2_loss_second){0};
    }
    line->last = second;
}

uint32_t sp2__loss_line_read(const sp2__loss_line *line, sp2_loss_second *seconds,
                             uint32_t capacity) {
    const uint64_t known = sp2__min_u64(line->last - line->first + 1, SP2_RECEIVE_LOSS_SECONDS);
    const uint64_t count = sp2__min_u64(known, capacity);
    for (uint64_t i = 0; i < count; i++) {
        seconds[i] = *entry(line, line->last - count + 1 + i);
    }
    return (uint32_t)count;
}

int32_t sp2_receive_stream_get_loss_seconds(sp2_receive_stream *stream, sp2_loss_second *seconds,
                                            uint32_t capacity, uint32_t *count) {
    if (count != NULL) {
        *count = 0;
    }
    if (stream == NULL || count == NULL || (seconds == NULL && capacity != 0)) {
        return sp2__fail_null("sp2_receive_stream_get_loss_seconds", stream == NULL  ? "stream"
                                                                     : count == NULL ? "count"
                                                                                     : "seconds");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_get_loss_seconds", "the stream");
    }
    sp2__loss_line *line = &stream->loss;
    if (line->seconds == NULL) {
        return sp2__fail(SP2_E_STATE, 0,
                         "sp2_receive_stream_get_loss_seconds: the stream does not "
                         "account for heaps");
    }
    sp2__mutex_lock(&stream->lock);
    const uint64_t now = sp2__clock_ns();
    sp2__stream_take_second(stream, now / SP2__NS_PER_SECOND);
    *count = sp2__loss_line_read(line, seconds, capacity);
    const uint64_t first = (line->last - *count + 1) * SP2__NS_PER_SECOND;
    sp2__mutex_unlock(&stream->lock);
    const int64_t start = sp2__wall_clock_ns() - (int64_t)(now - first);
    for (uint32_t i = 0; i < *count; i++) {
        seconds[i].time_ns = start + (int64_t)i * SP2__NS_PER_SECOND;
    }
    return SP2_OK;
}
