/* SPDX-License-Identifier: MIT */
/* How a forked child knows itself, with a page that the kernel empties and without one, and what it
 * does with locks whose holders it has not got. */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "base/spinlock.h"
#include "receiver.h"
#include "test_threads.h"

enum { DONE = 42, FIRST_FAILURE = 50, WRONG_ADVICE = -1 };

/* ---- calls that a test can make fail: the linker puts these in their place ---- */

typedef enum refusal { NOTHING, MAPPING, WIPING, KNOWING_NOTHING } refusal;

static refusal refused;

void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
int __real_madvise(void *address, size_t length, int advice);
int __wrap_madvise(void *address, size_t length, int advice);

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
    return refused == MAPPING ? MAP_FAILED
                              : __real_mmap(address, length, protection, flags, fd, offset);
}

/* WIPING: as kernels before 4.14. KNOWING_NOTHING: as an emulator that says yes to any advice. */
int __wrap_madvise(void *address, size_t length, int advice) {
    if (refused == KNOWING_NOTHING) {
        return 0;
    }
    return refused == WIPING && advice != WRONG_ADVICE ? -1
                                                       : __real_madvise(address, length, advice);
}

/* ---- children ---- */

static pid_t fork_once(bool bare) {
    return bare ? (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) : fork();
}

static void check_child(pid_t child) {
    int status = 0;
    pid_t ended = 0;
    REQUIRE(child > 0);
    WAIT_UNTIL((ended = waitpid(child, &status, WNOHANG)) != 0, PATIENCE_SECONDS);
    if (ended == 0) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
    }
    CHECK_EQ_I64(WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), DONE);
}

#define CHILD_CHECK(condition, place)                                                              \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            _exit(FIRST_FAILURE + (place));                                                        \
        }                                                                                          \
    } while (0)

/* In a process that has not asked for its number: parent, child and grandchild have different ones,
 * each of them always the same. */
static void number_generations(refusal missing, bool bare) {
    refused = missing;
    const uint32_t own = sp2__process();
    CHILD_CHECK(own != 0 && own == sp2__process() && !sp2__is_inherited(own), 0);
    const pid_t child = fork_once(bare);
    if (child == 0) {
        const uint32_t childs = sp2__process();
        CHILD_CHECK(childs != 0 && childs != own && childs == sp2__process(), 1);
        CHILD_CHECK(sp2__is_inherited(own) && !sp2__is_inherited(childs), 2);
        const pid_t grandchild = fork_once(bare);
        if (grandchild == 0) {
            CHILD_CHECK(sp2__is_inherited(own) && sp2__is_inherited(childs), 3);
            _exit(DONE);
        }
        int status;
        CHILD_CHECK(waitpid(grandchild, &status, 0) == grandchild, 4);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : FIRST_FAILURE + 5);
    }
    int status;
    CHILD_CHECK(waitpid(child, &status, 0) == child, 6);
    CHILD_CHECK(own == sp2__process(), 7);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : FIRST_FAILURE + 8);
}

SP2_TEST(Process_number_differs_from_all_ancestors) {
    static const refusal missing[] = {NOTHING, MAPPING, WIPING, KNOWING_NOTHING};
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        for (int bare = 0; bare < 2; bare++) {
            sp2_test_context("refusal %d, bare %d", (int)i, bare);
            const pid_t child = fork();
            if (child == 0) {
                number_generations(missing[i], bare != 0);
            }
            check_child(child);
        }
    }
}

/* ---- locks ---- */

static atomic_bool lock_held;
static atomic_bool lock_wanted_back;

static void *hold_lock(void *lock) {
    sp2__spinlock_lock(lock);
    atomic_store(&lock_held, true);
    WAIT_UNTIL(atomic_load(&lock_wanted_back), PATIENCE_SECONDS);
    sp2__spinlock_unlock(lock);
    return NULL;
}

SP2_TEST(Spinlock_of_a_thread_left_behind_is_taken_over) {
    static sp2__spinlock lock;
    test_thread holder;
    atomic_store(&lock_held, false);
    atomic_store(&lock_wanted_back, false);
    test_thread_start(&holder, hold_lock, &lock);
    WAIT_UNTIL(atomic_load(&lock_held), PATIENCE_SECONDS);
    const pid_t child = fork();
    if (child == 0) {
        CHILD_CHECK(sp2__spinlock_lock(&lock), 0);
        sp2__spinlock_unlock(&lock);
        CHILD_CHECK(!sp2__spinlock_lock(&lock), 1);
        _exit(DONE);
    }
    check_child(child);
    atomic_store(&lock_wanted_back, true);
    test_thread_join(holder);
    CHECK(!sp2__spinlock_lock(&lock));
    sp2__spinlock_unlock(&lock);
}
