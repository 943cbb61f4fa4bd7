/* SPDX-License-Identifier: MIT */
#include "send/heap.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/sized.h"
#include "packet/wire.h"
#include "send/descriptor.h"
#include "spead2core/receive.h"

#define FIRST_CAPACITY 8

/* What is wrong with the options, or SP2_OK. */
static int32_t check_options(const sp2_send_heap_options *options) {
    const uint32_t dialect = options->flags & SP2__SEND_DIALECTS;
    if (options->flags & ~(uint32_t)(SP2_SEND_REPEAT_POINTERS | SP2__SEND_DIALECTS)) {
        return sp2__fail(SP2_E_TOO_NEW, 0,
                         "sp2_send_heap_options.flags has 0x%x, which this library does not know",
                         (unsigned)options->flags);
    }
    if ((dialect & (dialect - 1)) != 0) {
        return sp2__fail(
            SP2_E_ARG, 0,
            "sp2_send_heap_options.flags is 0x%x; it may have one dialect, not several",
            (unsigned)options->flags);
    }
    if (options->address_bits < 8 || options->address_bits > 56 || options->address_bits % 8 != 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_send_heap_options.address_bits is %u; it must be a multiple of 8 "
                         "from 8 to 56",
                         (unsigned)options->address_bits);
    }
    if (options->bug_compat & ~(uint32_t)SP2_BUG_COMPAT_PYSPEAD_0_5_2) {
        return sp2__fail(
            SP2_E_ARG, 0,
            "sp2_send_heap_options.bug_compat is 0x%x, but only the bits of 0x%x exist",
            (unsigned)options->bug_compat, (unsigned)SP2_BUG_COMPAT_PYSPEAD_0_5_2);
    }
    return SP2_OK;
}

int32_t sp2_send_heap_create(const sp2_send_heap_options *caller, sp2_send_heap **created) {
    if (created == NULL) {
        return sp2__fail_null("sp2_send_heap_create", "heap");
    }
    *created = NULL;
    sp2_send_heap_options options = {0};
    int32_t status = SP2_OK;
    if (caller != NULL) {
        status = sp2__sized_read(caller, &options, sizeof(options), sizeof(options),
                                 "sp2_send_heap_options");
    }
    if (options.address_bits == 0) {
        options.address_bits = SP2_SEND_DEFAULT_ADDRESS_BITS;
    }
    if (status == SP2_OK) {
        status = check_options(&options);
    }
    if (status != SP2_OK) {
        return status;
    }
    sp2_send_heap *heap = sp2__calloc_array(1, sizeof(*heap));
    if (heap == NULL) {
        return sp2__fail_memory("a heap to send");
    }
    heap->address_bits = options.address_bits;
    heap->bug_compat = options.bug_compat;
    heap->repeat_pointers = options.flags & SP2_SEND_REPEAT_POINTERS;
    heap->dialect = options.flags & SP2__SEND_DIALECTS;
    heap->leases = 1;
    *created = heap;
    return SP2_OK;
}

/* A heap that a stream has is not to be changed. */
static int32_t check_idle(const char *function, const sp2_send_heap *heap) {
    if (heap == NULL) {
        return sp2__fail_null(function, "heap");
    }
    if (atomic_load(&heap->leases) != 1) {
        return sp2__fail(SP2_E_STATE, 0,
                         "%s: the heap is being sent; wait for its completion, or use another one",
                         function);
    }
    return SP2_OK;
}

static int32_t check_id(const char *function, const sp2_send_heap *heap, uint64_t id) {
    const unsigned id_bits = 63 - heap->address_bits;
    if (id >> id_bits != 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "%s: id is 0x%" PRIx64 ", but an identifier has %u bits in SPEAD-64-%u",
                         function, id, id_bits, (unsigned)heap->address_bits);
    }
    if (id >= SP2__ID_HEAP_CNT && id <= SP2__ID_PAYLOAD_LENGTH) {
        return sp2__fail(SP2_E_ARG, 0,
                         "%s: id is 0x%" PRIx64
                         ", an item that the stream itself writes into every "
                         "packet",
                         function, id);
    }
    return SP2_OK;
}

/* Room for one more item; NULL if there is no memory, which sets the last error. */
static sp2__send_item *append(sp2_send_heap *heap) {
    if (heap->item_count == heap->item_capacity) {
        const uint64_t capacity =
            heap->item_capacity == 0 ? FIRST_CAPACITY : heap->item_capacity * 2;
        sp2__send_item *items = sp2__realloc(heap->items, (size_t)capacity * sizeof(*items));
        if (items == NULL) {
            sp2__fail_memory("the items of a heap to send");
            return NULL;
        }
        heap->items = items;
        heap->item_capacity = capacity;
    }
    sp2__send_item *item = &heap->items[heap->item_count++];
    *item = (sp2__send_item){0};
    return item;
}

static int32_t add_immediate(sp2_send_heap *heap, uint64_t id, uint64_t value) {
    sp2__send_item *item = append(heap);
    if (item == NULL) {
        return SP2_E_NOMEM;
    }
    item->pointer = SP2__IMMEDIATE_BIT | id << heap->address_bits | value;
    item->immediate = true;
    return SP2_OK;
}

