/* SPDX-License-Identifier: MIT */
/* What users see of the statistics: as of the end of the latest slice of a source. */
#include "receive/statistics.h"

#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/sized.h"
#include "receive/stream.h"

static const char *const core_names[] = {
#define CORE_NAME(name) #name,
    SP2_RECEIVE_STATS_MAP(CORE_NAME)
#undef CORE_NAME
};

const char *sp2__core_stat_name(uint32_t index) {
    return core_names[index];
}

void sp2__stream_publish(sp2_receive_stream *stream) {
    sp2__mutex_lock(&stream->stats_lock);
    stream->published = stream->stats;
    sp2__custom_stats_merge(&stream->custom);
    sp2__mutex_unlock(&stream->stats_lock);
}

/* Statistics that sources count by themselves. */
typedef struct source_stats {
    uint64_t kernel_drop_messages;
    uint64_t datagrams_dropped_at_stop;
} source_stats;

static source_stats count_of_sources(sp2_receive_stream *stream) {
    sp2__mutex_lock(&stream->sources_lock);
    source_stats sum = {stream->gone.dropped, stream->gone.unused};
    for (sp2_packet_source *source = stream->sources; source != NULL; source = source->next) {
        sp2__source_count_drops(source);
        sum.kernel_drop_messages += atomic_load_explicit(&source->dropped, memory_order_relaxed);
        sum.datagrams_dropped_at_stop +=
            atomic_load_explicit(&source->unused, memory_order_relaxed);
    }
    sp2__mutex_unlock(&stream->sources_lock);
    return sum;
}

uint64_t sp2__stream_count_drops(sp2_receive_stream *stream) {
    return count_of_sources(stream).kernel_drop_messages;
}

static sp2_receive_stats published(sp2_receive_stream *stream, const source_stats *sources) {
    sp2_receive_stats now = stream->published;
    now.kernel_drop_messages = sources->kernel_drop_messages;
    now.datagrams_dropped_at_stop = sources->datagrams_dropped_at_stop;
    return now;
}

void sp2__stream_take_second(sp2_receive_stream *stream, uint64_t second) {
    sp2_receive_stats now = stream->stats;
    now.kernel_drop_messages = sp2__stream_count_drops(stream);
    sp2__loss_line_take(&stream->loss, second, &now);
}

void sp2__stream_end_seconds(sp2_receive_stream *stream) {
    if (stream->loss.seconds != NULL) {
        sp2__stream_take_second(stream, sp2__clock_ns() / SP2__NS_PER_SECOND);
        stream->loss.has_ended = true;
    }
}

int32_t sp2_receive_stream_get_stats(sp2_receive_stream *stream, sp2_receive_stats *stats) {
    if (stream == NULL || stats == NULL) {
        return sp2__fail_null("sp2_receive_stream_get_stats", stream == NULL ? "stream" : "stats");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_get_stats", "the stream");
    }
    const source_stats sources = count_of_sources(stream);
    sp2__mutex_lock(&stream->stats_lock);
    const sp2_receive_stats now = published(stream, &sources);
    sp2__mutex_unlock(&stream->stats_lock);
    const uint32_t first_size = offsetof(sp2_receive_stats, datagrams_dropped_at_stop);
    return sp2__sized_write(stats, &now, sizeof(now), first_size, "sp2_receive_stats");
}

static uint32_t stat_count(const sp2_receive_stream *stream) {
    return SP2__CORE_STATS + stream->custom.count;
}

static const char *stat_name(const sp2_receive_stream *stream, uint32_t index) {
    return index < SP2__CORE_STATS ? core_names[index]
                                   : stream->custom.stats[index - SP2__CORE_STATS].name;
}

static uint32_t stat_mode(const sp2_receive_stream *stream, uint32_t index) {
    if (index >= SP2__CORE_STATS) {
        return stream->custom.stats[index - SP2__CORE_STATS].mode;
    }
    const bool is_maximum = index == SP2__STAT_max_batch || index == SP2__STAT_max_heap_bytes ||
                            index == SP2__STAT_max_heaps_needed;
    return is_maximum ? SP2_STAT_MAXIMUM : SP2_STAT_COUNTER;
}

