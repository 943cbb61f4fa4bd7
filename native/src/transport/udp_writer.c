/* SPDX-License-Identifier: MIT */
/* Packets as UDP datagrams. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#if !defined(_WIN32)
#include <arpa/inet.h>
#include <netdb.h>
#endif

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/sized.h"
#include "send/stream.h"
#include "spead2core/udp.h"
#include "transport/udp_sender.h"
#include "transport/udp_socket.h"

/* What a datagram carries over IPv4: 65,535 bytes less the headers of IP and UDP. */
#define LARGEST_PACKET 65507

#define LARGEST_TTL 255
#define LARGEST_DSCP 63
#define LARGEST_PORT 65535

typedef struct udp_writer {
    sp2__packet_writer base;
    sp2__udp_sender *sender;
    sp2__watch watch; /* its task is NULL until the loop knows the socket */
} udp_writer;

static uint32_t write_packets(sp2__packet_writer *base, sp2__packet_out *packets, uint32_t count) {
    return sp2__udp_sender_write(SP2__CONTAINER(base, udp_writer, base)->sender, packets, count);
}

static int32_t arm(sp2__packet_writer *base, sp2__task *task, sp2__timer *timer) {
    udp_writer *writer = SP2__CONTAINER(base, udp_writer, base);
    if (writer->watch.task == NULL) {
        const sp2__watch watch = {.task = task, .socket = sp2__udp_sender_socket(writer->sender)};
        writer->watch = watch;
        const int32_t error =
            sp2__event_loop_add(base->loop, &writer->watch, SP2__WRITABLE | SP2__ONCE);
        if (error == 0) {
            return 0;
        }
        if (error != ENOTSUP) {
            writer->watch.task = NULL;
            return error;
        }
    }
    return sp2__event_loop_await_writable(base->loop, &writer->watch, timer);
}

static void close_copy(sp2__packet_writer *base) {
    sp2__udp_sender_close_copy(SP2__CONTAINER(base, udp_writer, base)->sender);
}

static void disarm(sp2__packet_writer *base) {
    udp_writer *writer = SP2__CONTAINER(base, udp_writer, base);
    if (writer->watch.task != NULL) {
        sp2__event_loop_remove(base->loop, &writer->watch);
        writer->watch.task = NULL;
    }
}

static void free_writer(sp2__packet_writer *base) {
    udp_writer *writer = SP2__CONTAINER(base, udp_writer, base);
    sp2__udp_sender_close(writer->sender);
    sp2__free(writer);
}

static const sp2__writer_ops udp_ops = {
    .write = write_packets,
    .arm = arm,
    .disarm = disarm,
    .free = free_writer,
    .close_copy = close_copy,
    .max_packet_size = LARGEST_PACKET,
};

/* The first address of a family (AF_UNSPEC: of either) that a name resolves to. */
static int32_t look_up(const char *field, const char *host, int family, sp2__ip_address *address) {
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_family = family};
    struct addrinfo *found = NULL;
    const int error = getaddrinfo(host, NULL, &hints, &found);
    if (error != 0 || found->ai_addrlen > sizeof(*address)) {
        return sp2__fail(SP2_E_ADDRESS, 0, "cannot resolve sp2_udp_writer_options.%s \"%s\": %s",
                         field, host, gai_strerror(error));
    }
    memcpy(address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return SP2_OK;
}

static void set_port(sp2__ip_address *address, uint32_t port) {
    if (address->any.sa_family == AF_INET6) {
        address->v6.sin6_port = htons((uint16_t)port);
    } else {
        address->v4.sin_port = htons((uint16_t)port);
    }
}

