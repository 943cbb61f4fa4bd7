/* SPDX-License-Identifier: MIT */
#include "capture_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#if defined(_WIN32)
#include <process.h>
#define getpid _getpid
#else
#include <unistd.h>
#endif

#define PROTOCOL_UDP 17
#define PROTOCOL_FRAGMENT 44
#define PROTOCOL_DESTINATION_OPTIONS 60

enum { UDP_HEADER = 8, V4_HEADER = 20, V6_HEADER = 40, SOURCE_PORT = 40000, USUAL_PORT = 7148 };

/* ---- bytes ---- */

void bytes_put(test_bytes *bytes, const void *data, size_t length) {
    if (bytes->capacity - bytes->length < length) {
        bytes->capacity = 2 * bytes->capacity + length;
        bytes->data = realloc(bytes->data, bytes->capacity);
        if (bytes->data == NULL) {
            abort();
        }
    }
    if (length != 0) {
        memcpy(bytes->data + bytes->length, data, length);
        bytes->length += length;
    }
}

void bytes_put8(test_bytes *bytes, unsigned value) {
    const uint8_t byte = (uint8_t)value;
    bytes_put(bytes, &byte, 1);
}

void bytes_put_zeros(test_bytes *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        bytes_put8(bytes, 0);
    }
}

void bytes_put16(test_bytes *bytes, unsigned value) {
    bytes_put8(bytes, value >> 8 & 0xff);
    bytes_put8(bytes, value & 0xff);
}

void bytes_put32(test_bytes *bytes, uint32_t value) {
    bytes_put16(bytes, value >> 16);
    bytes_put16(bytes, value & 0xffff);
}

void bytes_free(test_bytes *bytes) {
    free(bytes->data);
    *bytes = (test_bytes){0};
}

/* ---- frames ---- */

static const uint8_t v4_addresses[] = {10, 0, 0, 1, 239, 2, 1, 150};
static const uint8_t v6_addresses[] = {0xfd, 0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
                                       0xff, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5};

static unsigned add_words(unsigned sum, const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        sum += i % 2 == 0 ? (unsigned)bytes[i] << 8 : bytes[i];
    }
    return sum;
}

static unsigned checksum_of(const frame_shape *shape, const uint8_t *datagram, size_t length) {
    unsigned sum = PROTOCOL_UDP + (unsigned)length;
    sum = shape->v6 ? add_words(sum, v6_addresses, sizeof(v6_addresses))
                    : add_words(sum, v4_addresses, sizeof(v4_addresses));
    sum = add_words(sum, datagram, length);
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum == 0xffff ? sum : ~sum & 0xffff;
}

static void put_udp(test_bytes *out, const frame_shape *shape, const void *payload, size_t length) {
    const size_t start = out->length;
    bytes_put16(out, SOURCE_PORT);
    bytes_put16(out, shape->port != 0 ? shape->port : USUAL_PORT);
    bytes_put16(out, (unsigned)((int)(UDP_HEADER + length) + shape->udp_excess));
    bytes_put16(out, 0);
    bytes_put(out, payload, length);
    if (shape->checksum) {
        const unsigned sum = checksum_of(shape, out->data + start, UDP_HEADER + length);
        out->data[start + 6] = (uint8_t)(sum >> 8);
        out->data[start + 7] = (uint8_t)sum;
    }
}

void udp_put(test_bytes *datagram, const frame_shape *shape, const void *payload, size_t length) {
    frame_shape with_checksum = *shape;
    with_checksum.checksum = true;
    put_udp(datagram, &with_checksum, payload, length);
}

static void put_v4(test_bytes *out, const frame_shape *shape, size_t length) {
    const unsigned header = V4_HEADER + 4 * shape->options;
    bytes_put8(out, 0x40 + header / 4);
    bytes_put8(out, 0);
    bytes_put16(out, (unsigned)((int)(header + length) + shape->ip_excess));
    bytes_put16(out, shape->number & 0xffff);
    bytes_put16(out, (shape->more ? 0x2000u : 0) + shape->offset / 8);
    bytes_put8(out, 64);
    bytes_put8(out, shape->protocol != 0 ? shape->protocol : PROTOCOL_UDP);
    bytes_put16(out, 0);
    bytes_put(out, v4_addresses, sizeof(v4_addresses));
    bytes_put_zeros(out, (size_t)4 * shape->options);
}

