/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_SECRET_H
#define SP2_BASE_SECRET_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * Numbers that differ from process to process, so that no sender can choose what it sends by how it
 * is hashed. Each is drawn when it is first asked for, once.
 */
typedef enum sp2__secret_use {
    SP2__SECRET_OF_HEAP_CNTS,
    SP2__SECRET_OF_ITEM_POINTERS,
    SP2__SECRET_USES
} sp2__secret_use;

/* Never 0, and always the same. Any thread. */
uint64_t sp2__secret(sp2__secret_use use);

/* The number at `place`, which is drawn if it is 0. */
uint64_t sp2__secret_at(_Atomic uint64_t *place);

#endif
