/* SPDX-License-Identifier: MIT */
/* The fields of descriptors: right ones, unusual ones, hostile ones. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "receiver.h"
#include "test_threads.h"

enum {
    ID_NAME = 0x10,
    ID_DESCRIPTION = 0x11,
    ID_SHAPE = 0x12,
    ID_FORMAT = 0x13,
    ID_ID = 0x14,
    ID_DTYPE = 0x15,
    MAX_BYTES = 1 << 20,
    MAX_FIELDS = 4096,
    MAX_RANK = 32
};

/* Bytes that grow. */
typedef struct bytes {
    uint8_t *data;
    size_t length;
} bytes;

static void append(bytes *to, const void *data, size_t length) {
    if (length != 0) {
        to->data = realloc(to->data, to->length + length);
        REQUIRE(to->data != NULL);
        memcpy(to->data + to->length, data, length);
        to->length += length;
    }
}

static void append_packet(bytes *to, packet_builder *packet) {
    append(to, packet->bytes, packet->length);
    packet_free(packet);
}

/* A part of a descriptor; NULL data: the part is left out. */
typedef struct part {
    uint64_t id;
    const void *data;
    size_t length;
} part;

#define TEXT_PART(id, text) ((part){(id), (text), strlen(text)})
#define BYTES_PART(id, text) ((part){(id), (text), sizeof(text) - 1})

/* Appends an inner heap as packets of `packet_payload` bytes and the rest. */
static void append_descriptor(bytes *to, uint32_t address_bits, uint64_t cnt, uint64_t id,
                              const part *parts, size_t part_count, size_t packet_payload) {
    bytes payload = {0};
    for (size_t i = 0; i < part_count; i++) {
        append(&payload, parts[i].data, parts[i].length);
    }
    size_t offset = 0;
    do {
        const size_t rest = payload.length - offset;
        const size_t length = rest < packet_payload ? rest : packet_payload;
        packet_builder packet;
        packet_begin_heap(&packet, address_bits, cnt, (int64_t)payload.length, offset, length);
        if (offset == 0) {
            packet_add_immediate(&packet, ID_ID, id);
            uint64_t address = 0;
            for (size_t i = 0; i < part_count; i++) {
                packet_add_address(&packet, parts[i].id, address);
                address += parts[i].length;
            }
        }
        if (length != 0) {
            packet_add_payload(&packet, payload.data + offset, length);
        }
        append_packet(to, &packet);
        offset += length;
    } while (offset < payload.length);
    free(payload.data);
}

/* A descriptor with a name only, which others are told from. */
static void append_named(bytes *to, uint64_t cnt, const char *name) {
    append_descriptor(to, 48, cnt, 0x1800, &TEXT_PART(ID_NAME, name), 1, SIZE_MAX);
}

/* Receives a heap with descriptor items of these bytes. */
static sp2_heap *heap_of(const bytes *items, size_t count, uint32_t bug_compat) {
    bytes payload = {0};
    packet_builder packet;
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        length += items[i].length;
    }
    packet_begin_heap(&packet, 48, 7, (int64_t)length, 0, length);
    for (size_t i = 0; i < count; i++) {
        packet_add_address(&packet, ITEM_DESCRIPTOR, payload.length);
        append(&payload, items[i].data, items[i].length);
    }
    if (payload.length != 0) {
        packet_add_payload(&packet, payload.data, payload.length);
    }
    free(payload.data);
    datagram_list list = {0};
    datagrams_add_packet(&list, &packet);
    sp2_receive_options options = quiet_options(0);
    options.bug_compat = bug_compat;
    heap_list heaps = receive(&options, &list, NULL);
    REQUIRE(heaps.count == 1);
    sp2_heap *heap = heaps.heaps[0];
    free(heaps.heaps);
    datagrams_free(&list);
    return heap;
}

static const sp2_descriptor *descriptors_of(const sp2_heap *heap, uint64_t expected_count) {
    const sp2_descriptor *descriptors = NULL;
    uint64_t count = 99;
    REQUIRE_OK(sp2_heap_get_descriptors(heap, &descriptors, &count));
    REQUIRE(CHECK_EQ_U64(count, expected_count));
    CHECK((descriptors == NULL) == (count == 0));
    return descriptors;
}

/* Checks that the names of the descriptors, one after the other, are these. */
static void check_names(const bytes *items, size_t item_count, const char *expected) {
    sp2_heap *heap = heap_of(items, item_count, 0);
    const sp2_descriptor *descriptors;
    uint64_t count;
    char names[256] = "";
    REQUIRE_OK(sp2_heap_get_descriptors(heap, &descriptors, &count));
    for (uint64_t i = 0; i < count; i++) {
        REQUIRE(strlen(names) + descriptors[i].name_length < sizeof(names));
        strcat(names, descriptors[i].name);
    }
    CHECK_STR(names, expected);
    sp2_heap_release(heap);
}

