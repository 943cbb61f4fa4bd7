/* SPDX-License-Identifier: MIT */
/*
 * What a forked child does with the streams and pools that it inherits must not concern the parent,
 * and must return. Children answer by their exit code: they have no threads, and those that escape
 * the C library's fork may not even allocate.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loopback.h"
#include "receiver.h"
#include "test_threads.h"

enum { HEAP_BYTES = 1000, SOURCES = 2, RING_HEAPS = 16, DONE = 42, FIRST_FAILURE = 50 };

/* ---- ways to fork ---- */

typedef enum fork_way { BY_FORK, BY_BARE_FORK, BY_CLONE, FORK_WAYS } fork_way;

static const char *const way_names[FORK_WAYS] = {"fork", "_Fork", "clone"};

/* Since glibc 2.34 and musl 1.2.3. */
extern pid_t _Fork(void) __attribute__((weak));

static pid_t fork_by(fork_way way) {
    fflush(NULL);
    switch (way) {
    case BY_BARE_FORK:
        return _Fork == NULL ? (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) : _Fork();
    case BY_CLONE:
        return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    default:
        return fork();
    }
}

/* Checks that the child ends by itself, with DONE; else the code says what failed. */
static void check_child(pid_t child) {
    int status = 0;
    pid_t ended = 0;
    REQUIRE(child > 0);
    WAIT_UNTIL((ended = waitpid(child, &status, WNOHANG)) != 0, PATIENCE_SECONDS);
    if (ended == 0) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
    }
    CHECK_EQ_I64(WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), DONE);
}

/* In a child: ends it with a code that names the place if something does not hold. */
#define CHILD_CHECK(condition, place)                                                              \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            _exit(FIRST_FAILURE + (place));                                                        \
        }                                                                                          \
    } while (0)

/* Sanitizers leave locks of their allocators to the child as they are: another thread waits for
 * ever for one that a thread of the parent held. */
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define CHILD_MAKES_THREADS
#endif

/* ---- a process that receives ---- */

typedef struct receiver {
    sp2_thread_pool *threads;
    sp2_allocator *memory;
    sp2_receive_stream *stream;
    sp2_packet_source *sources[SOURCES];
    uint32_t ports[SOURCES];
    int64_t handle;
    uint64_t sent;           /* heaps, to each source */
    sp2_send_stream *sender; /* to the first source, on a thread of its own */
    sp2_send_heap *heap;
    sp2_inproc_queue *queue; /* of no stream */
    sp2_chunk_group *group;  /* the same */
    sp2_chunk *chunk;        /* of no group */
} receiver;

static sp2_allocator *new_memory_pool(sp2_thread_pool *threads) {
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    sp2_allocator *pool;
    options.upper = HEAP_BYTES;
    options.max_free = 8;
    options.initial = 8;
    options.low_water = 8;
    options.thread_pool = threads;
    options.log_level = SP2_LOG_NONE;
    REQUIRE_OK(sp2_memory_pool_create(&options, &pool));
    return pool;
}

