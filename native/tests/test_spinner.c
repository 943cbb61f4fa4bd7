/* SPDX-License-Identifier: MIT */
/*
 * Calls every function of the interface at random, from four threads, with structs of any size and
 * NULLs; nothing but status codes may come of it. Everything that the contract forbids is left out:
 * a handle is live, of the right kind, and released by one thread while nobody else uses it.
 *
 * Compiled with SPINNER_ANY_HANDLE nothing is left out: handles are live, released already, of
 * another kind, or never were any. It is for a library that checks handles, and has items.h.
 *
 * SPEAD2_SPIN_SECONDS says how long. The process ends while streams receive.
 */
#ifdef SPINNER_ANY_HANDLE
#define SP2_HAS_ITEMS
#endif
#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture_builder.h"
#include "loopback.h"
#include "receiver.h"
#include "test_threads.h"

/* Everything that is called, which a test of the headers compares with them. */
#define CORE_FUNCTIONS(X)                                                                          \
    X(sp2_allocator_create)                                                                        \
    X(sp2_allocator_destroy)                                                                       \
    X(sp2_chunk_create)                                                                            \
    X(sp2_chunk_destroy)                                                                           \
    X(sp2_chunk_get_info)                                                                          \
    X(sp2_chunk_group_add_free)                                                                    \
    X(sp2_chunk_group_create)                                                                      \
    X(sp2_chunk_group_destroy)                                                                     \
    X(sp2_chunk_group_get_stats)                                                                   \
    X(sp2_chunk_group_pop)                                                                         \
    X(sp2_chunk_group_pop_wait)                                                                    \
    X(sp2_chunk_group_request_ready)                                                               \
    X(sp2_chunk_group_set_ready_callback)                                                          \
    X(sp2_chunk_group_stop)                                                                        \
    X(sp2_chunk_release)                                                                           \
    X(sp2_dialect_find)                                                                            \
    X(sp2_explain_kernel_drops)                                                                    \
    X(sp2_find_loss_period)                                                                        \
    X(sp2_get_kernel_udp_counters)                                                                 \
    X(sp2_heap_get_descriptors)                                                                    \
    X(sp2_heap_get_info)                                                                           \
    X(sp2_heap_get_items)                                                                          \
    X(sp2_heap_get_ranges)                                                                         \
    X(sp2_heap_release)                                                                            \
    X(sp2_inproc_queue_add_packet)                                                                 \
    X(sp2_inproc_queue_create)                                                                     \
    X(sp2_inproc_queue_destroy)                                                                    \
    X(sp2_inproc_queue_stop)                                                                       \
    X(sp2_last_error_message)                                                                      \
    X(sp2_last_error_os_code)                                                                      \
    X(sp2_memory_get_stats)                                                                        \
    X(sp2_memory_pool_create)                                                                      \
    X(sp2_memory_pool_get_stats)                                                                   \
    X(sp2_memory_pool_get_warn_on_empty)                                                           \
    X(sp2_memory_pool_set_warn_on_empty)                                                           \
    X(sp2_memory_set_cache_limit)                                                                  \
    X(sp2_memory_trim)                                                                             \
    X(sp2_mmap_allocator_create)                                                                   \
    X(sp2_packet_source_get_info)                                                                  \
    X(sp2_packet_source_get_stats)                                                                 \
    X(sp2_packet_source_release)                                                                   \
    X(sp2_packet_source_remove)                                                                    \
    X(sp2_receive_stream_add_buffer_source)                                                        \
    X(sp2_receive_stream_add_datagram_source)                                                      \
    X(sp2_receive_stream_add_inproc_source)                                                        \
    X(sp2_receive_stream_add_pcap_source)                                                          \
    X(sp2_receive_stream_add_tcp_source)                                                           \
    X(sp2_receive_stream_add_udp_source)                                                           \
    X(sp2_receive_stream_create)                                                                   \
    X(sp2_receive_stream_destroy)                                                                  \
    X(sp2_receive_stream_find_stat)                                                                \
    X(sp2_receive_stream_get_fd)                                                                   \
    X(sp2_receive_stream_get_heap_count)                                                           \
    X(sp2_receive_stream_get_loss_seconds)                                                         \
    X(sp2_receive_stream_get_refused)                                                              \
    X(sp2_receive_stream_get_stat_count)                                                           \
    X(sp2_receive_stream_get_stat_info)                                                            \
    X(sp2_receive_stream_get_stat_values)                                                          \
    X(sp2_receive_stream_get_stats)                                                                \
    X(sp2_receive_stream_get_stop_on_stop_item)                                                    \
    X(sp2_receive_stream_pop)                                                                      \
    X(sp2_receive_stream_pop_wait)                                                                 \
    X(sp2_receive_stream_publish)                                                                  \
    X(sp2_receive_stream_request_ready)                                                            \
    X(sp2_receive_stream_set_copy_function)                                                        \
    X(sp2_receive_stream_set_memcpy)                                                               \
    X(sp2_receive_stream_set_memory_allocator)                                                     \
    X(sp2_receive_stream_set_ready_callback)                                                       \
    X(sp2_receive_stream_set_stop_on_stop_item)                                                    \
    X(sp2_receive_stream_start)                                                                    \
    X(sp2_receive_stream_stop)                                                                     \
    X(sp2_receive_stream_update_stat)                                                              \
    X(sp2_receive_streams_add_udp_source)                                                          \
    X(sp2_send_heap_add_control)                                                                   \
    X(sp2_send_heap_add_descriptor)                                                                \
    X(sp2_send_heap_add_immediate)                                                                 \
    X(sp2_send_heap_add_item)                                                                      \
    X(sp2_send_heap_clear)                                                                         \
    X(sp2_send_heap_create)                                                                        \
    X(sp2_send_heap_destroy)                                                                       \
    X(sp2_send_stream_add_function_writer)                                                         \
    X(sp2_send_stream_add_inproc_writer)                                                           \
    X(sp2_send_stream_add_udp_writer)                                                              \
    X(sp2_send_stream_create)                                                                      \
    X(sp2_send_stream_destroy)                                                                     \
    X(sp2_send_stream_flush)                                                                       \
    X(sp2_send_stream_get_stats)                                                                   \
    X(sp2_send_stream_send)                                                                        \
    X(sp2_send_stream_set_cnt_sequence)                                                            \
    X(sp2_send_stream_stop)                                                                        \
    X(sp2_status_message)                                                                          \
    X(sp2_status_name)                                                                             \
    X(sp2_thread_pool_create)                                                                      \
    X(sp2_thread_pool_destroy)                                                                     \
    X(sp2_thread_set_affinity)                                                                     \
    X(sp2_version_number)                                                                          \
    X(sp2_version_string)
#define ITEM_FUNCTIONS(X)                                                                          \
    X(sp2_item_group_create)                                                                       \
    X(sp2_item_group_destroy)                                                                      \
    X(sp2_item_group_find_id)                                                                      \
    X(sp2_item_group_find_name)                                                                    \
    X(sp2_item_group_get_count)                                                                    \
    X(sp2_item_group_get_failed)                                                                   \
    X(sp2_item_group_get_failed_count)                                                             \
    X(sp2_item_group_get_item)                                                                     \
    X(sp2_item_group_get_updated)                                                                  \
    X(sp2_item_group_update)
#ifdef SP2_HAS_ITEMS
#define FUNCTIONS(X) CORE_FUNCTIONS(X) ITEM_FUNCTIONS(X)
#else
#define FUNCTIONS(X) CORE_FUNCTIONS(X)
#endif

#define ENUMERATOR(name) COUNT_##name,
enum { FUNCTIONS(ENUMERATOR) FUNCTION_COUNT };
#define NAME(name) #name,
static const char *const function_names[] = {FUNCTIONS(NAME)};

