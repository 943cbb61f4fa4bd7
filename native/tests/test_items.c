/* SPDX-License-Identifier: MIT */
/* Typed items, which only the AOT library has: names, shapes and decoded values. */
#define SP2_HAS_ITEMS
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "receiver.h"
#include "spead2core/items.h"

enum { BYTES = 4096 };

/* A descriptor of the SPEAD document: a heap of its own inside an item. Returns its length. */
static uint64_t put_descriptor(uint8_t *to, uint64_t id, const char *name,
                               const char *numpy_header) {
    const uint64_t name_length = strlen(name);
    const uint64_t header_length = strlen(numpy_header);
    packet_builder packet;
    packet_begin_heap(&packet, 48, 1, (int64_t)(name_length + header_length), 0,
                      name_length + header_length);
    packet_add_immediate(&packet, 0x14, id);
    packet_add_address(&packet, 0x10, 0);
    packet_add_address(&packet, 0x15, name_length);
    packet_add_payload(&packet, (const uint8_t *)name, name_length);
    packet_add_payload(&packet, (const uint8_t *)numpy_header, header_length);
    const uint64_t length = packet.length;
    memcpy(to, packet.bytes, packet.length);
    packet_free(&packet);
    return length;
}

/* The heap that a packet is. */
static sp2_heap *heap_of_packet(packet_builder *packet) {
    datagram_list list = {0};
    datagrams_add_packet(&list, packet);
    heap_list heaps = receive(NULL, &list, NULL);
    REQUIRE(heaps.count == 1);
    sp2_heap *heap = heaps.heaps[0];
    heaps.count = 0;
    heaps_free(&heaps);
    datagrams_free(&list);
    return heap;
}

/* A heap with a descriptor and the item's value; `value_length` 0: no value. */
static sp2_heap *heap_of(const char *name, const char *numpy_header, const void *value,
                         uint64_t value_length) {
    uint8_t payload[BYTES];
    const uint64_t described = put_descriptor(payload, 0x1800, name, numpy_header);
    if (value_length != 0) {
        memcpy(payload + described, value, value_length);
    }
    const uint64_t length = described + value_length;
    packet_builder packet;
    packet_begin_heap(&packet, 48, 7, (int64_t)length, 0, length);
    packet_add_address(&packet, 5, 0);
    if (value_length != 0) {
        packet_add_address(&packet, 0x1800, described);
    }
    packet_add_payload(&packet, payload, length);
    return heap_of_packet(&packet);
}

/* A heap with this descriptor, which is freed, and no value. */
static sp2_heap *heap_of_descriptor(packet_builder *descriptor) {
    packet_builder packet;
    packet_begin_heap(&packet, 48, 7, (int64_t)descriptor->length, 0, descriptor->length);
    packet_add_address(&packet, 5, 0);
    packet_add_payload(&packet, descriptor->bytes, descriptor->length);
    packet_free(descriptor);
    return heap_of_packet(&packet);
}

static sp2_item_group *new_group(uint32_t flags) {
    sp2_item_group *group = NULL;
    sp2_item_group_options options = SP2_ITEM_GROUP_OPTIONS_INIT;
    options.flags = flags;
    REQUIRE_OK(sp2_item_group_create(&options, &group));
    return group;
}

/* Updates a group with one item, and gives the heap back before the value is looked at. */
static sp2_item_info update(sp2_item_group *group, const char *numpy_header, const void *value,
                            uint64_t value_length) {
    sp2_heap *heap = heap_of("gain", numpy_header, value, value_length);
    uint64_t updated = 99;
    sp2_item_info info = SP2_ITEM_INFO_INIT;
    REQUIRE_OK(sp2_item_group_update(group, heap, &updated));
    sp2_heap_release(heap);
    REQUIRE(updated == (value_length != 0));
    REQUIRE_OK(sp2_item_group_find_id(group, 0x1800, &info));
    return info;
}

/* As update, of a value that cannot be interpreted. */
static sp2_item_info update_faulty(sp2_item_group *group, const char *numpy_header,
                                   const void *value, uint64_t value_length) {
    sp2_heap *heap = heap_of("gain", numpy_header, value, value_length);
    uint64_t updated = 99;
    uint64_t failed = 99;
    sp2_item_info info = SP2_ITEM_INFO_INIT;
    sp2_item_info found = SP2_ITEM_INFO_INIT;
    REQUIRE_OK(sp2_item_group_update(group, heap, &updated));
    sp2_heap_release(heap);
    CHECK_EQ_U64(updated, 0);
    REQUIRE_OK(sp2_item_group_get_failed_count(group, &failed));
    CHECK_EQ_U64(failed, 1);
    REQUIRE_OK(sp2_item_group_get_failed(group, 0, &info));
    REQUIRE_OK(sp2_item_group_find_id(group, 0x1800, &found));
    CHECK(found.raw == info.raw && found.flags == info.flags);
    return info;
}

