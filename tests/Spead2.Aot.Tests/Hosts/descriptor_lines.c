/* SPDX-License-Identifier: MIT */
/*
 * Prints the descriptors of heaps as lines: descriptor_lines FILE. The file has cases: the bugs of
 * the sender and the number of bytes, as 32-bit numbers of this machine, then packets.
 *
 *   case STATUS COUNT
 *   ID NAME DESCRIPTION HEADER (KIND:BITS,...) (LENGTH,...) FAULT FLAGS
 *
 * with the texts as hexadecimal digits.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spead2core/spead2core.h"

static void print_text(const char *text, uint32_t length) {
    putchar(' ');
    for (uint32_t i = 0; i < length; i++) {
        printf("%02x", (unsigned char)text[i]);
    }
}

static void print_descriptor(const sp2_descriptor *descriptor) {
    printf("%" PRIu64, descriptor->id);
    print_text(descriptor->name, descriptor->name_length);
    print_text(descriptor->description, descriptor->description_length);
    print_text(descriptor->numpy_header, descriptor->numpy_header_length);
    printf(" (");
    for (uint32_t i = 0; i < descriptor->format_fields; i++) {
        const sp2_format_field *field = &descriptor->format[i];
        printf("%s%" PRIu32 ":%" PRIu64, i == 0 ? "" : ",", field->kind, field->bits);
    }
    printf(") (");
    for (uint32_t i = 0; i < descriptor->rank; i++) {
        printf("%s%" PRId64, i == 0 ? "" : ",", descriptor->shape[i]);
    }
    printf(")");
    const char *fault = descriptor->fault == NULL ? "" : descriptor->fault;
    print_text(fault, (uint32_t)strlen(fault));
    printf(" %" PRIu32 "\n", descriptor->flags);
}

static int run_case(uint32_t bug_compat, const uint8_t *packets, uint32_t length) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    sp2_buffer_source_options source = SP2_BUFFER_SOURCE_OPTIONS_INIT;
    sp2_receive_stream *stream;
    sp2_heap *heap;
    uint32_t popped;
    options.bug_compat = bug_compat;
    options.log_level = SP2_LOG_NONE;
    source.data = packets;
    source.length = length;
    if (sp2_receive_stream_create(NULL, &options, &stream) != SP2_OK ||
        sp2_receive_stream_add_buffer_source(stream, &source, NULL) != SP2_OK ||
        sp2_receive_stream_pop_wait(stream, &heap, 1, -1, &popped) != SP2_OK) {
        fprintf(stderr, "no heap: %s\n", sp2_last_error_message());
        return EXIT_FAILURE;
    }
    const sp2_descriptor *descriptors;
    uint64_t count;
    const int32_t status = sp2_heap_get_descriptors(heap, &descriptors, &count);
    printf("case %s %" PRIu64 "\n", sp2_status_name(status), count);
    for (uint64_t i = 0; i < count; i++) {
        print_descriptor(&descriptors[i]);
    }
    sp2_heap_release(heap);
    sp2_receive_stream_destroy(stream);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    FILE *file = fopen(argc > 1 ? argv[1] : "", "rb");
    int exit_code = file == NULL ? EXIT_FAILURE : EXIT_SUCCESS;
    uint32_t header[2];
    while (exit_code == EXIT_SUCCESS && fread(header, sizeof(header), 1, file) == 1) {
        uint8_t *packets = malloc(header[1]);
        exit_code = packets != NULL && fread(packets, header[1], 1, file) == 1
                        ? run_case(header[0], packets, header[1])
                        : EXIT_FAILURE;
        free(packets);
    }
    if (file != NULL) {
        fclose(file);
    }
    return exit_code;
}
