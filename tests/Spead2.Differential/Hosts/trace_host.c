/* SPDX-License-Identifier: MIT */
/*
 * Receives traces with whichever library it is linked with. Standard input has, for each trace:
 *
 *   options max_heaps=1 in_order ...      as TraceOptions writes them
 *   feed datagrams                        or: buffer
 *   packet 5304...                        one line for each
 *   end
 *
 * For each trace standard output has a JSON object a line for each heap, then one with the
 * statistics. It is for tests, so that what cannot go on ends the program.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spead2core/spead2core.h"

/* As ObservedHeap.cs has it: more than packets of a trace can fill. */
#define OBSERVED_PAYLOAD (1 << 20)
#define PATIENCE_NS INT64_C(10000000000)

typedef struct trace {
    sp2_receive_options options;
    sp2_dialect dialect;
    int32_t copy_method;
    uint64_t largest_block;
    bool counting_copier;
    bool buffer;
    sp2_datagram *packets;
    uint64_t count;
    uint64_t capacity;
} trace;

static atomic_ulong blocks;
static uint64_t largest_block;

_Noreturn static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, sp2_last_error_message());
    exit(EXIT_FAILURE);
}

static void check(int32_t status, const char *what) {
    if (status != SP2_OK) {
        fail(what);
    }
}

static void *allocate(void *context, uint64_t size, const sp2_packet_header *packet,
                      void **block_context) {
    (void)context;
    (void)packet;
    *block_context = NULL;
    if (size > largest_block) {
        return NULL;
    }
    void *block = malloc((size_t)size);
    if (block != NULL) {
        memset(block, 0xa5, (size_t)size);
        atomic_fetch_add(&blocks, 1);
    }
    return block;
}

static void free_block(void *context, void *block, uint64_t size, void *block_context) {
    (void)context;
    (void)size;
    (void)block_context;
    free(block);
    atomic_fetch_sub(&blocks, 1);
}

static void copy_and_count(void *context, uint8_t *heap, const sp2_packet_header *packet) {
    (void)context;
    if (packet->payload_length != 0) {
        memcpy(heap + packet->payload_offset, packet->payload, (size_t)packet->payload_length);
    }
    packet->custom_stats[0]++;
    if (packet->custom_stats[1] < packet->payload_length) {
        packet->custom_stats[1] = packet->payload_length;
    }
}

static void set_option(trace *t, const char *name, const char *value) {
    static const struct {
        const char *name;
        uint32_t flag;
    } flags[] = {
        {"in_order", SP2_RECEIVE_IN_ORDER},
        {"no_unsized_heaps", SP2_RECEIVE_NO_UNSIZED_HEAPS},
        {"ignore_stop_item", SP2_RECEIVE_IGNORE_STOP_ITEM},
        {"deliver_incomplete", SP2_RECEIVE_DELIVER_INCOMPLETE},
        {"keep_ranges", SP2_RECEIVE_KEEP_RANGES},
        {"keep_incomplete_payload", SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD},
        {"explicit_start", SP2_RECEIVE_EXPLICIT_START},
    };
    const uint64_t number = value != NULL ? strtoull(value, NULL, 10) : 1;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcmp(name, flags[i].name) == 0) {
            t->options.flags |= flags[i].flag;
            return;
        }
    }
    if (strcmp(name, "max_heaps") == 0) {
        t->options.max_heaps = number;
    } else if (strcmp(name, "ring_heaps") == 0) {
        t->options.ring_heaps = number;
    } else if (strcmp(name, "substreams") == 0) {
        t->options.substreams = number;
    } else if (strcmp(name, "max_heap_size") == 0) {
        t->options.max_heap_size = number;
    } else if (strcmp(name, "max_unsized_gap") == 0) {
        t->options.max_unsized_gap = number;
    } else if (strcmp(name, "accounting") == 0) {
        t->options.flags |= number == 1 ? SP2_RECEIVE_ACCOUNT_HEAPS : SP2_RECEIVE_ACCOUNT_BY_SOURCE;
    } else if (strcmp(name, "cnt_step") == 0) {
        t->options.cnt_step = number;
    } else if (strcmp(name, "count_item") == 0) {
        t->options.count_item = number;
    } else if (strcmp(name, "set_item") == 0) {
        t->options.set_item = number;
    } else if (strcmp(name, "bug_compat") == 0) {
        t->options.bug_compat = (uint32_t)number;
    } else if (strcmp(name, "sleep_at_once") == 0) {
        t->options.spin_ns = SP2_NEVER_SPIN;
    } else if (strcmp(name, "copy_method") == 0) {
        t->copy_method = (int32_t)number;
    } else if (strcmp(name, "counting_copier") == 0) {
        t->counting_copier = true;
    } else if (strcmp(name, "dialect") == 0) {
        t->dialect.flags = (uint32_t)number;
    } else if (strcmp(name, "dialect_item") == 0) {
        t->dialect.item_id = number;
    } else if (strcmp(name, "largest_block") == 0) {
        t->largest_block = number;
    } else {
        fail(name);
    }
}

