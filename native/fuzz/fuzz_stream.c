/* SPDX-License-Identifier: MIT */
/*
 * A whole stream: the input is options, then operations: datagrams, buffers, pops, settings, a
 * failed allocation, a stop. Packets go in on this thread, so that an input always does the same.
 * Two streams get the same: the usual one, and one whose packets a function of the user's copies,
 * so that each is decoded in full, into memory without a byte to spare. They must agree in every
 * heap and statistic.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fuzz.h"
#include "heap_checks.h"
#include "made_packet.h"
#include "packet_builder.h"
#include "receive/stream.h"
#include "spead2core/dialect.h"

enum { MOST_STREAMS = 2, MOST_OPERATIONS = 4096, LARGEST_HEAP_LOG2 = 20, MOST_SPREAD = 4096 };

/* Operations, some of which feed packets: the numbers are those of the corpus. */
enum { FORMS = 16 };

typedef struct run {
    sp2_receive_options options;
    sp2__dialect dialect; /* of what feeds them */
    unsigned count;       /* streams */
    sp2_receive_stream *streams[MOST_STREAMS];
    fuzz_popped popped[MOST_STREAMS];
    sp2_allocator *exact;
    uint8_t *last; /* the latest datagram */
    size_t last_length;
    unsigned spread; /* packets that feed_spread has made */
} run;

static unsigned long blocks_in_use;

static void *allocate_exactly(void *context, uint64_t size, const sp2_packet_header *packet,
                              void **block_context) {
    (void)context;
    FUZZ_CHECK(packet != NULL && packet->payload_length <= size);
    FUZZ_CHECK(size <= 1u << LARGEST_HEAP_LOG2);
    *block_context = &blocks_in_use;
    blocks_in_use++;
    return fuzz_alloc((size_t)size);
}

static void free_exactly(void *context, void *block, uint64_t size, void *block_context) {
    (void)context;
    (void)size;
    FUZZ_CHECK(block_context == &blocks_in_use && blocks_in_use != 0);
    blocks_in_use--;
    free(block);
}

static sp2_allocator *new_exact_allocator(void) {
    sp2_allocator_options options = SP2_ALLOCATOR_OPTIONS_INIT;
    options.allocate = allocate_exactly;
    options.free = free_exactly;
    sp2_allocator *allocator;
    FUZZ_CHECK(sp2_allocator_create(&options, &allocator) == SP2_OK);
    return allocator;
}

static sp2_allocator *new_pool(uint16_t upper) {
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    options.upper = (uint64_t)upper + 1;
    options.max_free = 2;
    options.initial = 1;
    options.log_level = SP2_LOG_NONE;
    sp2_allocator *pool;
    FUZZ_CHECK(sp2_memory_pool_create(&options, &pool) == SP2_OK);
    return pool;
}

static void copy_as_told(void *context, uint8_t *heap, const sp2_packet_header *packet) {
    (void)context;
    FUZZ_CHECK(packet->size == sizeof(*packet) && packet->custom_stats == NULL);
    memcpy(heap + packet->payload_offset, packet->payload, (size_t)packet->payload_length);
}

static void forget(void *context, int32_t level, const char *message) {
    (void)context;
    FUZZ_CHECK(level >= SP2_LOG_WARNING && level <= SP2_LOG_DEBUG && message[0] != '\0');
}

/* One thread for all inputs: it only ends streams. */
static sp2_thread_pool *thread_pool(void) {
    static sp2_thread_pool *pool;
    if (pool == NULL) {
        FUZZ_CHECK(sp2_thread_pool_create(NULL, &pool) == SP2_OK);
    }
    return pool;
}

