/* SPDX-License-Identifier: MIT */
#ifndef SP2_PACKET_FRAME_H
#define SP2_PACKET_FRAME_H

#include <stdbool.h>
#include <stdint.h>

/* Link types of captured frames (the registry of tcpdump.org); others cannot be read. */
enum {
    SP2__LINK_NULL = 0,
    SP2__LINK_ETHERNET = 1,
    SP2__LINK_RAW_BSD = 12,
    SP2__LINK_RAW_OPENBSD = 14,
    SP2__LINK_RAW = 101,
    SP2__LINK_LOOP = 108,
    SP2__LINK_COOKED = 113,
    SP2__LINK_IPV4 = 228,
    SP2__LINK_IPV6 = 229,
    SP2__LINK_COOKED_2 = 276
};

/* Whether frames of the link type can be read. */
bool sp2__link_is_known(uint32_t link);

/* What a frame is, or why it holds no datagram. */
typedef enum sp2__frame_kind {
    SP2__FRAME_UDP,          /* a whole UDP datagram */
    SP2__FRAME_FRAGMENT,     /* a part of an IP packet */
    SP2__FRAME_NOT_IP,       /* another protocol than IPv4 and IPv6 */
    SP2__FRAME_NOT_UDP,      /* another protocol than UDP */
    SP2__FRAME_EMPTY,        /* a UDP datagram without payload */
    SP2__FRAME_SHORT,        /* it ends within a header */
    SP2__FRAME_IP_LENGTH,    /* the IP length is beyond the frame, or less than its header */
    SP2__FRAME_UDP_LENGTH,   /* the UDP length is beyond the IP packet, or less than its header */
    SP2__FRAME_UNKNOWN_LINK, /* frames of this link type cannot be read */
    SP2__FRAME_KINDS
} sp2__frame_kind;

/* An IPv4 address is ::ffff:a.b.c.d. */
typedef struct sp2__frame_address {
    uint8_t ip[16];
    uint16_t port;
} sp2__frame_address;

/* A captured frame, taken apart; pointers are into its bytes. */
typedef struct sp2__frame {
    sp2__frame_address source; /* of a fragment without ports */
    sp2__frame_address destination;
    const uint8_t *payload; /* of UDP, or of the IP packet that a fragment is a part of */
    uint32_t length;        /* bytes of `payload` */
    bool outgoing;          /* cooked links: it was sent by the capturing host */
    bool v6;
    /* Of a fragment: */
    bool more;        /* it is not the last */
    uint8_t protocol; /* of the whole packet */
    uint32_t offset;  /* of `payload` in the whole packet */
    uint32_t identification;
} sp2__frame;

/* Takes a frame apart. Bytes behind the IP packet, such as padding, are passed over. */
sp2__frame_kind sp2__frame_decode(uint32_t link, const uint8_t *bytes, uint32_t length,
                                  sp2__frame *frame);

/* Takes the payload of an IP packet apart that was put together from fragments: *frame has the
 * addresses, and gets the ports and the datagram. */
sp2__frame_kind sp2__frame_decode_udp(const uint8_t *bytes, uint32_t length, sp2__frame *frame);

#endif
