/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_DESCRIPTOR_H
#define SPEAD2CORE_DESCRIPTOR_H

#include <stdint.h>

#include "export.h"
#include "heap.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Stands in sp2_descriptor.shape for a dimension whose length follows from each value's bytes. */
#define SP2_DIMENSION_VARIABLE (-1)

/* A field of an element as a format says it, for example 'u' and 10: an unsigned 10-bit number. */
typedef struct sp2_format_field {
    uint64_t bits;     /* its width; of kind '0' an item identifier */
    uint32_t kind;     /* the byte that was sent: 'u' unsigned, 'i' signed, 'f' IEEE, 'b' boolean,
                          'c' character, '0' another item, or one without a meaning */
    uint32_t reserved; /* zero */
} sp2_format_field;

/* Flags of sp2_descriptor. */
typedef enum sp2_descriptor_flags {
    SP2_DESCRIPTOR_BROKEN = 1, /* it breaks a rule, and `fault` says which */
    SP2_DESCRIPTOR_UTF_8 = 2,  /* a text was sent in UTF-8, and not only ASCII */
    SP2_DESCRIPTOR_LATIN_1 = 4 /* a text was neither, and has been taken as Latin-1 */
} sp2_descriptor_flags;

/*
 * An item descriptor (SPEAD document, item descriptors): what a sender says about the values of an
 * item. These are the fields as they were sent; whether they make sense together is not looked at.
 * Where there is a NumPy header, it alone says what type and shape the values have. All texts are
 * UTF-8 here, whatever was sent.
 */
typedef struct sp2_descriptor {
    uint64_t id;                    /* identifier of the described item; 0 only if it is broken and
                                       nobody knows */
    const char *name;               /* with a final zero; "" if there is none */
    const char *description;        /* likewise */
    const char *numpy_header;       /* likewise; a Python dictionary */
    const sp2_format_field *format; /* `format_fields` of them, one after the other without gaps and
                                       big-endian; NULL if there are none */
    const int64_t *shape;           /* `rank` lengths, the last dimension the fastest, or
                                       SP2_DIMENSION_VARIABLE; NULL if there are none */
    uint32_t name_length;           /* bytes, which may be zeros, without the final one */
    uint32_t description_length;    /* likewise */
    uint32_t numpy_header_length;   /* likewise */
    uint32_t format_fields;         /* at most 4096 */
    uint32_t rank;                  /* dimensions, at most 32; 0: a scalar */
    uint32_t flags;                 /* sp2_descriptor_flags */
    const char *fault;              /* of a broken one: the rule that it breaks; else NULL */
} sp2_descriptor;

/*
 * Gives the descriptors of a heap, in the order in which they were sent: those of its items with
 * id 5, each of which consists of SPEAD packets of further heaps. Such a packet without
 * PAYLOAD_OFFSET has the offset 0, and one without PAYLOAD_LENGTH is the rest of its item, as
 * PySPEAD leaves them out. What is no packet there is passed over, and so are heaps without the
 * identifier of an item; an incomplete heap has no descriptors.
 * The first call reads them, later ones give the same list.
 *
 * A descriptor that breaks a rule is in the list like any other, with SP2_DESCRIPTOR_BROKEN and
 * without what breaks the rule: the others stay good. The rules: as many fields and dimensions as
 * said above, and 1 MiB and 1,048,576 item pointers for one descriptor, of which otherwise the
 * identifier is known at most. If there are more than 65,536 descriptors, one that is broken and
 * without identifier stands for the rest.
 *
 * Ownership: *descriptors and what it points to belong to the heap, valid until sp2_heap_release.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_NOMEM, SP2_E_UNSUPPORTED (in the AOT library: an item of
 *            2 GiB or more). *descriptors is NULL and *count 0 on failure or where there are none.
 */
SP2_API int32_t sp2_heap_get_descriptors(const sp2_heap *heap, const sp2_descriptor **descriptors,
                                         uint64_t *count);

#ifdef __cplusplus
}
#endif

#endif
