/* SPDX-License-Identifier: MIT */
/* The rules that fields of sp2_udp_source_options must keep to with each other. */
#include "transport/udp_options.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/sized.h"

/* A smaller socket buffer than this overflows when a receiver stalls for a millisecond or two. */
#define SMALLEST_GOOD_BUFFER ((uint64_t)8 << 20)

/* spead2 writes an empty string where nothing is said. */
static const char *unless_empty(const char *text) {
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static int32_t check_values(const sp2_udp_source_options *options) {
    const uint32_t unknown = options->flags & ~(uint32_t)SP2_UDP_EXISTING_SOCKET;
    if (unknown != 0) {
        return sp2__fail(
            SP2_E_TOO_NEW, 0,
            "sp2_udp_source_options.flags has 0x%x, which this library does not know yet",
            (unsigned)unknown);
    }
    if (options->port > UINT16_MAX) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_udp_source_options.port is %u, but ports end at %d",
                         (unsigned)options->port, UINT16_MAX);
    }
    if (options->max_size > SP2_UDP_LARGEST_DATAGRAM) {
        return sp2__fail(
            SP2_E_ARG, 0,
            "sp2_udp_source_options.max_size is %u, but a datagram has at most %d bytes",
            (unsigned)options->max_size, SP2_UDP_LARGEST_DATAGRAM);
    }
    if (options->socket != 0 && !(options->flags & SP2_UDP_EXISTING_SOCKET)) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_udp_source_options.socket is %" PRId64
                         ", but flags lacks SP2_UDP_EXISTING_SOCKET, without which it is not used",
                         options->socket);
    }
    return SP2_OK;
}

/* What only a group can have must not be set without one. */
static int32_t check_no_group(const sp2_udp_source_options *options) {
    const char *field = NULL;
    const char *text = NULL;
    char value[24];
    if (options->interface_address != NULL) {
        field = "interface_address";
        text = options->interface_address;
    } else if (options->interface_name != NULL) {
        field = "interface_name";
        text = options->interface_name;
    } else if (options->interface_index != 0) {
        field = "interface_index";
        snprintf(value, sizeof(value), "%u", (unsigned)options->interface_index);
        text = value;
    } else if (options->sender_count != 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_udp_source_options.sender_count is %u, but there is no group to join "
                         "for these senders; set group",
                         (unsigned)options->sender_count);
    }
    if (field == NULL) {
        return SP2_OK;
    }
    return sp2__fail(SP2_E_ARG, 0,
                     "sp2_udp_source_options.%s is \"%s\", but there is no group to join on it; "
                     "set group, or use bind_host to receive what is sent to one address",
                     field, text);
}

static int32_t check_senders(const sp2_udp_source_options *options) {
    if ((options->sender_count != 0) != (options->senders != NULL)) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_udp_source_options.sender_count is %u, but senders is %s; set both "
                         "or none of them",
                         (unsigned)options->sender_count,
                         options->senders != NULL ? "set" : "NULL");
    }
    for (uint32_t i = 0; i < options->sender_count; i++) {
        if (unless_empty(options->senders[i]) == NULL) {
            return sp2__fail(SP2_E_ARG, 0,
                             "sp2_udp_source_options.senders[%u] is %s; it must be the host name "
                             "or address of a sender",
                             (unsigned)i, options->senders[i] == NULL ? "NULL" : "an empty string");
        }
    }
    return SP2_OK;
}

/* There are three ways to name one interface. */
static int32_t check_interface(const sp2_udp_source_options *options) {
    const char *fields[3];
    int count = 0;
    if (options->interface_name != NULL) {
        fields[count++] = "interface_name";
    }
    if (options->interface_address != NULL) {
        fields[count++] = "interface_address";
    }
    if (options->interface_index != 0) {
        fields[count++] = "interface_index";
    }
    return count < 2 ? SP2_OK
                     : sp2__fail(SP2_E_ARG, 0,
                                 "sp2_udp_source_options.%s and %s are both set, but only one of "
                                 "them may be: each of them names the interface",
                                 fields[0], fields[1]);
}

