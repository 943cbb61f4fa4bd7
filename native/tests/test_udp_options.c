/* SPDX-License-Identifier: MIT */
/* The options of the UDP source: which combinations are refused, and user-supplied sockets. */
#include <stdio.h>
#include <string.h>
#if !defined(_WIN32)
#include <fcntl.h>
#endif

#include "log_capture.h"
#include "loopback.h"

enum { HEAP_BYTES = 4000, PACKET_BYTES = 1000 };

static sp2_udp_source_options small_options(void) {
    sp2_udp_source_options options = SP2_UDP_SOURCE_OPTIONS_INIT;
    options.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    return options;
}

static int32_t try_options(const sp2_udp_source_options *options) {
    sp2_receive_stream *stream = new_stream(NULL);
    uint32_t port = 12345;
    const int32_t status = add_udp_source(stream, options, &port);
    CHECK(status == SP2_OK ? port > 0 && port < 65536 : port == 0);
    sp2_receive_stream_destroy(stream);
    return status;
}

/* Refused, with a message that has both parts: the field and its value, or the rule. */
static void check_refused(const sp2_udp_source_options *options, int32_t status, const char *part,
                          const char *other_part) {
    CHECK_STATUS(try_options(options), status);
    CHECK_CONTAINS(sp2_last_error_message(), part);
    CHECK_CONTAINS(sp2_last_error_message(), other_part);
}

typedef struct wrong_options {
    sp2_udp_source_options options;
    int32_t status;
    const char *field;
    const char *value;
} wrong_options;

#define WRONG(status, field, value, ...)                                                           \
    { {.size = sizeof(sp2_udp_source_options), __VA_ARGS__}, status, field, value }

SP2_TEST(Fields_that_contradict_each_other_are_named) {
    static const wrong_options cases[] = {
        WRONG(SP2_E_TOO_NEW, "flags", "0x2", .flags = 2),
        WRONG(SP2_E_ARG, "port", "65536", .port = 65536),
        WRONG(SP2_E_ARG, "port", "4294967295", .port = UINT32_MAX),
        WRONG(SP2_E_ARG, "max_size", "65536", .max_size = 65536),
        WRONG(SP2_E_ARG, "SP2_UDP_EXISTING_SOCKET", "5", .socket = 5),
        WRONG(SP2_E_ARG, "SP2_UDP_EXISTING_SOCKET", "-1", .socket = -1),
        WRONG(SP2_E_ARG, "interface_address", "127.0.0.1", .interface_address = "127.0.0.1"),
        WRONG(SP2_E_ARG, "interface_address", "127.0.0.1", .bind_host = "239.255.77.1",
              .interface_address = "127.0.0.1"),
        WRONG(SP2_E_ARG, "interface_index", "3", .interface_index = 3),
        WRONG(SP2_E_ARG, "interface_index", "3", .bind_host = "ff15::77", .interface_index = 3),
        WRONG(SP2_E_ARG, "group", "empty", .group = ""),
        WRONG(SP2_E_ARG, "bind_host", "127.0.0.1", .bind_host = "127.0.0.1",
              .group = "239.255.77.1"),
        WRONG(SP2_E_ARG, "interface_address", "interface_index", .group = "239.255.77.1",
              .interface_address = "127.0.0.1", .interface_index = 1),
        /* The family of the group and of the interface. */
        WRONG(SP2_E_ARG, "group", "ff15::77", .group = "ff15::77",
              .interface_address = "127.0.0.1"),
        WRONG(SP2_E_ARG, "interface_address", "::1", .group = "239.255.77.1",
              .interface_address = "::1"),
        /* Not a group. */
        WRONG(SP2_E_ARG, "group", "127.0.0.1", .group = "127.0.0.1"),
        WRONG(SP2_E_ARG, "group", "127.0.0.2", .group = "127.0.0.1",
              .interface_address = "127.0.0.2"),
        WRONG(SP2_E_ARG, "group", "::1", .group = "::1"),
        WRONG(SP2_E_ARG, "group", "::1", .group = "::1", .interface_index = 1),
        WRONG(SP2_E_ARG, "interface_index", "ff02::77", .group = "ff02::77"),
        WRONG(SP2_E_ARG, "interface_index", "ff02::77", .bind_host = "ff02::77"),
        WRONG(SP2_E_ADDRESS, "group", "a b", .group = "a b"),
        WRONG(SP2_E_ADDRESS, "bind_host", "256.1.1.1", .bind_host = "256.1.1.1"),
        WRONG(SP2_E_ADDRESS, "interface_address", "256.1.1.1", .group = "239.255.77.1",
              .interface_address = "256.1.1.1"),
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sp2_test_context("case %zu", i);
        check_refused(&cases[i].options, cases[i].status, cases[i].field, cases[i].value);
    }
}