/* STATUSES: how many different ones there are, success included. */
enum { THREADS = 4, SLOTS = 16, LARGEST_STRUCT = 70000, STATUSES = 13, POP_CAPACITY = 8 };
enum { DEFAULT_SECONDS = 3, HELD_AT_MOST = 4 };

typedef enum kind {
    POOL,
    STREAM,
    ALLOCATOR,
    HEAP,
    SOURCE,
    SEND_STREAM,
    SEND_HEAP,
    QUEUE,
    CHUNK,
    CHUNK_GROUP,
    ITEM_GROUP,
    KINDS
} kind;

/* A handle that threads share. Whoever calls with it holds the lock for reading, whoever gives it
 * back, or puts another one there, holds it for writing. */
typedef struct slot {
    test_shared_lock lock;
    _Atomic(void *) handle;
} slot;

typedef struct spinner {
    sp2_test_rng random;
    slot *held[HELD_AT_MOST]; /* locked for reading until the action is over */
    unsigned held_count;
    sp2_dialect dialect; /* of the source that is being added */
    _Alignas(uint64_t) unsigned char options[LARGEST_STRUCT];
} spinner;

static slot slots[KINDS][SLOTS];
static atomic_ulong counts[FUNCTION_COUNT][STATUSES];
static atomic_ulong callbacks;
static uint64_t deadline_ns;
/* In an emulator it takes longer until every function has done once what it can. */
static uint64_t last_deadline_ns;
enum { LAST_DEADLINE_SECONDS = 30 };
static test_socket sender;

static uint64_t below(spinner *self, uint64_t bound) {
    return sp2_test_below(&self->random, bound);
}

static bool once_in(spinner *self, uint64_t times) {
    return below(self, times) == 0;
}

/* Functions of which Windows has nothing yet. */
static bool is_unsupported(unsigned function) {
#if defined(_WIN32)
    return function == COUNT_sp2_get_kernel_udp_counters ||
           function == COUNT_sp2_receive_stream_add_tcp_source;
#else
    (void)function;
    return false;
#endif
}

/* Functions with options of which Windows has nothing: code points, names of interfaces. */
static bool has_unsupported_options(unsigned function) {
#if defined(_WIN32)
    return function == COUNT_sp2_receive_stream_add_udp_source ||
           function == COUNT_sp2_receive_streams_add_udp_source ||
           function == COUNT_sp2_send_stream_add_udp_writer;
#else
    (void)function;
    return false;
#endif
}

/* What a function answers when it does all that it can here. */
static unsigned best_status(unsigned function) {
    return is_unsupported(function) ? -SP2_E_UNSUPPORTED : -SP2_OK;
}

static void count(unsigned function, int32_t status) {
    CHECK(status <= 0 && status > -STATUSES);
    CHECK(status != SP2_E_UNSUPPORTED || is_unsupported(function) ||
          has_unsupported_options(function));
    if (status == SP2_E_ARG || status == SP2_E_TOO_NEW || status == SP2_E_OS) {
        CHECK(sp2_last_error_message()[0] != '\0');
        /* So begins the message about a fault of the AOT library's own. */
        CHECK(strncmp(sp2_last_error_message(), "unexpected", strlen("unexpected")) != 0);
    }
    atomic_fetch_add_explicit(&counts[function][-status], 1, memory_order_relaxed);
}

/* A call that gives a status. */
#define NOTE(function, ...) count(COUNT_##function, function(__VA_ARGS__))

