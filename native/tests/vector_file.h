/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_VECTOR_FILE_H
#define SPEAD2CORE_TESTS_VECTOR_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* A file of tests/vectors in memory. Fixed sizes do: the files are ours. */
enum {
    VECTOR_MAX_BYTES = 8320,
    VECTOR_MAX_PACKETS = 16,
    VECTOR_MAX_CASES = 8,
    VECTOR_MAX_HEAPS = 8,
    VECTOR_MAX_ITEMS = 16,
    VECTOR_MAX_RANGES = 8,
    VECTOR_MAX_STATS = 32,
    VECTOR_MAX_NAME = 128,
    VECTOR_ANY_BYTE = 256 /* a byte without a defined value */
};

typedef enum vector_order { VECTOR_ORDER_BOTH, VECTOR_ORDER_IN, VECTOR_ORDER_ANY } vector_order;

typedef struct vector_bytes {
    uint32_t count;
    uint16_t bytes[VECTOR_MAX_BYTES];
} vector_bytes;

typedef struct vector_packet {
    char name[VECTOR_MAX_NAME];
    vector_bytes bytes;
} vector_packet;

typedef struct vector_item {
    uint64_t id;
    bool immediate;
    uint64_t value; /* of an immediate; else the address */
    uint64_t length;
} vector_item;

typedef struct vector_range {
    uint64_t start;
    uint64_t end;
} vector_range;

typedef struct vector_heap {
    uint64_t cnt;
    uint32_t address_bits;
    uint32_t flags; /* sp2_heap_flags */
    int64_t heap_length;
    uint64_t received;
    vector_bytes payload;
    uint32_t item_count;
    vector_item items[VECTOR_MAX_ITEMS];
    uint32_t range_count;
    vector_range ranges[VECTOR_MAX_RANGES];
} vector_heap;

typedef struct vector_stat {
    char name[VECTOR_MAX_NAME];
    bool any;
    uint64_t value;
} vector_stat;

typedef struct vector_case {
    char name[VECTOR_MAX_NAME];
    vector_order order;
    uint32_t flags; /* sp2_receive_flags, without the order */
    uint64_t max_heaps;
    uint32_t bug_compat;
    char dialect[VECTOR_MAX_NAME];  /* empty: none */
    char suggests[VECTOR_MAX_NAME]; /* empty: not compared */
    bool feed_buffer;
    uint32_t feed_count;
    uint32_t feed[VECTOR_MAX_PACKETS]; /* indices of packets */
    uint32_t heap_count;
    vector_heap heaps[VECTOR_MAX_HEAPS];
    uint32_t stat_count;
    vector_stat stats[VECTOR_MAX_STATS];
} vector_case;

typedef struct vector_file {
    char tag[VECTOR_MAX_NAME];
    uint32_t packet_count;
    vector_packet packets[VECTOR_MAX_PACKETS];
    uint32_t case_count;
    vector_case cases[VECTOR_MAX_CASES];
} vector_file;

/* Reads a file; ends the test with its name and line if it is not right. The caller frees it. */
vector_file *vector_file_read(const char *path);

#endif
