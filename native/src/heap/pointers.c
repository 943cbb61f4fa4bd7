/* SPDX-License-Identifier: MIT */
#include "heap/pointers.h"

#include <string.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "memory/system.h"

void sp2__pointers_init(sp2__pointers *pointers) {
    pointers->items = pointers->inline_items;
    pointers->count = 0;
    pointers->capacity = SP2__POINTERS_INLINE;
    pointers->table = NULL;
    pointers->table_bits = 0;
    pointers->expected = 0;
}

static size_t items_size(uint32_t capacity) {
    return capacity * sizeof(sp2_item);
}

static size_t table_size(uint32_t bits) {
    return sizeof(uint32_t) << bits;
}

void sp2__pointers_destroy(sp2__pointers *pointers) {
    if (pointers->items != pointers->inline_items) {
        sp2__system_free(pointers->items, items_size(pointers->capacity));
        sp2__system_free(pointers->table, table_size(pointers->table_bits));
    }
}

/* Mixes all bits of a pointer into all bits of the hash (two rounds of xor, shift, multiply), which
 * no sender can know. */
static uint64_t hash(uint64_t pointer) {
    uint64_t x = pointer ^ sp2__secret(SP2__SECRET_OF_ITEM_POINTERS);
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53u;
    return x ^ (x >> 33);
}

/* The table's slot that holds the pointer, or the empty one where it belongs. */
static uint32_t *find_slot(const sp2__pointers *pointers, uint64_t pointer) {
    const uint32_t mask = (1u << pointers->table_bits) - 1;
    uint32_t slot = (uint32_t)hash(pointer) & mask;
    while (pointers->table[slot] != 0 &&
           pointers->items[pointers->table[slot] - 1].wire != pointer) {
        slot = (slot + 1) & mask;
    }
    return &pointers->table[slot];
}

bool sp2__pointers_reserve(sp2__pointers *pointers, uint32_t more) {
    if (SP2__LIKELY(more <= pointers->capacity - pointers->count)) {
        return true;
    }
    uint32_t bits = pointers->table_bits == 0 ? 5 : pointers->table_bits;
    while ((1u << bits) / 2 < pointers->count + more) {
        bits++;
    }
    const uint32_t capacity = (1u << bits) / 2;
    /* Not of malloc, which maps large blocks, too, but keeps more of the memory of all small ones
     * for itself once such a block has been freed. */
    sp2_item *items = sp2__system_alloc(items_size(capacity));
    uint32_t *table = items == NULL ? NULL : sp2__system_alloc(table_size(bits));
    if (table == NULL) {
        if (items != NULL) {
            sp2__system_free(items, items_size(capacity));
        }
        return false;
    }
    memset(table, 0, table_size(bits));
    memcpy(items, pointers->items, pointers->count * sizeof(*items));
    sp2__pointers_destroy(pointers);
    pointers->items = items;
    pointers->table = table;
    pointers->table_bits = bits;
    pointers->capacity = capacity;
    for (uint32_t i = 0; i < pointers->count; i++) {
        *find_slot(pointers, items[i].wire) = i + 1;
    }
    return true;
}

/* Index of a pointer among the first few, or their count. */
static uint32_t find_inline(const sp2__pointers *pointers, uint64_t pointer) {
    uint32_t i = 0;
    while (i < pointers->count && pointers->items[i].wire != pointer) {
        i++;
    }
    return i;
}

void sp2__pointers_add(sp2__pointers *pointers, uint64_t pointer) {
    if (pointers->expected < pointers->count &&
        pointers->items[pointers->expected].wire == pointer) {
        pointers->expected++;
        return;
    }
    if (pointers->table == NULL) {
        const uint32_t known = find_inline(pointers, pointer);
        if (known < pointers->count) {
            pointers->expected = known + 1;
            return;
        }
    } else {
        uint32_t *slot = find_slot(pointers, pointer);
        if (*slot != 0) {
            pointers->expected = *slot;
            return;
        }
        *slot = pointers->count + 1;
    }
    pointers->items[pointers->count].wire = pointer;
    pointers->count++;
    pointers->expected = pointers->count;
}