static void begin(run *r, fuzz_input *input) {
    r->options = (sp2_receive_options)SP2_RECEIVE_OPTIONS_INIT;
    const uint8_t flags = fuzz_take_u8(input);
    const uint8_t sizes = fuzz_take_u8(input);
    const uint8_t more = fuzz_take_u8(input);
    if (flags & 0x40) {
        r->dialect = (sp2__dialect){fuzz_take_u8(input), SP2_DIALECT_SKA_LOW_ITEM};
    }
    r->options.flags = (flags & 0x3fu) | SP2_RECEIVE_UNKEYED_SEARCH; /* no explicit start */
    r->count = flags & 0x80 ? 1 : 2;
    r->options.max_heaps = 1 + (sizes & 7);
    r->options.ring_heaps = 1 + (sizes >> 3 & 7);
    r->options.substreams = 1 + (sizes >> 6);
    r->options.bug_compat = more & 7;
    r->options.max_heap_size = (uint64_t)1 << (more >> 3) % (LARGEST_HEAP_LOG2 + 1);
    r->options.log = forget;
    r->options.log_level = SP2_LOG_DEBUG;
    r->exact = new_exact_allocator();
    for (unsigned i = 0; i < r->count; i++) {
        FUZZ_CHECK(sp2_receive_stream_create(thread_pool(), &r->options, &r->streams[i]) == SP2_OK);
    }
    if (r->count == 2) {
        FUZZ_CHECK(sp2_receive_stream_set_copy_function(r->streams[1], copy_as_told, NULL) ==
                   SP2_OK);
        FUZZ_CHECK(sp2_receive_stream_set_memory_allocator(r->streams[1], r->exact) == SP2_OK);
    }
}

/* Pops up to `most` heaps; gives the status of the last pop. */
/* No source is parked here that would make the consumer do it. */
static void make_room(sp2_receive_stream *stream) {
    sp2__mutex_lock(&stream->lock);
    sp2__stream_settle(stream);
    sp2__stream_unlock(stream);
}

static int32_t pop(run *r, unsigned most) {
    int32_t status = SP2_OK;
    for (unsigned n = 0; n < most && status == SP2_OK; n++) {
        sp2_heap *heaps[MOST_STREAMS] = {NULL, NULL};
        for (unsigned i = 0; i < r->count; i++) {
            uint32_t count;
            const int32_t other = status;
            status = sp2_receive_stream_pop(r->streams[i], &heaps[i], 1, &count);
            FUZZ_CHECK(i == 0 || status == other);
            FUZZ_CHECK(count == (status == SP2_OK));
            if (status == SP2_OK) {
                fuzz_check_heap(heaps[i], &r->options);
                fuzz_count_heap(&r->popped[i], heaps[i]);
            }
        }
        if (status == SP2_OK && r->count == 2) {
            fuzz_check_same_heap(heaps[0], heaps[1]);
        }
        for (unsigned i = 0; i < r->count; i++) {
            sp2_heap_release(heaps[i]);
            make_room(r->streams[i]);
        }
    }
    return status;
}

static void check_stats(run *r, bool all) {
    sp2_receive_stats stats[MOST_STREAMS];
    for (unsigned i = 0; i < r->count; i++) {
        stats[i] = (sp2_receive_stats)SP2_RECEIVE_STATS_INIT;
        FUZZ_CHECK(sp2_receive_stream_get_stats(r->streams[i], &stats[i]) == SP2_OK);
        fuzz_check_stats(&stats[i], &r->popped[i], all);
    }
    FUZZ_CHECK(r->count == 1 || memcmp(&stats[0], &stats[1], sizeof(stats[0])) == 0);
}

/* As a source does it: packets go in only where there is room. False where there is not, or the
 * stream has stopped. */
static bool enter(run *r, sp2_receive_stream *stream) {
    const sp2__answer answer = sp2__stream_enter(stream);
    stream->dialect = r->dialect.flags != 0 ? &r->dialect : NULL;
    sp2__assembler_decode_all(&stream->assembler, sp2__dialect_decodes_all(&r->dialect));
    if (answer != SP2__MORE) {
        sp2__stream_leave(stream);
    }
    return answer == SP2__MORE;
}

static void feed_datagram(run *r, const uint8_t *bytes, size_t length) {
    for (unsigned i = 0; i < r->count; i++) {
        if (enter(r, r->streams[i])) {
            const uint64_t before = r->streams[i]->stats.packets;
            sp2__stream_add_datagram(r->streams[i], bytes, length);
            sp2__stream_count_batches(r->streams[i], 1, r->streams[i]->stats.packets - before);
            sp2__stream_leave(r->streams[i]);
        }
    }
}

