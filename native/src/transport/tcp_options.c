/* SPDX-License-Identifier: MIT */
/* The rules that fields of sp2_tcp_source_options must keep to with each other. */
#include "transport/tcp_options.h"

#include <inttypes.h>

#include "base/error.h"
#include "base/sized.h"

#define KNOWN_FLAGS (SP2_TCP_EXISTING_SOCKET | SP2_TCP_CONNECT | SP2_TCP_REACCEPT)

static int32_t check_values(const sp2_tcp_source_options *options) {
    const uint32_t unknown = options->flags & ~(uint32_t)KNOWN_FLAGS;
    if (unknown != 0) {
        return sp2__fail(
            SP2_E_TOO_NEW, 0,
            "sp2_tcp_source_options.flags has 0x%x, which this library does not know yet",
            (unsigned)unknown);
    }
    if (options->port > UINT16_MAX) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_tcp_source_options.port is %u, but ports end at %d",
                         (unsigned)options->port, UINT16_MAX);
    }
    if (options->max_size > SP2_TCP_LARGEST_PACKET) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_tcp_source_options.max_size is %u, but must be at most %d",
                         (unsigned)options->max_size, SP2_TCP_LARGEST_PACKET);
    }
    if (options->socket != 0 && !(options->flags & SP2_TCP_EXISTING_SOCKET)) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_tcp_source_options.socket is %" PRId64
                         ", but flags lacks SP2_TCP_EXISTING_SOCKET, without which it is not used",
                         options->socket);
    }
    return SP2_OK;
}

static int32_t check_connect(const sp2_tcp_source_options *options) {
    if (!(options->flags & SP2_TCP_CONNECT)) {
        return SP2_OK;
    }
    if (options->flags & (SP2_TCP_REACCEPT | SP2_TCP_EXISTING_SOCKET)) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_tcp_source_options.flags has SP2_TCP_CONNECT and %s, but only one of "
                         "them may be set",
                         options->flags & SP2_TCP_REACCEPT ? "SP2_TCP_REACCEPT"
                                                           : "SP2_TCP_EXISTING_SOCKET");
    }
    if (options->host == NULL || options->port == 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_tcp_source_options.%s must be set with SP2_TCP_CONNECT, to say what "
                         "to connect to",
                         options->host == NULL ? "host" : "port");
    }
    return SP2_OK;
}

/* A user's socket is used as it is, so that nothing may be asked for. */
static int32_t check_socket(const sp2_tcp_source_options *options) {
    if (!(options->flags & SP2_TCP_EXISTING_SOCKET)) {
        return SP2_OK;
    }
    const char *field = options->host != NULL       ? "host"
                        : options->port != 0        ? "port"
                        : options->buffer_size != 0 ? "buffer_size"
                                                    : NULL;
    if (field != NULL) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_tcp_source_options.%s must be left at its default with "
                         "SP2_TCP_EXISTING_SOCKET: the socket is used as it is",
                         field);
    }
    bool listens = false;
    const int32_t status = sp2__tcp_inspect(options->socket, &listens);
    if (status == SP2_OK && !listens && options->flags & SP2_TCP_REACCEPT) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_tcp_source_options.flags has SP2_TCP_REACCEPT, but socket is "
                         "connected and does not listen");
    }
    return status;
}

int32_t sp2__tcp_options_read(const sp2_tcp_source_options *caller, sp2__tcp_config *config,
                              sp2__tcp_settings *settings) {
    sp2_tcp_source_options options;
    int32_t status = sp2__sized_read(caller, &options, sizeof(options), sizeof(options),
                                     "sp2_tcp_source_options");
    if (status != SP2_OK) {
        return status;
    }
    if (options.host != NULL && options.host[0] == '\0') {
        options.host = NULL; /* spead2 writes an empty string where nothing is said */
    }
    status = check_values(&options);
    if (status == SP2_OK) {
        status = check_connect(&options);
    }
    if (status == SP2_OK) {
        status = check_socket(&options);
    }
    if (status != SP2_OK) {
        return status;
    }
    *config = (sp2__tcp_config){
        .host = options.host,
        .port = options.port,
        .buffer_size = options.buffer_size,
        .connect = options.flags & SP2_TCP_CONNECT,
        .existing = options.flags & SP2_TCP_EXISTING_SOCKET,
        .socket = (intptr_t)options.socket,
    };
    *settings = (sp2__tcp_settings){
        .max_size = options.max_size != 0 ? options.max_size : SP2_TCP_DEFAULT_MAX_SIZE,
        .reaccepts = options.flags & SP2_TCP_REACCEPT,
    };
    return SP2_OK;
}
