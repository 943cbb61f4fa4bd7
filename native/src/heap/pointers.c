/* SPDX-License-Identifier: MIT */
#include "heap/pointers.h"

#include <assert.h>
#include <string.h>

#include "base/checked.h"
#include "base/compiler.h"
#include "base/secret.h"
#include "memory/recycler.h"
#include "memory/system.h"
#include "spead2core/receive.h"

/* Slots of tables, which are at most half full: of the smallest, of the largest, which has room for
 * all that a heap may have, and how much larger one is than the one before at least. */
enum { LEAST_TABLE_BITS = 5, MOST_TABLE_BITS = 21, TABLE_BITS_STEP = 2 };

static_assert((1 << MOST_TABLE_BITS) / 2 == SP2_RECEIVE_MAX_HEAP_PARTS,
              "the largest table has room for all pointers");

void sp2__pointers_init(sp2__pointers *pointers, uint64_t never_stored) {
    pointers->items = pointers->inline_items;
    pointers->all = pointers->inline_pointers;
    pointers->count = 0;
    pointers->capacity = SP2__POINTERS_INLINE;
    pointers->table = NULL;
    pointers->table_bits = 0;
    pointers->expected = 0;
    pointers->never_stored = never_stored;
}

static size_t items_size(uint32_t capacity) {
    return capacity * sizeof(sp2_item);
}

static size_t table_size(uint32_t bits) {
    return sizeof(uint64_t) << bits;
}

/* Small blocks are recycled, so that a flood of heaps with many pointers takes no pages from the
 * system. Larger ones are not of malloc, which maps them, too, but keeps more of the memory of all
 * small ones for itself once such a block has been freed. */
static void *alloc_block(size_t size) {
    return size <= SP2__SMALL_BLOCK ? sp2__recycler_alloc(size) : sp2__system_alloc(size);
}

static void free_block(void *block, size_t size) {
    if (size <= SP2__SMALL_BLOCK) {
        sp2__recycler_free(block, size);
    } else {
        sp2__system_free(block, size);
    }
}

/* A table of empty slots; NULL if there is no memory. */
static uint64_t *alloc_table(size_t size) {
    if (size > SP2__SMALL_BLOCK) {
        return sp2__system_alloc_zeros(size);
    }
    uint64_t *table = sp2__recycler_alloc(size);
    if (table != NULL) {
        memset(table, 0, size);
    }
    return table;
}

void sp2__pointers_destroy(sp2__pointers *pointers) {
    if (pointers->items != pointers->inline_items) {
        free_block(pointers->items, items_size(pointers->capacity));
        free_block(pointers->table, table_size(pointers->table_bits));
    }
}

/* The slot where a search for a pointer begins: a hash that no sender can know. */
static uint32_t first_slot(const sp2__pointers *pointers, uint64_t pointer) {
    const uint64_t secret = sp2__secret(SP2__SECRET_OF_ITEM_POINTERS);
    uint64_t x = (pointer ^ secret) * (secret | 1);
    x = (x ^ (x >> 32)) * 0xc4ceb9fe1a85ec53u;
    return (uint32_t)(x >> (64 - pointers->table_bits));
}

/* The slot that holds the pointer, or the empty one where it belongs, from its first slot on. */
static uint64_t *find_slot(const sp2__pointers *pointers, uint64_t pointer, uint32_t slot) {
    const uint32_t mask = (1u << pointers->table_bits) - 1;
    const uint64_t kept = pointer ^ pointers->never_stored;
    while (pointers->table[slot] != 0 && pointers->table[slot] != kept) {
        slot = (slot + 1) & mask;
    }
    return &pointers->table[slot];
}

/* Begins to load the slots that a batch of pointers will need. */
static void fetch_slots(const sp2__pointers *pointers, const uint64_t *batch, uint32_t count,
                        uint32_t *slots) {
    for (uint32_t i = 0; i < count; i++) {
        slots[i] = first_slot(pointers, batch[i]);
        SP2__PREFETCH_WRITE(&pointers->table[slots[i]]);
    }
}

