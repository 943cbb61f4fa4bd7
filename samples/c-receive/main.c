/* SPDX-License-Identifier: MIT */
/*
 * Receives a SPEAD stream over UDP and prints what is in it:
 *
 *   c-receive [PORT]
 *
 * The same source works with both libraries. With spead2aot, whose packages define SP2_HAS_ITEMS,
 * it prints values as well. It ends when the sender says so.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <spead2core/spead2core.h>

static int fail(const char *what, int32_t status) {
    fprintf(stderr, "%s: %s: %s\n", what, sp2_status_name(status), sp2_last_error_message());
    return EXIT_FAILURE;
}

/* What the sender says about an item: its type as a NumPy header, or as kinds and bits. */
static void print_descriptor(const sp2_descriptor *descriptor) {
    printf("  item 0x%" PRIx64 " is %s (%s): ", descriptor->id, descriptor->name,
           descriptor->description);
    if (descriptor->flags & SP2_DESCRIPTOR_BROKEN) {
        printf("%s\n", descriptor->fault);
        return;
    }
    if (descriptor->numpy_header_length != 0) {
        printf("%s\n", descriptor->numpy_header);
        return;
    }
    for (uint32_t i = 0; i < descriptor->format_fields; i++) {
        printf("%c%" PRIu64 " ", (char)descriptor->format[i].kind, descriptor->format[i].bits);
    }
    printf("(");
    for (uint32_t i = 0; i < descriptor->rank; i++) {
        if (descriptor->shape[i] == SP2_DIMENSION_VARIABLE) {
            printf("?,");
        } else {
            printf("%" PRId64 ",", descriptor->shape[i]);
        }
    }
    printf(")\n");
}

static int32_t print_heap(const sp2_heap *heap) {
    sp2_heap_info info = SP2_HEAP_INFO_INIT;
    const sp2_descriptor *descriptors;
    const sp2_item *items;
    uint64_t descriptor_count = 0;
    uint64_t item_count = 0;
    int32_t status = sp2_heap_get_info(heap, &info);
    if (status == SP2_OK) {
        status = sp2_heap_get_items(heap, &items, &item_count);
    }
    if (status == SP2_OK) {
        status = sp2_heap_get_descriptors(heap, &descriptors, &descriptor_count);
    }
    if (status != SP2_OK) {
        return status;
    }
    printf("heap %" PRIu64 ": %" PRIu64 " bytes, %s\n", info.cnt, info.received_length,
           info.flags & SP2_HEAP_COMPLETE ? "complete" : "incomplete");
    for (uint64_t i = 0; i < descriptor_count; i++) {
        print_descriptor(&descriptors[i]);
    }
    for (uint64_t i = 0; i < item_count; i++) {
        if (items[i].id > 6) { /* up to there they belong to the protocol */
            printf("  item 0x%" PRIx64 ": %" PRIu64 " bytes\n", items[i].id, items[i].length);
        }
    }
    return SP2_OK;
}

#ifdef SP2_HAS_ITEMS
#include <string.h>

/* The first elements of some types; all values are in this machine's byte order, and aligned. */
static void print_elements(const sp2_item_info *item) {
    for (uint64_t i = 0; i < item->count && i < 4; i++) {
        if (strcmp(item->type, "<f4") == 0) {
            printf(" %g", ((const float *)item->data)[i]);
        } else if (strcmp(item->type, "<c8") == 0) {
            const float *complex = (const float *)item->data + 2 * i;
            printf(" %g%+gi", complex[0], complex[1]);
        } else if (strcmp(item->type, "<i2") == 0) {
            printf(" %d", ((const int16_t *)item->data)[i]);
        } else if (strcmp(item->type, "<u2") == 0) {
            printf(" %u", ((const uint16_t *)item->data)[i]);
        } else if (strcmp(item->type, "|b1") == 0) {
            printf(" %s", ((const uint8_t *)item->data)[i] ? "true" : "false");
        } else {
            printf(" %" PRIu32 " bytes", item->element_size);
        }
    }
    printf(item->count > 4 ? " ...\n" : "\n");
}

