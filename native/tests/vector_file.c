/* SPDX-License-Identifier: MIT */
#include "vector_file.h"

#include <spead2core/heap.h>
#include <spead2core/receive.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

typedef struct reader {
    vector_file *file;
    vector_bytes *bytes; /* where hex goes */
    const char *rest;    /* of the line */
} reader;

/* The next word of the line, or NULL. */
static const char *next_word(reader *r, char word[VECTOR_MAX_NAME]) {
    int used = 0;
    if (sscanf(r->rest, " %127s%n", word, &used) != 1) {
        return NULL;
    }
    r->rest += used;
    return word;
}

static const char *need_word(reader *r, char word[VECTOR_MAX_NAME]) {
    REQUIRE(next_word(r, word) != NULL);
    return word;
}

static void copy_rest(reader *r, char text[VECTOR_MAX_NAME]) {
    snprintf(text, VECTOR_MAX_NAME, "%.*s", (int)strcspn(r->rest + 1, "\r\n"), r->rest + 1);
}

static int64_t parse_number(const char *text) {
    char *end;
    const int64_t value = strtoll(text, &end, 0);
    REQUIRE(end != text && *end == '\0');
    return value;
}

static int64_t need_number(reader *r) {
    char word[VECTOR_MAX_NAME];
    return parse_number(need_word(r, word));
}

static void add_bytes(reader *r, const char *first) {
    char word[VECTOR_MAX_NAME];
    REQUIRE(r->bytes != NULL);
    for (const char *text = first; text != NULL; text = next_word(r, word)) {
        unsigned value = VECTOR_ANY_BYTE;
        REQUIRE(strlen(text) == 2 && r->bytes->count < VECTOR_MAX_BYTES);
        REQUIRE(strcmp(text, "..") == 0 || sscanf(text, "%2x", &value) == 1);
        r->bytes->bytes[r->bytes->count++] = (uint16_t)value;
    }
}

static void repeat_byte(reader *r) {
    char word[VECTOR_MAX_NAME];
    const int64_t count = need_number(r);
    need_word(r, word);
    for (int64_t i = 0; i < count; i++) {
        add_bytes(r, word);
    }
}

static vector_case *this_case(reader *r) {
    REQUIRE(r->file->case_count > 0);
    return &r->file->cases[r->file->case_count - 1];
}

static vector_heap *this_heap(reader *r) {
    vector_case *c = this_case(r);
    REQUIRE(c->heap_count > 0);
    return &c->heaps[c->heap_count - 1];
}

static uint32_t parse_choice(const char *word, const char *const *names, const uint32_t *values) {
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(word, names[i]) == 0) {
            return values[i];
        }
    }
    fprintf(stderr, "unknown word %s\n", word);
    REQUIRE(false);
    return 0;
}

static void read_options(reader *r) {
    static const char *const names[] = {"no_unsized_heaps",        "ignore_stop_item",
                                        "deliver_incomplete",      "keep_ranges",
                                        "keep_incomplete_payload", NULL};
    static const uint32_t values[] = {SP2_RECEIVE_NO_UNSIZED_HEAPS, SP2_RECEIVE_IGNORE_STOP_ITEM,
                                      SP2_RECEIVE_DELIVER_INCOMPLETE, SP2_RECEIVE_KEEP_RANGES,
                                      SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD};
    vector_case *c = this_case(r);
    char word[VECTOR_MAX_NAME];
    while (next_word(r, word) != NULL) {
        if (strncmp(word, "max_heaps=", 10) == 0) {
            c->max_heaps = (uint64_t)parse_number(word + 10);
        } else if (strncmp(word, "bug_compat=", 11) == 0) {
            c->bug_compat = (uint32_t)parse_number(word + 11);
        } else {
            c->flags |= parse_choice(word, names, values);
        }
    }
}

static void read_feed(reader *r) {
    vector_case *c = this_case(r);
    char word[VECTOR_MAX_NAME];
    need_word(r, word);
    c->feed_buffer = strcmp(word, "buffer") == 0;
    REQUIRE(c->feed_buffer || strcmp(word, "datagrams") == 0);
    while (next_word(r, word) != NULL) {
        uint32_t index = 0;
        while (index < r->file->packet_count && strcmp(r->file->packets[index].name, word) != 0) {
            index++;
        }
        REQUIRE(index < r->file->packet_count && c->feed_count < VECTOR_MAX_PACKETS);
        c->feed[c->feed_count++] = index;
    }
}

static void read_stats(reader *r) {
    vector_case *c = this_case(r);
    char word[VECTOR_MAX_NAME];
    while (next_word(r, word) != NULL) {
        REQUIRE(c->stat_count < VECTOR_MAX_STATS);
        vector_stat *stat = &c->stats[c->stat_count++];
        memcpy(stat->name, word, sizeof(word));
        need_word(r, word);
        stat->any = strcmp(word, "any") == 0;
        stat->value = stat->any ? 0 : (uint64_t)parse_number(word);
    }
}

