/* SPDX-License-Identifier: MIT */
/* Frames and capture files, byte by byte (addendum A5.6). */
#include "packet/capture.h"

#include <stdlib.h>
#include <string.h>

#include "packet/frame.h"
#include "test.h"

/* Bytes that are put together. */
typedef struct bytes {
    uint8_t data[4096];
    uint32_t length;
} bytes;

static void put(bytes *out, const void *data, uint32_t length) {
    memcpy(out->data + out->length, data, length);
    out->length += length;
}

static void put8(bytes *out, unsigned value) {
    const uint8_t byte = (uint8_t)value;
    put(out, &byte, 1);
}

static void put16(bytes *out, unsigned value) {
    put8(out, value >> 8 & 0xff);
    put8(out, value & 0xff);
}

static void put32(bytes *out, uint32_t value) {
    put16(out, value >> 16);
    put16(out, value & 0xffff);
}

static void put_zeros(bytes *out, uint32_t length) {
    memset(out->data + out->length, 0, length);
    out->length += length;
}

/* A UDP datagram of 5 bytes, "hello", from port 1000 to port 7148, whose length says `length`. */
static void put_udp(bytes *out, unsigned length) {
    put16(out, 1000);
    put16(out, 7148);
    put16(out, length);
    put16(out, 0);
    put(out, "hello", 5);
}

enum { UDP_LENGTH = 13 };

typedef struct v4 {
    unsigned options;  /* words */
    unsigned fragment; /* flags and offset */
    unsigned protocol;
    int total; /* beside what is right */
} v4;

static void put_v4(bytes *out, v4 header) {
    put8(out, 0x45 + header.options);
    put8(out, 0);
    put16(out, (unsigned)((int)(20 + header.options * 4 + UDP_LENGTH) + header.total));
    put16(out, 77);
    put16(out, header.fragment);
    put8(out, 64);
    put8(out, header.protocol == 0 ? 17 : header.protocol);
    put16(out, 0);
    put32(out, 0x0a000001);
    put32(out, 0xef020196);
    put_zeros(out, header.options * 4);
}

static void put_ethernet(bytes *out, unsigned type) {
    put_zeros(out, 12);
    put16(out, type);
}

static const bytes *ethernet_v4(bytes *out, v4 header, unsigned udp_length) {
    out->length = 0;
    put_ethernet(out, 0x0800);
    put_v4(out, header);
    put_udp(out, udp_length);
    return out;
}

static sp2__frame_kind decode(uint32_t link, const bytes *frame, sp2__frame *decoded) {
    /* In memory of its own, so that a sanitizer sees what is read beyond its end. */
    uint8_t *copy = malloc(frame->length == 0 ? 1 : frame->length);
    REQUIRE(copy != NULL);
    memcpy(copy, frame->data, frame->length);
    const sp2__frame_kind kind = sp2__frame_decode(link, copy, frame->length, decoded);
    if (kind == SP2__FRAME_UDP) {
        CHECK_EQ_U64(decoded->length, 5);
        CHECK_MEM(decoded->payload, "hello", 5);
        CHECK_EQ_U64(decoded->destination.port, 7148);
        CHECK_EQ_U64(decoded->source.port, 1000);
    }
    free(copy);
    return kind;
}

SP2_TEST(Datagram_over_ethernet_is_found) {
    bytes out;
    sp2__frame frame;
    CHECK_EQ_U64(decode(SP2__LINK_ETHERNET, ethernet_v4(&out, (v4){0}, UDP_LENGTH), &frame),
                 SP2__FRAME_UDP);
    CHECK_EQ_U64(frame.destination.ip[12], 0xef);
    CHECK_EQ_U64(frame.destination.ip[10], 0xff);
    CHECK_EQ_U64(decode(SP2__LINK_ETHERNET,
                        ethernet_v4(&out, (v4){.options = 1, .fragment = 0x4000}, UDP_LENGTH),
                        &frame),
                 SP2__FRAME_UDP);
    put_zeros(&out, 20); /* padding of a short frame */
    CHECK_EQ_U64(decode(SP2__LINK_ETHERNET, &out, &frame), SP2__FRAME_UDP);
}

