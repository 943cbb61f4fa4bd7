/* SPDX-License-Identifier: MIT */
#include "transport/udp_address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#if !defined(_WIN32)
#include <arpa/inet.h>
#include <netdb.h>
#endif

#include "base/alloc.h"
#include "base/error.h"

const char *sp2__ip_family_name(int family) {
    return family == AF_INET6 ? "IPv6" : "IPv4";
}

static bool is_given(const char *text) {
    return text != NULL && text[0] != '\0';
}

static int32_t fail_to_resolve(const char *field, const char *host, int error) {
    int32_t os_code = 0;
    const char *reason = gai_strerror(error);
#if defined(EAI_SYSTEM)
    char text[128];
    if (error == EAI_SYSTEM) {
        os_code = errno;
        reason = sp2__os_error_text(os_code, text, sizeof(text));
    }
#endif
    return sp2__fail(SP2_E_ADDRESS, os_code, "cannot resolve sp2_udp_source_options.%s \"%s\": %s",
                     field, host, reason);
}

/*
 * The first address of this family (AF_UNSPEC: of either) that the name in an option resolves to.
 * `reason` says why it must be that family.
 */
static int32_t look_up(const char *field, const char *host, int family, const char *reason,
                       sp2__ip_address *address) {
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *results = NULL;
    const int error = getaddrinfo(host, NULL, &hints, &results);
    if (error != 0) {
        return fail_to_resolve(field, host, error);
    }
    const struct addrinfo *found = results;
    while (found != NULL && (found->ai_addrlen > sizeof(*address) ||
                             (family != AF_UNSPEC && found->ai_family != family))) {
        found = found->ai_next;
    }
    if (found != NULL) {
        memcpy(address, found->ai_addr, found->ai_addrlen);
    }
    freeaddrinfo(results);
    if (found == NULL) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_udp_source_options.%s is \"%s\", which is no %s address, but %s",
                         field, host, sp2__ip_family_name(family), reason);
    }
    return SP2_OK;
}

/* IPv4 groups are 224.0.0.0/4. */
static bool is_multicast(const sp2__ip_address *address) {
    return address->any.sa_family == AF_INET6 ? IN6_IS_ADDR_MULTICAST(&address->v6.sin6_addr)
                                              : ntohl(address->v4.sin_addr.s_addr) >> 28 == 0xe;
}

/* Every address of the host, of the existing socket's family. */
static void set_any_address(int family, sp2__ip_address *address) {
    memset(address, 0, sizeof(*address));
    address->any.sa_family = family == AF_INET6 ? AF_INET6 : AF_INET;
}

/* An IPv4 group, or the address of the interface itself. */
static int32_t check_group_v4(const sp2__udp_config *config, sp2__udp_address *address) {
    struct in_addr *group = &address->bind_to.v4.sin_addr;
    if (is_given(config->interface_address)) {
        sp2__ip_address found;
        const int32_t status = look_up("interface_address", config->interface_address, AF_INET,
                                       "interface_address goes with IPv4 groups", &found);
        if (status != SP2_OK) {
            return status;
        }
        address->interface_v4 = found.v4.sin_addr;
    }
    address->interface_index = config->interface_index;
    if (group->s_addr == htonl(INADDR_ANY)) {
        *group = address->interface_v4;
    }
    address->multicast = is_multicast(&address->bind_to);
    if (!address->multicast && group->s_addr != address->interface_v4.s_addr) {
        return sp2__fail(
            SP2_E_ARG, 0,
            "sp2_udp_source_options.group is \"%s\", which is neither a multicast group nor "
            "the address of the interface (interface_address is \"%s\"); use "
            "bind_host to receive what is sent to one address",
            config->group, is_given(config->interface_address) ? config->interface_address : "");
    }
    return SP2_OK;
}