static void read_item(reader *r) {
    vector_heap *heap = this_heap(r);
    REQUIRE(heap->item_count < VECTOR_MAX_ITEMS);
    vector_item *item = &heap->items[heap->item_count++];
    char word[VECTOR_MAX_NAME];
    item->id = (uint64_t)need_number(r);
    need_word(r, word);
    item->immediate = strcmp(word, "immediate") == 0;
    REQUIRE(item->immediate || strcmp(word, "address") == 0);
    item->value = (uint64_t)need_number(r);
    item->length = item->immediate ? 0 : (uint64_t)need_number(r);
}

static bool read_file_line(reader *r, const char *word) {
    char text[VECTOR_MAX_NAME];
    if (strcmp(word, "tag") == 0) {
        need_word(r, r->file->tag);
    } else if (strcmp(word, "repeat") == 0) {
        repeat_byte(r);
    } else if (strcmp(word, "packet") == 0) {
        REQUIRE(r->file->packet_count < VECTOR_MAX_PACKETS);
        vector_packet *packet = &r->file->packets[r->file->packet_count++];
        need_word(r, packet->name);
        r->bytes = &packet->bytes;
    } else if (strcmp(word, "case") == 0) {
        REQUIRE(r->file->case_count < VECTOR_MAX_CASES);
        r->file->case_count++;
        r->bytes = NULL;
        copy_rest(r, this_case(r)->name);
    } else if (strcmp(word, "title") == 0) {
        copy_rest(r, text);
    } else {
        return false;
    }
    return true;
}

static bool read_case_line(reader *r, const char *word) {
    static const char *const orders[] = {"both", "in", "any", NULL};
    static const uint32_t values[] = {VECTOR_ORDER_BOTH, VECTOR_ORDER_IN, VECTOR_ORDER_ANY};
    char text[VECTOR_MAX_NAME];
    if (strcmp(word, "order") == 0) {
        this_case(r)->order = (vector_order)parse_choice(need_word(r, text), orders, values);
    } else if (strcmp(word, "options") == 0) {
        read_options(r);
    } else if (strcmp(word, "dialect") == 0) {
        need_word(r, this_case(r)->dialect);
    } else if (strcmp(word, "suggests") == 0) {
        need_word(r, this_case(r)->suggests);
    } else if (strcmp(word, "feed") == 0) {
        read_feed(r);
    } else if (strcmp(word, "stats") == 0) {
        read_stats(r);
    } else if (strcmp(word, "heap") == 0) {
        vector_case *c = this_case(r);
        REQUIRE(c->heap_count < VECTOR_MAX_HEAPS);
        c->heaps[c->heap_count++].cnt = (uint64_t)need_number(r);
    } else {
        return false;
    }
    return true;
}

static bool read_heap_line(reader *r, const char *word) {
    static const char *const states[] = {"complete", "contiguous", "incomplete", NULL};
    static const uint32_t values[] = {SP2_HEAP_COMPLETE | SP2_HEAP_CONTIGUOUS, SP2_HEAP_CONTIGUOUS,
                                      0};
    char text[VECTOR_MAX_NAME];
    vector_heap *heap = this_heap(r);
    if (strcmp(word, "flavour") == 0) {
        heap->address_bits = (uint32_t)need_number(r);
    } else if (strcmp(word, "state") == 0) {
        heap->flags |= parse_choice(need_word(r, text), states, values);
    } else if (strcmp(word, "length") == 0) {
        heap->heap_length = need_number(r);
    } else if (strcmp(word, "received") == 0) {
        heap->received = (uint64_t)need_number(r);
    } else if (strcmp(word, "start_of_stream") == 0) {
        heap->flags |= SP2_HEAP_START_OF_STREAM;
    } else if (strcmp(word, "end_of_stream") == 0) {
        heap->flags |= SP2_HEAP_END_OF_STREAM;
    } else if (strcmp(word, "range") == 0) {
        REQUIRE(heap->range_count < VECTOR_MAX_RANGES);
        vector_range *range = &heap->ranges[heap->range_count++];
        range->start = (uint64_t)need_number(r);
        range->end = (uint64_t)need_number(r);
    } else if (strcmp(word, "payload") == 0) {
        r->bytes = &heap->payload;
    } else if (strcmp(word, "item") == 0) {
        read_item(r);
    } else {
        return false;
    }
    return true;
}

vector_file *vector_file_read(const char *path) {
    FILE *stream = fopen(path, "r");
    sp2_test_context("%s", path);
    REQUIRE(stream != NULL);
    reader r = {.file = calloc(1, sizeof(vector_file))};
    REQUIRE(r.file != NULL);
    char line[512];
    char word[VECTOR_MAX_NAME];
    for (int number = 1; fgets(line, sizeof(line), stream) != NULL; number++) {
        sp2_test_context("%s:%d", path, number);
        r.rest = line;
        if (next_word(&r, word) == NULL || word[0] == '#') {
            continue;
        }
        if (strlen(word) == 2) {
            add_bytes(&r, word);
        } else {
            REQUIRE(read_file_line(&r, word) || read_case_line(&r, word) ||
                    read_heap_line(&r, word));
        }
        /* A line is read to its end. */
        REQUIRE(strcmp(word, "case") == 0 || strcmp(word, "title") == 0 ||
                next_word(&r, word) == NULL);
    }
    fclose(stream);
    return r.file;
}
