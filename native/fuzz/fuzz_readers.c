/* SPDX-License-Identifier: MIT */
/*
 * The public interface with threads: options as they come, then calls: readers, pops, settings,
 * statistics, stop. The readers run on a thread of a pool, so an input need not do the same twice.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "heap_checks.h"
#include "made_packet.h"

enum {
    MOST_CALLS = 256,
    MOST_READERS = 8,
    MOST_DATAGRAMS = 32,
    MOST_CUSTOM_STATS = 4,
    MOST_SLOTS = 1024,
    LARGEST_HEAP = 1 << 20,
    NAME_SIZE = 8
};

/* Far above what a heap takes to arrive. */
#define PATIENCE_NS 10000000000

typedef struct source {
    uint8_t *blocks[MOST_DATAGRAMS];
    sp2_datagram datagrams[MOST_DATAGRAMS];
} source;

typedef struct run {
    sp2_receive_options options;
    sp2_dialect dialect; /* of the sources */
    sp2_custom_stat custom[MOST_CUSTOM_STATS];
    char names[MOST_CUSTOM_STATS][NAME_SIZE];
    sp2_receive_stream *stream;
    source sources[MOST_READERS];
    unsigned source_count;
    bool has_reader;
    fuzz_popped popped;
} run;

static atomic_uint ready_calls;

static void count_ready(void *context) {
    (void)context;
    atomic_fetch_add(&ready_calls, 1);
}

static void forget(void *context, int32_t level, const char *message) {
    (void)context;
    FUZZ_CHECK(level >= SP2_LOG_WARNING && level <= SP2_LOG_DEBUG && message[0] != '\0');
}

static sp2_thread_pool *thread_pool(void) {
    static sp2_thread_pool *pool;
    if (pool == NULL) {
        FUZZ_CHECK(sp2_thread_pool_create(NULL, &pool) == SP2_OK);
    }
    return pool;
}

/* A size that no limit forbids is one that this machine can well afford. */
static uint64_t take_size(fuzz_input *input, uint64_t most) {
    const uint64_t size = fuzz_take_number(input, fuzz_take_u8(input) % 9);
    return size <= SP2_RECEIVE_MAX_SLOTS || size <= SP2_RECEIVE_DEFAULT_MAX_HEAP_SIZE ? size % most
                                                                                      : size;
}

static void take_custom_stats(run *r, fuzz_input *input) {
    r->options.custom_stats = r->custom;
    r->options.custom_stat_count = fuzz_take_u8(input) % (MOST_CUSTOM_STATS + 1);
    for (uint32_t i = 0; i < r->options.custom_stat_count; i++) {
        for (size_t j = 0; j + 1 < NAME_SIZE; j++) {
            r->names[i][j] = (char)fuzz_take_u8(input);
            if (r->names[i][j] == '\0') {
                break;
            }
        }
        r->custom[i] = (sp2_custom_stat){.name = r->names[i], .mode = fuzz_take_u8(input) % 3};
    }
}

static void take_options(run *r, fuzz_input *input) {
    sp2_receive_options *options = &r->options;
    *options = (sp2_receive_options)SP2_RECEIVE_OPTIONS_INIT;
    options->log = forget;
    options->log_level = SP2_LOG_DEBUG;
    options->flags = fuzz_take_u8(input);
    const uint8_t which = fuzz_take_u8(input);
    if (which & 1) {
        options->max_heaps = take_size(input, MOST_SLOTS);
        options->substreams = take_size(input, MOST_SLOTS);
        options->ring_heaps = take_size(input, MOST_SLOTS);
        options->max_heap_size = take_size(input, LARGEST_HEAP);
    }
    if (which & 2) {
        options->bug_compat = fuzz_take_u8(input);
        options->log_level = fuzz_take_u8(input);
        options->spin_ns = (int8_t)fuzz_take_u8(input);
        options->reserved = fuzz_take_u8(input) & 1;
    }
    if (which & 4) {
        options->size = fuzz_take_u8(input);
    }
    if (which & 8) {
        take_custom_stats(r, input);
    }
    r->dialect = (sp2_dialect)SP2_DIALECT_INIT;
    if (which & 16) {
        r->dialect.flags = fuzz_take_u8(input);
        r->dialect.item_id =
            r->dialect.flags & SP2_DIALECT_UNPOINTED_ITEM ? SP2_DIALECT_SKA_LOW_ITEM : 0;
    }
}

