/* SPDX-License-Identifier: MIT */
/* The handle for event loops of other libraries, with a real loop of the system's. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#if defined(_WIN32)
#include <windows.h>
#else
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>
#endif

#include "loopback.h"
#include "test_threads.h"

enum { HEAP_BYTES = 1000, MANY_HEAPS = 2000 };

static datagram_list some_heaps(uint64_t count) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= count; cnt++) {
        uint8_t *payload = new_payload(HEAP_BYTES, cnt);
        datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, HEAP_BYTES);
        free(payload);
    }
    return list;
}

#if defined(_WIN32)
typedef HANDLE ready_handle;
#else
typedef int ready_handle;
#endif

static ready_handle fd_of(sp2_receive_stream *stream) {
    int64_t handle = -2;
    REQUIRE_OK(sp2_receive_stream_get_fd(stream, &handle));
    REQUIRE(handle >= 0);
    return (ready_handle)(intptr_t)handle;
}

static bool is_readable(ready_handle handle) {
#if defined(_WIN32)
    return WaitForSingleObject(handle, 0) == WAIT_OBJECT_0;
#else
    struct pollfd entry = {.fd = handle, .events = POLLIN};
    return poll(&entry, 1, 0) == 1 && (entry.revents & POLLIN);
#endif
}

/* An event loop of the system's that watches one handle. */
typedef struct event_loop {
    ready_handle handle;
    int epoll;
} event_loop;

static event_loop new_loop(ready_handle handle) {
    event_loop loop = {.handle = handle, .epoll = -1};
#if !defined(_WIN32)
    struct epoll_event event = {.events = EPOLLIN};
    loop.epoll = epoll_create1(EPOLL_CLOEXEC);
    REQUIRE(loop.epoll >= 0);
    REQUIRE(epoll_ctl(loop.epoll, EPOLL_CTL_ADD, handle, &event) == 0);
#endif
    return loop;
}

static bool wait_for_event(const event_loop *loop) {
#if defined(_WIN32)
    return WaitForSingleObject(loop->handle, PATIENCE_SECONDS * 1000) == WAIT_OBJECT_0;
#else
    struct epoll_event event;
    return epoll_wait(loop->epoll, &event, 1, PATIENCE_SECONDS * 1000) == 1;
#endif
}

static void free_loop(const event_loop *loop) {
#if defined(_WIN32)
    (void)loop;
#else
    close(loop->epoll);
#endif
}

static void pop_one(sp2_receive_stream *stream, uint64_t cnt) {
    sp2_heap *heap;
    uint32_t count;
    REQUIRE_OK(sp2_receive_stream_pop(stream, &heap, 1, &count));
    check_filled_heap(heap, cnt, HEAP_BYTES);
    sp2_heap_release(heap);
}