SP2_TEST(Interface_names_and_senders_that_do_not_fit_are_named) {
    static const char *const one[] = {"127.0.0.1"};
    static const char *const none[] = {"127.0.0.1", NULL};
    static const char *const empty[] = {""};
    static const char *const v6[] = {"127.0.0.1", "::1"};
    static const char *const unknown[] = {"256.1.1.1"};
    static const wrong_options cases[] = {
        WRONG(SP2_E_ARG, "interface_name", "eth0", .interface_name = "eth0"),
        WRONG(SP2_E_ARG, "interface_name", "eth0", .bind_host = "239.255.77.1",
              .interface_name = "eth0"),
        WRONG(SP2_E_ARG, "interface_name", "interface_address", .group = "239.255.77.1",
              .interface_name = "eth0", .interface_address = "127.0.0.1"),
        WRONG(SP2_E_ARG, "interface_name", "interface_index", .group = "239.255.77.1",
              .interface_name = "eth0", .interface_index = 1),
        WRONG(SP2_E_ARG, "sender_count", "1", .senders = one, .sender_count = 1),
        WRONG(SP2_E_ARG, "sender_count", "group", .bind_host = "239.255.77.1", .senders = one,
              .sender_count = 1),
        WRONG(SP2_E_ARG, "sender_count", "NULL", .group = "239.255.77.1", .sender_count = 1),
        WRONG(SP2_E_ARG, "sender_count", "set", .group = "239.255.77.1", .senders = one),
        WRONG(SP2_E_ARG, "senders[1]", "NULL", .group = "239.255.77.1", .senders = none,
              .sender_count = 2),
        WRONG(SP2_E_ARG, "senders[0]", "empty", .group = "239.255.77.1", .senders = empty,
              .sender_count = 1),
        WRONG(SP2_E_ARG, "senders[1]", "::1", .group = "239.255.77.1", .senders = v6,
              .sender_count = 2),
        WRONG(SP2_E_ADDRESS, "senders[0]", "256.1.1.1", .group = "239.255.77.1", .senders = unknown,
              .sender_count = 1),
        WRONG(SP2_E_ARG, "senders", "127.0.0.1", .group = "127.0.0.1",
              .interface_address = "127.0.0.1", .senders = one, .sender_count = 1),
    };
    if (try_options(&cases[2].options) == SP2_E_UNSUPPORTED) {
        SKIP("interfaces have no names here");
    }
    sp2_udp_source_options no_name = small_options();
    no_name.interface_name = "";
    CHECK_STATUS(try_options(&no_name), SP2_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sp2_test_context("case %zu", i);
        check_refused(&cases[i].options, cases[i].status, cases[i].field, cases[i].value);
    }
}

SP2_TEST(Empty_strings_are_as_good_as_none) {
    sp2_udp_source_options options = small_options();
    options.bind_host = "";
    options.interface_address = "";
    CHECK_STATUS(try_options(&options), SP2_OK);
}

SP2_TEST(Highest_port_is_allowed) {
    sp2_udp_source_options options = small_options();
    options.bind_host = "127.0.0.1";
    options.port = 65535;
    const int32_t status = try_options(&options);
    CHECK(status == SP2_OK || sp2_last_error_os_code() == TEST_ADDRESS_IN_USE);
}

/* Sends one heap to a port of a loopback address. */
static void send_heap(int family, uint32_t port, uint64_t cnt) {
    const test_socket sender = new_sender(family, port);
    datagram_list list = {0};
    uint8_t payload[HEAP_BYTES];
    fill_payload(payload, HEAP_BYTES, cnt);
    datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, PACKET_BYTES);
    send_datagrams(sender, &list);
    test_socket_close(sender);
    datagrams_free(&list);
}

static void check_next_heap(sp2_receive_stream *stream, uint64_t cnt) {
    heap_list heaps = pop_count(stream, 1);
    check_filled_heap(heaps.heaps[0], cnt, HEAP_BYTES);
    heaps_free(&heaps);
}

SP2_TEST(Every_ipv6_address_of_the_host_can_be_bound) {
    if (!has_ipv6_loopback()) {
        SKIP("this system has no IPv6 loopback address");
    }
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_udp_source_options options = small_options();
    options.bind_host = "::";
    uint32_t port;
    REQUIRE_OK(add_udp_source(stream, &options, &port));
    send_heap(AF_INET6, port, 1);
    check_next_heap(stream, 1);
    sp2_receive_stream_destroy(stream);
}

