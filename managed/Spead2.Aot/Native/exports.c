/* SPDX-License-Identifier: MIT */
/*
 * What C programs call on Linux: each function of the headers looks whether the .NET runtime can be
 * entered, and goes on to the export of the same name in C#, which the build renames to
 * spead2aot_<name>. A forked child has none of the runtime's threads, and perhaps its locks: there
 * nothing of .NET runs, so that all is said here, without memory and without locks.
 */
#define SP2_HAS_ITEMS

#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/process.h"
#include "base/spinlock.h"
#include "exports.h"
#include "spead2core/spead2core.h"

/* ---- the runtime ---- */

/* No process has this number. */
#define NOBODY UINT32_MAX

static _Atomic uint32_t runtime_of; /* the process that started the runtime, or NOBODY; 0: none */
static sp2__spinlock start_lock;

extern __typeof__(sp2_version_number) spead2aot_sp2_version_number;

/* For the spinlock. */
void sp2__thread_yield(void) {
    sched_yield();
}

/* The runtime ignores SIGPIPE in the whole process, which is the program's to decide. */
static void start_runtime(void) {
    struct sigaction pipe_action;
    const bool known = sigaction(SIGPIPE, NULL, &pipe_action) == 0;
    spead2aot_sp2_version_number(); /* any will do */
    if (known) {
        (void)sigaction(SIGPIPE, &pipe_action, NULL);
    }
}

/* The first call starts the runtime. If a fork came between, the child has half of one. */
SP2__COLD static bool begin(void) {
    if (atomic_load_explicit(&runtime_of, memory_order_acquire) == 0) {
        const bool left_behind = sp2__spinlock_lock(&start_lock);
        if (atomic_load_explicit(&runtime_of, memory_order_relaxed) == 0) {
            if (!left_behind) {
                start_runtime();
            }
            atomic_store_explicit(&runtime_of, left_behind ? NOBODY : sp2__process(),
                                  memory_order_release);
        }
        sp2__spinlock_unlock(&start_lock);
    }
    return atomic_load_explicit(&runtime_of, memory_order_acquire) == sp2__process();
}

/* Whether C# can be called: not in a forked child of the process that did so first. */
static inline bool usable(void) {
    return SP2__LIKELY(atomic_load_explicit(&runtime_of, memory_order_acquire) == sp2__process()) ||
           begin();
}

/* ---- descriptors ---- */

/* Never more than a few for each stream and thread; those beyond stay open in a child. */
#define MOST_DESCRIPTORS 4096

/* What the library has open: each number and 1, or 0. A descriptor is entered after it was opened
 * and taken out before it is closed, so that a child closes none that is not its own copy. */
static _Atomic int32_t descriptors[MOST_DESCRIPTORS];

/* Puts `value` in the place of `old`. */
static void exchange_descriptor(int32_t old, int32_t value) {
    for (size_t i = 0; i < MOST_DESCRIPTORS; i++) {
        int32_t found = old;
        if (atomic_load_explicit(&descriptors[i], memory_order_relaxed) == old &&
            atomic_compare_exchange_strong(&descriptors[i], &found, value)) {
            return;
        }
    }
}

void spead2exports_opened(int32_t descriptor) {
    exchange_descriptor(0, descriptor + 1);
}

void spead2exports_closing(int32_t descriptor) {
    exchange_descriptor(descriptor + 1, 0);
}

/* All that a forked child does with its copies. */
static void close_copies(void) {
    for (size_t i = 0; i < MOST_DESCRIPTORS; i++) {
        const int32_t entry = atomic_exchange(&descriptors[i], 0);
        if (entry != 0) {
            close(entry - 1);
        }
    }
}

/* ---- the functions of the headers ---- */

/* A function that can fail; in a child the out-parameters are cleared first. */
#define FUNCTION(name, parameters, arguments, clear)                                               \
    extern __typeof__(name) spead2aot_##name;                                                      \
    int32_t name parameters {                                                                      \
        if (usable()) {                                                                            \
            return spead2aot_##name arguments;                                                     \
        }                                                                                          \
        clear;                                                                                     \
        return SP2_E_FORKED;                                                                       \
    }

/* A function that ends something; in a child it does no more than is said. */
#define ENDING(name, parameter, argument, in_child)                                                \
    extern __typeof__(name) spead2aot_##name;                                                      \
    void name(parameter) {                                                                         \
        if (usable()) {                                                                            \
            spead2aot_##name(argument);                                                            \
        } else {                                                                                   \
            in_child;                                                                              \
        }                                                                                          \
    }

#define NOTHING ((void)0)

