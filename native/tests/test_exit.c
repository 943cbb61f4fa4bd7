/* SPDX-License-Identifier: MIT */
/* The end of a process while streams receive, a thread waits and callbacks run. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loopback.h"
#include "receiver.h"
#include "test_threads.h"
#if defined(_WIN32)
#include <process.h>
#include <windows.h>
#else
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

/* Set in the process that ends: how it does. */
#define ENDING "SP2_TEST_ENDING"
enum { EXPECTED_CODE = 42, HEAP_BYTES = 1000, BUSY = 1000 };

static sp2_receive_stream *busy;
static sp2_receive_stream *silent;
static sp2_receive_stream *callback_stream;
static atomic_ulong heaps_popped;
static atomic_ulong callbacks;

_Noreturn static void *send_for_ever(void *port) {
    datagram_list list = {0};
    uint8_t *payload = new_payload(HEAP_BYTES, 1);
    for (uint64_t cnt = 1; cnt <= 8; cnt++) {
        datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, HEAP_BYTES);
    }
    free(payload);
    for (;;) {
        send_to_loopback(*(uint32_t *)port, &list);
    }
}

static void *pop_for_ever(void *stream) {
    sp2_heap *heap;
    uint32_t count;
    while (sp2_receive_stream_pop_wait(stream, &heap, 1, -1, &count) == SP2_OK) {
        sp2_heap_release(heap);
        atomic_fetch_add(&heaps_popped, 1);
    }
    return NULL;
}

/* Pops what there is and asks for the next call. */
static void pop_when_ready(void *context) {
    (void)context;
    sp2_heap *heap;
    uint32_t count;
    atomic_fetch_add(&callbacks, 1);
    do {
        while (sp2_receive_stream_pop(callback_stream, &heap, 1, &count) == SP2_OK) {
            sp2_heap_release(heap);
        }
    } while (sp2_receive_stream_request_ready(callback_stream) == SP2_OK);
}

_Noreturn static void *leave(void *unused) {
    (void)unused;
    exit(EXPECTED_CODE);
}

/* A pool of memory that is filled in the background. */
static void use_memory_pool(sp2_receive_stream *stream, sp2_thread_pool *pool) {
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    sp2_allocator *allocator;
    options.upper = HEAP_BYTES;
    options.max_free = 8;
    options.initial = 8;
    options.low_water = 8;
    options.thread_pool = pool;
    options.log_level = SP2_LOG_NONE;
    REQUIRE_OK(sp2_memory_pool_create(&options, &allocator));
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, allocator));
}

static void be_busy_and_end(const char *ending) {
    static uint32_t ports[2];
    test_thread thread;
    sp2_thread_pool *pool;
    const sp2_receive_options options = quiet_options(0);
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &busy));
    silent = new_stream(&options);
    callback_stream = new_stream(&options);
    use_memory_pool(busy, pool);
    REQUIRE_OK(sp2_receive_stream_set_ready_callback(callback_stream, pop_when_ready, NULL));
    ports[0] = open_loopback_source(busy);
    ports[1] = open_loopback_source(callback_stream);
    open_loopback_source(silent);
    test_thread_start(&thread, pop_for_ever, busy);
    test_thread_start(&thread, pop_for_ever, silent);
    pop_when_ready(NULL);
    test_thread_start(&thread, send_for_ever, &ports[0]);
    test_thread_start(&thread, send_for_ever, &ports[1]);
    WAIT_UNTIL(atomic_load(&heaps_popped) > BUSY && atomic_load(&callbacks) > 0, PATIENCE_SECONDS);
    if (strcmp(ending, "in a thread") == 0) {
        test_thread_start(&thread, leave, NULL);
        test_thread_join(thread);
    } else if (strcmp(ending, "at once") == 0) {
        _Exit(EXPECTED_CODE);
    }
    exit(EXPECTED_CODE);
}

/* set_variable(name, NULL) takes the variable away. */
#if defined(_WIN32)
/* Starts this program again with one argument; returns its exit code. */
static int run_self(const char *argument, const char *output) {
    char program[MAX_PATH];
    DWORD code = 0;
    (void)output;
    REQUIRE(GetModuleFileNameA(NULL, program, sizeof(program)) < sizeof(program));
    const intptr_t child = _spawnl(_P_NOWAIT, program, program, argument, NULL);
    REQUIRE(child != -1);
    const HANDLE process = (HANDLE)child;
    if (!CHECK(WaitForSingleObject(process, 2 * PATIENCE_SECONDS * 1000) == WAIT_OBJECT_0)) {
        TerminateProcess(process, EXIT_FAILURE);
        WaitForSingleObject(process, INFINITE);
    }
    CHECK(GetExitCodeProcess(process, &code));
    CloseHandle(process);
    return (int)code;
}

