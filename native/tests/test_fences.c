/* SPDX-License-Identifier: MIT */
/*
 * The fence after non-temporal copies. What such copies write is visible to others, in this test to
 * anybody, only after the next fence: a processor may leave it so long, but hardly ever does. So
 * where a fence is missing a heap has wrong content, or a block is freed that is still written to.
 */
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "loopback.h"
#include "memory/copy.h"
#include "receive/stream.h"
#include "receiver.h"

enum { PACKET = 4096, PACKETS = 8, LENGTH = PACKETS * PACKET };

/* ---- copies that wait for a fence ---- */

typedef struct late_copy {
    struct late_copy *next;
    uint8_t *to;
    size_t length;
    uint8_t bytes[];
} late_copy;

/* Changed by the thread of the stream, or under its lock. */
static late_copy *late;

static void copy_lines_late(uint8_t *to, const uint8_t *from, size_t lines) {
    const size_t length = lines * SP2__COPY_LINE;
    late_copy *copy = malloc(sizeof(*copy) + length);
    REQUIRE(copy != NULL);
    copy->next = late;
    copy->to = to;
    copy->length = length;
    memcpy(copy->bytes, from, length);
    late = copy;
}

void __real_sp2__copy_fence(void);
void __wrap_sp2__copy_fence(void);

void __wrap_sp2__copy_fence(void) {
    __real_sp2__copy_fence();
    while (late != NULL) {
        late_copy *copy = late;
        late = copy->next;
        memcpy(copy->to, copy->bytes, copy->length);
        free(copy);
    }
}

/* ---- memory that says when it is freed too early ---- */

static unsigned freed;
static unsigned freed_early;

static void *allocate_block(void *context, uint64_t size, const sp2_packet_header *packet,
                            void **block_context) {
    (void)context;
    (void)packet;
    (void)block_context;
    return calloc(1, size);
}

static void free_block(void *context, void *block, uint64_t size, void *block_context) {
    (void)context;
    (void)block_context;
    freed++;
    for (const late_copy *copy = late; copy != NULL; copy = copy->next) {
        freed_early += copy->to >= (uint8_t *)block && copy->to < (uint8_t *)block + size;
    }
    free(block);
}

static sp2_receive_stream *new_late_stream(const sp2_receive_options *options) {
    sp2_receive_stream *stream = new_stream(options);
    sp2_allocator_options allocator_options = SP2_ALLOCATOR_OPTIONS_INIT;
    allocator_options.allocate = allocate_block;
    allocator_options.free = free_block;
    sp2_allocator *allocator = NULL;
    REQUIRE_OK(sp2_allocator_create(&allocator_options, &allocator));
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, allocator));
    sp2_allocator_destroy(allocator);
    stream->assembler.copier.lines = copy_lines_late;
    REQUIRE_OK(sp2_receive_stream_set_memcpy(stream, SP2_MEMCPY_NONTEMPORAL));
    freed = 0;
    freed_early = 0;
    return stream;
}

/* Receives the list; its heaps must be these many, each with the content of its cnt. */
static void check_late_stream(const sp2_receive_options *options, const datagram_list *list,
                              uint64_t expected) {
    sp2_receive_stream *stream = new_late_stream(options);
    REQUIRE_OK(add_datagram_source(stream, list->datagrams, list->count));
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, expected);
    for (uint64_t i = 0; i < heaps.count; i++) {
        const sp2_heap_info info = info_of(heaps.heaps[i]);
        uint8_t *payload = new_payload(LENGTH, info.cnt);
        if (CHECK_EQ_U64(info.payload_length, LENGTH)) {
            CHECK_MEM(info.payload, payload, LENGTH);
        }
        free(payload);
    }
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    CHECK(freed != 0);
    CHECK_EQ_U64(freed_early, 0);
}

static void add_packets(datagram_list *list, uint64_t cnt, int64_t length, uint64_t packets) {
    uint8_t *payload = new_payload(LENGTH, cnt);
    for (uint64_t i = 0; i < packets; i++) {
        datagrams_add_part(list, 48, cnt, length, payload, i * PACKET, PACKET);
    }
    free(payload);
}

SP2_TEST(Published_heap_is_behind_a_fence) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 20; cnt++) {
        add_packets(&list, cnt, LENGTH, PACKETS);
    }
    check_late_stream(NULL, &list, 20);
    datagrams_free(&list);
}

SP2_TEST(Heap_that_grows_takes_all_of_its_payload_along) {
    datagram_list list = {0};
    add_packets(&list, 1, NO_HEAP_LENGTH, PACKETS);
    check_late_stream(NULL, &list, 1);
    CHECK(freed >= 3);
    datagrams_free(&list);
}

SP2_TEST(Block_of_a_dropped_heap_is_behind_a_fence) {
    sp2_receive_options options = quiet_options(0);
    options.max_heaps = 1;
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 5; cnt++) {
        add_packets(&list, cnt, LENGTH, PACKETS / 2);
    }
    check_late_stream(&options, &list, 0);
    CHECK_EQ_U64(freed, 5);
    datagrams_free(&list);
}

SP2_TEST(Block_of_a_stop_heap_is_behind_a_fence) {
    datagram_list list = {0};
    uint8_t *payload = new_payload(LENGTH, 1);
    packet_builder packet;
    packet_begin_heap(&packet, 48, 1, PACKET, 0, PACKET);
    packet_add_immediate(&packet, 6, 2);
    packet_add_payload(&packet, payload, PACKET);
    datagrams_add_packet(&list, &packet);
    check_late_stream(NULL, &list, 0);
    CHECK_EQ_U64(freed, 1);
    free(payload);
    datagrams_free(&list);
}

/* Another source's thread may have the lock next. */
SP2_TEST(Lock_of_a_stream_is_left_behind_a_fence) {
    sp2_receive_stream *stream = new_late_stream(NULL);
    const uint32_t port = open_loopback_source(stream);
    datagram_list list = {0};
    add_packets(&list, 1, LENGTH, 3);
    send_to_loopback(port, &list);
    WAIT_UNTIL(stats_of(stream).packets == 3, 10);
    sp2__mutex_lock(&stream->lock);
    CHECK(late == NULL);
    CHECK(!stream->assembler.copier.fence_due);
    sp2__mutex_unlock(&stream->lock);
    sp2_receive_stream_destroy(stream);
    CHECK_EQ_U64(freed_early, 0);
    datagrams_free(&list);
}