SP2_TEST(Numbers_are_in_the_machines_byte_order_and_aligned) {
    static const uint8_t sent[] = {0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe, 0, 1, 0, 0};
    static const int32_t expected[] = {1, -2, 65536};
    sp2_item_group *group = new_group(0);
    const sp2_item_info info =
        update(group, "{'descr': '>i4', 'fortran_order': False, 'shape': (3,)}", sent, 12);
    CHECK_EQ_U64(info.flags, SP2_ITEM_HAS_VALUE);
    CHECK_EQ_U64(info.id, 0x1800);
    CHECK_STR(info.name, "gain");
    CHECK_STR(info.description, "");
    CHECK_STR(info.type, "<i4");
    CHECK_EQ_U64(info.rank, 1);
    CHECK_EQ_I64(info.shape[0], 3);
    CHECK_EQ_U64(info.element_size, 4);
    CHECK_EQ_U64(info.count, 3);
    CHECK_EQ_U64(info.length, 12);
    CHECK_EQ_U64((uintptr_t)info.data % sizeof(int32_t), 0);
    CHECK_MEM(info.data, expected, sizeof(expected));
    sp2_item_group_destroy(group);
}

SP2_TEST(Fortran_order_becomes_C_order_unless_memory_order_is_asked_for) {
    static const uint8_t sent[] = {1, 4, 2, 5, 3, 6};
    static const uint8_t rows[] = {1, 2, 3, 4, 5, 6};
    static const char header[] = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}";
    sp2_item_group *group = new_group(0);
    sp2_item_info info = update(group, header, sent, sizeof(sent));
    CHECK_EQ_U64(info.flags, SP2_ITEM_HAS_VALUE);
    CHECK_EQ_U64(info.rank, 2);
    CHECK_EQ_I64(info.shape[0], 2);
    CHECK_EQ_I64(info.shape[1], 3);
    CHECK_MEM(info.data, rows, sizeof(rows));
    sp2_item_group_destroy(group);
    group = new_group(SP2_ITEM_GROUP_MEMORY_ORDER);
    info = update(group, header, sent, sizeof(sent));
    CHECK_EQ_U64(info.flags, SP2_ITEM_HAS_VALUE | SP2_ITEM_FORTRAN_ORDER);
    CHECK_MEM(info.data, sent, sizeof(sent));
    sp2_item_group_destroy(group);
}

