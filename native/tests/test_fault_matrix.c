/* SPDX-License-Identifier: MIT */
/*
 * Allocations and calls of the operating system fail, one after the other, in everything that users
 * do: each gives a status, a counter or a line of the log, or loses nothing; and nothing is left
 * behind.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#if defined(_WIN32)
#include <winsock2.h>
/* After winsock2.h. */
#include <windows.h>
#endif

#include "base/alloc.h"
#include "fault_lists.h"
#include "fault_table.h"

enum { LAST_FAULT = 2000 };

static fault_trial current = {.log = LOG_CAPTURE_INIT};

/* Adds a text to a list of them, unless it has it. */
static void add_text(char *list, size_t size, const char *text) {
    const size_t length = strlen(list);
    if (strstr(list, text) == NULL) {
        REQUIRE(snprintf(list + length, size - length, "%s%s", length != 0 ? "; " : "", text) <
                (int)(size - length));
    }
}

static void fail_every_allocation(const char *name, fault_scenario scenario, long at_least) {
    CHECK_STATUS(fault_trial_run(scenario, &current), SP2_OK);
    CHECK(!current.lost && current.log.length == 0);
    char refused[1000] = "";
    long n = 0;
    for (bool hit = true; hit && n < LAST_FAULT; n++) {
        sp2_test_context("%s: allocation %ld failed", name, n);
        atomic_store(&sp2__alloc_countdown, n);
        const int32_t status = fault_trial_run(scenario, &current);
        hit = atomic_exchange(&sp2__alloc_countdown, -1) < 0;
        CHECK(status == SP2_OK || (hit && status == SP2_E_NOMEM));
        if (status != SP2_OK) {
            add_text(refused, sizeof(refused), current.message);
        } else if (hit) {
            fault_trial_add_row("each allocation in turn", name, &current, status);
        } else {
            CHECK(!current.lost && fault_trial_counter(&current.stats) == NULL &&
                  current.log.length == 0);
        }
    }
    sp2_test_context("%s", "");
    fault_table_add("each allocation in turn", name, "`SP2_E_NOMEM`: %s", refused);
    CHECK(n > at_least);
    CHECK(n < LAST_FAULT);
}

#if defined(_WIN32)
/* The library starts Windows' sockets once, so that nobody may have asked for them before. */
SP2_TEST(Sockets_that_do_not_start_are_started_by_the_next_reader) {
    os_fault_plan(OS_START_SOCKETS, OS_ANY, WSASYSNOTREADY, 0, 1);
    const int32_t status = fault_trial_run(scenario_add_loopback, &current);
    CHECK_EQ_U64(os_fault_end(), 1);
    CHECK_STATUS(status, SP2_E_OS);
    fault_trial_add_row("WSAStartup: WSASYSNOTREADY", "a UDP source", &current, status);
    CHECK_STATUS(fault_trial_run(scenario_add_loopback, &current), SP2_OK);
}
#endif

SP2_TEST(Each_allocation_of_a_thread_pool_fails) {
    fail_every_allocation(IN_THREADS, 10);
}

SP2_TEST(Each_allocation_of_a_stream_fails) {
    fail_every_allocation(IN_STREAM, 12);
}

SP2_TEST(Each_allocation_of_the_readers_fails) {
    fail_every_allocation(IN_READERS, 15);
}

SP2_TEST(Each_allocation_of_heaps_in_default_memory_fails) {
    fail_every_allocation(IN_DEFAULT_MEMORY, 40);
}

SP2_TEST(Each_allocation_of_heaps_in_a_memory_pool_fails) {
    fail_every_allocation(IN_MEMORY_POOL, 40);
}

SP2_TEST(Each_allocation_of_streams_that_share_a_pool_fails) {
    fail_every_allocation(IN_SHARED_POOL, 40);
}

SP2_TEST(Each_allocation_of_heaps_in_mappings_of_their_own_fails) {
    fail_every_allocation(IN_MAPPING, 10);
}

SP2_TEST(Each_allocation_of_a_stream_with_functions_of_the_user_fails) {
    fail_every_allocation(IN_FUNCTIONS, 30);
}

SP2_TEST(Each_allocation_of_a_stream_of_chunks_fails) {
    fail_every_allocation(IN_CHUNKS, 25);
}

SP2_TEST(Each_allocation_of_streams_that_share_a_port_fails) {
    fail_every_allocation(IN_SHARED_PORT, 25);
}

SP2_TEST(Each_allocation_of_a_large_heap_fails) {
    fail_every_allocation(IN_LARGE_HEAP, 10);
}

SP2_TEST(Calls_that_open_something_fail) {
    for (size_t i = 0; i < fault_refusal_count; i++) {
        const refusal *r = &fault_refusals[i];
        sp2_test_context("%s in %s", r->fault, r->scenario);
        os_fault_plan(r->call, r->detail, r->error, r->skip, 1);
        const int32_t status = fault_trial_run(r->run, &current);
        CHECK_EQ_U64(os_fault_end(), 1);
        CHECK_STATUS(status, r->status);
        CHECK_CONTAINS(status != SP2_OK ? current.message : current.log.text, r->says);
        CHECK(status == SP2_OK || r->status == SP2_E_NOMEM || r->status == SP2_E_ARG ||
              r->status == SP2_E_ADDRESS || sp2_last_error_os_code() == r->error);
        fault_trial_add_row(r->fault, r->scenario, &current, status);
    }
    sp2_test_context("%s", "");
}

