/* SPDX-License-Identifier: MIT */
#include "fault_scenarios.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture_builder.h"
#include "loopback.h"
#include "os_faults.h"

enum {
    HEAP_BYTES = 3000,
    PACKET_BYTES = HEAP_BYTES * SCENARIO_HEAPS / SCENARIO_PACKETS,
    POINTERS = 40,
    LARGE_HEAP_BYTES = 3 << 20,
    LARGE_PACKET_BYTES = 60000,
};

static sp2_receive_options options_for(fault_trial *trial, uint32_t flags) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.flags = flags;
    options.log = log_capture_message;
    options.log_context = &trial->log;
    options.max_heaps = 2 * SCENARIO_HEAPS;
    return options;
}

/* 20 heaps that need memory for all that heaps can need it for. */
static datagram_list make_heaps(void) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= SCENARIO_HEAPS; cnt++) {
        uint8_t *payload = new_payload(HEAP_BYTES, cnt);
        const int64_t heap_length = cnt % 3 == 0 ? NO_HEAP_LENGTH : HEAP_BYTES;
        for (uint64_t offset = 0; offset < HEAP_BYTES; offset += PACKET_BYTES) {
            packet_builder packet;
            packet_begin_heap(&packet, 48, cnt, heap_length, offset, PACKET_BYTES);
            for (uint32_t i = 0; i < POINTERS && offset == 0; i++) {
                packet_add_immediate(&packet, 0x1000 + i, i);
            }
            packet_add_payload(&packet, payload + offset, PACKET_BYTES);
            datagrams_add_packet(&list, &packet);
        }
        free(payload);
        /* Every second heap arrives with its packets in another order. */
        if (cnt % 2 == 0) {
            datagrams_swap(&list, list.count - 1, list.count - 3);
            datagrams_swap(&list, list.count - 2, list.count - 5);
        }
    }
    return list;
}

/* Packets of one heap that is never complete. */
static void add_incomplete_heap(datagram_list *list) {
    uint8_t *payload = new_payload(HEAP_BYTES, SCENARIO_HEAPS + 1);
    datagrams_add_part(list, 48, SCENARIO_HEAPS + 1, HEAP_BYTES, payload, PACKET_BYTES,
                       PACKET_BYTES);
    datagrams_add_part(list, 48, SCENARIO_HEAPS + 1, HEAP_BYTES, payload, 3 * PACKET_BYTES,
                       PACKET_BYTES);
    free(payload);
}

/* Pops everything and checks what of it can be used. */
static void take_heaps(fault_trial *trial, sp2_receive_stream *stream, uint64_t length) {
    heap_list heaps = pop_all(stream);
    for (uint64_t i = 0; i < heaps.count; i++) {
        const sp2_heap *heap = heaps.heaps[i];
        const sp2_heap_info info = info_of(heap);
        const sp2_item *items;
        const sp2_range *ranges;
        uint64_t count;
        REQUIRE_OK(sp2_heap_get_items(heap, &items, &count));
        /* Heaps that do not say their length end with the stream. */
        if (info.flags & SP2_HEAP_CONTIGUOUS && info.received_length == length) {
            uint8_t *payload = new_payload(length, info.cnt);
            CHECK_MEM(info.payload, payload, length);
            free(payload);
            trial->whole_heaps++;
        }
        REQUIRE_OK(sp2_heap_get_ranges(heap, &ranges, &count));
        trial->lost |= info.cnt == SCENARIO_HEAPS + 1 && count != 2;
    }
    heaps_free(&heaps);
    trial->stats = stats_of(stream);
    check_sums(&trial->stats);
}

/* ---- scenarios ---- */

int32_t scenario_make_threads(fault_trial *trial) {
    const int32_t cpu = os_allowed_cpu();
    sp2_thread_pool_options options = SP2_THREAD_POOL_OPTIONS_INIT;
    options.threads = 3;
    options.name = "faults";
    options.affinity = &cpu;
    options.affinity_count = 1;
    options.log = log_capture_message;
    options.log_context = &trial->log;
    sp2_thread_pool *pool = NULL;
    const int32_t status = sp2_thread_pool_create(&options, &pool);
    CHECK((pool != NULL) == (status == SP2_OK));
    sp2_thread_pool_destroy(pool);
    return status;
}