/* Checks that the item has one descriptor, which is broken for this reason. */
static void check_broken(const bytes *item, uint64_t id, const char *reason) {
    sp2_heap *heap = heap_of(item, 1, 0);
    const sp2_descriptor *descriptor = descriptors_of(heap, 1);
    CHECK_EQ_U64(descriptor->id, id);
    CHECK_EQ_U64(descriptor->flags, SP2_DESCRIPTOR_BROKEN);
    REQUIRE(descriptor->fault != NULL);
    CHECK_CONTAINS(descriptor->fault, reason);
    sp2_heap_release(heap);
}

/* PySPEAD leaves out what is 0; without a length the rest of the item is payload. */
SP2_TEST(Packets_in_descriptors_need_no_offset_and_no_length) {
    bytes items[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        packet_builder inner;
        packet_begin(&inner, 48);
        packet_add_immediate(&inner, 1, 9);
        packet_add_immediate(&inner, ID_ID, 0x1800);
        packet_add_address(&inner, ID_NAME, 0);
        if (i == 0) {
            packet_add_immediate(&inner, 4, 1);
        }
        packet_add_payload(&inner, i == 0 ? "a" : "bc", i == 0 ? 1 : 2);
        append_packet(&items[i], &inner);
    }
    append_named(&items[0], 1, "d");
    check_names(items, 2, "adbc");
    free(items[0].data);
    free(items[1].data);
}

SP2_TEST(Fields_of_a_format_descriptor_are_those_that_were_sent) {
    static const part parts[] = {
        {ID_NAME, "adc", 3},
        {ID_DESCRIPTION, "raw samples", 11},
        {ID_FORMAT,
         "u\x00\x00\x0a"
         "i\xff\xff\xff"
         "?\x00\x00\x00"
         "uu",
         14},
        {ID_SHAPE, "\x01\x00\x00\x00\x00\x09\x00\x00\x00\x00\x00\x10\xfe\xff\xff\xff\xff\xff", 18},
    };
    bytes item = {0};
    append_descriptor(&item, 40, 1, 0x1234, parts, 4, SIZE_MAX);
    sp2_heap *heap = heap_of(&item, 1, 0);
    const sp2_descriptor *descriptor = descriptors_of(heap, 1);
    CHECK_EQ_U64(descriptor->id, 0x1234);
    CHECK_STR(descriptor->name, "adc");
    CHECK_EQ_U64(descriptor->name_length, 3);
    CHECK_STR(descriptor->description, "raw samples");
    CHECK_EQ_U64(descriptor->description_length, 11);
    CHECK_STR(descriptor->numpy_header, "");
    CHECK_EQ_U64(descriptor->numpy_header_length, 0);
    REQUIRE(CHECK_EQ_U64(descriptor->format_fields, 3));
    CHECK_EQ_U64(descriptor->format[0].kind, 'u');
    CHECK_EQ_U64(descriptor->format[0].bits, 10);
    CHECK_EQ_U64(descriptor->format[1].kind, 'i');
    CHECK_EQ_U64(descriptor->format[1].bits, 0xffffff);
    CHECK_EQ_U64(descriptor->format[2].kind, '?');
    CHECK_EQ_U64(descriptor->format[2].bits, 0);
    REQUIRE(CHECK_EQ_U64(descriptor->rank, 3));
    CHECK_EQ_I64(descriptor->shape[0], SP2_DIMENSION_VARIABLE);
    CHECK_EQ_I64(descriptor->shape[1], 16);
    CHECK_EQ_I64(descriptor->shape[2], 0xffffffffff);
    CHECK(descriptors_of(heap, 1) == descriptor);
    sp2_heap_release(heap);
    free(item.data);
}

SP2_TEST(Fields_of_a_numpy_descriptor_are_those_that_were_sent) {
    static const char header[] = "{'descr': '<i2', 'fortran_order': False, 'shape': (3, 2)}";
    const part parts[] = {
        TEXT_PART(ID_NAME, "gain"),
        BYTES_PART(ID_SHAPE, "\0\0\0\0\0\0\3\0\0\0\0\0\0\2"),
        TEXT_PART(ID_DTYPE, header),
    };
    bytes item = {0};
    append_descriptor(&item, 48, 1, 0x1800, parts, 3, SIZE_MAX);
    sp2_heap *heap = heap_of(&item, 1, 0);
    const sp2_descriptor *descriptor = descriptors_of(heap, 1);
    CHECK_STR(descriptor->numpy_header, header);
    CHECK_EQ_U64(descriptor->numpy_header_length, sizeof(header) - 1);
    CHECK(descriptor->format == NULL);
    REQUIRE(CHECK_EQ_U64(descriptor->rank, 2));
    CHECK_EQ_I64(descriptor->shape[0], 3);
    CHECK_EQ_I64(descriptor->shape[1], 2);
    sp2_heap_release(heap);
    free(item.data);
}

