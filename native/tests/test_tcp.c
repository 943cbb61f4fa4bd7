/* SPDX-License-Identifier: MIT */
/* Packets from TCP connections (addendum A5.5): whatever stands between them, and however the
 * connection ends. */
#include <netinet/tcp.h>
#include <poll.h>
#include <spead2core/spead2core.h>
#include <stdlib.h>
#include <string.h>

#include "receiver.h"
#include "test.h"
#include "test_sockets.h"
#include "test_threads.h"

enum { LARGE_PAYLOAD = 3000, MOST_BYTES = 1 << 16 };

/* ---- connections ---- */

typedef struct receiver {
    sp2_receive_stream *stream;
    sp2_packet_source *source;
    uint32_t port;
} receiver;

static sp2_packet_source_stats source_stats(sp2_packet_source *source) {
    sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
    REQUIRE_OK(sp2_packet_source_get_stats(source, &stats));
    return stats;
}

static sp2_packet_source_info source_info(sp2_packet_source *source) {
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    REQUIRE_OK(sp2_packet_source_get_info(source, &info));
    return info;
}

static sp2_tcp_source_options loopback_options(uint32_t flags) {
    sp2_tcp_source_options options = SP2_TCP_SOURCE_OPTIONS_INIT;
    options.flags = flags;
    options.host = "127.0.0.1";
    return options;
}

static receiver receive_with(const sp2_receive_options *options,
                             const sp2_tcp_source_options *tcp) {
    receiver self = {.stream = new_stream(options)};
    REQUIRE_OK(sp2_receive_stream_add_tcp_source(self.stream, tcp, &self.source));
    self.port = source_info(self.source).port;
    REQUIRE(self.port != 0);
    return self;
}

static receiver new_receiver(uint32_t flags, uint32_t max_size) {
    sp2_tcp_source_options tcp = loopback_options(flags);
    tcp.max_size = max_size;
    return receive_with(NULL, &tcp);
}

static void destroy_receiver(receiver *self) {
    sp2_receive_stream_destroy(self->stream);
    sp2_packet_source_release(self->source);
}

static struct sockaddr_in loopback_address(uint32_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* A socket that is not connected yet, whose segments leave at once. */
static test_socket new_socket(void) {
    const test_socket fd = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(fd != NO_SOCKET && test_set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1));
    return fd;
}

