/* SPDX-License-Identifier: MIT */
/* Statistics pages, read as docs/statistics-page.md says. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loopback.h"

enum {
    PAGE_SIZE_BYTES = 7320,
    SEQUENCE = 16,
    PROCESS = 24,
    STATE = 28,
    CREATED = 40,
    UPDATED = 48,
    LAST_HEAP = 56,
    RING_HEAPS = 64,
    RING_LIMIT = 72,
    STATISTICS = 152,
    STATISTIC_SIZE = 48,
    SOURCES = 6296,
    SOURCE_SIZE = 128,
    OPEN = 1,
    STOPPED = 2
};

enum { HEAPS = 3, HEAP_BYTES = 100, RING = 8, PATH_SIZE = 512, OLD_SECONDS = 11 };

static char folder[] = P_tmpdir "/spead2-test-XXXXXX";

static void remove_folder(void) {
    rmdir(folder);
}

/* The AOT library reads it once. */
SP2_TEST_AT_START(choose_folder) {
    if (mkdtemp(folder) == NULL || setenv("XDG_RUNTIME_DIR", folder, 1) != 0) {
        abort();
    }
    atexit(remove_folder);
}

static uint64_t number_at(const uint8_t *page, size_t at, unsigned size) {
    uint64_t value = 0;
    for (unsigned i = size; i-- > 0;) {
        value = value << 8 | page[at + i];
    }
    return value;
}

static uint64_t u32(const uint8_t *page, size_t at) {
    return number_at(page, at, 4);
}

static uint64_t u64(const uint8_t *page, size_t at) {
    return number_at(page, at, 8);
}

/* How many files are in the folder; `path` is one of them. */
static unsigned files(char path[PATH_SIZE]) {
    unsigned count = 0;
    const struct dirent *entry;
    DIR *stream = opendir(folder);
    REQUIRE(stream != NULL);
    while ((entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] != '.') {
            snprintf(path, PATH_SIZE, "%s/%s", folder, entry->d_name);
            count++;
        }
    }
    closedir(stream);
    return count;
}

static unsigned file_count(void) {
    char path[PATH_SIZE];
    return files(path);
}

/* Reads the only page, as it was between two times that it was written. */
static void read_page(uint8_t page[PAGE_SIZE_BYTES]) {
    char path[PATH_SIZE];
    uint8_t again[8];
    do {
        REQUIRE(files(path) == 1);
        const int fd = open(path, O_RDONLY | O_CLOEXEC);
        REQUIRE(fd >= 0);
        REQUIRE(pread(fd, page, PAGE_SIZE_BYTES, 0) == PAGE_SIZE_BYTES);
        REQUIRE(pread(fd, again, sizeof(again), SEQUENCE) == sizeof(again));
        close(fd);
    } while (u64(page, SEQUENCE) % 2 != 0 || memcmp(page + SEQUENCE, again, sizeof(again)) != 0);
}

static uint64_t read_number(size_t at, unsigned size) {
    uint8_t page[PAGE_SIZE_BYTES];
    read_page(page);
    return number_at(page, at, size);
}

/* The value of a statistic. */
static uint64_t read_statistic(const char *name) {
    uint8_t page[PAGE_SIZE_BYTES];
    read_page(page);
    for (uint64_t i = 0; i < u32(page, 80); i++) {
        const size_t at = STATISTICS + i * STATISTIC_SIZE;
        if (strcmp((const char *)page + at, name) == 0) {
            return u64(page, at + 40);
        }
    }
    return UINT64_MAX;
}

static datagram_list heaps_from(uint64_t first) {
    datagram_list list = {0};
    uint8_t payload[HEAP_BYTES];
    for (uint64_t cnt = first; cnt < first + HEAPS; cnt++) {
        fill_payload(payload, HEAP_BYTES, cnt);
        datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, HEAP_BYTES);
    }
    return list;
}

static sp2_receive_stream *published_stream(const char *name) {
    static const sp2_custom_stat custom[] = {{"mine", SP2_STAT_COUNTER, 0}};
    sp2_receive_options options = quiet_options(0);
    options.ring_heaps = RING;
    options.custom_stats = custom;
    options.custom_stat_count = 1;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(sp2_receive_stream_publish(stream, name));
    return stream;
}