SP2_TEST(Widths_of_packed_fields_follow_the_flavour_of_the_inner_heap) {
    for (uint32_t address_bits = 8; address_bits <= 56; address_bits += 8) {
        sp2_test_context("%u address bits", (unsigned)address_bits);
        const size_t shape_width = 1 + address_bits / 8;
        const size_t format_width = 9 - address_bits / 8;
        uint8_t shape[16] = {0};
        uint8_t format[16] = {0};
        shape[shape_width - 1] = 5;
        shape[shape_width] = 1;
        format[0] = 'f';
        format[format_width - 1] = 32;
        format[format_width] = 'c';
        format[2 * format_width - 1] = 8;
        const part parts[] = {{ID_FORMAT, format, 2 * format_width},
                              {ID_SHAPE, shape, 2 * shape_width}};
        bytes item = {0};
        append_descriptor(&item, address_bits, 1, 0x55, parts, 2, SIZE_MAX);
        sp2_heap *heap = heap_of(&item, 1, 0);
        const sp2_descriptor *descriptor = descriptors_of(heap, 1);
        CHECK_EQ_U64(descriptor->id, 0x55);
        if (CHECK_EQ_U64(descriptor->format_fields, 2) && CHECK_EQ_U64(descriptor->rank, 2)) {
            CHECK_EQ_U64(descriptor->format[0].bits, 32);
            CHECK_EQ_U64(descriptor->format[1].kind, 'c');
            CHECK_EQ_I64(descriptor->shape[0], 5);
            CHECK_EQ_I64(descriptor->shape[1], SP2_DIMENSION_VARIABLE);
        }
        sp2_heap_release(heap);
        free(item.data);
    }
}

SP2_TEST(Bugs_of_the_sender_change_widths_and_the_flag_of_a_shape) {
    const part parts[] = {
        BYTES_PART(ID_FORMAT, "u\0\0\x08"),
        BYTES_PART(ID_SHAPE, "\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\4"),
    };
    bytes item = {0};
    append_descriptor(&item, 48, 1, 0x1800, parts, 2, SIZE_MAX);
    sp2_heap *heap =
        heap_of(&item, 1, SP2_BUG_COMPAT_DESCRIPTOR_WIDTHS | SP2_BUG_COMPAT_SHAPE_BIT_1);
    const sp2_descriptor *descriptor = descriptors_of(heap, 1);
    REQUIRE(CHECK_EQ_U64(descriptor->format_fields, 1));
    CHECK_EQ_U64(descriptor->format[0].bits, 8);
    REQUIRE(CHECK_EQ_U64(descriptor->rank, 2));
    CHECK_EQ_I64(descriptor->shape[0], SP2_DIMENSION_VARIABLE);
    CHECK_EQ_I64(descriptor->shape[1], 4);
    sp2_heap_release(heap);
    free(item.data);
}

SP2_TEST(Parts_in_item_pointers_are_read_and_the_last_of_a_kind_counts) {
    packet_builder packet;
    packet_begin_heap(&packet, 48, 1, 4, 0, 4);
    packet_add_immediate(&packet, ID_ID, 0x1000);
    packet_add_immediate(&packet, ID_ID, 0x1001);
    packet_add_address(&packet, ID_ID, 0);
    packet_add_immediate(&packet, ID_DESCRIPTION, 0x6162);
    packet_add_address(&packet, ID_NAME, 1);
    packet_add_address(&packet, ITEM_NULL, 3);
    packet_add_immediate(&packet, 0x77, 5);
    packet_add_payload(&packet, "?ab?", 4);
    bytes item = {0};
    append_packet(&item, &packet);
    sp2_heap *heap = heap_of(&item, 1, 0);
    const sp2_descriptor *descriptor = descriptors_of(heap, 1);
    CHECK_EQ_U64(descriptor->id, 0x1001);
    CHECK_STR(descriptor->name, "ab");
    CHECK_EQ_U64(descriptor->description_length, 6);
    CHECK_MEM(descriptor->description, "\0\0\0\0ab", 7);
    sp2_heap_release(heap);
    free(item.data);
}

SP2_TEST(Several_heaps_and_packets_in_several_items_are_read_in_their_order) {
    bytes items[2] = {{0}, {0}};
    append_named(&items[0], 1, "a");
    append_named(&items[0], 1, "b");
    append_descriptor(&items[1], 48, 2, 0x1800, &TEXT_PART(ID_NAME, "cdefghij"), 1, 3);
    check_names(items, 2, "abcdefghij");
    free(items[0].data);
    free(items[1].data);
}

SP2_TEST(What_is_no_packet_ends_an_item_and_no_other_one) {
    bytes items[3] = {{0}, {0}, {0}};
    append_named(&items[0], 1, "a");
    append(&items[0], "junk that is no packet", 22);
    append_named(&items[0], 2, "b");
    append_named(&items[1], 1, "c");
    append_named(&items[2], 1, "d");
    items[1].length--;
    check_names(items, 3, "ad");
    for (size_t i = 0; i < 3; i++) {
        free(items[i].data);
    }
}