static const sp2_custom_stat custom_stats[] = {
    {.name = "counter", .mode = SP2_STAT_COUNTER},
    {.name = "maximum", .mode = SP2_STAT_MAXIMUM},
    {.name = "other", .mode = SP2_STAT_COUNTER},
};

int32_t scenario_make_stream(fault_trial *trial) {
    sp2_receive_options options =
        options_for(trial, SP2_RECEIVE_IN_ORDER | SP2_RECEIVE_DELIVER_INCOMPLETE |
                               SP2_RECEIVE_KEEP_RANGES | SP2_RECEIVE_EXPLICIT_START);
    options.substreams = 4;
    options.ring_heaps = 100;
    options.custom_stats = custom_stats;
    options.custom_stat_count = 3;
    sp2_receive_stream *stream = NULL;
    const int32_t status = sp2_receive_stream_create(NULL, &options, &stream);
    CHECK((stream != NULL) == (status == SP2_OK));
    sp2_receive_stream_destroy(stream);
    return status;
}

int32_t scenario_add_readers(fault_trial *trial) {
    const sp2_receive_options options = options_for(trial, SP2_RECEIVE_EXPLICIT_START);
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.bind_host = "127.0.0.1";
    udp.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    sp2_receive_stream *stream = NULL;
    uint32_t port = 0;
    int32_t status = sp2_receive_stream_create(NULL, &options, &stream);
    if (status == SP2_OK) {
        status = add_buffer_source(stream, NULL, 0);
    }
    if (status == SP2_OK) {
        status = add_datagram_source(stream, NULL, 0);
    }
    if (status == SP2_OK) {
        status = add_udp_source(stream, &udp, &port);
        CHECK((port != 0) == (status == SP2_OK));
    }
#if !defined(_WIN32)
    if (status == SP2_OK) {
        sp2_tcp_source_options tcp = SP2_TCP_SOURCE_OPTIONS_INIT;
        tcp.host = "127.0.0.1";
        status = sp2_receive_stream_add_tcp_source(stream, &tcp, NULL);
    }
    if (status == SP2_OK) {
        capture_builder capture;
        sp2_pcap_source_options pcap = SP2_PCAP_SOURCE_OPTIONS_INIT;
        capture_begin(&capture, (capture_shape){.pcapng = false}, LINK_ETHERNET);
        char *path = file_write(&capture.bytes);
        pcap.path = path;
        status = sp2_receive_stream_add_pcap_source(stream, &pcap, NULL);
        file_remove(path);
        bytes_free(&capture.bytes);
    }
#endif
    sp2_receive_stream_destroy(stream);
    return status;
}

/* Receives a list from memory, into an allocator's memory or the default; holds both at most until
 * it returns. */
static int32_t receive_list(fault_trial *trial, sp2_thread_pool *threads, sp2_allocator *allocator,
                            const datagram_list *list, uint64_t length) {
    const sp2_receive_options options =
        options_for(trial, SP2_RECEIVE_DELIVER_INCOMPLETE | SP2_RECEIVE_KEEP_RANGES);
    sp2_receive_stream *stream = NULL;
    int32_t status = sp2_receive_stream_create(threads, &options, &stream);
    if (status == SP2_OK) {
        CHECK_STATUS(sp2_receive_stream_set_memory_allocator(stream, allocator), SP2_OK);
        status = add_datagram_source(stream, list->datagrams, list->count);
    }
    if (status == SP2_OK) {
        take_heaps(trial, stream, length);
    }
    sp2_receive_stream_destroy(stream);
    return status;
}

int32_t scenario_receive_heaps(fault_trial *trial) {
    datagram_list list = make_heaps();
    add_incomplete_heap(&list);
    const int32_t status = receive_list(trial, NULL, NULL, &list, HEAP_BYTES);
    trial->lost |= trial->whole_heaps != SCENARIO_HEAPS;
    datagrams_free(&list);
    return status;
}

