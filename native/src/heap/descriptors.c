/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "base/error.h"
#include "heap/descriptor.h"
#include "heap/heap.h"
#include "packet/dialect.h"

/* What hostile descriptors can take is bounded by these. */
enum { MAX_DESCRIPTORS = 65536, MAX_INNER_HEAP = 1 << 20 };

/* As ItemGroup says it. */
static const char TOO_MANY[] = "The heap has more than 65536 descriptors; the others are left out.";
static const char TOO_LARGE[] =
    "The descriptor has more than 1048576 bytes or 1048576 item pointers.";

struct sp2__descriptors {
    sp2__descriptor_memory memory; /* of what the list points to */
    uint64_t count;
    sp2_descriptor list[];
};

/* Receives the heaps in descriptor items, one after the other: `inner` is the one under assembly,
 * or NULL. All of them live in the same record. They may not contain descriptors themselves, so
 * nothing here recurses. */
typedef struct inner_receiver {
    uint32_t bug_compat;
    sp2__heap_rules rules;
    sp2_heap *inner;
    sp2_heap *record; /* NULL until it is needed */
    sp2__descriptor_memory memory;
    sp2__descriptor_block *first;
    sp2__descriptor_block **end;
    uint64_t count;
    bool stopped; /* an inner heap says that the stream ends: nothing after it counts */
} inner_receiver;

void sp2__descriptors_free(sp2__descriptors *descriptors) {
    if (descriptors != NULL) {
        sp2__descriptor_memory_free(&descriptors->memory);
        sp2__free(descriptors);
    }
}

/* False if there is no memory. */
static bool begin_inner(inner_receiver *receiver, const sp2__packet *packet) {
    if (receiver->record == NULL) {
        receiver->record = sp2__heap_create(packet, &receiver->rules, receiver->bug_compat);
    } else {
        sp2__heap_renew(receiver->record, packet, &receiver->rules, receiver->bug_compat);
    }
    receiver->inner = receiver->record;
    return receiver->inner != NULL;
}

static void add_block(inner_receiver *receiver, sp2__descriptor_block *block) {
    *receiver->end = block;
    receiver->end = &block->next;
    receiver->count++;
}

/* Says in the list what cannot be read: there must not be less in it without a word. */
static int32_t add_broken(inner_receiver *receiver, uint64_t id, const char *fault) {
    sp2__descriptor_block *block = sp2__descriptor_broken(id, fault, &receiver->memory);
    if (block == NULL) {
        return sp2__fail_memory("a descriptor");
    }
    add_block(receiver, block);
    return SP2_OK;
}

/* Takes the descriptor of the heap under assembly, if all of that is there, and drops the heap. */
static int32_t finish_inner(inner_receiver *receiver) {
    sp2_heap *inner = receiver->inner;
    int32_t status = SP2_OK;
    if (inner != NULL && sp2__heap_is_contiguous(inner)) {
        sp2__descriptor_block *block;
        sp2__heap_finish(inner, false, false);
        sp2__heap_freeze_descriptor(inner);
        status = sp2__descriptor_read(inner, &receiver->memory, &block);
        if (block != NULL && receiver->count == MAX_DESCRIPTORS) {
            status = add_broken(receiver, 0, TOO_MANY);
            receiver->stopped = true;
        } else if (block != NULL) {
            add_block(receiver, block);
        }
    }
    receiver->inner = NULL;
    return status;
}

/* The identifier that an item pointer gives the described item, or 0. */
static uint64_t described_id(uint64_t pointer, uint32_t address_bits) {
    const uint64_t immediate_id = (uint64_t)1 << (63 - address_bits) | SP2__ID_DESCRIPTOR_ID;
    return pointer >> address_bits == immediate_id ? pointer & (((uint64_t)1 << address_bits) - 1)
                                                   : 0;
}

/* The identifier in the heap under assembly and a further packet: of several the largest, as where
 * the heap is read. */
static uint64_t find_described_id(const sp2_heap *inner, const sp2__packet *packet) {
    uint64_t id = 0;
    for (uint32_t i = 0; i < inner->pointers.count; i++) {
        const uint64_t one = described_id(inner->pointers.all[i], packet->address_bits);
        id = one > id ? one : id;
    }
    for (uint32_t i = 0; i < packet->item_count; i++) {
        const uint64_t pointer = sp2__load_be64(packet->items + (size_t)i * SP2__POINTER_SIZE);
        const uint64_t one = described_id(pointer, packet->address_bits);
        id = one > id ? one : id;
    }
    return id;
}

/* The rest of the heap is passed over, as no packet of it begins one. */
static int32_t refuse_inner(inner_receiver *receiver, const sp2__packet *packet) {
    const uint64_t id = find_described_id(receiver->inner, packet);
    receiver->inner = NULL;
    if (receiver->count == MAX_DESCRIPTORS) {
        receiver->stopped = true;
        return add_broken(receiver, 0, TOO_MANY);
    }
    return add_broken(receiver, id, TOO_LARGE);
}

/* Whether a packet goes to the heap under assembly, wanted or not, or none is; else it begins one.
 */
static bool belongs_to_inner(const sp2_heap *inner, const sp2__packet *packet) {
    const bool is_whole_heap = packet->heap_length == packet->payload_length;
    return inner == NULL || packet->payload_offset != 0 ||
           (packet->cnt == inner->cnt && !is_whole_heap);
}

