/* SPDX-License-Identifier: MIT */
/* Every slot of a batch is an overlapped receive: those that nothing has arrived for are pending in
 * the kernel, which fills them in the order in which they were started. */
#include "transport/udp_socket.h"

#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/thread.h"
#include "os/windows/completion.h"
#include "os/windows/sockets.h"
#include "transport/udp_group.h"
/* After winsock2.h. */
#include <mswsock.h>

/* Of <ws2ipdef.h> and <mstcpip.h>, but not in the headers of every age. */
#ifndef UDP_RECV_MAX_COALESCED_SIZE
#define UDP_RECV_MAX_COALESCED_SIZE 3
#endif
#ifndef UDP_COALESCED_INFO
#define UDP_COALESCED_INFO 3
#endif
#ifndef SIO_UDP_CONNRESET
#define SIO_UDP_CONNRESET _WSAIOW(IOC_VENDOR, 12)
#endif

/* NTSTATUS of an operation whose message was longer than its slot. */
#define STATUS_OF_TRUNCATED ((ULONG_PTR)0x80000005)

/* The most that coalesced datagrams have together. */
#define LARGEST_JOINED 65535

static BOOL CALLBACK start_sockets(INIT_ONCE *once, void *parameter, void **context) {
    (void)once;
    (void)context;
    WSADATA data;
    *(int *)parameter = WSAStartup(MAKEWORD(2, 2), &data);
    return *(int *)parameter == 0;
}

int32_t sp2__require_sockets(void) {
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    int error = 0;
    if (InitOnceExecuteOnce(&once, start_sockets, &error, NULL)) {
        return SP2_OK;
    }
    char text[128];
    return sp2__fail(SP2_E_OS, error, "cannot start Windows Sockets: %s",
                     sp2__os_error_text(error, text, sizeof(text)));
}

static uint64_t granted_buffer(SOCKET socket) {
    int size = 0;
    int length = sizeof(size);
    getsockopt(socket, SOL_SOCKET, SO_RCVBUF, (char *)&size, &length);
    return (uint64_t)size;
}

static void set_buffer(SOCKET socket, const sp2__udp_config *config, sp2__logger *logger) {
    if (config->buffer_size == 0) {
        return;
    }
    const int size = config->buffer_size > INT_MAX ? INT_MAX : (int)config->buffer_size;
    const int failed = setsockopt(socket, SOL_SOCKET, SO_RCVBUF, (const char *)&size, sizeof(size));
    const int32_t error = failed ? WSAGetLastError() : 0;
    const uint64_t granted = granted_buffer(socket);
    if (error != 0) {
        char text[128];
        SP2__LOG(logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
                 "cannot set a socket buffer of %" PRIu64 " bytes (%s); it has %" PRIu64,
                 config->buffer_size, sp2__os_error_text(error, text, sizeof(text)), granted);
    } else if (granted < config->warn_below) {
        SP2__LOG(logger, SP2__MESSAGE_SOCKET, SP2_LOG_WARNING,
                 "asked for a socket buffer of %" PRIu64 " bytes, but the system granted %" PRIu64
                 ": packets may be lost in bursts",
                 config->buffer_size, granted);
    }
}

static int32_t fail_socket(const sp2__udp_config *config, const char *step) {
    const int32_t error = WSAGetLastError();
    char text[128];
    return sp2__fail(error == WSAENOBUFS ? SP2_E_NOMEM : SP2_E_OS, error,
                     "cannot %s UDP port %u of %s: %s", step, (unsigned)config->port,
                     sp2__udp_target(config), sp2__os_error_text(error, text, sizeof(text)));
}

/* Windows does not bind to a group: the port is bound on every address, and what is sent to another
 * group that this host has joined comes, too. */
static void use_any_address(sp2__ip_address *address) {
    if (address->any.sa_family == AF_INET6) {
        address->v6.sin6_addr = in6addr_any;
        address->v6.sin6_scope_id = 0;
    } else {
        address->v4.sin_addr.s_addr = htonl(INADDR_ANY);
    }
}

