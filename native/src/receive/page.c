/* SPDX-License-Identifier: MIT */
#include "receive/page.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/page_file.h"
#include "receive/stream.h"
#include "runtime/thread_pool.h"

/* What a person sees at once, and nothing that a processor would notice. */
#define INTERVAL_NS (100 * (uint64_t)SP2__NS_PER_MS)

#define VERSION 1
#define DEFAULT_NAME "default"

/* Where what is. All numbers are little-endian. */
enum {
    VERSION_AT = 8,
    SIZE_AT = 12,
    SEQUENCE_AT = 16,
    BODY_AT = 24,
    PROCESS_AT = 24,
    STATE_AT = 28,
    PROCESS_START_AT = 32,
    CREATED_AT = 40,
    UPDATED_AT = 48,
    LAST_HEAP_AT = 56,
    RING_HEAPS_AT = 64,
    RING_LIMIT_AT = 72,
    STATISTIC_COUNT_AT = 80,
    SOURCE_COUNT_AT = 84,
    NAME_AT = 88,
    NAME_SIZE = SP2_PAGE_MAX_NAME,
    STATISTICS_AT = NAME_AT + NAME_SIZE,
    MAX_STATISTICS = 128,
    STATISTIC_NAME_SIZE = 40,
    STATISTIC_SIZE = STATISTIC_NAME_SIZE + 8,
    SOURCES_AT = STATISTICS_AT + MAX_STATISTICS * STATISTIC_SIZE,
    MAX_SOURCES = 8,
    SOURCE_NAME_SIZE = 96,
    SOURCE_PACKETS_AT = SOURCE_NAME_SIZE,
    SOURCE_BYTES_AT = SOURCE_PACKETS_AT + 8,
    SOURCE_DROPS_AT = SOURCE_BYTES_AT + 8,
    SOURCE_STATE_AT = SOURCE_DROPS_AT + 8,
    SOURCE_SIZE = SOURCE_STATE_AT + 8,
    PAGE_SIZE_BYTES = SOURCES_AT + MAX_SOURCES * SOURCE_SIZE
};

/* States of a stream. */
enum { OPEN = 1, STOPPED = 2 };

struct sp2__page {
    sp2_receive_stream *stream;
    sp2__event_loop *loop;
    sp2__task write;
    sp2__timer timer;
    sp2__task retire;
    sp2__page_file file;
    uint64_t sequence;
    uint64_t heaps; /* that there were when the page was written last */
    uint32_t statistics;
    sp2_packet_source *sources[MAX_SOURCES]; /* each held; under the stream's sources lock */
    uint32_t source_count;
    uint8_t bytes[PAGE_SIZE_BYTES];
};

static void set32(sp2__page *page, size_t at, uint32_t value) {
    for (unsigned i = 0; i < sizeof(value); i++) {
        page->bytes[at + i] = (uint8_t)(value >> 8 * i);
    }
}

static void set64(sp2__page *page, size_t at, uint64_t value) {
    set32(page, at, (uint32_t)value);
    set32(page, at + sizeof(uint32_t), (uint32_t)(value >> 32));
}

/* The rest of the field is zero, and its last byte in any case. What is cut off is no harm to a
 * name, but is not cut within a character. */
static void set_text(sp2__page *page, size_t at, size_t size, const char *text) {
    size_t length = strlen(text);
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    memset(page->bytes + at, 0, size);
    memcpy(page->bytes + at, text, length);
}

static uint64_t now(void) {
    return (uint64_t)sp2__wall_clock_ns();
}

static void set_head(sp2__page *page, const char *name) {
    memcpy(page->bytes, "SP2STATS", VERSION_AT);
    set32(page, VERSION_AT, VERSION);
    set32(page, SIZE_AT, PAGE_SIZE_BYTES);
    set32(page, PROCESS_AT, (uint32_t)page->file.process);
    set64(page, PROCESS_START_AT, page->file.process_start);
    set64(page, CREATED_AT, now());
    set_text(page, NAME_AT, NAME_SIZE, name);
    uint32_t count = 0;
    (void)sp2_receive_stream_get_stat_count(page->stream, &count);
    page->statistics = count < MAX_STATISTICS ? count : MAX_STATISTICS;
    set32(page, STATISTIC_COUNT_AT, page->statistics);
    for (uint32_t i = 0; i < page->statistics; i++) {
        sp2_stat_info info = SP2_STAT_INFO_INIT;
        if (sp2_receive_stream_get_stat_info(page->stream, i, &info) == SP2_OK) {
            set_text(page, STATISTICS_AT + (size_t)i * STATISTIC_SIZE, STATISTIC_NAME_SIZE,
                     info.name);
        }
    }
}

