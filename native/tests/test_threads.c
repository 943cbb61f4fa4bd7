/* SPDX-License-Identifier: MIT */
/* Thread pools: their life, their threads, their CPUs. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <dirent.h>
#include <sched.h>
#include <sys/prctl.h>
#endif

#include "log_capture.h"
#include "receiver.h"

static datagram_list one_heap(void) {
    static const uint8_t payload[] = {1, 2, 3, 4};
    datagram_list list = {0};
    datagrams_add_heap(&list, 1, payload, sizeof(payload), 2);
    return list;
}

static void check_receives(sp2_receive_stream *stream, const datagram_list *list) {
    REQUIRE_OK(add_datagram_source(stream, list->datagrams, list->count));
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, 1);
    heaps_free(&heaps);
}

SP2_TEST(Pool_can_be_made_and_destroyed) {
    static const uint32_t threads[] = {0, 1, 2, 64};
    for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
        sp2_thread_pool_options options = SP2_THREAD_POOL_OPTIONS_INIT;
        options.threads = threads[i];
        for (int round = 0; round < 20; round++) {
            sp2_thread_pool *pool = NULL;
            REQUIRE_OK(sp2_thread_pool_create(&options, &pool));
            REQUIRE(pool != NULL);
            sp2_thread_pool_destroy(pool);
        }
    }
}

SP2_TEST(Largest_pool_works) {
    sp2_thread_pool_options options = SP2_THREAD_POOL_OPTIONS_INIT;
    options.threads = SP2_THREAD_POOL_MAX_THREADS;
    sp2_thread_pool *pool = NULL;
    const int32_t status = sp2_thread_pool_create(&options, &pool);
    if (status == SP2_E_OS || status == SP2_E_NOMEM) {
        CHECK(pool == NULL);
        CHECK(sp2_last_error_message()[0] != '\0');
        SKIP("this system does not allow %d threads", SP2_THREAD_POOL_MAX_THREADS);
    }
    CHECK_STATUS(status, SP2_OK);
    sp2_thread_pool_destroy(pool);
}

SP2_TEST(Pool_destroyed_before_its_streams_keeps_working) {
    datagram_list list = one_heap();
    sp2_thread_pool *pool;
    sp2_receive_stream *streams[3];
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    for (int i = 0; i < 3; i++) {
        REQUIRE_OK(sp2_receive_stream_create(pool, NULL, &streams[i]));
    }
    sp2_thread_pool_destroy(pool);
    for (int i = 0; i < 3; i++) {
        check_receives(streams[i], &list);
        sp2_receive_stream_destroy(streams[i]);
    }
    datagrams_free(&list);
}

SP2_TEST(Pool_outlives_its_streams) {
    datagram_list list = one_heap();
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    for (int i = 0; i < 50; i++) {
        sp2_receive_stream *stream;
        REQUIRE_OK(sp2_receive_stream_create(pool, NULL, &stream));
        check_receives(stream, &list);
        sp2_receive_stream_destroy(stream);
    }
    sp2_thread_pool_destroy(pool);
    datagrams_free(&list);
}

SP2_TEST(Many_streams_share_a_pool_of_several_threads) {
    enum { STREAMS = 40, HEAPS = 100 };
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        uint8_t payload[100];
        fill_payload(payload, sizeof(payload), cnt);
        datagrams_add_heap(&list, cnt, payload, sizeof(payload), 30);
    }
    sp2_thread_pool_options options = SP2_THREAD_POOL_OPTIONS_INIT;
    options.threads = 3;
    sp2_thread_pool *pool;
    sp2_receive_stream *streams[STREAMS];
    REQUIRE_OK(sp2_thread_pool_create(&options, &pool));
    for (int i = 0; i < STREAMS; i++) {
        REQUIRE_OK(sp2_receive_stream_create(pool, NULL, &streams[i]));
        REQUIRE_OK(add_datagram_source(streams[i], list.datagrams, list.count));
    }
    for (int i = 0; i < STREAMS; i++) {
        heap_list heaps = pop_all(streams[i]);
        CHECK_EQ_U64(heaps.count, HEAPS);
        for (uint64_t k = 0; k < heaps.count; k++) {
            check_filled_heap(heaps.heaps[k], k + 1, 100);
        }
        heaps_free(&heaps);
    }
    for (int i = 0; i < STREAMS; i++) {
        sp2_receive_stream_destroy(streams[i]);
    }
    sp2_thread_pool_destroy(pool);
    datagrams_free(&list);
}

SP2_TEST(Several_readers_of_one_stream_may_use_several_threads) {
    /* Each reader has every other packet of the same heaps. The first to end stops the stream, so
     * there is a stop for the last packet of the second list only. */
    enum { HEAPS = 300, LENGTH = 400, PACKET = 50 };
    datagram_list lists[2] = {{0}, {0}};
    datagram_list all = {0};
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        uint8_t payload[LENGTH];
        fill_payload(payload, LENGTH, cnt);
        datagrams_add_heap(&all, cnt, payload, LENGTH, PACKET);
    }
    for (size_t i = 0; i < all.count; i++) {
        datagrams_add(&lists[i % 2], all.datagrams[i].data, (size_t)all.datagrams[i].length);
    }
    sp2_thread_pool_options pool_options = SP2_THREAD_POOL_OPTIONS_INIT;
    pool_options.threads = 2;
    sp2_receive_options options = quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE);
    options.max_heaps = HEAPS;
    options.ring_heaps = 2 * HEAPS;
    sp2_thread_pool *pool;
    sp2_receive_stream *stream;
    REQUIRE_OK(sp2_thread_pool_create(&pool_options, &pool));
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &stream));
    for (int i = 0; i < 2; i++) {
        REQUIRE_OK(add_datagram_source(stream, lists[i].datagrams, lists[i].count));
    }
    heap_list heaps = pop_all(stream);
    const sp2_receive_stats stats = stats_of(stream);
    check_sums(&stats);
    CHECK(stats.packets >= lists[0].count);
    CHECK_EQ_U64(stats.heaps, heaps.count);
    uint64_t received = 0;
    for (uint64_t i = 0; i < heaps.count; i++) {
        const sp2_heap_info info = info_of(heaps.heaps[i]);
        received += info.received_length;
        if (info.flags & SP2_HEAP_COMPLETE) {
            check_filled_heap(heaps.heaps[i], info.cnt, LENGTH);
        }
    }
    CHECK_EQ_U64(stats.payload_bytes, received);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    sp2_thread_pool_destroy(pool);
    datagrams_free(&all);
    datagrams_free(&lists[0]);
    datagrams_free(&lists[1]);
}

