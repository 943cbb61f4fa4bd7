/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_ITEMS_H
#define SPEAD2CORE_ITEMS_H

#include <stdint.h>

#include "export.h"
#include "heap.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Typed items: names, shapes and decoded values. Only the AOT library has these functions (the C
 * core stops at raw items), so a program that is linked with it defines SP2_HAS_ITEMS before it
 * includes spead2core.h.
 *
 * An item group (spead2: spead2.ItemGroup) keeps the items of a stream from heap to heap:
 * descriptors say which there are, and each heap gives some of them new values.
 */
typedef struct sp2_item_group sp2_item_group;

/* Defaults of sp2_item_group_options. */
#define SP2_ITEM_GROUP_DEFAULT_MAX_ITEMS 65536
#define SP2_ITEM_GROUP_DEFAULT_MAX_NAME_LENGTH 1024
#define SP2_ITEM_GROUP_DEFAULT_MAX_TEXT_LENGTH 65536

/* Flags of sp2_item_group_options. */
typedef enum sp2_item_group_flags {
    /* Arrays that a sender has in Fortran order stay so. By default all are in C order: the last
     * index is the fastest. */
    SP2_ITEM_GROUP_MEMORY_ORDER = 1,
    /* A descriptor or value that cannot be interpreted refuses its heap, which then changes no
     * item. By default it costs that item only. */
    SP2_ITEM_GROUP_STRICT = 2
} sp2_item_group_flags;

/*
 * Options of sp2_item_group_create. A zero field means its default; a limit is at most INT32_MAX.
 * What is beyond a limit is a failure of its item. A descriptor has at most 1 MiB in any case.
 * Set `size` with the INIT macro.
 */
typedef struct sp2_item_group_options {
    uint32_t size;            /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;           /* sp2_item_group_flags */
    uint32_t max_items;       /* items of the group; default 65,536 */
    uint32_t max_name_length; /* UTF-16 units of an item's name; default 1,024 */
    uint32_t max_text_length; /* UTF-16 units of a description, and of a NumPy header; default
                                 65,536 */
    uint32_t reserved;        /* zero */
} sp2_item_group_options;

#define SP2_ITEM_GROUP_OPTIONS_INIT SP2_SIZED_INIT(sp2_item_group_options)

/* Flags of sp2_item_info. */
typedef enum sp2_item_info_flags {
    SP2_ITEM_HAS_VALUE = 1,     /* without it the item has been described, but not sent yet */
    SP2_ITEM_TEXT = 2,          /* `data` is text of `length` bytes, without a final zero: ASCII
                                   unless a flag says something else */
    SP2_ITEM_FORTRAN_ORDER = 4, /* the first index is the fastest */
    SP2_ITEM_AS_SENT = 8, /* records, and integers of more than 64 bits: `data` is as it was sent,
                            in the byte order that `type` says */
    SP2_ITEM_FAULTY = 16, /* the type is unknown, or the last value does not fit it: `fault` says
                            why, and there is no value but `raw` */
    SP2_ITEM_UTF_8 = 32,  /* a text is UTF-8, and not only ASCII */
    SP2_ITEM_LATIN_1 = 64 /* a text is neither ASCII nor UTF-8: take it as Latin-1 */
} sp2_item_info_flags;

/* What an item is, and its value. Set `size` with the INIT macro. */
typedef struct sp2_item_info {
    uint32_t size;           /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;          /* sp2_item_info_flags */
    uint64_t id;             /* item identifier */
    uint64_t version;        /* changes with every new value */
    const char *name;        /* UTF-8 */
    const char *description; /* UTF-8 */
    const char *type; /* of an element at `data`, as NumPy writes it ("": unknown): "<i4", "|b1",
                         "|S5", "[('f0', '>u2'), ('f1', '|u1')]"; a sender's integer of 12 bits is
                         an "<i2" here. What NumPy has no type for, with SP2_ITEM_AS_SENT, is
                         "bits:" and the fields with their bits: "bits:u72", "bits:b1,i7". ASCII;
                         names have Python's escapes: "\xe9", "\U0001f600". */
    const int64_t *shape;  /* `rank` dimensions; -1: not known, as there is no value yet */
    uint32_t rank;         /* 0: a scalar */
    uint32_t element_size; /* bytes; 0 if SP2_ITEM_AS_SENT and an element is no whole bytes */
    uint64_t count;        /* elements */
    const void *data; /* `length` bytes at a multiple of 64, in this machine's byte order: `raw`
                         itself if the sender has put the value so, else a copy; NULL if there
                         are none */
    uint64_t length;
    const char *fault; /* UTF-8: with SP2_ITEM_FAULTY the reason, else NULL */
    const void *raw;   /* `raw_length` bytes as they were sent, at any alignment; NULL if none */
    uint64_t raw_length;
} sp2_item_info;