/* ---- user-supplied sockets ---- */

static sp2_udp_source_options socket_options(test_socket fd) {
    sp2_udp_source_options options = SP2_UDP_SOURCE_OPTIONS_INIT;
    options.flags = SP2_UDP_EXISTING_SOCKET;
    options.socket = (int64_t)fd;
    return options;
}

/* A socket that is bound to the loopback address, and its port. */
static test_socket bound_socket(uint32_t *port) {
    const test_socket fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    REQUIRE(fd != NO_SOCKET);
    REQUIRE(bind(fd, (const struct sockaddr *)&address, length) == 0);
    REQUIRE(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    *port = ntohs(address.sin_port);
    return fd;
}

SP2_TEST(Bound_socket_is_used_as_it_is) {
    static const struct {
        int level;
        int option;
    } options_kept[] = {
        {SOL_SOCKET, SO_RCVBUF},
        {SOL_SOCKET, SO_SNDBUF},
        {SOL_SOCKET, SO_REUSEADDR},
        {SOL_SOCKET, SO_BROADCAST},
        {IPPROTO_IP, IP_TTL},
        {IPPROTO_IP, IP_TOS},
        {IPPROTO_IP, IP_MULTICAST_LOOP},
#if defined(__linux__)
        {SOL_SOCKET, SO_REUSEPORT},
        {SOL_SOCKET, SO_PRIORITY},
        {SOL_SOCKET, SO_RCVLOWAT},
        {IPPROTO_IP, IP_MULTICAST_ALL},
#endif
    };
    enum { KEPT = sizeof(options_kept) / sizeof(options_kept[0]) };
    uint32_t bound;
    const test_socket fd = bound_socket(&bound);
    REQUIRE(test_set_option(fd, SOL_SOCKET, SO_RCVBUF, 50000));
    int before[KEPT];
    bool known[KEPT]; /* emulators lack some */
    for (int i = 0; i < KEPT; i++) {
        known[i] = test_get_option(fd, options_kept[i].level, options_kept[i].option, &before[i]);
    }
    CHECK(known[0]);
    sp2_receive_stream *stream = new_stream(NULL);
    const sp2_udp_source_options options = socket_options(fd);
    uint32_t port;
    send_heap(AF_INET, bound, 1); /* what waits in it counts, too */
    REQUIRE_OK(add_udp_source(stream, &options, &port));
    CHECK_EQ_U64(port, bound);
    check_next_heap(stream, 1);
    send_heap(AF_INET, bound, 2);
    check_next_heap(stream, 2);
    for (int i = 0; i < KEPT; i++) {
        sp2_test_context("option %d of level %d", options_kept[i].option, options_kept[i].level);
        int after;
        if (known[i] &&
            CHECK(test_get_option(fd, options_kept[i].level, options_kept[i].option, &after))) {
            CHECK_EQ_I64(after, before[i]);
        }
    }
    sp2_receive_stream_destroy(stream);
    /* The caller's own is still open and bound. */
    sp2_test_context("after the stream");
    send_heap(AF_INET, bound, 3);
    uint8_t packet[2 * PACKET_BYTES];
    CHECK(recv(fd, (void *)packet, sizeof(packet), 0) > PACKET_BYTES);
    test_socket_close(fd);
}

SP2_TEST(Caller_may_close_its_socket_at_once) {
    for (int bind_it = 0; bind_it < 2; bind_it++) {
        uint32_t port = 0;
        const test_socket fd = bind_it ? bound_socket(&port) : socket(AF_INET, SOCK_DGRAM, 0);
        sp2_receive_stream *stream = new_stream(NULL);
        const sp2_udp_source_options options = socket_options(fd);
        REQUIRE_OK(add_udp_source(stream, &options, &port));
        test_socket_close(fd);
        for (uint64_t cnt = 1; cnt <= 20; cnt++) {
            send_heap(AF_INET, port, cnt);
            check_next_heap(stream, cnt);
        }
        REQUIRE_OK(sp2_receive_stream_stop(stream));
        /* Nobody has the port any more. */
        sp2_udp_source_options again = small_options();
        again.port = port;
        CHECK_STATUS(try_options(&again), SP2_OK);
        sp2_receive_stream_destroy(stream);
    }
}

SP2_TEST(Unbound_socket_is_bound_and_gets_its_buffer) {
    const test_socket fd = socket(AF_INET, SOCK_DGRAM, 0);
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_udp_source_options options = socket_options(fd);
    options.bind_host = "127.0.0.1";
    options.buffer_size = 70000;
    uint32_t port;
    REQUIRE_OK(add_udp_source(stream, &options, &port));
    struct sockaddr_in address;
    socklen_t length = sizeof(address);
    REQUIRE(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    CHECK_EQ_U64(ntohs(address.sin_port), port);
    CHECK_EQ_U64(address.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    int size = 0;
    REQUIRE(test_get_option(fd, SOL_SOCKET, SO_RCVBUF, &size));
    CHECK_EQ_I64(size, 70000 * TEST_BUFFER_FACTOR);
    test_socket_close(fd);
    send_heap(AF_INET, port, 1);
    check_next_heap(stream, 1);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Unbound_ipv6_socket_is_bound_to_every_ipv6_address) {
    if (!has_ipv6_loopback()) {
        SKIP("this system has no IPv6 loopback address");
    }
    const test_socket fd = socket(AF_INET6, SOCK_DGRAM, 0);
    sp2_receive_stream *stream = new_stream(NULL);
    const sp2_udp_source_options options = socket_options(fd);
    uint32_t port;
    REQUIRE_OK(add_udp_source(stream, &options, &port));
    test_socket_close(fd);
    send_heap(AF_INET6, port, 1);
    check_next_heap(stream, 1);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Drops_before_the_socket_was_handed_in_are_not_the_streams) {
    uint32_t bound;
    const test_socket fd = bound_socket(&bound);
    REQUIRE(test_set_option(fd, SOL_SOCKET, SO_RCVBUF, 2000));
    for (uint64_t cnt = 1; cnt <= 50; cnt++) {
        send_heap(AF_INET, bound, cnt);
    }
    sp2_receive_stream *stream = new_stream(NULL);
    const sp2_udp_source_options options = socket_options(fd);
    REQUIRE_OK(add_udp_source(stream, &options, NULL));
    CHECK_EQ_U64(stats_of(stream).kernel_drop_messages, 0);
    sp2_receive_stream_destroy(stream);
    test_socket_close(fd);
}

/* What a program may confuse with a UDP socket. */
typedef struct other_handles {
    int64_t no_socket;
    int64_t local_socket; /* within this host; -1 if the system has none for datagrams */
} other_handles;

#if defined(_WIN32)
static other_handles open_other_handles(void) {
    return (other_handles){(intptr_t)CreateEventW(NULL, TRUE, FALSE, NULL), -1};
}

static void close_other_handles(const other_handles *others) {
    CloseHandle((HANDLE)(intptr_t)others->no_socket);
}

static int64_t open_handles(void) {
    DWORD count = 0;
    CHECK(GetProcessHandleCount(GetCurrentProcess(), &count));
    return count;
}
#else
static other_handles open_other_handles(void) {
    return (other_handles){open("/dev/null", O_RDONLY), socket(AF_UNIX, SOCK_DGRAM, 0)};
}

static void close_other_handles(const other_handles *others) {
    close((int)others->no_socket);
    close((int)others->local_socket);
}

/* The lowest descriptor that is free is as good as a count. */
static int64_t open_handles(void) {
    const int lowest = dup(0);
    close(lowest);
    return lowest;
}
#endif

SP2_TEST(What_is_no_udp_socket_is_refused) {
    const test_socket closed = socket(AF_INET, SOCK_DGRAM, 0);
    const test_socket tcp = socket(AF_INET, SOCK_STREAM, 0);
    const other_handles others = open_other_handles();
    test_socket_close(closed); /* last, so that none of the others has its number */
    const struct {
        int64_t socket;
        const char *what;
    } cases[] = {
        {(int64_t)closed, "no open socket"},
        {-1, "no open socket"},
        {INT64_MIN, "no open socket"},
        {INT64_MAX, "no open socket"},
        {others.no_socket, "no open socket"},
        {(int64_t)tcp, "not one for UDP"},
        {others.local_socket, others.local_socket == -1 ? "no open socket" : "not one for UDP"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sp2_udp_source_options options = socket_options(0);
        options.socket = cases[i].socket;
        char value[32];
        snprintf(value, sizeof(value), "%lld", (long long)cases[i].socket);
        sp2_test_context("%s", value);
        check_refused(&options, SP2_E_ARG, value, cases[i].what);
    }
    test_socket_close(tcp);
    close_other_handles(&others);
}

SP2_TEST(Fields_that_a_bound_socket_does_not_need_are_named) {
    uint32_t bound;
    const test_socket fd = bound_socket(&bound);
    const wrong_options cases[] = {
        WRONG(SP2_E_ARG, "bind_host", "127.0.0.1", .bind_host = "127.0.0.1"),
        WRONG(SP2_E_ARG, "group", "239.255.77.1", .group = "239.255.77.1"),
        WRONG(SP2_E_ARG, "group", "239.255.77.1", .group = "239.255.77.1",
              .interface_address = "127.0.0.1"),
        WRONG(SP2_E_ARG, "buffer_size", "65536", .buffer_size = 65536),
        WRONG(SP2_E_ARG, "buffer_size", "is ", .buffer_size = SP2_UDP_BUFFER_SIZE_OS),
        WRONG(SP2_E_ARG, "port", "1", .port = bound == 1 ? 2 : 1),
        WRONG(SP2_E_ARG, "port", "70000", .port = 70000),
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sp2_test_context("case %zu", i);
        sp2_udp_source_options options = cases[i].options;
        options.flags = SP2_UDP_EXISTING_SOCKET;
        options.socket = (int64_t)fd;
        check_refused(&options, cases[i].status, cases[i].field, cases[i].value);
    }
    sp2_test_context("the same port and a size");
    sp2_udp_source_options good = socket_options(fd);
    good.port = bound;
    good.max_size = 65535;
    CHECK_STATUS(try_options(&good), SP2_OK);
    test_socket_close(fd);
}

SP2_TEST(Address_of_another_family_than_the_sockets_is_refused) {
    const test_socket v4 = socket(AF_INET, SOCK_DGRAM, 0);
    sp2_udp_source_options options = socket_options(v4);
    options.bind_host = "::1";
    check_refused(&options, SP2_E_ARG, "bind_host", "no IPv4 address");
    options.bind_host = NULL;
    options.group = "ff15::77";
    check_refused(&options, SP2_E_ARG, "group", "no IPv4 address");
    test_socket_close(v4);
    const test_socket v6 = socket(AF_INET6, SOCK_DGRAM, 0);
    if (v6 == NO_SOCKET) {
        SKIP("this system has no IPv6");
    }
    options = socket_options(v6);
    options.bind_host = "127.0.0.1";
    check_refused(&options, SP2_E_ARG, "bind_host", "no IPv6 address");
    options.bind_host = NULL;
    options.group = "239.255.77.1";
    options.interface_address = "127.0.0.1";
    check_refused(&options, SP2_E_ARG, "socket is an IPv6 socket", "interface_address");
    test_socket_close(v6);
}

/* Windows ties a socket to the first event loop that it was handed to, forever. */
#if defined(_WIN32)
#define AGAIN_STATUS SP2_E_OS
#else
#define AGAIN_STATUS SP2_OK
#endif

SP2_TEST(Refused_sockets_are_neither_closed_nor_leaked) {
    uint32_t bound;
    const test_socket fd = bound_socket(&bound);
    int64_t before = 0;
    for (int i = 0; i < 50; i++) {
        sp2_udp_source_options options = socket_options(fd);
        options.buffer_size = 1;
        CHECK_STATUS(try_options(&options), SP2_E_ARG);
        options = socket_options(fd);
        CHECK_STATUS(try_options(&options), i == 0 ? SP2_OK : AGAIN_STATUS);
        sp2_udp_source_options taken = small_options();
        taken.bind_host = "127.0.0.1";
        taken.port = bound;
        CHECK_STATUS(try_options(&taken), SP2_E_OS);
        if (i == 0) {
            before = open_handles(); /* what is opened once, stays */
        }
    }
    CHECK_EQ_I64(open_handles(), before);
    struct sockaddr_in address;
    socklen_t length = sizeof(address);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    test_socket_close(fd);
}

SP2_TEST(Default_buffer_is_as_large_as_the_system_grants) {
    static log_capture log = LOG_CAPTURE_INIT;
    sp2_receive_options receive_options = SP2_RECEIVE_OPTIONS_INIT;
    receive_options.log = log_capture_message;
    receive_options.log_context = &log;
    sp2_receive_stream *stream = new_stream(&receive_options);
    const test_socket fd = socket(AF_INET, SOCK_DGRAM, 0);
    sp2_udp_source_options options = socket_options(fd);
    options.bind_host = "127.0.0.1";
    REQUIRE_OK(add_udp_source(stream, &options, NULL));
    int size = 0;
    REQUIRE(test_get_option(fd, SOL_SOCKET, SO_RCVBUF, &size));
    test_socket_close(fd);
    sp2_receive_stream_destroy(stream);
    /* Without a warning unless it is less than 8 MiB. */
    CHECK_EQ_U64(log_capture_count(&log, SP2_LOG_WARNING), size / TEST_BUFFER_FACTOR < 8 << 20);
    CHECK(size / TEST_BUFFER_FACTOR <= SP2_UDP_DEFAULT_BUFFER_SIZE);
}
