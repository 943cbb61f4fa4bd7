/* SPDX-License-Identifier: MIT */
/*
 * Calls every function of the interface at random, from four threads, with handles that are live,
 * freed, of another kind, foreign or NULL, and option structs of random sizes. Nothing but status
 * codes may come of it. A library that does not check handles does not survive this.
 *
 *   handle_spinner [seconds [seed]]
 *
 * It ends while streams receive. Exit code 0: every call gave a status.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SP2_HAS_ITEMS
#include "spead2core/spead2core.h"

enum { THREADS = 4, HANDLES = 64, LARGEST_STRUCT = 70000, STATUSES = 11, POP_CAPACITY = 8 };

static _Atomic(void *) handles[HANDLES];
static atomic_ulong counts[STATUSES];
static atomic_ulong calls;
static atomic_ulong callbacks;
static atomic_bool failed;
static uint64_t deadline_ns;

typedef struct spinner {
    uint64_t random;
    unsigned char options[LARGEST_STRUCT];
} spinner;

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* SplitMix64. */
static uint64_t next(spinner *self) {
    uint64_t z = (self->random += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t below(spinner *self, uint64_t bound) {
    return next(self) % bound;
}

/* Any handle there is, or something that is none. */
static void *any_handle(spinner *self) {
    void *known = atomic_load(&handles[below(self, HANDLES)]);
    switch (below(self, 16)) {
    case 0:
        return NULL;
    case 1:
        return self->options;
    case 2:
        return (void *)(uintptr_t)next(self);
    case 3: /* one bit of a handle is another */
        return (void *)((uintptr_t)known ^ (uintptr_t)1 << below(self, 64));
    default:
        return known;
    }
}

/* The handle stays known after it has been freed, until another one takes its place. Whatever that
 * one stood for ends then: of these functions at most one means it. */
static void keep(spinner *self, void *handle) {
    if (handle != NULL) {
        void *old = atomic_exchange(&handles[below(self, HANDLES)], handle);
        sp2_heap_release(old);
        sp2_receive_stream_destroy(old);
        sp2_allocator_destroy(old);
        sp2_thread_pool_destroy(old);
        sp2_item_group_destroy(old);
    }
}

static void note(int32_t status) {
    if (status > 0 || status <= -STATUSES) {
        fprintf(stderr, "%d is no status\n", (int)status);
        atomic_store(&failed, true);
        return;
    }
    if (status == SP2_E_ARG && sp2_last_error_message()[0] == '\0') {
        fprintf(stderr, "a refused argument without a message\n");
        atomic_store(&failed, true);
    }
    atomic_fetch_add_explicit(&counts[-status], 1, memory_order_relaxed);
}

static void count_log(void *context, int32_t level, const char *message) {
    (void)context;
    if (level < SP2_LOG_WARNING || level > SP2_LOG_DEBUG || message[0] == '\0') {
        atomic_store(&failed, true);
    }
    atomic_fetch_add_explicit(&callbacks, 1, memory_order_relaxed);
}

static void count_ready(void *context) {
    (void)context;
    atomic_fetch_add_explicit(&callbacks, 1, memory_order_relaxed);
}

static void *allocate(void *context, uint64_t size, const sp2_packet_header *packet,
                      void **block_context) {
    (void)packet;
    *block_context = context;
    atomic_fetch_add_explicit(&callbacks, 1, memory_order_relaxed);
    return size < 1 << 20 ? malloc((size_t)size) : NULL;
}

static void free_block(void *context, void *block, uint64_t size, void *block_context) {
    (void)size;
    if (block_context != context) {
        atomic_store(&failed, true);
    }
    free(block);
}

static void copy(void *context, uint8_t *heap, const sp2_packet_header *packet) {
    (void)context;
    memcpy(heap + packet->payload_offset, packet->payload, (size_t)packet->payload_length);
}

/* Heaps of one packet each, with an item, which stay valid for ever. */
#define PACKET(cnt)                                                                                \
    0x53, 4, 2, 6, 0, 0, 0, 5, 0x80, 1, 0, 0, 0, 0, 0, cnt, 0x80, 2, 0, 0, 0, 0, 0, 8, 0x80, 3, 0, \
        0, 0, 0, 0, 0, 0x80, 4, 0, 0, 0, 0, 0, 8, 0x90, 0, 0, 0, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7,  \
        8
static const uint8_t packets[] = {PACKET(1), PACKET(2), PACKET(3), PACKET(4)};
static const sp2_datagram datagrams[] = {{packets, sizeof(packets) / 4},
                                         {packets + sizeof(packets) / 4, sizeof(packets) / 4},
                                         {packets, 3},
                                         {NULL, 0}};

/* Options with a size that may be wrong, or that of a later version with something in its tail. */
static void *sized(spinner *self, const void *options, uint32_t size) {
    static const uint32_t sizes[] = {0, 1, 4, 8, 65535, 65536, 65537, UINT32_MAX};
    memset(self->options, 0, sizeof(self->options));
    memcpy(self->options, options, size);
    uint32_t said = size;
    if (below(self, 8) == 0) {
        said = sizes[below(self, sizeof(sizes) / sizeof(sizes[0]))];
    } else if (below(self, 8) == 0) {
        said = size + (uint32_t)below(self, 32);
    }
    memcpy(self->options, &said, sizeof(said));
    if (below(self, 8) == 0) {
        self->options[size + below(self, 64)] = 1;
    }
    if (below(self, 8) == 0) {
        self->options[4 + below(self, size - 4)] ^= (unsigned char)(1 << below(self, 3));
    }
    return below(self, 16) == 0 ? NULL : self->options;
}

static void create(spinner *self) {
    void *created = self;
    switch (below(self, 6)) {
    case 5:
        note(sp2_item_group_create((uint32_t)below(self, 3), (sp2_item_group **)&created));
        break;
    case 0: {
        const sp2_thread_pool_options options = {.size = below(self, 8) ? sizeof(options) : 9,
                                                 .threads = (uint32_t)below(self, 3),
                                                 .log = count_log};
        note(sp2_thread_pool_create(below(self, 8) ? &options : NULL,
                                    below(self, 8) ? (sp2_thread_pool **)&created : NULL));
        break;
    }
    case 1: {
        static const sp2_custom_stat custom[] = {{"mine", SP2_STAT_COUNTER, 0}};
        const sp2_receive_options options = {.flags = (uint32_t)below(self, 128),
                                             .max_heaps = below(self, 8),
                                             .ring_heaps = below(self, 8),
                                             .log_level = (uint32_t)below(self, 5),
                                             .log = count_log,
                                             .custom_stats = custom,
                                             .custom_stat_count = (uint32_t)below(self, 2)};
        sp2_receive_options changed;
        void *given = sized(self, &options, sizeof(options));
        /* A pointer that was changed is not the library's fault. */
        memcpy(&changed, self->options, sizeof(changed));
        changed.log = options.log;
        changed.custom_stats = options.custom_stats;
        changed.custom_stat_count = options.custom_stat_count;
        changed.max_heaps &= 0xffff;
        changed.ring_heaps &= 0xffff;
        changed.substreams &= 0xff;
        memcpy(self->options, &changed, sizeof(changed));
        note(sp2_receive_stream_create(any_handle(self), given, (sp2_receive_stream **)&created));
        break;
    }
    case 2: {
        const sp2_allocator_options options = {
            .allocate = allocate, .free = free_block, .context = &calls};
        sp2_allocator_options copied = options;
        copied.size = below(self, 8) ? sizeof(copied) : (uint32_t)below(self, 64);
        note(sp2_allocator_create(&copied, (sp2_allocator **)&created));
        break;
    }
    case 3: {
        const sp2_mmap_options options = {.flags = (uint32_t)below(self, 2)};
        note(sp2_mmap_allocator_create(sized(self, &options, sizeof(options)),
                                       (sp2_allocator **)&created));
        break;
    }
    default: {
        sp2_memory_pool_options options = {.size = sizeof(options),
                                           .lower = below(self, 16),
                                           .upper = below(self, 4096),
                                           .max_free = below(self, 8),
                                           .initial = below(self, 8),
                                           .low_water = below(self, 4),
                                           .thread_pool = any_handle(self),
                                           .base = any_handle(self),
                                           .log = count_log};
        note(sp2_memory_pool_create(&options, (sp2_allocator **)&created));
        break;
    }
    }
    if (created != self) {
        keep(self, created);
    }
}

static void feed(spinner *self) {
    sp2_receive_stream *stream = any_handle(self);
    switch (below(self, 4)) {
    case 0:
        note(sp2_receive_stream_add_buffer_reader(stream, packets, sizeof(packets)));
        break;
    case 1:
        note(sp2_receive_stream_add_datagram_reader(stream, datagrams, below(self, 5)));
        break;
    case 2: {
        const sp2_udp_options options = {.bind_host = below(self, 2) ? "127.0.0.1" : NULL,
                                         .buffer_size = SP2_UDP_BUFFER_SIZE_OS,
                                         .max_size = (uint32_t)below(self, 3000)};
        uint32_t port;
        sp2_udp_options given = options;
        given.size = below(self, 8) ? sizeof(given) : (uint32_t)below(self, 128);
        given.flags = (uint32_t)below(self, 3);
        given.socket = (int64_t)below(self, 64);
        note(sp2_receive_stream_add_udp_reader(stream, &given, &port));
        break;
    }
    default:
        note(sp2_receive_stream_start(stream));
    }
}

static void set(spinner *self) {
    sp2_receive_stream *stream = any_handle(self);
    int32_t value = 0;
    int64_t fd = 0;
    switch (below(self, 9)) {
    case 0:
        note(sp2_receive_stream_set_memory_allocator(stream, any_handle(self)));
        break;
    case 1:
        note(sp2_receive_stream_set_memcpy(stream, (int32_t)below(self, 6) - 1));
        break;
    case 2:
        note(sp2_receive_stream_set_copy_function(stream, below(self, 2) ? copy : NULL, NULL));
        break;
    case 3:
        note(sp2_receive_stream_set_stop_on_stop_item(stream, (int32_t)below(self, 2)));
        break;
    case 4:
        note(sp2_receive_stream_get_stop_on_stop_item(stream, &value));
        break;
    case 5:
        note(sp2_receive_stream_get_fd(stream, &fd));
        break;
    case 6:
        note(sp2_memory_pool_set_warn_on_empty(any_handle(self), (int32_t)below(self, 2)));
        break;
    case 7:
        note(sp2_memory_pool_get_warn_on_empty(any_handle(self), &value));
        break;
    default:
        note(sp2_receive_stream_set_ready_callback(stream, below(self, 4) ? count_ready : NULL,
                                                   NULL));
    }
}

/* What belongs to this thread alone, which nobody else can release yet, must be right. */
static void look_at(sp2_heap *heap) {
    sp2_heap_info info = SP2_HEAP_INFO_INIT;
    const sp2_item *items;
    uint64_t count;
    if (sp2_heap_get_info(heap, &info) != SP2_OK || sp2_heap_get_items(heap, &items, &count) != 0 ||
        count != info.item_count || count == 0 || items[count - 1].value != 7 ||
        (info.payload != NULL && (info.payload[0] != 1 || info.payload[7] != 8))) {
        fprintf(stderr, "a heap is not as it was sent\n");
        atomic_store(&failed, true);
    }
}

static void take(spinner *self) {
    sp2_receive_stream *stream = any_handle(self);
    sp2_heap *heaps[POP_CAPACITY];
    uint32_t count = 0;
    const uint32_t capacity = (uint32_t)below(self, POP_CAPACITY + 1);
    switch (below(self, 3)) {
    case 0:
        note(sp2_receive_stream_pop(stream, heaps, capacity, &count));
        break;
    case 1:
        note(sp2_receive_stream_pop_wait(stream, heaps, capacity, (int64_t)below(self, 100000),
                                         &count));
        break;
    default:
        note(sp2_receive_stream_request_ready(stream));
    }
    for (uint32_t i = 0; i < count; i++) {
        look_at(heaps[i]);
        if (below(self, 4)) {
            sp2_heap_release(heaps[i]);
        }
        keep(self, heaps[i]);
    }
}

static void look(spinner *self) {
    void *handle = any_handle(self);
    sp2_heap_info info = {.size = below(self, 4) ? sizeof(info) : (uint32_t)below(self, 80)};
    sp2_receive_stats stats = SP2_RECEIVE_STATS_INIT;
    sp2_memory_pool_stats pool = SP2_MEMORY_POOL_STATS_INIT;
    sp2_memory_stats memory = SP2_MEMORY_STATS_INIT;
    sp2_stat_info stat = SP2_STAT_INFO_INIT;
    const sp2_item *items;
    const sp2_range *ranges;
    const sp2_descriptor *descriptors;
    uint64_t values[40];
    uint64_t many;
    uint32_t count;
    switch (below(self, 12)) {
    case 10:
        note(sp2_heap_get_descriptors(handle, &descriptors, &many));
        break;
    case 0:
        note(sp2_heap_get_info(handle, &info));
        break;
    case 1:
        note(sp2_heap_get_items(handle, &items, &many));
        break;
    case 2:
        note(sp2_heap_get_ranges(handle, &ranges, &many));
        break;
    case 3:
        note(sp2_receive_stream_get_stats(handle, &stats));
        break;
    case 4:
        note(sp2_receive_stream_get_stat_count(handle, &count));
        break;
    case 5:
        note(sp2_receive_stream_get_stat_info(handle, (uint32_t)below(self, 40), &stat));
        break;
    case 6:
        note(sp2_receive_stream_find_stat(handle, "mine", &count));
        break;
    case 7:
        note(sp2_receive_stream_get_stat_values(handle, values, (uint32_t)below(self, 41), &count));
        break;
    case 8:
        note(sp2_receive_stream_update_stat(handle, (uint32_t)below(self, 40), 1));
        break;
    case 9:
        note(sp2_memory_get_stats(&memory));
        break;
    default:
        note(sp2_memory_pool_get_stats(handle, &pool));
    }
}

static void use_items(spinner *self) {
    sp2_item_group *group = any_handle(self);
    sp2_item_info info = {.size = below(self, 4) ? sizeof(info) : (uint32_t)below(self, 128)};
    uint64_t count;
    switch (below(self, 6)) {
    case 0:
        note(sp2_item_group_get_count(group, &count));
        break;
    case 1:
        note(sp2_item_group_get_item(group, below(self, 2), &info));
        break;
    case 2:
        note(sp2_item_group_get_updated(group, below(self, 2), &info));
        break;
    case 3:
        note(sp2_item_group_find_id(group, below(self, 2) ? 0x1000 : next(self), &info));
        break;
    case 4:
        note(sp2_item_group_find_name(group, "none", &info));
        break;
    default:
        note(sp2_item_group_update(group, any_handle(self), &count));
    }
}

static void end(spinner *self) {
    void *handle = any_handle(self);
    switch (below(self, 7)) {
    case 6:
        sp2_item_group_destroy(handle);
        break;
    case 0:
        sp2_receive_stream_destroy(handle);
        break;
    case 1:
        sp2_thread_pool_destroy(handle);
        break;
    case 2:
        sp2_allocator_destroy(handle);
        break;
    case 3:
        note(sp2_receive_stream_stop(handle));
        break;
    case 4:
        note(sp2_memory_trim());
        break;
    default:
        sp2_heap_release(handle);
    }
}

static void *spin(void *context) {
    static void (*const actions[])(spinner *) = {create, feed, feed, set, take,     take,
                                                 take,   look, look, end, use_items};
    spinner *self = context;
    while (now_ns() < deadline_ns && !atomic_load(&failed)) {
        actions[below(self, sizeof(actions) / sizeof(actions[0]))](self);
        atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    }
    return NULL;
}

int main(int argc, char **argv) {
    static spinner spinners[THREADS];
    pthread_t threads[THREADS];
    const double seconds = argc > 1 ? strtod(argv[1], NULL) : 5;
    const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : now_ns();
    printf("SPEAD2_TEST_SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
    deadline_ns = now_ns() + (uint64_t)(seconds * 1e9);
    for (int i = 0; i < THREADS; i++) {
        spinners[i].random = seed + (uint64_t)i * 0x1234567;
        if (pthread_create(&threads[i], NULL, spin, &spinners[i]) != 0) {
            return EXIT_FAILURE;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("%lu calls, %lu callbacks\n", atomic_load(&calls), atomic_load(&callbacks));
    for (int32_t i = 0; i < STATUSES; i++) {
        printf("%s %lu\n", sp2_status_name(-i), atomic_load(&counts[i]));
    }
    return atomic_load(&failed) ? EXIT_FAILURE : EXIT_SUCCESS;
}