/* Two sources on two threads, with a memory pool and a handle for event loops. */
static receiver start_receiver(uint64_t ring_heaps) {
    receiver r = {.sent = 0};
    sp2_thread_pool_options threads = SP2_THREAD_POOL_OPTIONS_INIT;
    sp2_receive_options options = quiet_options(0);
    threads.threads = SOURCES;
    options.ring_heaps = ring_heaps;
    options.max_heaps = RING_HEAPS;
    REQUIRE_OK(sp2_thread_pool_create(&threads, &r.threads));
    r.memory = new_memory_pool(r.threads);
    REQUIRE_OK(sp2_receive_stream_create(r.threads, &options, &r.stream));
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(r.stream, r.memory));
    REQUIRE_OK(sp2_receive_stream_get_fd(r.stream, &r.handle));
    for (int i = 0; i < SOURCES; i++) {
        sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
        sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
        udp.bind_host = "127.0.0.1";
        REQUIRE_OK(sp2_receive_stream_add_udp_source(r.stream, &udp, &r.sources[i]));
        REQUIRE_OK(sp2_packet_source_get_info(r.sources[i], &info));
        r.ports[i] = info.port;
    }
    const sp2_udp_destination destination = {"127.0.0.1", r.ports[0], 0};
    sp2_udp_writer_options writer = SP2_UDP_WRITER_OPTIONS_INIT;
    writer.destinations = &destination;
    writer.destination_count = 1;
    REQUIRE_OK(sp2_send_stream_create(NULL, NULL, &r.sender));
    REQUIRE_OK(sp2_send_stream_add_udp_writer(r.sender, &writer, NULL));
    REQUIRE_OK(sp2_send_heap_create(NULL, &r.heap));
    REQUIRE_OK(sp2_inproc_queue_create(NULL, &r.queue));
    sp2_chunk_memory chunk = SP2_CHUNK_MEMORY_INIT;
    chunk.data_size = HEAP_BYTES;
    chunk.present_size = 1;
    REQUIRE_OK(sp2_chunk_group_create(NULL, &r.group));
    REQUIRE_OK(sp2_chunk_create(&chunk, &r.chunk));
    return r;
}

/* Each source gets heaps of its own. */
static void send_heaps(receiver *r, uint64_t count) {
    uint8_t *payload = new_payload(HEAP_BYTES, 1);
    for (int i = 0; i < SOURCES; i++) {
        datagram_list list = {0};
        for (uint64_t n = 0; n < count; n++) {
            datagrams_add_heap(&list, (r->sent + n) * SOURCES + (uint64_t)i, payload, HEAP_BYTES,
                               HEAP_BYTES);
        }
        send_to_loopback(r->ports[i], &list);
        datagrams_free(&list);
    }
    r->sent += count;
    free(payload);
}

/* Sends to every source and receives what was sent. */
static void check_receives(receiver *r) {
    enum { HEAPS = 8 };
    send_heaps(r, HEAPS);
    heap_list heaps = pop_count(r->stream, HEAPS * SOURCES);
    heaps_free(&heaps);
    /* And one that the library sends itself. */
    const sp2_heap_reference own = {r->heap, INT32_MAX, 0, SP2_STREAM_RATE};
    REQUIRE_OK(sp2_send_stream_send(r->sender, &own, 1, SP2_GROUP_SERIAL, NULL, NULL));
    heaps = pop_count(r->stream, 1);
    heaps_free(&heaps);
}

static void destroy_all(receiver *r) {
    for (int i = 0; i < SOURCES; i++) {
        sp2_packet_source_release(r->sources[i]);
    }
    sp2_send_stream_destroy(r->sender);
    sp2_send_heap_destroy(r->heap);
    sp2_inproc_queue_destroy(r->queue);
    sp2_chunk_release(r->chunk);
    sp2_chunk_group_destroy(r->group);
    sp2_receive_stream_destroy(r->stream);
    sp2_allocator_destroy(r->memory);
    sp2_thread_pool_destroy(r->threads);
}

/* ---- what children do ---- */

static void child_does_nothing(receiver *r) {
    (void)r;
}

static void child_stops(receiver *r) {
    CHILD_CHECK(sp2_receive_stream_stop(r->stream) == SP2_OK, 0);
    CHILD_CHECK(sp2_receive_stream_stop(r->stream) == SP2_OK, 1);
    CHILD_CHECK(sp2_send_stream_stop(r->sender) == SP2_OK, 2);
}

static void child_destroys(receiver *r) {
    destroy_all(r);
}

static void child_destroys_in_another_order(receiver *r) {
    sp2_thread_pool_destroy(r->threads);
    sp2_allocator_destroy(r->memory);
    sp2_receive_stream_stop(r->stream);
    sp2_receive_stream_destroy(r->stream);
}

