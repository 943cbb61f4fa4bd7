/* SPDX-License-Identifier: MIT */
/* A program that loads the library, and unloads it while its threads receive. */
#include <stdlib.h>
#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#include "packet_builder.h"
#include "test.h"
#include "test_sockets.h"
#include "test_threads.h"

#include <spead2core/spead2core.h>

enum { HEAP_BYTES = 1000, HEAPS = 100, PATIENCE_SECONDS = 20 };

/* ---- the library ---- */

/* The functions that are used. */
#define FUNCTIONS(X)                                                                               \
    X(sp2_receive_stream_create)                                                                   \
    X(sp2_receive_stream_add_udp_source)                                                           \
    X(sp2_receive_stream_set_memory_allocator)                                                     \
    X(sp2_receive_stream_pop_wait)                                                                 \
    X(sp2_receive_stream_destroy)                                                                  \
    X(sp2_packet_source_get_info)                                                                  \
    X(sp2_packet_source_release)                                                                   \
    X(sp2_thread_pool_create)                                                                      \
    X(sp2_thread_pool_destroy)                                                                     \
    X(sp2_memory_pool_create)                                                                      \
    X(sp2_allocator_destroy)                                                                       \
    X(sp2_heap_get_info)                                                                           \
    X(sp2_heap_release)

#define LOADED(name) static __typeof__(name) *loaded_##name;
FUNCTIONS(LOADED)

#if defined(_WIN32)
typedef HMODULE library;

static library load(const char *path) {
    return LoadLibraryA(path);
}

static void unload(library loaded) {
    CHECK(FreeLibrary(loaded));
}

static void *find(library loaded, const char *name) {
    return (void *)(void (*)(void))GetProcAddress(loaded, name);
}
#else
typedef void *library;

static library load(const char *path) {
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static void unload(library loaded) {
    CHECK(dlclose(loaded) == 0);
}

static void *find(library loaded, const char *name) {
    return dlsym(loaded, name);
}
#endif

static library load_library(void) {
    const char *path = getenv("SP2_TEST_LIBRARY");
    REQUIRE(path != NULL);
    const library loaded = load(path);
    REQUIRE(loaded != NULL);
#define FIND(name)                                                                                 \
    *(void **)(&loaded_##name) = find(loaded, #name);                                              \
    REQUIRE(loaded_##name != NULL);
    FUNCTIONS(FIND)
    return loaded;
}

/* ---- streams of it ---- */

typedef struct receiver {
    sp2_thread_pool *threads;
    sp2_allocator *memory;
    sp2_receive_stream *stream;
    uint32_t port;
} receiver;

static receiver start_receiver(void) {
    receiver r;
    sp2_memory_pool_options memory = SP2_MEMORY_POOL_OPTIONS_INIT;
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    sp2_packet_source *source;
    REQUIRE(loaded_sp2_thread_pool_create(NULL, &r.threads) == SP2_OK);
    memory.upper = HEAP_BYTES;
    memory.max_free = 8;
    memory.initial = 8;
    memory.low_water = 8;
    memory.thread_pool = r.threads;
    REQUIRE(loaded_sp2_memory_pool_create(&memory, &r.memory) == SP2_OK);
    REQUIRE(loaded_sp2_receive_stream_create(r.threads, NULL, &r.stream) == SP2_OK);
    REQUIRE(loaded_sp2_receive_stream_set_memory_allocator(r.stream, r.memory) == SP2_OK);
    udp.bind_host = "127.0.0.1";
    REQUIRE(loaded_sp2_receive_stream_add_udp_source(r.stream, &udp, &source) == SP2_OK);
    REQUIRE(loaded_sp2_packet_source_get_info(source, &info) == SP2_OK);
    loaded_sp2_packet_source_release(source);
    r.port = info.port;
    return r;
}

static void send_heap(test_socket sender, uint64_t cnt) {
    datagram_list list = {0};
    uint8_t *payload = new_payload(HEAP_BYTES, cnt);
    datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, HEAP_BYTES);
    CHECK(send(sender, list.datagrams[0].data, (test_length)list.datagrams[0].length, 0) > 0);
    free(payload);
    datagrams_free(&list);
}

/* One heap at a time, so that each wakes the library's thread. */
static void check_receives(receiver *r) {
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)r->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const test_socket sender = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(sender != NO_SOCKET);
    REQUIRE(connect(sender, (const struct sockaddr *)&address, sizeof(address)) == 0);
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        sp2_heap *heap;
        uint32_t count;
        sp2_heap_info info = SP2_HEAP_INFO_INIT;
        send_heap(sender, cnt);
        REQUIRE(loaded_sp2_receive_stream_pop_wait(
                    r->stream, &heap, 1, (int64_t)PATIENCE_SECONDS * 1000000000, &count) == SP2_OK);
        CHECK(loaded_sp2_heap_get_info(heap, &info) == SP2_OK);
        CHECK_EQ_U64(info.cnt, cnt);
        CHECK_EQ_U64(info.payload_length, HEAP_BYTES);
        loaded_sp2_heap_release(heap);
    }
    test_socket_close(sender);
}

static void destroy(receiver *r) {
    loaded_sp2_receive_stream_destroy(r->stream);
    loaded_sp2_allocator_destroy(r->memory);
    loaded_sp2_thread_pool_destroy(r->threads);
}

/* ---- tests ---- */

SP2_TEST(Library_unloaded_with_a_live_stream_goes_on_receiving) {
    const library loaded = load_library();
    receiver r = start_receiver();
    check_receives(&r);
    unload(loaded);
    check_receives(&r);
    destroy(&r);
}

SP2_TEST(Process_ends_after_unloading_with_a_live_stream) {
    const library loaded = load_library();
    static receiver r;
    r = start_receiver();
    unload(loaded);
    CHECK(r.stream != NULL);
}

SP2_TEST(Library_unloaded_after_use_can_be_loaded_again) {
    for (int i = 0; i < 3; i++) {
        const library loaded = load_library();
        receiver r = start_receiver();
        check_receives(&r);
        destroy(&r);
        unload(loaded);
    }
}