static uint32_t bound_port(SOCKET socket) {
    sp2__ip_address address;
    int length = sizeof(address);
    memset(&address, 0, sizeof(address));
    if (getsockname(socket, &address.any, &length) != 0) {
        return 0;
    }
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

/* Everything between opening and using a socket; the caller closes it on failure. */
static int32_t prepare(SOCKET socket, const sp2__udp_config *config, sp2__udp_address *address,
                       sp2__logger *logger) {
    set_buffer(socket, config, logger);
    if (address->multicast) {
        /* Joining needs a bound socket here, binding needs SO_REUSEADDR. */
        const BOOL on = TRUE;
        sp2__ip_address any = address->bind_to;
        use_any_address(&any);
        if (setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, (const char *)&on, sizeof(on)) != 0 ||
            bind(socket, &any.any, (int)address->length) != 0) {
            return fail_socket(config, "bind to");
        }
        return sp2__udp_join((intptr_t)socket, config, address);
    }
    if (bind(socket, &address->bind_to.any, (int)address->length) != 0) {
        return fail_socket(config, "bind to");
    }
    return SP2_OK;
}

/* The names of interfaces are in a library that the core does without. */
static int32_t resolve(const sp2__udp_config *config, int family, sp2__udp_address *address) {
    if (config->interface_name != NULL) {
        return sp2__fail(SP2_E_UNSUPPORTED, 0,
                         "sp2_udp_source_options.interface_name is \"%s\", but on Windows "
                         "interfaces have no such names here; use interface_index",
                         config->interface_name);
    }
    return sp2__udp_resolve(config, family, address);
}

static int32_t open_new(const sp2__udp_config *config, sp2__logger *logger, SOCKET *socket,
                        sp2__udp_address *address) {
    const int32_t status = resolve(config, AF_UNSPEC, address);
    if (status != SP2_OK) {
        return status;
    }
    *socket = WSASocketW(address->bind_to.any.sa_family, SOCK_DGRAM, IPPROTO_UDP, NULL, 0,
                         WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (*socket == INVALID_SOCKET) {
        return fail_socket(config, "open a socket for");
    }
    return prepare(*socket, config, address, logger);
}

static int socket_info(SOCKET socket, WSAPROTOCOL_INFOW *info) {
    int length = sizeof(*info);
    return getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)info, &length);
}

int32_t sp2__udp_inspect(const char *options, int64_t socket, uint32_t *port) {
    WSAPROTOCOL_INFOW info;
    const int32_t status = sp2__require_sockets();
    if (status != SP2_OK) {
        return status;
    }
    if (socket_info((SOCKET)socket, &info) != 0) {
        const int32_t error = WSAGetLastError();
        char text[128];
        return sp2__fail(SP2_E_ARG, error, "%s.socket is %" PRId64 ", which is no open socket: %s",
                         options, socket, sp2__os_error_text(error, text, sizeof(text)));
    }
    if ((info.iAddressFamily != AF_INET && info.iAddressFamily != AF_INET6) ||
        info.iSocketType != SOCK_DGRAM || info.iProtocol != IPPROTO_UDP) {
        return sp2__fail(SP2_E_ARG, 0,
                         "%s.socket is %" PRId64
                         ", which is a socket, but not one for UDP over IPv4 or IPv6",
                         options, socket);
    }
    *port = bound_port((SOCKET)socket);
    return SP2_OK;
}

static int32_t adopt(const sp2__udp_config *config, sp2__logger *logger, SOCKET *socket,
                     sp2__udp_address *address) {
    WSAPROTOCOL_INFOW info;
    if (WSADuplicateSocketW((SOCKET)config->socket, GetCurrentProcessId(), &info) != 0) {
        return fail_socket(config, "duplicate the socket of");
    }
    *socket = WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0,
                         WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (*socket == INVALID_SOCKET) {
        return fail_socket(config, "duplicate the socket of");
    }
    if (bound_port(*socket) != 0) {
        return SP2_OK;
    }
    const int32_t status = resolve(config, info.iAddressFamily, address);
    return status == SP2_OK ? prepare(*socket, config, address, logger) : status;
}