static inline void clear_pointer(void *place) {
    if (place != NULL) {
        *(void **)place = NULL;
    }
}

static inline void clear_sources(sp2_packet_source **sources, uint32_t count) {
    for (uint32_t i = 0; sources != NULL && i < count && i < SP2_UDP_MAX_STREAMS; i++) {
        sources[i] = NULL;
    }
}

#define SET(place, value)                                                                          \
    do {                                                                                           \
        if ((place) != NULL) {                                                                     \
            *(place) = (value);                                                                    \
        }                                                                                          \
    } while (0)

/* A list and its length. */
#define CLEAR_LIST(list, count)                                                                    \
    clear_pointer((void *)(list));                                                                 \
    SET(count, 0)

/* allocator.h */
ENDING(sp2_allocator_destroy, sp2_allocator *allocator, allocator, NOTHING)
FUNCTION(sp2_allocator_create, (const sp2_allocator_options *options, sp2_allocator **allocator),
         (options, allocator), clear_pointer(allocator))
FUNCTION(sp2_mmap_allocator_create, (const sp2_mmap_options *options, sp2_allocator **allocator),
         (options, allocator), clear_pointer(allocator))
FUNCTION(sp2_memory_pool_create, (const sp2_memory_pool_options *options, sp2_allocator **pool),
         (options, pool), clear_pointer(pool))
FUNCTION(sp2_memory_pool_set_warn_on_empty, (sp2_allocator * pool, int32_t warn), (pool, warn),
         NOTHING)
FUNCTION(sp2_memory_pool_get_warn_on_empty, (sp2_allocator * pool, int32_t *warn), (pool, warn),
         SET(warn, 0))
FUNCTION(sp2_memory_pool_get_stats, (sp2_allocator * pool, sp2_memory_pool_stats *stats),
         (pool, stats), NOTHING)

/* heap.h, descriptor.h */
FUNCTION(sp2_heap_get_info, (const sp2_heap *heap, sp2_heap_info *info), (heap, info), NOTHING)
FUNCTION(sp2_heap_get_items, (const sp2_heap *heap, const sp2_item **items, uint64_t *count),
         (heap, items, count), CLEAR_LIST(items, count))
FUNCTION(sp2_heap_get_ranges, (const sp2_heap *heap, const sp2_range **ranges, uint64_t *count),
         (heap, ranges, count), CLEAR_LIST(ranges, count))
FUNCTION(sp2_heap_get_descriptors,
         (const sp2_heap *heap, const sp2_descriptor **list, uint64_t *count), (heap, list, count),
         CLEAR_LIST(list, count))
ENDING(sp2_heap_release, sp2_heap *heap, heap, NOTHING)

/* items.h */
FUNCTION(sp2_item_group_create, (const sp2_item_group_options *options, sp2_item_group **group),
         (options, group), clear_pointer(group))
ENDING(sp2_item_group_destroy, sp2_item_group *group, group, NOTHING)
FUNCTION(sp2_item_group_update, (sp2_item_group * group, const sp2_heap *heap, uint64_t *updated),
         (group, heap, updated), SET(updated, 0))
FUNCTION(sp2_item_group_get_updated, (sp2_item_group * group, uint64_t index, sp2_item_info *info),
         (group, index, info), NOTHING)
FUNCTION(sp2_item_group_get_failed_count, (sp2_item_group * group, uint64_t *count), (group, count),
         SET(count, 0))
FUNCTION(sp2_item_group_get_failed, (sp2_item_group * group, uint64_t index, sp2_item_info *info),
         (group, index, info), NOTHING)
FUNCTION(sp2_item_group_get_count, (sp2_item_group * group, uint64_t *count), (group, count),
         SET(count, 0))
FUNCTION(sp2_item_group_get_item, (sp2_item_group * group, uint64_t index, sp2_item_info *info),
         (group, index, info), NOTHING)
FUNCTION(sp2_item_group_find_id, (sp2_item_group * group, uint64_t id, sp2_item_info *info),
         (group, id, info), NOTHING)
FUNCTION(sp2_item_group_find_name, (sp2_item_group * group, const char *name, sp2_item_info *info),
         (group, name, info), NOTHING)

/* memory.h */
FUNCTION(sp2_memory_get_stats, (sp2_memory_stats * stats), (stats), NOTHING)
FUNCTION(sp2_memory_set_cache_limit, (uint64_t bytes), (bytes), NOTHING)
FUNCTION(sp2_memory_trim, (void), (), NOTHING)

/* receive.h */
FUNCTION(sp2_receive_stream_create,
         (sp2_thread_pool * pool, const sp2_receive_options *options, sp2_receive_stream **stream),
         (pool, options, stream), clear_pointer(stream))
