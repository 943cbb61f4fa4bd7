/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_ADDRESS_H
#define SP2_BASE_ADDRESS_H

#include <stdint.h>

/* An IP address and a UDP port. */
typedef struct sp2__address {
    uint32_t length;   /* of `bytes`: 4 for IPv4, 16 for IPv6; 0: not known */
    uint32_t port;     /* as a number */
    uint8_t bytes[16]; /* in network byte order; the rest is zero */
} sp2__address;

#endif