/* A call that gives nothing. */
#define CALL(function, ...)                                                                        \
    do {                                                                                           \
        function(__VA_ARGS__);                                                                     \
        count(COUNT_##function, SP2_OK);                                                           \
    } while (0)

/* Handles: of these functions ANY_HANDLE has others. ------------------------------------------ */

#ifndef SPINNER_ANY_HANDLE

/* A live handle, or NULL. */
static void *handle_of(spinner *self, kind wanted) {
    slot *chosen = &slots[wanted][below(self, SLOTS)];
    if (once_in(self, 32) || !test_shared_lock_try_read(&chosen->lock)) {
        return NULL;
    }
    REQUIRE(self->held_count < HELD_AT_MOST);
    self->held[self->held_count++] = chosen;
    return atomic_load(&chosen->handle);
}

static void let_go(spinner *self) {
    while (self->held_count > 0) {
        test_shared_lock_end_read(&self->held[--self->held_count]->lock);
    }
}

static void give_back(kind of, void *handle) {
    switch (of) {
    case POOL:
        CALL(sp2_thread_pool_destroy, handle);
        break;
    case STREAM:
        CALL(sp2_receive_stream_destroy, handle);
        break;
    case ALLOCATOR:
        CALL(sp2_allocator_destroy, handle);
        break;
    case SOURCE:
        CALL(sp2_packet_source_release, handle);
        break;
    case SEND_STREAM:
        CALL(sp2_send_stream_destroy, handle);
        break;
    case SEND_HEAP:
        CALL(sp2_send_heap_destroy, handle);
        break;
    case QUEUE:
        CALL(sp2_inproc_queue_destroy, handle);
        break;
    case CHUNK:
        if ((uintptr_t)handle / 64 % 2 == 0) {
            CALL(sp2_chunk_release, handle);
        } else {
            CALL(sp2_chunk_destroy, handle);
        }
        break;
    case CHUNK_GROUP:
        CALL(sp2_chunk_group_destroy, handle);
        break;
    default:
        CALL(sp2_heap_release, handle);
    }
}

/* Puts a handle into the place of another one, which ends; NULL only ends that one. */
static void keep(spinner *self, kind of, void *handle) {
    let_go(self);
    slot *place = &slots[of][below(self, SLOTS)];
    test_shared_lock_write(&place->lock);
    void *old = atomic_exchange(&place->handle, handle);
    test_shared_lock_end_write(&place->lock);
    give_back(of, old);
}

static void end(spinner *self) {
    keep(self, (kind)below(self, ITEM_GROUP), NULL);
}

#else

/* A handle of this kind, or of any, or something that is none. */
static void *handle_of(spinner *self, kind wanted) {
    const kind of = once_in(self, 4) ? (kind)below(self, KINDS) : wanted;
    void *known = atomic_load(&slots[of][below(self, SLOTS)].handle);
    switch (below(self, 16)) {
    case 0:
        return NULL;
    case 1:
        return self->options;
    case 2:
        return (void *)(uintptr_t)sp2_test_next(&self->random);
    case 3: /* one bit of a handle is another */
        return (void *)((uintptr_t)known ^ (uintptr_t)1 << below(self, 64));
    default:
        return known;
    }
}

static void let_go(spinner *self) {
    (void)self;
}

/* Threads that have just looked still know the old handle. Whatever it stood for ends: of these
 * functions at most one means it. */
static void keep(spinner *self, kind of, void *handle) {
    void *old = atomic_exchange(&slots[of][below(self, SLOTS)].handle, handle);
    CALL(sp2_heap_release, old);
    CALL(sp2_receive_stream_destroy, old);
    CALL(sp2_allocator_destroy, old);
    CALL(sp2_thread_pool_destroy, old);
    CALL(sp2_item_group_destroy, old);
    CALL(sp2_packet_source_release, old);
    CALL(sp2_send_stream_destroy, old);
    CALL(sp2_send_heap_destroy, old);
    CALL(sp2_inproc_queue_destroy, old);
    CALL(sp2_chunk_release, old);
    CALL(sp2_chunk_group_destroy, old);
}

/* The handle stays where it is. */
static void end(spinner *self) {
    void *handle = handle_of(self, (kind)below(self, KINDS));
    switch (below(self, 12)) {
    case 0:
        CALL(sp2_receive_stream_destroy, handle);
        break;
    case 1:
        CALL(sp2_thread_pool_destroy, handle);
        break;
    case 2:
        CALL(sp2_allocator_destroy, handle);
        break;
    case 3:
        CALL(sp2_item_group_destroy, handle);
        break;
    case 4:
        CALL(sp2_packet_source_release, handle);
        break;
    case 5:
        CALL(sp2_send_stream_destroy, handle);
        break;
    case 6:
        CALL(sp2_send_heap_destroy, handle);
        break;
    case 7:
        CALL(sp2_inproc_queue_destroy, handle);
        break;
    case 8:
        CALL(sp2_chunk_release, handle);
        break;
    case 9:
        CALL(sp2_chunk_destroy, handle);
        break;
    case 10:
        CALL(sp2_chunk_group_destroy, handle);
        break;
    default:
        CALL(sp2_heap_release, handle);
    }
}

#endif

/* What callers hand in. ----------------------------------------------------------------------- */

static void count_log(void *context, int32_t level, const char *message) {
    (void)context;
    CHECK(level >= SP2_LOG_WARNING && level <= SP2_LOG_DEBUG && message[0] != '\0');
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
    CHECK(block_context == context);
    free(block);
}

static void copy(void *context, uint8_t *heap, const sp2_packet_header *packet) {
    (void)context;
    memcpy(heap + packet->payload_offset, packet->payload, (size_t)packet->payload_length);
}

/* Heaps of one packet each, the last of which is cut short: with eight bytes, the description of an
 * item behind them, and its value. They stay valid forever. */
enum { HEAPS = 4, ITEM_ID = 0x1000, ITEM_VALUE = 7 };
static const uint8_t content[] = {1, 2, 3, 4, 5, 6, 7, 8};
static packet_builder packets[HEAPS];
static sp2_datagram datagrams[HEAPS + 1];
static packet_builder buffer;
static char *capture_path;

static void remove_capture(void) {
    file_remove(capture_path);
}

/* The same heaps in a capture, a file that is there until the program ends. */
static void make_capture(void) {
    capture_builder capture;
    capture_begin(&capture, (capture_shape){.pcapng = true}, LINK_ETHERNET);
    for (uint64_t i = 0; i < HEAPS; i++) {
        capture_add_datagram(&capture, &(frame_shape){.tags = (unsigned)i}, datagrams[i].data,
                             (size_t)datagrams[i].length);
    }
    capture_path = file_write(&capture.bytes);
    bytes_free(&capture.bytes);
    atexit(remove_capture);
}

static void describe_item(packet_builder *descriptor, uint64_t id, const char *name,
                          const char *type) {
    const uint64_t length = strlen(name) + strlen(type);
    packet_begin_heap(descriptor, 48, 1, (int64_t)length, 0, length);
    packet_add_immediate(descriptor, 0x14, id);
    packet_add_address(descriptor, 0x10, 0);
    packet_add_address(descriptor, 0x15, strlen(name));
    packet_add_payload(descriptor, (const uint8_t *)name, strlen(name));
    packet_add_payload(descriptor, (const uint8_t *)type, strlen(type));
}

static void make_packets(void) {
    packet_builder descriptor;
    packet_builder odd;
    describe_item(&descriptor, ITEM_ID, "gain",
                  "{'descr': '|u1', 'fortran_order': False, 'shape': (6,)}");
    describe_item(&odd, ITEM_ID + 1, "odd", "a type that nobody knows");
    const uint64_t length = sizeof(content) + descriptor.length + odd.length;
    for (uint64_t i = 0; i < HEAPS; i++) {
        packet_begin_heap(&packets[i], 48, i + 1, (int64_t)length, 0, length);
        packet_add_address(&packets[i], 5, sizeof(content));
        packet_add_immediate(&packets[i], ITEM_ID, ITEM_VALUE);
        packet_add_payload(&packets[i], content, sizeof(content));
        packet_add_payload(&packets[i], descriptor.bytes, descriptor.length);
        packet_add_payload(&packets[i], odd.bytes, odd.length);
        packet_add_payload(&buffer, packets[i].bytes, packets[i].length);
        datagrams[i] = (sp2_datagram){packets[i].bytes, packets[i].length - i / (HEAPS - 1)};
    }
    packet_free(&descriptor);
    packet_free(&odd);
    make_capture();
}

/* A struct with a size that may be wrong, or that of a later version with something in its tail, or
 * one bit that is another; or NULL. A bit of a pointer is another, too: the caller mends that. */
static void *sized(spinner *self, const void *options, uint32_t size) {
    static const uint32_t sizes[] = {0, 1, 4, 8, 65535, 65536, 65537, UINT32_MAX};
    memset(self->options, 0, sizeof(self->options));
    memcpy(self->options, options, size);
    uint32_t said = size;
    if (once_in(self, 8)) {
        said = sizes[below(self, sizeof(sizes) / sizeof(sizes[0]))];
    } else if (once_in(self, 8)) {
        said = size + (uint32_t)below(self, 32);
    } else if (once_in(self, 8)) {
        said = (uint32_t)below(self, size);
    }
    memcpy(self->options, &said, sizeof(said));
    if (once_in(self, 8)) {
        self->options[size + below(self, 64)] = 1;
    }
    if (once_in(self, 8)) {
        self->options[4 + below(self, size - 4)] ^= (unsigned char)(1 << below(self, 8));
    }
    return once_in(self, 16) ? NULL : self->options;
}

/* Creating. ----------------------------------------------------------------------------------- */

static void create_pool(spinner *self) {
    static const int32_t cpus[] = {0, 1};
    const sp2_thread_pool_options options = {.threads = (uint32_t)below(self, 3), .log = count_log};
    sp2_thread_pool *pool = NULL;
    void *given = sized(self, &options, sizeof(options));
    sp2_thread_pool_options *changed = (sp2_thread_pool_options *)self->options;
    /* Few threads, or more than there can be. */
    changed->threads &= ~(2 * (uint32_t)SP2_THREAD_POOL_MAX_THREADS - 1) | 3;
    changed->affinity = cpus;
    changed->affinity_count = (uint32_t)below(self, 3);
    changed->log = count_log;
    changed->name = once_in(self, 2) ? "spinner" : NULL;
    NOTE(sp2_thread_pool_create, given, once_in(self, 16) ? NULL : &pool);
    if (pool != NULL) {
        keep(self, POOL, pool);
    }
}

static void place(sp2_chunk_place *heap, uint64_t size, void *context) {
    (void)context;
    CHECK(size == sizeof(*heap) && heap->packet_size > sizeof(content));
    heap->chunk_id = heap->items != NULL ? heap->items[0] / 2 : -1;
    heap->heap_index = (uint64_t)heap->chunk_id % 4;
    atomic_fetch_add_explicit(&callbacks, 1, memory_order_relaxed);
}

/* What makes a stream a member of a group; often refused. */
static const sp2_chunk_options *any_chunk_options(spinner *self, sp2_chunk_options *options,
                                                  sp2_chunk_layout *layout) {
    static const uint64_t items[] = {ITEM_HEAP_CNT, ITEM_ID};
    static const sp2_chunk_axis axes[] = {
        {.item = ITEM_HEAP_CNT, .count = 2, .data_stride = 256, .present_stride = 1},
        {.item = ITEM_ID, .first = ITEM_VALUE, .count = 1},
    };
    if (!once_in(self, 3)) {
        return NULL;
    }
    *layout = (sp2_chunk_layout)SP2_CHUNK_LAYOUT_INIT;
    layout->flags = (uint32_t)below(self, 2);
    layout->axes = axes;
    layout->axis_count = (uint32_t)below(self, 3);
    *options = (sp2_chunk_options)SP2_CHUNK_OPTIONS_INIT;
    options->group = handle_of(self, CHUNK_GROUP);
    options->max_chunks = below(self, 3);
    options->items = items;
    options->item_count = below(self, 3);
    options->place = once_in(self, 2) ? place : NULL;
    options->layout = once_in(self, 8) == (options->place != NULL) ? layout : NULL;
    options->max_heap_extra = once_in(self, 4) ? below(self, 1 << 17) : 0;
    options->packet_presence_size = once_in(self, 4) ? 100 : 0;
    return options;
}

static void create_stream(spinner *self) {
    sp2_chunk_options chunks;
    sp2_chunk_layout layout;
    static const sp2_custom_stat custom[] = {{"mine", SP2_STAT_COUNTER, 0}};
    /* Any of the first flags; and no accounting, or by substream, or by source. */
    const uint32_t flags = (uint32_t)below(self, SP2_RECEIVE_UNKEYED_SEARCH) +
                           (uint32_t)below(self, 3) * SP2_RECEIVE_ACCOUNT_HEAPS;
    const sp2_receive_options options = {.flags = flags,
                                         .max_heaps = below(self, 8),
                                         .ring_heaps = below(self, 8),
                                         .log_level = (uint32_t)below(self, 5),
                                         .spin_ns = (int64_t)below(self, 100000) - 1};
    sp2_receive_stream *stream = NULL;
    void *given = sized(self, &options, sizeof(options));
    sp2_receive_options *changed = (sp2_receive_options *)self->options;
    /* Tables of some heaps, or of more than there can be. */
    changed->max_heaps &= ~(uint64_t)0xffffff0;
    changed->ring_heaps &= ~(uint64_t)0xffffff0;
    changed->substreams &= ~(uint64_t)0xffffff0;
    changed->spin_ns &= INT64_MIN | 0xfffff;
    changed->log = count_log;
    changed->custom_stats = custom;
    changed->on_heap = NULL;
    changed->chunks = any_chunk_options(self, &chunks, &layout);
    changed->custom_stat_count = (uint32_t)below(self, 2);
    NOTE(sp2_receive_stream_create, once_in(self, 8) ? NULL : handle_of(self, POOL), given,
         once_in(self, 16) ? NULL : &stream);
    if (stream != NULL) {
        keep(self, STREAM, stream);
    }
}

static void create_memory_pool(spinner *self, sp2_allocator **allocator) {
    const sp2_memory_pool_options options = {.lower = below(self, 16),
                                             .upper = below(self, 4096),
                                             .max_free = below(self, 8),
                                             .initial = below(self, 8),
                                             .low_water = below(self, 4)};
    void *given = sized(self, &options, sizeof(options));
    sp2_memory_pool_options *changed = (sp2_memory_pool_options *)self->options;
    changed->upper &= 0xffff;
    changed->initial &= 0xff;
    changed->thread_pool = handle_of(self, POOL);
    changed->base = handle_of(self, ALLOCATOR);
    changed->log = count_log;
    NOTE(sp2_memory_pool_create, given, allocator);
}

static void create_allocator(spinner *self) {
    sp2_allocator *allocator = NULL;
    switch (below(self, 3)) {
    case 0: {
        const sp2_allocator_options options = {
            .allocate = allocate, .free = free_block, .context = &callbacks};
        void *given = sized(self, &options, sizeof(options));
        sp2_allocator_options *changed = (sp2_allocator_options *)self->options;
        changed->allocate = once_in(self, 8) ? NULL : allocate;
        changed->free = once_in(self, 8) ? NULL : free_block;
        changed->finish = NULL;
        changed->context = &callbacks;
        NOTE(sp2_allocator_create, given, once_in(self, 16) ? NULL : &allocator);
        break;
    }
    case 1: {
        const sp2_mmap_options options = {.flags = (uint32_t)below(self, 2)};
        NOTE(sp2_mmap_allocator_create, sized(self, &options, sizeof(options)),
             once_in(self, 16) ? NULL : &allocator);
        break;
    }
    default:
        create_memory_pool(self, &allocator);
    }
    if (allocator != NULL) {
        keep(self, ALLOCATOR, allocator);
    }
}

/* Packet sources.
 * ------------------------------------------------------------------------------------ */

/* A dialect, or none; often one that is refused. */
static const sp2_dialect *any_dialect(spinner *self) {
    static const char *const names[] = {"ska-low-sps", "pyspead", "datagram-is-heap", "none", NULL};
    self->dialect = (sp2_dialect)SP2_DIALECT_INIT;
    switch (below(self, 4)) {
    case 0:
        self->dialect.flags = (uint32_t)below(self, 320);
        self->dialect.item_id = below(self, 16);
        return &self->dialect;
    case 1:
        NOTE(sp2_dialect_find, names[below(self, 5)], once_in(self, 16) ? NULL : &self->dialect);
        return &self->dialect;
    default:
        return NULL;
    }
}

static void feed_tcp(spinner *self, sp2_receive_stream *stream) {
    static const char *const hosts[] = {NULL, "127.0.0.1", "::1", ""};
    const sp2_tcp_source_options options = {.max_size = (uint32_t)below(self, 3000)};
    sp2_packet_source *source = NULL;
    void *given = sized(self, &options, sizeof(options));
    sp2_tcp_source_options *changed = (sp2_tcp_source_options *)self->options;
    changed->flags &= SP2_TCP_REACCEPT | 8u;
    changed->flags |= once_in(self, 4) ? SP2_TCP_EXISTING_SOCKET : 0;
    changed->host = hosts[below(self, 4)];
    changed->socket = (int64_t)below(self, 64) - 1;
    NOTE(sp2_receive_stream_add_tcp_source, stream, given, once_in(self, 16) ? NULL : &source);
    if (source != NULL) {
        keep(self, SOURCE, source);
    }
}

static void feed_pcap(spinner *self, sp2_receive_stream *stream, sp2_packet_source **source) {
    static const char *const addresses[] = {NULL, "", "239.2.1.150", "ff12::5", "10.0.0"};
    const sp2_pcap_source_options options = {.port = once_in(self, 2) ? 0 : 7148};
    void *given = sized(self, &options, sizeof(options));
    sp2_pcap_source_options *changed = (sp2_pcap_source_options *)self->options;
    changed->path = once_in(self, 8) ? "/nowhere" : capture_path;
    changed->address = addresses[below(self, 5)];
    changed->dialect = any_dialect(self);
    NOTE(sp2_receive_stream_add_pcap_source, stream, given, source);
}

static void feed_udp(spinner *self, sp2_receive_stream *stream) {
    static const char *const hosts[] = {NULL, "127.0.0.1", "::1", ""};
    const sp2_udp_source_options options = {.buffer_size = SP2_UDP_BUFFER_SIZE_OS,
                                            .max_size = (uint32_t)below(self, 3000)};
    sp2_packet_source *source = NULL;
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    void *given = sized(self, &options, sizeof(options));
    sp2_udp_source_options *changed = (sp2_udp_source_options *)self->options;
    changed->flags &= ~(uint32_t)SP2_UDP_EXISTING_SOCKET;
    changed->flags |= once_in(self, 4) ? SP2_UDP_EXISTING_SOCKET : 0;
    changed->bind_host = hosts[below(self, 4)];
    changed->group = once_in(self, 4) ? "239.255.88.88" : NULL;
    changed->interface_address = changed->group != NULL || once_in(self, 8) ? "127.0.0.1" : NULL;
    changed->socket = (int64_t)below(self, 64) - 1;
    changed->interface_name = NULL;
    changed->sender_count = 0;
    changed->senders = NULL;
    changed->dialect = any_dialect(self);
    if (once_in(self, 2)) {
        sp2_receive_stream *streams[] = {stream, handle_of(self, STREAM)};
        sp2_packet_source *sources[] = {NULL, NULL};
        NOTE(sp2_receive_streams_add_udp_source, once_in(self, 16) ? NULL : streams,
             (uint32_t)below(self, 2) + 1, given, once_in(self, 16) ? NULL : sources);
        if (sources[1] != NULL) {
            keep(self, SOURCE, sources[1]);
        }
        source = sources[0];
    } else {
        NOTE(sp2_receive_stream_add_udp_source, stream, given, once_in(self, 16) ? NULL : &source);
    }
    if (source == NULL) {
        return;
    }
    NOTE(sp2_packet_source_get_info, source, &info);
    keep(self, SOURCE, source);
    if (info.port == 0) {
        return; /* the stream has stopped */
    }
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)info.port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (size_t i = 0; i < HEAPS; i++) {
        /* Nobody need be there: the stream has another kind of address, or has ended. */
        sendto(sender, (const void *)datagrams[i].data, (test_length)datagrams[i].length,
               TEST_DO_NOT_WAIT, (const struct sockaddr *)&to, sizeof(to));
    }
}

