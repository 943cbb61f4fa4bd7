/* SPDX-License-Identifier: MIT */
#include "packet/capture.h"

#include <string.h>

#include "packet/frame.h"

/* pcap: magic numbers, as the writing host stores them. */
#define PCAP_MICROSECONDS 0xa1b2c3d4u
#define PCAP_NANOSECONDS 0xa1b23c4du

#define PCAP_HEADER 24
#define PCAP_RECORD_HEADER 16

/* pcapng: block types and options (draft-ietf-opsawg-pcapng). */
#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1
#define BLOCK_OBSOLETE_PACKET 2
#define BLOCK_SIMPLE_PACKET 3
#define BLOCK_ENHANCED_PACKET 6
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define OPTION_END 0
#define OPTION_TIME_RESOLUTION 9
#define OPTION_TIME_OFFSET 14

/* Type and length at the start of a block, and its length again at the end. */
#define BLOCK_START 8
#define BLOCK_OVERHEAD 12

#define US_PER_SECOND 1000000
#define NS_PER_SECOND 1000000000

static uint32_t swap32(uint32_t x) {
    return x >> 24 | (x >> 8 & 0xff00) | (x << 8 & 0xff0000) | x << 24;
}

/* Numbers of the file, in its byte order; all supported hosts are little-endian. */
static uint32_t get32(const sp2__capture *capture, const uint8_t *bytes) {
    uint32_t x;
    memcpy(&x, bytes, sizeof(x));
    return capture->swapped ? swap32(x) : x;
}

static uint32_t get16(const sp2__capture *capture, const uint8_t *bytes) {
    return capture->swapped ? (uint32_t)bytes[0] << 8 | bytes[1]
                            : (uint32_t)bytes[1] << 8 | bytes[0];
}

static sp2__capture_event need(uint64_t *size, uint64_t bytes) {
    *size = bytes;
    return SP2__CAPTURE_MORE;
}

/* Units of time since 1970 as nanoseconds, without losing any. */
static int64_t to_ns(const sp2__capture_interface *interface, uint64_t time) {
    const uint64_t seconds = time / interface->units;
    const uint64_t rest = time % interface->units;
    /* As many nanoseconds as fit; units finer than these are rounded down. */
    const uint64_t ns =
        interface->units <= NS_PER_SECOND
            ? rest * (NS_PER_SECOND / interface->units) +
                  rest * (NS_PER_SECOND % interface->units) / interface->units
            : (uint64_t)((double)rest * ((double)NS_PER_SECOND / (double)interface->units));
    return (int64_t)((seconds + (uint64_t)interface->offset_seconds) * NS_PER_SECOND + ns);
}

/* ---- pcap ---- */

static sp2__capture_event begin_pcap(sp2__capture *capture, const uint8_t *bytes,
                                     uint64_t available, bool nanoseconds, uint64_t *size) {
    if (available < PCAP_HEADER) {
        return need(size, PCAP_HEADER);
    }
    capture->interface_count = 1;
    capture->interfaces[0] = (sp2__capture_interface){
        /* The upper bits say how frames end. */
        .link = get32(capture, bytes + 20) & 0x0fffffff,
        .units = nanoseconds ? NS_PER_SECOND : US_PER_SECOND,
    };
    capture->begun = true;
    *size = PCAP_HEADER;
    return SP2__CAPTURE_OTHER;
}

static sp2__capture_event next_pcap(sp2__capture *capture, const uint8_t *bytes, uint64_t available,
                                    uint64_t *size, sp2__capture_record *record) {
    if (available < PCAP_RECORD_HEADER) {
        return need(size, PCAP_RECORD_HEADER);
    }
    const uint32_t length = get32(capture, bytes + 8);
    *size = PCAP_RECORD_HEADER + (uint64_t)length;
    if (*size > SP2__CAPTURE_MAX_RECORD) {
        return SP2__CAPTURE_TOO_LONG;
    }
    if (available < *size) {
        return SP2__CAPTURE_MORE;
    }
    const sp2__capture_interface *interface = &capture->interfaces[0];
    *record = (sp2__capture_record){
        .bytes = bytes + PCAP_RECORD_HEADER,
        .length = length,
        .original_length = get32(capture, bytes + 12),
        .link = interface->link,
        .has_time = true,
        .time_ns = to_ns(interface, (uint64_t)get32(capture, bytes) * interface->units +
                                        get32(capture, bytes + 4)),
    };
    return length < record->original_length ? SP2__CAPTURE_TRUNCATED : SP2__CAPTURE_FRAME;
}