/* Each number and each text of the head, and names and values as the list of statistics has them.
 */
static void check_page(const uint8_t *page, sp2_receive_stream *stream) {
    CHECK_MEM(page, "SP2STATS", 8);
    CHECK_EQ_U64(u32(page, 8), 1);
    CHECK_EQ_U64(u32(page, 12), PAGE_SIZE_BYTES);
    CHECK_EQ_U64(u32(page, PROCESS), (uint64_t)getpid());
    CHECK(u64(page, 32) != 0);
    CHECK(u64(page, UPDATED) >= u64(page, CREATED));
    CHECK_EQ_U64(u64(page, UPDATED) / 1000000000 / 60, (uint64_t)time(NULL) / 60);
    CHECK(u64(page, LAST_HEAP) >= u64(page, CREATED));
    CHECK_EQ_U64(u64(page, RING_LIMIT), RING);
    CHECK_STR((const char *)page + 88, "beam");
    uint32_t count;
    uint64_t values[128];
    REQUIRE_OK(sp2_receive_stream_get_stat_count(stream, &count));
    REQUIRE_OK(sp2_receive_stream_get_stat_values(stream, values, 128, &count));
    CHECK_EQ_U64(u32(page, 80), count);
    for (uint32_t i = 0; i < count; i++) {
        sp2_stat_info info = SP2_STAT_INFO_INIT;
        const size_t at = STATISTICS + (size_t)i * STATISTIC_SIZE;
        REQUIRE_OK(sp2_receive_stream_get_stat_info(stream, i, &info));
        CHECK_STR((const char *)page + at, info.name);
        CHECK_EQ_U64(u64(page, at + 40), values[i]);
    }
}

SP2_TEST(Page_has_the_statistics_and_the_sources) {
    sp2_receive_stream *stream = published_stream("beam");
    const uint32_t port = open_loopback_source(stream);
    datagram_list list = heaps_from(1);
    send_to_loopback(port, &list);
    WAIT_UNTIL(read_statistic("heaps") == HEAPS, PATIENCE_SECONDS);

    uint8_t page[PAGE_SIZE_BYTES];
    char text[96];
    read_page(page);
    check_page(page, stream);
    CHECK_EQ_U64(u32(page, STATE), OPEN);
    CHECK_EQ_U64(u64(page, RING_HEAPS), HEAPS);
    CHECK_EQ_U64(u32(page, 84), 1);
    snprintf(text, sizeof(text), "Udp 127.0.0.1:%u", (unsigned)port);
    CHECK_STR((const char *)page + SOURCES, text);
    CHECK_EQ_U64(u64(page, SOURCES + 96), HEAPS);
    CHECK(u64(page, SOURCES + 104) > HEAPS * HEAP_BYTES);
    CHECK_EQ_U64(u64(page, SOURCES + 112), 0);
    CHECK_EQ_U64(u64(page, SOURCES + 120), SP2_SOURCE_RUNNING);

    /* A stream that has stopped is open until its heaps have been taken. */
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    WAIT_UNTIL(read_number(SOURCES + 120, 8) == SP2_SOURCE_ENDED, PATIENCE_SECONDS);
    CHECK_EQ_U64(read_number(STATE, 4), OPEN);
    heap_list heaps = pop_count(stream, HEAPS);
    WAIT_UNTIL(read_number(STATE, 4) == STOPPED, PATIENCE_SECONDS);
    CHECK_EQ_U64(read_number(RING_HEAPS, 8), 0);
    heaps_free(&heaps);
    datagrams_free(&list);
    sp2_receive_stream_destroy(stream);
    CHECK_EQ_U64(file_count(), 0);
}