int32_t sp2__udp_open(const sp2__udp_config *config, sp2__logger *logger, sp2__udp_opened *opened) {
    SOCKET socket = INVALID_SOCKET;
    *opened = (sp2__udp_opened){0};
    int32_t status = sp2__require_sockets();
    if (status == SP2_OK) {
        status = config->existing ? adopt(config, logger, &socket, &opened->group)
                                  : open_new(config, logger, &socket, &opened->group);
    }
    if (status == SP2_OK) {
        opened->port = bound_port(socket);
        status = opened->port != 0 ? SP2_OK : fail_socket(config, "find out");
    }
    if (status != SP2_OK) {
        sp2__udp_address_free(&opened->group);
        if (socket != INVALID_SOCKET) {
            closesocket(socket);
        }
        return status;
    }
    /* A datagram that this host answered as unwanted is no reason to fail. */
    BOOL off = FALSE;
    DWORD returned;
    (void)WSAIoctl(socket, SIO_UDP_CONNRESET, &off, sizeof(off), NULL, 0, &returned, NULL, NULL);
    const DWORD most = LARGEST_JOINED;
    opened->joins = setsockopt(socket, IPPROTO_UDP, UDP_RECV_MAX_COALESCED_SIZE,
                               (const char *)&most, sizeof(most)) == 0;
    opened->buffer_size = UINT64_MAX; /* what waits beside the buffer has no limit that is known */
    opened->socket = (intptr_t)socket;
    return SP2_OK;
}

/* Nothing chooses between the sockets of a port: there is one. */
void sp2__udp_steer(intptr_t socket, uint32_t members) {
    (void)socket;
    (void)members;
}

bool sp2__udp_look(intptr_t socket, uint32_t *drops, bool *empty) {
    (void)socket;
    (void)drops;
    (void)empty;
    return false;
}

/* Bytes of control messages that options of a caller's socket ask for. */
#define OTHER_CONTROL 256

/* Room for the control message that is asked for, the size of coalesced datagrams, and others. */
typedef union control_buffer {
    WSACMSGHDR align;
    char bytes[WSA_CMSG_SPACE(sizeof(DWORD)) + OTHER_CONTROL];
} control_buffer;

typedef struct slot {
    sp2__operation operation; /* first */
    sp2__udp_batch *batch;
    WSABUF buffer;
    WSAMSG message;
    sp2__ip_address sender;
    control_buffer control;
} slot;

/*
 * The slots are a circle: first those that have been handed out, then those that have been given to
 * the kernel, in the order in which it fills them, then idle ones. An operation may be seen to be
 * done before an older one, but it is handed out after it. Under the source's lock, but for
 * `kept` and what the kernel does.
 */
struct sp2__udp_batch {
    uint32_t slots;
    uint32_t slot_size;
    slot *slot;
    uint8_t *bytes;
    uint32_t *taken; /* slots with a message, of those handed out */
    uint32_t first;  /* slot that is first of the circle */
    uint32_t out;    /* slots handed out */
    uint32_t given;  /* slots that the kernel fills or has filled */
    LPFN_WSARECVMSG receive;
    sp2__ip_address told; /* the sender that was told last */
    sp2__mutex lock;
    uint32_t kept; /* under the lock: operations that the kernel or the loop still has */
};

static slot *slot_at(sp2__udp_batch *batch, uint32_t place) {
    return &batch->slot[(batch->first + place) % batch->slots];
}

static void change_kept(sp2__udp_batch *batch, uint32_t change) {
    sp2__mutex_lock(&batch->lock);
    batch->kept += change;
    sp2__mutex_unlock(&batch->lock);
}

static void let_go(sp2__operation *operation) {
    change_kept(((slot *)operation)->batch, (uint32_t)-1);
}