static int32_t check_group_v6(const sp2__udp_config *config, sp2__udp_address *address) {
    const uint32_t scope = (uint32_t)address->bind_to.v6.sin6_scope_id;
    address->multicast = is_multicast(&address->bind_to);
    if (!address->multicast) {
        return sp2__fail(
            SP2_E_ARG, 0,
            "sp2_udp_source_options.group is \"%s\", which is not a multicast group; use "
            "bind_host to receive what is sent to one address",
            config->group);
    }
    if (scope != 0 && config->interface_index != 0 && scope != config->interface_index) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_udp_source_options.group is \"%s\", which is on interface %u, but "
                         "interface_index is %u",
                         config->group, (unsigned)scope, (unsigned)config->interface_index);
    }
    return SP2_OK;
}

/* Options with a group. */
static int32_t resolve_group(const sp2__udp_config *config, int family, sp2__udp_address *address) {
    const char *reason = "that is what the socket is for";
    int wanted = family;
    if (is_given(config->interface_address)) {
        wanted = AF_INET;
        reason = "interface_address goes with IPv4 groups (any group may have interface_index)";
    }
    if (family != AF_UNSPEC && wanted != family) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_udp_source_options.socket is an %s socket, but %s",
                         sp2__ip_family_name(family), reason);
    }
    const int32_t status = look_up("group", config->group, wanted, reason, &address->bind_to);
    if (status != SP2_OK) {
        return status;
    }
    return address->bind_to.any.sa_family == AF_INET6 ? check_group_v6(config, address)
                                                      : check_group_v4(config, address);
}

/* The interface of an IPv6 group is a part of its address, without which groups of a link cannot be
 * bound. */
static int32_t set_interface_v6(const sp2__udp_config *config, sp2__udp_address *address) {
    struct sockaddr_in6 *group = &address->bind_to.v6;
    if (config->interface_index != 0) {
        group->sin6_scope_id = config->interface_index;
    }
    address->interface_index = (uint32_t)group->sin6_scope_id;
    if (address->interface_index == 0 && !is_given(config->interface_name) &&
        (IN6_IS_ADDR_MC_LINKLOCAL(&group->sin6_addr) ||
         IN6_IS_ADDR_MC_NODELOCAL(&group->sin6_addr))) {
        return sp2__fail(SP2_E_ARG, 0,
                         "the group \"%s\" exists on every link apart: interface_name or "
                         "interface_index must say which one is meant (or \"%s%%INTERFACE\")",
                         config->group != NULL ? config->group : config->bind_host,
                         config->group != NULL ? config->group : config->bind_host);
    }
    return SP2_OK;
}

/* Writes what is known of the interface; the code for each system may know more. */
static void name_interface(const sp2__udp_config *config, sp2__udp_address *address) {
    if (is_given(config->interface_name) || is_given(config->interface_address)) {
        snprintf(address->interface_name, sizeof(address->interface_name), "%s",
                 is_given(config->interface_name) ? config->interface_name
                                                  : config->interface_address);
    } else if (address->interface_index != 0) {
        snprintf(address->interface_name, sizeof(address->interface_name), "%u",
                 (unsigned)address->interface_index);
    }
}

static bool has_sender(const sp2__udp_address *address, const sp2__ip_address *sender) {
    for (uint32_t i = 0; i < address->sender_count; i++) {
        const sp2__ip_address *known = &address->senders[i];
        if (sender->any.sa_family == AF_INET6
                ? memcmp(&known->v6.sin6_addr, &sender->v6.sin6_addr, sizeof(struct in6_addr)) == 0
                : known->v4.sin_addr.s_addr == sender->v4.sin_addr.s_addr) {
            return true;
        }
    }
    return false;
}

static int32_t resolve_senders(const sp2__udp_config *config, sp2__udp_address *address) {
    if (config->sender_count == 0) {
        return SP2_OK;
    }
    if (!address->multicast) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_udp_source_options.senders is set, but \"%s\" is not a multicast "
                         "group, which is what senders are chosen for",
                         config->group);
    }
    address->senders = sp2__calloc_array(config->sender_count, sizeof(*address->senders));
    if (address->senders == NULL) {
        return sp2__fail_memory("the senders of a UDP source");
    }
    for (uint32_t i = 0; i < config->sender_count; i++) {
        char field[32];
        sp2__ip_address sender = {0};
        snprintf(field, sizeof(field), "senders[%u]", (unsigned)i);
        const int32_t status = look_up(field, config->senders[i], address->bind_to.any.sa_family,
                                       "a group and its senders are of one family", &sender);
        if (status != SP2_OK) {
            return status;
        }
        if (!has_sender(address, &sender)) {
            address->senders[address->sender_count++] = sender;
        }
    }
    return SP2_OK;
}

