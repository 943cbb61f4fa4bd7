/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a caller's socket: its options, its errors and its end, in each state of a
 * stream. Every row is a kind of socket in one state. That nothing is done while nothing arrives is
 * counted in slices of the source, never measured in time.
 */
#include <stdio.h>
#include <string.h>

#include "log_capture.h"
#include "loopback.h"

#if !defined(_WIN32)
#include <poll.h>
#endif

enum { HEAP_BYTES = 4000, PACKET_BYTES = 1000, PACKETS = 4, FULL_HEAPS = 12, ROUNDS = 20 };

/* What happens to the socket while the stream is in its state. */
typedef enum event { NOTHING, REFUSAL, SHUT_RECEIVING, SHUT_BOTH_WAYS, CLOSE } event;

enum { NOT_IN_C = 0, ON_LINUX = 1, ON_WINDOWS = 2, EVERYWHERE = ON_LINUX | ON_WINDOWS };

#if defined(_WIN32)
#define HERE ON_WINDOWS
#else
#define HERE ON_LINUX
#endif

/* Options that not every system has: its kind is not tried there. */
#if !defined(SO_TIMESTAMP)
#define SO_TIMESTAMP 0
#endif
#if !defined(SO_TIMESTAMPNS)
#define SO_TIMESTAMPNS 0
#endif
#if !defined(IP_RECVERR)
#define IP_RECVERR 0
#endif
#if !defined(IPV6_RECVPKTINFO)
#define IPV6_RECVPKTINFO IPV6_PKTINFO
#endif

typedef struct socket_kind {
    const char *name; /* as in the table of docs/testing.md */
    int systems;
    int family;
    int level; /* of an option that is set to 1; `option` 0: none */
    int option;
    bool connected; /* to the peer, which nobody has at first */
    event event;
    const char *says; /* as in that table */
} socket_kind;

typedef enum kind_index {
    PLAIN,
    TIME_STAMPS,
    TIME_STAMPS_NS,
    PACKET_INFO_V4,
    PACKET_INFO_V6,
    QUEUED_ERROR,
    CONNECTED,
    SHUT_FOR_RECEIVING,
    SHUT_FOR_BOTH,
    CLOSED,
    DISPOSED_UDP_CLIENT,
    KINDS
} kind_index;

static const socket_kind kinds[KINDS] = {
    {"no option", EVERYWHERE, AF_INET, 0, 0, false, NOTHING, "received"},
    {"`SO_TIMESTAMP`", ON_LINUX, AF_INET, SOL_SOCKET, SO_TIMESTAMP, false, NOTHING,
     "received, coalesced datagrams are split"},
    {"`SO_TIMESTAMPNS`", ON_LINUX, AF_INET, SOL_SOCKET, SO_TIMESTAMPNS, false, NOTHING,
     "received, coalesced datagrams are split"},
    {"`IP_PKTINFO`", EVERYWHERE, AF_INET, IPPROTO_IP, IP_PKTINFO, false, NOTHING,
     "received, coalesced datagrams are split"},
    {"`IPV6_RECVPKTINFO`", EVERYWHERE, AF_INET6, IPPROTO_IPV6, IPV6_RECVPKTINFO, false, NOTHING,
     "received, coalesced datagrams are split"},
    {"`IP_RECVERR`, with a queued error", ON_LINUX, AF_INET, IPPROTO_IP, IP_RECVERR, false, REFUSAL,
     "received; the error is logged once and counted, its queue emptied"},
    {"connected to a port that nobody has", ON_LINUX, AF_INET, 0, 0, true, REFUSAL,
     "received; the error is logged once and counted"},
    {"`shutdown(SHUT_RD)`", ON_LINUX, AF_INET, 0, 0, false, SHUT_RECEIVING,
     "logged once and received as before"},
    {"`shutdown(SHUT_RDWR)`", ON_LINUX, AF_INET, 0, 0, false, SHUT_BOTH_WAYS,
     "logged once and received as before"},
    {"closed by its owner", EVERYWHERE, AF_INET, 0, 0, false, CLOSE, "received"},
    {"disposed `UdpClient`", NOT_IN_C, AF_INET, 0, 0, false, CLOSE,
     "logged once and received as before"},
};