/* Of the two forms, options must be one. */
static int32_t check_form(const sp2_udp_source_options *options) {
    const int32_t status = check_senders(options);
    if (status != SP2_OK || options->group == NULL) {
        return status != SP2_OK ? status : check_no_group(options);
    }
    if (options->group[0] == '\0') {
        return sp2__fail(
            SP2_E_ARG, 0,
            "sp2_udp_source_options.group is an empty string; it must be a multicast group, "
            "or NULL");
    }
    if (options->bind_host != NULL) {
        return sp2__fail(
            SP2_E_ARG, 0,
            "sp2_udp_source_options.bind_host is \"%s\" and group is \"%s\", but only one of "
            "them may be set: a group is what is bound to",
            options->bind_host, options->group);
    }
    return check_interface(options);
}

/* A socket that is bound is used as it is, so that nothing may be asked for. */
static int32_t check_bound(const sp2_udp_source_options *options, uint32_t bound) {
    char value[24];
    const char *field = NULL;
    const char *text = value;
    if (options->bind_host != NULL) {
        field = "bind_host";
        text = options->bind_host;
    } else if (options->group != NULL) {
        field = "group";
        text = options->group;
    } else if (options->buffer_size != 0) {
        field = "buffer_size";
        snprintf(value, sizeof(value), "%" PRIu64, options->buffer_size);
    } else if (options->port != 0 && options->port != bound) {
        field = "port";
        snprintf(value, sizeof(value), "%u", (unsigned)options->port);
    }
    if (field == NULL) {
        return SP2_OK;
    }
    return sp2__fail(
        SP2_E_ARG, 0,
        "sp2_udp_source_options.%s is %s, but the socket is bound to port %u already and "
        "used as it is; leave the field at its default, or hand in a socket that is "
        "not bound",
        field, text, (unsigned)bound);
}

static int32_t check_socket(const sp2_udp_source_options *options) {
    uint32_t bound;
    const int32_t status = sp2__udp_inspect("sp2_udp_source_options", options->socket, &bound);
    return status != SP2_OK || bound == 0 ? status : check_bound(options, bound);
}

int32_t sp2__udp_options_read(const sp2_udp_source_options *caller, sp2__udp_config *config,
                              sp2__dialect *dialect, uint32_t *max_size) {
    sp2_udp_source_options options;
    int32_t status = sp2__sized_read(caller, &options, sizeof(options), sizeof(options),
                                     "sp2_udp_source_options");
    if (status != SP2_OK) {
        return status;
    }
    options.bind_host = unless_empty(options.bind_host);
    options.interface_address = unless_empty(options.interface_address);
    options.interface_name = unless_empty(options.interface_name);
    status = check_values(&options);
    if (status == SP2_OK) {
        status = sp2__dialect_read(options.dialect, dialect);
    }
    if (status == SP2_OK) {
        status = check_form(&options);
    }
    if (status == SP2_OK && options.flags & SP2_UDP_EXISTING_SOCKET) {
        status = check_socket(&options);
    }
    if (status != SP2_OK) {
        return status;
    }
    *config = (sp2__udp_config){
        .bind_host = options.bind_host,
        .group = options.group,
        .interface_address = options.interface_address,
        .interface_name = options.interface_name,
        .interface_index = options.interface_index,
        .senders = options.senders,
        .sender_count = options.sender_count,
        .port = options.port,
        .buffer_size = options.buffer_size,
        .warn_below = options.buffer_size,
        .existing = options.flags & SP2_UDP_EXISTING_SOCKET,
        .socket = (intptr_t)options.socket,
    };
    if (options.buffer_size == 0) {
        config->buffer_size = SP2_UDP_DEFAULT_BUFFER_SIZE;
        config->warn_below = SMALLEST_GOOD_BUFFER;
    } else if (options.buffer_size == SP2_UDP_BUFFER_SIZE_OS) {
        config->buffer_size = 0;
    }
    *max_size = options.max_size != 0 ? options.max_size : SP2_UDP_DEFAULT_MAX_SIZE;
    return SP2_OK;
}