void sp2__udp_address_free(sp2__udp_address *address) {
    sp2__free(address->senders);
    address->senders = NULL;
    address->sender_count = 0;
}

int32_t sp2__udp_resolve(const sp2__udp_config *config, int family, sp2__udp_address *address) {
    *address = (sp2__udp_address){0};
    int32_t status = SP2_OK;
    if (config->group != NULL) {
        status = resolve_group(config, family, address);
    } else if (is_given(config->bind_host)) {
        status = look_up("bind_host", config->bind_host, family, "that is what the socket is for",
                         &address->bind_to);
        address->multicast = status == SP2_OK && is_multicast(&address->bind_to);
    } else {
        set_any_address(family, &address->bind_to);
    }
    const bool v6 = address->bind_to.any.sa_family == AF_INET6;
    if (status == SP2_OK && v6 && address->multicast) {
        status = set_interface_v6(config, address);
    }
    if (status == SP2_OK) {
        name_interface(config, address);
        status = resolve_senders(config, address);
    }
    if (status != SP2_OK) {
        return status;
    }
    const uint16_t port = htons((uint16_t)config->port);
    if (v6) {
        address->bind_to.v6.sin6_port = port;
    } else {
        address->bind_to.v4.sin_port = port;
    }
    address->length = v6 ? sizeof(address->bind_to.v6) : sizeof(address->bind_to.v4);
    return SP2_OK;
}

void sp2__ip_address_describe(const sp2__ip_address *address, uint32_t length,
                              sp2_packet_source_info *info) {
    if (getnameinfo(&address->any, (socklen_t)length, info->address, sizeof(info->address), NULL, 0,
                    NI_NUMERICHOST) != 0) {
        info->address[0] = '\0';
    } else if (is_multicast(address)) {
        memcpy(info->group, info->address, sizeof(info->group));
    }
}

void sp2__ip_address_tell(const sp2__ip_address *address, char *text, uint32_t size,
                          uint32_t *port) {
    const bool v6 = address->any.sa_family == AF_INET6;
    *port = ntohs(v6 ? address->v6.sin6_port : address->v4.sin_port);
    if (inet_ntop(address->any.sa_family,
                  v6 ? (const void *)&address->v6.sin6_addr : (const void *)&address->v4.sin_addr,
                  text, size) == NULL) {
        text[0] = '\0';
    }
}

sp2__ip_address sp2__ip_address_make(const sp2__address *address) {
    sp2__ip_address made = {0};
    if (address->length == sizeof(made.v4.sin_addr)) {
        made.v4.sin_family = AF_INET;
        made.v4.sin_port = htons((uint16_t)address->port);
        memcpy(&made.v4.sin_addr, address->bytes, address->length);
    } else {
        made.v6.sin6_family = AF_INET6;
        made.v6.sin6_port = htons((uint16_t)address->port);
        memcpy(&made.v6.sin6_addr, address->bytes, sizeof(made.v6.sin6_addr));
    }
    return made;
}

sp2__address sp2__ip_address_read(const sp2__ip_address *address) {
    sp2__address read = {0};
    if (address->any.sa_family == AF_INET) {
        read.length = sizeof(address->v4.sin_addr);
        read.port = ntohs(address->v4.sin_port);
        memcpy(read.bytes, &address->v4.sin_addr, read.length);
    } else if (address->any.sa_family == AF_INET6) {
        read.length = sizeof(address->v6.sin6_addr);
        read.port = ntohs(address->v6.sin6_port);
        memcpy(read.bytes, &address->v6.sin6_addr, read.length);
    }
    return read;
}

const char *sp2__udp_target(const sp2__udp_config *config) {
    return config->group != NULL         ? config->group
           : is_given(config->bind_host) ? config->bind_host
                                         : "any address";
}
