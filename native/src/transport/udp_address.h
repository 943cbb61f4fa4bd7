/* SPDX-License-Identifier: MIT */
#ifndef SP2_TRANSPORT_UDP_ADDRESS_H
#define SP2_TRANSPORT_UDP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "spead2core/source.h"
#include "transport/udp_socket.h"

#if defined(_WIN32)
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <netinet/in.h>
#include <sys/socket.h>
#endif

/* An IPv4 or IPv6 socket address. */
typedef union sp2__ip_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} sp2__ip_address;

/* What a socket is to be bound to, and which group it is to join, on which interface. */
typedef struct sp2__udp_address {
    sp2__ip_address bind_to; /* the group, if there is one */
    uint32_t length;         /* bytes of it */
    bool multicast;
    struct in_addr interface_v4; /* of an IPv4 group; 0.0.0.0: the system chooses */
    uint32_t interface_index;    /* of an IPv6 group; 0: the system chooses */
} sp2__udp_address;

/*
 * Finds the addresses behind the names of a configuration. `family` is that of an existing socket,
 * else AF_UNSPEC. Returns SP2_OK, SP2_E_ADDRESS (a name does not resolve) or SP2_E_ARG (the
 * addresses contradict each other).
 */
int32_t sp2__udp_resolve(const sp2__udp_config *config, int family, sp2__udp_address *address);

/* Fills in the address that a socket is bound to, and the group if it is one. */
void sp2__ip_address_describe(const sp2__ip_address *address, uint32_t length,
                              sp2_packet_source_info *info);

/* "IPv4" or "IPv6". */
const char *sp2__ip_family_name(int family);

#endif