SP2_TEST(Only_the_user_may_read_the_page) {
    sp2_receive_stream *stream = published_stream(NULL);
    char path[PATH_SIZE];
    struct stat status;
    REQUIRE(files(path) == 1);
    REQUIRE(stat(path, &status) == 0);
    CHECK_EQ_U64(status.st_mode & 0777, 0600);
    CHECK_STR(strrchr(path, '.'), ".page");
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Removed_sources_leave_the_page) {
    sp2_receive_stream *stream = published_stream("sources");
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    sp2_packet_source *sources[2];
    udp.bind_host = "127.0.0.1";
    for (unsigned i = 0; i < 2; i++) {
        REQUIRE_OK(sp2_receive_stream_add_udp_source(stream, &udp, &sources[i]));
    }
    WAIT_UNTIL(read_number(84, 4) == 2, PATIENCE_SECONDS);
    REQUIRE_OK(sp2_packet_source_remove(sources[0]));
    WAIT_UNTIL(read_number(84, 4) == 1, PATIENCE_SECONDS);
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    char text[96];
    uint8_t page[PAGE_SIZE_BYTES];
    REQUIRE_OK(sp2_packet_source_get_info(sources[1], &info));
    snprintf(text, sizeof(text), "Udp 127.0.0.1:%u", (unsigned)info.port);
    read_page(page);
    CHECK_STR((const char *)page + SOURCES, text);
    for (unsigned i = 0; i < 2; i++) {
        sp2_packet_source_release(sources[i]);
    }
    sp2_receive_stream_destroy(stream);
}

static void count_end(void *context, sp2_heap *heap) {
    _Atomic unsigned *ends = context;
    *ends += heap == NULL;
    sp2_heap_release(heap);
}

SP2_TEST(Page_of_a_stream_without_a_ring_says_so) {
    _Atomic unsigned ends = 0;
    sp2_receive_options options = quiet_options(0);
    options.on_heap = count_end;
    options.on_heap_context = (void *)&ends;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(sp2_receive_stream_publish(stream, "inline"));
    datagram_list list = heaps_from(1);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    WAIT_UNTIL(read_number(STATE, 4) == STOPPED, PATIENCE_SECONDS);
    CHECK_EQ_U64(ends, 1);
    CHECK_EQ_U64(read_number(RING_LIMIT, 8), 0);
    CHECK_EQ_U64(read_statistic("heaps"), HEAPS);
    uint8_t page[PAGE_SIZE_BYTES];
    read_page(page);
    CHECK_STR((const char *)page + SOURCES, "Datagrams");
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Wrong_calls_publish_nothing) {
    sp2_receive_stream *stream = new_stream(NULL);
    char longest[SP2_PAGE_MAX_NAME + 2];
    memset(longest, 'n', sizeof(longest));
    longest[SP2_PAGE_MAX_NAME + 1] = 0;
    CHECK_STATUS(sp2_receive_stream_publish(NULL, "a"), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_stream_publish(stream, ""), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_stream_publish(stream, "two\nlines"), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_stream_publish(stream, "h\xc3\xb6he"), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_stream_publish(stream, longest), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "1 to 64 printable ASCII characters");
    CHECK_EQ_U64(file_count(), 0);
    longest[SP2_PAGE_MAX_NAME] = 0;
    REQUIRE_OK(sp2_receive_stream_publish(stream, longest));
    CHECK_STATUS(sp2_receive_stream_publish(stream, "again"), SP2_E_STATE);
    CHECK_EQ_U64(file_count(), 1);
    sp2_receive_stream_destroy(stream);
}

/* A page of a process, last written so many seconds ago. */
static void leave_page(const char *name, int64_t age) {
    char path[PATH_SIZE];
    uint8_t page[PAGE_SIZE_BYTES] = "SP2STATS";
    const struct timespec written = {.tv_sec = time(NULL) - age};
    const struct timespec times[2] = {written, written};
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    for (unsigned i = 0; i < 8; i++) {
        page[UPDATED + i] = (uint8_t)((uint64_t)written.tv_sec * 1000000000 >> 8 * i);
    }
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    REQUIRE(write(fd, page, sizeof(page)) == sizeof(page));
    REQUIRE(futimens(fd, times) == 0);
    close(fd);
}

static bool remove_left(const char *name) {
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return unlink(path) == 0;
}