/* The line of the log that has this text. */
static const char *log_line(const char *part) {
    static char line[512];
    const char *found = strstr(current.log.text, part);
    line[0] = '\0';
    if (found != NULL) {
        snprintf(line, sizeof(line), "%.*s", (int)strcspn(found, "\n"), found);
    }
    return line;
}

SP2_TEST(Calls_that_receive_fail_and_nothing_is_lost) {
    for (size_t i = 0; i < fault_hiccup_count; i++) {
        const hiccup *h = &fault_hiccups[i];
        sp2_test_context("%s in %s", h->fault, h->scenario);
        os_fault_plan(h->call, h->detail, h->error, h->skip, h->times);
        fault_trial_run(h->run, &current);
        CHECK(os_fault_end() != 0);
        CHECK(!current.lost);
        CHECK_CONTAINS(current.log.text, h->says);
        if (h->run != scenario_receive_with_full_ring) {
            fault_trial_add_row(h->fault, h->scenario, &current, SP2_OK);
            CHECK(h->says[0] != '\0' || current.log.length == 0);
        } else {
            /* That the ring is full is in the log, too. */
            fault_table_add(h->fault, h->scenario, "nothing is lost; log: %s", log_line(h->says));
        }
    }
    sp2_test_context("%s", "");
}

#if !defined(_WIN32)
SP2_TEST(Each_allocation_of_a_sender_fails) {
    fail_every_allocation(IN_SENDING, 12);
}

SP2_TEST(Calls_that_send_fail_and_each_heap_is_completed_once) {
    for (size_t i = 0; i < fault_sending_count; i++) {
        const send_fault *f = &fault_sendings[i];
        const char *name = "20 heaps that are sent by UDP";
        sp2_test_context("%s", f->fault);
        os_fault_plan(f->call, f->detail, f->error, f->skip, f->times);
        CHECK_STATUS(fault_trial_run(scenario_send_by_udp, &current), SP2_OK);
        CHECK(os_fault_end() != 0);
        CHECK_EQ_U64(current.sent.packets_failed, f->failed);
        CHECK(f->says[0] != '\0' ? strstr(current.log.text, f->says) != NULL
                                 : current.log.length == 0);
        if (f->failed != 0) {
            fault_table_add(f->fault, name, "counter `packets_failed`; log: %s", log_line(f->says));
        } else {
            fault_trial_add_row(f->fault, name, &current, SP2_OK);
        }
    }
    sp2_test_context("%s", "");
}
#endif

SP2_TEST(Messages_that_are_received_spoilt_are_counted) {
    for (size_t i = 0; i < fault_spoiling_count; i++) {
        const spoiling *s = &fault_spoilings[i];
        sp2_test_context("%s", s->fault);
        os_receive_set(s->how);
        fault_trial_run(scenario_receive_by_udp, &current);
        os_receive_set(OS_RECEIVE_AS_IS);
        CHECK_EQ_U64(current.stats.truncated, s->truncated);
        CHECK(current.lost == (s->truncated != 0));
        fault_trial_add_row(s->fault, "20 heaps by UDP", &current, SP2_OK);
    }
    sp2_test_context("%s", "");
}

SP2_TEST(Socket_of_the_user_that_is_closed_is_still_received_from) {
    fault_trial_run(scenario_close_socket, &current);
    fault_trial_add_row("close of the user's socket", "20 heaps by UDP", &current, SP2_OK);
}

SP2_TEST(Socket_that_is_shut_down_is_reported_and_costs_nothing) {
    fault_trial_run(scenario_shut_socket_down, &current);
    CHECK(current.log.length != 0);
    fault_table_add("shutdown of the user's socket", "a stream that waits for packets", "log: %s",
                    log_line("UDP port"));
}

/* Where the system's texts are not those of the table; NULL: nowhere. */
static const char *other_texts(void) {
#if defined(_WIN32)
    const HMODULE system = GetModuleHandleW(L"ntdll.dll");
    return GetProcAddress(system, "wine_get_version") == NULL
               ? "the table has Wine's texts; Windows has its own"
               : NULL;
#elif defined(__GLIBC__)
    return NULL;
#else
    return "the table has the texts of glibc; this C library has its own";
#endif
}

SP2_TEST(Table_of_the_documentation_is_what_these_tests_saw) {
    const char *reason = other_texts();
    if (reason != NULL) {
        SKIP("%s", reason);
    }
    if (fault_table_is_empty()) {
        sp2_test_run_before(__func__);
    }
    fault_table_compare(SP2_FAULT_DOCUMENT, SP2_FAULT_TABLE);
}