SP2_TEST(Packet_that_contradicts_its_heap_or_comes_too_early_is_passed_over) {
    enum { PACKET_BYTES = 2, SECOND = 8 + 6 * 8 + PACKET_BYTES, LAST = 8 + 4 * 8 + PACKET_BYTES };
    bytes own = {0};
    bytes foreign = {0};
    bytes item = {0};
    append_descriptor(&own, 48, 3, 0x1800, &TEXT_PART(ID_NAME, "aaaa"), 1, PACKET_BYTES);
    append_descriptor(&foreign, 48, 9, 0x1800, &TEXT_PART(ID_NAME, "cccc"), 1, PACKET_BYTES);
    REQUIRE(own.length == SECOND + LAST);
    /* Its second packet before the first, the first twice, and that of another heap between. */
    append(&item, own.data + SECOND, LAST);
    append(&item, own.data, SECOND);
    append(&item, own.data, SECOND);
    append(&item, foreign.data + SECOND, LAST);
    append(&item, own.data + SECOND, LAST);
    append_named(&item, 4, "b");
    check_names(&item, 1, "aaaab");
    free(item.data);
    free(foreign.data);
    free(own.data);
}

SP2_TEST(Identifier_that_is_not_in_an_item_pointer_does_not_count) {
    packet_builder packet;
    packet_begin_heap(&packet, 48, 1, 4, 0, 4);
    packet_add_address(&packet, ITEM_NULL, 0);
    packet_add_address(&packet, ID_ID, 1);
    packet_add_payload(&packet, "\0\0\0\1", 4);
    bytes item = {0};
    append_packet(&item, &packet);
    sp2_heap *heap = heap_of(&item, 1, 0);
    descriptors_of(heap, 0);
    sp2_heap_release(heap);
    free(item.data);
}

SP2_TEST(Heap_of_unknown_length_counts_when_the_next_begins_or_the_item_ends) {
    bytes item = {0};
    for (uint64_t cnt = 1; cnt <= 2; cnt++) {
        for (uint64_t offset = 0; offset < 4; offset += 2) {
            packet_builder packet;
            packet_begin_heap(&packet, 48, cnt, NO_HEAP_LENGTH, offset, 2);
            if (offset == 0) {
                packet_add_immediate(&packet, ID_ID, 0x1800);
                packet_add_address(&packet, ID_NAME, 0);
            }
            packet_add_payload(&packet, cnt == 1 ? "aa" : "bb", 2);
            append_packet(&item, &packet);
        }
    }
    check_names(&item, 1, "aaaabbbb");
    free(item.data);
}

SP2_TEST(Stop_in_a_descriptor_ends_all_descriptors) {
    bytes items[2] = {{0}, {0}};
    append_named(&items[0], 1, "a");
    packet_builder packet;
    packet_begin_heap(&packet, 48, 2, 0, 0, 0);
    packet_add_immediate(&packet, ID_ID, 0x1801);
    packet_add_immediate(&packet, ITEM_STREAM_CTRL, STREAM_CTRL_STOP);
    append_packet(&items[0], &packet);
    append_named(&items[0], 3, "b");
    append_named(&items[1], 4, "c");
    check_names(items, 2, "a");
    free(items[0].data);
    free(items[1].data);
}

SP2_TEST(Heap_without_identifier_and_a_descriptor_within_one_are_no_descriptors) {
    bytes inner = {0};
    append_named(&inner, 1, "inner");
    bytes item = {0};
    append_descriptor(&item, 48, 1, 0, &TEXT_PART(ID_NAME, "none"), 1, SIZE_MAX);
    const part nested[] = {{ITEM_DESCRIPTOR, inner.data, inner.length}, {ID_NAME, "outer", 5}};
    append_descriptor(&item, 48, 2, 0x1801, nested, 2, SIZE_MAX);
    check_names(&item, 1, "outer");
    free(inner.data);
    free(item.data);
}

SP2_TEST(Incomplete_heap_and_descriptor_in_an_item_pointer_have_no_descriptors) {
    datagram_list list = {0};
    bytes item = {0};
    append_named(&item, 1, "a");
    for (int complete = 0; complete < 2; complete++) {
        packet_builder packet;
        packet_begin_heap(&packet, 48, 1 + (uint64_t)complete, (int64_t)item.length + 1 - complete,
                          0, item.length);
        packet_add_address(&packet, complete ? ITEM_NULL : ITEM_DESCRIPTOR, 0);
        packet_add_immediate(&packet, ITEM_DESCRIPTOR, 5);
        packet_add_payload(&packet, item.data, item.length);
        datagrams_add_packet(&list, &packet);
    }
    const sp2_receive_options options =
        quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE | SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD);
    heap_list heaps = receive(&options, &list, NULL);
    CHECK_EQ_U64(heaps.count, 2);
    for (uint64_t i = 0; i < heaps.count; i++) {
        descriptors_of(heaps.heaps[i], 0);
    }
    heaps_free(&heaps);
    datagrams_free(&list);
    free(item.data);
}