/* One row that is under way. */
typedef struct row {
    const socket_kind *kind;
    sp2_thread_pool *pool; /* of one thread */
    sp2_receive_stream *stream;
    sp2_packet_source *source;
    log_capture *log;
    test_socket owned; /* or NO_SOCKET, once it was closed */
    test_socket peer;
    uint32_t port;
    uint32_t peer_port;
    uint64_t next_cnt;
    uint64_t sent;     /* packets */
    uint64_t happened; /* times that the event did */
    bool begun;        /* a heap was received, so that the source has seen what happened before */
} row;

/* ---- sockets ---- */

static void set_address(struct sockaddr_storage *address, int family, uint32_t port) {
    memset(address, 0, sizeof(*address));
    if (family == AF_INET6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        v6->sin6_addr = in6addr_loopback;
    } else {
        struct sockaddr_in *v4 = (struct sockaddr_in *)address;
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
}

static int address_length(int family) {
    return family == AF_INET6 ? (int)sizeof(struct sockaddr_in6) : (int)sizeof(struct sockaddr_in);
}

static void connect_to(test_socket s, int family, uint32_t port) {
    struct sockaddr_storage address;
    set_address(&address, family, port);
    REQUIRE(connect(s, (const struct sockaddr *)&address, (socklen_t)address_length(family)) == 0);
}

static test_socket bound_socket(int family, uint32_t *port) {
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    set_address(&address, family, 0);
    const test_socket s = socket(family, SOCK_DGRAM, 0);
    REQUIRE(s != NO_SOCKET);
    REQUIRE(bind(s, (const struct sockaddr *)&address, (socklen_t)address_length(family)) == 0);
    REQUIRE(getsockname(s, (struct sockaddr *)&address, &length) == 0);
    *port = ntohs(family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                     : ((struct sockaddr_in *)&address)->sin_port);
    return s;
}

/* The peer's port refuses everybody: only one whom there is not might send to it. */
static void refuse(row *r) {
    uint32_t nobody;
    test_socket_close(bound_socket(r->kind->family, &nobody));
    connect_to(r->peer, r->kind->family, nobody);
}

/* Whether the socket has an error to tell, which no source has taken. */
static bool has_error(test_socket s) {
#if defined(_WIN32)
    (void)s;
    return false; /* none is made there */
#else
    struct pollfd look = {.fd = s, .events = 0};
    return poll(&look, 1, 0) == 1 && (look.revents & POLLERR);
#endif
}

static bool send_to_peer(const row *r) {
    struct sockaddr_storage address;
    set_address(&address, r->kind->family, r->peer_port);
    return r->kind->connected ? send(r->owned, "?", 1, 0) == 1
                              : sendto(r->owned, "?", 1, 0, (const struct sockaddr *)&address,
                                       (socklen_t)address_length(r->kind->family)) == 1;
}

/* Makes the event of the row happen. */
static void happen(row *r) {
    r->happened++;
    switch (r->kind->event) {
    case REFUSAL:
        refuse(r);
        /* An error that waits fails the first attempt, which takes it. */
        if (!send_to_peer(r)) {
            REQUIRE(send_to_peer(r));
        }
        break;
    case SHUT_RECEIVING:
    case SHUT_BOTH_WAYS:
        /* It fails, because the socket has no peer, but has an effect all the same. */
        (void)shutdown(r->owned,
                       r->kind->event == SHUT_RECEIVING ? TEST_SHUT_RECEIVING : TEST_SHUT_BOTH);
        break;
    case CLOSE:
        if (r->owned != NO_SOCKET) {
            test_socket_close(r->owned);
            r->owned = NO_SOCKET;
        }
        break;
    case NOTHING:
        break;
    }
}

/* ---- streams ---- */

static sp2_packet_source_stats count(const row *r) {
    sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
    REQUIRE_OK(sp2_packet_source_get_stats(r->source, &stats));
    return stats;
}

static uint32_t state_of(const row *r) {
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    REQUIRE_OK(sp2_packet_source_get_info(r->source, &info));
    return info.state;
}

/* The socket, which no stream knows yet. Skips the test where there is none of this kind. */
static row new_row(const socket_kind *kind) {
    static log_capture log = LOG_CAPTURE_INIT;
    row r = {.kind = kind, .log = &log, .next_cnt = 1};
    log.length = 0;
    log.text[0] = '\0';
    memset(log.counts, 0, sizeof(log.counts));
    if (kind->family == AF_INET6 && !has_ipv6_loopback()) {
        SKIP("this system has no IPv6 loopback address");
    }
    r.owned = bound_socket(kind->family, &r.port);
    r.peer = bound_socket(kind->family, &r.peer_port);
    if (kind->option != 0 && !test_set_option(r.owned, kind->level, kind->option, 1)) {
        SKIP("this system does not know the option %s", kind->name);
    }
    if (kind->connected) {
        connect_to(r.owned, kind->family, r.peer_port);
    }
    REQUIRE_OK(sp2_thread_pool_create(NULL, &r.pool));
    return r;
}

static void open_stream(row *r, uint32_t flags) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.flags = flags;
    options.log = log_capture_message;
    options.log_context = r->log;
    options.log_level = SP2_LOG_INFO;
    REQUIRE_OK(sp2_receive_stream_create(r->pool, &options, &r->stream));
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.flags = SP2_UDP_EXISTING_SOCKET;
    udp.socket = (int64_t)r->owned;
    REQUIRE_OK(sp2_receive_stream_add_udp_source(r->stream, &udp, &r->source));
}