static int32_t add_address(const char *function, sp2_send_heap *heap, uint64_t id,
                           const uint8_t *data, uint64_t length, bool owned) {
    const uint64_t largest = ((uint64_t)1 << heap->address_bits) - 1;
    if (length > largest - heap->payload_length) {
        return sp2__fail(SP2_E_ARG, 0,
                         "%s: with %" PRIu64
                         " bytes more the heap would be larger than the %" PRIu64
                         " bytes that SPEAD-64-%u can address",
                         function, length, largest, (unsigned)heap->address_bits);
    }
    sp2__send_item *item = append(heap);
    if (item == NULL) {
        return SP2_E_NOMEM;
    }
    item->pointer = id << heap->address_bits;
    item->data = data;
    item->length = length;
    item->owned = owned;
    heap->payload_length += length;
    return SP2_OK;
}

int32_t sp2_send_heap_add_immediate(sp2_send_heap *heap, uint64_t id, uint64_t value) {
    static const char function[] = "sp2_send_heap_add_immediate";
    int32_t status = check_idle(function, heap);
    if (status == SP2_OK) {
        status = check_id(function, heap, id);
    }
    if (status != SP2_OK) {
        return status;
    }
    if (value >> heap->address_bits != 0) {
        return sp2__fail(
            SP2_E_ARG, 0, "%s: value is 0x%" PRIx64 ", but an immediate has %u bits in SPEAD-64-%u",
            function, value, (unsigned)heap->address_bits, (unsigned)heap->address_bits);
    }
    return add_immediate(heap, id, value);
}

/* The bytes as one number, as an immediate carries them. */
static uint64_t right_aligned(const uint8_t *data, uint64_t length) {
    uint64_t value = 0;
    for (uint64_t i = 0; i < length; i++) {
        value = value << 8 | data[i];
    }
    return value;
}

int32_t sp2_send_heap_add_item(sp2_send_heap *heap, uint64_t id, const void *data, uint64_t length,
                               uint32_t flags) {
    static const char function[] = "sp2_send_heap_add_item";
    int32_t status = check_idle(function, heap);
    if (status == SP2_OK) {
        status = check_id(function, heap, id);
    }
    if (status != SP2_OK) {
        return status;
    }
    if (data == NULL && length != 0) {
        return sp2__fail_null(function, "data");
    }
    if (flags & ~(uint32_t)SP2_SEND_ALLOW_IMMEDIATE) {
        return sp2__fail(SP2_E_TOO_NEW, 0, "%s: flags has 0x%x, which this library does not know",
                         function, (unsigned)flags);
    }
    if (flags & SP2_SEND_ALLOW_IMMEDIATE && length <= heap->address_bits / 8) {
        return add_immediate(heap, id, right_aligned(data, length));
    }
    return add_address(function, heap, id, data, length, false);
}

int32_t sp2_send_heap_add_descriptor(sp2_send_heap *heap, const sp2_descriptor *descriptor) {
    static const char function[] = "sp2_send_heap_add_descriptor";
    int32_t status = check_idle(function, heap);
    if (status != SP2_OK) {
        return status;
    }
    if (descriptor == NULL) {
        return sp2__fail_null(function, "descriptor");
    }
    uint8_t *bytes;
    uint64_t length;
    status =
        sp2__descriptor_write(descriptor, heap->address_bits, heap->bug_compat, &bytes, &length);
    if (status != SP2_OK) {
        return status;
    }
    status = add_address(function, heap, SP2__ID_DESCRIPTOR, bytes, length, true);
    if (status != SP2_OK) {
        sp2__free(bytes);
    }
    return status;
}

int32_t sp2_send_heap_add_control(sp2_send_heap *heap, int32_t control) {
    static const char function[] = "sp2_send_heap_add_control";
    const int32_t status = check_idle(function, heap);
    if (status != SP2_OK) {
        return status;
    }
    if (control != SP2_STREAM_CONTROL_START && control != SP2_STREAM_CONTROL_STOP) {
        return sp2__fail(SP2_E_ARG, 0, "%s: control is %d, which is no sp2_stream_control",
                         function, (int)control);
    }
    return add_immediate(heap, SP2__ID_STREAM_CTRL, (uint64_t)control);
}

static void free_items(sp2_send_heap *heap) {
    for (uint64_t i = 0; i < heap->item_count; i++) {
        if (heap->items[i].owned) {
            sp2__free((void *)(uintptr_t)heap->items[i].data);
        }
    }
    heap->item_count = 0;
    heap->payload_length = 0;
}

int32_t sp2_send_heap_clear(sp2_send_heap *heap) {
    const int32_t status = check_idle("sp2_send_heap_clear", heap);
    if (status == SP2_OK) {
        free_items(heap);
    }
    return status;
}

void sp2__send_heap_retain(sp2_send_heap *heap) {
    atomic_fetch_add_explicit(&heap->leases, 1, memory_order_relaxed);
}

void sp2__send_heap_release(sp2_send_heap *heap) {
    if (atomic_fetch_sub_explicit(&heap->leases, 1, memory_order_acq_rel) == 1) {
        free_items(heap);
        sp2__free(heap->items);
        sp2__free(heap);
    }
}

void sp2_send_heap_destroy(sp2_send_heap *heap) {
    if (heap != NULL) {
        sp2__send_heap_release(heap);
    }
}