FUNCTION(sp2_receive_stream_start, (sp2_receive_stream * stream), (stream), NOTHING)
FUNCTION(sp2_receive_stream_set_memory_allocator,
         (sp2_receive_stream * stream, sp2_allocator *allocator), (stream, allocator), NOTHING)
FUNCTION(sp2_receive_stream_set_memcpy, (sp2_receive_stream * stream, int32_t method),
         (stream, method), NOTHING)
FUNCTION(sp2_receive_stream_set_copy_function,
         (sp2_receive_stream * stream, sp2_copy_fn copy, void *context), (stream, copy, context),
         NOTHING)
FUNCTION(sp2_receive_stream_set_stop_on_stop_item, (sp2_receive_stream * stream, int32_t stop),
         (stream, stop), NOTHING)
FUNCTION(sp2_receive_stream_get_stop_on_stop_item, (sp2_receive_stream * stream, int32_t *stop),
         (stream, stop), SET(stop, 0))
FUNCTION(sp2_receive_stream_get_fd, (sp2_receive_stream * stream, int64_t *handle),
         (stream, handle), SET(handle, -1))
FUNCTION(sp2_receive_stream_pop,
         (sp2_receive_stream * stream, sp2_heap **heaps, uint32_t capacity, uint32_t *count),
         (stream, heaps, capacity, count), SET(count, 0))
FUNCTION(sp2_receive_stream_pop_wait,
         (sp2_receive_stream * stream, sp2_heap **heaps, uint32_t capacity, int64_t timeout_ns,
          uint32_t *count),
         (stream, heaps, capacity, timeout_ns, count), SET(count, 0))
FUNCTION(sp2_receive_stream_get_heap_count, (sp2_receive_stream * stream, uint64_t *count),
         (stream, count), SET(count, 0))
FUNCTION(sp2_receive_stream_set_ready_callback,
         (sp2_receive_stream * stream, sp2_ready_fn ready, void *context), (stream, ready, context),
         NOTHING)
FUNCTION(sp2_receive_stream_request_ready, (sp2_receive_stream * stream), (stream), NOTHING)
FUNCTION(sp2_receive_stream_stop, (sp2_receive_stream * stream), (stream),
         return stream == NULL ? SP2_E_ARG : SP2_OK)
ENDING(sp2_receive_stream_destroy, sp2_receive_stream *stream, stream, close_copies())

/* dialect.h */
FUNCTION(sp2_dialect_find, (const char *name, sp2_dialect *dialect), (name, dialect), NOTHING)

/* send.h, and the writer of udp.h */
FUNCTION(sp2_send_heap_create, (const sp2_send_heap_options *options, sp2_send_heap **heap),
         (options, heap), clear_pointer(heap))
FUNCTION(sp2_send_heap_add_immediate, (sp2_send_heap * heap, uint64_t id, uint64_t value),
         (heap, id, value), NOTHING)
FUNCTION(sp2_send_heap_add_item,
         (sp2_send_heap * heap, uint64_t id, const void *data, uint64_t length, uint32_t flags),
         (heap, id, data, length, flags), NOTHING)
FUNCTION(sp2_send_heap_add_descriptor, (sp2_send_heap * heap, const sp2_descriptor *descriptor),
         (heap, descriptor), NOTHING)
FUNCTION(sp2_send_heap_add_control, (sp2_send_heap * heap, int32_t control), (heap, control),
         NOTHING)
FUNCTION(sp2_send_heap_clear, (sp2_send_heap * heap), (heap), NOTHING)
ENDING(sp2_send_heap_destroy, sp2_send_heap *heap, heap, NOTHING)
FUNCTION(sp2_send_stream_create,
         (sp2_thread_pool * pool, const sp2_send_stream_options *options, sp2_send_stream **stream),
         (pool, options, stream), clear_pointer(stream))
FUNCTION(sp2_send_stream_add_function_writer,
         (sp2_send_stream * stream, const sp2_function_writer_options *options, uint64_t *first),
         (stream, options, first), SET(first, 0))
FUNCTION(sp2_send_stream_add_udp_writer,
         (sp2_send_stream * stream, const sp2_udp_writer_options *options, uint64_t *first),
         (stream, options, first), SET(first, 0))
FUNCTION(sp2_send_stream_send,
         (sp2_send_stream * stream, const sp2_heap_reference *heaps, uint32_t count, int32_t mode,
          sp2_send_complete_fn complete, void *context),
         (stream, heaps, count, mode, complete, context), NOTHING)