static unsigned digit(char c) {
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

static void add_packet(trace *t, const char *hex) {
    const size_t length = strlen(hex) / 2;
    uint8_t *bytes = malloc(length + 1);
    if (t->count == t->capacity) {
        t->capacity = t->capacity * 2 + 16;
        t->packets = realloc(t->packets, (size_t)t->capacity * sizeof(*t->packets));
    }
    if (bytes == NULL || t->packets == NULL) {
        fail("memory");
    }
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    }
    t->packets[t->count++] = (sp2_datagram){bytes, length};
}

/* False at the end of the input. */
static bool read_trace(trace *t) {
    static char *line;
    static size_t capacity;
    *t = (trace){.options = SP2_RECEIVE_OPTIONS_INIT, .dialect = SP2_DIALECT_INIT};
    t->dialect.item_id = SP2_DIALECT_SKA_LOW_ITEM;
    t->options.flags = SP2_RECEIVE_UNKEYED_SEARCH;
    t->options.log_level = SP2_LOG_NONE;
    while (getline(&line, &capacity, stdin) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "end") == 0) {
            return true;
        }
        if (strncmp(line, "packet ", 7) == 0) {
            add_packet(t, line + 7);
        } else if (strncmp(line, "feed ", 5) == 0) {
            t->buffer = strcmp(line + 5, "buffer") == 0;
        } else if (strncmp(line, "options", 7) == 0) {
            for (char *word = strtok(line + 7, " "); word != NULL; word = strtok(NULL, " ")) {
                char *value = strchr(word, '=');
                if (value != NULL) {
                    *value++ = '\0';
                }
                set_option(t, word, value);
            }
        } else {
            fail(line);
        }
    }
    return false;
}

static void print_hex(const uint8_t *bytes, uint64_t length) {
    putchar('"');
    for (uint64_t i = 0; i < length; i++) {
        printf("%02x", bytes[i]);
    }
    putchar('"');
}

static void print_heap(sp2_heap *heap) {
    sp2_heap_info info = SP2_HEAP_INFO_INIT;
    const sp2_item *items;
    const sp2_range *ranges;
    uint64_t count;
    check(sp2_heap_get_info(heap, &info), "info");
    printf("{\"cnt\":%" PRIu64
           ",\"address_bits\":%u,\"bug_compat\":%u,\"flags\":%u,\"heap_length\":"
           "%" PRId64 ",\"received\":%" PRIu64 ",\"payload_length\":%" PRIu64 ",\"payload\":",
           info.cnt, (unsigned)info.address_bits, (unsigned)info.bug_compat, (unsigned)info.flags,
           info.heap_length, info.received_length, info.payload_length);
    print_hex(info.payload,
              info.payload_length < OBSERVED_PAYLOAD ? info.payload_length : OBSERVED_PAYLOAD);
    check(sp2_heap_get_ranges(heap, &ranges, &count), "ranges");
    printf(",\"ranges\":[");
    for (uint64_t i = 0; i < count; i++) {
        printf("%s[%" PRIu64 ",%" PRIu64 "]", i == 0 ? "" : ",", ranges[i].start, ranges[i].end);
    }
    check(sp2_heap_get_items(heap, &items, &count), "items");
    printf("],\"items\":[");
    for (uint64_t i = 0; i < count; i++) {
        printf("%s{\"id\":%" PRIu64 ",\"flags\":%u,\"value\":%" PRIu64 ",\"bytes\":",
               i == 0 ? "" : ",", items[i].id, (unsigned)items[i].flags, items[i].value);
        print_hex(items[i].data, items[i].length);
        putchar('}');
    }
    printf("]}\n");
    sp2_heap_release(heap);
}

