/* SPDX-License-Identifier: MIT */
#include "transport/udp_sender.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "os/windows/sockets.h"

/* Of <mstcpip.h>, but not in the headers of every age. */
#ifndef SIO_UDP_CONNRESET
#define SIO_UDP_CONNRESET _WSAIOW(IOC_VENDOR, 12)
#endif

/* Pieces of the largest packet. */
#define MOST_PIECES SP2__MAX_PIECES(SP2_SEND_LARGEST_MAX_PACKET_SIZE)

struct sp2__udp_sender {
    SOCKET socket;
    int address_length;
    sp2__ip_address *destinations;
    sp2__udp_sender_stats stats;
    WSABUF buffers[MOST_PIECES];
};

static int32_t fail(const char *what) {
    const int32_t error = WSAGetLastError();
    char text[128];
    return sp2__fail(error == WSAENOBUFS ? SP2_E_NOMEM : SP2_E_OS, error,
                     "cannot %s a UDP socket that sends: %s", what,
                     sp2__os_error_text(error, text, sizeof(text)));
}

static int32_t set_number(SOCKET socket, int level, int option, DWORD value, const char *what) {
    return setsockopt(socket, level, option, (const char *)&value, sizeof(value)) == 0 ? SP2_OK
                                                                                       : fail(what);
}

static int32_t set_multicast(SOCKET socket, const sp2__udp_sender_config *config, bool v6) {
    const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
    int32_t status = SP2_OK;
    if (config->ttl != 0) {
        status = set_number(socket, level, v6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, config->ttl,
                            "set ttl of");
    }
    if (status == SP2_OK && config->no_loop) {
        status = set_number(socket, level, v6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP, 0,
                            "set the multicast loop of");
    }
    /* An IPv4 address 0.x.x.x is an index. */
    const DWORD index = v6 || config->interface_index == 0 ? config->interface_index
                                                           : htonl(config->interface_index);
    const DWORD interface_id = index != 0 ? index : v6 ? 0 : config->interface_v4.s_addr;
    if (status == SP2_OK && interface_id != 0) {
        status = set_number(socket, level, v6 ? IPV6_MULTICAST_IF : IP_MULTICAST_IF, interface_id,
                            "set the multicast interface of");
    }
    return status;
}

static void set_buffer(SOCKET socket, const sp2__udp_sender_config *config, sp2__logger *logger) {
    if (config->buffer_size == 0) {
        return;
    }
    const int size = config->buffer_size > INT_MAX ? INT_MAX : (int)config->buffer_size;
    if (setsockopt(socket, SOL_SOCKET, SO_SNDBUF, (const char *)&size, sizeof(size)) != 0) {
        char text[128];
        SP2__LOG(logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
                 "cannot set a send buffer of %d bytes: %s", size,
                 sp2__os_error_text(WSAGetLastError(), text, sizeof(text)));
    }
}

static SOCKET duplicate(SOCKET socket) {
    WSAPROTOCOL_INFOW info;
    if (WSADuplicateSocketW(socket, GetCurrentProcessId(), &info) != 0) {
        return INVALID_SOCKET;
    }
    return WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0,
                      WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
}

/* Everything between opening and using a new socket. */
static int32_t prepare(const sp2__udp_sender *sender, const sp2__udp_sender_config *config,
                       sp2__logger *logger) {
    const bool v6 = config->destinations[0].any.sa_family == AF_INET6;
    if (config->source.any.sa_family != AF_UNSPEC &&
        bind(sender->socket, &config->source.any, sender->address_length) != 0) {
        return fail("bind");
    }
    int32_t status = set_multicast(sender->socket, config, v6);
    /* Windows leaves the code point to its quality-of-service policies: that it is not set is what
     * the caller is told of. */
    if (status == SP2_OK && config->dscp != 0) {
        status = sp2__fail(SP2_E_UNSUPPORTED, 0,
                           "sp2_udp_writer_options.dscp is %u, but Windows sets code points by "
                           "policies only; leave it at 0",
                           (unsigned)config->dscp);
    }
    set_buffer(sender->socket, config, logger);
    return status;
}

