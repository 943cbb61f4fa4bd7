/* SPDX-License-Identifier: MIT */
#ifndef SP2_TRANSPORT_UDP_GROUP_H
#define SP2_TRANSPORT_UDP_GROUP_H

#include "runtime/event_loop.h"
#include "transport/udp_address.h"
#include "transport/udp_socket.h"

/*
 * Joins the group of an address, on its interface and for its senders, so that the socket receives
 * nothing else. Completes the address: index and name of the interface, where the system tells
 * them. Returns an sp2_status.
 */
int32_t sp2__udp_join(intptr_t socket, const sp2__udp_config *config, sp2__udp_address *address);

/* Joins it once more, where nothing of the address is to be looked up. Returns 0 or an error
 * number.
 */
int32_t sp2__udp_join_again(intptr_t socket, const sp2__udp_address *address);

/* The index of an interface in the socket's network namespace; 0: there is none of this name. */
uint32_t sp2__udp_interface_index(intptr_t socket, const char *name);

/*
 * A group that a socket has joined, and a watch over its interface. A membership ends with its
 * interface: when that is deleted, what is left of it must be dropped, by every socket, before
 * anybody joins the group on an interface that is made again, perhaps with the same index. So all
 * groups of the process are in one list.
 */
typedef struct sp2__udp_group {
    sp2__udp_address address; /* the group's own */
    uint64_t buffer_size;     /* of a new socket */
    intptr_t news; /* readable when interfaces come or go; SP2__NO_SOCKET: nobody watches */
    sp2__event_loop *loop;
    sp2__task *task;       /* that looks at the group */
    bool chosen_by_system; /* the interface, when the group was joined first */
    bool told_away;        /* the latest that was told of `away` */
    uint64_t network;
    /* Under the list's lock: */
    intptr_t socket;
    char name[SP2_SOURCE_TEXT_SIZE]; /* of the interface */
    uint32_t index;
    bool away; /* the interface is gone, and the membership was dropped */
    struct sp2__udp_group *next;
} sp2__udp_group;

/* What has become of a group. */
typedef struct sp2__udp_group_news {
    bool gone;       /* its interface was deleted */
    bool back;       /* it was joined again */
    int32_t error;   /* it could not be, this time */
    intptr_t socket; /* back, as a new socket, which the caller owns; else SP2__NO_SOCKET */
} sp2__udp_group_news;

/*
 * Watches the interface of a group that the socket has joined, from then on; `loop` runs `task`
 * when it is time to look. Takes over the address. Returns 0 or an error number: then it is not
 * watched, as where the system does not tell of interfaces, which is no error.
 */
int32_t sp2__udp_group_watch(sp2__udp_group *group, const sp2__udp_config *config,
                             sp2__udp_opened *opened, sp2__event_loop *loop, sp2__task *task);

/* Looks what has become of the interface, and joins the group again if it is back. On the loop.
 * No user-supplied function is called: the list is locked. */
void sp2__udp_group_look(sp2__udp_group *group, sp2__udp_group_news *news);

/* Ends the watch, before the socket is closed. */
void sp2__udp_group_close(sp2__udp_group *group);

#endif
