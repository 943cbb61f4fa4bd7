/* SPDX-License-Identifier: MIT */
#include "transport/tcp_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

/* Connections that wait to be accepted; the kernel refuses to keep more. */
#define BACKLOG 16

static int socket_property(int fd, int option) {
    int value = -1;
    socklen_t length = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

bool sp2__tcp_peer(intptr_t socket, sp2__ip_address *peer) {
    socklen_t length = sizeof(*peer);
    memset(peer, 0, sizeof(*peer));
    return getpeername((int)socket, &peer->any, &length) == 0;
}

int32_t sp2__tcp_inspect(int64_t socket, bool *listens) {
    const int fd = socket < 0 || socket > INT_MAX ? -1 : (int)socket;
    const int family = socket_property(fd, SO_DOMAIN);
    if (family < 0) {
        const int error = errno;
        char text[128];
        return sp2__fail(SP2_E_ARG, error,
                         "sp2_tcp_source_options.socket is %" PRId64
                         ", which is no open socket: %s",
                         socket, sp2__os_error_text(error, text, sizeof(text)));
    }
    sp2__ip_address peer;
    *listens = socket_property(fd, SO_ACCEPTCONN) == 1;
    if ((family != AF_INET && family != AF_INET6) ||
        socket_property(fd, SO_PROTOCOL) != IPPROTO_TCP ||
        (!*listens && !sp2__tcp_peer(fd, &peer))) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_tcp_source_options.socket is %" PRId64
                         ", which is a socket, but not one for TCP that listens or is connected",
                         socket);
    }
    return SP2_OK;
}

static const char *place_of(const sp2__tcp_config *config) {
    return config->host != NULL ? config->host : "any address";
}

static int32_t fail_socket(const sp2__tcp_config *config, int error, const char *step) {
    char text[128];
    return sp2__fail(sp2__os_error_is_memory(error) ? SP2_E_NOMEM : SP2_E_OS, error,
                     "cannot %s TCP port %u of %s: %s", step, (unsigned)config->port,
                     place_of(config), sp2__os_error_text(error, text, sizeof(text)));
}

static int32_t resolve(const sp2__tcp_config *config, sp2__ip_address *address) {
    memset(address, 0, sizeof(*address));
    address->any.sa_family = AF_INET;
    if (config->host != NULL) {
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
        struct addrinfo *found = NULL;
        const int error = getaddrinfo(config->host, NULL, &hints, &found);
        if (error != 0) {
            const int32_t code = error == EAI_SYSTEM ? errno : 0;
            char text[128];
            return sp2__fail(SP2_E_ADDRESS, code,
                             "cannot resolve sp2_tcp_source_options.host \"%s\": %s", config->host,
                             error == EAI_SYSTEM ? sp2__os_error_text(code, text, sizeof(text))
                                                 : gai_strerror(error));
        }
        memcpy(address, found->ai_addr, found->ai_addrlen);
        freeaddrinfo(found);
    }
    if (address->any.sa_family == AF_INET6) {
        address->v6.sin6_port = htons((uint16_t)config->port);
    } else {
        address->v4.sin_port = htons((uint16_t)config->port);
    }
    return SP2_OK;
}

static socklen_t length_of(const sp2__ip_address *address) {
    return address->any.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
}

/* Before a connection is made: it says how much may be on its way. */
static void set_buffer(int fd, const sp2__tcp_config *config, sp2__logger *logger) {
    const int size = (int)(config->buffer_size < INT_MAX / 2 ? config->buffer_size : INT_MAX / 2);
    if (size != 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) != 0) {
        const int error = errno;
        char text[128];
        SP2__LOG(logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
                 "cannot set a socket buffer of %" PRIu64 " bytes: %s", config->buffer_size,
                 sp2__os_error_text(error, text, sizeof(text)));
    }
}