/* ---- pcapng ---- */

/* A section says the byte order of what follows, and has interfaces of its own. */
static sp2__capture_event begin_section(sp2__capture *capture, const uint8_t *bytes,
                                        uint64_t available, uint64_t *size) {
    enum { LEAST = 28, MAGIC_AT = 8 };
    if (available < MAGIC_AT + 4) {
        return need(size, MAGIC_AT + 4);
    }
    uint32_t magic;
    memcpy(&magic, bytes + MAGIC_AT, sizeof(magic));
    if (magic != BYTE_ORDER_MAGIC && swap32(magic) != BYTE_ORDER_MAGIC) {
        return SP2__CAPTURE_DAMAGED;
    }
    capture->swapped = magic != BYTE_ORDER_MAGIC;
    capture->is_pcapng = true;
    capture->begun = true;
    capture->interface_count = 0;
    *size = get32(capture, bytes + 4);
    return *size >= LEAST && *size % 4 == 0 ? SP2__CAPTURE_OTHER : SP2__CAPTURE_DAMAGED;
}

/* if_tsresol: a negative power of ten or, with the upper bit, of two. 0: none that can be used. */
static uint64_t time_units(uint8_t resolution) {
    const unsigned power = resolution & 0x7f;
    if (resolution & 0x80) {
        return power < 64 ? (uint64_t)1 << power : 0;
    }
    uint64_t units = 1;
    for (unsigned i = 0; i < power; i++) {
        if (units > UINT64_MAX / 10) {
            return 0;
        }
        units *= 10;
    }
    return units;
}

static void read_options(const sp2__capture *capture, const uint8_t *bytes, uint64_t length,
                         sp2__capture_interface *interface) {
    while (length >= 4) {
        const uint32_t code = get16(capture, bytes);
        const uint32_t size = get16(capture, bytes + 2);
        const uint32_t padded = 4 + (size + 3) / 4 * 4;
        if (code == OPTION_END || padded > length) {
            return;
        }
        if (code == OPTION_TIME_RESOLUTION && size >= 1 && time_units(bytes[4]) != 0) {
            interface->units = time_units(bytes[4]);
        } else if (code == OPTION_TIME_OFFSET && size >= 8) {
            const uint64_t low = get32(capture, bytes + (capture->swapped ? 8 : 4));
            const uint64_t high = get32(capture, bytes + (capture->swapped ? 4 : 8));
            interface->offset_seconds = (int64_t)(high << 32 | low);
        }
        bytes += padded;
        length -= padded;
    }
}

/* The rest of an interface block, `length` bytes. */
static sp2__capture_event add_interface(sp2__capture *capture, const uint8_t *body,
                                        uint64_t length) {
    enum { FIXED = 8 };
    if (length < FIXED) {
        return SP2__CAPTURE_DAMAGED;
    }
    if (capture->interface_count == 0) {
        capture->snap_length = get32(capture, body + 4);
    }
    if (capture->interface_count < SP2__CAPTURE_MAX_INTERFACES) {
        sp2__capture_interface *interface = &capture->interfaces[capture->interface_count++];
        *interface = (sp2__capture_interface){get16(capture, body), US_PER_SECOND, 0};
        read_options(capture, body + FIXED, length - FIXED, interface);
    }
    return SP2__CAPTURE_OTHER;
}

/* A packet block that says its interface, time and lengths. */
static sp2__capture_event read_packet(const sp2__capture *capture, const uint8_t *body,
                                      uint64_t length, bool obsolete, sp2__capture_record *record) {
    enum { FIXED = 20 };
    if (length < FIXED) {
        return SP2__CAPTURE_DAMAGED;
    }
    const uint32_t number = obsolete ? get16(capture, body) : get32(capture, body);
    const uint32_t captured = get32(capture, body + 12);
    if (captured > length - FIXED) {
        return SP2__CAPTURE_DAMAGED;
    }
    if (number >= capture->interface_count) {
        return SP2__CAPTURE_NO_INTERFACE;
    }
    const sp2__capture_interface *interface = &capture->interfaces[number];
    const uint64_t time = (uint64_t)get32(capture, body + 4) << 32 | get32(capture, body + 8);
    *record = (sp2__capture_record){
        .bytes = body + FIXED,
        .length = captured,
        .original_length = get32(capture, body + 16),
        .link = interface->link,
        .interface = number,
        .has_time = true,
        .time_ns = to_ns(interface, time),
    };
    return captured < record->original_length ? SP2__CAPTURE_TRUNCATED : SP2__CAPTURE_FRAME;
}