static void child_pops(receiver *r) {
    sp2_heap *heap;
    uint32_t count = 7;
    CHILD_CHECK(sp2_receive_stream_pop(r->stream, &heap, 1, &count) == SP2_E_FORKED, 0);
    CHILD_CHECK(count == 0, 1);
    count = 7;
    CHILD_CHECK(sp2_receive_stream_pop_wait(r->stream, &heap, 1, -1, &count) == SP2_E_FORKED, 2);
    CHILD_CHECK(count == 0, 3);
    CHILD_CHECK(sp2_receive_stream_request_ready(r->stream) == SP2_E_FORKED, 4);
}

static void child_calls_everything(receiver *r) {
    sp2_receive_stream *stream = r->stream;
    sp2_receive_stats stats = SP2_RECEIVE_STATS_INIT;
    sp2_stat_info stat = SP2_STAT_INFO_INIT;
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    sp2_packet_source_info source_info = SP2_PACKET_SOURCE_INFO_INIT;
    sp2_packet_source_stats source_stats = SP2_PACKET_SOURCE_STATS_INIT;
    uint64_t value;
    uint32_t number = 7;
    int64_t handle = 7;
    int32_t stop = 7;
    const int32_t forked = SP2_E_FORKED;
    CHILD_CHECK(sp2_receive_stream_start(stream) == forked, 0);
    CHILD_CHECK(add_buffer_source(stream, "", 1) == forked, 1);
    CHILD_CHECK(add_datagram_source(stream, NULL, 0) == forked, 2);
    CHILD_CHECK(add_udp_source(stream, &udp, &number) == forked, 3);
    CHILD_CHECK(number == 0, 4);
    CHILD_CHECK(sp2_receive_stream_set_memory_allocator(stream, NULL) == forked, 5);
    CHILD_CHECK(sp2_receive_stream_set_memcpy(stream, SP2_MEMCPY_STD) == forked, 6);
    CHILD_CHECK(sp2_receive_stream_set_copy_function(stream, NULL, NULL) == forked, 7);
    CHILD_CHECK(sp2_receive_stream_set_stop_on_stop_item(stream, 1) == forked, 8);
    CHILD_CHECK(sp2_receive_stream_get_stop_on_stop_item(stream, &stop) == forked, 9);
    CHILD_CHECK(stop == 0, 10);
    CHILD_CHECK(sp2_receive_stream_get_fd(stream, &handle) == forked, 11);
    CHILD_CHECK(handle == -1, 12);
    CHILD_CHECK(sp2_receive_stream_set_ready_callback(stream, NULL, NULL) == forked, 13);
    CHILD_CHECK(sp2_receive_stream_get_stats(stream, &stats) == forked, 14);
    CHILD_CHECK(sp2_receive_stream_get_stat_count(stream, &number) == forked, 15);
    CHILD_CHECK(sp2_receive_stream_get_stat_info(stream, 0, &stat) == forked, 16);
    CHILD_CHECK(sp2_receive_stream_find_stat(stream, "heaps", &number) == forked, 17);
    CHILD_CHECK(sp2_receive_stream_get_stat_values(stream, &value, 1, &number) == forked, 18);
    CHILD_CHECK(sp2_receive_stream_update_stat(stream, 0, 1) == forked, 19);
    sp2_refused_datagram refused = SP2_REFUSED_DATAGRAM_INIT;
    CHILD_CHECK(sp2_receive_stream_get_refused(stream, 1, &refused) == forked, 41);
    CHILD_CHECK(sp2_receive_stream_publish(stream, NULL) == forked, 29);
    CHILD_CHECK(sp2_receive_stream_get_heap_count(stream, &value) == forked, 30);
    CHILD_CHECK(value == 0, 31);
    CHILD_CHECK(sp2_receive_stream_create(r->threads, NULL, &stream) == forked, 20);
    CHILD_CHECK(stream == NULL, 21);
    CHILD_CHECK(strcmp(sp2_status_name(forked), "SP2_E_FORKED") == 0, 22);
    CHILD_CHECK(strstr(sp2_status_message(forked), "fork") != NULL, 23);
    CHILD_CHECK(strstr(sp2_last_error_message(), "fork") != NULL, 24);
    CHILD_CHECK(sp2_version_number() == SP2_VERSION_NUMBER, 25);
    CHILD_CHECK(sp2_version_string()[0] != '\0', 26);
    CHILD_CHECK(sp2_packet_source_get_info(r->sources[0], &source_info) == forked, 27);
    CHILD_CHECK(sp2_packet_source_get_stats(r->sources[0], &source_stats) == forked, 28);
    const sp2_heap_reference one = {r->heap, SP2_HEAP_CNT_AUTOMATIC, 0, SP2_STREAM_RATE};
    sp2_send_stream *sender = r->sender;
    sp2_send_stats send_stats = SP2_SEND_STATS_INIT;
    sp2_udp_writer_options udp_writer = SP2_UDP_WRITER_OPTIONS_INIT;
    sp2_function_writer_options function_writer = SP2_FUNCTION_WRITER_OPTIONS_INIT;
    CHILD_CHECK(sp2_send_stream_send(sender, &one, 1, SP2_GROUP_SERIAL, NULL, NULL) == forked, 32);
    CHILD_CHECK(sp2_send_stream_flush(sender, -1) == forked, 33);
    CHILD_CHECK(sp2_send_stream_set_cnt_sequence(sender, 1, 1) == forked, 34);
    CHILD_CHECK(sp2_send_stream_get_stats(sender, &send_stats) == forked, 35);
    CHILD_CHECK(sp2_send_stream_add_udp_writer(sender, &udp_writer, &value) == forked, 36);
    CHILD_CHECK(value == 0, 37);
    CHILD_CHECK(sp2_send_stream_add_function_writer(sender, &function_writer, NULL) == forked, 38);
    CHILD_CHECK(sp2_send_stream_create(r->threads, NULL, &sender) == forked, 39);
    CHILD_CHECK(sender == NULL, 40);
    sp2_inproc_writer_options inproc_writer = SP2_INPROC_WRITER_OPTIONS_INIT;
    sp2_inproc_source_options inproc_source = SP2_INPROC_SOURCE_OPTIONS_INIT;
    sp2_packet_source *none = r->sources[0];
    inproc_writer.queues = &r->queue;
    inproc_writer.queue_count = 1;
    inproc_source.queue = r->queue;
    CHILD_CHECK(sp2_inproc_queue_add_packet(r->queue, "", 0) == forked, 41);
    CHILD_CHECK(sp2_inproc_queue_stop(r->queue) == SP2_OK, 42);
    CHILD_CHECK(sp2_send_stream_add_inproc_writer(r->sender, &inproc_writer, NULL) == forked, 43);
    CHILD_CHECK(sp2_receive_stream_add_inproc_source(r->stream, &inproc_source, &none) == forked,
                44);
    CHILD_CHECK(none == NULL, 45);
    sp2_chunk *chunk = r->chunk;
    sp2_chunk_group_stats group_stats = SP2_CHUNK_GROUP_STATS_INIT;
    CHILD_CHECK(sp2_chunk_group_add_free(r->group, r->chunk) == forked, 50);
    CHILD_CHECK(sp2_chunk_group_pop(r->group, &chunk) == forked && chunk == NULL, 51);
    CHILD_CHECK(sp2_chunk_group_pop_wait(r->group, -1, &chunk) == forked, 52);
    CHILD_CHECK(sp2_chunk_group_request_ready(r->group) == forked, 53);
    CHILD_CHECK(sp2_chunk_group_set_ready_callback(r->group, NULL, NULL) == forked, 54);
    CHILD_CHECK(sp2_chunk_group_get_stats(r->group, &group_stats) == forked, 55);
    CHILD_CHECK(sp2_chunk_group_stop(r->group, SP2_CHUNK_STOP_DROP) == SP2_OK, 56);
#ifdef CHILD_MAKES_THREADS
    sp2_chunk_options member = SP2_CHUNK_OPTIONS_INIT;
    sp2_receive_options member_stream = quiet_options(0);
    sp2_chunk_layout layout = SP2_CHUNK_LAYOUT_INIT;
    const sp2_chunk_axis axis = {.item = ITEM_HEAP_CNT, .count = 1};
    layout.axes = &axis;
    layout.axis_count = 1;
    member.group = r->group;
    member.layout = &layout;
    member_stream.chunks = &member;
    CHILD_CHECK(sp2_receive_stream_create(NULL, &member_stream, &stream) == forked, 57);
#endif
    const sp2_tcp_source_options tcp_source = SP2_TCP_SOURCE_OPTIONS_INIT;
    none = r->sources[0];
    CHILD_CHECK(sp2_receive_stream_add_tcp_source(r->stream, &tcp_source, &none) == forked, 46);
    CHILD_CHECK(none == NULL, 47);
    const sp2_pcap_source_options pcap_source = SP2_PCAP_SOURCE_OPTIONS_INIT;
    none = r->sources[0];
    CHILD_CHECK(sp2_receive_stream_add_pcap_source(r->stream, &pcap_source, &none) == forked, 48);
    CHILD_CHECK(none == NULL, 49);
    CHILD_CHECK(sp2_packet_source_remove(r->sources[0]) == SP2_OK, 29);
    sp2_packet_source_release(r->sources[0]);
}

