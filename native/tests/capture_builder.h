/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_CAPTURE_BUILDER_H
#define SPEAD2CORE_TESTS_CAPTURE_BUILDER_H

#include <spead2core/buffer.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Builds frames, and captures of them, for tests; ends the program when there is no memory. */

enum {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_RAW = 101,
    LINK_LOOP = 108,
    LINK_COOKED = 113,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_COOKED_2 = 276
};

/* Bytes that grow. With zeros: none. */
typedef struct test_bytes {
    uint8_t *data;
    size_t length;
    size_t capacity;
} test_bytes;

void bytes_put(test_bytes *bytes, const void *data, size_t length);
void bytes_put_zeros(test_bytes *bytes, size_t length);
void bytes_put8(test_bytes *bytes, unsigned value);
/* In network byte order. */
void bytes_put16(test_bytes *bytes, unsigned value);
void bytes_put32(test_bytes *bytes, uint32_t value);
void bytes_free(test_bytes *bytes);

/* How a frame is made. With zeros: IPv4 over Ethernet, from 10.0.0.1 to 239.2.1.150, or IPv6 from
 * fd00::1 to ff12::5; from port 40000 to port 7148. */
typedef struct frame_shape {
    uint32_t link;     /* LINK_NULL: see `has_link` */
    bool has_link;     /* `link` is set; else it is Ethernet */
    bool v6;           /* else IPv4 */
    unsigned tags;     /* of 802.1Q */
    unsigned options;  /* 32-bit words of IPv4 options; bytes of IPv6 destination options / 8 */
    unsigned port;     /* destination; 0: 7148 */
    bool outgoing;     /* cooked links: sent by the capturing host */
    unsigned protocol; /* 0: UDP */
    int ip_excess;     /* what the IP length says beside what is right */
    int udp_excess;    /* the same of the UDP length */
    bool checksum;     /* UDP has one */
    /* Fragments: */
    bool is_fragment; /* the bytes are a part of a UDP datagram with its header */
    bool more;
    unsigned offset; /* bytes */
    uint32_t number;
} frame_shape;

/* Appends a frame with a UDP payload, or with the bytes of a fragment. */
void frame_put(test_bytes *frame, const frame_shape *shape, const void *payload, size_t length);

/* Appends a UDP datagram with its header, for fragments: with the right checksum. */
void udp_put(test_bytes *datagram, const frame_shape *shape, const void *payload, size_t length);

typedef struct capture_shape {
    bool pcapng;
    bool nanoseconds; /* else microseconds */
    bool swapped;     /* the other byte order */
} capture_shape;

/* A capture that is being built: one interface, frames a millisecond apart. */
typedef struct capture_builder {
    capture_shape shape;
    uint32_t frames;
    test_bytes bytes;
} capture_builder;

void capture_begin(capture_builder *capture, capture_shape shape, uint32_t link);
void capture_add(capture_builder *capture, const test_bytes *frame);
/* The same, of which only `captured` bytes are there. */
void capture_add_cut(capture_builder *capture, const test_bytes *frame, size_t captured);
/* Builds and adds a frame. */
void capture_add_datagram(capture_builder *capture, const frame_shape *shape, const void *payload,
                          size_t length);
/* Builds and adds the fragments of a UDP datagram with this payload, of `piece` bytes each. */
void capture_add_fragments(capture_builder *capture, const frame_shape *shape, uint32_t number,
                           const sp2_datagram *datagram, size_t piece);
/* A number in the byte order of the file. */
void capture_put32(capture_builder *capture, uint32_t value);
/* pcapng: adds an interface. */
void capture_add_interface(capture_builder *capture, uint32_t link);
/* pcapng: adds a block of a type. */
void capture_add_block(capture_builder *capture, uint32_t type, const test_bytes *body);

void file_write_as(const char *path, const test_bytes *bytes);
/* Writes a new file in the folder for temporary files; the caller removes it and frees the name. */
char *file_write(const test_bytes *bytes);
void file_remove(char *path);

#endif
