/* SPDX-License-Identifier: MIT */
/*
 * Two libraries have the interface of spead2core: how do they compare, as a C program sees them?
 *
 * The library is loaded by its path, so that one program measures either, from its first moment:
 * how long loading takes, the first call, and the first heap, from making a thread pool to the
 * release. Then, with everything warm, what a call costs, and how fast heaps are received from
 * memory: a list of datagrams with heaps of 1 MiB, and a buffer with heaps of one packet of 1 KiB.
 * Worker and consumer are bound to a processor each. Receiving is measured from the moment when the
 * first heaps have been popped to that when the last one is.
 *
 * Each line has the median of the repetitions with the quartiles.
 */
#include <dlfcn.h>
#include <sched.h>
#include <spead2core/spead2core.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "packet_builder.h"

#define RUN_BYTES (UINT64_C(64) << 20)
#define LARGE_HEAP (UINT64_C(1) << 20)

enum { CONSUMER_CPU, WORKER_CPU };
enum { SMALL_HEAP = 1024, SMALL_HEAPS = 20000, SOURCE_HEAPS = 2, POP_BATCH = 16 };
enum { WARM_UPS = 5, DEFAULT_REPEATS = 41, MAX_REPEATS = 1000, CALLS = 100000 };

/* The functions of the library. */
static struct {
    uint32_t (*version_number)(void);
    const char *(*last_error_message)(void);
    int32_t (*pool_create)(const sp2_thread_pool_options *, sp2_thread_pool **);
    void (*pool_destroy)(sp2_thread_pool *);
    int32_t (*stream_create)(sp2_thread_pool *, const sp2_receive_options *, sp2_receive_stream **);
    int32_t (*get_stop_on_stop_item)(sp2_receive_stream *, int32_t *);
    int32_t (*add_buffer_source)(sp2_receive_stream *, const sp2_buffer_source_options *,
                                 sp2_packet_source **);
    int32_t (*add_datagram_source)(sp2_receive_stream *, const sp2_datagram_source_options *,
                                   sp2_packet_source **);
    int32_t (*pop_wait)(sp2_receive_stream *, sp2_heap **, uint32_t, int64_t, uint32_t *);
    void (*stream_destroy)(sp2_receive_stream *);
    int32_t (*heap_get_info)(const sp2_heap *, sp2_heap_info *);
    void (*heap_release)(sp2_heap *);
} lib;

static const char *library_name = "core";
static uint32_t repeats = DEFAULT_REPEATS;

static _Noreturn void stop_with(const char *what, const char *why) {
    fprintf(stderr, "bench_api: %s: %s\n", what, why);
    exit(1);
}

static void check(int32_t status, const char *what) {
    if (status != SP2_OK) {
        stop_with(what, lib.last_error_message());
    }
}

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* A function pointer cannot be converted from what dlsym gives, only copied. */
static void find(void *handle, const char *name, void *function) {
    void *symbol = dlsym(handle, name);
    if (symbol == NULL) {
        stop_with(name, "the library does not have this function");
    }
    memcpy(function, &symbol, sizeof(symbol));
}

static void load(const char *path) {
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        stop_with(path, dlerror());
    }
    find(handle, "sp2_version_number", &lib.version_number);
    find(handle, "sp2_last_error_message", &lib.last_error_message);
    find(handle, "sp2_thread_pool_create", &lib.pool_create);
    find(handle, "sp2_thread_pool_destroy", &lib.pool_destroy);
    find(handle, "sp2_receive_stream_create", &lib.stream_create);
    find(handle, "sp2_receive_stream_get_stop_on_stop_item", &lib.get_stop_on_stop_item);
    find(handle, "sp2_receive_stream_add_buffer_source", &lib.add_buffer_source);
    find(handle, "sp2_receive_stream_add_datagram_source", &lib.add_datagram_source);
    find(handle, "sp2_receive_stream_pop_wait", &lib.pop_wait);
    find(handle, "sp2_receive_stream_destroy", &lib.stream_destroy);
    find(handle, "sp2_heap_get_info", &lib.heap_get_info);
    find(handle, "sp2_heap_release", &lib.heap_release);
}