/* Whether the stream has stopped and its heaps have been taken. */
static bool has_ended(sp2_receive_stream *stream) {
    if (stream->sink == &stream->ring_sink.base) {
        sp2__ring *ring = &stream->ring_sink.ring;
        return sp2__ring_is_stopped(ring) && sp2__ring_is_empty(ring);
    }
    sp2__mutex_lock(&stream->lock);
    const bool ended = stream->sink == &stream->inline_sink.base
                           ? stream->inline_sink.told_end
                           : sp2__flow_is_closed(&stream->flow);
    sp2__mutex_unlock(&stream->lock);
    return ended;
}

static void set_statistics(sp2__page *page) {
    uint64_t values[MAX_STATISTICS];
    uint32_t count = 0;
    (void)sp2_receive_stream_get_stat_values(page->stream, values, page->statistics, &count);
    for (uint32_t i = 0; i < count; i++) {
        set64(page, STATISTICS_AT + (size_t)i * STATISTIC_SIZE + STATISTIC_NAME_SIZE, values[i]);
    }
    if (count != 0 && values[0] != page->heaps) { /* `heaps` is the first */
        page->heaps = values[0];
        set64(page, LAST_HEAP_AT, now());
    }
}

static const char *kind_name(uint32_t kind) {
    switch (kind) {
    case SP2_SOURCE_UDP:
        return "Udp";
    case SP2_SOURCE_BUFFER:
        return "Buffer";
    case SP2_SOURCE_DATAGRAMS:
        return "Datagrams";
    case SP2_SOURCE_INPROC:
        return "InProcess";
    case SP2_SOURCE_TCP:
        return "Tcp";
    default:
        return "Pcap";
    }
}

static void set_source(sp2__page *page, size_t at, sp2_packet_source *source) {
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
    (void)sp2_packet_source_get_info(source, &info);
    (void)sp2_packet_source_get_stats(source, &stats);
    const bool is_v6 = strchr(info.address, ':') != NULL;
    char text[SOURCE_NAME_SIZE];
    if (info.address[0] == 0) {
        snprintf(text, sizeof(text), "%s", kind_name(info.kind));
    } else {
        snprintf(text, sizeof(text), "%s %s%s%s:%u", kind_name(info.kind), is_v6 ? "[" : "",
                 info.address, is_v6 ? "]" : "", (unsigned)info.port);
    }
    set_text(page, at, SOURCE_NAME_SIZE, text);
    set64(page, at + SOURCE_PACKETS_AT, stats.packets);
    set64(page, at + SOURCE_BYTES_AT, stats.bytes);
    set64(page, at + SOURCE_DROPS_AT, stats.kernel_drop_messages);
    set64(page, at + SOURCE_STATE_AT, info.state);
}

void sp2__page_add_source(sp2__page *page, sp2_packet_source *source) {
    if (page->source_count < MAX_SOURCES) {
        atomic_fetch_add(&source->references, 1);
        page->sources[page->source_count++] = source;
    }
}

static bool is_removed(sp2_packet_source *source) {
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    (void)sp2_packet_source_get_info(source, &info);
    return info.state == SP2_SOURCE_REMOVED;
}

/* Takes a source that was removed off the list; NULL if there is none. */
static sp2_packet_source *take_removed(sp2__page *page) {
    sp2_packet_source *removed = NULL;
    sp2__mutex_lock(&page->stream->sources_lock);
    for (uint32_t i = 0; i < page->source_count && removed == NULL; i++) {
        if (is_removed(page->sources[i])) {
            removed = page->sources[i];
            page->source_count--;
            memmove(&page->sources[i], &page->sources[i + 1],
                    (page->source_count - i) * sizeof(page->sources[0]));
        }
    }
    sp2__mutex_unlock(&page->stream->sources_lock);
    return removed;
}

static void set_sources(sp2__page *page) {
    sp2_packet_source *removed;
    while ((removed = take_removed(page)) != NULL) {
        sp2__source_release(removed);
    }
    sp2__mutex_lock(&page->stream->sources_lock);
    for (uint32_t i = 0; i < page->source_count; i++) {
        set_source(page, SOURCES_AT + (size_t)i * SOURCE_SIZE, page->sources[i]);
    }
    set32(page, SOURCE_COUNT_AT, page->source_count);
    sp2__mutex_unlock(&page->stream->sources_lock);
}

static void set_body(sp2__page *page) {
    sp2_receive_stream *stream = page->stream;
    const bool has_ring = stream->sink == &stream->ring_sink.base;
    set64(page, UPDATED_AT, now());
    set32(page, STATE_AT, has_ended(stream) ? STOPPED : OPEN);
    set64(page, RING_HEAPS_AT, has_ring ? sp2__ring_count(&stream->ring_sink.ring) : 0);
    set64(page, RING_LIMIT_AT, has_ring ? stream->ring_sink.ring.capacity : 0);
    set_statistics(page);
    set_sources(page);
}

static int32_t write_sequence(sp2__page *page) {
    set64(page, SEQUENCE_AT, ++page->sequence);
    return sp2__page_file_write(&page->file, SEQUENCE_AT, page->bytes + SEQUENCE_AT,
                                BODY_AT - SEQUENCE_AT);
}

