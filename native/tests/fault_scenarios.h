/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_FAULT_SCENARIOS_H
#define SPEAD2CORE_TESTS_FAULT_SCENARIOS_H

#include "fault_trial.h"

/* What users do, by the names that the table of faults has for it. */
enum { SCENARIO_HEAPS = 20, SCENARIO_PACKETS = 120 };

int32_t scenario_make_threads(fault_trial *trial);
int32_t scenario_make_stream(fault_trial *trial);
int32_t scenario_add_readers(fault_trial *trial);
int32_t scenario_receive_heaps(fault_trial *trial);
int32_t scenario_receive_into_pool(fault_trial *trial);
int32_t scenario_share_pool(fault_trial *trial);
int32_t scenario_receive_into_mappings(fault_trial *trial);
int32_t scenario_receive_into_chunks(fault_trial *trial);
int32_t scenario_receive_large_heap(fault_trial *trial);
int32_t scenario_receive_with_functions(fault_trial *trial);
int32_t scenario_add_loopback(fault_trial *trial);
int32_t scenario_add_group(fault_trial *trial);
int32_t scenario_add_existing(fault_trial *trial);
int32_t scenario_share_port(fault_trial *trial);
int32_t scenario_share_group(fault_trial *trial);
int32_t scenario_open_handle(fault_trial *trial);
int32_t scenario_receive_by_udp(fault_trial *trial);
int32_t scenario_receive_with_full_ring(fault_trial *trial);
int32_t scenario_wait_in_vain(fault_trial *trial);
int32_t scenario_close_socket(fault_trial *trial);
int32_t scenario_shut_socket_down(fault_trial *trial);
#if !defined(_WIN32)
int32_t scenario_add_tcp(fault_trial *trial);
int32_t scenario_connect_tcp(fault_trial *trial);
int32_t scenario_add_existing_tcp(fault_trial *trial);
int32_t scenario_receive_by_tcp(fault_trial *trial);
int32_t scenario_add_writer(fault_trial *trial);
int32_t scenario_add_group_writer(fault_trial *trial);
int32_t scenario_add_existing_writer(fault_trial *trial);
int32_t scenario_send_by_udp(fault_trial *trial);
int32_t scenario_add_pcap(fault_trial *trial);
int32_t scenario_receive_by_pcap(fault_trial *trial);
#endif

#define IN_THREADS "three threads with names and CPUs", scenario_make_threads
#define IN_STREAM "a stream with all options", scenario_make_stream
#define IN_READERS "one packet source of each kind", scenario_add_readers
#define IN_DEFAULT_MEMORY "20 heaps in the default memory", scenario_receive_heaps
#define IN_MEMORY_POOL "20 heaps in a memory pool with refill", scenario_receive_into_pool
#define IN_SHARED_POOL "two streams that share a memory pool", scenario_share_pool
#define IN_MAPPING "a heap in a mapping of its own", scenario_receive_into_mappings
#define IN_LARGE_HEAP "a heap of 3 MiB in the default memory", scenario_receive_large_heap
#define IN_CHUNKS "20 heaps in chunks", scenario_receive_into_chunks
#define IN_FUNCTIONS                                                                               \
    "the user's memory, copying, statistics, callback and handle", scenario_receive_with_functions
#define IN_READER "a UDP source", scenario_add_loopback
#define IN_GROUP "a UDP source of a multicast group", scenario_add_group
#define IN_EXISTING "a UDP source with a user-supplied socket", scenario_add_existing
#define IN_SHARED_PORT "20 heaps by UDP, to two streams that share a port", scenario_share_port
#define IN_SHARED_GROUP "UDP sources of two streams that share a group", scenario_share_group
#define IN_EVENT_HANDLE "a handle for event loops", scenario_open_handle
#define IN_RECEIVING "20 heaps by UDP", scenario_receive_by_udp
#define IN_FULL_RING "20 heaps by UDP, with a full ring", scenario_receive_with_full_ring
#define IN_TCP "a TCP source", scenario_add_tcp
#define IN_TCP_CONNECTING "a TCP source that connects", scenario_connect_tcp
#define IN_TCP_EXISTING "a TCP source with a user-supplied socket", scenario_add_existing_tcp
#define IN_TCP_RECEIVING "20 heaps by TCP", scenario_receive_by_tcp
#define IN_WRITER "a UDP writer", scenario_add_writer
#define IN_GROUP_WRITER "a UDP writer to a multicast group", scenario_add_group_writer
#define IN_EXISTING_WRITER "a UDP writer with a user-supplied socket", scenario_add_existing_writer
#define IN_SENDING "20 heaps that are sent by UDP", scenario_send_by_udp
#define IN_PCAP "a source of a capture", scenario_add_pcap
#define IN_PCAP_RECEIVING "20 heaps of a capture", scenario_receive_by_pcap
#define IN_WAITING "a pop that waits for 20 ms", scenario_wait_in_vain

#endif