int32_t scenario_receive_into_pool(fault_trial *trial) {
    datagram_list list = make_heaps();
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    options.lower = 1;
    options.upper = HEAP_BYTES;
    options.max_free = SCENARIO_HEAPS;
    options.initial = 4;
    options.low_water = 3;
    options.log = log_capture_message;
    options.log_context = &trial->log;
    options.flags = SP2_MEMORY_POOL_NO_WARNING;
    sp2_allocator *pool = NULL;
    int32_t status = sp2_mmap_allocator_create(NULL, &options.base);
    if (status == SP2_OK) {
        status = sp2_thread_pool_create(NULL, &options.thread_pool);
    }
    if (status == SP2_OK) {
        status = sp2_memory_pool_create(&options, &pool);
    }
    if (status == SP2_OK) {
        status = receive_list(trial, options.thread_pool, pool, &list, HEAP_BYTES);
        trial->lost |= trial->whole_heaps != SCENARIO_HEAPS;
    }
    sp2_allocator_destroy(pool);
    sp2_allocator_destroy(options.base);
    sp2_thread_pool_destroy(options.thread_pool);
    datagrams_free(&list);
    return status;
}

/* Two streams of the same threads share a pool of memory. */
int32_t scenario_share_pool(fault_trial *trial) {
    datagram_list list = make_heaps();
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    options.lower = 1;
    options.upper = HEAP_BYTES;
    options.max_free = SCENARIO_HEAPS;
    options.initial = 2;
    options.flags = SP2_MEMORY_POOL_NO_WARNING;
    options.log_level = SP2_LOG_NONE;
    sp2_thread_pool *threads = NULL;
    sp2_allocator *pool = NULL;
    int32_t status = sp2_thread_pool_create(NULL, &threads);
    if (status == SP2_OK) {
        status = sp2_memory_pool_create(&options, &pool);
    }
    for (int i = 0; i < 2 && status == SP2_OK; i++) {
        trial->whole_heaps = 0;
        status = receive_list(trial, threads, pool, &list, HEAP_BYTES);
        trial->lost |= trial->whole_heaps != SCENARIO_HEAPS;
        if (trial->lost) {
            break;
        }
    }
    sp2_allocator_destroy(pool);
    sp2_thread_pool_destroy(threads);
    datagrams_free(&list);
    return status;
}

/* Heaps of several huge pages, one mapping each, from the system's pool of huge pages if it has
 * any. */
int32_t scenario_receive_into_mappings(fault_trial *trial) {
    datagram_list list = {0};
    uint8_t *payload = new_payload(LARGE_HEAP_BYTES, 1);
    datagrams_add_heap(&list, 1, payload, LARGE_HEAP_BYTES, LARGE_PACKET_BYTES);
    free(payload);
    sp2_mmap_options options = SP2_MMAP_OPTIONS_INIT;
    options.flags = SP2_MMAP_PREFER_HUGE;
    sp2_allocator *allocator = NULL;
    int32_t status = sp2_mmap_allocator_create(&options, &allocator);
    if (status == SP2_OK) {
        status = receive_list(trial, NULL, allocator, &list, LARGE_HEAP_BYTES);
        trial->lost |= trial->whole_heaps != 1;
    }
    sp2_allocator_destroy(allocator);
    datagrams_free(&list);
    return status;
}

/* The same in the default memory. */
int32_t scenario_receive_large_heap(fault_trial *trial) {
    datagram_list list = {0};
    uint8_t *payload = new_payload(LARGE_HEAP_BYTES, 1);
    datagrams_add_heap(&list, 1, payload, LARGE_HEAP_BYTES, LARGE_PACKET_BYTES);
    free(payload);
    const int32_t status = receive_list(trial, NULL, NULL, &list, LARGE_HEAP_BYTES);
    trial->lost |= trial->whole_heaps != 1;
    datagrams_free(&list);
    return status;
}

enum { CHUNKS = 3, HEAPS_PER_CHUNK = 8 };

/* A group with all that it can have memory for, and its chunks. */
static int32_t make_chunk_group(sp2_chunk_group **group) {
    int32_t status = sp2_chunk_group_create(NULL, group);
    for (int i = 0; i < CHUNKS && status == SP2_OK; i++) {
        sp2_chunk_memory memory = SP2_CHUNK_MEMORY_INIT;
        sp2_chunk *chunk = NULL;
        memory.data_size = HEAPS_PER_CHUNK * HEAP_BYTES;
        memory.present_size = HEAPS_PER_CHUNK;
        memory.extra_size = 1;
        status = sp2_chunk_create(&memory, &chunk);
        if (status == SP2_OK) {
            CHECK_STATUS(sp2_chunk_group_add_free(*group, chunk), SP2_OK);
        }
    }
    return status;
}