SP2_TEST(Wrong_lengths_are_told_apart) {
    bytes out;
    sp2__frame frame;
    CHECK_EQ_U64(
        decode(SP2__LINK_ETHERNET, ethernet_v4(&out, (v4){.total = -4}, UDP_LENGTH), &frame),
        SP2__FRAME_UDP_LENGTH);
    CHECK_EQ_U64(decode(SP2__LINK_ETHERNET, ethernet_v4(&out, (v4){0}, 7), &frame),
                 SP2__FRAME_UDP_LENGTH);
    CHECK_EQ_U64(
        decode(SP2__LINK_ETHERNET, ethernet_v4(&out, (v4){.total = 1}, UDP_LENGTH), &frame),
        SP2__FRAME_IP_LENGTH);
    CHECK_EQ_U64(decode(SP2__LINK_ETHERNET, ethernet_v4(&out, (v4){0}, 8), &frame),
                 SP2__FRAME_EMPTY);
}

SP2_TEST(Other_protocols_are_told_apart) {
    bytes out;
    sp2__frame frame;
    CHECK_EQ_U64(
        decode(SP2__LINK_ETHERNET, ethernet_v4(&out, (v4){.protocol = 6}, UDP_LENGTH), &frame),
        SP2__FRAME_NOT_UDP);
    out.length = 0;
    put_ethernet(&out, 0x0806);
    put_zeros(&out, 28);
    CHECK_EQ_U64(decode(SP2__LINK_ETHERNET, &out, &frame), SP2__FRAME_NOT_IP);
    CHECK_EQ_U64(decode(147, &out, &frame), SP2__FRAME_UNKNOWN_LINK);
}

SP2_TEST(Fragments_say_what_they_are_a_part_of) {
    bytes out;
    sp2__frame frame;
    CHECK_EQ_U64(
        decode(SP2__LINK_ETHERNET, ethernet_v4(&out, (v4){.fragment = 0x2000}, UDP_LENGTH), &frame),
        SP2__FRAME_FRAGMENT);
    CHECK(frame.more);
    CHECK_EQ_U64(frame.offset, 0);
    CHECK_EQ_U64(frame.identification, 77);
    CHECK_EQ_U64(
        decode(SP2__LINK_ETHERNET, ethernet_v4(&out, (v4){.fragment = 3}, UDP_LENGTH), &frame),
        SP2__FRAME_FRAGMENT);
    CHECK(!frame.more);
    CHECK_EQ_U64(frame.offset, 24);
}

SP2_TEST(Tags_and_cooked_links_are_passed_over) {
    bytes out = {.length = 0};
    sp2__frame frame;
    put_ethernet(&out, 0x88a8);
    put16(&out, 5);
    put16(&out, 0x8100);
    put16(&out, 6);
    put16(&out, 0x0800);
    put_v4(&out, (v4){0});
    put_udp(&out, UDP_LENGTH);
    CHECK_EQ_U64(decode(SP2__LINK_ETHERNET, &out, &frame), SP2__FRAME_UDP);

    for (unsigned packet_type = 0; packet_type <= 4; packet_type += 4) {
        out.length = 0;
        put16(&out, packet_type);
        put_zeros(&out, 12);
        put16(&out, 0x0800);
        put_v4(&out, (v4){0});
        put_udp(&out, UDP_LENGTH);
        CHECK_EQ_U64(decode(SP2__LINK_COOKED, &out, &frame), SP2__FRAME_UDP);
        CHECK(frame.outgoing == (packet_type == 4));

        out.length = 0;
        put16(&out, 0x0800);
        put_zeros(&out, 8);
        put8(&out, packet_type);
        put_zeros(&out, 9);
        put_v4(&out, (v4){0});
        put_udp(&out, UDP_LENGTH);
        CHECK_EQ_U64(decode(SP2__LINK_COOKED_2, &out, &frame), SP2__FRAME_UDP);
        CHECK(frame.outgoing == (packet_type == 4));
    }
}

