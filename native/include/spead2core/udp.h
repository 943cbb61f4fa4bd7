/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_UDP_H
#define SPEAD2CORE_UDP_H

#include <stdint.h>

#include "dialect.h"
#include "export.h"
#include "receive.h"
#include "send.h"
#include "source.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Defaults of sp2_udp_source_options. */
#define SP2_UDP_DEFAULT_MAX_SIZE 9200
#define SP2_UDP_DEFAULT_BUFFER_SIZE 67108864

/* sp2_udp_source_options.buffer_size: leave the socket buffer as the operating system makes it. */
#define SP2_UDP_BUFFER_SIZE_OS UINT64_MAX

/* Largest sp2_udp_source_options.max_size: the most that a UDP datagram can carry. */
#define SP2_UDP_LARGEST_DATAGRAM 65535

/* Flags of sp2_udp_source_options. */
typedef enum sp2_udp_flags {
    /* Packets come from `socket` instead of a new socket. */
    SP2_UDP_EXISTING_SOCKET = 1
} sp2_udp_flags;

/*
 * Options of sp2_receive_stream_add_udp_source. A zero field means its default. There are two
 * forms, and each works with a user-supplied socket:
 *   port and bind_host                any address, or a group on the interface that the system
 *                                     chooses
 *   port, group and an interface      a multicast group on one interface; at most one of
 *                                     interface_name, interface_index and interface_address
 * A source with a group receives what arrives on that interface only, and with `senders` only what
 * they have sent.
 */
typedef struct sp2_udp_source_options {
    uint32_t size;         /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;        /* sp2_udp_flags */
    const char *bind_host; /* host name or address to bind to, UTF-8; the first address that it
                              resolves to is used, and joined on the interface that the system
                              chooses if it is a multicast group; default: every address of this
                              host (IPv4) */
    uint32_t port;         /* UDP port; 0 lets the operating system choose one */
    uint32_t max_size;     /* largest packet in bytes; larger ones count as truncated; default
                              9200, at most SP2_UDP_LARGEST_DATAGRAM */
    uint64_t buffer_size;  /* bytes of kernel socket buffer to ask for; default 64 MiB.
                              SP2_UDP_BUFFER_SIZE_OS asks for nothing. If the system grants less
                              there is a warning that says how to allow more; for the default
                              only if it grants less than 8 MiB */
    const char *group;     /* host name or address of the multicast group to join; `bind_host` must
                              then be NULL. An IPv4 address that is not a group is allowed if it is
                              the interface_address */
    const char *interface_address; /* IPv4 group: host name or address of the interface to join it
                                      on; default: the system chooses */
    uint32_t interface_index;      /* index of the interface to join the group on; default: the one
                                      in the group's name, as in "ff12::1%eth0", else the system
                                      chooses, which it cannot for IPv6 groups of one link */
    uint32_t sender_count;         /* number of `senders`; 0: every sender */
    int64_t socket; /* with SP2_UDP_EXISTING_SOCKET: a UDP socket (file descriptor, or SOCKET on
                       Windows). It is duplicated, so the caller closes its own, any time. A socket
                       that is not bound is bound by `port` and the rest, and its buffer set. One
                       that is bound is used as it is: then every other field but `max_size` must be
                       left at its default, or `port` be the port it is bound to */
    const char *interface_name; /* name of the interface to join the group on, as in "eth0"; on
                                   Windows SP2_E_UNSUPPORTED */
    /* Host names or addresses of the senders to receive from (source-specific multicast); only with
     * `group`, and of its family. The kernel drops what others send, and limits their number: to 10
     * for IPv4 (net.ipv4.igmp_max_msf) and 64 for IPv6 (net.ipv6.mld_max_msf). */
    const char *const *senders;
    const sp2_dialect *dialect; /* how packets are read; copied; default: by the rules */
} sp2_udp_source_options;

#define SP2_UDP_SOURCE_OPTIONS_INIT SP2_SIZED_INIT(sp2_udp_source_options)

/*
 * Feeds the stream from a UDP socket (add_udp_reader). While the ring is full the packets wait in
 * the kernel's socket buffer; what does not fit there is lost and counts as kernel_drop_messages. A
 * batch is what one system call delivers. sp2_packet_source_get_info tells the port that the socket
 * is bound to.
 *
 * When the interface of a group is deleted and made again, which ends the group's membership, the
 * source joins the group again on the interface of that name as soon as that is up (Linux). Each
 * time is a log message, and counts as one of the source's rejoins. Groups that the owner of an
 * existing socket has joined are its own business.
 *
 * `source`, if not NULL, receives a handle of the source, which sp2_packet_source_release gives up.
 *
 * Threads: any. A source added to a stopped stream has ended, and no socket is opened for it.
 * Returns: SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM, SP2_E_ADDRESS (a host name does not
 *          resolve), SP2_E_OS (for example the port is in use), SP2_E_UNSUPPORTED (no UDP in this
 *          build, or a field that it does not support), SP2_E_STATE (see sp2_receive_stream_start).
 * *source is NULL on failure.
 */