typedef struct child_act {
    const char *name;
    void (*run)(receiver *r);
} child_act;

static const child_act acts[] = {
    {"does nothing", child_does_nothing},
    {"stops", child_stops},
    {"destroys", child_destroys},
    {"destroys in another order", child_destroys_in_another_order},
    {"pops", child_pops},
    {"calls everything", child_calls_everything},
};

enum { ACTS = sizeof(acts) / sizeof(acts[0]) };

/* ---- tests ---- */

/* First of all: the library has not been used yet. */
SP2_TEST(Child_that_uses_the_library_first_receives) {
#if defined(__SANITIZE_THREAD__)
    SKIP("the thread sanitizer allows no threads in forked children");
#else
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        receiver r = start_receiver(RING_HEAPS);
        check_receives(&r);
        destroy_all(&r);
        _exit(DONE);
    }
    check_child(child);
#endif
}

SP2_TEST(Child_of_any_fork_leaves_its_parent_receiving) {
    receiver r = start_receiver(RING_HEAPS);
    check_receives(&r);
    for (fork_way way = BY_FORK; way < FORK_WAYS; way++) {
        for (int act = 0; act < ACTS; act++) {
            sp2_test_context("%s, and the child %s", way_names[way], acts[act].name);
            const pid_t child = fork_by(way);
            if (child == 0) {
                acts[act].run(&r);
                _exit(DONE);
            }
            check_child(child);
            check_receives(&r);
        }
    }
    destroy_all(&r);
}