SP2_TEST(Handle_is_readable_while_a_heap_waits_and_only_then) {
    datagram_list list = some_heaps(2);
    sp2_receive_stream *stream = new_stream(NULL);
    const uint32_t port = open_loopback_source(stream);
    const ready_handle fd = fd_of(stream);
    CHECK(!is_readable(fd));
    CHECK(fd_of(stream) == fd);
    for (int round = 0; round < 100; round++) {
        send_to_loopback(port, &list);
        WAIT_UNTIL(stats_of(stream).heaps == (uint64_t)(round + 1) * 2, PATIENCE_SECONDS);
        WAIT_UNTIL(is_readable(fd), PATIENCE_SECONDS);
        pop_one(stream, 1);
        WAIT_UNTIL(is_readable(fd), PATIENCE_SECONDS);
        pop_one(stream, 2);
        CHECK(!is_readable(fd));
    }
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Handle_is_readable_for_ever_after_stop) {
    sp2_receive_stream *stream = new_stream(NULL);
    open_loopback_source(stream);
    const ready_handle fd = fd_of(stream);
    CHECK(!is_readable(fd));
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    for (int i = 0; i < 10; i++) {
        sp2_heap *heap;
        uint32_t count;
        CHECK(is_readable(fd));
        CHECK_STATUS(sp2_receive_stream_pop(stream, &heap, 1, &count), SP2_E_STOPPED);
    }
    CHECK(is_readable(fd));
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Handle_asked_for_late_knows_what_came_before) {
    datagram_list list = some_heaps(2);
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    WAIT_UNTIL(stats_of(stream).heaps == 2, PATIENCE_SECONDS);
    CHECK(is_readable(fd_of(stream)));
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

/* Nothing but the handle says when to pop: a heap that did not make it readable would hang this. */
static uint64_t receive_by_loop(sp2_receive_stream *stream, uint32_t batch) {
    const event_loop loop = new_loop(fd_of(stream));
    uint64_t received = 0;
    int32_t status = SP2_OK;
    while (status != SP2_E_STOPPED && CHECK(wait_for_event(&loop))) {
        sp2_heap *heaps[8];
        uint32_t count;
        status = sp2_receive_stream_pop(stream, heaps, batch, &count);
        for (uint32_t i = 0; i < count; i++) {
            check_filled_heap(heaps[i], ++received, HEAP_BYTES);
            sp2_heap_release(heaps[i]);
        }
    }
    free_loop(&loop);
    return received;
}

SP2_TEST(Event_loop_receives_every_heap_and_the_stop) {
    static const uint64_t ring_sizes[] = {1, 2, 4, 64};
    datagram_list list = some_heaps(MANY_HEAPS);
    for (size_t i = 0; i < sizeof(ring_sizes) / sizeof(ring_sizes[0]); i++) {
        for (uint32_t batch = 1; batch <= 8; batch += 7) {
            sp2_receive_options options = quiet_options(0);
            options.ring_heaps = ring_sizes[i];
            sp2_receive_stream *stream = new_stream(&options);
            fd_of(stream);
            REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
            CHECK_EQ_U64(receive_by_loop(stream, batch), MANY_HEAPS);
            sp2_receive_stream_destroy(stream);
        }
    }
    datagrams_free(&list);
}

SP2_TEST(Null_arguments_of_the_handle_are_refused) {
    int64_t handle = 5;
    CHECK_STATUS(sp2_receive_stream_get_fd(NULL, &handle), SP2_E_ARG);
    CHECK_EQ_I64(handle, -1);
    sp2_receive_stream *stream = new_stream(NULL);
    CHECK_STATUS(sp2_receive_stream_get_fd(stream, NULL), SP2_E_ARG);
    sp2_receive_stream_destroy(stream);
}

enum { LARGE_BYTES = 600000, LARGE_HEAPS = 9 };

/* What the consumer has taken, as the source knows it. */
typedef struct large_heaps {
    sp2_receive_stream *stream;
    ready_handle handle;
    atomic_uint taken;
} large_heaps;

/* Every two heaps are more than a MiB. All of them are one slice: the consumer must have been told
 * of the ones before within it. */
static void copy_after_consumer(void *context, uint8_t *heap, const sp2_packet_header *packet) {
    large_heaps *large = context;
    const uint64_t before = packet->cnt - 1;
    if (before % 2 == 0) {
        WAIT_UNTIL(atomic_load(&large->taken) >= before, PATIENCE_SECONDS);
    }
    memcpy(heap + packet->payload_offset, packet->payload, packet->payload_length);
}

/* Sleeps until the handle says that there is something, again and again. */
static void *take_large_heaps(void *context) {
    large_heaps *large = context;
    const event_loop loop = new_loop(large->handle);
    int32_t status = SP2_OK;
    while (status != SP2_E_STOPPED && CHECK(wait_for_event(&loop))) {
        sp2_heap *heap;
        uint32_t count;
        while ((status = sp2_receive_stream_pop(large->stream, &heap, 1, &count)) == SP2_OK) {
            sp2_heap_release(heap);
            atomic_fetch_add(&large->taken, 1);
        }
    }
    free_loop(&loop);
    return NULL;
}

SP2_TEST(Handle_is_readable_after_each_mib_of_a_slice) {
    datagram_list list = {0};
    uint8_t *payload = new_payload(LARGE_BYTES, 1);
    for (uint64_t cnt = 1; cnt <= LARGE_HEAPS; cnt++) {
        datagrams_add_heap(&list, cnt, payload, LARGE_BYTES, LARGE_BYTES);
    }
    sp2_receive_options options = quiet_options(0);
    options.ring_heaps = LARGE_HEAPS;
    large_heaps large = {.stream = new_stream(&options)};
    large.handle = fd_of(large.stream);
    REQUIRE_OK(sp2_receive_stream_set_copy_function(large.stream, copy_after_consumer, &large));
    test_thread consumer;
    test_thread_start(&consumer, take_large_heaps, &large);
    REQUIRE_OK(add_datagram_source(large.stream, list.datagrams, list.count));
    test_thread_join(consumer);
    CHECK_EQ_U64(atomic_load(&large.taken), LARGE_HEAPS);
    sp2_receive_stream_destroy(large.stream);
    datagrams_free(&list);
    free(payload);
}