SP2_TEST(Page_of_a_dead_process_is_removed_by_the_next_publisher) {
    /* No process has such a number: pid_max is at most 2^22. */
    leave_page("spead2-4194305-5-1.page", OLD_SECONDS);
    leave_page("spead2-4194305-5-2.page", 0);
    char mine[64];
    snprintf(mine, sizeof(mine), "spead2-%d-5-1.page", (int)getpid());
    leave_page(mine, OLD_SECONDS); /* of an earlier process of this number */
    leave_page("spead2-1-x-1.page", OLD_SECONDS);
    leave_page("spead2-4194305-5-1.pages", OLD_SECONDS);
    leave_page("spead2-+194305-5-1.page", OLD_SECONDS);
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_publish(stream, NULL));
    sp2_receive_stream_destroy(stream);
    CHECK(!remove_left("spead2-4194305-5-1.page"));
    CHECK(!remove_left(mine));
    /* Of a process of another namespace, perhaps; and what is no page. */
    CHECK(remove_left("spead2-4194305-5-2.page"));
    CHECK(remove_left("spead2-1-x-1.page"));
    CHECK(remove_left("spead2-4194305-5-1.pages"));
    CHECK(remove_left("spead2-+194305-5-1.page"));
    CHECK_EQ_U64(file_count(), 0);
}

SP2_TEST(Name_that_is_taken_is_passed_over) {
    /* This process publishes under these numbers first. */
    sp2_receive_stream *stream = published_stream("first");
    char path[PATH_SIZE];
    REQUIRE(files(path) == 1);
    sp2_receive_stream_destroy(stream);
    char *number = strrchr(path, '-') + 1;
    const long next = strtol(number, NULL, 10) + 1;
    snprintf(number, 32, "%ld.page", next);
    leave_page(strrchr(path, '/') + 1, 0);
    stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_publish(stream, NULL));
    CHECK_EQ_U64(file_count(), 2);
    sp2_receive_stream_destroy(stream);
    CHECK(unlink(path) == 0);
    CHECK_EQ_U64(file_count(), 0);
}

SP2_TEST(Folder_without_room_is_said_and_the_stream_goes_on) {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=4k,nr_inodes=1") != 0) {
        SKIP("a file system in memory cannot be mounted here: %s", strerror(errno));
    }
    sp2_receive_stream *stream = new_stream(NULL);
    CHECK_STATUS(sp2_receive_stream_publish(stream, NULL), SP2_E_OS);
    CHECK_CONTAINS(sp2_last_error_message(), "cannot make the statistics page");
    CHECK_CONTAINS(sp2_last_error_message(), "XDG_RUNTIME_DIR or /dev/shm");
    REQUIRE(umount(folder) == 0);
    REQUIRE_OK(sp2_receive_stream_publish(stream, NULL));
    CHECK_EQ_U64(file_count(), 1);
    sp2_receive_stream_destroy(stream);
    CHECK_EQ_U64(file_count(), 0);
}

SP2_TEST(Page_that_cannot_be_written_any_more_goes_and_the_stream_stays) {
    sp2_receive_stream *stream = published_stream("full");
    struct rlimit before;
    REQUIRE(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &none) == 0);
    WAIT_UNTIL(file_count() == 0, PATIENCE_SECONDS);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
    datagram_list list = heaps_from(1);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, HEAPS);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Forked_child_leaves_the_page_to_its_parent) {
    sp2_receive_stream *stream = published_stream("parent");
    const pid_t child = fork();
    if (child == 0) {
        const bool refused = sp2_receive_stream_publish(stream, "child") == SP2_E_FORKED;
        sp2_receive_stream_destroy(stream);
        _exit(refused ? 0 : 1);
    }
    int status;
    REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    const uint64_t written = read_number(UPDATED, 8);
    WAIT_UNTIL(read_number(UPDATED, 8) > written, PATIENCE_SECONDS);
    sp2_receive_stream_destroy(stream);
    CHECK_EQ_U64(file_count(), 0);
}

/* Streams come and go while others look. */
SP2_TEST(Streams_that_come_and_go_leave_no_page) {
    enum { ROUNDS = 200 };
    for (unsigned i = 0; i < ROUNDS; i++) {
        sp2_receive_stream *stream = new_stream(NULL);
        REQUIRE_OK(sp2_receive_stream_publish(stream, NULL));
        open_loopback_source(stream);
        sp2_receive_stream_destroy(stream);
    }
    CHECK_EQ_U64(file_count(), 0);
}
