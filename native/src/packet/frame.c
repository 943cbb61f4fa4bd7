/* SPDX-License-Identifier: MIT */
#include "packet/frame.h"

#include <string.h>

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_QINQ 0x88a8
#define ETHERTYPE_OLD_QINQ 0x9100

#define PROTOCOL_UDP 17

/* IPv6 extension headers (RFC 8200, 4302): each says what follows it. */
#define EXTENSION_HOP_BY_HOP 0
#define EXTENSION_ROUTING 43
#define EXTENSION_FRAGMENT 44
#define EXTENSION_AUTHENTICATION 51
#define EXTENSION_DESTINATION 60
#define EXTENSION_MOBILITY 135
#define EXTENSION_HOST_IDENTITY 139
#define EXTENSION_SHIM6 140

/* Packet type of a cooked link: sent by the capturing host. */
#define PACKET_OUTGOING 4

/* Address families of null and loop links. IPv6 has another number on each system. */
#define FAMILY_IPV4 2
#define FAMILY_IPV6_NETBSD 24
#define FAMILY_IPV6_FREEBSD 28
#define FAMILY_IPV6_DARWIN 30

static uint16_t load16(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t load32(const uint8_t *bytes) {
    return (uint32_t)load16(bytes) << 16 | load16(bytes + 2);
}

bool sp2__link_is_known(uint32_t link) {
    switch (link) {
    case SP2__LINK_NULL:
    case SP2__LINK_ETHERNET:
    case SP2__LINK_RAW_BSD:
    case SP2__LINK_RAW_OPENBSD:
    case SP2__LINK_RAW:
    case SP2__LINK_LOOP:
    case SP2__LINK_COOKED:
    case SP2__LINK_IPV4:
    case SP2__LINK_IPV6:
    case SP2__LINK_COOKED_2:
        return true;
    default:
        return false;
    }
}

/* What is left of a frame to be looked at. */
typedef struct cursor {
    const uint8_t *bytes;
    uint32_t length;
} cursor;

static bool skip(cursor *rest, uint32_t length) {
    if (rest->length < length) {
        return false;
    }
    rest->bytes += length;
    rest->length -= length;
    return true;
}

sp2__frame_kind sp2__frame_decode_udp(const uint8_t *bytes, uint32_t length, sp2__frame *frame) {
    enum { HEADER = 8 };
    if (length < HEADER) {
        return SP2__FRAME_UDP_LENGTH;
    }
    frame->source.port = load16(bytes);
    frame->destination.port = load16(bytes + 2);
    const uint32_t announced = load16(bytes + 4);
    /* 0: more than 65,535 bytes, as large sends are handed over before they are cut. */
    const uint32_t datagram = announced == 0 ? length : announced;
    if (datagram < HEADER || datagram > length) {
        return SP2__FRAME_UDP_LENGTH;
    }
    frame->payload = bytes + HEADER;
    frame->length = datagram - HEADER;
    return frame->length == 0 ? SP2__FRAME_EMPTY : SP2__FRAME_UDP;
}

static sp2__frame_kind decode_protocol(cursor rest, sp2__frame *frame) {
    if (frame->more || frame->offset != 0) {
        frame->payload = rest.bytes;
        frame->length = rest.length;
        return frame->protocol == PROTOCOL_UDP ? SP2__FRAME_FRAGMENT : SP2__FRAME_NOT_UDP;
    }
    return frame->protocol == PROTOCOL_UDP ? sp2__frame_decode_udp(rest.bytes, rest.length, frame)
                                           : SP2__FRAME_NOT_UDP;
}

static void set_v4(sp2__frame_address *address, const uint8_t *bytes) {
    memset(address->ip, 0, 10);
    memset(address->ip + 10, 0xff, 2);
    memcpy(address->ip + 12, bytes, 4);
}

static sp2__frame_kind decode_v4(cursor rest, sp2__frame *frame) {
    enum { HEADER = 20, MORE = 0x2000, OFFSET = 0x1fff };
    if (rest.length < HEADER) {
        return SP2__FRAME_SHORT;
    }
    const uint8_t *bytes = rest.bytes;
    const uint32_t header = (uint32_t)(bytes[0] & 0x0f) * 4;
    const uint32_t announced = load16(bytes + 2);
    const uint32_t total = announced == 0 ? rest.length : announced;
    if (bytes[0] >> 4 != 4) {
        return SP2__FRAME_NOT_IP;
    }
    if (header < HEADER || total < header || total > rest.length) {
        return SP2__FRAME_IP_LENGTH;
    }
    const uint32_t fragment = load16(bytes + 6);
    frame->more = fragment & MORE;
    frame->offset = (fragment & OFFSET) * 8;
    frame->identification = load16(bytes + 4);
    frame->protocol = bytes[9];
    set_v4(&frame->source, bytes + 12);
    set_v4(&frame->destination, bytes + 16);
    rest.length = total;
    skip(&rest, header);
    return decode_protocol(rest, frame);
}

/* Passes over one extension header; false if `protocol` is none, or it does not fit. */
static bool skip_extension(cursor *rest, sp2__frame *frame) {
    uint32_t length = 8;
    if (rest->length < length) {
        return false;
    }
    const uint8_t *bytes = rest->bytes;
    switch (frame->protocol) {
    case EXTENSION_HOP_BY_HOP:
    case EXTENSION_ROUTING:
    case EXTENSION_DESTINATION:
    case EXTENSION_MOBILITY:
    case EXTENSION_HOST_IDENTITY:
    case EXTENSION_SHIM6:
        length += (uint32_t)bytes[1] * 8;
        break;
    case EXTENSION_AUTHENTICATION:
        length = ((uint32_t)bytes[1] + 2) * 4;
        break;
    case EXTENSION_FRAGMENT:
        frame->more = bytes[3] & 1;
        frame->offset = load16(bytes + 2) & 0xfff8u;
        frame->identification = load32(bytes + 4);
        break;
    default:
        return false;
    }
    frame->protocol = bytes[0];
    return skip(rest, length);
}

static bool is_extension(uint8_t protocol) {
    return protocol == EXTENSION_HOP_BY_HOP || protocol == EXTENSION_ROUTING ||
           protocol == EXTENSION_DESTINATION || protocol == EXTENSION_MOBILITY ||
           protocol == EXTENSION_HOST_IDENTITY || protocol == EXTENSION_SHIM6 ||
           protocol == EXTENSION_AUTHENTICATION || protocol == EXTENSION_FRAGMENT;
}

static sp2__frame_kind decode_v6(cursor rest, sp2__frame *frame) {
    enum { HEADER = 40 };
    if (rest.length < HEADER) {
        return SP2__FRAME_SHORT;
    }
    const uint8_t *bytes = rest.bytes;
    if (bytes[0] >> 4 != 6) {
        return SP2__FRAME_NOT_IP;
    }
    const uint32_t announced = load16(bytes + 4);
    frame->v6 = true;
    frame->protocol = bytes[6];
    memcpy(frame->source.ip, bytes + 8, 16);
    memcpy(frame->destination.ip, bytes + 24, 16);
    skip(&rest, HEADER);
    if (announced > rest.length) {
        return SP2__FRAME_IP_LENGTH;
    }
    rest.length = announced == 0 ? rest.length : announced;
    /* What is behind the fragment header belongs to the whole packet. */
    while (is_extension(frame->protocol) && !(frame->more || frame->offset != 0)) {
        if (!skip_extension(&rest, frame)) {
            return SP2__FRAME_SHORT;
        }
    }
    return decode_protocol(rest, frame);
}

static sp2__frame_kind decode_ip(cursor rest, sp2__frame *frame) {
    if (rest.length == 0) {
        return SP2__FRAME_SHORT;
    }
    switch (rest.bytes[0] >> 4) {
    case 4:
        return decode_v4(rest, frame);
    case 6:
        return decode_v6(rest, frame);
    default:
        return SP2__FRAME_NOT_IP;
    }
}

/* What follows a link header that says its EtherType; VLAN tags say another one. */
static sp2__frame_kind decode_ethertype(uint32_t type, cursor rest, sp2__frame *frame) {
    while (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_OLD_QINQ) {
        if (rest.length < 4) {
            return SP2__FRAME_SHORT;
        }
        type = load16(rest.bytes + 2);
        skip(&rest, 4);
    }
    switch (type) {
    case ETHERTYPE_IPV4:
        return decode_v4(rest, frame);
    case ETHERTYPE_IPV6:
        return decode_v6(rest, frame);
    default:
        return SP2__FRAME_NOT_IP;
    }
}

/* Links whose header has an EtherType: how long it is, where that stands, and where the packet type
 * stands (0: there is none). */
static sp2__frame_kind decode_typed(cursor rest, uint32_t header, uint32_t type_at,
                                    uint32_t packet_type_at, sp2__frame *frame) {
    const uint8_t *bytes = rest.bytes;
    if (!skip(&rest, header)) {
        return SP2__FRAME_SHORT;
    }
    /* The packet type is the last byte of its field. */
    frame->outgoing = packet_type_at != 0 && bytes[packet_type_at] == PACKET_OUTGOING;
    return decode_ethertype(load16(bytes + type_at), rest, frame);
}

/* A null or loop link: the address family, in the byte order of the capturing host, or the
 * network's. Numbers below 256 are told in either. */
static sp2__frame_kind decode_family(cursor rest, sp2__frame *frame) {
    if (rest.length < 4) {
        return SP2__FRAME_SHORT;
    }
    const uint8_t family = rest.bytes[0] != 0 ? rest.bytes[0] : rest.bytes[3];
    skip(&rest, 4);
    switch (family) {
    case FAMILY_IPV4:
        return decode_v4(rest, frame);
    case FAMILY_IPV6_NETBSD:
    case FAMILY_IPV6_FREEBSD:
    case FAMILY_IPV6_DARWIN:
        return decode_v6(rest, frame);
    default:
        return decode_ip(rest, frame); /* 10 on Linux, other numbers elsewhere */
    }
}

sp2__frame_kind sp2__frame_decode(uint32_t link, const uint8_t *bytes, uint32_t length,
                                  sp2__frame *frame) {
    const cursor all = {bytes, length};
    *frame = (sp2__frame){0};
    switch (link) {
    case SP2__LINK_ETHERNET:
        return decode_typed(all, 14, 12, 0, frame);
    case SP2__LINK_COOKED:
        return decode_typed(all, 16, 14, 1, frame);
    case SP2__LINK_COOKED_2:
        return decode_typed(all, 20, 0, 10, frame);
    case SP2__LINK_NULL:
    case SP2__LINK_LOOP:
        return decode_family(all, frame);
    case SP2__LINK_RAW:
    case SP2__LINK_RAW_BSD:
    case SP2__LINK_RAW_OPENBSD:
    case SP2__LINK_IPV4:
    case SP2__LINK_IPV6:
        return decode_ip(all, frame);
    default:
        return SP2__FRAME_UNKNOWN_LINK;
    }
}
