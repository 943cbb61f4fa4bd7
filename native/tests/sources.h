/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_SOURCES_H
#define SPEAD2CORE_TESTS_SOURCES_H

#include <spead2core/spead2core.h>
#include <stddef.h>

/* Adding packet sources in one line, for those who keep no handle. */

static inline int32_t add_buffer_source(sp2_receive_stream *stream, const void *data,
                                        uint64_t length) {
    sp2_buffer_source_options options = SP2_BUFFER_SOURCE_OPTIONS_INIT;
    options.data = data;
    options.length = length;
    return sp2_receive_stream_add_buffer_source(stream, &options, NULL);
}

static inline int32_t add_datagram_source(sp2_receive_stream *stream, const sp2_datagram *datagrams,
                                          uint64_t count) {
    sp2_datagram_source_options options = SP2_DATAGRAM_SOURCE_OPTIONS_INIT;
    options.datagrams = datagrams;
    options.count = count;
    return sp2_receive_stream_add_datagram_source(stream, &options, NULL);
}

/* *port is what the socket is bound to, 0 on failure; it may be NULL. */
static inline int32_t add_udp_source(sp2_receive_stream *stream,
                                     const sp2_udp_source_options *options, uint32_t *port) {
    sp2_packet_source *source = NULL;
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    int32_t status = sp2_receive_stream_add_udp_source(stream, options, &source);
    if (status == SP2_OK) {
        status = sp2_packet_source_get_info(source, &info);
    }
    sp2_packet_source_release(source);
    if (port != NULL) {
        *port = info.port;
    }
    return status;
}

#endif
