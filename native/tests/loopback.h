/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_LOOPBACK_H
#define SPEAD2CORE_TESTS_LOOPBACK_H

#include "receiver.h"

/* Adds a UDP reader on a port of 127.0.0.1 that the system chooses, and gives the port. */
uint32_t add_loopback_reader(sp2_receive_stream *stream);

/* Sends each datagram to that port. */
void send_to_loopback(uint32_t port, const datagram_list *list);

#endif