static int32_t print_values(sp2_item_group *group, const sp2_heap *heap) {
    uint64_t updated;
    uint64_t failed = 0;
    int32_t status = sp2_item_group_update(group, heap, &updated);
    if (status == SP2_OK) {
        status = sp2_item_group_get_failed_count(group, &failed);
    }
    for (uint64_t i = 0; status == SP2_OK && i < updated; i++) {
        sp2_item_info item = SP2_ITEM_INFO_INIT;
        status = sp2_item_group_get_updated(group, i, &item);
        if (status != SP2_OK) {
            break;
        }
        printf("  %s %s (", item.name, item.type);
        for (uint32_t j = 0; j < item.rank; j++) {
            printf("%" PRId64 ",", item.shape[j]);
        }
        printf(") =");
        if (item.flags & SP2_ITEM_TEXT) {
            printf(" '%.*s'\n", (int)item.length, (const char *)item.data);
        } else {
            print_elements(&item);
        }
    }
    for (uint64_t i = 0; status == SP2_OK && i < failed; i++) {
        sp2_item_info item = SP2_ITEM_INFO_INIT;
        status = sp2_item_group_get_failed(group, i, &item);
        if (status == SP2_OK) {
            printf("  item 0x%" PRIx64 " %s: %s\n", item.id, item.name, item.fault);
        }
    }
    return status;
}
#endif

static int32_t print_all(sp2_receive_stream *stream) {
    sp2_heap *heap;
    uint32_t count;
    int32_t status;
#ifdef SP2_HAS_ITEMS
    sp2_item_group *group;
    status = sp2_item_group_create(NULL, &group);
    if (status != SP2_OK) {
        return status;
    }
#endif
    while ((status = sp2_receive_stream_pop_wait(stream, &heap, 1, -1, &count)) == SP2_OK) {
        status = print_heap(heap);
#ifdef SP2_HAS_ITEMS
        if (status == SP2_OK) {
            status = print_values(group, heap);
        }
#endif
        sp2_heap_release(heap);
        if (status != SP2_OK) { /* a heap that breaks a rule; the next one may be right */
            printf("  %s\n", sp2_last_error_message());
        }
    }
#ifdef SP2_HAS_ITEMS
    sp2_item_group_destroy(group);
#endif
    return status;
}

int main(int argc, char **argv) {
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    sp2_receive_stream *stream = NULL;
    sp2_packet_source *source = NULL;
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    udp.bind_host = "127.0.0.1";
    udp.port = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 8888;
    options.ring_heaps = 64;
    int32_t status = sp2_receive_stream_create(NULL, &options, &stream);
    if (status == SP2_OK && sp2_receive_stream_publish(stream, "c-receive") != SP2_OK) {
        fprintf(stderr, "spead2 top will not show this: %s\n", sp2_last_error_message());
    }
    if (status == SP2_OK) {
        status = sp2_receive_stream_add_udp_source(stream, &udp, &source);
    }
    if (status == SP2_OK) {
        status = sp2_packet_source_get_info(source, &info);
    }
    sp2_packet_source_release(source); /* the source itself goes on */
    if (status != SP2_OK) {
        sp2_receive_stream_destroy(stream);
        return fail("c-receive", status);
    }
    fprintf(stderr, "Listening on UDP 127.0.0.1 port %" PRIu32 ".\n", info.port);
    status = print_all(stream);
    sp2_receive_stats stats = SP2_RECEIVE_STATS_INIT;
    sp2_receive_stream_get_stats(stream, &stats);
    printf("%" PRIu64 " heaps, %" PRIu64 " packets\n", stats.heaps, stats.packets);
    sp2_receive_stream_destroy(stream);
    return status == SP2_E_STOPPED ? EXIT_SUCCESS : fail("c-receive", status);
}