static int32_t open_socket(sp2__udp_sender *sender, const sp2__udp_sender_config *config,
                           sp2__logger *logger) {
    sender->socket =
        config->existing
            ? duplicate((SOCKET)config->socket)
            : WSASocketW(config->destinations[0].any.sa_family, SOCK_DGRAM, IPPROTO_UDP, NULL, 0,
                         WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (sender->socket == INVALID_SOCKET) {
        return fail(config->existing ? "duplicate" : "open");
    }
    u_long on = 1;
    if (ioctlsocket(sender->socket, (long)FIONBIO, &on) != 0) {
        return fail("set the mode of");
    }
    /* A datagram that a host answered as unwanted is no reason to fail. */
    BOOL off = FALSE;
    DWORD returned;
    (void)WSAIoctl(sender->socket, SIO_UDP_CONNRESET, &off, sizeof(off), NULL, 0, &returned, NULL,
                   NULL);
    return config->existing ? SP2_OK : prepare(sender, config, logger);
}

int32_t sp2__udp_sender_start(void) {
    return sp2__require_sockets();
}

int32_t sp2__udp_sender_open(const sp2__udp_sender_config *config, sp2__logger *logger,
                             sp2__udp_sender **opened) {
    *opened = NULL;
    sp2__udp_sender *sender = sp2__calloc_array(1, sizeof(*sender));
    if (sender == NULL) {
        return sp2__fail_memory("a UDP writer");
    }
    sender->socket = INVALID_SOCKET;
    sender->address_length = config->destinations[0].any.sa_family == AF_INET6
                                 ? (int)sizeof(struct sockaddr_in6)
                                 : (int)sizeof(struct sockaddr_in);
    sender->destinations =
        sp2__calloc_array((size_t)config->destination_count, sizeof(*sender->destinations));
    int32_t status = SP2_OK;
    if (sender->destinations == NULL) {
        status = sp2__fail_memory("the destinations of a UDP writer");
    } else {
        status = open_socket(sender, config, logger);
    }
    if (status != SP2_OK) {
        sp2__udp_sender_close(sender);
        return status;
    }
    memcpy(sender->destinations, config->destinations,
           (size_t)config->destination_count * sizeof(*sender->destinations));
    *opened = sender;
    return SP2_OK;
}

void sp2__udp_sender_close_copy(sp2__udp_sender *sender) {
    (void)sender; /* nothing forks */
}

void sp2__udp_sender_close(sp2__udp_sender *sender) {
    if (sender != NULL) {
        if (sender->socket != INVALID_SOCKET) {
            closesocket(sender->socket);
        }
        sp2__free(sender->destinations);
        sp2__free(sender);
    }
}

intptr_t sp2__udp_sender_socket(const sp2__udp_sender *sender) {
    return (intptr_t)sender->socket;
}

const sp2__udp_sender_stats *sp2__udp_sender_get_stats(const sp2__udp_sender *sender) {
    return &sender->stats;
}

/* 0, or the error number. */
static int send_packet(sp2__udp_sender *sender, const sp2__packet_out *packet) {
    for (uint32_t i = 0; i < packet->piece_count; i++) {
        sender->buffers[i].buf = (char *)(uintptr_t)packet->pieces[i].data;
        sender->buffers[i].len = (ULONG)packet->pieces[i].length;
    }
    DWORD sent;
    const int failed = WSASendTo(sender->socket, sender->buffers, packet->piece_count, &sent, 0,
                                 &sender->destinations[packet->destination].any,
                                 sender->address_length, NULL, NULL);
    return failed != 0 ? WSAGetLastError() : 0;
}

uint32_t sp2__udp_sender_write(sp2__udp_sender *sender, sp2__packet_out *packets,
                               uint32_t packet_count) {
    uint32_t done = 0;
    for (; done < packet_count; done++) {
        const int error = send_packet(sender, &packets[done]);
        if (error == WSAEWOULDBLOCK) {
            break;
        }
        sp2__udp_sender_count(&sender->stats.calls, 1);
        sp2__udp_sender_count(&sender->stats.messages, error == 0 ? 1 : 0);
        sp2__udp_sender_count(&sender->stats.refused, error == 0 ? 0 : 1);
        packets[done].error = error;
    }
    return done;
}