SP2_TEST(Child_may_end_by_exit_with_inherited_streams) {
    receiver r = start_receiver(RING_HEAPS);
    for (int act = 0; act < ACTS; act++) {
        sp2_test_context("the child %s", acts[act].name);
        const pid_t child = fork_by(BY_FORK);
        if (child == 0) {
            acts[act].run(&r);
            exit(DONE);
        }
        check_child(child);
        check_receives(&r);
    }
    destroy_all(&r);
}

SP2_TEST(Child_of_a_blocked_stream_leaves_it_to_its_parent) {
    enum { HEAPS = 64 };
    receiver r = start_receiver(1);
    send_heaps(&r, HEAPS);
    WAIT_UNTIL(stats_of(r.stream).worker_blocked != 0, PATIENCE_SECONDS);
    for (int act = 0; act < ACTS; act++) {
        sp2_test_context("the child %s", acts[act].name);
        const pid_t child = fork_by(BY_FORK);
        if (child == 0) {
            acts[act].run(&r);
            _exit(DONE);
        }
        check_child(child);
    }
    heap_list heaps = pop_count(r.stream, HEAPS * SOURCES);
    heaps_free(&heaps);
    destroy_all(&r);
}

static void *wait_for_heap(void *stream) {
    sp2_heap *heap;
    uint32_t count;
    const int32_t status = sp2_receive_stream_pop_wait(stream, &heap, 1, PATIENCE_NS, &count);
    CHECK_EQ_I64(status, SP2_OK);
    return status == SP2_OK ? heap : NULL;
}

