/* SPDX-License-Identifier: MIT */
/* Interfaces that are deleted and made again: the kernel tells of them by netlink. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/thread.h"
#include "transport/udp_group.h"

/* In <asm-generic/socket.h> since Linux 5.14, but not in the C library's headers of every age. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* Messages taken at a time: more are taken next time round. */
#define MOST_NEWS 64

/* Any port does to ask for a route; nothing is sent. */
#define DISCARD_PORT 9

/* The groups of the process that are watched. */
static sp2__mutex list_lock = PTHREAD_MUTEX_INITIALIZER;
static sp2__udp_group *list;

/* ---- interfaces, as a socket's network namespace has them ---- */

static bool is_up(int fd, const char *name) {
    struct ifreq request = {0};
    const size_t length = strlen(name);
    if (length >= sizeof(request.ifr_name)) {
        return false;
    }
    memcpy(request.ifr_name, name, length);
    return ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP);
}

static bool is_same_host(const struct sockaddr *address, const sp2__ip_address *other) {
    if (address == NULL || address->sa_family != other->any.sa_family) {
        return false;
    }
    if (address->sa_family == AF_INET) {
        return ((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr ==
               other->v4.sin_addr.s_addr;
    }
    return address->sa_family == AF_INET6 &&
           memcmp(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
                  &other->v6.sin6_addr, sizeof(struct in6_addr)) == 0;
}

static void set_port(sp2__ip_address *address, uint32_t port) {
    if (address->any.sa_family == AF_INET6) {
        address->v6.sin6_port = htons((uint16_t)port);
    } else {
        address->v4.sin_port = htons((uint16_t)port);
    }
}

/* The address that this host would send to the group from: that of the interface which the kernel
 * has joined it on by its own choice. */
static bool find_chosen_address(const sp2__udp_address *group, sp2__ip_address *address) {
    sp2__ip_address target = group->bind_to;
    socklen_t length = sizeof(*address);
    set_port(&target, DISCARD_PORT);
    const int probe = socket(target.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool found = probe >= 0 && connect(probe, &target.any, group->length) == 0 &&
                       getsockname(probe, &address->any, &length) == 0;
    if (probe >= 0) {
        close(probe);
    }
    return found;
}

static void find_chosen_name(const sp2__udp_address *group, char *name, size_t size) {
    sp2__ip_address address = {0};
    struct ifaddrs *all;
    name[0] = '\0';
    if (!find_chosen_address(group, &address) || getifaddrs(&all) != 0) {
        return;
    }
    for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
        if (is_same_host(one->ifa_addr, &address)) {
            snprintf(name, size, "%.*s", (int)strcspn(one->ifa_name, ":"), one->ifa_name);
        }
    }
    freeifaddrs(all);
}

/* A number of its own for each network namespace; an unlikely one where the kernel has none. */
static uint64_t network_of(int fd, const sp2__udp_group *group) {
    uint64_t cookie = 0;
    socklen_t length = sizeof(cookie);
    return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) == 0
               ? cookie
               : (uint64_t)(uintptr_t)group;
}

/* ---- memberships ---- */

/* Drops what is left of the membership on an interface that has this index, or had it. */
static void leave(const sp2__udp_group *group, uint32_t index) {
    const int fd = (int)group->socket;
    if (group->address.bind_to.any.sa_family == AF_INET6) {
        const struct ipv6_mreq request = {.ipv6mr_multiaddr = group->address.bind_to.v6.sin6_addr,
                                          .ipv6mr_interface = index};
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &request, sizeof(request));
    } else {
        const struct ip_mreqn request = {.imr_multiaddr = group->address.bind_to.v4.sin_addr,
                                         .imr_ifindex = (int)index};
        (void)setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &request, sizeof(request));
    }
}

/* The group's interface was deleted: every socket of the process drops its membership there. With
 * the list's lock. */
static void leave_everywhere(sp2__udp_group *origin) {
    const uint32_t index = origin->index;
    for (sp2__udp_group *group = list; group != NULL; group = group->next) {
        if (group->network == origin->network && group->index == index && !group->away) {
            leave(group, index);
            group->away = true;
            if (group != origin) {
                sp2__event_loop_post(group->loop, group->task);
            }
        }
    }
}

/* Joins on the same socket. Returns 0 or an error number. */
static int32_t join_again(const sp2__udp_group *group, uint32_t index) {
    int32_t error = sp2__udp_join_again(group->socket, &group->address);
    if (error == EADDRINUSE) {
        leave(group, index);
        error = sp2__udp_join_again(group->socket, &group->address);
    }
    return error;
}

/* A socket that was bound to the old interface gets nothing from the new one. Returns 0 or an error
 * number. */