static void print_stats(sp2_receive_stream *stream, const char *failure) {
    uint64_t values[64];
    uint32_t count;
    check(sp2_receive_stream_get_stat_values(stream, values, 64, &count), "values");
    printf("{\"failure\":\"%s\",\"stats\":{", failure);
    for (uint32_t i = 0; i < count; i++) {
        sp2_stat_info info = SP2_STAT_INFO_INIT;
        check(sp2_receive_stream_get_stat_info(stream, i, &info), "stat");
        printf("%s\"%s\":%" PRIu64, i == 0 ? "" : ",", info.name, values[i]);
    }
    printf("}}\n");
    fflush(stdout);
}

/* The packets back to back. */
static uint8_t *join(const trace *t, uint64_t *length) {
    *length = 0;
    for (uint64_t i = 0; i < t->count; i++) {
        *length += t->packets[i].length;
    }
    uint8_t *bytes = malloc((size_t)*length + 1);
    if (bytes == NULL) {
        fail("memory");
    }
    uint64_t position = 0;
    for (uint64_t i = 0; i < t->count; i++) {
        memcpy(bytes + position, t->packets[i].data, (size_t)t->packets[i].length);
        position += t->packets[i].length;
    }
    return bytes;
}

static void set_up(sp2_receive_stream *stream, const trace *t) {
    if (t->copy_method != SP2_MEMCPY_DEFAULT) {
        check(sp2_receive_stream_set_memcpy(stream, t->copy_method), "copy method");
    }
    if (t->counting_copier) {
        check(sp2_receive_stream_set_copy_function(stream, copy_and_count, NULL), "copier");
    }
    if (t->largest_block != 0) {
        sp2_allocator_options options = SP2_ALLOCATOR_OPTIONS_INIT;
        sp2_allocator *allocator;
        options.allocate = allocate;
        options.free = free_block;
        largest_block = t->largest_block;
        check(sp2_allocator_create(&options, &allocator), "allocator");
        check(sp2_receive_stream_set_memory_allocator(stream, allocator), "allocator");
        sp2_allocator_destroy(allocator);
    }
}

static void receive(sp2_thread_pool *pool, trace *t) {
    static const sp2_custom_stat custom[] = {{"copied", SP2_STAT_COUNTER, 0},
                                             {"largest_copied", SP2_STAT_MAXIMUM, 0}};
    sp2_receive_stream *stream;
    sp2_heap *heap;
    uint32_t count;
    uint64_t length;
    int32_t status;
    t->options.custom_stats = custom;
    t->options.custom_stat_count = t->counting_copier ? 2 : 0;
    check(sp2_receive_stream_create(pool, &t->options, &stream), "create");
    set_up(stream, t);
    uint8_t *bytes = t->buffer ? join(t, &length) : NULL;
    sp2_buffer_source_options buffer = SP2_BUFFER_SOURCE_OPTIONS_INIT;
    sp2_datagram_source_options list = SP2_DATAGRAM_SOURCE_OPTIONS_INIT;
    if (!(t->dialect.flags & SP2_DIALECT_UNPOINTED_ITEM)) {
        t->dialect.item_id = 0;
    }
    buffer.dialect = &t->dialect;
    list.dialect = &t->dialect;
    buffer.data = bytes;
    buffer.length = t->buffer ? length : 0;
    list.datagrams = t->packets;
    list.count = t->count;
    check(t->buffer ? sp2_receive_stream_add_buffer_source(stream, &buffer, NULL)
                    : sp2_receive_stream_add_datagram_source(stream, &list, NULL),
          "source");
    if (t->options.flags & SP2_RECEIVE_EXPLICIT_START) {
        check(sp2_receive_stream_start(stream), "start");
    }
    while ((status = sp2_receive_stream_pop_wait(stream, &heap, 1, PATIENCE_NS, &count)) ==
           SP2_OK) {
        print_heap(heap);
    }
    print_stats(stream, status != SP2_E_STOPPED ? "neither a heap nor an end for 10 seconds" : "");
    sp2_receive_stream_destroy(stream);
    if (atomic_load(&blocks) != 0) {
        fail("blocks of memory were not given back");
    }
    for (uint64_t i = 0; i < t->count; i++) {
        free((void *)(uintptr_t)t->packets[i].data);
    }
    free(t->packets);
    free(bytes);
}

int main(void) {
    sp2_thread_pool *pool;
    trace t;
    check(sp2_thread_pool_create(NULL, &pool), "pool");
    while (read_trace(&t)) {
        receive(pool, &t);
    }
    sp2_thread_pool_destroy(pool);
    return EXIT_SUCCESS;
}