static bool continues_inner(const sp2_heap *inner, const sp2__packet *packet) {
    return inner == NULL
               ? packet->payload_offset == 0
               : packet->cnt == inner->cnt && packet->payload_offset == inner->received_length;
}

static int32_t add_packet(inner_receiver *receiver, const sp2__packet *packet) {
    if (!belongs_to_inner(receiver->inner, packet)) {
        const int32_t status = finish_inner(receiver);
        if (status != SP2_OK || receiver->stopped) {
            return status;
        }
    }
    if (!continues_inner(receiver->inner, packet)) {
        return SP2_OK;
    }
    if (receiver->inner == NULL && !begin_inner(receiver, packet)) {
        return sp2__fail_memory("a descriptor");
    }
    switch (sp2__heap_accept(receiver->inner, packet, &receiver->rules)) {
    case SP2__NO_MEMORY:
        return sp2__fail_memory("a descriptor");
    case SP2__TOO_LARGE:
        return refuse_inner(receiver, packet);
    case SP2__ACCEPTED:
        receiver->stopped = receiver->inner->stop_item_seen;
        if (!sp2__heap_is_complete(receiver->inner)) {
            return SP2_OK;
        }
        if (receiver->stopped) {
            receiver->inner = NULL;
            return SP2_OK;
        }
        return finish_inner(receiver);
    default: /* it contradicts the packets before it */
        return SP2_OK;
    }
}

/* How PySPEAD writes descriptors, whatever the dialect of the packets around them. */
static const sp2__dialect inner_dialect = {.flags = SP2_DIALECT_MISSING_OFFSET_IS_ZERO |
                                                    SP2_DIALECT_MISSING_LENGTH_IS_REST};

/* What is no packet ends an item, as it ends a stream of packets. */
static int32_t read_item(inner_receiver *receiver, const sp2_item *item) {
    const uint8_t *bytes = item->data;
    uint64_t length = item->length;
    sp2__packet packet;
    int32_t status = SP2_OK;
    while (status == SP2_OK && !receiver->stopped &&
           sp2__packet_decode_dialect(bytes, length, &inner_dialect, &packet) == SP2__PACKET_OK) {
        bytes += packet.size;
        length -= packet.size;
        status = add_packet(receiver, &packet);
    }
    return status == SP2_OK ? finish_inner(receiver) : status;
}

static int32_t read_items(inner_receiver *receiver, const sp2_heap *heap) {
    int32_t status = SP2_OK;
    for (uint32_t i = 0; i < heap->pointers.count && status == SP2_OK && !receiver->stopped; i++) {
        const sp2_item *item = &heap->pointers.items[i];
        if (item->id == SP2__ID_DESCRIPTOR && !(item->flags & SP2_ITEM_IMMEDIATE)) {
            status = read_item(receiver, item);
        }
    }
    return status;
}

/* All descriptors of a frozen heap. */
static int32_t read_descriptors(const sp2_heap *heap, sp2__descriptors **descriptors) {
    sp2__copier plain = {.choice = SP2__COPY_PLAIN};
    inner_receiver receiver = {
        .bug_compat = heap->bug_compat,
        /* A packet of some bytes may announce a heap of a mebibyte, and so may the next one. */
        .rules = {.in_order = true,
                  .grows = true,
                  .max_heap_size = MAX_INNER_HEAP,
                  .max_unsized_gap = MAX_INNER_HEAP,
                  .copier = &plain},
    };
    receiver.end = &receiver.first;
    int32_t status = read_items(&receiver, heap);
    if (receiver.record != NULL) {
        sp2__heap_free(receiver.record);
    }
    sp2__descriptors *made = NULL;
    if (status == SP2_OK) {
        made = sp2__alloc(sizeof(*made) + (size_t)receiver.count * sizeof(made->list[0]));
        status = made == NULL ? sp2__fail_memory("a list of descriptors") : SP2_OK;
    }
    if (status != SP2_OK) {
        sp2__descriptor_memory_free(&receiver.memory);
        return status;
    }
    made->memory = receiver.memory;
    made->count = 0;
    for (const sp2__descriptor_block *block = receiver.first; block != NULL; block = block->next) {
        made->list[made->count++] = block->descriptor;
    }
    *descriptors = made;
    return SP2_OK;
}

int32_t sp2_heap_get_descriptors(const sp2_heap *heap, const sp2_descriptor **descriptors,
                                 uint64_t *count) {
    if (descriptors != NULL) {
        *descriptors = NULL;
    }
    if (count != NULL) {
        *count = 0;
    }
    if (heap == NULL || descriptors == NULL || count == NULL) {
        return sp2__fail_null("sp2_heap_get_descriptors", heap == NULL          ? "heap"
                                                          : descriptors == NULL ? "descriptors"
                                                                                : "count");
    }
    /* Only this member of a heap ever changes once users have it: threads that come here at the
     * same time agree on the first list. */
    _Atomic(sp2__descriptors *) *shared = &((sp2_heap *)(uintptr_t)heap)->descriptors;
    sp2__descriptors *known = atomic_load_explicit(shared, memory_order_acquire);
    if (known == NULL) {
        sp2__descriptors *made;
        const int32_t status = read_descriptors(heap, &made);
        if (status != SP2_OK) {
            return status;
        }
        if (atomic_compare_exchange_strong_explicit(shared, &known, made, memory_order_acq_rel,
                                                    memory_order_acquire)) {
            known = made;
        } else {
            sp2__descriptors_free(made);
        }
    }
    *descriptors = known->count != 0 ? known->list : NULL;
    *count = known->count;
    return SP2_OK;
}