static bool begin(run *r, fuzz_input *input) {
    take_options(r, input);
    const int32_t status = sp2_receive_stream_create(thread_pool(), &r->options, &r->stream);
    FUZZ_CHECK((status == SP2_OK) == (r->stream != NULL));
    if (status != SP2_OK) {
        FUZZ_CHECK(status == SP2_E_ARG || status == SP2_E_TOO_NEW);
        FUZZ_CHECK(sp2_last_error_message()[0] != '\0');
        return false;
    }
    /* What the stream has made of them, for the checks. */
    if (r->options.size < sizeof(r->options)) {
        memset((char *)&r->options + r->options.size, 0, sizeof(r->options) - r->options.size);
    }
    if (r->options.max_heap_size == 0) {
        r->options.max_heap_size = SP2_RECEIVE_DEFAULT_MAX_HEAP_SIZE;
    }
    return true;
}

static uint8_t *take_packet(fuzz_input *input, size_t *length) {
    *length = fuzz_take_u16(input) % 0x1000;
    return *length == 0 ? fuzz_make_packet(input, length) : fuzz_take_bytes(input, length);
}

/* After an explicit start no reader is taken any more. */
static void note_added(run *r, int32_t status) {
    FUZZ_CHECK(status == SP2_OK || status == SP2_E_STATE);
    r->source_count++;
    r->has_reader |= status == SP2_OK;
}

static void add_datagrams(run *r, fuzz_input *input) {
    source *s = &r->sources[r->source_count];
    const unsigned count = fuzz_take_u8(input) % (MOST_DATAGRAMS + 1);
    for (unsigned i = 0; i < count; i++) {
        size_t length;
        s->blocks[i] = take_packet(input, &length);
        s->datagrams[i] = (sp2_datagram){s->blocks[i], length};
    }
    sp2_datagram_source_options options = SP2_DATAGRAM_SOURCE_OPTIONS_INIT;
    options.datagrams = s->datagrams;
    options.count = count;
    options.dialect = r->dialect.flags != 0 ? &r->dialect : NULL;
    note_added(r, sp2_receive_stream_add_datagram_source(r->stream, &options, NULL));
}

static void add_buffer(run *r, fuzz_input *input) {
    source *s = &r->sources[r->source_count];
    const unsigned count = fuzz_take_u8(input) % (MOST_DATAGRAMS + 1);
    size_t whole = 0;
    uint8_t *bytes = fuzz_alloc(1);
    for (unsigned i = 0; i < count; i++) {
        size_t length;
        uint8_t *packet = take_packet(input, &length);
        bytes = realloc(bytes, whole + length + (whole + length == 0));
        FUZZ_CHECK(bytes != NULL);
        memcpy(bytes + whole, packet, length);
        whole += length;
        free(packet);
    }
    s->blocks[0] = bytes;
    sp2_buffer_source_options options = SP2_BUFFER_SOURCE_OPTIONS_INIT;
    options.data = bytes;
    options.length = whole;
    options.dialect = r->dialect.flags != 0 ? &r->dialect : NULL;
    note_added(r, sp2_receive_stream_add_buffer_source(r->stream, &options, NULL));
}

static int32_t pop(run *r, int64_t timeout_ns, uint32_t capacity) {
    sp2_heap *heaps[UINT8_MAX];
    uint32_t count;
    const int32_t status =
        sp2_receive_stream_pop_wait(r->stream, heaps, capacity, timeout_ns, &count);
    FUZZ_CHECK(count <= capacity && (count != 0) == (status == SP2_OK));
    for (uint32_t i = 0; i < count; i++) {
        fuzz_check_heap(heaps[i], &r->options);
        fuzz_count_heap(&r->popped, heaps[i]);
        sp2_heap_release(heaps[i]);
    }
    return status;
}