SP2_API int32_t sp2_receive_stream_add_udp_source(sp2_receive_stream *stream,
                                                  const sp2_udp_source_options *options,
                                                  sp2_packet_source **source);

/* Most streams that can share a port. */
#define SP2_UDP_MAX_STREAMS 64

/*
 * Feeds several streams from one port or multicast group, so that several threads share the work:
 * each stream has a socket and a source of its own, and each heap comes to one of the streams, by
 * its cnt. Which one is the library's choice, and the same for all packets of the heap. Make the
 * streams with thread pools of their own, and read all of them; or make them members of one chunk
 * group. As long as one of them is full, the others may have to wait for it.
 *
 * Linux chooses the socket, by the last four bytes of a packet's first item pointer. A packet that
 * another source gets all the same, as one of several that were sent as one message, or where the
 * cnt does not come first, is handed over to the source of its stream. So no heap is split, and
 * nothing is lost by that, whatever the kernel does. Before a heap is pushed out, or the window of
 * a chunk stream moves, the source waits until the others have looked at their sockets. On other
 * systems, for an existing socket, and where Linux cannot filter a group, the first source gets all
 * packets and hands over those of the others.
 *
 * A stop item ends all of the streams, after what has arrived until then. The kernel's drops of a
 * group count for the first source, without those that filters rejected; they are known when no
 * message is under way. A packet for a stream that has ended alone counts as dropped_at_close of
 * the source that got it.
 *
 * `sources`, if not NULL, receives a handle of each source, `count` of them, which
 * sp2_packet_source_release gives up. With one stream this is sp2_receive_stream_add_udp_source.
 *
 * Threads: any.
 * Returns: as sp2_receive_stream_add_udp_source; also SP2_E_ARG for a count that is 0 or more than
 *          SP2_UDP_MAX_STREAMS, a stream that is there twice, or one with SP2_RECEIVE_IN_ORDER:
 *          packets of different sockets have no order. Every source is NULL on failure, and no
 *          stream has one.
 */
SP2_API int32_t sp2_receive_streams_add_udp_source(sp2_receive_stream *const *streams,
                                                   uint32_t count,
                                                   const sp2_udp_source_options *options,
                                                   sp2_packet_source **sources);

/* Default of sp2_udp_writer_options.buffer_size. */
#define SP2_UDP_WRITER_DEFAULT_BUFFER_SIZE 524288

/* Most destinations of one writer. */
#define SP2_UDP_WRITER_MAX_DESTINATIONS 65536

/* Flags of sp2_udp_writer_options. */
typedef enum sp2_udp_writer_flags {
    /* Packets are sent by `socket` instead of a new one, which is used as it is. */
    SP2_UDP_WRITER_EXISTING_SOCKET = 1,
    /* Each packet is a message of its own. By default the system is handed several packets as one
     * message (UDP_SEGMENT), where it can cut them. */
    SP2_UDP_WRITER_NO_SEGMENTATION = 2,
    /* Programs on this host do not get what is sent to a multicast group. */
    SP2_UDP_WRITER_NO_LOOP = 4
} sp2_udp_writer_flags;

/* Where datagrams go. */
typedef struct sp2_udp_destination {
    const char *host;  /* host name or address, UTF-8; the first address it resolves to is used */
    uint32_t port;     /* UDP port, from 1 to 65535 */
    uint32_t reserved; /* zero */
} sp2_udp_destination;

/* Options of sp2_send_stream_add_udp_writer. A zero field means its default. */
typedef struct sp2_udp_writer_options {
    uint32_t size;  /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags; /* sp2_udp_writer_flags */
    const sp2_udp_destination *destinations; /* each is one substream; all of one family */
    uint32_t destination_count;              /* entries of `destinations`, at least 1 */
    uint32_t ttl;          /* hops of multicast packets, at most 255; default: the system's. This
                              and what follows of interfaces is for groups only */
    const char *bind_host; /* host name or address to send from; default: the system chooses */
    const char *interface_address; /* IPv4 groups: address of the interface to send on */
    uint32_t interface_index;      /* groups: index of the interface to send on; default, unless
                                      interface_address is set: the system chooses */
    uint32_t dscp;                 /* differentiated services code point, 0 to 63; default 0; on
                                      Windows SP2_E_UNSUPPORTED */
    uint64_t buffer_size; /* bytes of kernel socket buffer to ask for; default 512 KiB; UINT64_MAX:
                             leave it as the operating system makes it */
    int64_t socket;       /* with SP2_UDP_WRITER_EXISTING_SOCKET: a UDP socket (file descriptor, or
                             SOCKET on Windows), not connected. It is duplicated, so the caller
                             closes its own, any time, and used as it is: the fields about sources,
                             groups, dscp and the buffer must be left at their defaults */
} sp2_udp_writer_options;