static int32_t check_numbers(const sp2_udp_writer_options *options) {
    const uint32_t known =
        SP2_UDP_WRITER_EXISTING_SOCKET | SP2_UDP_WRITER_NO_SEGMENTATION | SP2_UDP_WRITER_NO_LOOP;
    if (options->flags & ~known) {
        return sp2__fail(SP2_E_TOO_NEW, 0,
                         "sp2_udp_writer_options.flags has 0x%x, which this library does not know",
                         (unsigned)options->flags);
    }
    if (options->destinations == NULL || options->destination_count == 0 ||
        options->destination_count > SP2_UDP_WRITER_MAX_DESTINATIONS) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_udp_writer_options.destination_count is %u; a writer has 1 to %d "
                         "destinations",
                         (unsigned)options->destination_count, SP2_UDP_WRITER_MAX_DESTINATIONS);
    }
    if (options->ttl > LARGEST_TTL || options->dscp > LARGEST_DSCP) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_udp_writer_options.ttl is %u and dscp %u; they may be at most %d and "
                         "%d",
                         (unsigned)options->ttl, (unsigned)options->dscp, LARGEST_TTL,
                         LARGEST_DSCP);
    }
    return SP2_OK;
}

static int32_t resolve_destinations(const sp2_udp_writer_options *options,
                                    sp2__ip_address *addresses) {
    int family = AF_UNSPEC;
    for (uint32_t i = 0; i < options->destination_count; i++) {
        const sp2_udp_destination *destination = &options->destinations[i];
        if (destination->host == NULL || destination->port == 0 ||
            destination->port > LARGEST_PORT || destination->reserved != 0) {
            return sp2__fail(SP2_E_ARG, 0,
                             "sp2_udp_writer_options.destinations[%u] needs a host and a port from "
                             "1 to %d (it has %u)",
                             (unsigned)i, LARGEST_PORT, (unsigned)destination->port);
        }
        const int32_t status = look_up("destinations", destination->host, family, &addresses[i]);
        if (status != SP2_OK) {
            return status;
        }
        family = addresses[i].any.sa_family;
        set_port(&addresses[i], destination->port);
    }
    return SP2_OK;
}

static bool is_given(const char *text) {
    return text != NULL && text[0] != '\0';
}

static bool is_group(const sp2__ip_address *address) {
    return address->any.sa_family == AF_INET6
               ? address->v6.sin6_addr.s6_addr[0] == 0xff
               : (ntohl(address->v4.sin_addr.s_addr) & 0xf0000000) == 0xe0000000;
}

/* The field that only multicast packets have a use for, or NULL. */
static const char *group_field(const sp2_udp_writer_options *options) {
    return options->ttl != 0                         ? "ttl"
           : options->interface_index != 0           ? "interface_index"
           : is_given(options->interface_address)    ? "interface_address"
           : options->flags & SP2_UDP_WRITER_NO_LOOP ? "flags (SP2_UDP_WRITER_NO_LOOP)"
                                                     : NULL;
}

/* A user-supplied socket is used as it is, so that nothing may be asked for. */
static int32_t check_socket(const sp2_udp_writer_options *options) {
    const bool existing = options->flags & SP2_UDP_WRITER_EXISTING_SOCKET;
    if (!existing) {
        return options->socket == 0
                   ? SP2_OK
                   : sp2__fail(SP2_E_ARG, 0,
                               "sp2_udp_writer_options.socket is %" PRId64
                               ", but flags lacks SP2_UDP_WRITER_EXISTING_SOCKET, without which it "
                               "is not used",
                               options->socket);
    }
    uint32_t port;
    const int32_t status = sp2__udp_inspect("sp2_udp_writer_options", options->socket, &port);
    if (status != SP2_OK) {
        return status;
    }
    const char *field = group_field(options);
    field = field != NULL                  ? field
            : is_given(options->bind_host) ? "bind_host"
            : options->dscp != 0           ? "dscp"
            : options->buffer_size != 0    ? "buffer_size"
                                           : NULL;
    return field == NULL ? SP2_OK
                         : sp2__fail(SP2_E_ARG, 0,
                                     "sp2_udp_writer_options.%s is set, but an existing socket is "
                                     "used as it is; leave the field at its default",
                                     field);
}