SP2_TEST(Elements_of_every_kind_have_their_type_and_size) {
    static const struct {
        const char *sent;
        const char *type;
        uint32_t size;
        uint32_t flags;
        const char *bytes; /* of one element, as sent */
        const char *expected;
    } cases[] = {
        {"'>u2'", "<u2", 2, 0, "\x12\x34", "\x34\x12"},
        {"'<i8'", "<i8", 8, 0, "\1\2\3\4\5\6\7\x08", "\1\2\3\4\5\6\7\x08"},
        {"'>f8'", "<f8", 8, 0, "\x3f\xf0\0\0\0\0\0\0", "\0\0\0\0\0\0\xf0\x3f"},
        {"'>c8'", "<c8", 8, 0, "\1\2\3\4\5\6\7\x08", "\4\3\2\1\x08\7\6\5"},
        {"'|b1'", "|b1", 1, 0, "\1", "\1"},
        {"'|S3'", "|S3", 3, 0, "ab\0", "ab\0"},
        {"'>U1'", "<U1", 4, 0, "\0\0\0A", "A\0\0\0"},
        {"'|V2'", "|V2", 2, 0, "\xfe\1", "\xfe\1"},
        {"[('a', '>u2'), ('b', '|u1')]", "[('a', '>u2'), ('b', '|u1')]", 3, SP2_ITEM_AS_SENT,
         "\1\2\3", "\1\2\3"},
        {"u'>h'", "<i2", 2, 0, "\x12\x34", "\x34\x12"},
        {"'float32'", "<f4", 4, 0, "\1\2\3\4", "\1\2\3\4"},
        {"'>M8[25us]'", "<M8[25us]", 8, 0, "\1\2\3\4\5\6\7\x08", "\x08\7\6\5\4\3\2\1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sp2_test_context("case %zu", i);
        char header[256];
        snprintf(header, sizeof(header), "{'descr': %s, 'fortran_order': False, 'shape': ()}",
                 cases[i].sent);
        sp2_item_group *group = new_group(0);
        const sp2_item_info info = update(group, header, cases[i].bytes, cases[i].size);
        CHECK_STR(info.type, cases[i].type);
        CHECK_EQ_U64(info.rank, 0);
        CHECK_EQ_U64(info.count, 1);
        CHECK_EQ_U64(info.element_size, cases[i].size);
        CHECK_EQ_U64(info.flags, SP2_ITEM_HAS_VALUE | cases[i].flags);
        CHECK_EQ_U64(info.length, cases[i].size);
        CHECK_MEM(info.data, cases[i].expected, cases[i].size);
        sp2_item_group_destroy(group);
    }
}

/* x86's 80 bits in 16 bytes: 1.5, and its negative in the other byte order. */
SP2_TEST(Floats_of_80_bits_become_doubles) {
    static const uint8_t little[16] = {0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0x3f};
    static const uint8_t big[16] = {0, 0, 0, 0, 0, 0, 0xbf, 0xff, 0xc0};
    static const double values[] = {1.5, -1.5};
    sp2_item_group *group = new_group(0);
    sp2_item_info info = update(group, "{'descr': '<f16', 'fortran_order': False, 'shape': ()}",
                                little, sizeof(little));
    CHECK_STR(info.type, "<f8");
    CHECK_EQ_U64(info.length, sizeof(double));
    CHECK_MEM(info.data, &values[0], sizeof(double));
    CHECK_EQ_U64(info.raw_length, sizeof(little));
    info = update(group, "{'descr': '>f16', 'fortran_order': False, 'shape': (1L,)}", big,
                  sizeof(big));
    CHECK_MEM(info.data, &values[1], sizeof(double));
    sp2_item_group_destroy(group);
}

/* Formats have the names that NumPy has for them, and others are told from those. */
SP2_TEST(Formats_are_written_as_numpy_or_marked_as_bits) {
    static const struct {
        const char *format; /* in fields of SPEAD-64-48 */
        uint64_t format_length;
        const char *type;
        uint32_t flags;
    } cases[] = {
        {"u\0\x10u\0\x08", 6, "[('f0', '>u2'), ('f1', '|u1')]", SP2_ITEM_AS_SENT},
        {"u\0\x10", 3, "<u2", 0},
        {"i\0\x0c", 3, "<i2", 0},
        {"u\0\x48", 3, "bits:u72", SP2_ITEM_AS_SENT},
        {"b\0\x01i\0\x07", 6, "bits:b1,i7", SP2_ITEM_AS_SENT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sp2_test_context("case %zu", i);
        packet_builder packet;
        packet_begin_heap(&packet, 48, 1, (int64_t)cases[i].format_length + 1, 0,
                          cases[i].format_length + 1);
        packet_add_immediate(&packet, 0x14, 0x1800);
        packet_add_address(&packet, 0x10, 0);
        packet_add_address(&packet, 0x13, 1);
        packet_add_payload(&packet, (const uint8_t *)"x", 1);
        packet_add_payload(&packet, (const uint8_t *)cases[i].format, cases[i].format_length);
        sp2_item_group *group = new_group(0);
        sp2_item_info info = SP2_ITEM_INFO_INIT;
        sp2_heap *heap = heap_of_descriptor(&packet);
        uint64_t updated = 99;
        REQUIRE_OK(sp2_item_group_update(group, heap, &updated));
        sp2_heap_release(heap);
        REQUIRE_OK(sp2_item_group_find_id(group, 0x1800, &info));
        CHECK_STR(info.type, cases[i].type);
        CHECK_EQ_U64(info.flags, cases[i].flags);
        sp2_item_group_destroy(group);
    }
}

SP2_TEST(Item_without_a_value_is_described) {
    sp2_item_group *group = new_group(0);
    const sp2_item_info info =
        update(group, "{'descr': '<i2', 'fortran_order': False, 'shape': (3, 2)}", NULL, 0);
    CHECK_EQ_U64(info.flags, 0);
    CHECK_STR(info.type, "<i2");
    CHECK_EQ_U64(info.rank, 2);
    CHECK_EQ_U64(info.count, 0);
    CHECK_EQ_U64(info.length, 0);
    CHECK(info.data == NULL);
    sp2_item_group_destroy(group);
}

SP2_TEST(Items_are_found_by_index_and_name_and_change_their_version) {
    static const char header[] = "{'descr': '|u1', 'fortran_order': False, 'shape': ()}";
    sp2_item_group *group = new_group(0);
    const uint64_t first = update(group, header, "\1", 1).version;
    const sp2_item_info second = update(group, header, "\2", 1);
    CHECK(second.version > first);
    CHECK_MEM(second.data, "\2", 1);
    uint64_t count = 0;
    REQUIRE_OK(sp2_item_group_get_count(group, &count));
    CHECK_EQ_U64(count, 1);
    sp2_item_info info = SP2_ITEM_INFO_INIT;
    REQUIRE_OK(sp2_item_group_get_item(group, 0, &info));
    CHECK(info.data == second.data);
    REQUIRE_OK(sp2_item_group_get_updated(group, 0, &info));
    CHECK(info.data == second.data);
    REQUIRE_OK(sp2_item_group_find_name(group, "gain", &info));
    CHECK(info.data == second.data);
    sp2_item_group_destroy(group);
}

SP2_TEST(Items_without_names_stay_beside_each_other) {
    sp2_item_group *group = new_group(0);
    uint64_t updated = 99;
    uint64_t count = 0;
    sp2_item_info info = SP2_ITEM_INFO_INIT;
    for (uint64_t id = 0x1800; id < 0x1802; id++) {
        packet_builder packet;
        packet_begin_heap(&packet, 48, 1, 3, 0, 3);
        packet_add_immediate(&packet, 0x14, id);
        packet_add_address(&packet, 0x13, 0);
        packet_add_payload(&packet, (const uint8_t *)"u\0\x08", 3);
        sp2_heap *heap = heap_of_descriptor(&packet);
        REQUIRE_OK(sp2_item_group_update(group, heap, &updated));
        sp2_heap_release(heap);
    }
    REQUIRE_OK(sp2_item_group_get_count(group, &count));
    CHECK_EQ_U64(count, 2);
    REQUIRE_OK(sp2_item_group_find_id(group, 0x1800, &info));
    CHECK_STR(info.name, "");
    CHECK_EQ_I64(sp2_item_group_find_name(group, "", &info), SP2_E_ARG);
    sp2_item_group_destroy(group);
}

SP2_TEST(Memory_of_a_heap_is_kept_as_long_as_a_value_is_in_it) {
    static const uint8_t value[1000] = {0};
    static const char header[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (1000,)}";
    sp2_memory_stats before = SP2_MEMORY_STATS_INIT;
    sp2_memory_stats during = SP2_MEMORY_STATS_INIT;
    sp2_memory_stats after = SP2_MEMORY_STATS_INIT;
    REQUIRE_OK(sp2_memory_get_stats(&before));
    sp2_item_group *group = new_group(0);
    update(group, header, value, sizeof(value));
    REQUIRE_OK(sp2_memory_get_stats(&during));
    CHECK(during.used_bytes >= before.used_bytes + sizeof(value));
    sp2_item_group_destroy(group);
    REQUIRE_OK(sp2_memory_get_stats(&after));
    CHECK_EQ_U64(after.used_bytes, before.used_bytes);
}

SP2_TEST(Descriptor_that_breaks_a_rule_leaves_bytes_and_a_reason) {
    sp2_item_group *group = new_group(0);
    const sp2_item_info info =
        update_faulty(group, "{'descr': '<i9', 'fortran_order': False, 'shape': (2,)}", "\1\2", 2);
    CHECK_EQ_U64(info.flags, SP2_ITEM_FAULTY);
    CHECK_STR(info.name, "gain");
    CHECK_STR(info.type, "");
    CHECK_EQ_U64(info.count, 0);
    CHECK(info.data == NULL);
    CHECK_EQ_U64(info.length, 0);
    CHECK_CONTAINS(info.fault, "<i9");
    CHECK_EQ_U64(info.raw_length, 2);
    CHECK_MEM(info.raw, "\1\2", 2);
    sp2_item_group_destroy(group);
}

SP2_TEST(Descriptor_that_breaks_a_rule_removes_no_other_item) {
    uint8_t payload[BYTES];
    sp2_item_group *group = new_group(0);
    update(group, "{'descr': '<u2', 'fortran_order': False, 'shape': ()}", "\1\2", 2);
    packet_builder packet;
    const uint64_t length = put_descriptor(payload, 0x1801, "gain", "{'descr': '<i9'}");
    packet_begin_heap(&packet, 48, 8, (int64_t)length, 0, length);
    packet_add_address(&packet, ITEM_DESCRIPTOR, 0);
    packet_add_payload(&packet, payload, length);
    sp2_heap *heap = heap_of_packet(&packet);
    uint64_t updated = 99;
    sp2_item_info info = SP2_ITEM_INFO_INIT;
    REQUIRE_OK(sp2_item_group_update(group, heap, &updated));
    sp2_heap_release(heap);
    REQUIRE_OK(sp2_item_group_get_failed(group, 0, &info));
    CHECK_EQ_U64(info.id, 0x1801);
    CHECK_STR(info.name, "0x1801");
    REQUIRE_OK(sp2_item_group_find_name(group, "gain", &info));
    CHECK_EQ_U64(info.id, 0x1800);
    CHECK_EQ_U64(info.flags, SP2_ITEM_HAS_VALUE);
    sp2_item_group_destroy(group);
}

SP2_TEST(What_is_no_descriptor_is_no_failure) {
    uint8_t payload[BYTES];
    packet_builder packet;
    const uint64_t length = put_descriptor(payload, 0x1800, "gain", "{'descr': '<i9'}") - 1;
    packet_begin_heap(&packet, 48, 8, (int64_t)length, 0, length);
    packet_add_address(&packet, ITEM_DESCRIPTOR, 0);
    packet_add_payload(&packet, payload, length);
    sp2_heap *heap = heap_of_packet(&packet);
    sp2_item_group *group = new_group(SP2_ITEM_GROUP_STRICT);
    uint64_t updated = 99;
    uint64_t count = 99;
    REQUIRE_OK(sp2_item_group_update(group, heap, &updated));
    sp2_heap_release(heap);
    REQUIRE_OK(sp2_item_group_get_failed_count(group, &count));
    CHECK_EQ_U64(count, 0);
    REQUIRE_OK(sp2_item_group_get_count(group, &count));
    CHECK_EQ_U64(count, 0);
    sp2_item_group_destroy(group);
}

SP2_TEST(Shapes_beside_zero_and_field_names_are_those_of_numpy) {
    sp2_item_group *group = new_group(0);
    const sp2_item_info info =
        update(group,
               "{'descr': [('\\U0001f600', '<i4'), ('\xc3\xa9', '<i2')], 'fortran_order': True, "
               "'shape': (3000000000, 0)}",
               "", 1);
    CHECK_STR(info.type, "[('\\U0001f600', '<i4'), ('\\xe9', '<i2')]");
    REQUIRE(CHECK_EQ_U64(info.rank, 2));
    CHECK(info.shape[0] == 3000000000 && info.shape[1] == 0);
    CHECK_EQ_U64(info.count, 0);
    sp2_item_group_destroy(group);
}

SP2_TEST(Value_that_breaks_a_rule_leaves_bytes_until_the_next_one) {
    static const char header[] = "{'descr': '<u2', 'fortran_order': False, 'shape': (2,)}";
    sp2_item_group *group = new_group(0);
    sp2_item_info info = update_faulty(group, header, "\1\2\3", 3);
    CHECK_EQ_U64(info.flags, SP2_ITEM_FAULTY);
    CHECK_STR(info.type, "<u2");
    CHECK_CONTAINS(info.fault, "3 bytes");
    CHECK_MEM(info.raw, "\1\2\3", 3);
    info = update(group, header, "\1\2\3\4", 4);
    CHECK_EQ_U64(info.flags, SP2_ITEM_HAS_VALUE);
    CHECK(info.fault == NULL);
    CHECK_EQ_U64(info.raw_length, 4);
    uint64_t failed = 99;
    REQUIRE_OK(sp2_item_group_get_failed_count(group, &failed));
    CHECK_EQ_U64(failed, 0);
    sp2_item_group_destroy(group);
}

SP2_TEST(Raw_bytes_of_an_immediate_are_those_of_its_pointer) {
    uint8_t payload[BYTES];
    const uint64_t length = put_descriptor(payload, 0x1800, "gain",
                                           "{'descr': '>u2', 'fortran_order': False, "
                                           "'shape': ()}");
    packet_builder packet;
    packet_begin_heap(&packet, 48, 7, (int64_t)length, 0, length);
    packet_add_address(&packet, 5, 0);
    packet_add_immediate(&packet, 0x1800, 0x1234);
    packet_add_payload(&packet, payload, length);
    datagram_list list = {0};
    datagrams_add_packet(&list, &packet);
    heap_list heaps = receive(NULL, &list, NULL);
    REQUIRE(heaps.count == 1);
    sp2_item_group *group = new_group(0);
    uint64_t updated;
    sp2_item_info info = SP2_ITEM_INFO_INIT;
    REQUIRE_OK(sp2_item_group_update(group, heaps.heaps[0], &updated));
    heaps_free(&heaps);
    datagrams_free(&list);
    REQUIRE_OK(sp2_item_group_find_id(group, 0x1800, &info));
    CHECK_EQ_U64(info.raw_length, 2);
    CHECK_MEM(info.raw, "\x12\x34", 2);
    CHECK_MEM(info.data, "\x34\x12", 2);
    sp2_item_group_destroy(group);
}

SP2_TEST(Failure_without_an_item_has_a_reason) {
    packet_builder inner;
    packet_builder packet;
    packet_begin_heap(&inner, 48, 1, (1 << 20) + 1, 0, 0);
    packet_begin_heap(&packet, 48, 7, (int64_t)inner.length, 0, inner.length);
    packet_add_address(&packet, ITEM_DESCRIPTOR, 0);
    packet_add_payload(&packet, inner.bytes, inner.length);
    packet_free(&inner);
    datagram_list list = {0};
    datagrams_add_packet(&list, &packet);
    heap_list heaps = receive(NULL, &list, NULL);
    REQUIRE(heaps.count == 1);
    sp2_item_group *group = new_group(0);
    uint64_t updated = 99;
    sp2_item_info info = SP2_ITEM_INFO_INIT;
    REQUIRE_OK(sp2_item_group_update(group, heaps.heaps[0], &updated));
    CHECK_EQ_U64(updated, 0);
    REQUIRE_OK(sp2_item_group_get_failed(group, 0, &info));
    CHECK_EQ_U64(info.id, 0);
    CHECK_STR(info.name, "");
    CHECK_EQ_U64(info.flags, SP2_ITEM_FAULTY);
    CHECK_CONTAINS(info.fault, "1048576 bytes");
    CHECK(info.raw == NULL);
    CHECK_STATUS(sp2_item_group_get_failed(group, 1, &info), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "index is 1");
    heaps_free(&heaps);
    datagrams_free(&list);
    sp2_item_group_destroy(group);
}

SP2_TEST(Strict_group_refuses_a_heap_that_breaks_a_rule) {
    sp2_item_group *group = new_group(SP2_ITEM_GROUP_STRICT);
    update(group, "{'descr': '|u1', 'fortran_order': False, 'shape': ()}", "\1", 1);
    sp2_heap *heap =
        heap_of("gain", "{'descr': '<i9', 'fortran_order': False, 'shape': ()}", "\1", 1);
    uint64_t updated = 99;
    CHECK_STATUS(sp2_item_group_update(group, heap, &updated), SP2_E_ARG);
    CHECK_EQ_U64(updated, 0);
    CHECK_CONTAINS(sp2_last_error_message(), "i9");
    sp2_item_info info = SP2_ITEM_INFO_INIT;
    REQUIRE_OK(sp2_item_group_find_name(group, "gain", &info));
    CHECK_STR(info.type, "|u1");
    CHECK_STATUS(sp2_item_group_get_updated(group, 0, &info), SP2_E_ARG);
    sp2_heap_release(heap);
    sp2_item_group_destroy(group);
}

/* Values at both ends of a line of 64 bytes: one begins there, one does not. */
SP2_TEST(Aligned_values_are_not_copied) {
    static const struct {
        const char *type;
        uint64_t padding;
        bool copies;
    } cases[] = {
        {"<f4", 0, false}, {">f4", 0, true},  {"<f4", 4, true},
        {"|S4", 0, false}, {"<U1", 0, false}, {">U1", 0, true},
        {"|V4", 0, false}, {"|b1", 0, true},  {"<f16", 0, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t payload[BYTES] = {0};
        char header[128];
        packet_builder packet;
        uint64_t updated = 99;
        sp2_item_info info = SP2_ITEM_INFO_INIT;
        sp2_item_group *group = new_group(0);
        sp2_test_context("%s behind %d bytes", cases[i].type, (int)cases[i].padding);
        snprintf(header, sizeof(header), "{'descr': '%s', 'fortran_order': False, 'shape': (4,)}",
                 cases[i].type);
        const uint64_t described = put_descriptor(payload, 0x1800, "x", header);
        const uint64_t at = (described + 63) / 64 * 64 + cases[i].padding;
        const uint64_t length = at + 64;
        packet_begin_heap(&packet, 48, 7, (int64_t)length, 0, length);
        packet_add_address(&packet, 5, 0);
        packet_add_address(&packet, 0, described);
        packet_add_address(&packet, 0x1800, at);
        packet_add_payload(&packet, payload, length);
        sp2_heap *heap = heap_of_packet(&packet);
        REQUIRE_OK(sp2_item_group_update(group, heap, &updated));
        sp2_heap_release(heap);
        CHECK_EQ_U64(updated, 1);
        REQUIRE_OK(sp2_item_group_find_id(group, 0x1800, &info));
        CHECK_EQ_U64((uintptr_t)info.data % 64, 0);
        CHECK_EQ_U64((uintptr_t)info.raw % 64, cases[i].padding);
        CHECK((info.data != info.raw) == cases[i].copies);
        sp2_item_group_destroy(group);
    }
}

/* A heap of a descriptor whose name and NumPy header have these lengths. */
static sp2_heap *heap_of_lengths(uint64_t name_length, uint64_t header_length) {
    static const char header[] = "{'descr': '|u1', 'fortran_order': False, 'shape': ()}";
    const uint64_t length = name_length + header_length;
    uint8_t *texts = malloc(length);
    packet_builder packet;
    REQUIRE(texts != NULL && header_length >= strlen(header));
    memset(texts, 'n', name_length);
    memset(texts + name_length, ' ', header_length);
    memcpy(texts + name_length, header, strlen(header));
    packet_begin_heap(&packet, 48, 1, (int64_t)length, 0, length);
    packet_add_immediate(&packet, 0x14, 0x1800);
    packet_add_address(&packet, 0x10, 0);
    packet_add_address(&packet, 0x15, name_length);
    packet_add_payload(&packet, texts, length);
    free(texts);
    return heap_of_descriptor(&packet);
}

SP2_TEST(Limits_of_items_and_texts_are_options) {
    static const struct {
        uint32_t max_name_length;
        uint32_t max_text_length;
        uint64_t name_length;
        uint64_t header_length;
        bool fails;
        const char *named;
    } cases[] = {
        {0, 0, 1024, 64, false, ""},     {0, 0, 1025, 64, true, "name of the descriptor has 1025"},
        {1025, 0, 1025, 64, false, ""},  {100000, 0, 100000, 64, false, ""},
        {3, 0, 3, 64, false, ""},        {3, 0, 4, 64, true, "name of the descriptor has 4"},
        {0, 0, 1, 65536, false, ""},     {0, 0, 1, 65537, true, "has 65537"},
        {0, 65537, 1, 65537, false, ""}, {0, 1000000, 1, 1000000, false, ""},
        {0, 63, 1, 64, true, "has 64"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sp2_item_group_options options = SP2_ITEM_GROUP_OPTIONS_INIT;
        sp2_item_group *group;
        sp2_item_info info = SP2_ITEM_INFO_INIT;
        uint64_t count = 99;
        uint64_t failed = 99;
        sp2_test_context("case %zu", i);
        options.max_name_length = cases[i].max_name_length;
        options.max_text_length = cases[i].max_text_length;
        REQUIRE_OK(sp2_item_group_create(&options, &group));
        sp2_heap *heap = heap_of_lengths(cases[i].name_length, cases[i].header_length);
        REQUIRE_OK(sp2_item_group_update(group, heap, &count));
        REQUIRE_OK(sp2_item_group_get_failed_count(group, &failed));
        CHECK_EQ_U64(failed, cases[i].fails);
        REQUIRE_OK(sp2_item_group_find_id(group, 0x1800, &info));
        CHECK_STR(info.type, cases[i].fails ? "" : "|u1");
        CHECK_CONTAINS(cases[i].fails ? info.fault : "", cases[i].named);
        if (!cases[i].fails) {
            CHECK_EQ_U64(strlen(info.name), cases[i].name_length);
        }
        sp2_heap_release(heap);
        sp2_item_group_destroy(group);
    }
}

SP2_TEST(Items_beyond_the_limit_of_a_group_are_failures) {
    sp2_item_group_options options = SP2_ITEM_GROUP_OPTIONS_INIT;
    sp2_item_group *group;
    sp2_item_info info = SP2_ITEM_INFO_INIT;
    uint64_t count = 99;
    uint8_t payload[BYTES];
    packet_builder packet;
    options.max_items = 1;
    REQUIRE_OK(sp2_item_group_create(&options, &group));
    static const char header[] = "{'descr': '|u1', 'fortran_order': False, 'shape': ()}";
    const uint64_t first = put_descriptor(payload, 0x1800, "first", header);
    const uint64_t length = first + put_descriptor(payload + first, 0x1801, "second", header);
    packet_begin_heap(&packet, 48, 7, (int64_t)length, 0, length);
    packet_add_address(&packet, 5, 0);
    packet_add_address(&packet, 5, first);
    packet_add_payload(&packet, payload, length);
    sp2_heap *heap = heap_of_packet(&packet);
    REQUIRE_OK(sp2_item_group_update(group, heap, &count));
    REQUIRE_OK(sp2_item_group_get_count(group, &count));
    CHECK_EQ_U64(count, 1);
    REQUIRE_OK(sp2_item_group_get_failed(group, 0, &info));
    CHECK_CONTAINS(info.fault, "more than 1");
    sp2_heap_release(heap);
    sp2_item_group_destroy(group);
}

/* Memory that is there when it is touched, which here nobody does. */
static uint8_t *map(uint64_t length) {
    void *memory = mmap(NULL, (size_t)length, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void *map_block(void *context, uint64_t size, const sp2_packet_header *packet,
                       void **block_context) {
    (void)context;
    (void)packet;
    *block_context = NULL;
    return map(size);
}

static void unmap_block(void *context, void *block, uint64_t size, void *block_context) {
    (void)context;
    (void)block_context;
    munmap(block, (size_t)size);
}

static void copy_nothing(void *context, uint8_t *heap, const sp2_packet_header *packet) {
    (void)context;
    (void)heap;
    (void)packet;
}

/* A heap of two packets of half its length, all of which is an item that says it is a descriptor.
 */
static sp2_heap *untouched_heap(uint64_t length) {
    enum { HEADER = 128, PACKETS = 2 };
    sp2_datagram datagrams[PACKETS];
    sp2_allocator_options blocks = SP2_ALLOCATOR_OPTIONS_INIT;
    sp2_receive_options options = quiet_options(0);
    sp2_allocator *allocator;
    blocks.allocate = map_block;
    blocks.free = unmap_block;
    options.max_heap_size = length;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(sp2_allocator_create(&blocks, &allocator));
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, allocator));
    sp2_allocator_destroy(allocator);
    REQUIRE_OK(sp2_receive_stream_set_copy_function(stream, copy_nothing, NULL));
    for (uint64_t i = 0; i < PACKETS; i++) {
        packet_builder packet;
        packet_begin_heap(&packet, 48, 1, (int64_t)length, i * length / PACKETS, length / PACKETS);
        packet_add_address(&packet, ITEM_DESCRIPTOR, 0);
        uint8_t *bytes = map(HEADER + length / PACKETS);
        REQUIRE(bytes != NULL && packet.length <= HEADER);
        memcpy(bytes, packet.bytes, packet.length);
        datagrams[i] = (sp2_datagram){bytes, packet.length + length / PACKETS};
        packet_free(&packet);
    }
    REQUIRE_OK(add_datagram_source(stream, datagrams, PACKETS));
    heap_list heaps = pop_count(stream, 1);
    sp2_heap *heap = heaps.heaps[0];
    heaps.count = 0;
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    for (uint64_t i = 0; i < PACKETS; i++) {
        munmap((void *)(uintptr_t)datagrams[i].data, (size_t)(HEADER + length / PACKETS));
    }
    return heap;
}

SP2_TEST(Heap_of_2_GiB_is_not_supported_and_a_smaller_one_is) {
    const uint64_t limit = (uint64_t)2 << 30;
    sp2_item_group *group = new_group(0);
    uint64_t updated = 99;
    sp2_heap *heap = untouched_heap(limit);
    CHECK_EQ_U64(info_of(heap).payload_length, limit);
    CHECK_STATUS(sp2_item_group_update(group, heap, &updated), SP2_E_UNSUPPORTED);
    CHECK_EQ_U64(updated, 0);
    CHECK_CONTAINS(sp2_last_error_message(), "2 GiB");
    const sp2_descriptor *descriptors = NULL;
    uint64_t count = 99;
    CHECK_STATUS(sp2_heap_get_descriptors(heap, &descriptors, &count), SP2_E_UNSUPPORTED);
    CHECK_EQ_U64(count, 0);
    CHECK_CONTAINS(sp2_last_error_message(), "2 GiB");
    sp2_heap_release(heap);
    heap = untouched_heap(limit - 64);
    CHECK_STATUS(sp2_item_group_update(group, heap, &updated), SP2_OK);
    CHECK_STATUS(sp2_heap_get_descriptors(heap, &descriptors, &count), SP2_OK);
    sp2_heap_release(heap);
    sp2_item_group_destroy(group);
}

SP2_TEST(Wrong_arguments_are_refused_and_named) {
    sp2_item_group *group = new_group(0);
    sp2_item_info info = SP2_ITEM_INFO_INIT;
    uint64_t count = 9;
#define CHECK_REFUSED(call, named)                                                                 \
    do {                                                                                           \
        CHECK_STATUS(call, SP2_E_ARG);                                                             \
        CHECK_CONTAINS(sp2_last_error_message(), named);                                           \
    } while (0)
    CHECK_REFUSED(sp2_item_group_create(NULL, NULL), "group");
    CHECK_REFUSED(sp2_item_group_update(NULL, NULL, &count), "group");
    CHECK_EQ_U64(count, 0);
    CHECK_REFUSED(sp2_item_group_update(group, NULL, &count), "heap");
    CHECK_REFUSED(sp2_item_group_get_count(group, NULL), "count");
    CHECK_REFUSED(sp2_item_group_get_failed_count(group, NULL), "count");
    CHECK_REFUSED(sp2_item_group_get_failed(group, 0, &info), "index is 0");
    CHECK_REFUSED(sp2_item_group_get_failed(group, 0, NULL), "info");
    CHECK_REFUSED(sp2_item_group_get_item(group, 0, &info), "index is 0");
    CHECK_REFUSED(sp2_item_group_get_item(group, 0, NULL), "info");
    CHECK_REFUSED(sp2_item_group_find_id(group, UINT64_MAX, &info), "0xffffffffffffffff");
    CHECK_REFUSED(sp2_item_group_find_name(group, NULL, &info), "name");
    CHECK_REFUSED(sp2_item_group_find_name(group, "none", &info), "none");
    static const struct {
        sp2_item_group_options options;
        int32_t status;
        const char *named;
    } cases[] = {
        {{.size = 0}, SP2_E_ARG, "size"},
        {{.size = sizeof(sp2_item_group_options), .flags = 4}, SP2_E_TOO_NEW, "flags"},
        {{.size = sizeof(sp2_item_group_options), .reserved = 1}, SP2_E_ARG, "reserved"},
        {{.size = sizeof(sp2_item_group_options), .max_items = 1u << 31}, SP2_E_ARG, "max_items"},
        {{.size = sizeof(sp2_item_group_options), .max_name_length = 1u << 31},
         SP2_E_ARG,
         "max_name_length"},
        {{.size = sizeof(sp2_item_group_options), .max_text_length = 1u << 31},
         SP2_E_ARG,
         "max_text_length"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sp2_item_group *other = group;
        CHECK_STATUS(sp2_item_group_create(&cases[i].options, &other), cases[i].status);
        CHECK_CONTAINS(sp2_last_error_message(), cases[i].named);
        CHECK(other == NULL);
    }
    sp2_item_group_destroy(group);
    CHECK_REFUSED(sp2_item_group_get_count(group, &count), "not valid");
    sp2_item_group_destroy(NULL);
}
