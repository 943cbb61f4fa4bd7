/* SPDX-License-Identifier: MIT */
/* What the library does to the signals of the process that it is loaded into: docs/c-api.md. */
#include <signal.h>

#include "loopback.h"
#include "receiver.h"
#include "test_threads.h"

enum { MOST_SIGNALS = 64 };

/* Only the AOT library has it. */
extern int32_t sp2_item_group_create(const void *options, void **group) __attribute__((weak));

typedef struct dispositions {
    struct sigaction actions[MOST_SIGNALS + 1];
    bool known[MOST_SIGNALS + 1];
    sigset_t blocked;
} dispositions;

static void read_dispositions(dispositions *now) {
    for (int number = 1; number <= MOST_SIGNALS; number++) {
        now->known[number] = sigaction(number, NULL, &now->actions[number]) == 0;
    }
    REQUIRE(sigprocmask(SIG_BLOCK, NULL, &now->blocked) == 0);
}

/* The AOT library's runtime needs these for itself. */
static bool may_change(int number) {
    return sp2_item_group_create != NULL &&
           (number == SIGSEGV || number == SIGFPE || number == SIGRTMIN);
}

static void check_same(const dispositions *before) {
    static dispositions now;
    read_dispositions(&now);
    for (int number = 1; number <= MOST_SIGNALS; number++) {
        sp2_test_context("signal %d", number);
        if (before->known[number] && !may_change(number)) {
            CHECK(now.actions[number].sa_handler == before->actions[number].sa_handler);
        }
        CHECK_EQ_I64(sigismember(&now.blocked, number), sigismember(&before->blocked, number));
    }
}

static volatile sig_atomic_t pipe_signals;

static void count_pipe_signal(int number) {
    (void)number;
    pipe_signals++;
}

static void receive_over_udp(void) {
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *stream = new_stream(&options);
    const uint32_t port = open_loopback_source(stream);
    datagram_list list = {0};
    datagrams_add_stop(&list, 1);
    send_to_loopback(port, &list);
    heap_list heaps = pop_all(stream);
    heaps_free(&heaps);
    datagrams_free(&list);
    sp2_receive_stream_destroy(stream);
}

/* First of all: the library has not been used yet, and the program has its own idea of SIGPIPE. */
SP2_TEST(Use_of_the_library_leaves_signals_as_they_were) {
    static dispositions before;
    struct sigaction own = {.sa_handler = count_pipe_signal};
    REQUIRE(sigaction(SIGPIPE, &own, NULL) == 0);
    read_dispositions(&before);
    receive_over_udp();
    check_same(&before);
    CHECK(raise(SIGPIPE) == 0);
    CHECK_EQ_I64(pipe_signals, 1);
}

SP2_TEST(Later_change_of_a_signal_lasts) {
    static dispositions before;
    REQUIRE(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    REQUIRE(signal(SIGTERM, SIG_IGN) != SIG_ERR);
    read_dispositions(&before);
    receive_over_udp();
    check_same(&before);
}

static void *stop_at_signal(void *stream) {
    sigset_t wanted;
    int number = 0;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    CHECK(sigwait(&wanted, &number) == 0);
    CHECK_EQ_I64(number, SIGTERM);
    CHECK_STATUS(sp2_receive_stream_stop(stream), SP2_OK);
    return NULL;
}

/* As docs/c-api.md tells programs to do it: a signal handler must not call the library. */
SP2_TEST(Thread_in_sigwait_stops_a_blocking_pop) {
    const sp2_receive_options options = quiet_options(0);
    sp2_heap *heap;
    uint32_t count;
    sigset_t wanted;
    test_thread thread;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    REQUIRE(pthread_sigmask(SIG_BLOCK, &wanted, NULL) == 0);
    sp2_receive_stream *stream = new_stream(&options);
    open_loopback_source(stream);
    test_thread_start(&thread, stop_at_signal, stream);
    CHECK(pthread_kill(thread, SIGTERM) == 0);
    CHECK_STATUS(sp2_receive_stream_pop_wait(stream, &heap, 1, PATIENCE_NS, &count), SP2_E_STOPPED);
    test_thread_join(thread);
    sp2_receive_stream_destroy(stream);
}