/* A member that places heaps by their cnt. */
static int32_t make_member(fault_trial *trial, sp2_chunk_group *group,
                           sp2_receive_stream **stream) {
    static const uint64_t one_antenna = SP2_RECEIVE_MIN_COUNT_ITEM;
    static const sp2_chunk_axis axes[] = {
        {.item = 1, .count = HEAPS_PER_CHUNK, .data_stride = HEAP_BYTES, .present_stride = 1},
        {.item = 0x1000 + one_antenna, .count = 1, .values = &one_antenna},
    };
    sp2_receive_options options = options_for(trial, 0);
    sp2_chunk_layout layout = SP2_CHUNK_LAYOUT_INIT;
    sp2_chunk_options chunks = SP2_CHUNK_OPTIONS_INIT;
    layout.axes = axes;
    layout.axis_count = 2;
    chunks.group = group;
    chunks.layout = &layout;
    chunks.max_heap_extra = 1;
    options.chunks = &chunks;
    return sp2_receive_stream_create(NULL, &options, stream);
}

/* Every heap says its length, and has the items in its first packet, which comes first. */
static datagram_list make_placed_heaps(void) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= SCENARIO_HEAPS; cnt++) {
        uint8_t *payload = new_payload(HEAP_BYTES, cnt);
        for (uint64_t offset = 0; offset < HEAP_BYTES; offset += PACKET_BYTES) {
            packet_builder packet;
            packet_begin_heap(&packet, 48, cnt, HEAP_BYTES, offset, PACKET_BYTES);
            for (uint32_t i = 0; i < POINTERS && offset == 0; i++) {
                packet_add_immediate(&packet, 0x1000 + i, i);
            }
            packet_add_payload(&packet, payload + offset, PACKET_BYTES);
            datagrams_add_packet(&list, &packet);
        }
        free(payload);
        if (cnt % 2 == 0) {
            datagrams_swap(&list, list.count - 1, list.count - 3);
        }
    }
    return list;
}

int32_t scenario_receive_into_chunks(fault_trial *trial) {
    datagram_list list = make_placed_heaps();
    sp2_chunk_group *group = NULL;
    sp2_receive_stream *stream = NULL;
    int32_t status = make_chunk_group(&group);
    if (status == SP2_OK) {
        status = make_member(trial, group, &stream);
    }
    if (status == SP2_OK) {
        status = add_datagram_source(stream, list.datagrams, list.count);
    }
    if (status == SP2_OK) {
        sp2_chunk *chunk;
        while (sp2_chunk_group_pop_wait(group, -1, &chunk) == SP2_OK) {
            sp2_chunk_info info = SP2_CHUNK_INFO_INIT;
            REQUIRE_OK(sp2_chunk_get_info(chunk, &info));
            trial->whole_heaps += info.present_count;
            sp2_chunk_release(chunk);
        }
        trial->stats = stats_of(stream);
        check_sums(&trial->stats);
    }
    trial->lost |= trial->whole_heaps != SCENARIO_HEAPS;
    sp2_receive_stream_destroy(stream);
    sp2_chunk_group_destroy(group);
    datagrams_free(&list);
    return status;
}

static void *user_allocate(void *context, uint64_t size, const sp2_packet_header *packet,
                           void **block_context) {
    (void)context;
    (void)packet;
    (void)block_context;
    return malloc((size_t)size);
}

static void user_free(void *context, void *block, uint64_t size, void *block_context) {
    (void)context;
    (void)size;
    (void)block_context;
    free(block);
}

static void user_copy(void *context, uint8_t *payload, const sp2_packet_header *packet) {
    (void)context;
    memcpy(payload + packet->payload_offset, packet->payload, packet->payload_length);
    packet->custom_stats[0]++;
}

static void ready(void *context) {
    (void)context;
}