/* As many fields of `width` bytes as are supported, or one more. */
static void check_limit(uint64_t id, size_t most, size_t width, const char *reason) {
    uint8_t *data = calloc(most + 1, width);
    REQUIRE(data != NULL);
    for (size_t count = most; count <= most + 1; count++) {
        const part parts[] = {{ID_NAME, "x", 1}, {id, data, count * width}};
        bytes item = {0};
        append_descriptor(&item, 48, 1, 0x1800, parts, 2, SIZE_MAX);
        if (count > most) {
            check_broken(&item, 0x1800, reason);
        }
        sp2_heap *heap = heap_of(&item, 1, 0);
        const sp2_descriptor *descriptor = descriptors_of(heap, 1);
        CHECK_STR(descriptor->name, "x");
        CHECK_EQ_U64(descriptor->format_fields, id == ID_FORMAT && count == most ? most : 0);
        CHECK_EQ_U64(descriptor->rank, id == ID_SHAPE && count == most ? most : 0);
        CHECK((descriptor->fault == NULL) == (count == most));
        sp2_heap_release(heap);
        free(item.data);
    }
    free(data);
}

SP2_TEST(Fields_and_dimensions_are_limited) {
    check_limit(ID_FORMAT, MAX_FIELDS, 3, "4097 fields");
    check_limit(ID_SHAPE, MAX_RANK, 7, "33 dimensions");
}

SP2_TEST(Long_texts_are_given_as_they_are) {
    static const uint64_t ids[] = {ID_NAME, ID_DESCRIPTION, ID_DTYPE};
    enum { LENGTH = 1000000 };
    char *text = malloc(LENGTH);
    REQUIRE(text != NULL);
    memset(text, 'n', LENGTH);
    for (size_t i = 0; i < 3; i++) {
        const part one = {ids[i], text, LENGTH};
        bytes item = {0};
        append_descriptor(&item, 48, 1, 0x1800, &one, 1, SIZE_MAX);
        sp2_heap *heap = heap_of(&item, 1, 0);
        const sp2_descriptor *descriptor = descriptors_of(heap, 1);
        const uint32_t lengths[] = {descriptor->name_length, descriptor->description_length,
                                    descriptor->numpy_header_length};
        CHECK_EQ_U64(descriptor->flags, 0);
        CHECK_EQ_U64(lengths[i], LENGTH);
        sp2_heap_release(heap);
        free(item.data);
    }
    free(text);
}

SP2_TEST(Broken_descriptor_takes_no_other_with_it) {
    uint8_t shape[7 * (MAX_RANK + 1)] = {0};
    const part broken[] = {{ID_NAME, "b", 1}, {ID_SHAPE, shape, sizeof(shape)}};
    bytes item = {0};
    append_named(&item, 1, "a");
    append_descriptor(&item, 48, 2, 0x1801, broken, 2, SIZE_MAX);
    append_named(&item, 3, "c");
    check_names(&item, 1, "abc");
    free(item.data);
}

/* A name and a description as they are sent, and what is given of them. */
static void check_texts(const char *name, const char *description, const char *expected_name,
                        const char *expected_description, uint32_t flags) {
    const part parts[] = {TEXT_PART(ID_NAME, name), TEXT_PART(ID_DESCRIPTION, description)};
    bytes item = {0};
    append_descriptor(&item, 48, 1, 0x1800, parts, 2, SIZE_MAX);
    sp2_heap *heap = heap_of(&item, 1, 0);
    const sp2_descriptor *descriptor = descriptors_of(heap, 1);
    CHECK_STR(descriptor->name, expected_name);
    CHECK_EQ_U64(descriptor->name_length, strlen(expected_name));
    CHECK_STR(descriptor->description, expected_description);
    CHECK_EQ_U64(descriptor->description_length, strlen(expected_description));
    CHECK_EQ_U64(descriptor->flags, flags);
    CHECK(descriptor->fault == NULL);
    sp2_heap_release(heap);
    free(item.data);
}

SP2_TEST(Text_that_is_not_ASCII_is_UTF_8_or_else_Latin_1) {
    enum { UTF_8 = SP2_DESCRIPTOR_UTF_8, LATIN_1 = SP2_DESCRIPTOR_LATIN_1 };
    check_texts("\x7f", "", "\x7f", "", 0);
    check_texts("\xc2\xb5s", "a", "\xc2\xb5s", "a", UTF_8);
    check_texts("\xb5s", "a", "\xc2\xb5s", "a", LATIN_1);
    check_texts("\xc2\xb5", "\xff", "\xc2\xb5", "\xc3\xbf", UTF_8 | LATIN_1);
    check_texts("\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xe2\x82\xac", "\xf0\x9f\x98\x80", UTF_8);
    check_texts("\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", UTF_8);
}

