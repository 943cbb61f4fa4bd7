/* SPDX-License-Identifier: MIT */
/*
 * A process that stands still while a sender sends segments to it: the kernel drops messages of
 * many packets each, and says how many messages only. Every packet is accounted for all the same.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loopback.h"

enum { PACKET = 1400, PACKETS_OF_HEAP = 40, HEAPS = 200, SMALL_BUFFER = 131072 };
enum { MESSAGE = 16, ROUND = 50 };
enum { HEAP_BYTES = PACKETS_OF_HEAP * PACKET, ROOM = HEAPS + 2 };

/* Whether the process stands still: the letter behind its name. */
static bool is_stopped(pid_t process) {
    char text[512];
    snprintf(text, sizeof(text), "/proc/%d/stat", (int)process);
    FILE *file = fopen(text, "re");
    const size_t length = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;
    text[length] = 0;
    if (file != NULL) {
        fclose(file);
    }
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && name_end[1] == ' ' && name_end[2] == 'T';
}

static datagram_list heap_of(uint64_t cnt) {
    static const uint8_t payload[HEAP_BYTES];
    datagram_list list = {0};
    datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, PACKET);
    return list;
}

/* In messages that are not as long as a heap, so that heaps are torn. */
static bool send_heap(test_socket sender, const datagram_list *heap) {
    bool sent = true;
    for (size_t first = 0; first < heap->count && sent; first += MESSAGE) {
        const size_t left = heap->count - first;
        const datagram_list part = {.datagrams = heap->datagrams + first,
                                    .count = left < MESSAGE ? left : MESSAGE};
        sent = send_as_segments(sender, &part);
    }
    return sent;
}

static bool is_drained(int receiver) {
    int waiting = 1;
    return ioctl(receiver, FIONREAD, &waiting) == 0 && waiting == 0;
}

/* Sends all heaps but the first, while the parent stands still now and then. Makes no thread. */
static void send_while_stopped(test_socket sender, int receiver, const datagram_list *heaps) {
    const pid_t parent = getppid();
    bool sent = true;
    for (uint64_t cnt = 2; cnt <= HEAPS && sent; cnt++) {
        if (cnt % ROUND == 2) {
            sent = kill(parent, SIGSTOP) == 0;
            while (sent && !is_stopped(parent)) {
                sp2_test_nap();
            }
        }
        sent = sent && send_heap(sender, &heaps[cnt]);
        if (cnt % ROUND == 1 || cnt == HEAPS || !sent) {
            kill(parent, SIGCONT);
            while (sent && !is_drained(receiver)) {
                sp2_test_nap();
            }
        }
    }
    _exit(sent ? 0 : 1);
}

SP2_TEST(Every_packet_that_a_stopped_process_lost_is_counted) {
    sp2_receive_options options = quiet_options(SP2_RECEIVE_ACCOUNT_HEAPS);
    options.cnt_step = 1;
    options.ring_heaps = ROOM;
    sp2_receive_stream *stream = new_stream(&options);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    REQUIRE(bind(receiver, (struct sockaddr *)&address, sizeof(address)) == 0);
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.flags = SP2_UDP_EXISTING_SOCKET;
    udp.socket = receiver;
    const uint32_t port = open_udp_source(stream, &udp);
    REQUIRE(test_set_option(receiver, SOL_SOCKET, SO_RCVBUF, SMALL_BUFFER));
    const test_socket sender = new_sender(AF_INET, port);
    datagram_list heaps[HEAPS + 1] = {{0}};
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        heaps[cnt] = heap_of(cnt);
        REQUIRE(heaps[cnt].count == PACKETS_OF_HEAP);
    }
    if (!send_heap(sender, &heaps[1])) {
        SKIP("this kernel cuts no messages into segments");
    }
    WAIT_UNTIL(stats_of(stream).packets == PACKETS_OF_HEAP, PATIENCE_SECONDS);

    const pid_t child = fork();
    if (child == 0) {
        send_while_stopped(sender, receiver, heaps);
    }
    int status;
    REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    datagram_list stop = {0};
    const test_socket stopper = new_sender(AF_INET, port);
    datagrams_add_stop(&stop, HEAPS + 1);
    send_datagrams(stopper, &stop);
    heap_list received = pop_all(stream);

    const sp2_receive_stats stats = stats_of(stream);
    const uint64_t sent = HEAPS * PACKETS_OF_HEAP + 1;
    CHECK(stats.kernel_drop_messages != 0);
    CHECK(stats.heaps_missing != 0);
    CHECK(stats.packets_missing != 0);
    CHECK_EQ_U64(stats.packets + stats.packets_missing + stats.heaps_missing * PACKETS_OF_HEAP,
                 sent);
    printf("sent %d = received %d + missing %d + heaps missing %d x %d; messages dropped %d\n",
           (int)sent, (int)stats.packets, (int)stats.packets_missing, (int)stats.heaps_missing,
           PACKETS_OF_HEAP, (int)stats.kernel_drop_messages);
    heaps_free(&received);
    datagrams_free(&stop);
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        datagrams_free(&heaps[cnt]);
    }
    sp2_receive_stream_destroy(stream);
    test_socket_close(stopper);
    test_socket_close(sender);
    close(receiver);
}