static void feed_buffer(spinner *self, sp2_receive_stream *stream, sp2_packet_source **source) {
    const sp2_buffer_source_options options = {.size = 0};
    void *given = sized(self, &options, sizeof(options));
    sp2_buffer_source_options *changed = (sp2_buffer_source_options *)self->options;
    changed->data = once_in(self, 16) ? NULL : buffer.bytes;
    changed->length = below(self, buffer.length + 1);
    changed->dialect = any_dialect(self);
    NOTE(sp2_receive_stream_add_buffer_source, stream, given, source);
}

static void feed_list(spinner *self, sp2_receive_stream *stream, sp2_packet_source **source) {
    const sp2_datagram_source_options options = {.size = 0};
    void *given = sized(self, &options, sizeof(options));
    sp2_datagram_source_options *changed = (sp2_datagram_source_options *)self->options;
    changed->datagrams = once_in(self, 16) ? NULL : datagrams;
    changed->count = below(self, HEAPS + 2);
    changed->dialect = any_dialect(self);
    NOTE(sp2_receive_stream_add_datagram_source, stream, given, source);
}

static void feed(spinner *self) {
    sp2_receive_stream *stream = handle_of(self, STREAM);
    sp2_packet_source *source = NULL;
    switch (below(self, 6)) {
    case 0:
        feed_buffer(self, stream, once_in(self, 16) ? NULL : &source);
        break;
    case 1:
        feed_list(self, stream, once_in(self, 16) ? NULL : &source);
        break;
    case 2:
        feed_udp(self, stream);
        break;
    case 3:
        feed_tcp(self, stream);
        break;
    case 4:
        feed_pcap(self, stream, once_in(self, 16) ? NULL : &source);
        break;
    default:
        NOTE(sp2_receive_stream_start, stream);
    }
    if (source != NULL) {
        keep(self, SOURCE, source);
    }
}