/* A reader that sees an odd number, or another one after it has read, reads again. */
static int32_t write_page(sp2__page *page) {
    set_body(page);
    int32_t error = write_sequence(page);
    if (error == 0) {
        error = sp2__page_file_write(&page->file, BODY_AT, page->bytes + BODY_AT,
                                     PAGE_SIZE_BYTES - BODY_AT);
    }
    return error == 0 ? write_sequence(page) : error;
}

/* Nobody could tell from a page that cannot be written any more how the stream is. */
static void write_on_time(sp2__task *task) {
    sp2__page *page = SP2__CONTAINER(task, sp2__page, write);
    if (write_page(page) != 0) {
        sp2__page_file_remove(&page->file);
        return;
    }
    sp2__event_loop_set_timer(page->loop, &page->timer, task, sp2__clock_ns() + INTERVAL_NS);
}

static void destroy(sp2__page *page) {
    sp2__page_file_remove(&page->file);
    for (uint32_t i = 0; i < page->source_count; i++) {
        sp2__source_release(page->sources[i]);
    }
    sp2__free(page);
}

/* After this task nothing on the loop knows the page any more. */
static void retire(sp2__task *task) {
    sp2__page *page = SP2__CONTAINER(task, sp2__page, retire);
    sp2_receive_stream *stream = page->stream;
    sp2__event_loop_cancel_timer(page->loop, &page->timer);
    destroy(page);
    sp2__stream_detached(stream);
}

void sp2__page_retire(sp2__page *page) {
    sp2__event_loop_post(page->loop, &page->retire);
}

void sp2__page_close_copy(sp2__page *page) {
    sp2__page_file_close_copy(&page->file);
}

static int32_t fail_file(const sp2__page *page, int32_t error) {
    char text[128];
    return sp2__fail(sp2__os_error_is_memory(error) ? SP2_E_NOMEM : SP2_E_OS, error,
                     "cannot make the statistics page %s: %s (XDG_RUNTIME_DIR or /dev/shm must be "
                     "a folder that this user may write to)",
                     page->file.path, sp2__os_error_text(error, text, sizeof(text)));
}

static int32_t create(sp2_receive_stream *stream, const char *name, sp2__page **created) {
    sp2__page *page = sp2__calloc_array(1, sizeof(*page));
    *created = page;
    if (page == NULL) {
        return sp2__fail_memory("a statistics page");
    }
    page->stream = stream;
    page->write.run = write_on_time;
    page->retire.run = retire;
    int32_t error = sp2__page_file_create(&page->file);
    if (error == 0) {
        set_head(page, name);
        error = sp2__page_file_write(&page->file, 0, page->bytes, sizeof(page->bytes));
    }
    return error == 0 ? SP2_OK : fail_file(page, error);
}

/* The stream's page, unless it has one. */
static int32_t adopt(sp2_receive_stream *stream, sp2__page *page) {
    sp2__mutex_lock(&stream->sources_lock);
    const bool is_first = stream->page == NULL;
    if (is_first) {
        stream->page = page;
        stream->attached++;
    }
    sp2__mutex_unlock(&stream->sources_lock);
    return is_first ? SP2_OK
                    : sp2__fail(SP2_E_STATE, 0,
                                "sp2_receive_stream_publish: the stream is published already");
}

static int32_t check_name(const char *name) {
    const size_t length = strlen(name);
    bool is_good = length != 0 && length <= SP2_PAGE_MAX_NAME;
    for (size_t i = 0; i < length && is_good; i++) {
        is_good = name[i] >= ' ' && name[i] <= '~';
    }
    return is_good ? SP2_OK
                   : sp2__fail(SP2_E_ARG, 0,
                               "sp2_receive_stream_publish: name must be 1 to %d printable ASCII "
                               "characters",
                               SP2_PAGE_MAX_NAME);
}

int32_t sp2_receive_stream_publish(sp2_receive_stream *stream, const char *name) {
    if (stream == NULL) {
        return sp2__fail_null("sp2_receive_stream_publish", "stream");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_publish", "the stream");
    }
    name = name != NULL ? name : DEFAULT_NAME;
    int32_t status = check_name(name);
    if (status != SP2_OK) {
        return status;
    }
    if (!SP2__HAS_PAGES) {
        return sp2__fail(SP2_E_UNSUPPORTED, 0,
                         "sp2_receive_stream_publish: this system has no statistics pages");
    }
    sp2__page *page;
    status = create(stream, name, &page);
    if (status == SP2_OK) {
        page->loop = sp2__thread_pool_idlest(stream->pool);
        status = adopt(stream, page);
    }
    if (status != SP2_OK) {
        if (page != NULL) {
            destroy(page);
        }
        return status;
    }
    sp2__event_loop_post(page->loop, &page->write);
    return SP2_OK;
}