void sp2__udp_describe(intptr_t socket, sp2_packet_source_info *info) {
    sp2__ip_address address;
    int length = sizeof(address);
    memset(&address, 0, sizeof(address));
    if (getsockname((SOCKET)socket, &address.any, &length) == 0) {
        sp2__ip_address_describe(&address, (uint32_t)length, info);
    }
}

void sp2__udp_close(intptr_t opened, sp2__udp_batch *batch) {
    const SOCKET socket = (SOCKET)opened;
    /* Closing does not cancel them where a caller has a handle of the same socket. */
    for (uint32_t i = 0; batch != NULL && i < batch->given; i++) {
        CancelIoEx((HANDLE)socket, &slot_at(batch, batch->out + i)->operation.overlapped);
    }
    closesocket(socket);
}

static void free_batch(sp2__udp_batch *batch) {
    sp2__mutex_destroy(&batch->lock);
    sp2__free(batch->taken);
    sp2__free(batch->slot);
    sp2__free(batch->bytes);
    sp2__free(batch);
}

/* The socket is closed, so the kernel returns its operations soon, and the loop after it. */
bool sp2__udp_batch_try_free(sp2__udp_batch *batch) {
    if (batch == NULL) {
        return true;
    }
    sp2__mutex_lock(&batch->lock);
    const bool idle = batch->kept == 0;
    sp2__mutex_unlock(&batch->lock);
    if (idle) {
        free_batch(batch);
    }
    return idle;
}

sp2__udp_batch *sp2__udp_batch_create(uint32_t slots, uint32_t slot_size) {
    sp2__udp_batch *batch = sp2__calloc_array(1, sizeof(*batch));
    if (batch == NULL) {
        return NULL;
    }
    sp2__mutex_init(&batch->lock);
    batch->slots = slots;
    batch->slot_size = slot_size;
    batch->slot = sp2__calloc_array(slots, sizeof(*batch->slot));
    batch->taken = sp2__calloc_array(slots, sizeof(*batch->taken));
    batch->bytes = sp2__alloc((size_t)slots * slot_size);
    if (batch->slot == NULL || batch->taken == NULL || batch->bytes == NULL) {
        free_batch(batch);
        return NULL;
    }
    for (uint32_t i = 0; i < slots; i++) {
        batch->slot[i].batch = batch;
        batch->slot[i].operation.let_go = let_go;
        batch->slot[i].buffer.buf = (char *)batch->bytes + (size_t)i * slot_size;
        batch->slot[i].buffer.len = slot_size;
    }
    return batch;
}

static int32_t find_receive(SOCKET socket, sp2__udp_batch *batch) {
    GUID id = WSAID_WSARECVMSG;
    DWORD returned;
    if (batch->receive == NULL &&
        WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &batch->receive,
                 sizeof(batch->receive), &returned, NULL, NULL) != 0) {
        return WSAGetLastError();
    }
    return 0;
}

/* Gives a slot to the kernel. */
static int32_t start_receive(SOCKET socket, sp2__udp_batch *batch, slot *s) {
    memset(&s->operation.overlapped, 0, sizeof(s->operation.overlapped));
    s->operation.done = false;
    memset(&s->sender, 0, sizeof(s->sender));
    s->message = (WSAMSG){
        .name = &s->sender.any,
        .namelen = sizeof(s->sender),
        .lpBuffers = &s->buffer,
        .dwBufferCount = 1,
        .Control = {.buf = s->control.bytes, .len = sizeof(s->control)},
    };
    change_kept(batch, 1);
    if (batch->receive(socket, &s->message, NULL, &s->operation.overlapped, NULL) == 0) {
        return 0;
    }
    const int32_t error = WSAGetLastError();
    /* A message that is too long completes as any other. */
    if (error == WSA_IO_PENDING || error == WSAEMSGSIZE) {
        return 0;
    }
    change_kept(batch, (uint32_t)-1);
    return error;
}