/* A packet block that says nothing but the length: of the first interface, without a time. */
static sp2__capture_event read_simple(const sp2__capture *capture, const uint8_t *body,
                                      uint64_t length, sp2__capture_record *record) {
    enum { FIXED = 4 };
    if (length < FIXED) {
        return SP2__CAPTURE_DAMAGED;
    }
    if (capture->interface_count == 0) {
        return SP2__CAPTURE_NO_INTERFACE;
    }
    const uint32_t original = get32(capture, body);
    const uint32_t snap = capture->snap_length == 0 ? UINT32_MAX : capture->snap_length;
    const uint32_t captured = original < snap ? original : snap;
    if (captured > length - FIXED) {
        return SP2__CAPTURE_DAMAGED;
    }
    *record = (sp2__capture_record){
        .bytes = body + FIXED,
        .length = captured,
        .original_length = original,
        .link = capture->interfaces[0].link,
    };
    return captured < original ? SP2__CAPTURE_TRUNCATED : SP2__CAPTURE_FRAME;
}

static bool is_packet(uint32_t type) {
    return type == BLOCK_ENHANCED_PACKET || type == BLOCK_OBSOLETE_PACKET ||
           type == BLOCK_SIMPLE_PACKET;
}

static sp2__capture_event next_pcapng(sp2__capture *capture, const uint8_t *bytes,
                                      uint64_t available, uint64_t *size,
                                      sp2__capture_record *record) {
    if (available < BLOCK_START) {
        return need(size, BLOCK_START);
    }
    const uint32_t type = get32(capture, bytes);
    if (type == BLOCK_SECTION) {
        return begin_section(capture, bytes, available, size);
    }
    *size = get32(capture, bytes + 4);
    if (*size < BLOCK_OVERHEAD || *size % 4 != 0) {
        return SP2__CAPTURE_DAMAGED;
    }
    if (!is_packet(type) && type != BLOCK_INTERFACE) {
        return SP2__CAPTURE_OTHER;
    }
    if (*size > SP2__CAPTURE_MAX_RECORD) {
        return type == BLOCK_INTERFACE ? SP2__CAPTURE_DAMAGED : SP2__CAPTURE_TOO_LONG;
    }
    if (available < *size) {
        return SP2__CAPTURE_MORE;
    }
    const uint8_t *body = bytes + BLOCK_START;
    const uint64_t length = *size - BLOCK_OVERHEAD;
    if (get32(capture, body + length) != *size) {
        return SP2__CAPTURE_DAMAGED;
    }
    switch (type) {
    case BLOCK_INTERFACE:
        return add_interface(capture, body, length);
    case BLOCK_SIMPLE_PACKET:
        return read_simple(capture, body, length, record);
    default:
        return read_packet(capture, body, length, type == BLOCK_OBSOLETE_PACKET, record);
    }
}

/* ---- both ---- */

static sp2__capture_event begin(sp2__capture *capture, const uint8_t *bytes, uint64_t available,
                                uint64_t *size) {
    uint32_t magic;
    if (available < sizeof(magic)) {
        return need(size, sizeof(magic));
    }
    memcpy(&magic, bytes, sizeof(magic));
    if (magic == BLOCK_SECTION) {
        return begin_section(capture, bytes, available, size);
    }
    capture->swapped = magic != PCAP_MICROSECONDS && magic != PCAP_NANOSECONDS;
    magic = capture->swapped ? swap32(magic) : magic;
    if (magic != PCAP_MICROSECONDS && magic != PCAP_NANOSECONDS) {
        return SP2__CAPTURE_DAMAGED;
    }
    return begin_pcap(capture, bytes, available, magic == PCAP_NANOSECONDS, size);
}

sp2__capture_event sp2__capture_next(sp2__capture *capture, const uint8_t *bytes,
                                     uint64_t available, uint64_t *size,
                                     sp2__capture_record *record) {
    *size = 0;
    if (!capture->begun) {
        return begin(capture, bytes, available, size);
    }
    return capture->is_pcapng ? next_pcapng(capture, bytes, available, size, record)
                              : next_pcap(capture, bytes, available, size, record);
}
