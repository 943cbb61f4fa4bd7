/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_LOOPBACK_H
#define SPEAD2CORE_TESTS_LOOPBACK_H

#include "receiver.h"
#include "test_sockets.h"

/* Adds a UDP source on a port of 127.0.0.1 that the system chooses, and gives the port. */
uint32_t open_loopback_source(sp2_receive_stream *stream);

/* Adds a UDP source with options of its own, which leave the port to the system. */
uint32_t open_udp_source(sp2_receive_stream *stream, const sp2_udp_source_options *options);

/* A socket that sends to this port of the loopback address; the family is AF_INET or AF_INET6. */
test_socket new_sender(int family, uint32_t port);

/* Sends each datagram; the test ends if one cannot be sent. */
void send_datagrams(test_socket sender, const datagram_list *list);

/* Sends each datagram to that port of 127.0.0.1. */
void send_to_loopback(uint32_t port, const datagram_list *list);

/* Sends the datagrams, all of one length but the last, as one message that the kernel cuts. False,
 * with errno, where it does not. */
bool send_as_segments(test_socket sender, const datagram_list *list);

/* Whether there is an address ::1 to bind to. */
bool has_ipv6_loopback(void);

#endif