/* Takes back what was handed out, and gives all idle slots to the kernel. */
static int32_t start_idle_slots(SOCKET socket, sp2__udp_batch *batch) {
    int32_t error = find_receive(socket, batch);
    batch->first = (batch->first + batch->out) % batch->slots;
    batch->out = 0;
    while (error == 0 && batch->given < batch->slots) {
        error = start_receive(socket, batch, slot_at(batch, batch->given));
        batch->given += error == 0;
    }
    return error;
}

static ULONG_PTR status_of(const slot *s) {
    return s->operation.overlapped.Internal & 0xffffffff;
}

/* Whether an operation has brought a message; *error says why not. */
static bool succeeded(SOCKET socket, slot *s, int32_t *error) {
    DWORD bytes;
    DWORD flags;
    if (status_of(s) == 0 || status_of(s) == STATUS_OF_TRUNCATED) {
        return true;
    }
    if (!WSAGetOverlappedResult(socket, &s->operation.overlapped, &bytes, FALSE, &flags)) {
        *error = WSAGetLastError();
    }
    return false;
}

void sp2__udp_receive(intptr_t opened, sp2__udp_batch *batch, sp2__udp_reception *reception) {
    const SOCKET socket = (SOCKET)opened;
    int32_t error = start_idle_slots(socket, batch);
    uint32_t count = 0;
    while (batch->given != 0 && slot_at(batch, batch->out)->operation.done) {
        slot *s = slot_at(batch, batch->out++);
        batch->given--;
        if (succeeded(socket, s, &error)) {
            batch->taken[count++] = (uint32_t)(s - batch->slot);
        }
    }
    const bool ended = error == WSAESHUTDOWN;
    *reception = (sp2__udp_reception){
        .count = count,
        .error = error,
        /* Else those that are done, and those that are idle, would have nobody who asks for them.
         * Of a socket that has ended nobody needs to. */
        .again = batch->given != batch->slots && !ended,
        .ended = ended,
    };
}

/* Size of the datagrams that were joined into a message; 0 if none were. */
static uint32_t joined_size(WSAMSG *message) {
    for (WSACMSGHDR *control = WSA_CMSG_FIRSTHDR(message); control != NULL;
         control = WSA_CMSG_NXTHDR(message, control)) {
        if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_COALESCED_INFO) {
            DWORD size;
            memcpy(&size, WSA_CMSG_DATA(control), sizeof(size));
            return size;
        }
    }
    return 0;
}

sp2__udp_message sp2__udp_message_at(const sp2__udp_batch *batch, uint32_t index) {
    slot *s = &batch->slot[batch->taken[index]];
    const bool truncated =
        status_of(s) == STATUS_OF_TRUNCATED || (s->message.dwFlags & MSG_TRUNC) != 0;
    const uint32_t length =
        truncated ? batch->slot_size : (uint32_t)s->operation.overlapped.InternalHigh;
    const uint32_t joined = joined_size(&s->message);
    return (sp2__udp_message){
        .data = (const uint8_t *)s->buffer.buf,
        .length = length,
        .segment = joined != 0 ? joined : length,
        .truncated = truncated,
        .sender = &s->sender,
    };
}

/* Each slot has its own, and costs nothing. */
void sp2__udp_batch_ask_senders(sp2__udp_batch *batch, bool all) {
    (void)batch;
    (void)all;
}

void sp2__udp_tell_sender(sp2__udp_batch *batch, sp2_packet_source_stats *stats) {
    const sp2__ip_address *sender = &batch->slot[batch->taken[0]].sender;
    if (memcmp(sender, &batch->told, sizeof(*sender)) != 0) {
        batch->told = *sender;
        sp2__ip_address_tell(sender, stats->sender, sizeof(stats->sender), &stats->sender_port);
    }
}

/* Windows does not say how many datagrams of a socket it has dropped. */
void sp2__udp_count_drops(intptr_t socket, uint32_t *seen, _Atomic uint64_t *dropped) {
    (void)socket;
    (void)seen;
    (void)dropped;
}