static void end_row(row *r) {
    sp2_packet_source_release(r->source);
    sp2_receive_stream_destroy(r->stream);
    sp2_thread_pool_destroy(r->pool);
    test_socket_close(r->peer);
    if (r->owned != NO_SOCKET) {
        test_socket_close(r->owned);
    }
}

/* The one thread of the pool goes round at least so often, and does for the source what it has to
 * do each time. */
static void go_round(const row *r, int rounds) {
    for (int i = 0; i < rounds; i++) {
        sp2_receive_stream *other;
        const sp2_receive_options options = quiet_options(0);
        REQUIRE_OK(sp2_receive_stream_create(r->pool, &options, &other));
        REQUIRE_OK(add_datagram_source(other, NULL, 0));
        heap_list none = pop_all(other);
        CHECK_EQ_U64(none.count, 0);
        heaps_free(&none);
        sp2_receive_stream_destroy(other);
    }
}

/* Nothing arrives, so nothing is done. */
static void check_idle(const row *r) {
    go_round(r, ROUNDS);
    const uint64_t before = count(r).slices;
    go_round(r, ROUNDS);
    CHECK_EQ_U64(count(r).slices, before);
}

static datagram_list new_heap(row *r, uint64_t packet_bytes) {
    datagram_list list = {0};
    uint8_t payload[HEAP_BYTES];
    fill_payload(payload, HEAP_BYTES, r->next_cnt);
    datagrams_add_heap(&list, r->next_cnt, payload, HEAP_BYTES, packet_bytes);
    r->next_cnt++;
    r->sent += list.count;
    return list;
}

static void send_heap(row *r, uint64_t packet_bytes) {
    datagram_list list = new_heap(r, packet_bytes);
    connect_to(r->peer, r->kind->family, r->port);
    send_datagrams(r->peer, &list);
    datagrams_free(&list);
}

/* A heap as one message that the kernel cuts, and joins again where the socket allows it. */
static void send_heap_as_segments(row *r) {
    datagram_list list = new_heap(r, PACKET_BYTES);
    connect_to(r->peer, r->kind->family, r->port);
    if (!send_as_segments(r->peer, &list)) {
        send_datagrams(r->peer, &list);
    }
    datagrams_free(&list);
}

static void check_heaps(row *r, uint64_t first, uint64_t heap_count) {
    heap_list heaps = pop_count(r->stream, heap_count);
    for (uint64_t i = 0; i < heaps.count; i++) {
        check_filled_heap(heaps.heaps[i], first + i, HEAP_BYTES);
    }
    heaps_free(&heaps);
    r->begun = true;
}

static void exchange(row *r) {
    const uint64_t first = r->next_cnt;
    send_heap(r, PACKET_BYTES);
    check_heaps(r, first, 1);
    send_heap_as_segments(r);
    check_heaps(r, first + 1, 1);
}

