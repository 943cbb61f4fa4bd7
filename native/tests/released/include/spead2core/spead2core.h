/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_SPEAD2CORE_H
#define SPEAD2CORE_SPEAD2CORE_H

/*
 * spead2core: receives and sends SPEAD streams (Streaming Protocol for Exchanging Astronomical
 * Data, version 4). This header brings in the whole interface; send.h begins with an example of
 * sending.
 *
 *   sp2_receive_stream *stream;
 *   sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
 *   udp.port = 8888;
 *   if (sp2_receive_stream_create(NULL, NULL, &stream) == SP2_OK &&
 *       sp2_receive_stream_add_udp_source(stream, &udp, NULL) == SP2_OK) {
 *       sp2_heap *heap;
 *       uint32_t count;
 *       while (sp2_receive_stream_pop_wait(stream, &heap, 1, -1, &count) == SP2_OK) {
 *           ... sp2_heap_get_info, sp2_heap_get_items, sp2_heap_get_descriptors ...
 *           sp2_heap_release(heap);
 *       }
 *   }
 *   sp2_receive_stream_destroy(stream);
 *
 * Conventions. A function that can fail returns an sp2_status as int32_t; sp2_last_error_message
 * says what went wrong. Out-parameters are set on every path. A struct of options or results
 * starts with `size`, which its INIT macro sets: fields are only ever appended, and a library that
 * is handed a longer struct than it knows refuses it with SP2_E_TOO_NEW if a field that it does
 * not know is not zero. Reserved fields must be zero. Strings are UTF-8.
 *
 * Fork (Linux). Streams, sources, queues, chunk groups, thread pools and memory pools belong to the
 * process that made them. A forked child has copies, on which every function returns SP2_E_FORKED
 * at once, but sp2_receive_stream_stop, sp2_send_stream_stop, sp2_inproc_queue_stop,
 * sp2_chunk_group_stop and sp2_packet_source_remove, which return SP2_OK, and the functions that
 * destroy or release.
 * Destroying a stream or a thread pool closes the child's copies of its descriptors and nothing
 * else: the parent receives and sends as before, and the copies' memory stays until the child ends.
 * This is so after fork, _Fork and clone. The payload of heaps that were popped before the fork can
 * be read, and heaps can be released. With the C core they can be read as before, heaps to send can
 * be changed, an inherited memory pool serves on without refills, and the child can make streams of
 * its own; the AOT library refuses everything in the child of a process that has used it. A
 * callback of this library that forks must not return in the child. Programs that are started
 * (exec, posix_spawn, vfork) inherit no descriptor.
 *
 * Unloading. Once a program has loaded the library, it stays loaded until the process ends: dlclose
 * or FreeLibrary with live streams is harmless.
 */
#include "allocator.h"
#include "buffer.h"
#include "chunk.h"
#include "descriptor.h"
#include "dialect.h"
#include "export.h"
#include "heap.h"
#include "inproc.h"
#include "log.h"
#include "memory.h"
#include "packet.h"
#include "pcap.h"
#include "receive.h"
#include "send.h"
#include "source.h"
#include "statistics.h"
#include "status.h"
#include "tcp.h"
#include "thread_pool.h"
#include "udp.h"
#include "version.h"
#ifdef SP2_HAS_ITEMS
#include "items.h"
#endif

#endif