SP2_TEST(Parent_that_waits_for_a_heap_gets_it_after_a_fork) {
    receiver r = start_receiver(RING_HEAPS);
    pthread_t waiter;
    void *heap;
    REQUIRE(pthread_create(&waiter, NULL, wait_for_heap, r.stream) == 0);
    for (int act = 0; act < ACTS; act++) {
        const pid_t child = fork_by(BY_FORK);
        if (child == 0) {
            acts[act].run(&r);
            _exit(DONE);
        }
        check_child(child);
    }
    uint8_t *payload = new_payload(HEAP_BYTES, 9);
    datagram_list list = {0};
    datagrams_add_heap(&list, 9, payload, HEAP_BYTES, HEAP_BYTES);
    send_to_loopback(r.ports[0], &list);
    REQUIRE(pthread_join(waiter, &heap) == 0);
    REQUIRE(heap != NULL);
    check_heap(heap, 9, payload, HEAP_BYTES);
    sp2_heap_release(heap);
    datagrams_free(&list);
    free(payload);
    destroy_all(&r);
}

enum { MOST_DESCRIPTORS = 256 };

/* The descriptors that are open; async-signal-safe. */
static void list_descriptors(bool open[MOST_DESCRIPTORS]) {
    for (int fd = 0; fd < MOST_DESCRIPTORS; fd++) {
        open[fd] = fcntl(fd, F_GETFD) >= 0;
    }
}

SP2_TEST(Destroy_in_a_child_closes_the_descriptors) {
    static bool before[MOST_DESCRIPTORS];
    static bool after[MOST_DESCRIPTORS];
    {
        /* What the library opens once for the process belongs to none of its streams. */
        receiver first = start_receiver(RING_HEAPS);
        destroy_all(&first);
    }
    list_descriptors(before);
    receiver r = start_receiver(RING_HEAPS);
    list_descriptors(after);
    CHECK(memcmp(before, after, sizeof(before)) != 0);
    for (fork_way way = BY_FORK; way < FORK_WAYS; way++) {
        sp2_test_context("%s", way_names[way]);
        const pid_t child = fork_by(way);
        if (child == 0) {
            destroy_all(&r);
            list_descriptors(after);
            CHILD_CHECK(memcmp(before, after, sizeof(before)) == 0, 0);
            _exit(DONE);
        }
        check_child(child);
        check_receives(&r);
    }
    destroy_all(&r);
}

SP2_TEST(Heap_released_in_a_child_stays_the_parents) {
    receiver r = start_receiver(RING_HEAPS);
    send_heaps(&r, 1);
    heap_list heaps = pop_count(r.stream, SOURCES);
    const sp2_heap_info info = info_of(heaps.heaps[0]);
    for (fork_way way = BY_FORK; way < FORK_WAYS; way++) {
        sp2_test_context("%s", way_names[way]);
        const pid_t child = fork_by(way);
        if (child == 0) {
            uint8_t expected[HEAP_BYTES];
            fill_payload(expected, HEAP_BYTES, 1);
            CHILD_CHECK(memcmp(info.payload, expected, HEAP_BYTES) == 0, 0);
            if (way == BY_FORK) {
                sp2_heap_release(heaps.heaps[0]);
                sp2_heap_release(heaps.heaps[1]);
                destroy_all(&r);
            }
            _exit(DONE);
        }
        check_child(child);
    }
    uint8_t *payload = new_payload(HEAP_BYTES, 1);
    CHECK_MEM(info.payload, payload, HEAP_BYTES);
    free(payload);
    heaps_free(&heaps);
    check_receives(&r);
    destroy_all(&r);
}

