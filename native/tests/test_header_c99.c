/* SPDX-License-Identifier: MIT */
/* Each header stands alone, in any order and twice, in C99 with -pedantic. */
#include <spead2core/heap.h>
#include <spead2core/log.h>
#include <spead2core/memory.h>
#include <spead2core/receive.h>
#include <spead2core/status.h>
#include <spead2core/thread_pool.h>
#include <spead2core/version.h>

#include <spead2core/spead2core.h>

/* Every INIT macro gives a struct that knows its size and is zero otherwise. */
int sp2_test_header_c99(void);
int sp2_test_header_c99(void) {
    sp2_receive_options receive = SP2_RECEIVE_OPTIONS_INIT;
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    sp2_thread_pool_options pool = SP2_THREAD_POOL_OPTIONS_INIT;
    sp2_receive_stats stats = SP2_RECEIVE_STATS_INIT;
    sp2_memory_stats memory = SP2_MEMORY_STATS_INIT;
    sp2_heap_info info = SP2_HEAP_INFO_INIT;
    return receive.size == sizeof(receive) && udp.size == sizeof(udp) &&
           pool.size == sizeof(pool) && stats.size == sizeof(stats) &&
           memory.size == sizeof(memory) && info.size == sizeof(info) && receive.flags == 0;
}
