/* SPDX-License-Identifier: MIT */
/*
 * Allocations and calls of the operating system fail, one after the other, in everything that users
 * do: each gives a status, a counter or a line of the log, or loses nothing; and nothing is left
 * behind.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fault_table.h"
#include "log_capture.h"
#include "loopback.h"
#include "os_faults.h"
#include "test_sockets.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum {
    HEAPS = 20,
    HEAP_BYTES = 3000,
    PACKET_BYTES = 500,
    POINTERS = 40,
    LARGE_HEAP_BYTES = 3 << 20,
    LARGE_PACKET_BYTES = 60000,
    LAST_FAULT = 2000
};

/* What a user of the library gets to see of a scenario, which ends with nothing left. */
typedef struct fault_trial {
    log_capture log;
    char message[1024];         /* the last error, if the status is one */
    sp2_receive_stats stats;    /* if it received anything */
    sp2_memory_pool_stats pool; /* if it had one */
    uint64_t whole_heaps;
    bool lost; /* something that should have arrived has not */
} fault_trial;

typedef int32_t (*scenario_fn)(fault_trial *trial);

static fault_trial current;

static sp2_receive_options options_for(fault_trial *trial, uint32_t flags) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.flags = flags;
    options.log = log_capture_message;
    options.log_context = &trial->log;
    options.max_heaps = 2 * HEAPS;
    return options;
}

/* 20 heaps that need memory for all that heaps can need it for. */
static datagram_list make_heaps(void) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
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
    uint8_t *payload = new_payload(HEAP_BYTES, HEAPS + 1);
    datagrams_add_part(list, 48, HEAPS + 1, HEAP_BYTES, payload, PACKET_BYTES, PACKET_BYTES);
    datagrams_add_part(list, 48, HEAPS + 1, HEAP_BYTES, payload, 3 * PACKET_BYTES, PACKET_BYTES);
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
        trial->lost |= info.cnt == HEAPS + 1 && count != 2;
    }
    heaps_free(&heaps);
    trial->stats = stats_of(stream);
    check_sums(&trial->stats);
}

/* ---- scenarios ---- */

/* The first CPU that this program may run on. */
static int32_t allowed_cpu(void) {
    cpu_set_t set;
    REQUIRE(sched_getaffinity(0, sizeof(set), &set) == 0);
    int32_t cpu = 0;
    while (!CPU_ISSET((size_t)cpu, &set)) {
        cpu++;
    }
    return cpu;
}

static int32_t make_threads(fault_trial *trial) {
    const int32_t cpu = allowed_cpu();
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

static int32_t make_stream(fault_trial *trial) {
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

static int32_t add_readers(fault_trial *trial) {
    const sp2_receive_options options = options_for(trial, SP2_RECEIVE_EXPLICIT_START);
    sp2_udp_options udp = SP2_UDP_OPTIONS_INIT;
    udp.bind_host = "127.0.0.1";
    udp.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    sp2_receive_stream *stream = NULL;
    uint32_t port = 0;
    int32_t status = sp2_receive_stream_create(NULL, &options, &stream);
    if (status == SP2_OK) {
        status = sp2_receive_stream_add_buffer_reader(stream, NULL, 0);
    }
    if (status == SP2_OK) {
        status = sp2_receive_stream_add_datagram_reader(stream, NULL, 0);
    }
    if (status == SP2_OK) {
        status = sp2_receive_stream_add_udp_reader(stream, &udp, &port);
        CHECK((port != 0) == (status == SP2_OK));
    }
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
        status = sp2_receive_stream_add_datagram_reader(stream, list->datagrams, list->count);
    }
    if (status == SP2_OK) {
        take_heaps(trial, stream, length);
    }
    sp2_receive_stream_destroy(stream);
    return status;
}

static int32_t receive_heaps(fault_trial *trial) {
    datagram_list list = make_heaps();
    add_incomplete_heap(&list);
    const int32_t status = receive_list(trial, NULL, NULL, &list, HEAP_BYTES);
    trial->lost |= trial->whole_heaps != HEAPS;
    datagrams_free(&list);
    return status;
}

static int32_t receive_into_pool(fault_trial *trial) {
    datagram_list list = make_heaps();
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    options.lower = 1;
    options.upper = HEAP_BYTES;
    options.max_free = HEAPS;
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
        trial->lost |= trial->whole_heaps != HEAPS;
    }
    sp2_allocator_destroy(pool);
    sp2_allocator_destroy(options.base);
    sp2_thread_pool_destroy(options.thread_pool);
    datagrams_free(&list);
    return status;
}