SP2_TEST(Bytes_that_are_nearly_UTF_8_are_Latin_1) {
    static const char *const texts[] = {
        "\x80",             /* within a character */
        "\xc0\x80",         /* two bytes where one would do */
        "\xc1\xbf",         /* likewise */
        "\xe0\x9f\xbf",     /* three where two would do */
        "\xf0\x8f\xbf\xbf", /* four where three would do */
        "\xed\xa0\x80",     /* a surrogate */
        "\xf4\x90\x80\x80", /* beyond Unicode */
        "\xf5\x80\x80\x80", /* likewise */
        "\xc2",             /* cut off */
        "\xe2\x82",         /* likewise */
        "\xf0\x9f\x98",     /* likewise */
        "\xc2\x41",         /* another one in the middle */
        "\xe2\x82\x41",     /* likewise */
        "\xf0\x9f\x98\xc0", /* likewise */
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        sp2_test_context("text %zu", i);
        bytes item = {0};
        append_descriptor(&item, 48, 1, 0x1800, &TEXT_PART(ID_NAME, texts[i]), 1, SIZE_MAX);
        sp2_heap *heap = heap_of(&item, 1, 0);
        CHECK_EQ_U64(descriptors_of(heap, 1)->flags, SP2_DESCRIPTOR_LATIN_1);
        sp2_heap_release(heap);
        free(item.data);
    }
}

SP2_TEST(Enormous_inner_heap_is_broken_before_memory_is_taken) {
    packet_builder packet;
    bytes item = {0};
    packet_begin_heap(&packet, 48, 1, 0xffffffffffff, 0, 0);
    packet_add_immediate(&packet, ID_ID, 0x1800);
    append_packet(&item, &packet);
    check_broken(&item, 0x1800, "1048576 bytes");
    free(item.data);
}

SP2_TEST(Inner_heap_that_grows_too_large_is_broken_and_passed_over) {
    enum { PART = MAX_BYTES / 2 + 1 };
    bytes item = {0};
    uint8_t *payload = calloc(1, PART);
    REQUIRE(payload != NULL);
    for (uint64_t i = 0; i < 3; i++) {
        packet_builder packet;
        packet_begin_heap(&packet, 48, 1, NO_HEAP_LENGTH, i * PART, PART);
        packet_add_immediate(&packet, ID_ID, 0x1800 + i);
        packet_add_payload(&packet, payload, PART);
        append_packet(&item, &packet);
    }
    check_broken(&item, 0x1801, "1048576 bytes");
    append_named(&item, 2, "b");
    check_names(&item, 1, "b");
    free(payload);
    free(item.data);
}

SP2_TEST(Inner_heap_that_grows_too_large_has_the_largest_identifier_so_far) {
    bytes item = {0};
    packet_builder packet;
    packet_begin_heap(&packet, 48, 1, NO_HEAP_LENGTH, 0, 1);
    packet_add_immediate(&packet, ID_ID, 0x1802);
    packet_add_payload(&packet, "x", 1);
    append_packet(&item, &packet);
    packet_begin_heap(&packet, 48, 1, MAX_BYTES + 1, 1, 1);
    packet_add_immediate(&packet, ID_ID, 0x1801);
    packet_add_payload(&packet, "y", 1);
    append_packet(&item, &packet);
    check_broken(&item, 0x1802, "1048576 bytes");
    free(item.data);
}

SP2_TEST(Enormous_inner_heap_without_identifier_is_broken_without_one) {
    packet_builder packet;
    bytes item = {0};
    packet_begin_heap(&packet, 48, 1, MAX_BYTES + 1, 0, 0);
    append_packet(&item, &packet);
    check_broken(&item, 0, "1048576 bytes");
    free(item.data);
}

/* Default memory is kept for the next use as long as there is a stream, so that what was taken at
 * any time can be seen afterwards. */
SP2_TEST(Packets_that_announce_large_inner_heaps_take_memory_for_what_they_bring) {
    enum { PACKETS = 1000, ANNOUNCED = 1 << 20, MOST_BYTES = 1 << 16 };
    bytes item = {0};
    for (uint64_t i = 0; i < PACKETS; i++) {
        packet_builder packet;
        packet_begin_heap(&packet, 48, i, ANNOUNCED, 0, 1);
        packet_add_payload(&packet, "x", 1);
        append_packet(&item, &packet);
    }
    sp2_heap *heap = heap_of(&item, 1, 0);
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *keeper = new_stream(&options);
    REQUIRE_OK(sp2_memory_trim());
    sp2_memory_stats before = SP2_MEMORY_STATS_INIT;
    sp2_memory_stats after = SP2_MEMORY_STATS_INIT;
    REQUIRE_OK(sp2_memory_get_stats(&before));
    descriptors_of(heap, 0);
    REQUIRE_OK(sp2_memory_get_stats(&after));
    CHECK(after.used_bytes + after.cached_bytes <=
          before.used_bytes + before.cached_bytes + MOST_BYTES);
    /* The heap itself and its payload. */
    CHECK(after.hits + after.misses - before.hits - before.misses <= 2 * PACKETS);
    sp2_receive_stream_destroy(keeper);
    sp2_heap_release(heap);
    free(item.data);
}