/* Everything that is the user's own: memory, copying, statistics, the callback and the handle. */
int32_t scenario_receive_with_functions(fault_trial *trial) {
    datagram_list list = make_heaps();
    sp2_receive_options options = options_for(trial, SP2_RECEIVE_EXPLICIT_START);
    options.custom_stats = custom_stats;
    options.custom_stat_count = 3;
    sp2_allocator_options functions = SP2_ALLOCATOR_OPTIONS_INIT;
    functions.allocate = user_allocate;
    functions.free = user_free;
    sp2_allocator *allocator = NULL;
    sp2_receive_stream *stream = NULL;
    int64_t handle = -1;
    int32_t status = sp2_allocator_create(&functions, &allocator);
    if (status == SP2_OK) {
        status = sp2_receive_stream_create(NULL, &options, &stream);
    }
    if (status == SP2_OK) {
        status = sp2_receive_stream_get_fd(stream, &handle);
        CHECK((handle >= 0) == (status == SP2_OK));
    }
    if (status == SP2_OK) {
        CHECK_STATUS(sp2_receive_stream_set_memory_allocator(stream, allocator), SP2_OK);
        CHECK_STATUS(sp2_receive_stream_set_copy_function(stream, user_copy, NULL), SP2_OK);
        CHECK_STATUS(sp2_receive_stream_set_ready_callback(stream, ready, NULL), SP2_OK);
        status = add_datagram_source(stream, list.datagrams, list.count);
    }
    if (status == SP2_OK) {
        CHECK_STATUS(sp2_receive_stream_request_ready(stream), SP2_E_EMPTY);
        REQUIRE_OK(sp2_receive_stream_start(stream));
        take_heaps(trial, stream, HEAP_BYTES);
        trial->lost |= trial->whole_heaps != SCENARIO_HEAPS;
    }
    sp2_receive_stream_destroy(stream);
    sp2_allocator_destroy(allocator);
    datagrams_free(&list);
    return status;
}

static sp2_udp_source_options loopback_options(void) {
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.bind_host = "127.0.0.1";
    udp.buffer_size = 65536;
    return udp;
}

/* A stream that gets as far as a UDP source with these options. */
static int32_t try_udp_source(fault_trial *trial, const sp2_udp_source_options *udp) {
    const sp2_receive_options options = options_for(trial, 0);
    sp2_receive_stream *stream = NULL;
    uint32_t port = 0;
    int32_t status = sp2_receive_stream_create(NULL, &options, &stream);
    if (status == SP2_OK) {
        status = add_udp_source(stream, udp, &port);
        CHECK((port != 0) == (status == SP2_OK));
    }
    sp2_receive_stream_destroy(stream);
    return status;
}

int32_t scenario_add_loopback(fault_trial *trial) {
    const sp2_udp_source_options udp = loopback_options();
    return try_udp_source(trial, &udp);
}

int32_t scenario_add_group(fault_trial *trial) {
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.group = "239.255.77.77";
    udp.interface_address = "127.0.0.1";
    udp.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    return try_udp_source(trial, &udp);
}

int32_t scenario_add_existing(fault_trial *trial) {
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.flags = SP2_UDP_EXISTING_SOCKET;
    const test_socket opened = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(opened != NO_SOCKET);
    udp.socket = (int64_t)opened;
    trial->number = udp.socket;
    const int32_t status = try_udp_source(trial, &udp);
    test_socket_close(opened);
    return status;
}

int32_t scenario_open_handle(fault_trial *trial) {
    const sp2_receive_options options = options_for(trial, 0);
    sp2_receive_stream *stream = NULL;
    int64_t handle = -1;
    int32_t status = sp2_receive_stream_create(NULL, &options, &stream);
    if (status == SP2_OK) {
        status = sp2_receive_stream_get_fd(stream, &handle);
        CHECK((handle >= 0) == (status == SP2_OK));
    }
    sp2_receive_stream_destroy(stream);
    return status;
}

static uint64_t seen_datagrams(sp2_receive_stream *stream) {
    const sp2_receive_stats stats = stats_of(stream);
    return stats.packets + stats.truncated + stats.size_mismatch + stats.malformed + stats.empty;
}

enum { SHARERS = 2 };