/* Two streams of the same threads share a pool of memory. */
static int32_t share_pool(fault_trial *trial) {
    datagram_list list = make_heaps();
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    options.lower = 1;
    options.upper = HEAP_BYTES;
    options.max_free = HEAPS;
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
        trial->lost |= trial->whole_heaps != HEAPS;
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
static int32_t receive_into_mappings(fault_trial *trial) {
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
static int32_t receive_large_heap(fault_trial *trial) {
    datagram_list list = {0};
    uint8_t *payload = new_payload(LARGE_HEAP_BYTES, 1);
    datagrams_add_heap(&list, 1, payload, LARGE_HEAP_BYTES, LARGE_PACKET_BYTES);
    free(payload);
    const int32_t status = receive_list(trial, NULL, NULL, &list, LARGE_HEAP_BYTES);
    trial->lost |= trial->whole_heaps != 1;
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
static int32_t receive_with_functions(fault_trial *trial) {
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
        status = sp2_receive_stream_add_datagram_reader(stream, list.datagrams, list.count);
    }
    if (status == SP2_OK) {
        CHECK_STATUS(sp2_receive_stream_request_ready(stream), SP2_E_EMPTY);
        REQUIRE_OK(sp2_receive_stream_start(stream));
        take_heaps(trial, stream, HEAP_BYTES);
        trial->lost |= trial->whole_heaps != HEAPS;
    }
    sp2_receive_stream_destroy(stream);
    sp2_allocator_destroy(allocator);
    datagrams_free(&list);
    return status;
}

/* ---- what users see ---- */

static void forget(fault_trial *trial) {
    trial->log.length = 0;
    trial->log.text[0] = '\0';
    memset(trial->log.counts, 0, sizeof(trial->log.counts));
    trial->message[0] = '\0';
    trial->stats = (sp2_receive_stats)SP2_RECEIVE_STATS_INIT;
    trial->whole_heaps = 0;
    trial->lost = false;
}

/* Numbers of heaps and bytes differ from one fault to the next. */
static void hide_numbers(char *text) {
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        const size_t digits = strspn(from, "-0123456789");
        *to++ = digits != 0 ? 'N' : *from;
        from += digits != 0 ? digits : 1;
    }
    *to = '\0';
}

static void first_log_line(const fault_trial *trial, char *line, size_t size) {
    snprintf(line, size, "%.*s", (int)strcspn(trial->log.text, "\n"), trial->log.text);
    hide_numbers(line);
}

/* One of the core's counters other than that of what went well, by name. */
static const char *counter_of(const sp2_receive_stats *stats) {
    return stats->allocation_failed != 0 ? "allocation_failed"
           : stats->truncated != 0       ? "truncated"
           : stats->size_mismatch != 0   ? "size_mismatch"
           : stats->malformed != 0       ? "malformed"
                                         : NULL;
}

/* Adds what is seen of a fault to the table; checks that something is, unless nothing is missing.
 */
static void add_row(const char *fault, const char *scenario, const fault_trial *trial,
                    int32_t status) {
    char line[512];
    const char *counter = counter_of(&trial->stats);
    first_log_line(trial, line, sizeof(line));
    if (status != SP2_OK) {
        CHECK(trial->message[0] != '\0');
        fault_table_add(fault, scenario, "`%s`: %s", sp2_status_name(status), trial->message);
    } else if (counter != NULL && line[0] != '\0') {
        fault_table_add(fault, scenario, "counter `%s`; log: %s", counter, line);
    } else if (counter != NULL) {
        fault_table_add(fault, scenario, "counter `%s`", counter);
    } else if (line[0] != '\0') {
        fault_table_add(fault, scenario, "%slog: %s", trial->lost ? "" : "nothing is lost; ", line);
    } else {
        fault_table_add(fault, scenario, "nothing is lost");
        CHECK(!trial->lost);
    }
}

static int32_t run(scenario_fn scenario, fault_trial *trial) {
    const os_ledger before = os_ledger_now();
    forget(trial);
    const int32_t status = scenario(trial);
    if (status != SP2_OK) {
        snprintf(trial->message, sizeof(trial->message), "%s", sp2_last_error_message());
    }
    os_ledger_check(&before);
    sp2_memory_stats memory = SP2_MEMORY_STATS_INIT;
    REQUIRE_OK(sp2_memory_get_stats(&memory));
    CHECK_EQ_U64(memory.used_bytes, 0);
    return status;
}

/* ---- every allocation ---- */

/* Adds a text to a list of them, unless it has it. */
static void add_text(char *list, size_t size, const char *text) {
    const size_t length = strlen(list);
    if (strstr(list, text) == NULL) {
        REQUIRE(snprintf(list + length, size - length, "%s%s", length != 0 ? "; " : "", text) <
                (int)(size - length));
    }
}

static void fail_every_allocation(const char *name, scenario_fn scenario, long at_least) {
    CHECK_STATUS(run(scenario, &current), SP2_OK);
    CHECK(!current.lost && current.log.length == 0);
    char refused[600] = "";
    long n = 0;
    for (bool hit = true; hit && n < LAST_FAULT; n++) {
        sp2_test_context("%s: allocation %ld failed", name, n);
        atomic_store(&sp2__alloc_countdown, n);
        const int32_t status = run(scenario, &current);
        hit = atomic_exchange(&sp2__alloc_countdown, -1) < 0;
        CHECK(status == SP2_OK || (hit && status == SP2_E_NOMEM));
        if (status != SP2_OK) {
            add_text(refused, sizeof(refused), current.message);
        } else if (hit) {
            add_row("each allocation in turn", name, &current, status);
        } else {
            CHECK(!current.lost && counter_of(&current.stats) == NULL && current.log.length == 0);
        }
    }
    sp2_test_context("%s", "");
    fault_table_add("each allocation in turn", name, "`SP2_E_NOMEM`: %s", refused);
    CHECK(n > at_least);
    CHECK(n < LAST_FAULT);
}

SP2_TEST(Each_allocation_of_a_thread_pool_fails) {
    fail_every_allocation("three threads with names and CPUs", make_threads, 10);
}

SP2_TEST(Each_allocation_of_a_stream_fails) {
    fail_every_allocation("a stream with all options", make_stream, 12);
}

SP2_TEST(Each_allocation_of_the_readers_fails) {
    fail_every_allocation("one reader of each kind", add_readers, 15);
}

SP2_TEST(Each_allocation_of_heaps_in_default_memory_fails) {
    fail_every_allocation("20 heaps in the default memory", receive_heaps, 40);
}

SP2_TEST(Each_allocation_of_heaps_in_a_memory_pool_fails) {
    fail_every_allocation("20 heaps in a memory pool with refill", receive_into_pool, 40);
}

SP2_TEST(Each_allocation_of_streams_that_share_a_pool_fails) {
    fail_every_allocation("two streams that share a memory pool", share_pool, 40);
}

SP2_TEST(Each_allocation_of_heaps_in_mappings_of_their_own_fails) {
    fail_every_allocation("a heap in a mapping of its own", receive_into_mappings, 10);
}

SP2_TEST(Each_allocation_of_a_stream_with_functions_of_the_user_fails) {
    fail_every_allocation("the user's memory, copying, statistics, callback and handle",
                          receive_with_functions, 30);
}

SP2_TEST(Each_allocation_of_a_large_heap_fails) {
    fail_every_allocation("a heap of 3 MiB in the default memory", receive_large_heap, 10);
}

/* ---- calls of the operating system: what is opened ---- */

static sp2_udp_options loopback_options(void) {
    sp2_udp_options udp = SP2_UDP_OPTIONS_INIT;
    udp.bind_host = "127.0.0.1";
    udp.buffer_size = 65536;
    return udp;
}

/* A stream that gets as far as a UDP reader with these options. */
static int32_t open_udp_reader(fault_trial *trial, const sp2_udp_options *udp) {
    const sp2_receive_options options = options_for(trial, 0);
    sp2_receive_stream *stream = NULL;
    uint32_t port = 0;
    int32_t status = sp2_receive_stream_create(NULL, &options, &stream);
    if (status == SP2_OK) {
        status = sp2_receive_stream_add_udp_reader(stream, udp, &port);
        CHECK((port != 0) == (status == SP2_OK));
    }
    sp2_receive_stream_destroy(stream);
    return status;
}

static int32_t add_loopback(fault_trial *trial) {
    const sp2_udp_options udp = loopback_options();
    return open_udp_reader(trial, &udp);
}

static int32_t add_group(fault_trial *trial) {
    sp2_udp_options udp = SP2_UDP_OPTIONS_INIT;
    udp.group = "239.255.77.77";
    udp.interface_address = "127.0.0.1";
    udp.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    return open_udp_reader(trial, &udp);
}

static int32_t add_existing(fault_trial *trial) {
    sp2_udp_options udp = SP2_UDP_OPTIONS_INIT;
    udp.flags = SP2_UDP_EXISTING_SOCKET;
    /* The number is in the messages. */
    const int opened = socket(AF_INET, SOCK_DGRAM, 0);
    udp.socket = dup2(opened, 99);
    REQUIRE(udp.socket == 99);
    close(opened);
    const int32_t status = open_udp_reader(trial, &udp);
    close((int)udp.socket);
    return status;
}

static int32_t open_handle(fault_trial *trial) {
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

typedef struct refusal {
    const char *fault;
    const char *scenario;
    scenario_fn run;
    os_call call;
    int detail;
    int error;
    uint32_t skip;
    int32_t status; /* SP2_OK: the log says it, or `quiet` */
    const char *says;
} refusal;

#define THREADS "three threads with names and CPUs", make_threads
#define STREAM "a stream with threads of its own", make_stream
#define READER "a UDP reader", add_loopback
#define GROUP "a UDP reader of a multicast group", add_group
#define EXISTING "a UDP reader of the user's socket", add_existing
#define HANDLE "a handle for event loops", open_handle

static const refusal refusals[] = {
    {"epoll_create1: EMFILE", THREADS, OS_EPOLL_CREATE, OS_ANY, EMFILE, 1, SP2_E_OS, "sockets"},
    {"epoll_create1: ENOMEM", STREAM, OS_EPOLL_CREATE, OS_ANY, ENOMEM, 0, SP2_E_NOMEM, "sockets"},
    {"eventfd: ENFILE", THREADS, OS_EVENTFD, OS_ANY, ENFILE, 2, SP2_E_OS, "sockets"},
    {"epoll_ctl: ENOSPC", THREADS, OS_EPOLL_CTL, OS_ANY, ENOSPC, 0, SP2_E_OS, "sockets"},
    {"pthread_create: EAGAIN", THREADS, OS_PTHREAD_CREATE, OS_ANY, EAGAIN, 0, SP2_E_OS, "thread"},
    {"pthread_create: EAGAIN, the third time", THREADS, OS_PTHREAD_CREATE, OS_ANY, EAGAIN, 2,
     SP2_E_OS, "thread"},
    {"pthread_create: EAGAIN", STREAM, OS_PTHREAD_CREATE, OS_ANY, EAGAIN, 0, SP2_E_OS, "thread"},
    {"pthread_setaffinity_np: EINVAL", THREADS, OS_SETAFFINITY, OS_ANY, EINVAL, 1, SP2_OK,
     "cannot bind thread"},
    {"getaddrinfo: EAI_AGAIN", READER, OS_GETADDRINFO, OS_ANY, EAI_AGAIN, 0, SP2_E_ADDRESS,
     "resolve"},
    {"getaddrinfo: EAI_MEMORY", READER, OS_GETADDRINFO, OS_ANY, EAI_MEMORY, 0, SP2_E_ADDRESS,
     "resolve"},
    {"getaddrinfo: EAI_SYSTEM", READER, OS_GETADDRINFO, OS_ANY, EAI_SYSTEM, 0, SP2_E_ADDRESS,
     "resolve"},
    {"socket: EMFILE", READER, OS_SOCKET, OS_ANY, EMFILE, 0, SP2_E_OS, "open a socket"},
    {"socket: ENOMEM", READER, OS_SOCKET, OS_ANY, ENOMEM, 0, SP2_E_NOMEM, "open a socket"},
    {"setsockopt(SO_RCVBUF): ENOBUFS", READER, OS_SETSOCKOPT, SO_RCVBUF, ENOBUFS, 0, SP2_OK,
     "cannot set a socket buffer"},
    {"getsockopt(SO_RCVBUF): ENOPROTOOPT", READER, OS_GETSOCKOPT, SO_RCVBUF, ENOPROTOOPT, 0, SP2_OK,
     ""},
    {"setsockopt(UDP_GRO): ENOPROTOOPT", READER, OS_SETSOCKOPT, UDP_GRO, ENOPROTOOPT, 0, SP2_OK,
     ""},
    {"getsockopt(SO_MEMINFO): ENOPROTOOPT", READER, OS_GETSOCKOPT, SO_MEMINFO, ENOPROTOOPT, 0,
     SP2_OK, ""},
    {"bind: EADDRINUSE", READER, OS_BIND, OS_ANY, EADDRINUSE, 0, SP2_E_OS, "bind"},
    {"bind: EACCES", GROUP, OS_BIND, OS_ANY, EACCES, 0, SP2_E_OS, "bind"},
    {"getsockname: ENOBUFS", READER, OS_GETSOCKNAME, OS_ANY, ENOBUFS, 0, SP2_E_OS, "port"},
    {"epoll_ctl(ADD): ENOSPC", READER, OS_EPOLL_CTL, EPOLL_CTL_ADD, ENOSPC, 1, SP2_E_OS,
     "cannot wait for a UDP socket"},
    {"epoll_ctl(ADD): ENOMEM", READER, OS_EPOLL_CTL, EPOLL_CTL_ADD, ENOMEM, 1, SP2_E_NOMEM,
     "cannot wait for a UDP socket"},
    {"setsockopt(SO_REUSEADDR): ENOMEM", GROUP, OS_SETSOCKOPT, SO_REUSEADDR, ENOMEM, 0, SP2_E_OS,
     "join"},
    {"setsockopt(IP_ADD_MEMBERSHIP): ENOBUFS", GROUP, OS_SETSOCKOPT, IP_ADD_MEMBERSHIP, ENOBUFS, 0,
     SP2_E_OS, "join"},
    {"setsockopt(IP_MULTICAST_ALL): EPERM", GROUP, OS_SETSOCKOPT, IP_MULTICAST_ALL, EPERM, 0,
     SP2_E_OS, "join"},
    {"fcntl(F_DUPFD_CLOEXEC): EMFILE", EXISTING, OS_FCNTL, OS_ANY, EMFILE, 0, SP2_E_OS,
     "duplicate"},
    {"getsockopt(SO_TYPE): ENOTSOCK", EXISTING, OS_GETSOCKOPT, SO_TYPE, ENOTSOCK, 0, SP2_E_ARG,
     "no open socket"},
    {"getsockname: ENOBUFS", EXISTING, OS_GETSOCKNAME, OS_ANY, ENOBUFS, 0, SP2_E_OS, "port"},
    {"getsockname: ENOBUFS, the second time", EXISTING, OS_GETSOCKNAME, OS_ANY, ENOBUFS, 1,
     SP2_E_OS, "port"},
    {"eventfd: EMFILE", HANDLE, OS_EVENTFD, OS_ANY, EMFILE, 1, SP2_E_OS, "handle"},
    {"mmap: ENOMEM", "a heap in a mapping of its own", receive_into_mappings, OS_MMAP, OS_ANY,
     ENOMEM, 1, SP2_OK, ""},
    {"mmap(MAP_HUGETLB): ENOMEM", "a heap in a mapping of its own", receive_into_mappings,
     OS_MMAP_HUGETLB, OS_ANY, ENOMEM, 0, SP2_OK, ""},
    {"mmap: ENOMEM", "a heap of 3 MiB in the default memory", receive_large_heap, OS_MMAP, OS_ANY,
     ENOMEM, 0, SP2_OK, "there is no memory for it"},
};

SP2_TEST(Calls_that_open_something_fail) {
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const refusal *r = &refusals[i];
        sp2_test_context("%s in %s", r->fault, r->scenario);
        os_fault_plan(r->call, r->detail, r->error, r->skip, 1);
        const int32_t status = run(r->run, &current);
        CHECK_EQ_U64(os_fault_end(), 1);
        CHECK_STATUS(status, r->status);
        CHECK_CONTAINS(status != SP2_OK ? current.message : current.log.text, r->says);
        CHECK(status == SP2_OK || r->status == SP2_E_NOMEM || r->status == SP2_E_ARG ||
              r->status == SP2_E_ADDRESS || sp2_last_error_os_code() == r->error);
        add_row(r->fault, r->scenario, &current, status);
    }
    sp2_test_context("%s", "");
}

/* ---- calls of the operating system: what receives ---- */

static uint64_t seen_datagrams(sp2_receive_stream *stream) {
    const sp2_receive_stats stats = stats_of(stream);
    return stats.packets + stats.truncated + stats.size_mismatch + stats.malformed + stats.empty;
}

/* Sends the heaps to a stream with a UDP reader, and what ends it when all have been looked at. */
static int32_t receive_heaps_by_udp(fault_trial *trial, uint64_t ring_heaps) {
    datagram_list list = make_heaps();
    datagram_list stop = {0};
    datagrams_add_stop(&stop, 1000);
    sp2_receive_options options = options_for(trial, SP2_RECEIVE_DELIVER_INCOMPLETE);
    options.ring_heaps = ring_heaps;
    sp2_receive_stream *stream = NULL;
    uint32_t port = 0;
    sp2_udp_options udp = loopback_options();
    udp.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    REQUIRE_OK(sp2_receive_stream_create(NULL, &options, &stream));
    REQUIRE_OK(sp2_receive_stream_add_udp_reader(stream, &udp, &port));
    send_to_loopback(port, &list);
    if (ring_heaps >= HEAPS) {
        WAIT_UNTIL(seen_datagrams(stream) == list.count, PATIENCE_SECONDS);
        os_receive_set(OS_RECEIVE_AS_IS);
    } else {
        /* The reader has been paused, at least until now. */
        WAIT_UNTIL(stats_of(stream).worker_blocked != 0, PATIENCE_SECONDS);
        sp2_test_nap();
    }
    send_to_loopback(port, &stop);
    take_heaps(trial, stream, HEAP_BYTES);
    trial->lost |= trial->whole_heaps != HEAPS;
    sp2_receive_stream_destroy(stream);
    datagrams_free(&stop);
    datagrams_free(&list);
    return SP2_OK;
}

static int32_t receive_by_udp(fault_trial *trial) {
    return receive_heaps_by_udp(trial, 2 * HEAPS);
}

static int32_t receive_with_full_ring(fault_trial *trial) {
    return receive_heaps_by_udp(trial, 1);
}

/* A pop that is interrupted waits on. */
static int32_t wait_in_vain(fault_trial *trial) {
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

#define RECEIVING "20 heaps by UDP", receive_by_udp
#define FULL_RING "20 heaps by UDP, with a full ring", receive_with_full_ring

typedef struct hiccup {
    const char *fault;
    const char *scenario;
    scenario_fn run;
    os_call call;
    int detail;
    int error;
    uint32_t skip;
    uint32_t times;
    const char *says; /* the log; empty: nothing */
} hiccup;

static const hiccup hiccups[] = {
    {"recvmmsg: EINTR", RECEIVING, OS_RECVMMSG, OS_ANY, EINTR, 0, 5, ""},
    {"recvmmsg: EAGAIN", RECEIVING, OS_RECVMMSG, OS_ANY, EAGAIN, 0, 5, ""},
    {"recvmmsg: ENOBUFS", RECEIVING, OS_RECVMMSG, OS_ANY, ENOBUFS, 0, 3, "cannot receive from"},
    {"recvmmsg: ENOMEM", RECEIVING, OS_RECVMMSG, OS_ANY, ENOMEM, 1, 3, "cannot receive from"},
    {"recvmmsg: ECONNREFUSED", RECEIVING, OS_RECVMMSG, OS_ANY, ECONNREFUSED, 0, 1,
     "cannot receive from"},
    {"epoll_wait: EINTR", RECEIVING, OS_EPOLL_WAIT, OS_ANY, EINTR, 0, 5, ""},
    {"epoll_wait: EBADF, 10 times", RECEIVING, OS_EPOLL_WAIT, OS_ANY, EBADF, 0, 10,
     "cannot wait for its sockets"},
    {"read of the wake-up: EINTR", RECEIVING, OS_READ, OS_ANY, EINTR, 0, 2, ""},
    {"write of the wake-up: EINTR", RECEIVING, OS_WRITE, OS_ANY, EINTR, 0, 2, ""},
    {"futex: EINTR", "a pop that waits for 20 ms", wait_in_vain, OS_FUTEX, OS_ANY, EINTR, 0, 3, ""},
    {"epoll_ctl(MOD) that pauses: ENOMEM", FULL_RING, OS_EPOLL_CTL, EPOLL_CTL_MOD, ENOMEM, 0, 1,
     "cannot pause"},
    {"epoll_ctl(MOD) that resumes: ENOMEM", FULL_RING, OS_EPOLL_CTL, EPOLL_CTL_MOD, ENOMEM, 1, 5,
     "cannot wait for"},
};

SP2_TEST(Calls_that_receive_fail_and_nothing_is_lost) {
    for (size_t i = 0; i < sizeof(hiccups) / sizeof(hiccups[0]); i++) {
        const hiccup *h = &hiccups[i];
        sp2_test_context("%s in %s", h->fault, h->scenario);
        os_fault_plan(h->call, h->detail, h->error, h->skip, h->times);
        run(h->run, &current);
        CHECK(os_fault_end() != 0);
        CHECK(!current.lost);
        CHECK_CONTAINS(current.log.text, h->says);
        if (h->run != receive_with_full_ring) {
            add_row(h->fault, h->scenario, &current, SP2_OK);
            CHECK(h->says[0] != '\0' || current.log.length == 0);
        } else {
            /* That the ring is full is in the log, too. */
            fault_table_add(h->fault, h->scenario, "nothing is lost; log: %s a UDP socket: %s",
                            h->says, strerror(h->error));
        }
    }
    sp2_test_context("%s", "");
}

static const struct {
    const char *fault;
    os_receive how;
    uint64_t truncated;
} spoilt[] = {
    {"recvmmsg: one message at a time", OS_RECEIVE_ONE, 0},
    {"recvmmsg: MSG_TRUNC", OS_RECEIVE_TRUNCATED, HEAPS *HEAP_BYTES / PACKET_BYTES},
    {"recvmmsg: control message without sense", OS_RECEIVE_WRONG_SEGMENTS, 0},
};

SP2_TEST(Messages_that_are_received_spoilt_are_counted) {
    for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
        sp2_test_context("%s", spoilt[i].fault);
        os_receive_set(spoilt[i].how);
        run(receive_by_udp, &current);
        os_receive_set(OS_RECEIVE_AS_IS);
        CHECK_EQ_U64(current.stats.truncated, spoilt[i].truncated);
        CHECK(current.lost == (spoilt[i].truncated != 0));
        add_row(spoilt[i].fault, "20 heaps by UDP", &current, SP2_OK);
    }
    sp2_test_context("%s", "");
}

/* ---- sockets that end while they are received from ---- */

enum { IDLE_NAPS = 50, MOST_WAITS = 20 };

typedef enum ending { END_CLOSE, END_SHUTDOWN } ending;

/* A socket of the user's that the user closes, or shuts down, in the middle. */
static void end_socket(ending how, fault_trial *trial) {
    sp2_receive_options options = options_for(trial, 0);
    options.ring_heaps = 2 * HEAPS;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(fd > 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    REQUIRE(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    sp2_udp_options udp = SP2_UDP_OPTIONS_INIT;
    udp.flags = SP2_UDP_EXISTING_SOCKET;
    udp.socket = fd;
    sp2_receive_stream *stream = NULL;
    REQUIRE_OK(sp2_receive_stream_create(NULL, &options, &stream));
    REQUIRE_OK(sp2_receive_stream_add_udp_reader(stream, &udp, NULL));
    if (how == END_SHUTDOWN) {
        /* Of a socket without a peer it says that there is none, and ends it nevertheless. */
        (void)shutdown(fd, SHUT_RDWR);
        WAIT_UNTIL(log_capture_contains(&trial->log, "UDP socket"), PATIENCE_SECONDS);
        /* Nobody must look at it again and again. */
        const uint64_t before = os_epoll_waits();
        for (int i = 0; i < IDLE_NAPS; i++) {
            sp2_test_nap();
        }
        CHECK(os_epoll_waits() - before < MOST_WAITS);
        REQUIRE_OK(sp2_receive_stream_stop(stream));
    } else {
        close(fd);
        datagram_list list = make_heaps();
        datagrams_add_stop(&list, 1000);
        send_to_loopback(ntohs(address.sin_port), &list);
        take_heaps(trial, stream, HEAP_BYTES);
        CHECK_EQ_U64(trial->whole_heaps, HEAPS);
        datagrams_free(&list);
    }
    sp2_receive_stream_destroy(stream);
    if (how == END_SHUTDOWN) {
        close(fd);
    }
}

static int32_t close_socket(fault_trial *trial) {
    end_socket(END_CLOSE, trial);
    return SP2_OK;
}

static int32_t shut_socket_down(fault_trial *trial) {
    end_socket(END_SHUTDOWN, trial);
    return SP2_OK;
}

SP2_TEST(Socket_of_the_user_that_is_closed_is_still_received_from) {
    run(close_socket, &current);
    add_row("close of the user's socket", "20 heaps by UDP", &current, SP2_OK);
}

SP2_TEST(Socket_that_is_shut_down_is_reported_and_left_alone) {
    run(shut_socket_down, &current);
    CHECK(current.log.length != 0);
    fault_table_add("shutdown of the user's socket", "a stream that waits for packets", "log: %.*s",
                    (int)strcspn(current.log.text, "\n"), current.log.text);
}

SP2_TEST(Table_of_the_documentation_is_what_these_tests_saw) {
#if !defined(__GLIBC__)
    SKIP("the table has the C library's texts, which are others here");
#endif
    fault_table_compare(SP2_FAULT_DOCUMENT, "what fails");
}