/* `count` times the same descriptor, and what the list ends with. */
static void check_many(const bytes *one, size_t count, uint64_t expected, bool broken) {
    bytes item = {.data = malloc(count * one->length), .length = count * one->length};
    REQUIRE(item.data != NULL);
    for (size_t i = 0; i < count; i++) {
        memcpy(item.data + i * one->length, one->data, one->length);
    }
    sp2_heap *heap = heap_of(&item, 1, 0);
    const sp2_descriptor *last = descriptors_of(heap, expected) + expected - 1;
    CHECK_EQ_U64(last->id, broken ? 0 : 0x1800);
    CHECK((last->flags == SP2_DESCRIPTOR_BROKEN) == broken);
    if (broken) {
        CHECK_CONTAINS(last->fault, "65536 descriptors");
    }
    sp2_heap_release(heap);
    free(item.data);
}

SP2_TEST(Descriptors_beyond_the_limit_are_left_out_with_a_word) {
    enum { MOST = 65536 };
    bytes one = {0};
    append_descriptor(&one, 48, 1, 0x1800, NULL, 0, SIZE_MAX);
    check_many(&one, MOST, MOST, false);
    check_many(&one, MOST + 1, MOST + 1, true);
    check_many(&one, MOST + 5, MOST + 1, true);
    packet_builder packet;
    bytes enormous = {0};
    packet_begin_heap(&packet, 48, 1, MAX_BYTES + 1, 0, 0);
    append_packet(&enormous, &packet);
    check_many(&enormous, MOST + 5, MOST + 1, true);
    free(enormous.data);
    free(one.data);
}

SP2_TEST(Address_beyond_the_inner_heap_makes_it_incomplete) {
    packet_builder packet;
    bytes item = {0};
    packet_begin_heap(&packet, 48, 1, 2, 0, 2);
    packet_add_immediate(&packet, ID_ID, 0x1800);
    packet_add_address(&packet, ID_NAME, 0);
    packet_add_address(&packet, ID_DESCRIPTION, 0xffffffffffff);
    packet_add_payload(&packet, "aa", 2);
    append_packet(&item, &packet);
    append_named(&item, 2, "b");
    check_names(&item, 1, "b");
    free(item.data);
}

enum { THREADS = 8, ROUNDS = 50 };

typedef struct shared_heap {
    const sp2_heap *heap;
    atomic_bool *begin;
    const sp2_descriptor *seen;
} shared_heap;

static void *ask(void *context) {
    shared_heap *shared = context;
    uint64_t count = 0;
    while (!atomic_load(shared->begin)) {
    }
    CHECK_STATUS(sp2_heap_get_descriptors(shared->heap, &shared->seen, &count), SP2_OK);
    CHECK_EQ_U64(count, 1);
    return NULL;
}

SP2_TEST(Threads_that_ask_at_the_same_time_get_the_same_list) {
    bytes item = {0};
    append_named(&item, 1, "a");
    for (int round = 0; round < ROUNDS; round++) {
        sp2_heap *heap = heap_of(&item, 1, 0);
        atomic_bool begin = false;
        test_thread threads[THREADS];
        shared_heap shared[THREADS];
        for (int i = 0; i < THREADS; i++) {
            shared[i] = (shared_heap){heap, &begin, NULL};
            test_thread_start(&threads[i], ask, &shared[i]);
        }
        atomic_store(&begin, true);
        for (int i = 0; i < THREADS; i++) {
            test_thread_join(threads[i]);
            CHECK(shared[i].seen == shared[0].seen);
        }
        CHECK_STR(shared[0].seen->name, "a");
        sp2_heap_release(heap);
    }
    free(item.data);
}

