/* SPDX-License-Identifier: MIT */
#include "receive/custom_stats.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "receive/statistics.h"

/* The names of all statistics, while they are checked: by hash, as there may be many. */
typedef struct name_table {
    const char **names;
    uint32_t mask;
} name_table;

/* FNV-1a. The names are the user's own, who need not be kept from choosing names that collide. */
static uint32_t hash(const char *name) {
    uint32_t value = 0x811c9dc5;
    for (; *name != '\0'; name++) {
        value = (value ^ (uint8_t)*name) * 0x01000193;
    }
    return value;
}

/* False if the name is there already. */
static bool add_name(name_table *table, const char *name) {
    uint32_t slot = hash(name) & table->mask;
    while (table->names[slot] != NULL) {
        if (strcmp(table->names[slot], name) == 0) {
            return false;
        }
        slot = (slot + 1) & table->mask;
    }
    table->names[slot] = name;
    return true;
}

/* A table of the names that every stream has, with room for `more`; its names are NULL if there is
 * no memory. */
static name_table new_name_table(uint32_t more) {
    uint32_t size = 1;
    while (size < 2 * (SP2__CORE_STATS + more)) {
        size *= 2;
    }
    name_table table = {.names = sp2__calloc_array(size, sizeof(*table.names)), .mask = size - 1};
    for (uint32_t i = 0; i < SP2__CORE_STATS && table.names != NULL; i++) {
        add_name(&table, sp2__core_stat_name(i));
    }
    return table;
}

static int32_t add(sp2__custom_stats *custom, uint32_t index, const sp2_custom_stat *wanted,
                   name_table *table) {
    if (wanted->name == NULL || wanted->name[0] == '\0') {
        return sp2__fail(SP2_E_ARG, 0, "sp2_receive_options.custom_stats[%u].name must not be %s",
                         (unsigned)index, wanted->name == NULL ? "NULL" : "empty");
    }
    if (wanted->mode > SP2_STAT_MAXIMUM) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_options.custom_stats[%u].mode is %u, which is no "
                         "sp2_stat_mode",
                         (unsigned)index, (unsigned)wanted->mode);
    }
    if (wanted->reserved != 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_options.custom_stats[%u].reserved must be 0, not %u",
                         (unsigned)index, (unsigned)wanted->reserved);
    }
    if (!add_name(table, wanted->name)) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_options.custom_stats[%u].name is \"%s\", which is the name "
                         "of another statistic",
                         (unsigned)index, wanted->name);
    }
    const size_t size = strlen(wanted->name) + 1;
    char *name = sp2__alloc(size);
    if (name == NULL) {
        return sp2__fail_memory("custom statistics");
    }
    memcpy(name, wanted->name, size);
    custom->stats[index] = (sp2__custom_stat){.name = name, .mode = wanted->mode};
    custom->count = index + 1;
    return SP2_OK;
}

static int32_t check_count(const sp2_receive_options *options) {
    if (options->custom_stat_count > SP2_RECEIVE_MAX_CUSTOM_STATS) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_options.custom_stat_count is %u, but at most %d are allowed",
                         (unsigned)options->custom_stat_count, SP2_RECEIVE_MAX_CUSTOM_STATS);
    }
    if (options->custom_stat_count != 0 && options->custom_stats == NULL) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_receive_options.custom_stats must not be NULL when "
                         "custom_stat_count is %u",
                         (unsigned)options->custom_stat_count);
    }
    return SP2_OK;
}

int32_t sp2__custom_stats_init(sp2__custom_stats *custom, const sp2_receive_options *options) {
    *custom = (sp2__custom_stats){0};
    int32_t status = check_count(options);
    const uint32_t count = options->custom_stat_count;
    if (status != SP2_OK || count == 0) {
        return status;
    }
    custom->stats = sp2__calloc_array(count, sizeof(*custom->stats));
    custom->batch = sp2__calloc_array(count, sizeof(*custom->batch));
    custom->values = sp2__calloc_array(count, sizeof(*custom->values));
    name_table table = new_name_table(count);
    if (custom->stats == NULL || custom->batch == NULL || custom->values == NULL ||
        table.names == NULL) {
        status = sp2__fail_memory("custom statistics");
    }
    for (uint32_t i = 0; i < count && status == SP2_OK; i++) {
        status = add(custom, i, &options->custom_stats[i], &table);
    }
    sp2__free(table.names);
    if (status != SP2_OK) {
        sp2__custom_stats_destroy(custom);
    }
    return status;
}

void sp2__custom_stats_destroy(sp2__custom_stats *custom) {
    for (uint32_t i = 0; i < custom->count; i++) {
        sp2__free(custom->stats[i].name);
    }
    sp2__free(custom->stats);
    sp2__free(custom->batch);
    sp2__free(custom->values);
    *custom = (sp2__custom_stats){0};
}

void sp2__custom_stats_update(sp2__custom_stats *custom, uint32_t index, uint64_t value) {
    uint64_t *current = &custom->values[index];
    *current = custom->stats[index].mode == SP2_STAT_MAXIMUM ? sp2__max_u64(*current, value)
                                                             : *current + value;
}

void sp2__custom_stats_merge(sp2__custom_stats *custom) {
    for (uint32_t i = 0; i < custom->count; i++) {
        sp2__custom_stats_update(custom, i, custom->batch[i]);
        custom->batch[i] = 0;
    }
}
