/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_PCAP_H
#define SPEAD2CORE_PCAP_H

#include <stdint.h>

#include "dialect.h"
#include "export.h"
#include "receive.h"
#include "source.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Flags of sp2_pcap_source_options. */
typedef enum sp2_pcap_flags {
    /* Frames that the capturing host sent are used, too. Captures of all interfaces (`tcpdump -i
     * any`) may have a packet twice, sent and received. */
    SP2_PCAP_OUTGOING = 1
} sp2_pcap_flags;

/* Options of sp2_receive_stream_add_pcap_source. A zero field means its default. */
typedef struct sp2_pcap_source_options {
    uint32_t size;       /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;      /* sp2_pcap_flags */
    const char *path;    /* the capture, UTF-8; a regular file */
    const char *address; /* only datagrams to this IPv4 or IPv6 address or multicast group are used;
                            default: to any */
    uint32_t port;       /* only datagrams to this UDP port are used; default: to any */
    uint32_t reserved;   /* zero */
    const sp2_dialect *dialect; /* how packets are read; copied; default: by the rules */
} sp2_pcap_source_options;

#define SP2_PCAP_SOURCE_OPTIONS_INIT SP2_SIZED_INIT(sp2_pcap_source_options)

/*
 * Feeds the stream from a capture (add_udp_pcap_file_reader): the UDP datagrams in a file of pcap
 * (either byte order, microseconds or nanoseconds) or pcapng, in the order of the file. Link types
 * are Ethernet with 802.1Q tags, Linux cooked 1 and 2, raw IP, null and loop; IP is version 4 or 6,
 * with options and extension headers. Fragments are put together. A record of a segmented send
 * (UDP_SEGMENT), which is many datagrams in one, is cut again if packets of one size, but for a
 * shorter last one, fill it exactly; else it counts as size_mismatch. Each datagram is a batch.
 *
 * Frames that hold nothing for the stream are counted by reason (source.h). The end of the file
 * ends the source, and so the stream, as the end of a buffer does: while the ring is full the
 * source waits. A file that ends within a record ends the source there, with a warning, and so do
 * an error of the operating system, a file that has become shorter, and bytes that are no record,
 * which count in `errors`. The file is read, not mapped, by the source's thread.
 *
 * `source`, if not NULL, receives a handle of the source, which sp2_packet_source_release gives up.
 *
 * Threads: any. A source added to a stopped stream has ended, and no file is opened for it.
 * Returns: SP2_OK, SP2_E_ARG (also: the file is no capture, or no regular file), SP2_E_TOO_NEW,
 *          SP2_E_NOMEM, SP2_E_ADDRESS (`address` is none), SP2_E_OS (the file cannot be opened or
 *          read), SP2_E_UNSUPPORTED (a pcap file of another link type), SP2_E_FORKED, SP2_E_STATE
 *          (see sp2_receive_stream_start).
 * *source is NULL on failure.
 */
SP2_API int32_t sp2_receive_stream_add_pcap_source(sp2_receive_stream *stream,
                                                   const sp2_pcap_source_options *options,
                                                   sp2_packet_source **source);

#ifdef __cplusplus
}
#endif

#endif