#if !defined(__SANITIZE_THREAD__)
/* The core goes on in a child; the AOT library, whose runtime has threads, refuses. */
static bool child_can_receive(void) {
    sp2_receive_stream *stream;
    const sp2_receive_options options = quiet_options(0);
    const int32_t status = sp2_receive_stream_create(NULL, &options, &stream);
    CHILD_CHECK(status == SP2_OK || (status == SP2_E_FORKED && stream == NULL), 0);
    sp2_receive_stream_destroy(stream);
    return status == SP2_OK;
}

static void child_receives_by_itself(receiver *inherited) {
    if (!child_can_receive()) {
        return;
    }
    receiver own = start_receiver(RING_HEAPS);
    check_receives(&own);
    /* An inherited pool of memory serves on, but refills no more. */
    if (inherited != NULL) {
        CHILD_CHECK(
            sp2_receive_stream_set_memory_allocator(own.stream, inherited->memory) == SP2_OK, 1);
        check_receives(&own);
        check_receives(&own);
    }
    destroy_all(&own);
}
#endif

SP2_TEST(Child_receives_with_a_stream_of_its_own) {
#if defined(__SANITIZE_THREAD__)
    SKIP("the thread sanitizer allows no threads in forked children");
#else
    receiver r = start_receiver(RING_HEAPS);
    check_receives(&r);
    pid_t child = fork_by(BY_FORK);
    if (child == 0) {
        child_receives_by_itself(&r);
        /* And so does a child's child, which inherits from both. */
        child = fork_by(BY_FORK);
        if (child == 0) {
            child_receives_by_itself(&r);
            child_calls_everything(&r);
            destroy_all(&r);
            _exit(DONE);
        }
        check_child(child);
        child_calls_everything(&r);
        destroy_all(&r);
        child_receives_by_itself(NULL);
        _exit(DONE);
    }
    check_child(child);
    check_receives(&r);
    destroy_all(&r);
#endif
}

static atomic_bool traffic_ends;

static void *send_until_the_end(void *context) {
    receiver *r = context;
    while (!atomic_load(&traffic_ends)) {
        send_heaps(r, 1);
    }
    return NULL;
}

/* Heaps that come and go, in the default memory and in a pool's, and streams that do. */
static void *receive_until_the_end(void *context) {
    receiver *r = context;
    while (!atomic_load(&traffic_ends)) {
        sp2_heap *heaps[4];
        uint32_t count;
        if (sp2_receive_stream_pop_wait(r->stream, heaps, 4, 1000000, &count) == SP2_OK) {
            for (uint32_t i = 0; i < count; i++) {
                sp2_heap_release(heaps[i]);
            }
        }
        sp2_receive_stats stats = SP2_RECEIVE_STATS_INIT;
        CHECK_STATUS(sp2_receive_stream_get_stats(r->stream, &stats), SP2_OK);
        CHECK_STATUS(sp2_receive_stream_set_memory_allocator(
                         r->stream, stats.heaps % 2 == 0 ? r->memory : NULL),
                     SP2_OK);
    }
    return NULL;
}

SP2_TEST(Fork_amid_traffic_never_hangs_a_child) {
    enum { FORKS = 40 };
    receiver r = start_receiver(RING_HEAPS);
    test_thread sender;
    test_thread consumer;
    atomic_store(&traffic_ends, false);
    test_thread_start(&sender, send_until_the_end, &r);
    test_thread_start(&consumer, receive_until_the_end, &r);
    for (int i = 0; i < FORKS; i++) {
        sp2_test_context("fork %d", i);
        const pid_t child = fork_by(BY_FORK);
        if (child == 0) {
            child_calls_everything(&r);
            child_pops(&r);
#ifdef CHILD_MAKES_THREADS
            child_receives_by_itself(&r);
#endif
            destroy_all(&r);
            _exit(DONE);
        }
        check_child(child);
    }
    atomic_store(&traffic_ends, true);
    test_thread_join(sender);
    test_thread_join(consumer);
    destroy_all(&r);
}