static void set_variable(const char *name, const char *value) {
    REQUIRE(_putenv_s(name, value == NULL ? "" : value) == 0);
}
#else
enum { MOST_ARGUMENTS = 16 };

/* Starts this program again with one argument, by an emulator where it runs in one: the variable
 * that CMake sets has its command line. Its messages go to a file if `output` is one. */
static pid_t start_self(const char *argument, const char *output) {
    extern char **environ;
    const char *emulator = getenv("SP2_TEST_EMULATOR");
    char words[1024];
    char program[1024];
    char name[128];
    char *arguments[MOST_ARGUMENTS];
    size_t count = 0;
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    const ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    REQUIRE(length > 0);
    program[length] = '\0';
    snprintf(name, sizeof(name), "%s", argument);
    snprintf(words, sizeof(words), "%s", emulator == NULL ? "" : emulator);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        REQUIRE(count < MOST_ARGUMENTS - 3);
        arguments[count++] = word;
    }
    arguments[count++] = program;
    arguments[count++] = name;
    arguments[count] = NULL;
    REQUIRE(posix_spawn_file_actions_init(&actions) == 0);
    if (output != NULL) {
        REQUIRE(posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, output, O_WRONLY, 0) ==
                0);
    }
    const int failure = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    sp2_test_context("starting %s: %s", arguments[0], strerror(failure));
    REQUIRE(failure == 0);
    return child;
}

/* Returns its exit code, or the signal that ended it as a negative number. */
static int run_self(const char *argument, const char *output) {
    const pid_t child = start_self(argument, output);
    int status = 0;
    pid_t ended = 0;
    WAIT_UNTIL((ended = waitpid(child, &status, WNOHANG)) != 0, 2 * PATIENCE_SECONDS);
    if (ended == 0) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void set_variable(const char *name, const char *value) {
    REQUIRE((value == NULL ? unsetenv(name) : setenv(name, value, 1)) == 0);
}
#endif

/* Starts this program again as the one that ends. */
static void check_ending(const char *ending, const char *test, const char *output, int code) {
    set_variable(ENDING, ending);
    const int ended_with = run_self(test, output);
    set_variable(ENDING, NULL);
    sp2_test_context("ending %s", ending);
    CHECK_EQ_I64(ended_with, code);
}

SP2_TEST(Process_ends_while_streams_receive_a_thread_waits_and_callbacks_run) {
    static const char *const endings[] = {"in main", "in a thread", "at once"};
    if (getenv(ENDING) != NULL) {
        be_busy_and_end(getenv(ENDING));
    }
    for (int i = 0; i < 4; i++) {
        for (size_t j = 0; j < sizeof(endings) / sizeof(endings[0]); j++) {
            check_ending(endings[j], __func__, NULL, EXPECTED_CODE);
        }
    }
}

#if defined(SP2_TEST_LEAKS)
enum { LEAK_CODE = 43 };

/* Receives a heap and releases it, then another one in the same memory, and ends. */
_Noreturn static void receive_twice_and_end(bool lose) {
    const sp2_receive_options options = quiet_options(0);
    sp2_memory_stats memory = SP2_MEMORY_STATS_INIT;
    sp2_thread_pool *pool;
    datagram_list list = {0};
    uint8_t *payload = new_payload(HEAP_BYTES, 1);
    datagrams_add_heap(&list, 1, payload, HEAP_BYTES, HEAP_BYTES);
    free(payload);
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    for (int i = 0; i < 2; i++) {
        sp2_receive_stream *stream;
        REQUIRE_OK(sp2_receive_stream_create(pool, &options, &stream));
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        heap_list heaps = pop_count(stream, 1);
        sp2_receive_stream_destroy(stream);
        if (lose && i == 1) {
            free(heaps.heaps);
        } else {
            heaps_free(&heaps);
        }
    }
    datagrams_free(&list);
    REQUIRE_OK(sp2_memory_get_stats(&memory));
    REQUIRE(memory.hits >= 2);
    sp2_thread_pool_destroy(pool);
    exit(EXPECTED_CODE);
}

SP2_TEST(Heap_that_a_process_loses_is_found_by_the_leak_sanitizer) {
    if (getenv(ENDING) != NULL) {
        receive_twice_and_end(strcmp(getenv(ENDING), "with a leak") == 0);
    }
    set_variable("ASAN_OPTIONS", "exitcode=43");
    check_ending("without a leak", __func__, NULL, EXPECTED_CODE);
    check_ending("with a leak", __func__, "/dev/null", LEAK_CODE);
}
#endif