static void fill_table(sp2__pointers *pointers) {
    const uint64_t *all = pointers->all;
    uint32_t slots[SP2__POINTERS_BATCH];
    for (uint32_t i = 0; i < pointers->count; i += SP2__POINTERS_BATCH) {
        const uint32_t rest = pointers->count - i;
        const uint32_t count = rest < SP2__POINTERS_BATCH ? rest : SP2__POINTERS_BATCH;
        fetch_slots(pointers, &all[i], count, slots);
        for (uint32_t k = 0; k < count; k++) {
            *find_slot(pointers, all[i + k], slots[k]) = all[i + k] ^ pointers->never_stored;
        }
    }
}

bool sp2__pointers_reserve(sp2__pointers *pointers, uint32_t more) {
    const uint64_t wanted =
        sp2__min_u64((uint64_t)pointers->count + more, SP2_RECEIVE_MAX_HEAP_PARTS);
    if (SP2__LIKELY(wanted <= pointers->capacity)) {
        return true;
    }
    uint32_t bits = LEAST_TABLE_BITS;
    if (pointers->table != NULL) {
        bits = pointers->table_bits + TABLE_BITS_STEP;
        bits = bits < MOST_TABLE_BITS ? bits : MOST_TABLE_BITS;
    }
    while ((1u << bits) / 2 < wanted) {
        bits++;
    }
    sp2__pointers larger = *pointers;
    larger.capacity = (1u << bits) / 2;
    larger.table_bits = bits;
    larger.items = alloc_block(items_size(larger.capacity));
    larger.table = larger.items == NULL ? NULL : alloc_table(table_size(bits));
    if (larger.table == NULL) {
        if (larger.items != NULL) {
            free_block(larger.items, items_size(larger.capacity));
        }
        return false;
    }
    larger.all = (uint64_t *)(void *)(larger.items + larger.capacity) - larger.capacity;
    memcpy(larger.all, pointers->all, pointers->count * sizeof(uint64_t));
    fill_table(&larger);
    sp2__pointers_destroy(pointers);
    memcpy(pointers, &larger, offsetof(sp2__pointers, inline_pointers));
    return true;
}

/* Skips pointers that repeat those of an earlier packet in their order; returns their number. */
static uint32_t skip_expected(sp2__pointers *pointers, const uint64_t *added, uint32_t count) {
    const uint64_t *all = pointers->all;
    uint32_t i = 0;
    while (i < count && pointers->expected < pointers->count &&
           all[pointers->expected] == added[i]) {
        pointers->expected++;
        i++;
    }
    return i;
}

static bool append(sp2__pointers *pointers, uint64_t pointer) {
    if (SP2__UNLIKELY(pointers->count == pointers->capacity)) {
        return false;
    }
    pointers->all[pointers->count++] = pointer;
    return true;
}

/* Among the first few. */
static bool add_inline(sp2__pointers *pointers, uint64_t pointer) {
    const uint64_t *all = pointers->all;
    for (uint32_t i = 0; i < pointers->count; i++) {
        if (all[i] == pointer) {
            pointers->expected = i + 1;
            return true;
        }
    }
    const bool added = append(pointers, pointer);
    pointers->expected = pointers->count;
    return added;
}

bool sp2__pointers_add(sp2__pointers *pointers, const uint64_t *added, uint32_t count) {
    uint32_t slots[SP2__POINTERS_BATCH];
    uint32_t i = skip_expected(pointers, added, count);
    if (pointers->table != NULL) {
        fetch_slots(pointers, added + i, count - i, slots + i);
    }
    while (i < count) {
        if (pointers->table == NULL) {
            if (!add_inline(pointers, added[i])) {
                return false;
            }
        } else {
            uint64_t *slot = find_slot(pointers, added[i], slots[i]);
            if (*slot == 0) {
                if (!append(pointers, added[i])) {
                    return false;
                }
                *slot = added[i] ^ pointers->never_stored;
            }
        }
        i++;
        i += skip_expected(pointers, added + i, count - i);
    }
    return true;
}

void sp2__pointers_shorten(sp2__pointers *pointers, uint32_t count) {
    const uint64_t *all = pointers->all;
    /* Last come, first gone: the slots of those that stay have never looked past these. */
    while (pointers->count > count) {
        const uint64_t pointer = all[--pointers->count];
        if (pointers->table != NULL) {
            *find_slot(pointers, pointer, first_slot(pointers, pointer)) = 0;
        }
    }
}
