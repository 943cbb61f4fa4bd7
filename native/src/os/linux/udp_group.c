/* SPDX-License-Identifier: MIT */
#include "transport/udp_group.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/error.h"

/* In <linux/in6.h> and <asm-generic/socket.h>, but not in the C library's headers of every age. */
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

uint32_t sp2__udp_interface_index(intptr_t socket, const char *name) {
    struct ifreq request = {0};
    if (strlen(name) >= sizeof(request.ifr_name)) {
        return 0;
    }
    memcpy(request.ifr_name, name, strlen(name));
    return ioctl((int)socket, SIOCGIFINDEX, &request) == 0 ? (uint32_t)request.ifr_ifindex : 0;
}

static bool find_name(int fd, uint32_t index, char *name, size_t size) {
    struct ifreq request = {.ifr_ifindex = (int)index};
    if (ioctl(fd, SIOCGIFNAME, &request) != 0) {
        return false;
    }
    snprintf(name, size, "%.*s", (int)sizeof(request.ifr_name), request.ifr_name);
    return true;
}

/* The interface with this address; 0: none. */
static uint32_t find_index_of_address(int fd, struct in_addr address) {
    struct ifaddrs *all;
    char name[IFNAMSIZ] = "";
    if (getifaddrs(&all) != 0) {
        return 0;
    }
    for (const struct ifaddrs *one = all; one != NULL && name[0] == '\0'; one = one->ifa_next) {
        if (one->ifa_addr != NULL && one->ifa_addr->sa_family == AF_INET &&
            ((const struct sockaddr_in *)(const void *)one->ifa_addr)->sin_addr.s_addr ==
                address.s_addr) {
            /* A second address may be labelled, as in "eth0:1". */
            snprintf(name, sizeof(name), "%.*s", (int)strcspn(one->ifa_name, ":"), one->ifa_name);
        }
    }
    freeifaddrs(all);
    return name[0] != '\0' ? sp2__udp_interface_index(fd, name) : 0;
}

/* The interface as the caller has named it. */
static const char *given_interface(const sp2__udp_config *config, const sp2__udp_address *address,
                                   char *text, size_t size) {
    if (config->interface_name != NULL || config->interface_address != NULL) {
        return config->interface_name != NULL ? config->interface_name : config->interface_address;
    }
    snprintf(text, size, "%u", (unsigned)address->interface_index);
    return address->interface_index != 0 ? text : "that the system chooses";
}

static int32_t fail_join(const sp2__udp_config *config, const sp2__udp_address *address,
                         int error) {
    char text[128];
    char interface[16];
    const char *reason = sp2__os_error_text(error, text, sizeof(text));
    const char *advice = "";
    if (error == EADDRINUSE) {
        reason = "its owner has joined it there already, and for certain senders only";
    } else if (error == ENOBUFS) {
        advice = address->senders == NULL ? "; the limit is `sysctl net.ipv4.igmp_max_memberships`"
                 : address->bind_to.any.sa_family == AF_INET6
                     ? "; the limit of senders is `sysctl net.ipv6.mld_max_msf`"
                     : "; the limit of senders is `sysctl net.ipv4.igmp_max_msf`";
    }
    return sp2__fail(
        SP2_E_OS, error, "cannot join the multicast group %s on the interface %s: %s%s",
        sp2__udp_target(config), given_interface(config, address, interface, sizeof(interface)),
        reason, advice);
}

/* Fills in index and name. Returns 0 or an error number. */
static int find_interface(int fd, const sp2__udp_config *config, sp2__udp_address *address) {
    if (config->interface_name != NULL) {
        address->interface_index = sp2__udp_interface_index(fd, config->interface_name);
        if (address->interface_index == 0) {
            return ENODEV;
        }
        if (address->bind_to.any.sa_family == AF_INET6) {
            address->bind_to.v6.sin6_scope_id = address->interface_index;
        }
    } else if (address->interface_v4.s_addr != htonl(INADDR_ANY)) {
        address->interface_index = find_index_of_address(fd, address->interface_v4);
    }
    if (address->interface_index != 0) {
        find_name(fd, address->interface_index, address->interface_name,
                  sizeof(address->interface_name));
    }
    return 0;
}

/* One join for each sender: beside one for every sender they would not hold. */
static int join_senders(int fd, const sp2__udp_address *address) {
    const int level = address->bind_to.any.sa_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
    struct group_source_req request = {.gsr_interface = address->interface_index};
    memcpy(&request.gsr_group, &address->bind_to, sizeof(address->bind_to));
    for (uint32_t i = 0; i < address->sender_count; i++) {
        memcpy(&request.gsr_source, &address->senders[i], sizeof(address->senders[i]));
        if (setsockopt(fd, level, MCAST_JOIN_SOURCE_GROUP, &request, sizeof(request)) != 0) {
            return errno;
        }
    }
    return 0;
}

static int join_v4(int fd, const sp2__udp_address *address) {
    const struct ip_mreqn request = {.imr_multiaddr = address->bind_to.v4.sin_addr,
                                     .imr_address = address->interface_v4,
                                     .imr_ifindex = (int)address->interface_index};
    return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)) == 0 ? 0
                                                                                         : errno;
}

static int join_v6(int fd, const sp2__udp_address *address) {
    const struct ipv6_mreq request = {.ipv6mr_multiaddr = address->bind_to.v6.sin6_addr,
                                      .ipv6mr_interface = address->interface_index};
    return setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof(request)) == 0 ? 0
                                                                                         : errno;
}

/*
 * Else a socket would also get what arrives where only others have joined the group, from any
 * sender. For IPv6 only being bound to the interface does all of that, which kernels before 5.7
 * allow to administrators only: without it a socket may get more than it should, but never less.
 */
static int keep_others_out(int fd, const sp2__udp_address *address) {
    const int off = 0;
    if (address->bind_to.any.sa_family != AF_INET6) {
        return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof(off)) == 0 ? 0 : errno;
    }
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof(off));
    if (address->interface_index != 0) {
        const int index = (int)address->interface_index;
        (void)setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof(index));
    }
    return 0;
}

int32_t sp2__udp_join_again(intptr_t socket, const sp2__udp_address *address) {
    const int fd = (int)socket;
    return address->senders != NULL                     ? join_senders(fd, address)
           : address->bind_to.any.sa_family == AF_INET6 ? join_v6(fd, address)
                                                        : join_v4(fd, address);
}

int32_t sp2__udp_join(intptr_t socket, const sp2__udp_config *config, sp2__udp_address *address) {
    const int fd = (int)socket;
    const int on = 1;
    int error = find_interface(fd, config, address);
    if (error == 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
        error = errno;
    }
    if (error == 0) {
        error = keep_others_out(fd, address);
    }
    if (error == 0) {
        error = sp2__udp_join_again(fd, address);
    }
    return error == 0 ? SP2_OK : fail_join(config, address, error);
}