#define SP2_UDP_WRITER_OPTIONS_INIT SP2_SIZED_INIT(sp2_udp_writer_options)

/*
 * Adds a writer that sends each packet as one UDP datagram (UdpStream). A packet larger than the
 * path carries is sent in fragments, with one warning. That nobody receives is no failure.
 * *first_substream, if that is not NULL, is the number of its first destination, and 0 on failure.
 *
 * Threads: any; before the first heap is sent.
 * Returns: SP2_OK, SP2_E_ARG (also: the stream's packets are larger than a datagram, which carries
 *          65,507 bytes), SP2_E_TOO_NEW, SP2_E_NOMEM, SP2_E_ADDRESS (a host name does not resolve,
 *          or not to an address of the first destination's family), SP2_E_OS, SP2_E_UNSUPPORTED (no
 *          UDP in this build), SP2_E_FORKED, SP2_E_STATE (a heap was sent, or the stream was
 *          stopped).
 */
SP2_API int32_t sp2_send_stream_add_udp_writer(sp2_send_stream *stream,
                                               const sp2_udp_writer_options *options,
                                               uint64_t *first_substream);

/*
 * What the kernel has counted of UDP since it started, for IPv4 and IPv6 together: of all sockets
 * of a network namespace. The differences between two moments tell why datagrams did not arrive.
 * Set `size` with the INIT macro.
 */
typedef struct sp2_kernel_udp_counters {
    uint32_t size;         /* bytes of this struct as the caller compiled it; always first */
    uint32_t reserved;     /* zero */
    uint64_t received;     /* datagrams that programs have received */
    uint64_t full_buffers; /* messages that found the buffer of their socket full, or no memory */
    uint64_t wrong_checksums; /* messages with a wrong checksum */
    uint64_t filtered;        /* messages that their socket refused otherwise: by its filter, or a
                                 security policy */
    uint64_t nobody_listens;  /* datagrams for ports that no socket is bound to */
    uint64_t reverse_path;    /* packets, not only of UDP, from senders that are not reached by the
                                 interface that they came from (rp_filter; IPv4) */
} sp2_kernel_udp_counters;

#define SP2_KERNEL_UDP_COUNTERS_INIT SP2_SIZED_INIT(sp2_kernel_udp_counters)

/*
 * Reads these counters, of the network namespace of the calling thread: on Linux from
 * /proc/thread-self/net (snmp, snmp6, netstat), which takes some tens of microseconds.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_UNSUPPORTED (the system does not tell; all are zero), SP2_E_ARG.
 */
SP2_API int32_t sp2_get_kernel_udp_counters(sp2_kernel_udp_counters *counters);

/* Why the kernel dropped messages of some sockets: each cause has limits. Set `size` with the INIT
 * macro. */
typedef struct sp2_kernel_drops {
    uint32_t size;                  /* bytes of this struct as the caller compiled it */
    uint32_t reserved;              /* zero */
    uint64_t full_buffers_least;    /* they found a full socket buffer: the receiver is too slow, */
    uint64_t full_buffers_most;     /* or the buffer too small */
    uint64_t wrong_checksums_least; /* they had a wrong checksum: look at the sender, or at */
    uint64_t wrong_checksums_most;  /* offloading */
    uint64_t filtered_least;        /* a filter of the socket, or a security policy, refused them */
    uint64_t filtered_most;
} sp2_kernel_drops;

#define SP2_KERNEL_DROPS_INIT SP2_SIZED_INIT(sp2_kernel_drops)

/*
 * Says why the kernel dropped `messages` of a stream, or of a source (kernel_drop_messages),
 * between two moments. The kernel counts the causes for all sockets of the namespace: the answer is
 * exact where there was one cause, or where no other socket lost anything.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_explain_kernel_drops(const sp2_kernel_udp_counters *before,
                                         const sp2_kernel_udp_counters *after, uint64_t messages,
                                         sp2_kernel_drops *drops);

#ifdef __cplusplus
}
#endif

#endif
