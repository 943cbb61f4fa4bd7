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

/* Which header pointers the packet of a heap has, and where. */
typedef struct dialect_form {
    uint32_t flag;      /* of sp2_send_heap_flags */
    uint8_t before[4];  /* identifiers before the items, in order; 0: no more */
    uint8_t after;      /* and behind them, unless its value is 0; 0: none */
    bool points_at_all; /* payload has item pointers */
} dialect_form;

static const dialect_form dialect_forms[] = {
    {SP2_SEND_SKA_LOW_SPS, {SP2__ID_HEAP_CNT, SP2__ID_PAYLOAD_LENGTH}, 0, false},
    {SP2_SEND_SKA_LOW_ANTENNA_BUFFER, {SP2__ID_HEAP_CNT, SP2__ID_PAYLOAD_LENGTH}, 0, true},
    {SP2_SEND_PYSPEAD, {SP2__ID_HEAP_CNT}, SP2__ID_PAYLOAD_LENGTH, true},
    {SP2_SEND_DATAGRAM_IS_HEAP,
     {SP2__ID_HEAP_CNT, SP2__ID_HEAP_LENGTH, SP2__ID_PAYLOAD_OFFSET, SP2__ID_PAYLOAD_LENGTH},
     0,
     true},
};

static const dialect_form *form_of(const sp2_send_heap *heap) {
    const dialect_form *form = dialect_forms;
    while (form->flag != heap->dialect) {
        form++;
    }
    return form;
}

/* Item pointers, of all kinds, of the packet of a heap of a dialect. */
static uint64_t dialect_pointers(const sp2_send_heap *heap, const dialect_form *form) {
    uint64_t count = form->after != 0 && heap->payload_length != 0 ? 1 : 0;
    for (size_t i = 0; i < sizeof(form->before) && form->before[i] != 0; i++) {
        count++;
    }
    for (uint64_t i = 0; i < heap->item_count; i++) {
        count += form->points_at_all || heap->items[i].immediate ? 1 : 0;
    }
    return count;
}

static int32_t begin_dialect(sp2__packetizer *packetizer, const sp2_send_heap *heap, uint64_t cnt,
                             uint64_t size) {
    const uint64_t pointers = dialect_pointers(heap, form_of(heap));
    const uint64_t head = SP2__HEADER_SIZE + pointers * SP2__POINTER_SIZE;
    if (head > size || heap->payload_length > size - head) {
        return sp2__fail(SP2_E_ARG, 0,
                         "a heap of this dialect is one packet, and this one has %" PRIu64
                         " bytes of pointers and %" PRIu64 " of payload: more than the %" PRIu64
                         " of max_packet_size",
                         head, heap->payload_length, size);
    }
    *packetizer = (sp2__packetizer){
        .heap = heap,
        .cnt = cnt,
        .heap_length = 1,
        .size = size,
        .pointer_count = pointers,
    };
    return SP2_OK;
}

int32_t sp2__packetizer_begin(sp2__packetizer *packetizer, const sp2_send_heap *heap, uint64_t cnt,
                              uint32_t max_packet_size) {
    const uint64_t size = max_packet_size / SP2__POINTER_SIZE * SP2__POINTER_SIZE;
    if (heap->dialect != 0) {
        return begin_dialect(packetizer, heap, cnt, size);
    }
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

static uint8_t *put_header(uint8_t *out, uint32_t bits, uint64_t pointers) {
    return put_be64(out, (uint64_t)SP2__MAGIC << 56 | (uint64_t)SP2__VERSION << 48 |
                             (uint64_t)(SP2__POINTER_SIZE - bits / 8) << 40 |
                             (uint64_t)(bits / 8) << 32 | pointers);
}

static uint8_t *put_dialect_pointer(const sp2__packetizer *packetizer, uint8_t *out, uint64_t id,
                                    uint64_t head) {
    const sp2_send_heap *heap = packetizer->heap;
    const bool counts_all = heap->dialect == SP2_SEND_DATAGRAM_IS_HEAP;
    uint64_t value = 0; /* PAYLOAD_OFFSET, and what these senders get wrong */
    if (id == SP2__ID_PAYLOAD_LENGTH) {
        value = heap->payload_length;
    } else if (id == SP2__ID_HEAP_CNT) {
        value = counts_all ? 0 : packetizer->cnt;
    } else if (id == SP2__ID_HEAP_LENGTH) {
        const bool control = heap->item_count == 1 && heap->items[0].immediate &&
                             heap->items[0].pointer >> heap->address_bits ==
                                 (SP2__IMMEDIATE_BIT >> heap->address_bits | SP2__ID_STREAM_CTRL);
        value = control ? 0 : head;
    }
    return put_be64(out, immediate(heap->address_bits, id, value));
}

/* The one packet of a heap of a dialect. */
static uint32_t next_of_dialect(sp2__packetizer *packetizer, uint8_t *room, sp2__piece *pieces,
                                uint64_t *length) {
    const sp2_send_heap *heap = packetizer->heap;
    const dialect_form *form = form_of(heap);
    const uint64_t head = SP2__HEADER_SIZE + packetizer->pointer_count * SP2__POINTER_SIZE;
    uint64_t address = 0;
    uint8_t *out = put_header(room, heap->address_bits, packetizer->pointer_count);
    for (size_t i = 0; i < sizeof(form->before) && form->before[i] != 0; i++) {
        out = put_dialect_pointer(packetizer, out, form->before[i], head);
    }
    for (uint64_t i = 0; i < heap->item_count; i++) {
        const sp2__send_item *item = &heap->items[i];
        if (item->immediate) {
            out = put_be64(out, item->pointer);
        } else if (form->points_at_all) {
            out = put_be64(out, item->pointer | address);
            address += item->length;
        }
    }
    if (form->after != 0 && heap->payload_length != 0) {
        out = put_dialect_pointer(packetizer, out, form->after, head);
    }
    pieces[0] = (sp2__piece){room, head};
    packetizer->offset = packetizer->heap_length;
    *length = head + heap->payload_length;
    return put_payload(packetizer, heap->payload_length, out, pieces);
}

uint32_t sp2__packetizer_next(sp2__packetizer *packetizer, uint8_t *room, sp2__piece *pieces,
                              uint64_t *length) {
    const sp2_send_heap *heap = packetizer->heap;
    const uint32_t bits = heap->address_bits;
    if (heap->dialect != 0) {
        return next_of_dialect(packetizer, room, pieces, length);
    }
    const uint64_t left = heap->repeat_pointers
                              ? packetizer->pointer_count
                              : packetizer->pointer_count - packetizer->next_pointer;
    const uint64_t count = sp2__min_u64(left, packetizer->pointers_per_packet);
    const uint64_t head = USUAL_PREFIX + count * SP2__POINTER_SIZE;
    const uint64_t payload =
        sp2__min_u64(packetizer->heap_length - packetizer->offset, packetizer->size - head);

    uint8_t *out = put_header(room, bits, USUAL_POINTERS + count);
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