static void put_v6(test_bytes *out, const frame_shape *shape, size_t length) {
    const unsigned protocol = shape->protocol != 0 ? shape->protocol : PROTOCOL_UDP;
    const unsigned inner = shape->is_fragment ? PROTOCOL_FRAGMENT : protocol;
    const size_t extensions = (shape->is_fragment ? 8 : 0) + (size_t)8 * shape->options;
    bytes_put32(out, 0x60000000);
    bytes_put16(out, (unsigned)((int)(length + extensions) + shape->ip_excess));
    bytes_put8(out, shape->options != 0 ? PROTOCOL_DESTINATION_OPTIONS : inner);
    bytes_put8(out, 64);
    bytes_put(out, v6_addresses, sizeof(v6_addresses));
    if (shape->options != 0) {
        bytes_put8(out, inner);
        bytes_put8(out, shape->options - 1);
        bytes_put_zeros(out, (size_t)8 * shape->options - 2);
    }
    if (shape->is_fragment) {
        bytes_put16(out, protocol << 8);
        bytes_put16(out, shape->offset + (shape->more ? 1 : 0));
        bytes_put32(out, shape->number);
    }
}

static uint32_t link_of(const frame_shape *shape) {
    return shape->has_link ? shape->link : LINK_ETHERNET;
}

static void put_link(test_bytes *out, const frame_shape *shape) {
    static const uint8_t families[] = {2, 10};
    const unsigned type = shape->tags != 0 ? 0x8100 : shape->v6 ? 0x86dd : 0x0800;
    switch (link_of(shape)) {
    case LINK_ETHERNET:
        bytes_put_zeros(out, 12);
        bytes_put16(out, type);
        break;
    case LINK_COOKED:
        bytes_put16(out, shape->outgoing ? 4 : 0);
        bytes_put_zeros(out, 12);
        bytes_put16(out, type);
        break;
    case LINK_COOKED_2:
        bytes_put16(out, type);
        bytes_put_zeros(out, 8);
        bytes_put8(out, shape->outgoing ? 4 : 0);
        bytes_put_zeros(out, 9);
        break;
    case LINK_NULL:
        bytes_put8(out, families[shape->v6]);
        bytes_put_zeros(out, 3);
        break;
    case LINK_LOOP:
        bytes_put_zeros(out, 3);
        bytes_put8(out, families[shape->v6]);
        break;
    default:
        break;
    }
    for (unsigned i = shape->tags; i-- > 0;) {
        bytes_put16(out, i);
        bytes_put16(out, i != 0 ? 0x8100 : shape->v6 ? 0x86dd : 0x0800);
    }
}

void frame_put(test_bytes *frame, const frame_shape *shape, const void *payload, size_t length) {
    const size_t inner = length + (shape->is_fragment ? 0 : UDP_HEADER);
    put_link(frame, shape);
    if (shape->v6) {
        put_v6(frame, shape, inner);
    } else {
        put_v4(frame, shape, inner);
    }
    if (shape->is_fragment) {
        bytes_put(frame, payload, length);
    } else {
        put_udp(frame, shape, payload, length);
    }
}

/* ---- captures ---- */

void capture_put32(capture_builder *capture, uint32_t value) {
    if (capture->shape.swapped) {
        bytes_put32(&capture->bytes, value);
    } else {
        bytes_put(&capture->bytes, &value, sizeof(value));
    }
}

static void put16(capture_builder *capture, unsigned value) {
    if (capture->shape.swapped) {
        bytes_put16(&capture->bytes, value);
    } else {
        bytes_put8(&capture->bytes, value & 0xff);
        bytes_put8(&capture->bytes, value >> 8);
    }
}

static void pad(capture_builder *capture, size_t length) {
    bytes_put_zeros(&capture->bytes, (4 - length % 4) % 4);
}

static void begin_pcapng(capture_builder *capture) {
    capture_put32(capture, 0x0a0d0d0a);
    capture_put32(capture, 28);
    capture_put32(capture, 0x1a2b3c4d);
    put16(capture, 1);
    put16(capture, 0);
    capture_put32(capture, UINT32_MAX);
    capture_put32(capture, UINT32_MAX);
    capture_put32(capture, 28);
}