static test_socket connect_to(uint32_t port) {
    const struct sockaddr_in address = loopback_address(port);
    const test_socket fd = new_socket();
    REQUIRE(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

/* A socket that listens at a port that the system chooses. */
static test_socket new_listener(uint32_t *port) {
    struct sockaddr_in address = loopback_address(0);
    socklen_t length = sizeof(address);
    const test_socket fd = new_socket();
    REQUIRE(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 4) == 0);
    REQUIRE(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void send_bytes(test_socket fd, const uint8_t *bytes, size_t length) {
    while (length != 0) {
        const ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        REQUIRE(sent > 0);
        bytes += sent;
        length -= (size_t)sent;
    }
}

static void send_in_pieces(test_socket fd, const uint8_t *bytes, size_t length, size_t piece) {
    for (size_t i = 0; i < length; i += piece) {
        send_bytes(fd, bytes + i, length - i < piece ? length - i : piece);
    }
}

/* Ends a connection with an error for the other end, instead of in order. */
static void reset_connection(test_socket fd) {
    const struct linger at_once = {.l_onoff = 1};
    REQUIRE(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) == 0);
    test_socket_close(fd);
}

/* ---- bytes ---- */

typedef struct byte_list {
    size_t length;
    uint8_t bytes[MOST_BYTES];
} byte_list;

static void add_bytes(byte_list *list, const void *bytes, size_t length) {
    REQUIRE(list->length + length <= sizeof(list->bytes));
    memcpy(list->bytes + list->length, bytes, length);
    list->length += length;
}

/* P(n) of the addendum, with as much payload as is asked for. */
static void add_packet(byte_list *list, uint64_t cnt, uint64_t payload_length) {
    packet_builder packet;
    uint8_t payload[LARGE_PAYLOAD];
    for (size_t i = 0; i < sizeof(payload); i++) {
        payload[i] = (uint8_t)i;
    }
    packet_begin_heap(&packet, 40, cnt, (int64_t)payload_length, 0, payload_length);
    packet_add_address(&packet, 0x1000, 0);
    packet_add_payload(&packet, payload, payload_length);
    add_bytes(list, packet.bytes, packet.length);
    packet_free(&packet);
}

static int hex_digit(char c) {
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* Words: P and a digit is a packet, L is heap 9 with a large packet; all else is in hex. */
static void add_words(byte_list *list, const char *words) {
    for (const char *c = words; *c != '\0'; c++) {
        if (*c == 'P') {
            add_packet(list, (uint64_t)(*++c - '0'), 16);
        } else if (*c == 'L') {
            add_packet(list, 9, LARGE_PAYLOAD);
        } else if (*c != ' ') {
            const uint8_t byte = (uint8_t)(hex_digit(c[0]) << 4 | hex_digit(c[1]));
            add_bytes(list, &byte, 1);
            c++;
        }
    }
}

/* What must have come: heaps of P(n) with these cnts. */
static void check_cnts(const heap_list *heaps, const char *cnts) {
    static const uint8_t payload[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    if (CHECK_EQ_U64(heaps->count, strlen(cnts))) {
        for (uint64_t i = 0; i < heaps->count; i++) {
            check_heap(heaps->heaps[i], (uint64_t)(cnts[i] - '0'), payload, sizeof(payload));
        }
    }
}

/* ---- the vectors of the addendum ---- */

typedef struct tcp_vector {
    const char *tag;
    const char *words;
    const char *cnts; /* of the heaps that come of them */
    uint32_t max_size;
    bool is_reset;
    size_t piece; /* bytes in a segment; 0: this does not matter */
    uint64_t packets;
    uint64_t malformed;
    uint64_t size_mismatch;
    uint64_t truncated;
    uint64_t skipped;
    uint64_t unfinished;
} tcp_vector;

static const tcp_vector vectors[] = {
    {.tag = "T02",
     .words = "5304020600000006 8001000000abcdef 8002000000000001 8003000000000000 8004000000000001"
              "aaaa000000000bad 0000000000000000",
     .cnts = "",
     .unfinished = 56},
    {.tag = "T03", .words = "P1 P2", .cnts = "12", .packets = 2, .piece = 1},
    {.tag = "T04",
     .words = "P1 4741524241474521 P2",
     .cnts = "12",
     .packets = 2,
     .malformed = 1,
     .skipped = 8},
    {.tag = "T05",
     .words = "P1 4741524241 P2 P3",
     .cnts = "123",
     .packets = 3,
     .malformed = 1,
     .skipped = 5},
    {.tag = "T06",
     .words = "P1 L P2",
     .cnts = "12",
     .max_size = 2048,
     .packets = 2,
     .truncated = 1},
    {.tag = "T07",
     .words = "P1 5304030500000005 8000010000000002 80000200",
     .cnts = "1",
     .packets = 1,
     .unfinished = 20},
    {.tag = "T08",
     .words = "P1 5304030500000005 8000010000000002 80000200",
     .cnts = "1",
     .is_reset = true,
     .packets = 1,
     .unfinished = 20},
    {.tag = "T09",
     .words = "P1 5304030500000002 8000030000000000 8000040000000004 61626364 P2",
     .cnts = "12",
     .packets = 2,
     .malformed = 1},
    {.tag = "T10",
     .words = "P1 5304030500000006 8000010000000007 8000020000000010 8000030000000000"
              "8000040000000010 8000040000000008 0010000000000000 000102030405060708090a0b0c0d0e0f"
              "P2",
     .cnts = "12",
     .packets = 2,
     .size_mismatch = 1},
    {.tag = "T11",
     .words = "P1 5304030500000001 8000010000000007 P2",
     .cnts = "12",
     .packets = 2,
     .malformed = 1,
     .skipped = 16},
    {.tag = "T12",
     .words = "P1 5304030500000400 P2",
     .cnts = "12",
     .max_size = 4096,
     .packets = 2,
     .malformed = 1,
     .skipped = 8},
    {.tag = "garbage to the end",
     .words = "P1 00000053 04",
     .cnts = "1",
     .packets = 1,
     .malformed = 1,
     .skipped = 5},
    {.tag = "a packet whose size is unlikely, after garbage",
     .words = "P1 00 5304030500000001 8000040fffffffff P2",
     .cnts = "12",
     .packets = 2,
     .malformed = 1,
     .skipped = 17},
    {.tag = "wrong widths",
     .words = "P1 53040306 P2",
     .cnts = "12",
     .packets = 2,
     .malformed = 1,
     .skipped = 4},
    {.tag = "width 0",
     .words = "P1 53040008 P2",
     .cnts = "12",
     .packets = 2,
     .malformed = 1,
     .skipped = 4},
    {.tag = "two losses",
     .words = "P1 00 P2 00 P3",
     .cnts = "123",
     .packets = 3,
     .malformed = 2,
     .skipped = 2},
};

static void check_vector(const tcp_vector *vector, size_t piece) {
    byte_list list = {0};
    add_words(&list, vector->words);
    receiver self = new_receiver(0, vector->max_size);
    const test_socket fd = connect_to(self.port);
    send_in_pieces(fd, list.bytes, list.length, piece);
    if (vector->is_reset) {
        WAIT_UNTIL(source_stats(self.source).bytes == list.length, PATIENCE_SECONDS);
        reset_connection(fd);
    } else {
        test_socket_close(fd);
    }
    heap_list heaps = pop_all(self.stream);
    check_cnts(&heaps, vector->cnts);
    heaps_free(&heaps);
    const sp2_packet_source_stats stats = source_stats(self.source);
    const sp2_receive_stats all = stats_of(self.stream);
    check_sums(&all);
    CHECK_EQ_U64(all.packets, vector->packets);
    CHECK_EQ_U64(stats.packets, vector->packets);
    CHECK_EQ_U64(stats.bytes, list.length);
    CHECK_EQ_U64(stats.malformed, vector->malformed);
    CHECK_EQ_U64(stats.size_mismatch, vector->size_mismatch);
    CHECK_EQ_U64(stats.truncated, vector->truncated);
    CHECK_EQ_U64(stats.skipped_bytes, vector->skipped);
    CHECK_EQ_U64(stats.unfinished_bytes, vector->unfinished);
    CHECK_EQ_U64(stats.errors, vector->is_reset);
    CHECK_EQ_U64(stats.connections, 1);
    destroy_receiver(&self);
}

/* However the bytes are cut into segments. */
SP2_TEST(Tcp_vectors_of_the_specification_are_received) {
    static const size_t pieces[] = {1, 3, 8, MOST_BYTES};
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        for (size_t j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++) {
            sp2_test_context("%s in pieces of %zu bytes", vectors[i].tag, pieces[j]);
            check_vector(&vectors[i], pieces[j]);
        }
    }
    sp2_test_context("%s", "");
}

SP2_TEST(Packet_is_found_behind_any_number_of_bytes_of_garbage) {
    byte_list list = {0};
    uint64_t skipped = 0;
    for (uint64_t garbage = 0; garbage < 40; garbage++) {
        for (uint64_t i = 0; i < garbage; i++) {
            /* Among them many that a header might begin with. */
            const uint8_t byte = (uint8_t)(i % 3 == 0 ? 0x53 : i % 3 == 1 ? 0x04 : i);
            add_bytes(&list, &byte, 1);
        }
        skipped += garbage;
        add_packet(&list, garbage, 16);
    }
    receiver self = new_receiver(0, 0);
    const test_socket fd = connect_to(self.port);
    send_bytes(fd, list.bytes, list.length);
    test_socket_close(fd);
    heap_list heaps = pop_all(self.stream);
    if (CHECK_EQ_U64(heaps.count, 40)) {
        for (uint64_t i = 0; i < 40; i++) {
            CHECK_EQ_U64(info_of(heaps.heaps[i]).cnt, i);
        }
    }
    heaps_free(&heaps);
    CHECK_EQ_U64(source_stats(self.source).skipped_bytes, skipped);
    CHECK_EQ_U64(source_stats(self.source).malformed, 39);
    destroy_receiver(&self);
}

/* ---- work ---- */

enum { HOSTILE_BYTES = 32 << 20 };

typedef struct hostile_sender {
    test_socket fd;
    const uint8_t *pattern;
    size_t length;
} hostile_sender;

static void *send_pattern(void *context) {
    const hostile_sender *self = context;
    uint8_t *bytes = malloc(MOST_BYTES);
    REQUIRE(bytes != NULL);
    for (size_t i = 0; i < MOST_BYTES; i++) {
        bytes[i] = self->pattern[i % self->length];
    }
    for (int i = 0; i < HOSTILE_BYTES / MOST_BYTES; i++) {
        send_bytes(self->fd, bytes, MOST_BYTES);
    }
    free(bytes);
    test_socket_close(self->fd);
    return NULL;
}

/* Were each header's item pointers looked at for itself, this would take minutes. */
SP2_TEST(Bytes_that_are_no_packets_cost_a_few_steps_each) {
    static const uint8_t magic[] = {0x53};
    static const uint8_t headers[] = {0x53, 4, 3, 5, 0, 0, 0xff, 0xff};
    static const uint8_t empty[] = {0x53, 4, 3, 5, 0, 0, 0, 0};
    static const struct {
        const uint8_t *pattern;
        size_t length;
    } patterns[] = {{magic, sizeof(magic)}, {headers, sizeof(headers)}, {empty, sizeof(empty)}};
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        receiver self = new_receiver(0, 1 << 20);
        hostile_sender sender = {connect_to(self.port), patterns[i].pattern, patterns[i].length};
        test_thread thread;
        test_thread_start(&thread, send_pattern, &sender);
        heap_list heaps = pop_all(self.stream);
        CHECK_EQ_U64(heaps.count, 0);
        heaps_free(&heaps);
        test_thread_join(thread);
        const sp2_packet_source_stats stats = source_stats(self.source);
        CHECK_EQ_U64(stats.bytes, HOSTILE_BYTES);
        CHECK_EQ_U64(stats.skipped_bytes, HOSTILE_BYTES);
        CHECK_EQ_U64(stats.malformed, 1);
        destroy_receiver(&self);
    }
}

/* ---- a consumer that is slow ---- */

enum { MANY_HEAPS = 100, MANY_BYTES = 200000, PACKET_PAYLOAD = 50000 };

static void *send_heaps(void *context) {
    const test_socket fd = *(test_socket *)context;
    for (uint64_t cnt = 1; cnt <= MANY_HEAPS; cnt++) {
        datagram_list list = {0};
        uint8_t *payload = new_payload(MANY_BYTES, cnt);
        datagrams_add_heap(&list, cnt, payload, MANY_BYTES, PACKET_PAYLOAD);
        free(payload);
        size_t length;
        uint8_t *bytes = datagrams_join(&list, &length);
        send_in_pieces(fd, bytes, length, 9999);
        free(bytes);
        datagrams_free(&list);
    }
    test_socket_close(fd);
    return NULL;
}

SP2_TEST(Sender_waits_while_the_ring_is_full_and_nothing_is_lost) {
    sp2_receive_options options = quiet_options(0);
    options.ring_heaps = 1;
    const sp2_tcp_source_options tcp = loopback_options(0);
    receiver self = receive_with(&options, &tcp);
    test_socket fd = connect_to(self.port);
    test_thread thread;
    test_thread_start(&thread, send_heaps, &fd);
    /* 20 MB, of which sockets keep a few. */
    WAIT_UNTIL(source_stats(self.source).blocked != 0, PATIENCE_SECONDS);
    CHECK(source_stats(self.source).bytes < (uint64_t)4 * MANY_BYTES);
    CHECK_EQ_U64(source_info(self.source).state, SP2_SOURCE_BLOCKED);
    heap_list heaps = pop_all(self.stream);
    if (CHECK_EQ_U64(heaps.count, MANY_HEAPS)) {
        for (uint64_t i = 0; i < MANY_HEAPS; i++) {
            check_filled_heap(heaps.heaps[i], i + 1, MANY_BYTES);
        }
    }
    heaps_free(&heaps);
    test_thread_join(thread);
    CHECK_EQ_U64(source_stats(self.source).skipped_bytes, 0);
    destroy_receiver(&self);
}

/* ---- connections that come and go ---- */

static void send_words(test_socket fd, const char *words) {
    byte_list list = {0};
    add_words(&list, words);
    send_bytes(fd, list.bytes, list.length);
}

static bool is_refused(uint32_t port) {
    const struct sockaddr_in address = loopback_address(port);
    const test_socket fd = new_socket();
    const bool refused = connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 &&
                         errno == ECONNREFUSED;
    test_socket_close(fd);
    return refused;
}

SP2_TEST(Second_connection_is_refused) {
    receiver self = new_receiver(0, 0);
    const test_socket fd = connect_to(self.port);
    WAIT_UNTIL(source_stats(self.source).connections == 1, PATIENCE_SECONDS);
    CHECK(is_refused(self.port));
    send_words(fd, "P1");
    test_socket_close(fd);
    heap_list heaps = pop_all(self.stream);
    check_cnts(&heaps, "1");
    heaps_free(&heaps);
    CHECK_EQ_U64(source_info(self.source).state, SP2_SOURCE_ENDED);
    destroy_receiver(&self);
}

/* What one connection leaves unfinished does not concern the next one. */
SP2_TEST(Source_that_reaccepts_goes_on_with_the_next_connection) {
    receiver self = new_receiver(SP2_TCP_REACCEPT, 0);
    static const char *const endings[] = {
        "P1",
        ("P2 5304030500000005 8000010000000009 8000020000000010 8000030000000000 8000040000000010"
         "0010000000000000 0001"),
        "P3 00",
        "P4 530403050000",
    };
    for (int i = 0; i < 4; i++) {
        const test_socket fd = connect_to(self.port);
        send_words(fd, endings[i]);
        heap_list heaps = pop_count(self.stream, 1);
        const char cnt[] = {(char)('1' + i), '\0'};
        check_cnts(&heaps, cnt);
        heaps_free(&heaps);
        if (i == 3) {
            WAIT_UNTIL(source_stats(self.source).bytes == 4 * 64 + 50 + 1 + 6, PATIENCE_SECONDS);
            reset_connection(fd);
        } else {
            test_socket_close(fd);
        }
    }
    WAIT_UNTIL(source_stats(self.source).errors == 1, PATIENCE_SECONDS);
    CHECK_EQ_U64(source_info(self.source).state, SP2_SOURCE_RUNNING);
    const sp2_packet_source_stats stats = source_stats(self.source);
    CHECK_EQ_U64(stats.connections, 4);
    CHECK_EQ_U64(stats.unfinished_bytes, 50 + 6);
    CHECK_EQ_U64(stats.skipped_bytes, 1);
    REQUIRE_OK(sp2_receive_stream_stop(self.stream));
    CHECK(is_refused(self.port));
    destroy_receiver(&self);
}

/* Connections that came while another was received from wait for their turn. */
SP2_TEST(Next_connection_waits_until_the_first_has_ended) {
    receiver self = new_receiver(SP2_TCP_REACCEPT, 0);
    const test_socket first = connect_to(self.port);
    WAIT_UNTIL(source_stats(self.source).connections == 1, PATIENCE_SECONDS);
    const test_socket second = connect_to(self.port);
    send_words(second, "P2");
    send_words(first, "P1");
    test_socket_close(second);
    test_socket_close(first);
    heap_list heaps = pop_count(self.stream, 2);
    check_cnts(&heaps, "12");
    heaps_free(&heaps);
    destroy_receiver(&self);
}

SP2_TEST(Stop_item_ends_the_stream_within_a_connection) {
    receiver self = new_receiver(SP2_TCP_REACCEPT, 0);
    const test_socket fd = connect_to(self.port);
    datagram_list list = {0};
    datagrams_add_stop(&list, 7);
    byte_list bytes = {0};
    add_words(&bytes, "P1");
    add_bytes(&bytes, list.datagrams[0].data, list.datagrams[0].length);
    add_words(&bytes, "P2");
    send_bytes(fd, bytes.bytes, bytes.length);
    heap_list heaps = pop_all(self.stream);
    check_cnts(&heaps, "1");
    heaps_free(&heaps);
    WAIT_UNTIL(source_info(self.source).state == SP2_SOURCE_ENDED, PATIENCE_SECONDS);
    WAIT_UNTIL(source_stats(self.source).unfinished_bytes == 64, PATIENCE_SECONDS);
    test_socket_close(fd);
    datagrams_free(&list);
    destroy_receiver(&self);
}

SP2_TEST(Unstarted_stream_listens_but_accepts_at_its_start) {
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_EXPLICIT_START);
    const sp2_tcp_source_options tcp = loopback_options(0);
    receiver self = receive_with(&options, &tcp);
    const test_socket fd = connect_to(self.port);
    send_words(fd, "P1");
    sp2_test_nap();
    CHECK_EQ_U64(source_stats(self.source).connections, 0);
    REQUIRE_OK(sp2_receive_stream_start(self.stream));
    test_socket_close(fd);
    heap_list heaps = pop_all(self.stream);
    check_cnts(&heaps, "1");
    heaps_free(&heaps);
    destroy_receiver(&self);
}

SP2_TEST(Removed_source_closes_its_connection) {
    receiver self = new_receiver(0, 0);
    const test_socket fd = connect_to(self.port);
    send_words(fd, "P1 5304");
    heap_list heaps = pop_count(self.stream, 1);
    heaps_free(&heaps);
    WAIT_UNTIL(source_stats(self.source).bytes == 66, PATIENCE_SECONDS);
    REQUIRE_OK(sp2_packet_source_remove(self.source));
    uint8_t byte;
    CHECK(recv(fd, &byte, 1, 0) == 0);
    CHECK_EQ_U64(source_stats(self.source).unfinished_bytes, 2);
    CHECK_EQ_U64(source_info(self.source).state, SP2_SOURCE_REMOVED);
    test_socket_close(fd);
    destroy_receiver(&self);
}

SP2_TEST(Source_of_a_stopped_stream_has_ended) {
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    const sp2_tcp_source_options tcp = loopback_options(0);
    sp2_packet_source *source = NULL;
    REQUIRE_OK(sp2_receive_stream_add_tcp_source(stream, &tcp, &source));
    CHECK_EQ_U64(source_info(source).state, SP2_SOURCE_ENDED);
    CHECK_EQ_U64(source_info(source).kind, SP2_SOURCE_TCP);
    CHECK_EQ_U64(source_info(source).port, 0);
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(stream);
}

/* ---- sources that connect ---- */

SP2_TEST(Source_connects_to_a_sender_that_listens) {
    sp2_tcp_source_options tcp = loopback_options(SP2_TCP_CONNECT);
    const test_socket listener = new_listener(&tcp.port);
    receiver self = receive_with(NULL, &tcp);
    const test_socket fd = accept(listener, NULL, NULL);
    REQUIRE(fd != NO_SOCKET);
    send_words(fd, "P1 P2");
    test_socket_close(fd);
    test_socket_close(listener);
    heap_list heaps = pop_all(self.stream);
    check_cnts(&heaps, "12");
    heaps_free(&heaps);
    const sp2_packet_source_stats stats = source_stats(self.source);
    CHECK_EQ_U64(stats.sender_port, tcp.port);
    CHECK(strcmp(stats.sender, "127.0.0.1") == 0);
    CHECK_EQ_U64(stats.connections, 1);
    destroy_receiver(&self);
}

/* Which of the two it is depends on when the other host answers. */
SP2_TEST(Connection_that_nobody_accepts_is_an_error) {
    sp2_tcp_source_options tcp = loopback_options(SP2_TCP_CONNECT);
    test_socket_close(new_listener(&tcp.port));
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_packet_source *source = NULL;
    const int32_t status = sp2_receive_stream_add_tcp_source(stream, &tcp, &source);
    if (status == SP2_OK) {
        heap_list heaps = pop_all(stream);
        heaps_free(&heaps);
        CHECK_EQ_U64(source_stats(source).errors, 1);
        CHECK_EQ_U64(source_stats(source).connections, 0);
    } else {
        CHECK_STATUS(status, SP2_E_OS);
        CHECK_EQ_I64(sp2_last_error_os_code(), ECONNREFUSED);
        CHECK_CONTAINS(sp2_last_error_message(), "cannot connect to TCP port");
        CHECK(source == NULL);
    }
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(stream);
}

/* ---- sockets of the user's ---- */

static sp2_tcp_source_options socket_options(test_socket fd, uint32_t flags) {
    sp2_tcp_source_options tcp = SP2_TCP_SOURCE_OPTIONS_INIT;
    tcp.flags = SP2_TCP_EXISTING_SOCKET | flags;
    tcp.socket = fd;
    return tcp;
}

SP2_TEST(Listening_socket_of_the_user_is_accepted_from) {
    uint32_t port;
    const test_socket listener = new_listener(&port);
    const sp2_tcp_source_options tcp = socket_options(listener, SP2_TCP_REACCEPT);
    receiver self = receive_with(NULL, &tcp);
    test_socket_close(listener);
    CHECK_EQ_U64(self.port, port);
    for (int i = 0; i < 2; i++) {
        const test_socket fd = connect_to(port);
        send_words(fd, i == 0 ? "P1" : "P2");
        test_socket_close(fd);
    }
    heap_list heaps = pop_count(self.stream, 2);
    check_cnts(&heaps, "12");
    heaps_free(&heaps);
    destroy_receiver(&self);
}

SP2_TEST(Connected_socket_of_the_user_is_received_from) {
    uint32_t port;
    const test_socket listener = new_listener(&port);
    const test_socket sender = connect_to(port);
    const test_socket fd = accept(listener, NULL, NULL);
    REQUIRE(fd != NO_SOCKET);
    const sp2_tcp_source_options tcp = socket_options(fd, 0);
    receiver self = receive_with(NULL, &tcp);
    test_socket_close(fd);
    send_words(sender, "P1");
    test_socket_close(sender);
    heap_list heaps = pop_all(self.stream);
    check_cnts(&heaps, "1");
    heaps_free(&heaps);
    CHECK_EQ_U64(source_stats(self.source).connections, 1);
    test_socket_close(listener);
    destroy_receiver(&self);
}

/* Its owner has the last word. */
SP2_TEST(Listening_socket_that_is_shut_down_ends_the_source) {
    uint32_t port;
    const test_socket listener = new_listener(&port);
    const sp2_tcp_source_options tcp = socket_options(listener, 0);
    receiver self = receive_with(NULL, &tcp);
    REQUIRE(shutdown(listener, SHUT_RDWR) == 0);
    heap_list heaps = pop_all(self.stream);
    CHECK_EQ_U64(heaps.count, 0);
    heaps_free(&heaps);
    CHECK_EQ_U64(source_stats(self.source).errors, 1);
    test_socket_close(listener);
    destroy_receiver(&self);
}

/* ---- options ---- */

static void check_refused(const sp2_tcp_source_options *tcp, int32_t status, const char *says) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_packet_source *source = (sp2_packet_source *)stream;
    CHECK_STATUS(sp2_receive_stream_add_tcp_source(stream, tcp, &source), status);
    CHECK(source == NULL);
    CHECK_CONTAINS(sp2_last_error_message(), says);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Tcp_options_that_break_a_rule_are_refused) {
    uint32_t port;
    const test_socket listener = new_listener(&port);
    const test_socket sender = connect_to(port);
    const test_socket idle = new_socket();
    const test_socket udp = socket(AF_INET, SOCK_DGRAM, 0);
    const struct {
        sp2_tcp_source_options tcp;
        int32_t status;
        const char *says;
    } rules[] = {
        {{.flags = 8}, SP2_E_TOO_NEW, "flags"},
        {{.port = 65536}, SP2_E_ARG, "port"},
        {{.max_size = SP2_TCP_LARGEST_PACKET + 1}, SP2_E_ARG, "max_size"},
        {{.socket = listener}, SP2_E_ARG, "socket"},
        {{.flags = SP2_TCP_CONNECT, .port = 1}, SP2_E_ARG, "host"},
        {{.flags = SP2_TCP_CONNECT, .host = "", .port = 1}, SP2_E_ARG, "host"},
        {{.flags = SP2_TCP_CONNECT, .host = "127.0.0.1"}, SP2_E_ARG, "port"},
        {{.flags = SP2_TCP_CONNECT | SP2_TCP_REACCEPT, .host = "127.0.0.1", .port = 1},
         SP2_E_ARG,
         "SP2_TCP_REACCEPT"},
        {{.flags = SP2_TCP_CONNECT | SP2_TCP_EXISTING_SOCKET, .socket = sender},
         SP2_E_ARG,
         "SP2_TCP_EXISTING_SOCKET"},
        {{.flags = SP2_TCP_EXISTING_SOCKET, .socket = listener, .host = "127.0.0.1"},
         SP2_E_ARG,
         "host"},
        {{.flags = SP2_TCP_EXISTING_SOCKET, .socket = listener, .port = port}, SP2_E_ARG, "port"},
        {{.flags = SP2_TCP_EXISTING_SOCKET, .socket = listener, .buffer_size = 1},
         SP2_E_ARG,
         "buffer_size"},
        {{.flags = SP2_TCP_EXISTING_SOCKET | SP2_TCP_REACCEPT, .socket = sender},
         SP2_E_ARG,
         "does not listen"},
        {{.flags = SP2_TCP_EXISTING_SOCKET, .socket = idle}, SP2_E_ARG, "not one for TCP"},
        {{.flags = SP2_TCP_EXISTING_SOCKET, .socket = udp}, SP2_E_ARG, "not one for TCP"},
        {{.flags = SP2_TCP_EXISTING_SOCKET, .socket = -1}, SP2_E_ARG, "no open socket"},
        {{.host = "no.such.host.invalid"}, SP2_E_ADDRESS, "resolve"},
        {{.host = "127.0.0.1", .port = port}, SP2_E_OS, "cannot bind to TCP port"},
    };
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        sp2_test_context("rule %zu", i);
        sp2_tcp_source_options tcp = rules[i].tcp;
        tcp.size = sizeof(tcp);
        check_refused(&tcp, rules[i].status, rules[i].says);
    }
    sp2_test_context("%s", "");
    CHECK_STATUS(sp2_receive_stream_add_tcp_source(NULL, NULL, NULL), SP2_E_ARG);
    test_socket_close(udp);
    test_socket_close(idle);
    test_socket_close(sender);
    test_socket_close(listener);
}

