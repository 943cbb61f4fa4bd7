/* SPDX-License-Identifier: MIT */
#include "send/packetizer.h"

#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "packet/wire.h"

/* Item pointers leave this much room for payload in every packet, so that no two packets of a heap
 * have the same offset. */
#define RESERVED_PAYLOAD 8

/* Most item pointers of a packet: their number has 16 bits. */
#define MOST_POINTERS UINT16_MAX

#define USUAL_POINTERS 4
#define USUAL_PREFIX (SP2__HEADER_SIZE + USUAL_POINTERS * SP2__POINTER_SIZE)

static uint8_t *put_be64(uint8_t *out, uint64_t value) {
    const uint64_t swapped = SP2__SWAP_U64(value);
    memcpy(out, &swapped, sizeof(swapped));
    return out + sizeof(swapped);
}

static uint64_t immediate(uint32_t address_bits, uint64_t id, uint64_t value) {
    return SP2__IMMEDIATE_BIT | id << address_bits | value;
}

int32_t sp2__packetizer_begin(sp2__packetizer *packetizer, const sp2_send_heap *heap, uint64_t cnt,
                              uint32_t max_packet_size) {
    const uint64_t size = max_packet_size / SP2__POINTER_SIZE * SP2__POINTER_SIZE;
    const uint64_t pointers =
        sp2__min_u64((size - USUAL_PREFIX - RESERVED_PAYLOAD) / SP2__POINTER_SIZE,
                     MOST_POINTERS - USUAL_POINTERS);
    if (heap->repeat_pointers && heap->item_count >= pointers) {
        return sp2__fail(SP2_E_ARG, 0,
                         "%" PRIu64 " item pointers cannot be repeated in every packet: with "
                         "packets of %" PRIu64 " bytes at most %" PRIu64 " can",
                         heap->item_count, size, pointers - 1);
    }
    const uint64_t least_length = heap->item_count / pointers * RESERVED_PAYLOAD + 1;
    const bool padded = heap->payload_length < least_length;
    *packetizer = (sp2__packetizer){
        .heap = heap,
        .cnt = cnt,
        .heap_length = padded ? least_length : heap->payload_length,
        .size = size,
        .pointers_per_packet = pointers,
        .pointer_count = heap->item_count + (padded ? 1 : 0),
    };
    return SP2_OK;
}

/* Writes the item pointers that belong into the next packet. */
static uint8_t *put_pointers(sp2__packetizer *packetizer, uint8_t *out, uint64_t count) {
    const sp2_send_heap *heap = packetizer->heap;
    if (heap->repeat_pointers) {
        packetizer->next_pointer = 0;
        packetizer->next_address = 0;
    }
    for (uint64_t i = 0; i < count; i++, packetizer->next_pointer++) {
        if (packetizer->next_pointer == heap->item_count) {
            out = put_be64(out, packetizer->next_address); /* NULL: padding begins here */
            continue;
        }
        const sp2__send_item *item = &heap->items[packetizer->next_pointer];
        out = put_be64(out,
                       item->immediate ? item->pointer : item->pointer | packetizer->next_address);
        packetizer->next_address += item->length;
    }
    return out;
}

/* Describes `length` bytes of payload from where the packetizer stands. `end` is where the packet's
 * room has been written up to; pieces[0] ends there. */
static uint32_t put_payload(sp2__packetizer *packetizer, uint64_t length, uint8_t *end,
                            sp2__piece *pieces) {
    const sp2_send_heap *heap = packetizer->heap;
    uint32_t last = 0;
    bool copied = true; /* the last piece is in the packet's room */
    while (length != 0) {
        const uint8_t *data = NULL; /* padding */
        uint64_t part = length;
        if (packetizer->item < heap->item_count) {
            const sp2__send_item *item = &heap->items[packetizer->item];
            part = sp2__min_u64(length, item->length - packetizer->item_offset);
            if (part == 0) {
                packetizer->item++;
                packetizer->item_offset = 0;
                continue;
            }
            data = item->data + packetizer->item_offset;
            packetizer->item_offset += part;
        }
        length -= part;
        if (data != NULL && part >= SP2__GATHER_BYTES) {
            pieces[++last] = (sp2__piece){data, part};
            copied = false;
            continue;
        }
        if (!copied) {
            pieces[++last] = (sp2__piece){end, 0};
            copied = true;
        }
        if (data != NULL) {
            memcpy(end, data, (size_t)part);
        } else {
            memset(end, 0, (size_t)part);
        }
        end += part;
        pieces[last].length += part;
    }
    return last + 1;
}

uint32_t sp2__packetizer_next(sp2__packetizer *packetizer, uint8_t *room, sp2__piece *pieces,
                              uint64_t *length) {
    const sp2_send_heap *heap = packetizer->heap;
    const uint32_t bits = heap->address_bits;
    const uint64_t left = heap->repeat_pointers
                              ? packetizer->pointer_count
                              : packetizer->pointer_count - packetizer->next_pointer;
    const uint64_t count = sp2__min_u64(left, packetizer->pointers_per_packet);
    const uint64_t head = USUAL_PREFIX + count * SP2__POINTER_SIZE;
    const uint64_t payload =
        sp2__min_u64(packetizer->heap_length - packetizer->offset, packetizer->size - head);

    uint8_t *out = put_be64(room, (uint64_t)SP2__MAGIC << 56 | (uint64_t)SP2__VERSION << 48 |
                                      (uint64_t)(SP2__POINTER_SIZE - bits / 8) << 40 |
                                      (uint64_t)(bits / 8) << 32 | (USUAL_POINTERS + count));
    out = put_be64(out, immediate(bits, SP2__ID_HEAP_CNT, packetizer->cnt));
    out = put_be64(out, immediate(bits, SP2__ID_HEAP_LENGTH, packetizer->heap_length));
    out = put_be64(out, immediate(bits, SP2__ID_PAYLOAD_OFFSET, packetizer->offset));
    out = put_be64(out, immediate(bits, SP2__ID_PAYLOAD_LENGTH, payload));
    out = put_pointers(packetizer, out, count);
    pieces[0] = (sp2__piece){room, head};
    packetizer->offset += payload;
    *length = head + payload;
    return put_payload(packetizer, payload, out, pieces);
}