FUNCTION(sp2_send_stream_set_cnt_sequence, (sp2_send_stream * stream, uint64_t next, uint64_t step),
         (stream, next, step), NOTHING)
FUNCTION(sp2_send_stream_flush, (sp2_send_stream * stream, int64_t timeout_ns),
         (stream, timeout_ns), NOTHING)
FUNCTION(sp2_send_stream_stop, (sp2_send_stream * stream), (stream),
         return stream == NULL ? SP2_E_ARG : SP2_OK)
FUNCTION(sp2_send_stream_get_stats, (sp2_send_stream * stream, sp2_send_stats *stats),
         (stream, stats), NOTHING)
ENDING(sp2_send_stream_destroy, sp2_send_stream *stream, stream, close_copies())

/* inproc.h */
FUNCTION(sp2_inproc_queue_create,
         (const sp2_inproc_queue_options *options, sp2_inproc_queue **queue), (options, queue),
         clear_pointer(queue))
FUNCTION(sp2_inproc_queue_add_packet,
         (sp2_inproc_queue * queue, const void *packet, uint64_t length), (queue, packet, length),
         NOTHING)
FUNCTION(sp2_inproc_queue_stop, (sp2_inproc_queue * queue), (queue),
         return queue == NULL ? SP2_E_ARG : SP2_OK)
ENDING(sp2_inproc_queue_destroy, sp2_inproc_queue *queue, queue, NOTHING)
FUNCTION(sp2_send_stream_add_inproc_writer,
         (sp2_send_stream * stream, const sp2_inproc_writer_options *options, uint64_t *first),
         (stream, options, first), SET(first, 0))
FUNCTION(sp2_receive_stream_add_inproc_source,
         (sp2_receive_stream * stream, const sp2_inproc_source_options *options,
          sp2_packet_source **source),
         (stream, options, source), clear_pointer(source))

/* chunk.h */
FUNCTION(sp2_chunk_create, (const sp2_chunk_memory *memory, sp2_chunk **chunk), (memory, chunk),
         clear_pointer(chunk))
FUNCTION(sp2_chunk_get_info, (const sp2_chunk *chunk, sp2_chunk_info *info), (chunk, info), NOTHING)
ENDING(sp2_chunk_release, sp2_chunk *chunk, chunk, NOTHING)
ENDING(sp2_chunk_destroy, sp2_chunk *chunk, chunk, NOTHING)
FUNCTION(sp2_chunk_group_create, (const sp2_chunk_group_options *options, sp2_chunk_group **group),
         (options, group), clear_pointer(group))
FUNCTION(sp2_chunk_group_add_free, (sp2_chunk_group * group, sp2_chunk *chunk), (group, chunk),
         NOTHING)
FUNCTION(sp2_chunk_group_pop, (sp2_chunk_group * group, sp2_chunk **chunk), (group, chunk),
         clear_pointer(chunk))
FUNCTION(sp2_chunk_group_pop_wait, (sp2_chunk_group * group, int64_t timeout_ns, sp2_chunk **chunk),
         (group, timeout_ns, chunk), clear_pointer(chunk))
FUNCTION(sp2_chunk_group_set_ready_callback,
         (sp2_chunk_group * group, sp2_ready_fn ready, void *context), (group, ready, context),
         NOTHING)
FUNCTION(sp2_chunk_group_request_ready, (sp2_chunk_group * group), (group), NOTHING)
FUNCTION(sp2_chunk_group_get_stats, (sp2_chunk_group * group, sp2_chunk_group_stats *stats),
         (group, stats), NOTHING)
FUNCTION(sp2_chunk_group_stop, (sp2_chunk_group * group, int32_t mode), (group, mode),
         return group == NULL ? SP2_E_ARG : SP2_OK)
ENDING(sp2_chunk_group_destroy, sp2_chunk_group *group, group, NOTHING)

/* source.h, pcap.h, tcp.h, udp.h, buffer.h */
FUNCTION(sp2_receive_stream_add_pcap_source,
         (sp2_receive_stream * stream, const sp2_pcap_source_options *options,
          sp2_packet_source **source),
         (stream, options, source), clear_pointer(source))
FUNCTION(sp2_receive_stream_add_tcp_source,
         (sp2_receive_stream * stream, const sp2_tcp_source_options *options,
          sp2_packet_source **source),
         (stream, options, source), clear_pointer(source))
FUNCTION(sp2_receive_stream_add_udp_source,
         (sp2_receive_stream * stream, const sp2_udp_source_options *options,
          sp2_packet_source **source),
         (stream, options, source), clear_pointer(source))