static int32_t open_again(sp2__udp_group *group, intptr_t *opened) {
    const int32_t error = sp2__udp_open_again(&group->address, group->buffer_size, opened);
    if (error == 0 && network_of((int)*opened, group) != group->network) {
        /* The loop's thread is in another network namespace than the caller was. */
        close((int)*opened);
        *opened = SP2__NO_SOCKET;
        return EXDEV;
    }
    return error;
}

/* If the interface is back. With the list's lock. */
static void come_back(sp2__udp_group *group, sp2__udp_group_news *news) {
    const uint32_t index = sp2__udp_interface_index(group->socket, group->name);
    if (index == 0 || !is_up((int)group->socket, group->name)) {
        return;
    }
    group->address.interface_index = index;
    if (group->address.bind_to.any.sa_family == AF_INET6 && !group->chosen_by_system) {
        group->address.bind_to.v6.sin6_scope_id = index;
        news->error = open_again(group, &news->socket);
    } else {
        news->error = join_again(group, index);
    }
    if (news->error == 0) {
        group->index = index;
        group->away = false;
        news->back = true;
        if (news->socket != SP2__NO_SOCKET) {
            group->socket = news->socket;
        }
    }
}

/* Whether the kernel says that the interface was deleted, or that there was more than it could
 * tell. */
static bool read_news(sp2__udp_group *group) {
    char bytes[8192];
    bool gone = false;
    for (int i = 0; i < MOST_NEWS; i++) {
        const ssize_t length = recv((int)group->news, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (length < 0) {
            if (errno != ENOBUFS) {
                break;
            }
            gone = true;
            continue;
        }
        size_t left = (size_t)length;
        for (const struct nlmsghdr *one = (const struct nlmsghdr *)(const void *)bytes;
             NLMSG_OK(one, left); one = NLMSG_NEXT(one, left)) {
            const struct ifinfomsg *link = NLMSG_DATA(one);
            /* A bridge that an interface leaves says the same in its own family. */
            gone |= one->nlmsg_type == RTM_DELLINK && link->ifi_family == AF_UNSPEC &&
                    (uint32_t)link->ifi_index == group->index;
        }
    }
    return gone;
}

void sp2__udp_group_look(sp2__udp_group *group, sp2__udp_group_news *news) {
    *news = (sp2__udp_group_news){.socket = SP2__NO_SOCKET};
    sp2__mutex_lock(&list_lock);
    if (read_news(group) && !group->away) {
        leave_everywhere(group);
    }
    news->gone = group->away && !group->told_away;
    if (group->away) {
        come_back(group, news);
    }
    group->told_away = group->away;
    sp2__mutex_unlock(&list_lock);
}

/* ---- the watch ---- */

static int32_t open_news(intptr_t *opened) {
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) {
        return errno;
    }
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        const int error = errno;
        close(fd);
        return error;
    }
    *opened = fd;
    return 0;
}

int32_t sp2__udp_group_watch(sp2__udp_group *group, const sp2__udp_config *config,
                             sp2__udp_opened *opened, sp2__event_loop *loop, sp2__task *task) {
    const int fd = (int)opened->socket;
    *group = (sp2__udp_group){
        .address = opened->group,
        .buffer_size = config->buffer_size,
        .news = SP2__NO_SOCKET,
        .loop = loop,
        .task = task,
        .chosen_by_system = opened->group.interface_index == 0,
        .socket = opened->socket,
    };
    opened->group.senders = NULL;
    opened->group.sender_count = 0;
    set_port(&group->address.bind_to, opened->port); /* the system may have chosen it */
    if (group->chosen_by_system) {
        find_chosen_name(&group->address, group->name, sizeof(group->name));
        group->index = sp2__udp_interface_index(fd, group->name);
    } else {
        memcpy(group->name, group->address.interface_name, sizeof(group->name));
        group->index = group->address.interface_index;
    }
    if (group->index == 0) {
        return 0; /* nobody can tell which interface it is */
    }
    const int32_t error = open_news(&group->news);
    if (error != 0) {
        return error;
    }
    group->network = network_of(fd, group);
    /* It may have been deleted before there was anybody to be told. */
    group->away = sp2__udp_interface_index(fd, group->name) != group->index;
    sp2__mutex_lock(&list_lock);
    group->next = list;
    list = group;
    sp2__mutex_unlock(&list_lock);
    return 0;
}

void sp2__udp_group_close(sp2__udp_group *group) {
    if (group->news != SP2__NO_SOCKET) {
        sp2__mutex_lock(&list_lock);
        sp2__udp_group **link = &list;
        while (*link != group) {
            link = &(*link)->next;
        }
        *link = group->next;
        sp2__mutex_unlock(&list_lock);
        close((int)group->news);
        group->news = SP2__NO_SOCKET;
    }
    sp2__udp_address_free(&group->address);
}
