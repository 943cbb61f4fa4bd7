/* SPDX-License-Identifier: MIT */
#include "packet/splitter.h"

#include <string.h>

#include "base/checked.h"
#include "base/compiler.h"
#include "packet/wire.h"

/* Value of find_size where no item pointer says how long the payload is. */
#define NO_SIZE UINT64_MAX

/* What is wrong with a header, as far as it has come. */
static sp2__packet_fault check_header(const uint8_t *bytes, uint64_t length, uint64_t max_size) {
    if (bytes[0] != SP2__MAGIC || (length > 1 && bytes[1] != SP2__VERSION)) {
        return SP2__PACKET_MAGIC;
    }
    if ((length > 2 && bytes[2] == 0) || (length > 3 && bytes[3] == 0)) {
        return SP2__PACKET_FLAVOUR;
    }
    if (length > 3 && bytes[2] + bytes[3] != SP2__POINTER_SIZE) {
        return SP2__PACKET_WIDTHS;
    }
    const uint64_t table_end =
        length < SP2__HEADER_SIZE
            ? 0
            : SP2__HEADER_SIZE + ((uint64_t)bytes[6] << 8 | bytes[7]) * SP2__POINTER_SIZE;
    return table_end > max_size ? SP2__PACKET_ITEM_TABLE : SP2__PACKET_OK;
}

/* How many bytes stand before the first one behind `from` that may be the start of a header. */
static uint64_t find_header(const uint8_t *bytes, uint64_t from, uint64_t length,
                            uint64_t max_size) {
    while (from < length) {
        const uint8_t *magic = memchr(bytes + from, SP2__MAGIC, (size_t)(length - from));
        if (magic == NULL) {
            return length;
        }
        from = (uint64_t)(magic - bytes);
        if (check_header(magic, length - from, max_size) == SP2__PACKET_OK) {
            return from;
        }
        from++;
    }
    return length;
}

/* Size of a packet by its first PAYLOAD_LENGTH, or NO_SIZE. All of its item pointers are there. */
static uint64_t find_size(const uint8_t *bytes, uint64_t table_end) {
    const unsigned address_bits = bytes[3] * 8u;
    const uint64_t wanted = (SP2__IMMEDIATE_BIT >> address_bits) | SP2__ID_PAYLOAD_LENGTH;
    for (uint64_t i = SP2__HEADER_SIZE; i < table_end; i += SP2__POINTER_SIZE) {
        const uint64_t pointer = sp2__load_be64(bytes + i);
        if (pointer >> address_bits == wanted) {
            return table_end + sp2__pointer_value(pointer, address_bits);
        }
    }
    return NO_SIZE;
}

static sp2__piece skip(sp2__splitter *splitter, sp2__packet_fault fault, uint64_t length) {
    const sp2__piece piece = {splitter->lost ? SP2__PIECE_SKIPPED : SP2__PIECE_LOST, fault, length};
    splitter->lost = true;
    return piece;
}

/* The size of the packet is to be found out. */
static sp2__piece begin(sp2__splitter *splitter, const uint8_t *bytes, uint64_t length) {
    const sp2__packet_fault fault = check_header(bytes, length, splitter->max_size);
    if (SP2__UNLIKELY(fault != SP2__PACKET_OK)) {
        return skip(splitter, fault, find_header(bytes, 1, length, splitter->max_size));
    }
    const sp2__piece unknown = {SP2__PIECE_UNKNOWN, SP2__PACKET_OK, 0};
    if (length < SP2__HEADER_SIZE) {
        return unknown;
    }
    const uint64_t count = (uint64_t)bytes[6] << 8 | bytes[7];
    const uint64_t table_end = SP2__HEADER_SIZE + count * SP2__POINTER_SIZE;
    if (length < table_end) {
        return unknown;
    }
    const uint64_t size = find_size(bytes, table_end);
    if (SP2__UNLIKELY(size == NO_SIZE)) {
        return skip(splitter, SP2__PACKET_ITEM_MISSING, table_end);
    }
    if (SP2__UNLIKELY(size > splitter->max_size)) {
        /* Among bytes that are no packet it is more likely that this is none, either. */
        if (splitter->lost) {
            return skip(splitter, SP2__PACKET_OK, table_end);
        }
        splitter->rest = size - table_end;
        return (sp2__piece){SP2__PIECE_TOO_LARGE, SP2__PACKET_OK, table_end};
    }
    splitter->lost = false;
    splitter->packet_size = size;
    return unknown;
}

sp2__piece sp2__splitter_next(sp2__splitter *splitter, const uint8_t *bytes, uint64_t length) {
    if (SP2__UNLIKELY(length == 0)) {
        return (sp2__piece){SP2__PIECE_UNKNOWN, SP2__PACKET_OK, 0};
    }
    if (SP2__UNLIKELY(splitter->rest != 0)) {
        const uint64_t part = sp2__min_u64(splitter->rest, length);
        splitter->rest -= part;
        return (sp2__piece){SP2__PIECE_REST, SP2__PACKET_OK, part};
    }
    if (splitter->packet_size == 0) {
        const sp2__piece piece = begin(splitter, bytes, length);
        if (splitter->packet_size == 0) {
            return piece;
        }
    }
    const bool complete = splitter->packet_size <= length;
    return (sp2__piece){complete ? SP2__PIECE_PACKET : SP2__PIECE_UNKNOWN, SP2__PACKET_OK,
                        complete ? splitter->packet_size : 0};
}