static void run_on(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    /* With one processor it stays where it is. */
    (void)sched_setaffinity(0, sizeof(set), &set);
}

static sp2_thread_pool *new_pool(void) {
    static const int32_t cpu = WORKER_CPU;
    cpu_set_t allowed;
    const bool two = sched_getaffinity(0, sizeof(allowed), &allowed) == 0 &&
                     CPU_ISSET(CONSUMER_CPU, &allowed) && CPU_ISSET(WORKER_CPU, &allowed);
    sp2_thread_pool_options options = SP2_THREAD_POOL_OPTIONS_INIT;
    options.affinity = &cpu;
    options.affinity_count = two ? 1 : 0;
    sp2_thread_pool *pool;
    check(lib.pool_create(&options, &pool), "sp2_thread_pool_create");
    return pool;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Ends a line that has been begun, with the quartiles of `repeats` values. */
static double print_spread(double *values) {
    qsort(values, repeats, sizeof(*values), by_value);
    const double median = (values[(repeats - 1) / 2] + values[repeats / 2]) / 2;
    printf(",\"repeats\":%u,\"ns\":%.3f,\"q1\":%.3f,\"q3\":%.3f", repeats, median,
           values[repeats / 4], values[repeats - 1 - repeats / 4]);
    return median;
}

/* ---- receiving ---- */

/* Where packets come from. */
typedef struct source {
    const uint8_t *buffer; /* NULL: the list */
    uint64_t buffer_length;
    const sp2_datagram *list;
    uint64_t list_length;
    uint64_t heaps;
} source;

static sp2_receive_stream *new_stream(sp2_thread_pool *pool, const source *from) {
    sp2_receive_stream *stream;
    check(lib.stream_create(pool, NULL, &stream), "sp2_receive_stream_create");
    sp2_buffer_source_options buffer = SP2_BUFFER_SOURCE_OPTIONS_INIT;
    sp2_datagram_source_options list = SP2_DATAGRAM_SOURCE_OPTIONS_INIT;
    buffer.data = from->buffer;
    buffer.length = from->buffer_length;
    list.datagrams = from->list;
    list.count = from->list_length;
    check(from->buffer != NULL ? lib.add_buffer_source(stream, &buffer, NULL)
                               : lib.add_datagram_source(stream, &list, NULL),
          "sp2_receive_stream_add_..._source");
    return stream;
}

/* Nanoseconds per heap. */
static double receive_once(sp2_thread_pool *pool, const source *from) {
    sp2_receive_stream *stream = new_stream(pool, from);
    sp2_heap *heaps[POP_BATCH];
    uint32_t count;
    uint64_t complete = 0;
    uint64_t before_start = 0;
    double start = 0;
    while (lib.pop_wait(stream, heaps, POP_BATCH, -1, &count) == SP2_OK) {
        for (uint32_t i = 0; i < count; i++) {
            sp2_heap_info info = SP2_HEAP_INFO_INIT;
            check(lib.heap_get_info(heaps[i], &info), "sp2_heap_get_info");
            complete += (info.flags & SP2_HEAP_COMPLETE) != 0;
            lib.heap_release(heaps[i]);
        }
        if (before_start == 0) {
            before_start = complete;
            start = now_ns();
        }
    }
    const double end = now_ns();
    lib.stream_destroy(stream);
    if (complete != from->heaps) {
        stop_with("receiving", "not every heap arrived complete");
    }
    return (end - start) / (double)(from->heaps - before_start);
}

static void measure_receiving(sp2_thread_pool *pool, const source *from, const char *reader,
                              uint64_t heap, uint64_t payload) {
    static double ns[MAX_REPEATS];
    for (int i = 0; i < WARM_UPS; i++) {
        receive_once(pool, from);
    }
    for (uint32_t i = 0; i < repeats; i++) {
        ns[i] = receive_once(pool, from);
    }
    printf("{\"bench\":\"api\",\"method\":\"%s\",\"reader\":\"%s\",\"heap\":%llu,\"payload\":%llu",
           library_name, reader, (unsigned long long)heap, (unsigned long long)payload);
    const double median = print_spread(ns);
    printf(",\"gb_per_s\":%.3f}\n", (double)heap / median);
    fflush(stdout);
}

/* As senders do: the item pointer is in the first packet only. */
static void add_large_heap(datagram_list *list, uint64_t cnt, uint64_t payload) {
    uint8_t *content = new_payload(LARGE_HEAP, cnt);
    packet_builder first;
    packet_begin_heap(&first, 48, cnt, (int64_t)LARGE_HEAP, 0, payload);
    packet_add_address(&first, 0x1000, 0);
    packet_add_payload(&first, content, (size_t)payload);
    datagrams_add_packet(list, &first);
    for (uint64_t offset = payload; offset < LARGE_HEAP; offset += payload) {
        datagrams_add_part(list, 48, cnt, (int64_t)LARGE_HEAP, content, offset, payload);
    }
    free(content);
}

static void measure_large_heaps(sp2_thread_pool *pool, uint64_t payload) {
    datagram_list heaps = {0};
    for (uint64_t cnt = 1; cnt <= SOURCE_HEAPS; cnt++) {
        add_large_heap(&heaps, cnt, payload);
    }
    const uint64_t count = RUN_BYTES / payload;
    sp2_datagram *list = malloc((size_t)count * sizeof(*list));
    if (list == NULL) {
        stop_with("malloc", "not enough memory");
    }
    for (uint64_t i = 0; i < count; i++) {
        list[i] = heaps.datagrams[i % heaps.count];
    }
    const source from = {.list = list, .list_length = count, .heaps = RUN_BYTES / LARGE_HEAP};
    measure_receiving(pool, &from, "datagrams", LARGE_HEAP, payload);
    free(list);
    datagrams_free(&heaps);
}

static uint8_t *new_small_heaps(uint64_t heaps, size_t *length) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= heaps; cnt++) {
        uint8_t *content = new_payload(SMALL_HEAP, cnt);
        datagrams_add_heap(&list, cnt, content, SMALL_HEAP, SMALL_HEAP);
        free(content);
    }
    uint8_t *buffer = datagrams_join(&list, length);
    datagrams_free(&list);
    return buffer;
}