/* Two streams that get as far as sharing a port, and get these datagrams. */
static int32_t try_sharing(fault_trial *trial, const sp2_udp_source_options *udp,
                           const datagram_list *list) {
    sp2_receive_options options = options_for(trial, 0);
    sp2_receive_stream *streams[SHARERS] = {NULL};
    sp2_packet_source *sources[SHARERS] = {NULL};
    int32_t status = SP2_OK;
    options.ring_heaps = SCENARIO_HEAPS;
    for (int i = 0; i < SHARERS && status == SP2_OK; i++) {
        status = sp2_receive_stream_create(NULL, &options, &streams[i]);
    }
    if (status == SP2_OK) {
        status = sp2_receive_streams_add_udp_source(streams, SHARERS, udp, sources);
        CHECK((sources[0] != NULL) == (status == SP2_OK));
    }
    if (status == SP2_OK && list->count != 0) {
        sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
        REQUIRE_OK(sp2_packet_source_get_info(sources[0], &info));
        send_to_loopback(info.port, list);
        WAIT_UNTIL(seen_datagrams(streams[0]) + seen_datagrams(streams[1]) == list->count,
                   PATIENCE_SECONDS);
    }
    for (int i = 0; i < SHARERS; i++) {
        sp2_packet_source_release(sources[i]);
        if (status == SP2_OK) {
            const uint64_t failed = trial->stats.allocation_failed;
            REQUIRE_OK(sp2_receive_stream_stop(streams[i]));
            take_heaps(trial, streams[i], HEAP_BYTES);
            trial->stats.allocation_failed += failed;
        }
        sp2_receive_stream_destroy(streams[i]);
    }
    return status;
}

int32_t scenario_share_port(fault_trial *trial) {
    sp2_udp_source_options udp = loopback_options();
    udp.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    datagram_list list = make_placed_heaps();
    const int32_t status = try_sharing(trial, &udp, &list);
    trial->lost |= trial->whole_heaps != SCENARIO_HEAPS;
    datagrams_free(&list);
    return status;
}

int32_t scenario_share_group(fault_trial *trial) {
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.group = "239.255.77.78";
    udp.interface_address = "127.0.0.1";
    udp.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    const datagram_list none = {0};
    return try_sharing(trial, &udp, &none);
}

/* Sends the heaps to a stream with a UDP source, and what ends it when all have been looked at. */
static int32_t receive_heaps_by_udp(fault_trial *trial, uint64_t ring_heaps) {
    datagram_list list = make_heaps();
    datagram_list stop = {0};
    datagrams_add_stop(&stop, 1000);
    sp2_receive_options options = options_for(trial, SP2_RECEIVE_DELIVER_INCOMPLETE);
    options.ring_heaps = ring_heaps;
    sp2_receive_stream *stream = NULL;
    uint32_t port = 0;
    sp2_udp_source_options udp = loopback_options();
    udp.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    REQUIRE_OK(sp2_receive_stream_create(NULL, &options, &stream));
    REQUIRE_OK(add_udp_source(stream, &udp, &port));
    send_to_loopback(port, &list);
    if (ring_heaps >= SCENARIO_HEAPS) {
        WAIT_UNTIL(seen_datagrams(stream) == list.count, PATIENCE_SECONDS);
        os_receive_set(OS_RECEIVE_AS_IS);
    } else {
        /* The reader has been paused, at least until now. */
        WAIT_UNTIL(stats_of(stream).worker_blocked != 0, PATIENCE_SECONDS);
        sp2_test_nap();
    }
    send_to_loopback(port, &stop);
    take_heaps(trial, stream, HEAP_BYTES);
    trial->lost |= trial->whole_heaps != SCENARIO_HEAPS;
    sp2_receive_stream_destroy(stream);
    datagrams_free(&stop);
    datagrams_free(&list);
    return SP2_OK;
}

int32_t scenario_receive_by_udp(fault_trial *trial) {
    return receive_heaps_by_udp(trial, 2 * SCENARIO_HEAPS);
}

int32_t scenario_receive_with_full_ring(fault_trial *trial) {
    return receive_heaps_by_udp(trial, 1);
}

