/* SPDX-License-Identifier: MIT */
#include "receive/pause.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "receive/stream.h"
#include "spead2core/status.h"

/* The kernel is asked for its drops at most this often, as pauses may be many. */
#define LOOK_NS (10 * (uint64_t)SP2__NS_PER_MS)

/* After a pause the socket's buffer is full, and goes on to overflow until it has been read. */
#define AFTERMATH_NS ((uint64_t)SP2__NS_PER_SECOND)

void sp2__pause_init(sp2__pause *pause, int64_t long_ns, bool of_chunks) {
    *pause = (sp2__pause){.long_ns = long_ns, .of_chunks = of_chunks};
}

/* What helps against bursts. */
static const char *advice(const sp2_receive_stream *stream) {
    return stream->pause.of_chunks ? "more free chunks help" : "a larger ring_heaps helps";
}

static bool read_causes(sp2_kernel_udp_counters *causes) {
    *causes = (sp2_kernel_udp_counters)SP2_KERNEL_UDP_COUNTERS_INIT;
    return sp2_get_kernel_udp_counters(causes) == SP2_OK;
}

void sp2__pause_watch(sp2_receive_stream *stream) {
    sp2_kernel_udp_counters causes;
    if (stream->logger.level >= SP2_LOG_WARNING && read_causes(&causes)) {
        sp2__mutex_lock(&stream->lock);
        stream->pause.causes = causes;
        stream->pause.knows_causes = true;
        sp2__mutex_unlock(&stream->lock);
    }
}

/* Messages that no consumer could have saved, as their checksum was wrong or a filter refused them:
 * as many as is sure. */
static uint64_t others_of(sp2__pause *pause, uint64_t messages) {
    sp2_kernel_drops drops = SP2_KERNEL_DROPS_INIT;
    const sp2_kernel_udp_counters before = pause->causes;
    if (!pause->knows_causes || !read_causes(&pause->causes) ||
        sp2_explain_kernel_drops(&before, &pause->causes, messages, &drops) != SP2_OK) {
        return 0;
    }
    return drops.wrong_checksums_least + drops.filtered_least;
}

/* Counts the drops since this was last called. */
static uint64_t look(sp2_receive_stream *stream, uint64_t now) {
    sp2__pause *pause = &stream->pause;
    const uint64_t dropped = sp2__stream_count_drops(stream);
    const uint64_t more = dropped - pause->dropped;
    pause->dropped = dropped;
    pause->looked_ns = now;
    return more == 0 ? 0 : more - others_of(pause, more);
}

static void say_dropped(sp2_receive_stream *stream, uint64_t messages) {
    if (messages != 0) {
        SP2__LOG(&stream->logger, SP2__MESSAGE_RING_FULL, SP2_LOG_WARNING,
                 "%s: the consumer is too slow, and the kernel has dropped %" PRIu64
                 " messages (%s against bursts)",
                 stream->pause.of_chunks ? "no chunk was free" : "the ring was full", messages,
                 advice(stream));
    }
}

static bool is_long(const sp2__pause *pause, uint64_t length) {
    return pause->long_ns != SP2_NEVER_LONG && length >= (uint64_t)pause->long_ns;
}

static void say_long(sp2_receive_stream *stream, uint64_t length) {
    stream->pause.is_told = true;
    SP2__LOG(&stream->logger, SP2__MESSAGE_RING_FULL, SP2_LOG_WARNING,
             "%s, for %" PRIu64 " ms already: the consumer is too slow, and packets may be lost "
             "(%s against bursts)",
             stream->pause.of_chunks ? "no chunk is free" : "the ring is full",
             length / SP2__NS_PER_MS, advice(stream));
}

SP2__COLD void sp2__pause_begin(sp2_receive_stream *stream) {
    if (!atomic_load_explicit(&stream->lossy, memory_order_relaxed) ||
        stream->logger.level < SP2_LOG_WARNING) {
        return;
    }
    sp2__pause *pause = &stream->pause;
    const uint64_t now = sp2__clock_ns();
    pause->began_ns = now;
    pause->is_told = false;
    if (now - pause->looked_ns >= LOOK_NS) {
        const uint64_t dropped = look(stream, now);
        if (pause->ended_ns != 0 && now - pause->ended_ns < AFTERMATH_NS) {
            say_dropped(stream, dropped);
        }
    }
}

SP2__COLD void sp2__pause_end(sp2_receive_stream *stream) {
    sp2__pause *pause = &stream->pause;
    const uint64_t now = sp2__clock_ns();
    const uint64_t length = now - pause->began_ns;
    pause->began_ns = 0;
    pause->ended_ns = now;
    if (is_long(pause, length) && !pause->is_told) {
        say_long(stream, length);
    }
    if (now - pause->looked_ns >= LOOK_NS) {
        say_dropped(stream, look(stream, now));
    }
}

SP2__COLD uint64_t sp2__pause_check(sp2_receive_stream *stream) {
    const sp2__pause *pause = &stream->pause;
    if (pause->began_ns == 0 || pause->is_told || pause->long_ns == SP2_NEVER_LONG) {
        return 0;
    }
    const uint64_t length = sp2__clock_ns() - pause->began_ns;
    if (!is_long(pause, length)) {
        return pause->began_ns + (uint64_t)pause->long_ns;
    }
    say_long(stream, length);
    return 0;
}

void sp2__pause_finish(sp2_receive_stream *stream) {
    sp2__pause *pause = &stream->pause;
    const uint64_t now = sp2__clock_ns();
    if (pause->began_ns != 0) {
        sp2__pause_end(stream);
    }
    if (pause->ended_ns != 0 &&
        (pause->ended_ns > pause->looked_ns || now - pause->ended_ns < AFTERMATH_NS)) {
        say_dropped(stream, look(stream, now));
    }
}