FUNCTION(sp2_receive_streams_add_udp_source,
         (sp2_receive_stream *const *streams, uint32_t count, const sp2_udp_source_options *options,
          sp2_packet_source **sources),
         (streams, count, options, sources), clear_sources(sources, count))
FUNCTION(sp2_receive_stream_add_buffer_source,
         (sp2_receive_stream * stream, const sp2_buffer_source_options *options,
          sp2_packet_source **source),
         (stream, options, source), clear_pointer(source))
FUNCTION(sp2_receive_stream_add_datagram_source,
         (sp2_receive_stream * stream, const sp2_datagram_source_options *options,
          sp2_packet_source **source),
         (stream, options, source), clear_pointer(source))
FUNCTION(sp2_packet_source_remove, (sp2_packet_source * source), (source),
         return source == NULL ? SP2_E_ARG : SP2_OK)
ENDING(sp2_packet_source_release, sp2_packet_source *source, source, NOTHING)
FUNCTION(sp2_packet_source_get_info, (sp2_packet_source * source, sp2_packet_source_info *info),
         (source, info), NOTHING)
FUNCTION(sp2_packet_source_get_stats, (sp2_packet_source * source, sp2_packet_source_stats *stats),
         (source, stats), NOTHING)

/* statistics.h */
FUNCTION(sp2_receive_stream_get_stats, (sp2_receive_stream * stream, sp2_receive_stats *stats),
         (stream, stats), NOTHING)
FUNCTION(sp2_receive_stream_get_stat_count, (sp2_receive_stream * stream, uint32_t *count),
         (stream, count), SET(count, 0))
FUNCTION(sp2_receive_stream_get_stat_info,
         (sp2_receive_stream * stream, uint32_t index, sp2_stat_info *info), (stream, index, info),
         NOTHING)
FUNCTION(sp2_receive_stream_find_stat,
         (sp2_receive_stream * stream, const char *name, uint32_t *index), (stream, name, index),
         SET(index, 0))
FUNCTION(sp2_receive_stream_get_stat_values,
         (sp2_receive_stream * stream, uint64_t *values, uint32_t capacity, uint32_t *count),
         (stream, values, capacity, count), SET(count, 0))
FUNCTION(sp2_receive_stream_update_stat,
         (sp2_receive_stream * stream, uint32_t index, uint64_t value), (stream, index, value),
         NOTHING)
FUNCTION(sp2_receive_stream_get_loss_seconds,
         (sp2_receive_stream * stream, sp2_loss_second *seconds, uint32_t capacity,
          uint32_t *count),
         (stream, seconds, capacity, count), SET(count, 0))
FUNCTION(sp2_find_loss_period,
         (const sp2_loss_second *seconds, uint32_t count, sp2_loss_period *period),
         (seconds, count, period), NOTHING)
FUNCTION(sp2_receive_stream_get_refused,
         (sp2_receive_stream * stream, uint32_t cause, sp2_refused_datagram *datagram),
         (stream, cause, datagram), NOTHING)
FUNCTION(sp2_receive_stream_publish, (sp2_receive_stream * stream, const char *name),
         (stream, name), NOTHING)

/* udp.h: what the kernel counts */
FUNCTION(sp2_get_kernel_udp_counters, (sp2_kernel_udp_counters * counters), (counters), NOTHING)
FUNCTION(sp2_explain_kernel_drops,
         (const sp2_kernel_udp_counters *before, const sp2_kernel_udp_counters *after,
          uint64_t messages, sp2_kernel_drops *drops),
         (before, after, messages, drops), NOTHING)

/* thread_pool.h */
FUNCTION(sp2_thread_pool_create, (const sp2_thread_pool_options *options, sp2_thread_pool **pool),
         (options, pool), clear_pointer(pool))
ENDING(sp2_thread_pool_destroy, sp2_thread_pool *pool, pool, close_copies())
FUNCTION(sp2_thread_set_affinity, (int32_t cpu), (cpu), NOTHING)

/* status.h; sp2_status_name, sp2_status_message and those of version.h are the C core's. */
extern __typeof__(sp2_last_error_message) spead2aot_sp2_last_error_message;
extern __typeof__(sp2_last_error_os_code) spead2aot_sp2_last_error_os_code;

const char *sp2_last_error_message(void) {
    return usable() ? spead2aot_sp2_last_error_message()
                    : "this process was forked from one that has used the library, and cannot use "
                      "it itself; start a program (exec) or load the library in the child only";
}

int32_t sp2_last_error_os_code(void) {
    return usable() ? spead2aot_sp2_last_error_os_code() : 0;
}