SP2_TEST(Cpu_that_exists_not_gives_a_warning_and_a_working_pool) {
    static log_capture log = LOG_CAPTURE_INIT;
    static const int32_t impossible[] = {100000, -1};
    datagram_list list = one_heap();
    for (size_t i = 0; i < 2; i++) {
        sp2_thread_pool_options options = SP2_THREAD_POOL_OPTIONS_INIT;
        options.affinity = &impossible[i];
        options.affinity_count = 1;
        options.log = log_capture_message;
        options.log_context = &log;
        sp2_thread_pool *pool;
        sp2_receive_stream *stream;
        REQUIRE_OK(sp2_thread_pool_create(&options, &pool));
        REQUIRE_OK(sp2_receive_stream_create(pool, NULL, &stream));
        check_receives(stream, &list);
        sp2_receive_stream_destroy(stream);
        sp2_thread_pool_destroy(pool);
        CHECK_EQ_U64(log_capture_count(&log, SP2_LOG_WARNING), i + 1);
    }
    CHECK_CONTAINS(log.text, "100000");
    datagrams_free(&list);
}

SP2_TEST(Cpu_that_exists_gives_no_warning) {
    static log_capture log = LOG_CAPTURE_INIT;
    /* Given in turn: more threads than CPUs in the list, then fewer. */
    int32_t cpus[] = {0, 0, 0};
    for (uint32_t threads = 1; threads <= 5; threads += 4) {
        sp2_thread_pool_options options = SP2_THREAD_POOL_OPTIONS_INIT;
        options.threads = threads;
        options.affinity = cpus;
        options.affinity_count = 3;
        options.log = log_capture_message;
        options.log_context = &log;
        sp2_thread_pool *pool;
        REQUIRE_OK(sp2_thread_pool_create(&options, &pool));
        cpus[0] = 0; /* copied: the caller's list is its own again */
        sp2_thread_pool_destroy(pool);
    }
    CHECK_EQ_U64(log_capture_count(&log, SP2_LOG_WARNING), 0);
}

