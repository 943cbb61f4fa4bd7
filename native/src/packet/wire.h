/* SPDX-License-Identifier: MIT */
#ifndef SP2_PACKET_WIRE_H
#define SP2_PACKET_WIRE_H

#include <stdint.h>
#include <string.h>

#include "base/compiler.h"

/* The packet format: SPEAD protocol document, and spec section 1. */

#define SP2__HEADER_SIZE 8
#define SP2__POINTER_SIZE 8

/* First two bytes of a packet: magic number and version. */
#define SP2__MAGIC 0x53
#define SP2__VERSION 4

/* Item identifiers with a meaning of their own. */
#define SP2__ID_NULL 0x00
#define SP2__ID_HEAP_CNT 0x01
#define SP2__ID_HEAP_LENGTH 0x02
#define SP2__ID_PAYLOAD_OFFSET 0x03
#define SP2__ID_PAYLOAD_LENGTH 0x04
#define SP2__ID_DESCRIPTOR 0x05
#define SP2__ID_STREAM_CTRL 0x06

/* Those that have one within a descriptor. */
#define SP2__ID_DESCRIPTOR_NAME 0x10
#define SP2__ID_DESCRIPTOR_DESCRIPTION 0x11
#define SP2__ID_DESCRIPTOR_SHAPE 0x12
#define SP2__ID_DESCRIPTOR_FORMAT 0x13
#define SP2__ID_DESCRIPTOR_ID 0x14
#define SP2__ID_DESCRIPTOR_DTYPE 0x15

/* Values of an immediate SP2__ID_STREAM_CTRL item. */
#define SP2__STREAM_START 0
#define SP2__STREAM_STOP 2

/* Mode bit of an item pointer: set, the value follows; clear, a heap address follows. */
#define SP2__IMMEDIATE_BIT ((uint64_t)1 << 63)

/* Eight bytes as they are, for comparisons. */
SP2__INLINE uint64_t sp2__load_raw64(const uint8_t *bytes) {
    uint64_t x;
    memcpy(&x, bytes, sizeof(x));
    return x;
}

/* A number in network byte order, as the host's; all supported hosts are little-endian. */
SP2__INLINE uint64_t sp2__load_be64(const uint8_t *bytes) {
    return SP2__SWAP_U64(sp2__load_raw64(bytes));
}

/* Identifier of an item pointer, for `address_bits` of the flavour. */
SP2__INLINE uint64_t sp2__pointer_id(uint64_t pointer, unsigned address_bits) {
    return (pointer & ~SP2__IMMEDIATE_BIT) >> address_bits;
}

/* Immediate value or heap address of an item pointer. */
SP2__INLINE uint64_t sp2__pointer_value(uint64_t pointer, unsigned address_bits) {
    return pointer & (((uint64_t)1 << address_bits) - 1);
}

#endif
