/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_NET_NAMESPACE_H
#define SPEAD2CORE_TESTS_NET_NAMESPACE_H

#include <stdint.h>

/*
 * Networks for tests that no packet can leave: network namespaces that the calling thread makes and
 * enters. They vanish with the program. Where there is no right to make them the test is skipped.
 */

/* Skips the test where the kernel's options for groups are missing; emulators of it lack some. */
void require_multicast_options(void);

/* A namespace in which there is loopback, and all IPv4 multicast goes through it. */
void enter_loopback_network(void);

enum { LINKS = 2 };

/*
 * Two hosts with two links between them. On link i the near host has the addresses 10.77.i.1 and
 * fe80::1:i, the far host 10.77.i.2 and fe80::2:i.
 */
typedef struct link_network {
    int near_host;
    int far_host;
    uint32_t near_index[LINKS]; /* of the interfaces */
    uint32_t far_index[LINKS];
} link_network;

/* Makes them; the calling thread is on the near host then. */
void enter_link_network(link_network *network);
/* Deletes a link, with both of its interfaces; their addresses and routes go with it. The calling
 * thread is on the near host, before and after. */
void delete_link(const link_network *network, int link);
/* Makes it again. `near_index` is the index that its near interface gets; 0: a new one. */
void restore_link(link_network *network, int link, uint32_t near_index);
/* Sends what goes to IPv4 groups through an interface of the host that the thread is on. */
void route_groups(uint32_t index);

/* Sockets that the calling thread opens from now on are on this host. */
void enter_host(int host);
void leave_link_network(link_network *network);

#endif