static void *use_pool(void *argument) {
    datagram_list list = one_heap();
    for (int i = 0; i < 100; i++) {
        sp2_receive_stream *stream;
        REQUIRE_OK(sp2_receive_stream_create(argument, NULL, &stream));
        check_receives(stream, &list);
        sp2_receive_stream_destroy(stream);
    }
    datagrams_free(&list);
    return NULL;
}

SP2_TEST(Streams_may_come_and_go_from_several_threads) {
    enum { THREADS = 4 };
    sp2_thread_pool_options options = SP2_THREAD_POOL_OPTIONS_INIT;
    options.threads = 2;
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(&options, &pool));
    test_thread threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        test_thread_start(&threads[i], use_pool, pool);
    }
    for (int i = 0; i < THREADS; i++) {
        test_thread_join(threads[i]);
    }
    sp2_thread_pool_destroy(pool);
}

/* ---- names and CPUs, as /proc shows them ---- */

#if defined(__linux__)

/* Whether a thread of this program has this name. */
static bool has_thread(const char *name) {
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL) {
        SKIP("there is no /proc here");
    }
    bool found = false;
    for (struct dirent *entry; !found && (entry = readdir(tasks)) != NULL;) {
        char path[300];
        char comm[64] = "";
        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = fopen(path, "r");
        if (file != NULL) {
            if (fgets(comm, sizeof(comm), file) != NULL) {
                comm[strcspn(comm, "\n")] = '\0';
            }
            fclose(file);
        }
        found = strcmp(comm, name) == 0;
    }
    closedir(tasks);
    return found;
}

SP2_TEST(Threads_have_the_name_of_their_pool_and_their_number) {
    static const struct {
        const char *name;
        uint32_t threads;
        const char *expected; /* of the last thread */
    } cases[] = {
        {NULL, 1, "spead2-0"},
        {"", 2, "spead2-1"},
        {"correlator", 12, "correlator-11"},
        {"thirteenbytes", 1, "thirteenbytes-0"},
        {"thirteenbytes", 11, "thirteenbyte-10"},
        {"a name that is much too long for any thread", 1, "a name that i-0"},
        {"\u00fcber-z\u00e4hler", 1, "\u00fcber-z\u00e4hler-0"},
        {"abcdefghijkl\u00fc", 1, "abcdefghijkl-0"}, /* no half character */
        {"abcdefghijk\u20ac", 1, "abcdefghijk-0"},
        {"abcdefghij\u20ac", 1, "abcdefghij\u20ac-0"},
        {"abcdefghi\U0001F4E1xyz", 101, "abcdefghi-100"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sp2_test_context("case %zu", i);
        char name[64] = "";
        sp2_thread_pool_options options = SP2_THREAD_POOL_OPTIONS_INIT;
        if (cases[i].name != NULL) {
            snprintf(name, sizeof(name), "%s", cases[i].name);
            options.name = name;
        }
        options.threads = cases[i].threads;
        sp2_thread_pool *pool;
        REQUIRE_OK(sp2_thread_pool_create(&options, &pool));
        memset(name, 'x', sizeof(name)); /* the caller's again */
        WAIT_UNTIL(has_thread(cases[i].expected), PATIENCE_SECONDS);
        sp2_thread_pool_destroy(pool);
        WAIT_UNTIL(!has_thread(cases[i].expected), PATIENCE_SECONDS);
    }
}

static int32_t note_timer_slack(void *context, uint64_t substream, const void *packet,
                                uint64_t length) {
    (void)substream;
    (void)packet;
    (void)length;
    *(int *)context = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    return 0;
}

/* A sender that sleeps is otherwise woken 50 us late. */
SP2_TEST(Threads_are_woken_in_time) {
    int slack = -1;
    sp2_send_stream *stream;
    REQUIRE_OK(sp2_send_stream_create(NULL, NULL, &stream));
    sp2_function_writer_options writer = SP2_FUNCTION_WRITER_OPTIONS_INIT;
    writer.packet = note_timer_slack;
    writer.context = &slack;
    REQUIRE_OK(sp2_send_stream_add_function_writer(stream, &writer, NULL));
    sp2_send_heap *heap;
    REQUIRE_OK(sp2_send_heap_create(NULL, &heap));
    const sp2_heap_reference one = {heap, SP2_HEAP_CNT_AUTOMATIC, 0, SP2_STREAM_RATE};
    REQUIRE_OK(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, NULL, NULL));
    sp2_send_stream_destroy(stream);
    sp2_send_heap_destroy(heap);
    CHECK_EQ_I64(slack, 1);
}

