/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TCP_H
#define SPEAD2CORE_TCP_H

#include <stdint.h>

#include "export.h"
#include "receive.h"
#include "source.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Default of sp2_tcp_source_options.max_size. */
#define SP2_TCP_DEFAULT_MAX_SIZE 65536

/* Largest sp2_tcp_source_options.max_size: a source keeps room for four such packets. */
#define SP2_TCP_LARGEST_PACKET 16777216

/* Flags of sp2_tcp_source_options. */
typedef enum sp2_tcp_flags {
    /* `socket` is used instead of a new one. */
    SP2_TCP_EXISTING_SOCKET = 1,
    /* The source connects to `host` and `port` instead of listening there. */
    SP2_TCP_CONNECT = 2,
    /* The end of a connection is not the end of the source, which accepts the next one; only for
     * sources that listen. */
    SP2_TCP_REACCEPT = 4
} sp2_tcp_flags;

/* Options of sp2_receive_stream_add_tcp_source. A zero field means its default. */
typedef struct sp2_tcp_source_options {
    uint32_t size;        /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;       /* sp2_tcp_flags */
    const char *host;     /* host name or address, UTF-8, to listen at or to connect to; the first
                             address that it resolves to is used; default: every address of this
                             host (IPv4), which cannot be connected to */
    uint32_t port;        /* TCP port; 0 lets the operating system choose one to listen at */
    uint32_t max_size;    /* largest packet in bytes; larger ones count as truncated; default 65536,
                             at most SP2_TCP_LARGEST_PACKET */
    uint64_t buffer_size; /* bytes of kernel socket buffer to ask for; default: as the operating
                             system makes it, which lets it grow with what the connection needs */
    int64_t socket; /* with SP2_TCP_EXISTING_SOCKET: a TCP socket (file descriptor) that listens
                       or is connected. It is duplicated, so the caller closes its own, any
                       time, and used as it is: `host`, `port` and `buffer_size` must be left
                       at their defaults. One that listens becomes non-blocking */
} sp2_tcp_source_options;

#define SP2_TCP_SOURCE_OPTIONS_INIT SP2_SIZED_INIT(sp2_tcp_source_options)

/*
 * Feeds the stream from a TCP connection (add_tcp_reader), on which packets follow each other
 * without anything between them. While the ring is full nothing is read from the connection, so
 * that the sender waits and nothing is lost. A batch is what one system call delivers.
 *
 * The source listens from now on, accepts one connection once the stream has been started, and then
 * closes the socket that it listened on, unless SP2_TCP_REACCEPT is set. With SP2_TCP_CONNECT it
 * begins to connect at once; that nobody accepts the connection may show only later, and is then an
 * error of the source. The end of the connection, whether the peer closes it or it fails, ends the
 * source, and so the stream, as the end of a buffer does. What a packet is short of then counts as
 * unfinished_bytes; errors are counted and logged.
 *
 * Bytes that are not a packet count as malformed once, and are logged. The source then looks for
 * the next packet at every byte, and counts as skipped_bytes what it passes over. Item pointers
 * that do not fit into max_size are refused by the packet's header. Dialects are for datagrams
 * only.
 *
 * `source`, if not NULL, receives a handle of the source, which sp2_packet_source_release gives up.
 * sp2_packet_source_get_info tells the port that is listened at.
 *
 * Threads: any. A source added to a stopped stream has ended, and no socket is opened for it.
 * Returns: SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM, SP2_E_ADDRESS (the host name does not
 *          resolve), SP2_E_OS (for example the port is in use, or nobody listens there),
 *          SP2_E_UNSUPPORTED (on Windows), SP2_E_FORKED, SP2_E_STATE (see
 *          sp2_receive_stream_start).
 * *source is NULL on failure.
 */
SP2_API int32_t sp2_receive_stream_add_tcp_source(sp2_receive_stream *stream,
                                                  const sp2_tcp_source_options *options,
                                                  sp2_packet_source **source);

#ifdef __cplusplus
}
#endif

#endif