SP2_TEST(Raw_and_null_links_are_read) {
    bytes out = {.length = 0};
    sp2__frame frame;
    put_v4(&out, (v4){0});
    put_udp(&out, UDP_LENGTH);
    CHECK_EQ_U64(decode(SP2__LINK_RAW, &out, &frame), SP2__FRAME_UDP);
    CHECK_EQ_U64(decode(SP2__LINK_IPV4, &out, &frame), SP2__FRAME_UDP);
    static const uint8_t families[2][4] = {{2, 0, 0, 0}, {0, 0, 0, 2}};
    for (int i = 0; i < 2; i++) {
        bytes whole = {.length = 0};
        put(&whole, families[i], 4);
        put(&whole, out.data, out.length);
        CHECK_EQ_U64(decode(i == 0 ? SP2__LINK_NULL : SP2__LINK_LOOP, &whole, &frame),
                     SP2__FRAME_UDP);
    }
}

static void put_v6(bytes *out, unsigned next, unsigned extensions) {
    put32(out, 0x60000000);
    put16(out, UDP_LENGTH + extensions);
    put8(out, next);
    put8(out, 64);
    put_zeros(out, 15);
    put8(out, 1);
    put16(out, 0xff12);
    put_zeros(out, 13);
    put8(out, 5);
}