/* Nothing was lost, and what happened is told once for each time. */
static void check_told(const row *r, uint64_t refusals) {
    go_round(r, 1); /* a heap is seen before its slice has ended, which publishes the statistics */
    const sp2_packet_source_stats stats = count(r);
    CHECK_EQ_U64(stats.datagrams, r->sent);
    CHECK_EQ_U64(stats.packets, r->sent);
    CHECK_EQ_U64(stats.malformed + stats.size_mismatch + stats.truncated + stats.empty, 0);
    CHECK_EQ_U64(stats.kernel_drop_messages, 0);
    /* Each that is queued besides may count for itself. */
    CHECK(stats.errors >= refusals && stats.errors <= refusals * (1 + r->happened));
    CHECK_EQ_U64(log_capture_count_of(r->log, "cannot receive"), refusals);
    CHECK_EQ_U64(log_capture_count(r->log, SP2_LOG_WARNING),
                 refusals + log_capture_count_of(r->log, "the ring is full"));
    const bool shut = r->kind->event == SHUT_RECEIVING || r->kind->event == SHUT_BOTH_WAYS;
    if (shut && r->begun) {
        /* A source that the full sink has stopped sees it when it waits for packets again. */
        WAIT_UNTIL(log_capture_count_of(r->log, "shut down") != 0, 10);
    }
    CHECK_EQ_U64(log_capture_count_of(r->log, "shut down"), shut && r->begun ? 1 : 0);
}

/* ---- the states ---- */

static void when_idle(const socket_kind *kind) {
    row r = new_row(kind);
    sp2_test_context("%s, idle", kind->name);
    open_stream(&r, 0);
    check_idle(&r);
    exchange(&r);
    happen(&r);
    const bool refused = kind->event == REFUSAL;
    WAIT_UNTIL(!refused || count(&r).errors >= 1, PATIENCE_SECONDS);
    check_idle(&r);
    exchange(&r);
    check_idle(&r);
    exchange(&r);
    check_told(&r, refused ? 1 : 0);
    CHECK_EQ_U64(state_of(&r), SP2_SOURCE_RUNNING);
    end_row(&r);
}

static void when_unstarted(const socket_kind *kind) {
    row r = new_row(kind);
    sp2_test_context("%s, unstarted", kind->name);
    const bool refused = kind->event == REFUSAL;
    if (refused) {
        happen(&r); /* before the stream knows it, too */
        WAIT_UNTIL(has_error(r.owned), PATIENCE_SECONDS);
    }
    open_stream(&r, SP2_RECEIVE_EXPLICIT_START);
    check_idle(&r);
    happen(&r);
    check_idle(&r);
    send_heap(&r, PACKET_BYTES);
    send_heap_as_segments(&r);
    check_idle(&r);
    const sp2_packet_source_stats stats = count(&r);
    CHECK_EQ_U64(stats.messages + stats.datagrams + stats.errors, 0);
    CHECK_EQ_U64(r.log->length, 0);
    CHECK(!refused || has_error(r.owned));
    CHECK_EQ_U64(state_of(&r), SP2_SOURCE_UNSTARTED);
    REQUIRE_OK(sp2_receive_stream_start(r.stream));
    check_heaps(&r, 1, 2);
    check_idle(&r);
    exchange(&r);
    check_told(&r, refused ? 1 : 0);
    end_row(&r);
}

static void when_full(const socket_kind *kind) {
    row r = new_row(kind);
    sp2_test_context("%s, sink full", kind->name);
    open_stream(&r, 0);
    for (int i = 0; i < FULL_HEAPS; i++) {
        send_heap(&r, HEAP_BYTES);
    }
    WAIT_UNTIL(state_of(&r) == SP2_SOURCE_BLOCKED, PATIENCE_SECONDS);
    check_idle(&r);
    const sp2_packet_source_stats before = count(&r);
    happen(&r);
    const bool refused = kind->event == REFUSAL;
    WAIT_UNTIL(!refused || has_error(r.owned), PATIENCE_SECONDS);
    check_idle(&r);
    const sp2_packet_source_stats after = count(&r);
    CHECK_EQ_U64(after.blocked, before.blocked);
    CHECK_EQ_U64(after.messages, before.messages);
    CHECK_EQ_U64(after.errors, 0);
    CHECK_EQ_U64(state_of(&r), SP2_SOURCE_BLOCKED);
    check_heaps(&r, 1, FULL_HEAPS);
    check_idle(&r);
    exchange(&r);
    check_told(&r, refused ? 1 : 0);
    end_row(&r);
}