static int32_t start_listening(int fd, const sp2__tcp_config *config,
                               const sp2__ip_address *address) {
    const int on = 1;
    /* So that a port can be listened at whose last connections the kernel still remembers. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, &address->any, length_of(address)) != 0) {
        return fail_socket(config, errno, "bind to");
    }
    return listen(fd, BACKLOG) == 0 ? SP2_OK : fail_socket(config, errno, "listen at");
}

static int32_t start_connecting(int fd, const sp2__tcp_config *config,
                                const sp2__ip_address *address) {
    if (connect(fd, &address->any, length_of(address)) != 0 && errno != EINPROGRESS &&
        errno != EINTR) {
        return fail_socket(config, errno, "connect to");
    }
    return SP2_OK;
}

static int32_t open_new(const sp2__tcp_config *config, sp2__logger *logger, int *fd) {
    sp2__ip_address address;
    const int32_t status = resolve(config, &address);
    if (status != SP2_OK) {
        return status;
    }
    *fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (*fd < 0) {
        return fail_socket(config, errno, "open a socket for");
    }
    set_buffer(*fd, config, logger);
    return config->connect ? start_connecting(*fd, config, &address)
                           : start_listening(*fd, config, &address);
}

static int32_t adopt(const sp2__tcp_config *config, int *fd) {
    *fd = fcntl((int)config->socket, F_DUPFD_CLOEXEC, 0);
    if (*fd < 0) {
        const int error = errno;
        char text[128];
        return sp2__fail(SP2_E_OS, error, "cannot duplicate the socket %jd: %s",
                         (intmax_t)config->socket, sp2__os_error_text(error, text, sizeof(text)));
    }
    const int flags = fcntl(*fd, F_GETFL, 0);
    if (socket_property(*fd, SO_ACCEPTCONN) == 1 && fcntl(*fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        const int error = errno;
        char text[128];
        return sp2__fail(SP2_E_OS, error, "cannot make the socket %jd non-blocking: %s",
                         (intmax_t)config->socket, sp2__os_error_text(error, text, sizeof(text)));
    }
    return SP2_OK;
}

int32_t sp2__tcp_open(const sp2__tcp_config *config, sp2__logger *logger, intptr_t *opened,
                      sp2__tcp_progress *progress) {
    int fd = -1;
    const int32_t status = config->existing ? adopt(config, &fd) : open_new(config, logger, &fd);
    if (status != SP2_OK) {
        if (fd >= 0) {
            close(fd);
        }
        return status;
    }
    *opened = fd;
    *progress = config->connect                           ? SP2__TCP_CONNECTING
                : socket_property(fd, SO_ACCEPTCONN) == 1 ? SP2__TCP_LISTENING
                                                          : SP2__TCP_CONNECTED;
    return SP2_OK;
}

void sp2__tcp_describe(intptr_t socket, sp2_packet_source_info *info) {
    sp2__ip_address address;
    socklen_t length = sizeof(address);
    memset(&address, 0, sizeof(address));
    if (getsockname((int)socket, &address.any, &length) == 0) {
        sp2__ip_address_describe(&address, (uint32_t)length, info);
        info->port =
            ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
    }
}

static sp2__tcp_outcome outcome_of(int32_t error) {
    switch (error) {
    case EAGAIN:
        return SP2__TCP_NOTHING;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return SP2__TCP_SHORTAGE;
    default:
        return SP2__TCP_FAILED;
    }
}

sp2__tcp_outcome sp2__tcp_accept(intptr_t listener, intptr_t *connection, int32_t *error) {
    int fd;
    do {
        fd = accept4((int)listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    } while (fd < 0 && errno == EINTR);
    if (fd >= 0) {
        *connection = fd;
        return SP2__TCP_DONE;
    }
    *error = errno;
    switch (*error) {
    /* Of these the system says that they are the connection's, and that accept is to be called
     * again. */
    case ECONNABORTED:
    case EPERM:
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ETIMEDOUT:
        return SP2__TCP_HICCUP;
    default:
        return outcome_of(*error);
    }
}

sp2__tcp_outcome sp2__tcp_finish_connect(intptr_t socket, int32_t *error) {
    sp2__ip_address peer;
    socklen_t length = sizeof(*error);
    if (getsockopt((int)socket, SOL_SOCKET, SO_ERROR, error, &length) != 0) {
        *error = errno;
    }
    if (*error != 0) {
        return SP2__TCP_FAILED;
    }
    return sp2__tcp_peer(socket, &peer) ? SP2__TCP_DONE : SP2__TCP_NOTHING;
}

sp2__tcp_outcome sp2__tcp_receive(intptr_t socket, uint8_t *bytes, uint64_t room,
                                  uint64_t *received, int32_t *error) {
    ssize_t count;
    do {
        count = recv((int)socket, bytes, (size_t)room, MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count >= 0) {
        *received = (uint64_t)count;
        return SP2__TCP_DONE;
    }
    *error = errno;
    return outcome_of(*error);
}

void sp2__tcp_close(intptr_t socket) {
    close((int)socket);
}