SP2_TEST(IPv6_extension_headers_are_passed_over) {
    bytes out = {.length = 0};
    sp2__frame frame;
    put_ethernet(&out, 0x86dd);
    put_v6(&out, 0, 8 + 16 + 12);
    put(&out, "\x3c\0\0\0\0\0\0\0", 8);                  /* hop by hop, then destination options */
    put(&out, "\x33\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16); /* 16 bytes, then authentication */
    put(&out, "\x11\1\0\0\0\0\0\0\0\0\0\0", 12);         /* 12 bytes, then UDP */
    put_udp(&out, UDP_LENGTH);
    CHECK_EQ_U64(decode(SP2__LINK_ETHERNET, &out, &frame), SP2__FRAME_UDP);
    CHECK(frame.v6);
    CHECK_EQ_U64(frame.destination.ip[15], 5);

    out.length = 0;
    put_v6(&out, 44, 8);
    put(&out, "\x11\0\0\x19\0\0\0\x63", 8); /* offset 24, more, number 99 */
    put_udp(&out, UDP_LENGTH);
    CHECK_EQ_U64(decode(SP2__LINK_IPV6, &out, &frame), SP2__FRAME_FRAGMENT);
    CHECK(frame.more);
    CHECK_EQ_U64(frame.offset, 24);
    CHECK_EQ_U64(frame.identification, 99);
}

SP2_TEST(Frame_that_ends_anywhere_is_no_datagram) {
    bytes out;
    sp2__frame frame;
    ethernet_v4(&out, (v4){.options = 2}, UDP_LENGTH);
    for (const uint32_t whole = out.length; out.length-- > 0;) {
        const sp2__frame_kind kind = decode(SP2__LINK_ETHERNET, &out, &frame);
        CHECK(kind == SP2__FRAME_SHORT || kind == SP2__FRAME_IP_LENGTH);
        CHECK(out.length < whole);
    }
}

/* ---- files ---- */

/* Numbers of a file in either byte order. */
static bool file_swapped;

static void file32(bytes *out, uint32_t value) {
    if (file_swapped) {
        put32(out, value);
    } else {
        put(out, &value, 4);
    }
}

static void file16(bytes *out, uint32_t value) {
    if (file_swapped) {
        put16(out, value);
    } else {
        put(out, &value, 2);
    }
}

static void put_pcap(bytes *out, uint32_t magic, uint32_t link) {
    file32(out, magic);
    file16(out, 2);
    file16(out, 4);
    file32(out, 0);
    file32(out, 0);
    file32(out, 262144);
    file32(out, link);
}

static void put_pcap_record(bytes *out, uint32_t seconds, uint32_t fraction, uint32_t original) {
    file32(out, seconds);
    file32(out, fraction);
    file32(out, 4);
    file32(out, original);
    put(out, "abcd", 4);
}

/* What the reader says of the bytes at *position, which it moves on; the window grows byte by byte
 * as it asks for more. */
static sp2__capture_event next(sp2__capture *capture, const bytes *file, uint32_t *position,
                               sp2__capture_record *record) {
    uint64_t window = 0;
    uint64_t size;
    sp2__capture_event event;
    do {
        event = sp2__capture_next(capture, file->data + *position, window, &size, record);
        CHECK(event != SP2__CAPTURE_MORE || size > window);
        window = event == SP2__CAPTURE_MORE ? size : window;
        if (*position + window > file->length) {
            return SP2__CAPTURE_MORE; /* the file ends in a record */
        }
    } while (event == SP2__CAPTURE_MORE);
    *position += (uint32_t)size;
    return event;
}

SP2_TEST(Pcap_of_both_resolutions_and_byte_orders_is_read) {
    for (int i = 0; i < 4; i++) {
        const bool nanoseconds = i & 1;
        file_swapped = i & 2;
        bytes file = {.length = 0};
        put_pcap(&file, nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, 113);
        put_pcap_record(&file, 1700000000, 123456, 4);
        put_pcap_record(&file, 1700000001, 5, 99);
        sp2__capture capture = {0};
        sp2__capture_record record;
        uint32_t position = 0;
        CHECK_EQ_U64(next(&capture, &file, &position, &record), SP2__CAPTURE_OTHER);
        CHECK_EQ_U64(next(&capture, &file, &position, &record), SP2__CAPTURE_FRAME);
        CHECK_EQ_U64(record.link, 113);
        CHECK_EQ_U64(record.length, 4);
        CHECK_MEM(record.bytes, "abcd", 4);
        CHECK_EQ_I64(record.time_ns, 1700000000000000000 + (nanoseconds ? 123456 : 123456 * 1000));
        CHECK_EQ_U64(next(&capture, &file, &position, &record), SP2__CAPTURE_TRUNCATED);
        CHECK_EQ_U64(position, file.length);
        file.length -= 1;
        position -= 20;
        CHECK_EQ_U64(next(&capture, &file, &position, &record), SP2__CAPTURE_MORE);
    }
}

/* A block with a body; its length is written at both ends. */
static void put_block(bytes *out, uint32_t type, const bytes *body) {
    const uint32_t padded = (body->length + 3) / 4 * 4;
    file32(out, type);
    file32(out, padded + 12);
    put(out, body->data, body->length);
    put_zeros(out, padded - body->length);
    file32(out, padded + 12);
}

static void put_section(bytes *out) {
    bytes body = {.length = 0};
    file32(&body, 0x1a2b3c4d);
    file16(&body, 1);
    file16(&body, 0);
    file32(&body, UINT32_MAX);
    file32(&body, UINT32_MAX);
    put_block(out, 0x0a0d0d0a, &body);
}

static void put_interface(bytes *out, uint32_t link, int resolution, uint32_t offset_seconds) {
    bytes body = {.length = 0};
    file16(&body, link);
    file16(&body, 0);
    file32(&body, 0);
    if (resolution >= 0) {
        file16(&body, 9);
        file16(&body, 1);
        put8(&body, (unsigned)resolution);
        put_zeros(&body, 3);
    }
    if (offset_seconds != 0) {
        file16(&body, 14);
        file16(&body, 8);
        file32(&body, file_swapped ? 0 : offset_seconds);
        file32(&body, file_swapped ? offset_seconds : 0);
    }
    file16(&body, 0);
    file16(&body, 0);
    put_block(out, 1, &body);
}

static void put_packet(bytes *out, uint32_t interface, uint64_t time) {
    bytes body = {.length = 0};
    file32(&body, interface);
    file32(&body, (uint32_t)(time >> 32));
    file32(&body, (uint32_t)time);
    file32(&body, 5);
    file32(&body, 5);
    put(&body, "abcde", 5);
    put_block(out, 6, &body);
}

SP2_TEST(Pcapng_interfaces_have_links_and_times_of_their_own) {
    for (int i = 0; i < 2; i++) {
        file_swapped = i != 0;
        bytes file = {.length = 0};
        put_section(&file);
        put_interface(&file, 1, -1, 0);
        put_interface(&file, 276, 9, 100);
        put_interface(&file, 101, 0x80 | 10, 0);
        put_packet(&file, 0, 1500000);
        put_packet(&file, 1, 7);
        bytes unknown = {.length = 0};
        put(&unknown, "whatever", 8);
        put_block(&file, 0xbad, &unknown);
        put_packet(&file, 2, 1024 + 512);
        put_packet(&file, 3, 0);
        sp2__capture capture = {0};
        sp2__capture_record record;
        uint32_t position = 0;
        for (int j = 0; j < 4; j++) {
            CHECK_EQ_U64(next(&capture, &file, &position, &record), SP2__CAPTURE_OTHER);
        }
        CHECK_EQ_U64(next(&capture, &file, &position, &record), SP2__CAPTURE_FRAME);
        CHECK_EQ_U64(record.link, 1);
        CHECK_EQ_I64(record.time_ns, 1500000000);
        CHECK_EQ_U64(next(&capture, &file, &position, &record), SP2__CAPTURE_FRAME);
        CHECK_EQ_U64(record.link, 276);
        CHECK_EQ_I64(record.time_ns, 100000000007);
        CHECK_MEM(record.bytes, "abcde", 5);
        CHECK_EQ_U64(next(&capture, &file, &position, &record), SP2__CAPTURE_OTHER);
        CHECK_EQ_U64(next(&capture, &file, &position, &record), SP2__CAPTURE_FRAME);
        CHECK_EQ_I64(record.time_ns, 1500000000);
        CHECK_EQ_U64(next(&capture, &file, &position, &record), SP2__CAPTURE_NO_INTERFACE);
        CHECK_EQ_U64(position, file.length);
    }
}

SP2_TEST(Pcapng_simple_packets_have_no_time) {
    file_swapped = false;
    bytes file = {.length = 0};
    bytes body = {.length = 0};
    put_section(&file);
    put_interface(&file, 1, -1, 0);
    file32(&body, 6);
    put(&body, "abcdef", 6);
    put_block(&file, 3, &body);
    sp2__capture capture = {0};
    sp2__capture_record record;
    uint32_t position = 0;
    next(&capture, &file, &position, &record);
    next(&capture, &file, &position, &record);
    CHECK_EQ_U64(next(&capture, &file, &position, &record), SP2__CAPTURE_FRAME);
    CHECK(!record.has_time);
    CHECK_EQ_U64(record.length, 6);
}

SP2_TEST(Damaged_lengths_end_a_capture) {
    file_swapped = false;
    static const uint32_t lengths[] = {0, 8, 11, 13};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        bytes file = {.length = 0};
        sp2__capture capture = {0};
        sp2__capture_record record;
        uint32_t position = 0;
        put_section(&file);
        file32(&file, 6);
        file32(&file, lengths[i]);
        put_zeros(&file, 64);
        next(&capture, &file, &position, &record);
        CHECK_EQ_U64(next(&capture, &file, &position, &record), SP2__CAPTURE_DAMAGED);
    }
    bytes file = {.length = 0};
    sp2__capture capture = {0};
    sp2__capture_record record;
    uint32_t position = 0;
    put(&file, "no capture at all", 17);
    CHECK_EQ_U64(next(&capture, &file, &position, &record), SP2__CAPTURE_DAMAGED);
}
