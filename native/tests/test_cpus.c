/* SPDX-License-Identifier: MIT */
/* How many CPUs the process may use. */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/thread.h"
#include "os/linux/cpus.h"
#include "test.h"

static char root[128];

static void make_root(void) {
    /* mkdtemp puts a name of its own in the place of the last six. */
    snprintf(root, sizeof(root), "%s/sp2-cpus-XXXXXX", P_tmpdir);
    REQUIRE(mkdtemp(root) != NULL);
}

static void write_file(const char *path, const char *text) {
    char full[256];
    snprintf(full, sizeof(full), "%s/%s", root, path);
    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        (void)mkdir(full, 0700);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    REQUIRE(file != NULL);
    fputs(text, file);
    fclose(file);
}

static void remove_files(void) {
    char command[256];
    snprintf(command, sizeof(command), "rm -r %s", root);
    CHECK(system(command) == 0);
}

static uint32_t quota(const char *groups) {
    char path[256];
    write_file("groups", groups);
    snprintf(path, sizeof(path), "%s/groups", root);
    return sp2__cpu_quota(path, root);
}

SP2_TEST(Quota_of_control_groups_is_rounded_up) {
    make_root();
    write_file("half/cpu.max", "50000 100000\n");
    write_file("more/cpu.max", "150000 100000\n");
    write_file("more/inner/cpu.max", "max 100000\n");
    write_file("more/two/cpu.max", "200000 100000\n");
    write_file("none/cpu.max", "max 100000\n");
    CHECK_EQ_U64(quota("0::/half\n"), 1);
    CHECK_EQ_U64(quota("0::/more\n"), 2);
    CHECK_EQ_U64(quota("0::/more/inner\n"), 2);
    CHECK_EQ_U64(quota("0::/more/two\n"), 2);
    CHECK_EQ_U64(quota("0::/none\n"), UINT32_MAX);
    CHECK_EQ_U64(quota("0::/not/there\n"), UINT32_MAX);
    CHECK_EQ_U64(quota(""), UINT32_MAX);
    CHECK_EQ_U64(sp2__cpu_quota("/nothing", root), UINT32_MAX);
    remove_files();
}

SP2_TEST(Quota_of_the_first_version_is_found_by_its_controller) {
    make_root();
    write_file("cpu/mine/cpu.cfs_quota_us", "100000\n");
    write_file("cpu/mine/cpu.cfs_period_us", "100000\n");
    write_file("cpu/free/cpu.cfs_quota_us", "-1\n");
    write_file("cpu/free/cpu.cfs_period_us", "100000\n");
    CHECK_EQ_U64(quota("3:cpuset:/\n1:cpu:/mine\n0::/\n"), 1);
    CHECK_EQ_U64(quota("2:cpuacct,cpu:/mine\n"), 1);
    CHECK_EQ_U64(quota("3:cpuset:/mine\n2:cpuacct:/mine\n"), UINT32_MAX);
    CHECK_EQ_U64(quota("1:cpu:/free\n"), UINT32_MAX);
    /* As a container sees it: the path is the host's, the mount is its own group. */
    write_file("cpu/cpu.cfs_quota_us", "250000\n");
    write_file("cpu/cpu.cfs_period_us", "100000\n");
    CHECK_EQ_U64(quota("1:cpu:/docker/0123\n"), 3);
    remove_files();
}

/* Binds all threads of the process: an emulator and a sanitizer have some of their own. */
static void bind_process(size_t cpu) {
    cpu_set_t set;
    DIR *threads = opendir("/proc/self/task");
    const struct dirent *entry;
    REQUIRE(threads != NULL);
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    while ((entry = readdir(threads)) != NULL) {
        const pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
        REQUIRE(thread == 0 || sched_setaffinity(thread, sizeof(set), &set) == 0);
    }
    closedir(threads);
}

SP2_TEST(Process_with_one_cpu_does_not_spin) {
    cpu_set_t set;
    REQUIRE(sched_getaffinity(0, sizeof(set), &set) == 0);
    size_t first = 0;
    while (!CPU_ISSET(first, &set)) {
        first++;
    }
    bind_process(first);
    CHECK(!sp2__many_cpus());
}

static void *bind_to_second(void *context) {
    const size_t *cpus = context;
    CHECK_EQ_I64(sp2__thread_bind((int32_t)cpus[1]), 0);
    CHECK(sp2__many_cpus());
    return NULL;
}

/* As programs do that care: a CPU for each thread. */
SP2_TEST(Process_whose_threads_have_a_cpu_each_spins) {
    cpu_set_t set;
    size_t cpus[2];
    REQUIRE(sched_getaffinity(0, sizeof(set), &set) == 0);
    if (CPU_COUNT(&set) < 2) {
        SKIP("there is one CPU");
    }
    for (size_t i = 0, cpu = 0; i < 2; cpu++) {
        if (CPU_ISSET(cpu, &set)) {
            cpus[i++] = cpu;
        }
    }
    bind_process(cpus[0]);
    CHECK_EQ_I64(sp2__thread_bind((int32_t)cpus[0]), 0);
    CHECK(!sp2__many_cpus());
    pthread_t second;
    REQUIRE(pthread_create(&second, NULL, bind_to_second, cpus) == 0);
    pthread_join(second, NULL);
}

SP2_TEST(Thread_is_not_bound_to_a_cpu_that_is_not_there) {
    CHECK(sp2__thread_bind(-1) != 0);
    CHECK(sp2__thread_bind(1500) != 0);
    CHECK(sp2__thread_bind(1 << 30) != 0);
    CHECK_EQ_I64(sp2__thread_bind(sched_getcpu()), 0);
}