void capture_add_interface(capture_builder *capture, uint32_t link) {
    const uint32_t length = capture->shape.nanoseconds ? 32 : 20;
    capture_put32(capture, 1);
    capture_put32(capture, length);
    put16(capture, link);
    put16(capture, 0);
    capture_put32(capture, 0);
    if (capture->shape.nanoseconds) {
        put16(capture, 9);
        put16(capture, 1);
        bytes_put8(&capture->bytes, 9);
        bytes_put_zeros(&capture->bytes, 3);
        capture_put32(capture, 0);
    }
    capture_put32(capture, length);
}

void capture_add_block(capture_builder *capture, uint32_t type, const test_bytes *body) {
    const uint32_t length = (uint32_t)(body->length + 3) / 4 * 4 + 12;
    capture_put32(capture, type);
    capture_put32(capture, length);
    bytes_put(&capture->bytes, body->data, body->length);
    pad(capture, body->length);
    capture_put32(capture, length);
}

void capture_begin(capture_builder *capture, capture_shape shape, uint32_t link) {
    *capture = (capture_builder){.shape = shape};
    if (shape.pcapng) {
        begin_pcapng(capture);
        capture_add_interface(capture, link);
        return;
    }
    capture_put32(capture, shape.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4);
    put16(capture, 2);
    put16(capture, 4);
    capture_put32(capture, 0);
    capture_put32(capture, 0);
    capture_put32(capture, 262144);
    capture_put32(capture, link);
}

void capture_add_cut(capture_builder *capture, const test_bytes *frame, size_t captured) {
    const uint32_t seconds = 1700000000 + capture->frames / 1000;
    const uint32_t fraction =
        capture->frames % 1000 * (capture->shape.nanoseconds ? 1000000u : 1000u);
    const uint32_t padded = (uint32_t)(captured + 3) / 4 * 4;
    capture->frames++;
    if (capture->shape.pcapng) {
        const uint64_t units = capture->shape.nanoseconds ? 1000000000 : 1000000;
        const uint64_t time = seconds * units + fraction;
        capture_put32(capture, 6);
        capture_put32(capture, padded + 32);
        capture_put32(capture, 0);
        capture_put32(capture, (uint32_t)(time >> 32));
        capture_put32(capture, (uint32_t)time);
    } else {
        capture_put32(capture, seconds);
        capture_put32(capture, fraction);
    }
    capture_put32(capture, (uint32_t)captured);
    capture_put32(capture, (uint32_t)frame->length);
    bytes_put(&capture->bytes, frame->data, captured);
    if (capture->shape.pcapng) {
        pad(capture, captured);
        capture_put32(capture, padded + 32);
    }
}

void capture_add(capture_builder *capture, const test_bytes *frame) {
    capture_add_cut(capture, frame, frame->length);
}

void capture_add_datagram(capture_builder *capture, const frame_shape *shape, const void *payload,
                          size_t length) {
    test_bytes frame = {0};
    frame_put(&frame, shape, payload, length);
    capture_add(capture, &frame);
    bytes_free(&frame);
}

void capture_add_fragments(capture_builder *capture, const frame_shape *shape, uint32_t number,
                           const sp2_datagram *datagram, size_t piece) {
    test_bytes whole = {0};
    udp_put(&whole, shape, datagram->data, (size_t)datagram->length);
    for (size_t at = 0; at < whole.length; at += piece) {
        frame_shape fragment = *shape;
        fragment.is_fragment = true;
        fragment.more = at + piece < whole.length;
        fragment.offset = (unsigned)at;
        fragment.number = number;
        capture_add_datagram(capture, &fragment, whole.data + at,
                             fragment.more ? piece : whole.length - at);
    }
    bytes_free(&whole);
}

/* ---- files ---- */

void file_write_as(const char *path, const test_bytes *bytes) {
    FILE *file = fopen(path, "wb");
    REQUIRE(file != NULL);
    REQUIRE(bytes->length == 0 || fwrite(bytes->data, 1, bytes->length, file) == bytes->length);
    REQUIRE(fclose(file) == 0);
}

char *file_write(const test_bytes *bytes) {
    static unsigned files;
    const char *folder = getenv("TMPDIR");
    enum { ROOM = 512 };
    char *path = malloc(ROOM);
    REQUIRE(path != NULL);
#if defined(_WIN32)
    folder = folder != NULL ? folder : getenv("TEMP");
#endif
    snprintf(path, ROOM, "%s/spead2-test-%lx-%u.pcap", folder != NULL ? folder : "/tmp",
             (unsigned long)getpid(), files++);
    file_write_as(path, bytes);
    return path;
}

void file_remove(char *path) {
    remove(path);
    free(path);
}