#if !defined(_WIN32)
/* A stream that gets as far as a TCP source with these options. */
static int32_t try_tcp_source(fault_trial *trial, const sp2_tcp_source_options *tcp) {
    const sp2_receive_options options = options_for(trial, 0);
    sp2_receive_stream *stream = NULL;
    sp2_packet_source *source = NULL;
    int32_t status = sp2_receive_stream_create(NULL, &options, &stream);
    if (status == SP2_OK) {
        status = sp2_receive_stream_add_tcp_source(stream, tcp, &source);
        CHECK((source != NULL) == (status == SP2_OK));
    }
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(stream);
    return status;
}

int32_t scenario_add_tcp(fault_trial *trial) {
    sp2_tcp_source_options tcp = SP2_TCP_SOURCE_OPTIONS_INIT;
    tcp.host = "127.0.0.1";
    tcp.buffer_size = 65536;
    return try_tcp_source(trial, &tcp);
}

/* Port 9 throws away what it gets, where there is one. */
int32_t scenario_connect_tcp(fault_trial *trial) {
    sp2_tcp_source_options tcp = SP2_TCP_SOURCE_OPTIONS_INIT;
    tcp.flags = SP2_TCP_CONNECT;
    tcp.host = "127.0.0.1";
    tcp.port = 9;
    return try_tcp_source(trial, &tcp);
}

int32_t scenario_add_existing_tcp(fault_trial *trial) {
    sp2_tcp_source_options tcp = SP2_TCP_SOURCE_OPTIONS_INIT;
    tcp.flags = SP2_TCP_EXISTING_SOCKET;
    const test_socket opened = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(opened != NO_SOCKET && listen(opened, 1) == 0);
    tcp.socket = (int64_t)opened;
    trial->number = tcp.socket;
    const int32_t status = try_tcp_source(trial, &tcp);
    test_socket_close(opened);
    return status;
}

int32_t scenario_receive_by_tcp(fault_trial *trial) {
    datagram_list list = make_heaps();
    const sp2_receive_options options = options_for(trial, SP2_RECEIVE_DELIVER_INCOMPLETE);
    sp2_tcp_source_options tcp = SP2_TCP_SOURCE_OPTIONS_INIT;
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    struct sockaddr_in address = {.sin_family = AF_INET};
    sp2_receive_stream *stream = NULL;
    sp2_packet_source *source = NULL;
    tcp.host = "127.0.0.1";
    REQUIRE_OK(sp2_receive_stream_create(NULL, &options, &stream));
    REQUIRE_OK(sp2_receive_stream_add_tcp_source(stream, &tcp, &source));
    REQUIRE_OK(sp2_packet_source_get_info(source, &info));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)info.port);
    const test_socket sender = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(sender != NO_SOCKET &&
            connect(sender, (const struct sockaddr *)&address, sizeof(address)) == 0);
    size_t length;
    uint8_t *bytes = datagrams_join(&list, &length);
    REQUIRE(send(sender, bytes, length, 0) == (ssize_t)length);
    test_socket_close(sender);
    take_heaps(trial, stream, HEAP_BYTES);
    trial->lost |= trial->whole_heaps != SCENARIO_HEAPS;
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(stream);
    free(bytes);
    datagrams_free(&list);
    return SP2_OK;
}
#endif

#if !defined(_WIN32)
/* The heaps in a capture, as fragments, for which there is memory only then. */
static void write_capture(const char *path) {
    const frame_shape shape = {.v6 = true};
    capture_builder capture;
    datagram_list list = make_heaps();
    capture_begin(&capture, (capture_shape){.pcapng = true}, LINK_ETHERNET);
    for (size_t i = 0; i < list.count; i++) {
        capture_add_fragments(&capture, &shape, (uint32_t)i, &list.datagrams[i], 1024);
    }
    file_write_as(path, &capture.bytes);
    bytes_free(&capture.bytes);
    datagrams_free(&list);
}