static void measure_small_heaps(sp2_thread_pool *pool) {
    size_t length;
    uint8_t *buffer = new_small_heaps(SMALL_HEAPS, &length);
    const source from = {.buffer = buffer, .buffer_length = length, .heaps = SMALL_HEAPS};
    measure_receiving(pool, &from, "buffer", SMALL_HEAP, SMALL_HEAP);
    free(buffer);
}

/* ---- calls ---- */

static void call_version(sp2_receive_stream *stream, sp2_heap *heap) {
    (void)stream;
    (void)heap;
    (void)lib.version_number();
}

static void call_getter(sp2_receive_stream *stream, sp2_heap *heap) {
    (void)heap;
    int32_t stop;
    check(lib.get_stop_on_stop_item(stream, &stop), "sp2_receive_stream_get_stop_on_stop_item");
}

static void call_heap_info(sp2_receive_stream *stream, sp2_heap *heap) {
    (void)stream;
    sp2_heap_info info = SP2_HEAP_INFO_INIT;
    check(lib.heap_get_info(heap, &info), "sp2_heap_get_info");
}

static void measure_call(const char *name, void (*call)(sp2_receive_stream *, sp2_heap *),
                         sp2_receive_stream *stream, sp2_heap *heap) {
    static double ns[MAX_REPEATS];
    for (uint32_t i = 0; i < repeats; i++) {
        const double start = now_ns();
        for (int k = 0; k < CALLS; k++) {
            call(stream, heap);
        }
        ns[i] = (now_ns() - start) / CALLS;
    }
    printf("{\"bench\":\"api\",\"method\":\"%s\",\"call\":\"%s\"", library_name, name);
    print_spread(ns);
    printf("}\n");
    fflush(stdout);
}

