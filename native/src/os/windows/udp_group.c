/* SPDX-License-Identifier: MIT */
#include "transport/udp_group.h"

#include <string.h>

#include "base/error.h"

/* The interface of an IPv4 group: an address 0.x.x.x is an index. */
static struct in_addr interface_v4(const sp2__udp_address *address) {
    struct in_addr interface = address->interface_v4;
    if (address->interface_index != 0) {
        interface.s_addr = htonl(address->interface_index);
    }
    return interface;
}

static int join_sender_v4(SOCKET socket, const sp2__udp_address *address,
                          const sp2__ip_address *sender) {
    const struct ip_mreq_source request = {.imr_multiaddr = address->bind_to.v4.sin_addr,
                                           .imr_sourceaddr = sender->v4.sin_addr,
                                           .imr_interface = interface_v4(address)};
    return setsockopt(socket, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, (const char *)&request,
                      sizeof(request));
}

static int join_sender_v6(SOCKET socket, const sp2__udp_address *address,
                          const sp2__ip_address *sender) {
    struct group_source_req request = {.gsr_interface = address->interface_index};
    memcpy(&request.gsr_group, &address->bind_to, sizeof(address->bind_to));
    memcpy(&request.gsr_source, sender, sizeof(*sender));
    return setsockopt(socket, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, (const char *)&request,
                      sizeof(request));
}

static int join_senders(SOCKET socket, const sp2__udp_address *address) {
    int failed = 0;
    for (uint32_t i = 0; i < address->sender_count && failed == 0; i++) {
        failed = address->bind_to.any.sa_family == AF_INET6
                     ? join_sender_v6(socket, address, &address->senders[i])
                     : join_sender_v4(socket, address, &address->senders[i]);
    }
    return failed;
}

static int join(SOCKET socket, const sp2__udp_address *address) {
    if (address->senders != NULL) {
        return join_senders(socket, address);
    }
    if (address->bind_to.any.sa_family == AF_INET6) {
        const struct ipv6_mreq request = {.ipv6mr_multiaddr = address->bind_to.v6.sin6_addr,
                                          .ipv6mr_interface = address->interface_index};
        return setsockopt(socket, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, (const char *)&request,
                          sizeof(request));
    }
    const struct ip_mreq request = {.imr_multiaddr = address->bind_to.v4.sin_addr,
                                    .imr_interface = interface_v4(address)};
    return setsockopt(socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, (const char *)&request,
                      sizeof(request));
}

int32_t sp2__udp_join_again(intptr_t socket, const sp2__udp_address *address) {
    return join((SOCKET)socket, address) == 0 ? 0 : WSAGetLastError();
}

int32_t sp2__udp_join(intptr_t socket, const sp2__udp_config *config, sp2__udp_address *address) {
    const int32_t error = sp2__udp_join_again(socket, address);
    if (error == 0) {
        return SP2_OK;
    }
    char text[128];
    return sp2__fail(error == WSAENOBUFS ? SP2_E_NOMEM : SP2_E_OS, error,
                     "cannot join the group at UDP port %u of %s: %s", (unsigned)config->port,
                     sp2__udp_target(config), sp2__os_error_text(error, text, sizeof(text)));
}

/* Nobody watches: Windows would have to tell in a library that the core does without. */
int32_t sp2__udp_group_watch(sp2__udp_group *group, const sp2__udp_config *config,
                             sp2__udp_opened *opened, sp2__event_loop *loop, sp2__task *task) {
    (void)group;
    (void)config;
    (void)loop;
    (void)task;
    sp2__udp_address_free(&opened->group);
    return 0;
}

void sp2__udp_group_look(sp2__udp_group *group, sp2__udp_group_news *news) {
    (void)group;
    *news = (sp2__udp_group_news){.socket = SP2__NO_SOCKET};
}

void sp2__udp_group_close(sp2__udp_group *group) {
    (void)group;
}