/* Adds the source; takes the heaps if it could be added. The path is in messages. */
static int32_t receive_capture(fault_trial *trial, const char *path) {
    const sp2_receive_options options = options_for(trial, SP2_RECEIVE_DELIVER_INCOMPLETE);
    sp2_pcap_source_options pcap = SP2_PCAP_SOURCE_OPTIONS_INIT;
    sp2_receive_stream *stream = NULL;
    sp2_packet_source *source = NULL;
    write_capture(path);
    pcap.path = path;
    int32_t status = sp2_receive_stream_create(NULL, &options, &stream);
    if (status == SP2_OK) {
        status = sp2_receive_stream_add_pcap_source(stream, &pcap, &source);
        CHECK((source != NULL) == (status == SP2_OK));
    }
    if (status == SP2_OK) {
        take_heaps(trial, stream, HEAP_BYTES);
    }
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(stream);
    remove(path);
    return status;
}

int32_t scenario_add_pcap(fault_trial *trial) {
    return receive_capture(trial, "refused.pcap");
}

int32_t scenario_receive_by_pcap(fault_trial *trial) {
    const int32_t status = receive_capture(trial, "received.pcap");
    trial->lost |= trial->whole_heaps != SCENARIO_HEAPS;
    return status;
}
#endif

/* A pop that is interrupted waits on. */
int32_t scenario_wait_in_vain(fault_trial *trial) {
    const int64_t timeout_ns = 20000000;
    sp2_receive_options options = options_for(trial, 0);
    options.spin_ns = SP2_NEVER_SPIN;
    sp2_receive_stream *stream = new_stream(&options);
    sp2_heap *heap;
    uint32_t count;
    const uint64_t start = sp2_test_now_ns();
    CHECK_STATUS(sp2_receive_stream_pop_wait(stream, &heap, 1, timeout_ns, &count), SP2_E_TIMEOUT);
    CHECK(sp2_test_now_ns() - start >= (uint64_t)timeout_ns);
    sp2_receive_stream_destroy(stream);
    return SP2_OK;
}

/* ---- sockets that end while they are received from ---- */

enum { IDLE_NAPS = 50, MOST_WAITS = 20 };

typedef enum ending { END_CLOSE, END_SHUTDOWN } ending;

/* A socket of the user's that the user closes, or shuts down, in the middle. */
static void end_socket(ending how, fault_trial *trial) {
    sp2_receive_options options = options_for(trial, 0);
    options.ring_heaps = 2 * SCENARIO_HEAPS;
    options.log_level = SP2_LOG_INFO;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const test_socket fd = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(fd != NO_SOCKET && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    REQUIRE(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.flags = SP2_UDP_EXISTING_SOCKET;
    udp.socket = (int64_t)fd;
    sp2_receive_stream *stream = NULL;
    REQUIRE_OK(sp2_receive_stream_create(NULL, &options, &stream));
    REQUIRE_OK(add_udp_source(stream, &udp, NULL));
    if (how == END_SHUTDOWN) {
        /* Of a socket without a peer it says that there is none, and shuts it down nevertheless. */
        (void)shutdown(fd, TEST_SHUT_BOTH);
        WAIT_UNTIL(log_capture_contains(&trial->log, "UDP port"), PATIENCE_SECONDS);
        /* Nobody must look at it again and again. */
        const uint64_t before = os_waits();
        for (int i = 0; i < IDLE_NAPS; i++) {
            sp2_test_nap();
        }
        CHECK(os_waits() - before < MOST_WAITS);
    } else {
        test_socket_close(fd);
    }
    if (how == END_SHUTDOWN && TEST_SHUT_SOCKETS_END) {
        REQUIRE_OK(sp2_receive_stream_stop(stream));
    } else {
        datagram_list list = make_heaps();
        datagrams_add_stop(&list, 1000);
        send_to_loopback(ntohs(address.sin_port), &list);
        take_heaps(trial, stream, HEAP_BYTES);
        CHECK_EQ_U64(trial->whole_heaps, SCENARIO_HEAPS);
        datagrams_free(&list);
    }
    sp2_receive_stream_destroy(stream);
    if (how == END_SHUTDOWN) {
        test_socket_close(fd);
    }
}

int32_t scenario_close_socket(fault_trial *trial) {
    end_socket(END_CLOSE, trial);
    return SP2_OK;
}

int32_t scenario_shut_socket_down(fault_trial *trial) {
    end_socket(END_SHUTDOWN, trial);
    return SP2_OK;
}