int32_t sp2_receive_stream_get_stat_count(sp2_receive_stream *stream, uint32_t *count) {
    if (count != NULL) {
        *count = 0;
    }
    if (stream == NULL || count == NULL) {
        return sp2__fail_null("sp2_receive_stream_get_stat_count",
                              stream == NULL ? "stream" : "count");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_get_stat_count", "the stream");
    }
    *count = stat_count(stream);
    return SP2_OK;
}

static int32_t check_index(const char *function, const sp2_receive_stream *stream, uint32_t index) {
    if (index >= stat_count(stream)) {
        return sp2__fail(SP2_E_ARG, 0, "%s: index is %u, but the stream has %u statistics",
                         function, (unsigned)index, (unsigned)stat_count(stream));
    }
    return SP2_OK;
}

int32_t sp2_receive_stream_get_stat_info(sp2_receive_stream *stream, uint32_t index,
                                         sp2_stat_info *info) {
    if (stream == NULL || info == NULL) {
        return sp2__fail_null("sp2_receive_stream_get_stat_info",
                              stream == NULL ? "stream" : "info");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_get_stat_info", "the stream");
    }
    const int32_t status = check_index("sp2_receive_stream_get_stat_info", stream, index);
    if (status != SP2_OK) {
        return status;
    }
    const sp2_stat_info known = {
        .size = sizeof(known),
        .mode = stat_mode(stream, index),
        .name = stat_name(stream, index),
    };
    return sp2__sized_write(info, &known, sizeof(known), sizeof(known), "sp2_stat_info");
}

int32_t sp2_receive_stream_find_stat(sp2_receive_stream *stream, const char *name,
                                     uint32_t *index) {
    if (index != NULL) {
        *index = 0;
    }
    if (stream == NULL || name == NULL || index == NULL) {
        return sp2__fail_null("sp2_receive_stream_find_stat", stream == NULL ? "stream"
                                                              : name == NULL ? "name"
                                                                             : "index");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_find_stat", "the stream");
    }
    for (uint32_t i = 0; i < stat_count(stream); i++) {
        if (strcmp(name, stat_name(stream, i)) == 0) {
            *index = i;
            return SP2_OK;
        }
    }
    return sp2__fail(SP2_E_ARG, 0,
                     "sp2_receive_stream_find_stat: the stream has no statistic \"%s\"", name);
}

int32_t sp2_receive_stream_get_stat_values(sp2_receive_stream *stream, uint64_t *values,
                                           uint32_t capacity, uint32_t *count) {
    if (count != NULL) {
        *count = 0;
    }
    if (stream == NULL || count == NULL || (values == NULL && capacity != 0)) {
        return sp2__fail_null("sp2_receive_stream_get_stat_values", stream == NULL  ? "stream"
                                                                    : count == NULL ? "count"
                                                                                    : "values");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_get_stat_values", "the stream");
    }
    const uint32_t wanted = capacity < stat_count(stream) ? capacity : stat_count(stream);
    const source_stats sources = count_of_sources(stream);
    sp2__mutex_lock(&stream->stats_lock);
    const sp2_receive_stats now = published(stream, &sources);
    for (uint32_t i = SP2__CORE_STATS; i < wanted; i++) {
        values[i] = stream->custom.values[i - SP2__CORE_STATS];
    }
    sp2__mutex_unlock(&stream->stats_lock);
    const uint64_t core_values[] = {
#define CORE_VALUE(name) now.name,
        SP2_RECEIVE_STATS_MAP(CORE_VALUE)
#undef CORE_VALUE
    };
    for (uint32_t i = 0; i < wanted && i < SP2__CORE_STATS; i++) {
        values[i] = core_values[i];
    }
    *count = wanted;
    return SP2_OK;
}

int32_t sp2_receive_stream_update_stat(sp2_receive_stream *stream, uint32_t index, uint64_t value) {
    if (stream == NULL) {
        return sp2__fail_null("sp2_receive_stream_update_stat", "stream");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_update_stat", "the stream");
    }
    const int32_t status = check_index("sp2_receive_stream_update_stat", stream, index);
    if (status != SP2_OK) {
        return status;
    }
    if (index < SP2__CORE_STATS) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_stream_update_stat: index is %u (\"%s\"), but only custom "
                         "statistics can be updated",
                         (unsigned)index, core_names[index]);
    }
    sp2__mutex_lock(&stream->stats_lock);
    sp2__custom_stats_update(&stream->custom, index - SP2__CORE_STATS, value);
    sp2__mutex_unlock(&stream->stats_lock);
    return SP2_OK;
}
