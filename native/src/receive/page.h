/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_PAGE_H
#define SP2_RECEIVE_PAGE_H

#include "spead2core/source.h"
#include "spead2core/statistics.h"

/*
 * The statistics page of a stream (docs/statistics-page.md): a file that a timer of one of the
 * stream's threads writes. Packets and heaps know nothing of it.
 */
typedef struct sp2__page sp2__page;

/* Lists a source that is being added, as far as there is room. With the stream's sources lock. */
void sp2__page_add_source(sp2__page *page, sp2_packet_source *source);

/* Removes the page, soon: sp2__stream_detached says when nothing knows the stream any more. */
void sp2__page_retire(sp2__page *page);

/* Closes a forked child's copy of the descriptor. */
void sp2__page_close_copy(sp2__page *page);

#endif