static double cpu_seconds(void) {
    struct timespec now;
    REQUIRE(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A poller that still watched a number which it has closed would run all the time: the child keeps
 * the socket, and with it the readiness, alive. */
SP2_TEST(Parent_that_destroys_while_a_child_lives_does_not_spin) {
    enum { LOOKS = 100 };
    receiver r = start_receiver(RING_HEAPS);
    sp2_receive_stream *other;
    const sp2_receive_options options = quiet_options(0);
    int gate[2];
    char byte;
    REQUIRE(pipe(gate) == 0);
    REQUIRE_OK(sp2_receive_stream_create(r.threads, &options, &other));
    const uint32_t other_port = open_loopback_source(other);
    const pid_t child = fork_by(BY_FORK);
    if (child == 0) {
        close(gate[1]);
        CHILD_CHECK(read(gate[0], &byte, 1) == 0, 0);
        _exit(DONE);
    }
    close(gate[0]);
    sp2_receive_stream_destroy(r.stream);
    r.stream = NULL;
    send_heaps(&r, 1); /* the child's copies of the sockets get it */
    const double before = cpu_seconds();
    for (int i = 0; i < LOOKS; i++) {
        sp2_test_nap();
    }
    CHECK(cpu_seconds() - before < 0.05);
    datagram_list list = {0};
    datagrams_add_stop(&list, 1);
    send_to_loopback(other_port, &list);
    heap_list heaps = pop_all(other);
    heaps_free(&heaps);
    datagrams_free(&list);
    close(gate[1]);
    check_child(child);
    sp2_receive_stream_destroy(other);
    destroy_all(&r);
}

/* Ends with DONE if no descriptor but the standard ones and the pipe's is open. */
#define LIST_DESCRIPTORS                                                                           \
    "for fd in /proc/self/fd/*; do case $(readlink $fd) in *socket:*|*eventfd*|*eventpoll*) "      \
    "exit 50;; esac; done; exit 42"

static pid_t spawn_program(void) {
    extern char **environ;
    char *arguments[] = {"sh", "-c", LIST_DESCRIPTORS, NULL};
    pid_t child = -1;
    CHECK(posix_spawnp(&child, "sh", NULL, NULL, arguments, environ) == 0);
    return child;
}

/* As .NET and Python start programs. */
static pid_t vfork_program(void) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    const pid_t child = vfork();
#pragma GCC diagnostic pop
    if (child == 0) {
        execlp("sh", "sh", "-c", LIST_DESCRIPTORS, (char *)NULL);
        _exit(FIRST_FAILURE);
    }
    return child;
}

static pid_t fork_program(void) {
    const pid_t child = fork();
    if (child == 0) {
        execlp("sh", "sh", "-c", LIST_DESCRIPTORS, (char *)NULL);
        _exit(FIRST_FAILURE);
    }
    return child;
}

SP2_TEST(Program_started_by_a_receiver_inherits_no_descriptor) {
    pid_t (*const starts[])(void) = {spawn_program, vfork_program, fork_program};
    receiver r = start_receiver(RING_HEAPS);
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        sp2_test_context("way %d", (int)i);
        fflush(NULL);
        check_child(starts[i]());
        check_receives(&r);
    }
    destroy_all(&r);
}

/* Descriptors of this process that a program which it executes would have, too. */
static unsigned count_inheritable(void) {
    enum { DESCRIPTORS = 1024 };
    unsigned count = 0;
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        const int flags = fcntl(fd, F_GETFD);
        count += flags >= 0 && !(flags & FD_CLOEXEC);
    }
    return count;
}

SP2_TEST(Executed_programs_inherit_no_descriptor) {
    const unsigned before = count_inheritable();
    receiver r = start_receiver(RING_HEAPS);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const test_socket owned = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(bind(owned, (const struct sockaddr *)&address, sizeof(address)) == 0);
    sp2_udp_source_options duplicate = SP2_UDP_SOURCE_OPTIONS_INIT;
    duplicate.flags = SP2_UDP_EXISTING_SOCKET;
    duplicate.socket = owned;
    open_udp_source(r.stream, &duplicate);
    test_socket_close(owned);
    CHECK_EQ_U64(count_inheritable(), before);
    destroy_all(&r);
}
