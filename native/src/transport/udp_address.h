/* SPDX-License-Identifier: MIT */
#ifndef SP2_TRANSPORT_UDP_ADDRESS_H
#define SP2_TRANSPORT_UDP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "spead2core/source.h"

#if defined(_WIN32)
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <netinet/in.h>
#include <sys/socket.h>
#endif

/* What the kernel is asked for when a UDP socket is opened: sp2_udp_source_options, read and
 * checked. */
typedef struct sp2__udp_config {
    const char *bind_host;      /* NULL or empty: any address */
    const char *group;          /* NULL: none but what `bind_host` may be */
    const char *interface_name; /* of these three one at most is set */
    const char *interface_address;
    uint32_t interface_index;
    const char *const *senders; /* `sender_count` of them */
    uint32_t sender_count;
    uint32_t port;
    uint64_t buffer_size; /* 0: as the operating system makes it */
    uint64_t warn_below;  /* a smaller buffer than this gives a warning */
    bool existing;        /* a duplicate of `socket` is used instead of a new one */
    intptr_t socket;
    uint32_t members; /* sockets that share the port; 0: this is the only one */
    uint32_t member;  /* which of them this is */
} sp2__udp_config;

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
    struct in_addr interface_v4; /* of an IPv4 group; 0.0.0.0: see `interface_index` */
    uint32_t interface_index;    /* 0: the system chooses */
    char interface_name[SP2_SOURCE_TEXT_SIZE]; /* its name, or what else is known of it; empty: the
                                                  system chooses */
    sp2__ip_address *senders;                  /* all others are kept out; NULL: none is */
    uint32_t sender_count;                     /* without repetitions */
    uint32_t members; /* sockets that share the group by filters; 0: it has no filter */
    uint32_t member;  /* which of them this is */
} sp2__udp_address;

/*
 * Finds the addresses behind the names of a configuration. `family` is that of an existing socket,
 * else AF_UNSPEC. The index of an interface that is given by its name is left to code that knows
 * system. Returns SP2_OK, SP2_E_ADDRESS (a name does not resolve), SP2_E_ARG (the addresses
 * contradict each other) or SP2_E_NOMEM. The caller frees the address also on failure.
 */
int32_t sp2__udp_resolve(const sp2__udp_config *config, int family, sp2__udp_address *address);
void sp2__udp_address_free(sp2__udp_address *address);

/* The group or host that a configuration is about, for messages. */
const char *sp2__udp_target(const sp2__udp_config *config);

/* Writes an address without scope, and its port. */
void sp2__ip_address_tell(const sp2__ip_address *address, char *text, uint32_t size,
                          uint32_t *port);

/* Gives an address without scope, and its port. */
sp2__address sp2__ip_address_read(const sp2__ip_address *address);

/* The other way round. */
sp2__ip_address sp2__ip_address_make(const sp2__address *address);

/* Fills in the address that a socket is bound to, and the group if it is one. */
void sp2__ip_address_describe(const sp2__ip_address *address, uint32_t length,
                              sp2_packet_source_info *info);

/* "IPv4" or "IPv6". */
const char *sp2__ip_family_name(int family);

#endif