/* Queues are stopped at once: a stream that writes to one that nobody reads would never end. */
static void create_queue(spinner *self) {
    const sp2_inproc_queue_options options = {.max_bytes = below(self, 3000)};
    sp2_inproc_queue *queue = NULL;
    NOTE(sp2_inproc_queue_create, once_in(self, 4) ? NULL : sized(self, &options, sizeof(options)),
         once_in(self, 16) ? NULL : &queue);
    if (queue != NULL) {
        NOTE(sp2_inproc_queue_add_packet, queue, buffer.bytes, below(self, buffer.length + 1));
        NOTE(sp2_inproc_queue_stop, queue);
        keep(self, QUEUE, queue);
    }
}

static void use_queue(spinner *self) {
    sp2_inproc_queue *queue = handle_of(self, QUEUE);
    const sp2_inproc_source_options options = {.size = 0};
    sp2_packet_source *source = NULL;
    switch (below(self, 3)) {
    case 0:
        NOTE(sp2_inproc_queue_add_packet, queue, once_in(self, 8) ? NULL : buffer.bytes,
             below(self, buffer.length + 1));
        break;
    case 1:
        NOTE(sp2_inproc_queue_stop, queue);
        break;
    default: {
        void *given = sized(self, &options, sizeof(options));
        ((sp2_inproc_source_options *)self->options)->queue = once_in(self, 16) ? NULL : queue;
        ((sp2_inproc_source_options *)self->options)->dialect = NULL;
        NOTE(sp2_receive_stream_add_inproc_source, handle_of(self, STREAM), given,
             once_in(self, 16) ? NULL : &source);
    }
    }
    if (source != NULL) {
        keep(self, SOURCE, source);
    }
}

static void create_chunk_group(spinner *self) {
    const sp2_chunk_group_options options = {.flags = (uint32_t)below(self, 2),
                                             .max_chunks = below(self, 4),
                                             .ring_chunks = below(self, 3),
                                             .members = below(self, 3),
                                             .member_timeout_ns = (int64_t)below(self, 100000) - 1};
    sp2_chunk_group *group = NULL;
    void *given = sized(self, &options, sizeof(options));
    sp2_chunk_group_options *changed = (sp2_chunk_group_options *)self->options;
    changed->max_chunks &= ~(uint64_t)0xfffff0;
    changed->members &= ~(uint64_t)0xfffff0;
    NOTE(sp2_chunk_group_create, once_in(self, 4) ? NULL : given,
         once_in(self, 16) ? NULL : &group);
    if (group == NULL) {
        return;
    }
    for (uint64_t i = below(self, 4); i != 0; i--) {
        sp2_chunk_memory memory = SP2_CHUNK_MEMORY_INIT;
        sp2_chunk *chunk;
        memory.data_size = 1024;
        memory.present_size = 8;
        CHECK_STATUS(sp2_chunk_create(&memory, &chunk), SP2_OK);
        NOTE(sp2_chunk_group_add_free, group, chunk);
    }
    keep(self, CHUNK_GROUP, group);
}

/* Most are given to a group at once. */
static void create_chunk(spinner *self) {
    const sp2_chunk_memory options = {.data_size = below(self, 1024),
                                      .present_size = below(self, 8),
                                      .extra_size = below(self, 8)};
    sp2_chunk *chunk = NULL;
    void *given = sized(self, &options, sizeof(options));
    sp2_chunk_memory *changed = (sp2_chunk_memory *)self->options;
    /* Little, or more than there can be. */
    changed->data_size &= ~(uint64_t)0xffffffff0000;
    changed->present_size &= ~(uint64_t)0xffffffff0000;
    changed->extra_size &= ~(uint64_t)0xffffffff0000;
    changed->allocator = once_in(self, 4) ? handle_of(self, ALLOCATOR) : NULL;
    changed->data = NULL;
    changed->present = NULL;
    changed->extra = NULL;
    changed->free = NULL;
    NOTE(sp2_chunk_create, given, once_in(self, 16) ? NULL : &chunk);
    if (chunk == NULL) {
        return;
    }
    if (!once_in(self, 4)) {
        const int32_t status = sp2_chunk_group_add_free(handle_of(self, CHUNK_GROUP), chunk);
        count(COUNT_sp2_chunk_group_add_free, status);
        if (status == SP2_OK) {
            return;
        }
    }
    keep(self, CHUNK, chunk);
}

static void use_chunk_group(spinner *self) {
    sp2_chunk_group *group = handle_of(self, CHUNK_GROUP);
    sp2_chunk *chunk = NULL;
    const sp2_chunk_group_stats stats = {0};
    switch (below(self, 8)) {
    case 0:
        NOTE(sp2_chunk_group_get_stats, group, sized(self, &stats, sizeof(stats)));
        break;
    case 1:
        NOTE(sp2_chunk_group_request_ready, group);
        break;
    case 2:
        NOTE(sp2_chunk_group_set_ready_callback, group, once_in(self, 4) ? NULL : count_ready,
             NULL);
        break;
    case 3:
        NOTE(sp2_chunk_group_stop, group, (int32_t)below(self, 8) - 1);
        break;
    case 4:
        NOTE(sp2_chunk_group_pop_wait, group, (int64_t)below(self, 100000),
             once_in(self, 16) ? NULL : &chunk);
        break;
    default:
        NOTE(sp2_chunk_group_pop, group, once_in(self, 16) ? NULL : &chunk);
    }
    if (chunk != NULL) {
        keep(self, CHUNK, chunk);
    }
}

static void look_at_chunks(spinner *self) {
    const sp2_chunk_info info = {0};
    NOTE(sp2_chunk_get_info, handle_of(self, CHUNK), sized(self, &info, sizeof(info)));
}

