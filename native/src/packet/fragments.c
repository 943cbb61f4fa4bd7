/* SPDX-License-Identifier: MIT */
#include "packet/fragments.h"

#include <string.h>

/* Fragments but the last have a multiple of these bytes, and offsets are one. */
#define UNIT 8

#define PROTOCOL_UDP 17

static bool is_of(const sp2__fragmented *packet, const sp2__frame *frame) {
    return packet->begun != 0 && packet->identification == frame->identification &&
           memcmp(packet->source, frame->source.ip, sizeof(packet->source)) == 0 &&
           memcmp(packet->destination, frame->destination.ip, sizeof(packet->destination)) == 0;
}

static void begin(sp2__fragments *fragments, sp2__fragmented *packet, const sp2__frame *frame) {
    fragments->lost += packet->begun != 0 ? packet->count : 0;
    packet->begun = ++fragments->begun;
    packet->count = 0;
    packet->length = 0;
    packet->received = 0;
    packet->end = 0;
    packet->identification = frame->identification;
    memcpy(packet->source, frame->source.ip, sizeof(packet->source));
    memcpy(packet->destination, frame->destination.ip, sizeof(packet->destination));
    memset(packet->present, 0, sizeof(packet->present));
}

/* The packet that a fragment belongs to; if there is none, a new one in a free place, or in that of
 * the oldest. */
static sp2__fragmented *find(sp2__fragments *fragments, const sp2__frame *frame) {
    sp2__fragmented *oldest = &fragments->packets[0];
    for (int i = 0; i < SP2__FRAGMENTED_PACKETS; i++) {
        sp2__fragmented *packet = &fragments->packets[i];
        if (is_of(packet, frame)) {
            return packet;
        }
        if (packet->begun < oldest->begun) {
            oldest = packet;
        }
    }
    begin(fragments, oldest, frame);
    return oldest;
}

static bool overlaps(const sp2__fragmented *packet, uint32_t first, uint32_t last) {
    for (uint32_t unit = first; unit <= last; unit++) {
        if (packet->present[unit / 8] >> unit % 8 & 1) {
            return true;
        }
    }
    return false;
}

static void mark(sp2__fragmented *packet, uint32_t first, uint32_t last) {
    for (uint32_t unit = first; unit <= last; unit++) {
        packet->present[unit / 8] |= (uint8_t)(1 << unit % 8);
    }
}

static uint64_t sum_of(const uint8_t *bytes, uint32_t length, uint64_t sum) {
    for (uint32_t i = 0; i + 1 < length; i += 2) {
        sum += (uint64_t)bytes[i] << 8 | bytes[i + 1];
    }
    return length % 2 == 0 ? sum : sum + ((uint64_t)bytes[length - 1] << 8);
}

/* The checksum covers the addresses, too; of IPv4 ones, what is before them here adds nothing. */
static bool has_right_checksum(const sp2__fragmented *packet) {
    enum { LENGTH_AT = 4, CHECKSUM_AT = 6, HEADER = 8 };
    const uint8_t *bytes = packet->bytes;
    if (packet->length < HEADER || (bytes[CHECKSUM_AT] == 0 && bytes[CHECKSUM_AT + 1] == 0)) {
        return true;
    }
    const uint32_t length = (uint32_t)bytes[LENGTH_AT] << 8 | bytes[LENGTH_AT + 1];
    uint64_t sum = PROTOCOL_UDP + (uint64_t)length;
    sum = sum_of(packet->source, sizeof(packet->source), sum);
    sum = sum_of(packet->destination, sizeof(packet->destination), sum);
    sum = sum_of(bytes, length < packet->length ? length : packet->length, sum);
    while (sum > UINT16_MAX) {
        sum = (sum & UINT16_MAX) + (sum >> 16);
    }
    return sum == UINT16_MAX;
}

static sp2__frame_kind finish(sp2__fragments *fragments, sp2__fragmented *packet,
                              sp2__frame *frame) {
    packet->begun = 0;
    if (!has_right_checksum(packet)) {
        fragments->lost += packet->count;
        return SP2__FRAME_FRAGMENT;
    }
    return sp2__frame_decode_udp(packet->bytes, packet->length, frame);
}

sp2__frame_kind sp2__fragments_add(sp2__fragments *fragments, sp2__frame *frame) {
    const uint32_t length = frame->length;
    const uint64_t end = (uint64_t)frame->offset + length;
    if (length == 0 || end >= SP2__FRAGMENTED_BYTES || (frame->more && length % UNIT != 0)) {
        fragments->lost++;
        return SP2__FRAME_FRAGMENT;
    }
    const uint32_t first = frame->offset / UNIT;
    const uint32_t last = ((uint32_t)end - 1) / UNIT;
    sp2__fragmented *packet = find(fragments, frame);
    if (overlaps(packet, first, last)) {
        begin(fragments, packet, frame);
    }
    mark(packet, first, last);
    memcpy(packet->bytes + frame->offset, frame->payload, length);
    packet->count++;
    packet->received += length;
    packet->end = end > packet->end ? (uint32_t)end : packet->end;
    packet->length = frame->more ? packet->length : (uint32_t)end;
    /* Nothing overlaps, so that as many bytes as the packet has, none behind its end, are all. */
    return packet->received == packet->length && packet->end == packet->length
               ? finish(fragments, packet, frame)
               : SP2__FRAME_FRAGMENT;
}

uint64_t sp2__fragments_waiting(const sp2__fragments *fragments) {
    uint64_t count = 0;
    for (int i = 0; i < SP2__FRAGMENTED_PACKETS; i++) {
        const sp2__fragmented *packet = &fragments->packets[i];
        count += packet->begun != 0 ? packet->count : 0;
    }
    return count;
}