#define SP2_ITEM_INFO_INIT SP2_SIZED_INIT(sp2_item_info)

/*
 * Makes a group without items. NULL for `options` means the defaults.
 *
 * Ownership: the caller's, until sp2_item_group_destroy; `options` is not used afterwards.
 * Threads:   any; a group is used by one thread at a time, others wait.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM. *group is NULL on failure.
 */
SP2_API int32_t sp2_item_group_create(const sp2_item_group_options *options,
                                      sp2_item_group **group);

/*
 * Releases a group, with all that sp2_item_info pointed to. NULL is allowed and does nothing.
 *
 * Threads: any.
 */
SP2_API void sp2_item_group_destroy(sp2_item_group *group);

/*
 * Takes the descriptors of a heap, then the values of the items that are known. *updated is the
 * number of items that have a new value.
 *
 * What cannot be interpreted costs its item only, and is not an error: a descriptor of that kind
 * makes an item of unknown type (`type` is ""), a value gives its item nothing but `raw`. Both have
 * SP2_ITEM_FAULTY and are among what sp2_item_group_get_failed describes. With
 * SP2_ITEM_GROUP_STRICT it refuses the heap. Such a descriptor takes the place of the item with its
 * identifier only; if another item has its name, it gets its identifier as one ("0x1234"), or "".
 *
 * What is no descriptor at all is left out without a word: bytes that are no packet, a descriptor
 * that is cut short, and one without the identifier of an item.
 *
 * Ownership: the heap may be released right after this; the group keeps its memory as long as an
 *            item's value is in it.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG (also, if the group is strict: a descriptor or value in the heap
 *            breaks a rule, which the message says), SP2_E_NOMEM, SP2_E_UNSUPPORTED (a heap of
 *            2 GiB or more). *updated is 0 on failure.
 */
SP2_API int32_t sp2_item_group_update(sp2_item_group *group, const sp2_heap *heap,
                                      uint64_t *updated);

/*
 * Describes one of the items that the latest update gave a new value: `index` is less than its
 * *updated.
 *
 * Ownership: what `info` points to belongs to the group, valid until the next update that brings
 *            the item a new value or another descriptor.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG (also: there is no such index), SP2_E_NOMEM.
 */
SP2_API int32_t sp2_item_group_get_updated(sp2_item_group *group, uint64_t index,
                                           sp2_item_info *info);

/*
 * Says how many descriptors and values of the latest update could not be interpreted.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG. *count is 0 on failure.
 */
SP2_API int32_t sp2_item_group_get_failed_count(sp2_item_group *group, uint64_t *count);

/*
 * Describes what could not be interpreted: `index` is less than the count. If there is no such item
 * (more items or descriptors than a group or heap has, or a descriptor of more than 1 MiB in which
 * no identifier has come), only `fault`, and `id` and `name` if they are known, have a meaning.
 *
 * Ownership: as for sp2_item_group_get_updated; without an item valid until the next update.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG (also: there is no such index), SP2_E_NOMEM.
 */
SP2_API int32_t sp2_item_group_get_failed(sp2_item_group *group, uint64_t index,
                                          sp2_item_info *info);

/*
 * Says how many items there are.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG. *count is 0 on failure.
 */
SP2_API int32_t sp2_item_group_get_count(sp2_item_group *group, uint64_t *count);

/*
 * Describes the item at `index`, in no particular order, which stays the same until the next
 * update.
 *
 * Ownership: as for sp2_item_group_get_updated.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG (also: there is no such index), SP2_E_NOMEM.
 */
SP2_API int32_t sp2_item_group_get_item(sp2_item_group *group, uint64_t index, sp2_item_info *info);

/*
 * Describes the item with this identifier.
 *
 * Ownership: as for sp2_item_group_get_updated.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG (also: there is no such item), SP2_E_NOMEM.
 */
SP2_API int32_t sp2_item_group_find_id(sp2_item_group *group, uint64_t id, sp2_item_info *info);

/*
 * Describes the item with this name (UTF-8).
 *
 * Ownership: as for sp2_item_group_get_updated.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG (also: there is no such item), SP2_E_NOMEM.
 */
SP2_API int32_t sp2_item_group_find_name(sp2_item_group *group, const char *name,
                                         sp2_item_info *info);

#ifdef __cplusplus
}
#endif

#endif