static void check_stats(run *r, bool all) {
    sp2_receive_stats stats = SP2_RECEIVE_STATS_INIT;
    FUZZ_CHECK(sp2_receive_stream_get_stats(r->stream, &stats) == SP2_OK);
    if (all) {
        fuzz_check_stats(&stats, &r->popped, true);
    }
}

static void look_at_statistics(run *r, fuzz_input *input) {
    sp2_stat_info info = SP2_STAT_INFO_INIT;
    const uint32_t index = fuzz_take_u8(input);
    uint32_t count;
    uint32_t found;
    uint64_t values[64];
    FUZZ_CHECK(sp2_receive_stream_get_stat_count(r->stream, &count) == SP2_OK);
    const bool exists = index < count;
    FUZZ_CHECK((sp2_receive_stream_get_stat_info(r->stream, index, &info) == SP2_OK) == exists);
    if (exists) {
        FUZZ_CHECK(sp2_receive_stream_find_stat(r->stream, info.name, &found) == SP2_OK);
        FUZZ_CHECK(found == index);
    }
    FUZZ_CHECK(sp2_receive_stream_get_stat_values(r->stream, values, index % 64, &found) == SP2_OK);
    FUZZ_CHECK(found <= index % 64 && found <= count);
    sp2_receive_stream_update_stat(r->stream, index, fuzz_take_u16(input));
    check_stats(r, false);
}

static void call(run *r, fuzz_input *input) {
    int64_t handle;
    uint64_t waiting;
    int32_t stops;
    switch (fuzz_take_u8(input) % 12) {
    case 0:
    case 1:
        if (r->source_count < MOST_READERS) {
            add_datagrams(r, input);
        }
        break;
    case 2:
        if (r->source_count < MOST_READERS) {
            add_buffer(r, input);
        }
        break;
    case 3:
        FUZZ_CHECK(sp2_receive_stream_start(r->stream) == SP2_OK);
        break;
    case 4:
        pop(r, (int64_t)fuzz_take_u8(input) * 100, fuzz_take_u8(input) % 16);
        break;
    case 5:
        FUZZ_CHECK(sp2_receive_stream_stop(r->stream) == SP2_OK);
        break;
    case 6:
        sp2_receive_stream_set_ready_callback(r->stream,
                                              fuzz_take_u8(input) & 1 ? count_ready : NULL, NULL);
        break;
    case 7:
        sp2_receive_stream_request_ready(r->stream);
        FUZZ_CHECK(sp2_receive_stream_get_heap_count(r->stream, &waiting) == SP2_OK);
        break;
    case 8:
        FUZZ_CHECK(sp2_receive_stream_get_fd(r->stream, &handle) == SP2_OK && handle >= 0);
        break;
    case 9:
        look_at_statistics(r, input);
        break;
    case 10:
        sp2_receive_stream_set_memcpy(r->stream, fuzz_take_u8(input) % 5);
        break;
    default:
        sp2_receive_stream_set_stop_on_stop_item(r->stream, fuzz_take_u8(input) & 1);
        sp2_receive_stream_get_stop_on_stop_item(r->stream, &stops);
        break;
    }
}

static void end(run *r) {
    int32_t status = SP2_OK;
    sp2_receive_stream_start(r->stream);
    if (!r->has_reader) {
        sp2_receive_stream_stop(r->stream);
    }
    while (status == SP2_OK) {
        status = pop(r, PATIENCE_NS, 4);
    }
    FUZZ_CHECK(status == SP2_E_STOPPED);
    check_stats(r, true);
    sp2_receive_stream_destroy(r->stream);
    for (unsigned i = 0; i < r->source_count; i++) {
        for (unsigned j = 0; j < MOST_DATAGRAMS; j++) {
            free(r->sources[i].blocks[j]);
        }
    }
    fuzz_check_no_memory();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input input = {data, size};
    run *r = calloc(1, sizeof(*r));
    FUZZ_CHECK(r != NULL);
    if (begin(r, &input)) {
        for (unsigned i = 0; i < MOST_CALLS && input.length != 0; i++) {
            call(r, &input);
        }
        end(r);
    }
    free(r);
    return 0;
}
