/* SPDX-License-Identifier: MIT */
/* Descriptors: the input is what two descriptor items have for bytes, or says what packets they
 * have, in a heap that is well. An allocation may fail where they are read. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "heap_checks.h"
#include "made_packet.h"
#include "packet_builder.h"
#include "receive/stream.h"

enum { ITEMS = 2, LARGEST = 1 << 18 };

/* Bits of the first byte, beside those of the bugs of the sender. */
enum { PACKETS_ARE_MADE = 0x80, ALLOCATION_FAILS = 0x40 };

static sp2_receive_stream *new_stream(uint8_t bug_compat) {
    static sp2_thread_pool *pool;
    if (pool == NULL) {
        FUZZ_CHECK(sp2_thread_pool_create(NULL, &pool) == SP2_OK);
    }
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.bug_compat = bug_compat & SP2_BUG_COMPAT_PYSPEAD_0_5_2;
    options.log_level = SP2_LOG_NONE;
    sp2_receive_stream *stream;
    FUZZ_CHECK(sp2_receive_stream_create(pool, &options, &stream) == SP2_OK);
    return stream;
}

/* Packets that the input describes, one after the other. */
static uint8_t *make_packets(fuzz_input *input, size_t *length) {
    uint8_t *bytes = fuzz_alloc(LARGEST);
    *length = 0;
    while (input->length != 0) {
        size_t packet_length;
        uint8_t *packet = fuzz_make_packet(input, &packet_length);
        if (packet_length <= LARGEST - *length) {
            memcpy(bytes + *length, packet, packet_length);
            *length += packet_length;
        }
        free(packet);
    }
    return bytes;
}

/* One packet, which has these bytes as two items, each of which may have half of them. */
static void build(packet_builder *packet, uint8_t flavour, bool one, const uint8_t *bytes,
                  size_t size) {
    const uint32_t address_bits = 8u * (1u + flavour % 7u);
    const uint64_t most = ((uint64_t)1 << address_bits) - 1;
    const uint64_t length = size < most ? size : most;
    packet_begin_heap(packet, address_bits, 1, (int64_t)length, 0, length);
    for (uint64_t i = 0; i < ITEMS; i++) {
        packet_add_address(packet, ITEM_DESCRIPTOR, one ? 0 : i * (length / ITEMS));
    }
    packet_add_payload(packet, bytes, (size_t)length);
}

static void check_text(const char *text, uint32_t length, uint32_t flags) {
    FUZZ_CHECK(text != NULL && text[length] == '\0');
    FUZZ_CHECK(sp2__is_utf8((const uint8_t *)text, length));
    FUZZ_CHECK(flags & (SP2_DESCRIPTOR_UTF_8 | SP2_DESCRIPTOR_LATIN_1) ||
               sp2__is_ascii((const uint8_t *)text, length));
}

static void check_descriptor(const sp2_descriptor *descriptor) {
    const bool broken = descriptor->flags & SP2_DESCRIPTOR_BROKEN;
    FUZZ_CHECK(broken || descriptor->id != 0);
    FUZZ_CHECK(broken == (descriptor->fault != NULL));
    FUZZ_CHECK(!broken || descriptor->fault[0] != '\0');
    check_text(descriptor->name, descriptor->name_length, descriptor->flags);
    check_text(descriptor->description, descriptor->description_length, descriptor->flags);
    check_text(descriptor->numpy_header, descriptor->numpy_header_length, descriptor->flags);
    FUZZ_CHECK(descriptor->format_fields <= 4096 && descriptor->rank <= 32);
    for (uint32_t i = 0; i < descriptor->format_fields; i++) {
        FUZZ_CHECK(descriptor->format[i].kind <= UINT8_MAX && descriptor->format[i].reserved == 0);
    }
    for (uint32_t i = 0; i < descriptor->rank; i++) {
        FUZZ_CHECK(descriptor->shape[i] >= SP2_DIMENSION_VARIABLE);
    }
}

static void check_descriptors(const sp2_heap *heap) {
    const sp2_descriptor *descriptors;
    const sp2_descriptor *again;
    uint64_t count;
    uint64_t count_again;
    FUZZ_CHECK(sp2_heap_get_descriptors(heap, &descriptors, &count) == SP2_OK);
    FUZZ_CHECK((descriptors == NULL) == (count == 0));
    for (uint64_t i = 0; i < count; i++) {
        check_descriptor(&descriptors[i]);
    }
    FUZZ_CHECK(sp2_heap_get_descriptors(heap, &again, &count_again) == SP2_OK);
    FUZZ_CHECK(again == descriptors && count_again == count);
    FUZZ_CHECK(sp2_heap_get_descriptors(heap, NULL, &count) == SP2_E_ARG && count == 0);
    FUZZ_CHECK(sp2_heap_get_ranges(heap, NULL, &count) == SP2_E_ARG && count == 0);
}

/* Where there was no memory there is nothing, and the next call does as if there had been none. */
static void read_with_failure(const sp2_heap *heap, uint8_t countdown) {
    const sp2_descriptor *descriptors;
    uint64_t count;
    /* Memory that waits to be used again would not fail. */
    FUZZ_CHECK(sp2_memory_trim() == SP2_OK);
    atomic_store(&sp2__alloc_countdown, countdown);
    const int32_t status = sp2_heap_get_descriptors(heap, &descriptors, &count);
    atomic_store(&sp2__alloc_countdown, -1);
    FUZZ_CHECK(status == SP2_OK || status == SP2_E_NOMEM);
    FUZZ_CHECK(status == SP2_OK || (descriptors == NULL && count == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input input = {data, size};
    const uint8_t flags = fuzz_take_u8(&input);
    const uint8_t flavour = fuzz_take_u8(&input);
    const uint8_t countdown = flags & ALLOCATION_FAILS ? fuzz_take_u8(&input) : 0;
    const bool made = flags & PACKETS_ARE_MADE;
    sp2_receive_stream *stream = new_stream(flags);
    packet_builder packet;
    size_t length = input.length;
    uint8_t *bytes = made ? make_packets(&input, &length) : fuzz_take_bytes(&input, &length);
    build(&packet, flavour, made, bytes, length);
    free(bytes);
    sp2__stream_enter(stream);
    sp2__stream_add_datagram(stream, packet.bytes, packet.length);
    sp2__stream_leave(stream);
    packet_free(&packet);
    sp2_heap *heap;
    uint32_t count;
    FUZZ_CHECK(sp2_receive_stream_pop(stream, &heap, 1, &count) == SP2_OK);
    sp2_receive_stream_destroy(stream);
    if (flags & ALLOCATION_FAILS) {
        read_with_failure(heap, countdown);
    }
    check_descriptors(heap);
    sp2_heap_release(heap);
    fuzz_check_no_memory();
    return 0;
}