/* Packets back to back, of which the first that is none ends the stream, as a buffer source does.
 */
static void feed_buffer(run *r, const uint8_t *bytes, size_t length) {
    for (unsigned i = 0; i < r->count; i++) {
        sp2_receive_stream *stream = r->streams[i];
        if (!enter(r, stream)) {
            continue;
        }
        sp2__answer answer = SP2__MORE;
        uint64_t position = 0;
        uint64_t count = 0;
        while (answer == SP2__MORE && position < length) {
            uint64_t size = 0;
            const sp2__packet_fault fault =
                sp2__stream_add_packet(stream, bytes + position, length - position, &size, &answer);
            if (fault != SP2__PACKET_OK) {
                sp2__stream_add_malformed(stream, bytes + position, length - position, fault,
                                          position);
                sp2__stream_end_source(stream);
                break;
            }
            FUZZ_CHECK(size != 0 && size <= length - position);
            position += size;
            count++;
        }
        sp2__stream_count_batches(stream, 1, count);
        sp2__stream_leave(stream);
    }
}

static void keep_as_last(run *r, uint8_t *bytes, size_t length) {
    free(r->last);
    r->last = bytes;
    r->last_length = length;
}

static void feed_made_packet(run *r, fuzz_input *input) {
    size_t length;
    uint8_t *packet = fuzz_make_packet(input, &length);
    keep_as_last(r, packet, length);
    feed_datagram(r, packet, length);
}

static void set_allocator(run *r, fuzz_input *input) {
    const uint8_t which = fuzz_take_u8(input) % 3;
    sp2_allocator *allocator = which == 0   ? NULL
                               : which == 1 ? r->exact
                                            : new_pool(fuzz_take_u16(input));
    FUZZ_CHECK(sp2_receive_stream_set_memory_allocator(r->streams[0], allocator) == SP2_OK);
    if (which == 2) {
        sp2_allocator_destroy(allocator);
    }
}

static void set_stop_on_stop_item(run *r, fuzz_input *input) {
    const int32_t stop = fuzz_take_u8(input) & 1;
    for (unsigned i = 0; i < r->count; i++) {
        FUZZ_CHECK(sp2_receive_stream_set_stop_on_stop_item(r->streams[i], stop) == SP2_OK);
    }
}

static void stop(run *r) {
    for (unsigned i = 0; i < r->count; i++) {
        FUZZ_CHECK(sp2_receive_stream_stop(r->streams[i]) == SP2_OK);
    }
}

static void end_source(run *r) {
    for (unsigned i = 0; i < r->count; i++) {
        sp2__stream_enter(r->streams[i]);
        sp2__stream_end_source(r->streams[i]);
        sp2__stream_leave(r->streams[i]);
    }
}

static void feed_raw(run *r, fuzz_input *input, bool is_datagram) {
    size_t length = fuzz_take_u16(input);
    uint8_t *bytes = fuzz_take_bytes(input, &length);
    keep_as_last(r, bytes, length);
    if (is_datagram) {
        feed_datagram(r, r->last, r->last_length);
    } else {
        feed_buffer(r, r->last, r->last_length);
    }
}

/* Packets of a heap at regular distances, so that few bytes of the input make many ranges, and a
 * few more fill what is between them. */
static void feed_spread(run *r, fuzz_input *input) {
    enum { ADDRESS_BITS = 40, HEAP_LENGTH = UINT16_MAX };
    static const uint8_t bytes[UINT8_MAX];
    const uint8_t cnt = fuzz_take_u8(input);
    const uint16_t start = fuzz_take_u16(input);
    const int8_t distance = (int8_t)fuzz_take_u8(input);
    const uint8_t length = fuzz_take_u8(input);
    const uint8_t count = fuzz_take_u8(input);
    for (unsigned i = 0; i < count && r->spread < MOST_SPREAD; i++, r->spread++) {
        const uint64_t offset = (uint16_t)(start + (int)i * distance);
        packet_builder packet;
        packet_begin_heap(&packet, ADDRESS_BITS, cnt, HEAP_LENGTH, offset, length);
        packet_add_payload(&packet, bytes, length);
        feed_datagram(r, packet.bytes, packet.length);
        packet_free(&packet);
    }
}