/* Every byte that a descriptor points to is there and as promised: a sanitizer looks on. */
static uint64_t look_at(const sp2_descriptor *descriptor) {
    uint64_t sum = 0;
    const bool broken = descriptor->flags & SP2_DESCRIPTOR_BROKEN;
    CHECK(broken || descriptor->id != 0);
    CHECK(broken == (descriptor->fault != NULL));
    CHECK(!broken || strlen(descriptor->fault) > 0);
    const char *texts[] = {descriptor->name, descriptor->description, descriptor->numpy_header};
    const uint32_t lengths[] = {descriptor->name_length, descriptor->description_length,
                                descriptor->numpy_header_length};
    for (size_t text = 0; text < 3; text++) {
        for (uint32_t i = 0; i < lengths[text]; i++) {
            sum += (unsigned char)texts[text][i] > 0x7f;
        }
        CHECK(texts[text][lengths[text]] == '\0');
    }
    CHECK(sum == 0 || (descriptor->flags & (SP2_DESCRIPTOR_UTF_8 | SP2_DESCRIPTOR_LATIN_1)));
    CHECK(descriptor->format_fields <= MAX_FIELDS && descriptor->rank <= MAX_RANK);
    for (uint32_t i = 0; i < descriptor->format_fields; i++) {
        CHECK(descriptor->format[i].kind <= 0xff && descriptor->format[i].bits >> 56 == 0 &&
              descriptor->format[i].reserved == 0);
    }
    for (uint32_t i = 0; i < descriptor->rank; i++) {
        CHECK(descriptor->shape[i] >= SP2_DIMENSION_VARIABLE && descriptor->shape[i] < (int64_t)1
                                                                                           << 56);
    }
    return 1;
}

/* Changes bytes, cuts some out, or repeats some. */
static void mutate(sp2_test_rng *random, bytes *item) {
    for (uint64_t changes = sp2_test_below(random, 6); changes > 0 && item->length > 1; changes--) {
        const size_t at = (size_t)sp2_test_below(random, item->length);
        const size_t count = (size_t)sp2_test_below(random, item->length - at);
        switch (sp2_test_below(random, 5)) {
        case 0:
            item->data[at] = (uint8_t)sp2_test_next(random);
            break;
        case 1:
            memmove(item->data + at, item->data + at + count, item->length - at - count);
            item->length -= count;
            break;
        case 2: {
            uint8_t copy[512];
            const size_t taken = count < sizeof(copy) ? count : sizeof(copy);
            memcpy(copy, item->data + at, taken);
            append(item, copy, taken);
            break;
        }
        default:
            item->data[at] ^= (uint8_t)(1 << sp2_test_below(random, 8));
        }
    }
}

SP2_TEST(Random_and_mutated_descriptors_give_lists) {
    enum { CASES = 5000 };
    static const uint64_t ids[] = {ID_NAME, ID_DESCRIPTION, ID_SHAPE, ID_FORMAT, ID_DTYPE, 0, 0x77};
    sp2_test_rng random = sp2_test_random();
    uint64_t read = 0;
    uint64_t not_ascii = 0;
    for (int i = 0; i < CASES; i++) {
        sp2_test_context("case %d", i);
        bytes items[2] = {{0}, {0}};
        for (uint64_t made = 1 + sp2_test_below(&random, 4); made > 0; made--) {
            uint8_t data[4][16];
            part parts[4];
            for (int j = 0; j < 4; j++) {
                for (int k = 0; k < 16; k++) {
                    data[j][k] = (uint8_t)sp2_test_below(&random, 130);
                }
                parts[j] = (part){ids[sp2_test_below(&random, 7)], data[j],
                                  (size_t)sp2_test_below(&random, 17)};
            }
            append_descriptor(&items[made % 2], (uint32_t)(1 + sp2_test_below(&random, 7)) * 8,
                              1 + sp2_test_below(&random, 2), sp2_test_below(&random, 100), parts,
                              4, (size_t)(1 + sp2_test_below(&random, 60)));
        }
        mutate(&random, &items[0]);
        mutate(&random, &items[1]);
        sp2_heap *heap = heap_of(items, 2, (uint32_t)sp2_test_below(&random, 8));
        const sp2_descriptor *descriptors;
        uint64_t count;
        REQUIRE_OK(sp2_heap_get_descriptors(heap, &descriptors, &count));
        for (uint64_t j = 0; j < count; j++) {
            read += look_at(&descriptors[j]);
            not_ascii += descriptors[j].flags != 0;
        }
        sp2_heap_release(heap);
        free(items[0].data);
        free(items[1].data);
    }
    sp2_test_context("%s", "");
    CHECK(read > CASES / 2);
    CHECK(not_ascii > CASES / 50);
}

SP2_TEST(Wrong_arguments_are_refused_and_named) {
    bytes item = {0};
    append_named(&item, 1, "a");
    sp2_heap *heap = heap_of(&item, 1, 0);
    const sp2_descriptor *descriptors = (const sp2_descriptor *)(const void *)heap;
    uint64_t count = 9;
    CHECK_STATUS(sp2_heap_get_descriptors(NULL, &descriptors, &count), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "heap");
    CHECK(descriptors == NULL);
    CHECK_EQ_U64(count, 0);
    CHECK_STATUS(sp2_heap_get_descriptors(heap, NULL, &count), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "descriptors must not");
    CHECK_STATUS(sp2_heap_get_descriptors(heap, &descriptors, NULL), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "count");
    sp2_heap_release(heap);
    free(item.data);
}