static int32_t check_groups(const sp2_udp_writer_options *options,
                            const sp2__ip_address *addresses) {
    const char *field = group_field(options);
    for (uint32_t i = 0; i < options->destination_count && field != NULL; i++) {
        if (!is_group(&addresses[i])) {
            return sp2__fail(SP2_E_ARG, 0,
                             "sp2_udp_writer_options.%s is set, but "
                             "sp2_udp_writer_options.destinations[%u] \"%s\" is no "
                             "multicast group, which is what it is for",
                             field, (unsigned)i, options->destinations[i].host);
        }
    }
    if (options->interface_index != 0 && is_given(options->interface_address)) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_udp_writer_options.interface_index and interface_address are both "
                         "set, but only one of them may be: each of them names the interface");
    }
    if (is_given(options->interface_address) && addresses[0].any.sa_family == AF_INET6) {
        return sp2__fail(
            SP2_E_ARG, 0,
            "sp2_udp_writer_options.interface_address is \"%s\", but it goes with IPv4 "
            "groups; use interface_index",
            options->interface_address);
    }
    return SP2_OK;
}

/* The rest of the configuration, once it is known which family it is. */
static int32_t resolve_source(const sp2_udp_writer_options *options,
                              sp2__udp_sender_config *config) {
    int32_t status = SP2_OK;
    const int family = config->destinations[0].any.sa_family;
    if (is_given(options->bind_host)) {
        status = look_up("bind_host", options->bind_host, family, &config->source);
    }
    if (status == SP2_OK && is_given(options->interface_address)) {
        sp2__ip_address interface = {0};
        status = look_up("interface_address", options->interface_address, AF_INET, &interface);
        config->interface_v4 = interface.v4.sin_addr;
    }
    return status;
}

static int32_t open_sender(sp2_send_stream *stream, const sp2_udp_writer_options *options,
                           sp2__ip_address *addresses, sp2__udp_sender **sender) {
    sp2__udp_sender_config config = {
        .destinations = addresses,
        .destination_count = options->destination_count,
        .interface_index = options->interface_index,
        .buffer_size = options->buffer_size == UINT64_MAX ? 0
                       : options->buffer_size == 0        ? SP2_UDP_WRITER_DEFAULT_BUFFER_SIZE
                                                          : options->buffer_size,
        .ttl = options->ttl,
        .dscp = options->dscp,
        .no_loop = options->flags & SP2_UDP_WRITER_NO_LOOP,
        .no_segmentation = options->flags & SP2_UDP_WRITER_NO_SEGMENTATION,
        .existing = options->flags & SP2_UDP_WRITER_EXISTING_SOCKET,
        .socket = (intptr_t)options->socket,
    };
    int32_t status = resolve_destinations(options, addresses);
    if (status == SP2_OK) {
        status = check_groups(options, addresses);
    }
    if (status == SP2_OK) {
        status = resolve_source(options, &config);
    }
    return status == SP2_OK ? sp2__udp_sender_open(&config, &stream->logger, sender) : status;
}

int32_t sp2_send_stream_add_udp_writer(sp2_send_stream *stream,
                                       const sp2_udp_writer_options *caller,
                                       uint64_t *first_substream) {
    static const char function[] = "sp2_send_stream_add_udp_writer";
    if (first_substream != NULL) {
        *first_substream = 0;
    }
    if (stream == NULL || caller == NULL) {
        return sp2__fail_null(function, stream == NULL ? "stream" : "options");
    }
    sp2_udp_writer_options options;
    int32_t status = sp2__send_stream_check(stream, function);
    if (status == SP2_OK) {
        status = sp2__sized_read(caller, &options, sizeof(options), sizeof(options),
                                 "sp2_udp_writer_options");
    }
    if (status == SP2_OK) {
        status = check_numbers(&options);
    }
    if (status == SP2_OK) {
        status = check_socket(&options);
    }
    if (status == SP2_OK) {
        status = sp2__udp_sender_start();
    }
    if (status != SP2_OK) {
        return status;
    }
    udp_writer *writer = sp2__calloc_array(1, sizeof(*writer));
    sp2__ip_address *addresses =
        sp2__calloc_array((size_t)options.destination_count, sizeof(*addresses));
    if (writer == NULL || addresses == NULL) {
        status = sp2__fail_memory("a UDP writer");
    } else {
        status = open_sender(stream, &options, addresses, &writer->sender);
    }
    sp2__free(addresses);
    if (status != SP2_OK) {
        sp2__free(writer);
        return status;
    }
    writer->base.ops = &udp_ops;
    writer->base.loop = sp2__send_stream_loop(stream);
    writer->base.destinations = options.destination_count;
    return sp2__send_stream_add_writer(stream, &writer->base, function, first_substream);
}