static void feed(run *r, fuzz_input *input, uint8_t form) {
    switch (form) {
    case 0:
        feed_raw(r, input, true);
        break;
    case 1:
        feed_raw(r, input, false);
        break;
    case 2:
        feed_datagram(r, r->last, r->last_length);
        break;
    case 9:
        feed_spread(r, input);
        break;
    default:
        feed_made_packet(r, input);
        break;
    }
}

/* One allocation of what follows fails. Two streams have not the same ones, so this is only for one
 * that is alone. */
static void fail_an_allocation(run *r, fuzz_input *input) {
    const uint8_t n = fuzz_take_u8(input);
    if (r->count == 1) {
        atomic_store(&sp2__alloc_countdown, n >> 1);
    }
    if (n & 1) {
        end_source(r);
    } else {
        feed(r, input, fuzz_take_u8(input) % FORMS);
    }
    atomic_store(&sp2__alloc_countdown, -1);
}

/* Callers forget arguments, too. */
static void forget_an_argument(const run *r) {
    sp2_heap_info info = SP2_HEAP_INFO_INIT;
    const sp2_descriptor *descriptors;
    const sp2_item *items;
    const sp2_range *ranges;
    uint64_t count = 1;
    FUZZ_CHECK(sp2_heap_get_info(NULL, &info) == SP2_E_ARG);
    FUZZ_CHECK(sp2_heap_get_items(NULL, &items, &count) == SP2_E_ARG && items == NULL);
    FUZZ_CHECK(sp2_heap_get_items(NULL, NULL, &count) == SP2_E_ARG && count == 0);
    FUZZ_CHECK(sp2_heap_get_ranges(NULL, &ranges, &count) == SP2_E_ARG && ranges == NULL);
    FUZZ_CHECK(sp2_heap_get_ranges(NULL, &ranges, NULL) == SP2_E_ARG);
    FUZZ_CHECK(sp2_heap_get_descriptors(NULL, &descriptors, NULL) == SP2_E_ARG);
    FUZZ_CHECK(descriptors == NULL);
    FUZZ_CHECK(sp2_receive_stream_pop(r->streams[0], NULL, 1, NULL) == SP2_E_ARG);
    sp2_heap_release(NULL);
}

static void operate(run *r, fuzz_input *input) {
    const uint8_t operation = fuzz_take_u8(input) % FORMS;
    switch (operation) {
    case 3:
        pop(r, fuzz_take_u8(input));
        break;
    case 4:
        set_allocator(r, input);
        break;
    case 5:
        sp2_receive_stream_set_memcpy(r->streams[0], fuzz_take_u8(input) % 5);
        break;
    case 6:
        set_stop_on_stop_item(r, input);
        break;
    case 7:
        fail_an_allocation(r, input);
        break;
    case 8:
        stop(r);
        break;
    case 10:
        forget_an_argument(r);
        break;
    default:
        feed(r, input, operation);
        break;
    }
}

static void end(run *r) {
    end_source(r);
    while (pop(r, 1) == SP2_OK) {
    }
    FUZZ_CHECK(pop(r, 1) == SP2_E_STOPPED);
    check_stats(r, true);
    for (unsigned i = 0; i < r->count; i++) {
        sp2_receive_stream_destroy(r->streams[i]);
    }
    sp2_allocator_destroy(r->exact);
    free(r->last);
    FUZZ_CHECK(blocks_in_use == 0);
    fuzz_check_no_memory();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input input = {data, size};
    run r = {0};
    begin(&r, &input);
    for (unsigned i = 0; i < MOST_OPERATIONS && input.length != 0; i++) {
        operate(&r, &input);
        check_stats(&r, false);
    }
    end(&r);
    return 0;
}