static void use_source(spinner *self) {
    sp2_packet_source *source = handle_of(self, SOURCE);
    const sp2_packet_source_info info = {0};
    const sp2_packet_source_stats stats = {0};
    switch (below(self, 3)) {
    case 0:
        NOTE(sp2_packet_source_get_info, source, sized(self, &info, sizeof(info)));
        break;
    case 1:
        NOTE(sp2_packet_source_get_stats, source, sized(self, &stats, sizeof(stats)));
        break;
    default:
        NOTE(sp2_packet_source_remove, source);
    }
}

/* Sending. ------------------------------------------------------------------------------------ */

static int32_t take_packet(void *context, uint64_t substream, const void *packet, uint64_t length) {
    (void)context;
    (void)packet;
    CHECK(substream < 16 && length > 0);
    atomic_fetch_add_explicit(&callbacks, 1, memory_order_relaxed);
    return 0;
}

static void count_completion(void *context, const sp2_send_result *result) {
    (void)context;
    CHECK(result->status == SP2_OK || result->status == SP2_E_OS ||
          result->status == SP2_E_STOPPED || result->status == SP2_E_NOMEM);
    atomic_fetch_add_explicit(&callbacks, 1, memory_order_relaxed);
}

/* A rate that keeps nobody waiting. */
#define HIGH_RATE 1e10

static void create_send_stream(spinner *self) {
    const sp2_send_stream_options options = {.max_heaps = below(self, 8),
                                             .max_packet_size = (uint32_t)below(self, 3000),
                                             .pacing = (uint32_t)below(self, 3),
                                             .log_level = (uint32_t)below(self, 5)};
    sp2_send_stream *stream = NULL;
    void *given = sized(self, &options, sizeof(options));
    sp2_send_stream_options *changed = (sp2_send_stream_options *)self->options;
    changed->max_heaps &= ~(uint64_t)0xffffff0;
    changed->rate = once_in(self, 8) ? -1 : once_in(self, 2) ? 0 : HIGH_RATE;
    changed->burst_rate_ratio = once_in(self, 8) ? 0.5 : 0;
    changed->log = count_log;
    NOTE(sp2_send_stream_create, once_in(self, 8) ? NULL : handle_of(self, POOL), given,
         once_in(self, 16) ? NULL : &stream);
    if (stream != NULL) {
        keep(self, SEND_STREAM, stream);
    }
}

static void add_udp_writer(spinner *self, sp2_send_stream *stream, uint64_t *first) {
    static const char *const hosts[] = {"127.0.0.1", "", NULL, "239.255.88.88"};
    sp2_udp_destination destinations[2];
    const sp2_udp_writer_options options = {.destination_count = (uint32_t)below(self, 3),
                                            .ttl = (uint32_t)below(self, 2) * 256};
    for (int i = 0; i < 2; i++) {
        destinations[i] = (sp2_udp_destination){hosts[once_in(self, 4) ? below(self, 4) : 0],
                                                (uint32_t)below(self, 70000), 0};
    }
    void *given = sized(self, &options, sizeof(options));
    sp2_udp_writer_options *changed = (sp2_udp_writer_options *)self->options;
    changed->destinations = once_in(self, 16) ? NULL : destinations;
    changed->destination_count &= 3;
    changed->destination_count %= 3;
    changed->flags &= ~(uint32_t)SP2_UDP_WRITER_EXISTING_SOCKET;
    changed->flags |= once_in(self, 16) ? SP2_UDP_WRITER_EXISTING_SOCKET : 0;
    changed->socket = (int64_t)below(self, 8) / 7;
    changed->bind_host = once_in(self, 4) ? "127.0.0.1" : NULL;
    changed->interface_address = once_in(self, 8) ? "127.0.0.1" : NULL;
    NOTE(sp2_send_stream_add_udp_writer, stream, given, first);
}

static void add_inproc_writer(spinner *self, sp2_send_stream *stream, uint64_t *first) {
    sp2_inproc_queue *queues[2] = {handle_of(self, QUEUE), handle_of(self, QUEUE)};
    const sp2_inproc_writer_options options = {.size = 0};
    void *given = sized(self, &options, sizeof(options));
    sp2_inproc_writer_options *changed = (sp2_inproc_writer_options *)self->options;
    changed->queue_count = (uint32_t)below(self, 3);
    changed->queues = once_in(self, 16) ? NULL : queues;
    NOTE(sp2_send_stream_add_inproc_writer, stream, given, first);
}

static void add_writer(spinner *self) {
    sp2_send_stream *stream = handle_of(self, SEND_STREAM);
    uint64_t first;
    if (once_in(self, 2)) {
        add_udp_writer(self, stream, once_in(self, 16) ? NULL : &first);
        return;
    }
    if (once_in(self, 4)) {
        add_inproc_writer(self, stream, once_in(self, 16) ? NULL : &first);
        return;
    }
    const sp2_function_writer_options options = {.substreams = below(self, 4)};
    void *given = sized(self, &options, sizeof(options));
    sp2_function_writer_options *changed = (sp2_function_writer_options *)self->options;
    changed->packet = once_in(self, 16) ? NULL : take_packet;
    changed->substreams &= 3;
    NOTE(sp2_send_stream_add_function_writer, stream, given, once_in(self, 16) ? NULL : &first);
}

/* What is said about the contents of a heap, none of which is copied, stays as it is. */
static void fill_send_heap(spinner *self, sp2_send_heap *heap) {
    static const sp2_format_field unsigned_byte = {8, 'u', 0};
    const sp2_descriptor descriptor = {.id = below(self, 8) * ITEM_ID,
                                       .name = "gain",
                                       .name_length = (uint32_t)strlen("gain"),
                                       .description = "",
                                       .format = &unsigned_byte,
                                       .format_fields = (uint32_t)below(self, 2)};
    const uint64_t id = once_in(self, 16) ? sp2_test_next(&self->random) : ITEM_ID;
    switch (below(self, 6)) {
    case 0:
        NOTE(sp2_send_heap_add_immediate, heap, id,
             sp2_test_next(&self->random) >> below(self, 64));
        break;
    case 1:
        NOTE(sp2_send_heap_add_control, heap, (int32_t)below(self, 4));
        break;
    case 2:
        NOTE(sp2_send_heap_add_descriptor, heap, once_in(self, 16) ? NULL : &descriptor);
        break;
    case 3:
        NOTE(sp2_send_heap_clear, heap);
        break;
    default:
        NOTE(sp2_send_heap_add_item, heap, id, once_in(self, 16) ? NULL : buffer.bytes,
             below(self, buffer.length + 1), (uint32_t)below(self, 3));
    }
}

/* Heaps are changed by one thread at a time: where that holds, by the one that made them. */
static void create_send_heap(spinner *self) {
    const sp2_send_heap_options options = {.flags = (uint32_t)below(self, 3),
                                           .address_bits = 8 * (uint32_t)below(self, 8)};
    sp2_send_heap *heap = NULL;
    NOTE(sp2_send_heap_create, sized(self, &options, sizeof(options)),
         once_in(self, 16) ? NULL : &heap);
    for (uint64_t i = below(self, 8); i != 0; i--) {
#ifdef SPINNER_ANY_HANDLE
        fill_send_heap(self, once_in(self, 2) ? handle_of(self, SEND_HEAP) : heap);
#else
        fill_send_heap(self, heap);
#endif
    }
    if (heap != NULL) {
        keep(self, SEND_HEAP, heap);
    }
}

static void send_group(spinner *self, sp2_send_stream *stream) {
    enum { MOST = 3 };
    sp2_heap_reference group[MOST];
    for (int i = 0; i < MOST; i++) {
        group[i] = (sp2_heap_reference){
            handle_of(self, SEND_HEAP),
            once_in(self, 8) ? (int64_t)sp2_test_next(&self->random) : SP2_HEAP_CNT_AUTOMATIC,
            once_in(self, 8) ? below(self, 8) : 0,
            once_in(self, 4) ? HIGH_RATE : SP2_STREAM_RATE,
        };
    }
    NOTE(sp2_send_stream_send, stream, once_in(self, 16) ? NULL : group,
         (uint32_t)below(self, MOST + 1), (int32_t)below(self, 3),
         once_in(self, 4) ? NULL : count_completion, NULL);
}