SP2_TEST(Socket_buffer_is_that_of_the_connection) {
    sp2_tcp_source_options tcp = loopback_options(0);
    tcp.buffer_size = 65536;
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_EXPLICIT_START);
    receiver self = receive_with(&options, &tcp);
    const test_socket fd = connect_to(self.port);
    /* The stream has not been started: what is sent waits in the kernel. */
    uint8_t bytes[MOST_BYTES] = {0};
    uint64_t sent = 0;
    REQUIRE(test_set_option(fd, SOL_SOCKET, SO_SNDBUF, 65536));
    for (ssize_t n = 0; n >= 0; sent += (uint64_t)(n > 0 ? n : 0)) {
        struct pollfd room = {.fd = fd, .events = POLLOUT};
        n = poll(&room, 1, 500) == 1 ? send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) : -1;
    }
    /* Left to itself the system takes some megabytes. */
    CHECK(sent < 1 << 20);
    test_socket_close(fd);
    destroy_receiver(&self);
}

SP2_TEST(Heaps_know_who_sent_them_by_tcp) {
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_RECORD_SENDERS);
    const sp2_tcp_source_options tcp = loopback_options(0);
    receiver self = receive_with(&options, &tcp);
    const test_socket fd = connect_to(self.port);
    struct sockaddr_in own;
    socklen_t length = sizeof(own);
    REQUIRE(getsockname(fd, (struct sockaddr *)&own, &length) == 0);
    send_words(fd, "P1");
    test_socket_close(fd);
    heap_list heaps = pop_all(self.stream);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        const sp2_heap_info info = info_of(heaps.heaps[0]);
        CHECK_EQ_U64(info.sender_port, ntohs(own.sin_port));
        CHECK_EQ_U64(info.sender_length, 4);
    }
    heaps_free(&heaps);
    CHECK_EQ_U64(source_stats(self.source).sender_port, ntohs(own.sin_port));
    destroy_receiver(&self);
}