static void when_stopped(const socket_kind *kind) {
    row r = new_row(kind);
    sp2_test_context("%s, stopped", kind->name);
    open_stream(&r, 0);
    exchange(&r);
    REQUIRE_OK(sp2_receive_stream_stop(r.stream));
    CHECK_EQ_U64(state_of(&r), SP2_SOURCE_ENDED);
    happen(&r);
    check_idle(&r);
    const uint64_t seen = r.sent;
    if (kind->event == CLOSE) {
        /* Nobody has the port any more. */
        sp2_udp_source_options again = SP2_UDP_SOURCE_OPTIONS_INIT;
        sp2_receive_stream *other = new_stream(NULL);
        again.bind_host = "127.0.0.1";
        again.port = r.port;
        CHECK_STATUS(add_udp_source(other, &again, NULL), SP2_OK);
        sp2_receive_stream_destroy(other);
    } else {
        /* It is the owner's, as it was before. */
        uint8_t packet[2 * PACKET_BYTES];
        if (kind->event == REFUSAL) {
            WAIT_UNTIL(has_error(r.owned), PATIENCE_SECONDS);
            CHECK(recv(r.owned, (void *)packet, sizeof(packet), 0) < 0);
        }
        send_heap(&r, PACKET_BYTES);
        for (int i = 0; i < PACKETS; i++) {
            CHECK(recv(r.owned, (void *)packet, sizeof(packet), 0) > PACKET_BYTES);
        }
    }
    check_idle(&r);
    r.sent = seen;
    r.begun = false;
    check_told(&r, 0);
    end_row(&r);
}

static void in_each_state(kind_index index) {
    const socket_kind *kind = &kinds[index];
    if (!(kind->systems & HERE)) {
        SKIP("this system has no sockets with %s", kind->name);
    }
    when_idle(kind);
    when_unstarted(kind);
    when_full(kind);
    when_stopped(kind);
}

SP2_TEST(Plain_socket_receives_in_each_state) {
    in_each_state(PLAIN);
}

SP2_TEST(Socket_with_time_stamps_receives_in_each_state) {
    in_each_state(TIME_STAMPS);
}

SP2_TEST(Socket_with_nanosecond_stamps_receives_in_each_state) {
    in_each_state(TIME_STAMPS_NS);
}

SP2_TEST(Socket_with_packet_info_receives_in_each_state) {
    in_each_state(PACKET_INFO_V4);
}

SP2_TEST(Socket_with_ipv6_packet_info_receives_in_each_state) {
    in_each_state(PACKET_INFO_V6);
}

SP2_TEST(Socket_with_a_queued_error_receives_in_each_state) {
    in_each_state(QUEUED_ERROR);
}

SP2_TEST(Socket_connected_to_nobody_receives_in_each_state) {
    in_each_state(CONNECTED);
}

SP2_TEST(Socket_shut_for_receiving_behaves_in_each_state) {
    in_each_state(SHUT_FOR_RECEIVING);
}

SP2_TEST(Socket_shut_both_ways_behaves_in_each_state) {
    in_each_state(SHUT_FOR_BOTH);
}

SP2_TEST(Socket_closed_by_its_owner_receives_in_each_state) {
    in_each_state(CLOSED);
}

/* The row of a kind in the documentation. The same kinds are in SocketBehaviourTests, for .NET. */
static void write_row(const socket_kind *kind, char *row_text, size_t size) {
    const char *linux_engines = kind->systems & ON_LINUX ? "4" : "-";
    snprintf(row_text, size, "| %s | %s | %s | %s | 5 | 5 | %s |", kind->name, kind->says,
             linux_engines, linux_engines, kind->systems & ON_WINDOWS ? "4" : "-");
}

SP2_TEST(Documentation_has_these_kinds_of_sockets) {
    bool found[KINDS] = {false};
    char line[512];
    char expected[512];
    int rows = 0;
    bool inside = false;
    FILE *file = fopen(SP2_SOCKET_DOCUMENT, "r");
    REQUIRE(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        inside = strncmp(line, "<!-- sockets -->", 16) == 0 ||
                 (inside && strncmp(line, "<!-- end -->", 12) != 0);
        rows += inside && line[0] == '|';
        for (int i = 0; inside && i < KINDS; i++) {
            write_row(&kinds[i], expected, sizeof(expected));
            found[i] |= strncmp(line, expected, strlen(expected)) == 0;
        }
    }
    fclose(file);
    for (int i = 0; i < KINDS; i++) {
        write_row(&kinds[i], expected, sizeof(expected));
        sp2_test_context("a row of %s: %s", SP2_SOCKET_DOCUMENT, expected);
        CHECK(found[i]);
    }
    CHECK_EQ_I64(rows, KINDS + 2);
}