static void use_send_stream(spinner *self) {
    sp2_send_stream *stream = handle_of(self, SEND_STREAM);
    const sp2_send_stats stats = {0};
    switch (below(self, 16)) {
    case 0:
        NOTE(sp2_send_stream_flush, stream, (int64_t)below(self, 100000));
        break;
    case 1:
        NOTE(sp2_send_stream_get_stats, stream, sized(self, &stats, sizeof(stats)));
        break;
    case 2:
        NOTE(sp2_send_stream_set_cnt_sequence, stream, sp2_test_next(&self->random),
             below(self, 4));
        break;
    case 3:
        NOTE(sp2_send_stream_stop, stream);
        break;
    default:
        send_group(self, stream);
    }
}

/* Settings. ----------------------------------------------------------------------------------- */

static void set(spinner *self) {
    sp2_receive_stream *stream = handle_of(self, STREAM);
    int32_t value = 0;
    int64_t fd = 0;
    switch (below(self, 9)) {
    case 0:
        NOTE(sp2_receive_stream_set_memory_allocator, stream, handle_of(self, ALLOCATOR));
        break;
    case 1:
        NOTE(sp2_receive_stream_set_memcpy, stream, (int32_t)below(self, 6) - 1);
        break;
    case 2:
        NOTE(sp2_receive_stream_set_copy_function, stream, once_in(self, 2) ? copy : NULL, NULL);
        break;
    case 3:
        NOTE(sp2_receive_stream_set_stop_on_stop_item, stream, (int32_t)below(self, 2));
        break;
    case 4:
        NOTE(sp2_receive_stream_get_stop_on_stop_item, stream, once_in(self, 8) ? NULL : &value);
        break;
    case 5:
        NOTE(sp2_receive_stream_get_fd, stream, once_in(self, 8) ? NULL : &fd);
        break;
    case 6:
        NOTE(sp2_memory_pool_set_warn_on_empty, handle_of(self, ALLOCATOR),
             (int32_t)below(self, 2));
        break;
    case 7:
        NOTE(sp2_memory_pool_get_warn_on_empty, handle_of(self, ALLOCATOR),
             once_in(self, 8) ? NULL : &value);
        break;
    default:
        NOTE(sp2_receive_stream_set_ready_callback, stream, once_in(self, 4) ? NULL : count_ready,
             NULL);
    }
}

static void set_process(spinner *self) {
    switch (below(self, 4)) {
    case 0:
        count(COUNT_sp2_memory_trim, sp2_memory_trim());
        break;
    case 1:
        NOTE(sp2_memory_set_cache_limit, sp2_test_next(&self->random) >> below(self, 64));
        break;
    case 2:
        NOTE(sp2_thread_set_affinity, (int32_t)below(self, 8) - 2);
        break;
    default:
        NOTE(sp2_thread_set_affinity, (int32_t)sp2_test_next(&self->random));
    }
}

/* Heaps. -------------------------------------------------------------------------------------- */

/* What belongs to this thread alone must be as it was sent. (With any handle around, one that is
 * wrong by a bit may be this one, and another thread give it back.) */
static void look_at(sp2_heap *heap) {
#ifndef SPINNER_ANY_HANDLE
    sp2_heap_info info = SP2_HEAP_INFO_INIT;
    const sp2_item *items = NULL;
    uint64_t item_count = 0;
    CHECK_STATUS(sp2_heap_get_info(heap, &info), SP2_OK);
    CHECK_STATUS(sp2_heap_get_items(heap, &items, &item_count), SP2_OK);
    CHECK(item_count == info.item_count && item_count > 0 &&
          items[item_count - 1].value == ITEM_VALUE);
    CHECK(info.payload == NULL || memcmp(info.payload, content, sizeof(content)) == 0);
#else
    (void)heap;
#endif
}

static void take(spinner *self) {
    sp2_receive_stream *stream = handle_of(self, STREAM);
    sp2_heap *heaps[POP_CAPACITY];
    uint32_t popped = 0;
    const uint32_t capacity = (uint32_t)below(self, POP_CAPACITY + 1);
    uint64_t waiting;
    switch (below(self, 4)) {
    case 0:
        NOTE(sp2_receive_stream_pop, stream, heaps, capacity, once_in(self, 16) ? NULL : &popped);
        break;
    case 1:
        NOTE(sp2_receive_stream_get_heap_count, stream, once_in(self, 16) ? NULL : &waiting);
        break;
    case 2:
        NOTE(sp2_receive_stream_pop_wait, stream, once_in(self, 16) ? NULL : heaps, capacity,
             (int64_t)below(self, 100000), &popped);
        break;
    default:
        NOTE(sp2_receive_stream_request_ready, stream);
    }
    for (uint32_t i = 0; i < popped; i++) {
        look_at(heaps[i]);
        keep(self, HEAP, heaps[i]);
    }
}

static void look_at_heaps(spinner *self) {
    const sp2_heap *heap = handle_of(self, HEAP);
    const sp2_heap_info info = {0};
    const sp2_item *items;
    const sp2_range *ranges;
    const sp2_descriptor *descriptors;
    uint64_t many;
    switch (below(self, 4)) {
    case 0:
        NOTE(sp2_heap_get_info, heap, sized(self, &info, sizeof(info)));
        break;
    case 1:
        NOTE(sp2_heap_get_items, heap, &items, once_in(self, 16) ? NULL : &many);
        break;
    case 2:
        NOTE(sp2_heap_get_descriptors, heap, &descriptors, once_in(self, 16) ? NULL : &many);
        break;
    default:
        NOTE(sp2_heap_get_ranges, heap, &ranges, once_in(self, 16) ? NULL : &many);
    }
}

/* Statistics. --------------------------------------------------------------------------------- */

/* Statistics of a stream, and room for the user's and for those that do not exist. */
#define COUNT_STATISTIC(name) +1
#define STATISTICS (0 SP2_RECEIVE_STATS_MAP(COUNT_STATISTIC) + 4)

/* Losses every 10 seconds, or so few that they have no period. */
static void find_loss_period(spinner *self) {
    enum { SECONDS = 256, PERIOD = 10 };
    const sp2_loss_period period = {0};
    sp2_loss_second seconds[SECONDS] = {{0}};
    for (int i = 0; i < SECONDS; i++) {
        seconds[i].packets = 1000;
        seconds[i].kernel_drop_messages = i % PERIOD == 0;
    }
    NOTE(sp2_find_loss_period, once_in(self, 8) ? NULL : seconds,
         once_in(self, 2) ? SECONDS : (uint32_t)below(self, SECONDS),
         sized(self, &period, sizeof(period)));
}

