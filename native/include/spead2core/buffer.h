/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_BUFFER_H
#define SPEAD2CORE_BUFFER_H

#include <stdint.h>

#include "dialect.h"
#include "export.h"
#include "receive.h"
#include "source.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Options of sp2_receive_stream_add_buffer_source. A zero field means its default. */
typedef struct sp2_buffer_source_options {
    uint32_t size;              /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;             /* zero */
    const void *data;           /* packets back to back */
    uint64_t length;            /* bytes at `data` */
    const sp2_dialect *dialect; /* how packets are read; copied; default: by the rules */
} sp2_buffer_source_options;

#define SP2_BUFFER_SOURCE_OPTIONS_INIT SP2_SIZED_INIT(sp2_buffer_source_options)

/* One datagram: exactly one packet. */
typedef struct sp2_datagram {
    const void *data;
    uint64_t length; /* bytes at `data` */
} sp2_datagram;

/* Options of sp2_receive_stream_add_datagram_source. A zero field means its default. */
typedef struct sp2_datagram_source_options {
    uint32_t size;  /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags; /* zero */
    const sp2_datagram *datagrams;
    uint64_t count;             /* entries of `datagrams` */
    const sp2_dialect *dialect; /* how packets are read; copied; default: by the rules */
} sp2_datagram_source_options;

#define SP2_DATAGRAM_SOURCE_OPTIONS_INIT SP2_SIZED_INIT(sp2_datagram_source_options)

/*
 * Feeds the stream from memory: packets back to back (add_buffer_reader). The first bytes that are
 * not a packet end the source, and the stream stops as it does at a stop item: heaps under assembly
 * are flushed. Nothing is lost when the ring is full: the source waits for the consumer. The whole
 * buffer is one batch.
 *
 * `source`, if not NULL, receives a handle of the source, which sp2_packet_source_release gives up.
 *
 * Ownership: `data` is not copied; it must stay valid and unchanged until sp2_packet_source_remove
 *            or sp2_receive_stream_destroy returns.
 * Threads:   any. A source added to a stopped stream has ended.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM, SP2_E_STATE (see
 *            sp2_receive_stream_start). *source is NULL on failure.
 */
SP2_API int32_t sp2_receive_stream_add_buffer_source(sp2_receive_stream *stream,
                                                     const sp2_buffer_source_options *options,
                                                     sp2_packet_source **source);

/*
 * Feeds the stream from a list of datagrams in memory, as if they had come one by one from a
 * network that loses nothing. Each is one batch. At the end of the list the stream stops as it
 * does at a stop item.
 *
 * `source`, if not NULL, receives a handle of the source, which sp2_packet_source_release gives up.
 *
 * Ownership: neither the list nor the bytes are copied; they must stay valid and unchanged until
 *            sp2_packet_source_remove or sp2_receive_stream_destroy returns.
 * Threads:   any. A source added to a stopped stream has ended.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM, SP2_E_STATE (see
 *            sp2_receive_stream_start). *source is NULL on failure.
 */
SP2_API int32_t sp2_receive_stream_add_datagram_source(sp2_receive_stream *stream,
                                                       const sp2_datagram_source_options *options,
                                                       sp2_packet_source **source);

#ifdef __cplusplus
}
#endif

#endif