static void read_affinity(cpu_set_t *set) {
    CPU_ZERO(set);
    REQUIRE(sched_getaffinity(0, sizeof(*set), set) == 0);
}

static int32_t last_allowed_cpu(const cpu_set_t *allowed) {
    int32_t last = -1;
    for (int32_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET((size_t)cpu, allowed)) {
            last = cpu;
        }
    }
    return last;
}

typedef struct worker_cpus {
    cpu_set_t set;
    atomic_bool known;
} worker_cpus;

static void note_cpus_of_worker(void *context) {
    worker_cpus *seen = context;
    read_affinity(&seen->set);
    atomic_store(&seen->known, true);
}

SP2_TEST(Worker_runs_on_the_cpu_that_was_asked_for) {
    cpu_set_t allowed;
    read_affinity(&allowed);
    const int32_t cpu = last_allowed_cpu(&allowed);
    sp2_thread_pool_options options = SP2_THREAD_POOL_OPTIONS_INIT;
    options.affinity = &cpu;
    options.affinity_count = 1;
    sp2_thread_pool *pool;
    sp2_receive_stream *stream;
    datagram_list list = one_heap();
    static worker_cpus seen; /* by the worker, in the ready callback */
    REQUIRE_OK(sp2_thread_pool_create(&options, &pool));
    REQUIRE_OK(sp2_receive_stream_create(pool, NULL, &stream));
    REQUIRE_OK(sp2_receive_stream_set_ready_callback(stream, note_cpus_of_worker, &seen));
    REQUIRE(sp2_receive_stream_request_ready(stream) == SP2_E_EMPTY);
    check_receives(stream, &list);
    /* If the heap is popped first, the end of the stream would call, too, from this thread. */
    WAIT_UNTIL(atomic_load(&seen.known), PATIENCE_SECONDS);
    sp2_receive_stream_destroy(stream);
    sp2_thread_pool_destroy(pool);
    CHECK_EQ_I64(CPU_COUNT(&seen.set), 1);
    CHECK(CPU_ISSET((size_t)cpu, &seen.set));
    cpu_set_t unchanged;
    read_affinity(&unchanged);
    CHECK(CPU_EQUAL(&unchanged, &allowed));
    datagrams_free(&list);
}

SP2_TEST(Calling_thread_is_bound_to_a_cpu) {
    cpu_set_t allowed;
    cpu_set_t bound;
    read_affinity(&allowed);
    const int32_t cpu = last_allowed_cpu(&allowed);
    CHECK_STATUS(sp2_thread_set_affinity(cpu), SP2_OK);
    read_affinity(&bound);
    CHECK_EQ_I64(CPU_COUNT(&bound), 1);
    CHECK(CPU_ISSET((size_t)cpu, &bound));
    REQUIRE(sched_setaffinity(0, sizeof(allowed), &allowed) == 0);
}

#endif

SP2_TEST(Cpu_that_exists_not_is_named_and_changes_nothing) {
    CHECK_STATUS(sp2_thread_set_affinity(-1), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "-1");
    CHECK_EQ_I64(sp2_last_error_os_code(), 0);
    static const int32_t impossible[] = {1000, 100000, INT32_MAX};
    for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
        char named[16];
        snprintf(named, sizeof(named), "%d", (int)impossible[i]);
        CHECK_STATUS(sp2_thread_set_affinity(impossible[i]), SP2_E_OS);
        CHECK_CONTAINS(sp2_last_error_message(), named);
        CHECK(sp2_last_error_os_code() != 0);
    }
}
