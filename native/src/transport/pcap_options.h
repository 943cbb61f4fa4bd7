/* SPDX-License-Identifier: MIT */
#ifndef SP2_TRANSPORT_PCAP_OPTIONS_H
#define SP2_TRANSPORT_PCAP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/dialect.h"
#include "spead2core/pcap.h"

/* A caller's options, read and checked. */
typedef struct sp2__pcap_settings {
    const char *path; /* the caller's */
    bool outgoing;
    bool has_address;
    uint8_t address[16]; /* as in packet/frame.h */
    uint32_t port;       /* 0: any */
    sp2__dialect dialect;
} sp2__pcap_settings;

/* Returns SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW or SP2_E_ADDRESS. */
int32_t sp2__pcap_options_read(const sp2_pcap_source_options *caller, sp2__pcap_settings *settings);

#endif
