/* SPDX-License-Identifier: MIT */
#include "transport/pcap_options.h"

#include <string.h>

#include "base/error.h"
#include "base/sized.h"

#if defined(_WIN32)
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#endif

#define KNOWN_FLAGS SP2_PCAP_OUTGOING

/* Frames have IPv4 addresses behind these bytes. */
static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static int32_t check_values(const sp2_pcap_source_options *options) {
    const uint32_t unknown = options->flags & ~(uint32_t)KNOWN_FLAGS;
    if (unknown != 0) {
        return sp2__fail(
            SP2_E_TOO_NEW, 0,
            "sp2_pcap_source_options.flags has 0x%x, which this library does not know yet",
            (unsigned)unknown);
    }
    if (options->reserved != 0) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_pcap_source_options.reserved must be 0, not %u",
                         (unsigned)options->reserved);
    }
    if (options->path == NULL || options->path[0] == '\0') {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_pcap_source_options.path must be set, to say what to read");
    }
    if (options->port > UINT16_MAX) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_pcap_source_options.port is %u, but ports end at %d",
                         (unsigned)options->port, UINT16_MAX);
    }
    return SP2_OK;
}

static int32_t read_address(const char *text, sp2__pcap_settings *settings) {
    if (text == NULL || text[0] == '\0') {
        return SP2_OK;
    }
    settings->has_address = true;
    memcpy(settings->address, v4_prefix, sizeof(v4_prefix));
    if (inet_pton(AF_INET, text, settings->address + sizeof(v4_prefix)) != 1 &&
        inet_pton(AF_INET6, text, settings->address) != 1) {
        return sp2__fail(SP2_E_ADDRESS, 0,
                         "sp2_pcap_source_options.address is \"%s\", which is no IPv4 or IPv6 "
                         "address",
                         text);
    }
    return SP2_OK;
}

int32_t sp2__pcap_options_read(const sp2_pcap_source_options *caller,
                               sp2__pcap_settings *settings) {
    sp2_pcap_source_options options;
    *settings = (sp2__pcap_settings){0};
    int32_t status = sp2__sized_read(caller, &options, sizeof(options), sizeof(options),
                                     "sp2_pcap_source_options");
    if (status == SP2_OK) {
        status = check_values(&options);
    }
    if (status == SP2_OK) {
        status = read_address(options.address, settings);
    }
    if (status == SP2_OK) {
        status = sp2__dialect_read(options.dialect, &settings->dialect);
    }
    settings->path = options.path;
    settings->outgoing = options.flags & SP2_PCAP_OUTGOING;
    settings->port = options.port;
    return status;
}