static void measure_calls(sp2_thread_pool *pool) {
    size_t length;
    uint8_t *buffer = new_small_heaps(1, &length);
    const source from = {.buffer = buffer, .buffer_length = length, .heaps = 1};
    sp2_receive_stream *stream = new_stream(pool, &from);
    sp2_heap *heap;
    uint32_t count;
    check(lib.pop_wait(stream, &heap, 1, -1, &count), "sp2_receive_stream_pop_wait");
    measure_call("sp2_version_number", call_version, stream, heap);
    measure_call("sp2_receive_stream_get_stop_on_stop_item", call_getter, stream, heap);
    measure_call("sp2_heap_get_info", call_heap_info, stream, heap);
    lib.heap_release(heap);
    lib.stream_destroy(stream);
    free(buffer);
}

/* ---- start ---- */

/* Everything for the first time; the pool stays. */
static sp2_thread_pool *measure_start(const char *path) {
    struct stat file;
    if (stat(path, &file) != 0) {
        stop_with(path, "there is no such file");
    }
    size_t length;
    uint8_t *buffer = new_small_heaps(1, &length);
    const source from = {.buffer = buffer, .buffer_length = length, .heaps = 1};
    const double begin = now_ns();
    load(path);
    const double loaded = now_ns();
    (void)lib.version_number();
    const double called = now_ns();
    sp2_thread_pool *pool = new_pool();
    sp2_receive_stream *stream = new_stream(pool, &from);
    sp2_heap *heap;
    uint32_t count;
    check(lib.pop_wait(stream, &heap, 1, -1, &count), "sp2_receive_stream_pop_wait");
    lib.heap_release(heap);
    const double received = now_ns();
    lib.stream_destroy(stream);
    free(buffer);
    printf("{\"bench\":\"api\",\"method\":\"%s\",\"size\":%lld,\"load_us\":%.1f,"
           "\"first_call_us\":%.1f,\"first_heap_us\":%.1f}\n",
           library_name, (long long)file.st_size, (loaded - begin) / 1e3, (called - loaded) / 1e3,
           (received - called) / 1e3);
    fflush(stdout);
    return pool;
}

static void print_help(void) {
    printf("usage: bench_api --library PATH [options]\n"
           "Measures a library that has the interface of spead2core, and prints JSON lines.\n"
           "  --name NAME    what to call it in the lines; default: core\n"
           "  --repeats N    repetitions, 1 to %d; default %d\n",
           MAX_REPEATS, DEFAULT_REPEATS);
}

int main(int argc, char **argv) {
    const char *path = NULL;
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--library") == 0) {
            path = value;
        } else if (strcmp(argv[i], "--name") == 0) {
            library_name = value;
        } else if (strcmp(argv[i], "--repeats") == 0) {
            const long number = strtol(value, NULL, 10);
            if (number < 1 || number > MAX_REPEATS) {
                stop_with(argv[i], "has to be from 1 to 1000");
            }
            repeats = (uint32_t)number;
        } else {
            print_help();
            return strcmp(argv[i], "--help") == 0 ? 0 : 1;
        }
    }
    if (path == NULL) {
        print_help();
        return 1;
    }
    sp2_thread_pool *pool = measure_start(path);
    run_on(CONSUMER_CPU);
    measure_calls(pool);
    measure_large_heaps(pool, 1024);
    measure_large_heaps(pool, 8192);
    measure_small_heaps(pool);
    lib.pool_destroy(pool);
    return 0;
}