static void look_at_stats(spinner *self) {
    static const char *const names[] = {"mine", "heaps", "none", "", NULL};
    sp2_receive_stream *stream = handle_of(self, STREAM);
    const sp2_receive_stats stats = {0};
    const sp2_memory_pool_stats pool = {0};
    const sp2_memory_stats memory = {0};
    const sp2_stat_info stat = {0};
    const sp2_refused_datagram refused = {0};
    const sp2_kernel_udp_counters counters = {0};
    const sp2_kernel_drops drops = {0};
    sp2_loss_second seconds[2] = {{0}};
    uint64_t values[STATISTICS];
    uint32_t index;
    switch (below(self, 14)) {
    case 0:
        NOTE(sp2_receive_stream_get_stats, stream, sized(self, &stats, sizeof(stats)));
        break;
    case 1:
        NOTE(sp2_receive_stream_get_stat_count, stream, once_in(self, 8) ? NULL : &index);
        break;
    case 2:
        NOTE(sp2_receive_stream_get_stat_info, stream, (uint32_t)below(self, STATISTICS),
             sized(self, &stat, sizeof(stat)));
        break;
    case 3:
        NOTE(sp2_receive_stream_find_stat, stream, names[below(self, 5)], &index);
        break;
    case 4:
        NOTE(sp2_receive_stream_get_stat_values, stream, values,
             (uint32_t)below(self, STATISTICS + 1), &index);
        break;
    case 5:
        NOTE(sp2_receive_stream_update_stat, stream, (uint32_t)below(self, STATISTICS), 1);
        break;
    case 6:
        NOTE(sp2_receive_stream_get_refused, stream, (uint32_t)below(self, SP2_REFUSED_LAST + 2),
             sized(self, &refused, sizeof(refused)));
        break;
    case 7:
        NOTE(sp2_receive_stream_get_loss_seconds, stream, seconds, (uint32_t)below(self, 3),
             once_in(self, 8) ? NULL : &index);
        break;
    case 8:
        find_loss_period(self);
        break;
    case 9:
        NOTE(sp2_get_kernel_udp_counters, sized(self, &counters, sizeof(counters)));
        break;
    case 10:
        NOTE(sp2_explain_kernel_drops, &counters, once_in(self, 8) ? NULL : &counters,
             below(self, 9), sized(self, &drops, sizeof(drops)));
        break;
    case 11:
        NOTE(sp2_receive_stream_publish, stream, names[below(self, 5)]);
        break;
    case 12:
        NOTE(sp2_memory_get_stats, sized(self, &memory, sizeof(memory)));
        break;
    default:
        NOTE(sp2_memory_pool_get_stats, handle_of(self, ALLOCATOR),
             sized(self, &pool, sizeof(pool)));
    }
}

/* What there is to know about the library and about failures. */
static void look_at_texts(spinner *self) {
    const int32_t status = (int32_t)sp2_test_next(&self->random) >> below(self, 32);
    CHECK(sp2_status_name(status)[0] != '\0');
    count(COUNT_sp2_status_name, SP2_OK);
    CHECK(sp2_status_message(status)[0] != '\0');
    count(COUNT_sp2_status_message, SP2_OK);
    CHECK(strlen(sp2_last_error_message()) < 4096);
    count(COUNT_sp2_last_error_message, SP2_OK);
    sp2_last_error_os_code();
    count(COUNT_sp2_last_error_os_code, SP2_OK);
    CHECK_EQ_U64(sp2_version_number(), SP2_VERSION_NUMBER);
    count(COUNT_sp2_version_number, SP2_OK);
    CHECK(sp2_version_string()[0] != '\0');
    count(COUNT_sp2_version_string, SP2_OK);
}

#ifdef SP2_HAS_ITEMS
static void *any_group_options(spinner *self) {
    const sp2_item_group_options options = {.flags = (uint32_t)below(self, 5),
                                            .max_items = (uint32_t)below(self, 3),
                                            .max_name_length = (uint32_t)below(self, 8),
                                            .max_text_length = (uint32_t)below(self, 128)};
    return sized(self, &options, sizeof(options));
}

static void use_items(spinner *self) {
    sp2_item_group *group = handle_of(self, ITEM_GROUP);
    const sp2_item_info options = {0};
    void *info = sized(self, &options, sizeof(options));
    uint64_t many;
    switch (below(self, 9)) {
    case 0:
        NOTE(sp2_item_group_get_count, group, once_in(self, 8) ? NULL : &many);
        break;
    case 1:
        NOTE(sp2_item_group_get_item, group, below(self, 2), info);
        break;
    case 2:
        NOTE(sp2_item_group_get_updated, group, below(self, 2), info);
        break;
    case 3:
        NOTE(sp2_item_group_find_id, group,
             once_in(self, 2) ? ITEM_ID : sp2_test_next(&self->random), info);
        break;
    case 4:
        NOTE(sp2_item_group_find_name, group, once_in(self, 8) ? NULL : "gain", info);
        break;
    case 5:
        group = NULL;
        NOTE(sp2_item_group_create, any_group_options(self), once_in(self, 16) ? NULL : &group);
        if (group != NULL) {
            keep(self, ITEM_GROUP, group);
        }
        break;
    case 6:
        NOTE(sp2_item_group_get_failed_count, group, once_in(self, 8) ? NULL : &many);
        break;
    case 7:
        NOTE(sp2_item_group_get_failed, group, below(self, 2), info);
        break;
    default:
        NOTE(sp2_item_group_update, group, handle_of(self, HEAP), &many);
    }
}
#endif

static void stop(spinner *self) {
    NOTE(sp2_receive_stream_stop, handle_of(self, STREAM));
}

static bool all_have_worked(void) {
    bool all = true;
    for (unsigned i = 0; i < FUNCTION_COUNT; i++) {
        all = all && atomic_load_explicit(&counts[i][best_status(i)], memory_order_relaxed) != 0;
    }
    return all;
}

static void *spin(void *context) {
    static void (*const actions[])(spinner *) = {
        create_pool,
        create_stream,
        create_stream,
        create_allocator,
        feed,
        feed,
        feed,
        feed,
        set,
        set,
        set_process,
        take,
        take,
        take,
        take,
        look_at_heaps,
        end,
        look_at_stats,
        stop,
        look_at_texts,
        use_source,
        create_send_stream,
        add_writer,
        add_writer,
        create_chunk_group,
        create_chunk,
        create_chunk,
        create_chunk,
        use_chunk_group,
        use_chunk_group,
        look_at_chunks,
        create_queue,
        use_queue,
        create_send_heap,
        use_send_stream,
        use_send_stream,
        use_send_stream,
#ifdef SP2_HAS_ITEMS
        use_items,
        use_items,
#endif
    };
    spinner *self = context;
    for (;;) {
        const uint64_t now = sp2_test_now_ns();
        if (now >= deadline_ns && (now >= last_deadline_ns || all_have_worked())) {
            return NULL;
        }
        actions[below(self, sizeof(actions) / sizeof(actions[0]))](self);
        let_go(self);
    }
}

/* Prints what every function answered, and checks that each was called and did what it can. */
static void report(void) {
    unsigned long calls = 0;
    for (unsigned i = 0; i < FUNCTION_COUNT; i++) {
        printf("%-42s", function_names[i]);
        for (int j = 0; j < STATUSES; j++) {
            const unsigned long number = atomic_load(&counts[i][j]);
            if (number != 0) {
                printf("  %s %lu", sp2_status_name(-j), number);
            }
            calls += number;
        }
        printf("\n");
        sp2_test_context("%s", function_names[i]);
        CHECK(atomic_load(&counts[i][best_status(i)]) != 0);
    }
    printf("%lu calls, %lu callbacks\n", calls, atomic_load(&callbacks));
}

SP2_TEST(Random_calls_from_four_threads_give_statuses_and_the_process_ends_while_streams_run) {
    static spinner spinners[THREADS];
    test_thread threads[THREADS];
    const char *seconds = getenv("SPEAD2_SPIN_SECONDS");
    sp2_test_rng random = sp2_test_random();
    sender = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(sender != NO_SOCKET);
    make_packets();
    for (int i = 0; i < KINDS * SLOTS; i++) {
        test_shared_lock_init(&slots[i / SLOTS][i % SLOTS].lock);
    }
    deadline_ns = sp2_test_now_ns() +
                  (uint64_t)((seconds != NULL ? strtod(seconds, NULL) : DEFAULT_SECONDS) * 1e9);
    last_deadline_ns = deadline_ns + LAST_DEADLINE_SECONDS * (uint64_t)1000000000;
    for (int i = 0; i < THREADS; i++) {
        spinners[i].random = (sp2_test_rng){sp2_test_next(&random)};
        test_thread_start(&threads[i], spin, &spinners[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        test_thread_join(threads[i]);
    }
    report();
}
