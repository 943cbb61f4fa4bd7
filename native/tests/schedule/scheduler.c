/* SPDX-License-Identifier: MIT */
#include "schedule/scheduler.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

#include "test.h"

enum {
    MOST_THREADS = 8,
    STACK_SIZE = 256 << 10,
    MOST_LOCAL = 2048,
    MOST_STORES = 32,
    MOST_CHOICES = 20000,
    DEFAULT_LIMIT = 18000,
    MUTATION_LIMIT = 100000,
    RANDOM_SHARE = 10,
    RANDOM_ONE_IN = 6,
    HISTORY = 100
};
enum { KIND_POINTS = 1, KIND_NO_POINTS = 2 };

/* What the linker gathers from the core's thread-local variables. */
extern char __start_schedule_local[];
extern char __stop_schedule_local[];

typedef struct late_store {
    volatile void *object;
    uint64_t value;
    size_t size;
} late_store;

typedef struct thread {
    ucontext_t context; /* where it begins */
    jmp_buf place;      /* where it is, once it has begun */
    bool begun;
    void *stack;
    void (*run)(void *);
    void *argument;
    bool (*condition)(void *); /* what it waits for, or NULL */
    void *condition_argument;
    bool timed;
    bool gave_up;
    bool finished;
    uint32_t store_count;
    late_store stores[MOST_STORES]; /* oldest first */
    char local[MOST_LOCAL];
} thread;

typedef struct choice {
    uint16_t chosen;
    uint16_t options;
    uint16_t cost_before;
    bool costs; /* whether all options but the first cost 1 */
} choice;

static const schedule_scenario *scenario;
static schedule_mutation mutation;
static const char *mutated_function;
static schedule_result *result;

static ucontext_t host;
static thread threads[MOST_THREADS];
static uint32_t thread_count;
static uint32_t current;
static bool choosing;
static bool random_choices;
static sp2_test_rng rng;
static char initial_local[MOST_LOCAL];

static choice choices[MOST_CHOICES];
static uint32_t prefix; /* choices that are given */
static uint32_t depth;
static uint32_t cost;
static uint32_t cost_limit;

/* The latest points and who came by there, for those who want to know how it went wrong. */
static struct {
    uint32_t thread;
    const schedule_place *place;
} history[HISTORY];
static uint64_t steps;

static void print_history(void) {
    for (uint64_t i = steps < HISTORY ? 0 : steps - HISTORY; i < steps; i++) {
        fprintf(stderr, "  thread %u in %s\n", (unsigned)history[i % HISTORY].thread,
                history[i % HISTORY].place->function);
    }
}

_Noreturn static void fail(const char *text) {
    if (mutation == MUTATE_NOTHING) {
        fprintf(stderr, "%s: \"%s\" after these steps:\n", scenario->name, text);
        print_history();
    }
    snprintf(result->failure, sizeof(result->failure), "%s", text);
    _exit(0);
}

void schedule_check(bool held, const char *text) {
    if (!held) {
        fail(text);
    }
}

static bool flush(thread *t);

/* ---- choices ---- */

static uint32_t choose(uint32_t options, bool costs) {
    if (options < 2 || !choosing) {
        return 0;
    }
    if (depth == MOST_CHOICES) {
        fail("the threads go on without end");
    }
    choice *c = &choices[depth];
    if (depth < prefix) {
        if (c->options != options || c->costs != costs) {
            fail("the scenario is not the same each time");
        }
    } else {
        c->options = (uint16_t)options;
        c->costs = costs;
        c->chosen = 0;
        if (random_choices && (!costs || sp2_test_below(&rng, RANDOM_ONE_IN) == 0)) {
            c->chosen = (uint16_t)sp2_test_below(&rng, options);
        }
    }
    c->cost_before = (uint16_t)cost;
    cost += c->costs && c->chosen != 0;
    depth++;
    return c->chosen;
}

/* Makes the choices of the next schedule in depth-first order; false if there is none. */
static bool next_schedule(void) {
    while (depth > 0) {
        choice *c = &choices[depth - 1];
        if (c->chosen + 1u < c->options && (!c->costs || c->cost_before < cost_limit)) {
            c->chosen++;
            prefix = depth;
            return true;
        }
        depth--;
    }
    return false;
}

/* ---- threads ---- */

static bool can_run(const thread *t) {
    return !t->finished && (t->condition == NULL || t->condition(t->condition_argument));
}

static size_t local_size(void) {
    return (size_t)(__stop_schedule_local - __start_schedule_local);
}

static void switch_to(uint32_t next) {
    if (next == current) {
        return;
    }
    thread *from = &threads[current];
    thread *to = &threads[next];
    memcpy(from->local, __start_schedule_local, local_size());
    memcpy(__start_schedule_local, to->local, local_size());
    current = next;
    /* Without the system calls of swapcontext. */
    if (_setjmp(from->place) == 0) {
        if (to->begun) {
            _longjmp(to->place, 1);
        }
        to->begun = true;
        setcontext(&to->context);
    }
}

/* The threads that can run, in turn from the one after the current, without it. */
static uint32_t others(uint32_t *found) {
    uint32_t count = 0;
    for (uint32_t i = 1; i < thread_count; i++) {
        const uint32_t other = (current + i) % thread_count;
        if (can_run(&threads[other])) {
            found[count++] = other;
        }
    }
    return count;
}

static bool is_point(schedule_place *place) {
    if (place->kind == 0) {
        const char *slash = strrchr(place->file, '/');
        const char *name = slash != NULL ? slash + 1 : place->file;
        place->kind = strstr(scenario->files, name) != NULL ? KIND_POINTS : KIND_NO_POINTS;
    }
    return place->kind == KIND_POINTS;
}

void schedule_point(schedule_place *place) {
    uint32_t found[MOST_THREADS];
    if (!choosing || !is_point(place)) {
        return;
    }
    history[steps % HISTORY].thread = current;
    history[steps++ % HISTORY].place = place;
    const uint32_t count = others(found);
    const uint32_t chosen = choose(count + 1, true);
    if (chosen != 0) {
        switch_to(found[chosen - 1]);
    }
}

void schedule_yield(void) {
    uint32_t found[MOST_THREADS];
    schedule_flush();
    if (others(found) != 0) {
        switch_to(found[0]);
    }
}

/* Gives the processor to any other thread. Those that may give up waiting do so only if nothing
 * else can happen, or at a cost. */
static void run_others(void) {
    uint32_t found[MOST_THREADS];
    uint32_t ready = others(found);
    /* No store is late forever. */
    for (uint32_t i = 0; i < thread_count && ready == 0; i++) {
        if (flush(&threads[i])) {
            ready = others(found);
        }
    }
    uint32_t late[MOST_THREADS];
    uint32_t late_count = 0;
    for (uint32_t i = 0; i < thread_count; i++) {
        const thread *t = &threads[i];
        if (!t->finished && t->timed && !can_run(t)) {
            late[late_count++] = i;
        }
    }
    if (ready + late_count == 0) {
        fail("no thread can go on");
    }
    if (late_count != 0 && (ready == 0 || choose(2, true) == 1)) {
        const uint32_t chosen = late[choose(late_count, false)];
        threads[chosen].gave_up = true;
        switch_to(chosen);
    } else {
        switch_to(found[choose(ready, false)]);
    }
}

bool schedule_wait(bool (*condition)(void *), void *argument, bool timed) {
    thread *self = &threads[current];
    schedule_flush();
    if (condition(argument)) {
        return true;
    }
    self->condition = condition;
    self->condition_argument = argument;
    self->timed = timed;
    self->gave_up = false;
    run_others();
    const bool held = !self->gave_up;
    self->condition = NULL;
    self->timed = false;
    return held;
}

static void thread_main(void) {
    thread *self = &threads[current];
    self->run(self->argument);
    schedule_flush();
    self->finished = true;
    for (uint32_t i = 0; i < thread_count; i++) {
        if (!threads[i].finished) {
            run_others();
        }
    }
    setcontext(&host);
}

uint32_t schedule_new_thread(void (*run)(void *), void *argument) {
    REQUIRE(thread_count < MOST_THREADS && local_size() <= MOST_LOCAL);
    thread *t = &threads[thread_count];
    void *stack = t->stack != NULL ? t->stack : malloc(STACK_SIZE);
    REQUIRE(stack != NULL);
    memset(t, 0, offsetof(thread, local));
    memcpy(t->local, initial_local, local_size());
    t->stack = stack;
#if defined(__SANITIZE_ADDRESS__)
    /* Frames of its last thread that were left without returning. */
    __asan_unpoison_memory_region(stack, STACK_SIZE);
#endif
    t->run = run;
    t->argument = argument;
    getcontext(&t->context);
    t->context.uc_stack.ss_sp = stack;
    t->context.uc_stack.ss_size = STACK_SIZE;
    t->context.uc_link = NULL;
    makecontext(&t->context, thread_main, 0);
    return thread_count++;
}

bool schedule_is_finished(uint32_t number) {
    return threads[number].finished;
}

uint32_t schedule_current(void) {
    return current;
}

static uint32_t started[MOST_THREADS];
static uint32_t started_count;

void schedule_start(void (*run)(void *), void *argument) {
    started[started_count++] = schedule_new_thread(run, argument);
}

static bool all_finished(void *unused) {
    (void)unused;
    for (uint32_t i = 0; i < started_count; i++) {
        if (!threads[started[i]].finished) {
            return false;
        }
    }
    return true;
}

void schedule_join(void) {
    schedule_wait(all_finished, NULL, false);
    started_count = 0;
}

void schedule_choices(bool on) {
    choosing = on;
}

bool schedule_has_many_cpus(void) {
    return scenario->many_cpus;
}

/* ---- memory ---- */

bool schedule_leaves_out(const schedule_place *place, schedule_mutation wanted) {
    return mutation == wanted && strcmp(place->function, mutated_function) == 0;
}

static bool flush(thread *t) {
    const bool any = t->store_count != 0;
    for (uint32_t i = 0; i < t->store_count; i++) {
        memcpy((void *)(uintptr_t)t->stores[i].object, &t->stores[i].value, t->stores[i].size);
    }
    t->store_count = 0;
    return any;
}

void schedule_flush(void) {
    flush(&threads[current]);
}

/* Memory that is freed is somebody else's: nothing may be stored to it late. The linker puts this
 * in the place of free. */
void __real_free(void *block);
void __wrap_free(void *block);

void __wrap_free(void *block) {
    schedule_flush();
    __real_free(block);
}

void schedule_load(schedule_place *place, const volatile void *object, void *value, size_t size,
                   bool sequential) {
    const thread *self = &threads[current];
    schedule_point(place);
    if (sequential) {
        schedule_flush();
    }
    for (uint32_t i = self->store_count; i > 0; i--) {
        if (self->stores[i - 1].object == object) {
            memcpy(value, &self->stores[i - 1].value, size);
            return;
        }
    }
    memcpy(value, (const void *)(uintptr_t)object, size);
}

void schedule_store_in_order(volatile void *object, const void *value, size_t size) {
    thread *self = &threads[current];
    if (self->store_count == MOST_STORES) {
        schedule_flush();
    }
    if (self->store_count == 0) {
        memcpy((void *)(uintptr_t)object, value, size);
        return;
    }
    late_store *store = &self->stores[self->store_count++];
    *store = (late_store){.object = object, .size = size};
    memcpy(&store->value, value, size);
}

void schedule_store(schedule_place *place, volatile void *object, const void *value, size_t size) {
    thread *self = &threads[current];
    schedule_point(place);
    if (schedule_leaves_out(place, MUTATE_STORE)) {
        return;
    }
    if (self->store_count == 0 && choosing && is_point(place) && choose(2, true) == 1) {
        self->stores[0] = (late_store){.object = object, .size = size};
        memcpy(&self->stores[0].value, value, size);
        self->store_count = 1;
    } else {
        schedule_store_in_order(object, value, size);
    }
}

void schedule_fence(schedule_place *place) {
    schedule_point(place);
    if (!schedule_leaves_out(place, MUTATE_FENCE)) {
        schedule_flush();
    }
}

void schedule_locked(schedule_place *place) {
    schedule_point(place);
    schedule_flush();
}

/* ---- exploration ---- */

static void first_thread(void *unused) {
    (void)unused;
    scenario->run();
}

static void run_schedule(void) {
    depth = 0;
    cost = 0;
    steps = 0;
    thread_count = 0;
    started_count = 0;
    current = 0;
    choosing = false;
    schedule_new_thread(first_thread, NULL);
    memcpy(__start_schedule_local, initial_local, local_size());
    threads[0].begun = true;
    swapcontext(&host, &threads[0].context);
    result->schedules++;
    result->points = depth > result->points ? depth : result->points;
}

static uint64_t setting(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

static void explore(void) {
    const uint64_t limit = mutation != MUTATE_NOTHING
                               ? MUTATION_LIMIT
                               : setting("SPEAD2_SCHEDULE_LIMIT", DEFAULT_LIMIT);
    const uint32_t most = (uint32_t)setting("SPEAD2_SCHEDULE_COST", 2);
    memcpy(initial_local, __start_schedule_local, local_size());
    for (cost_limit = 0; cost_limit <= most; cost_limit++) {
        prefix = 0;
        do {
            run_schedule();
            result->all = result->schedules < limit;
        } while (result->all && next_schedule());
        if (!result->all) {
            break;
        }
        result->cost = cost_limit;
    }
    random_choices = true;
    prefix = 0;
    /* What is planted must be found: random orders go on until it is. */
    const uint64_t random = mutation != MUTATE_NOTHING ? limit : limit / RANDOM_SHARE;
    for (uint64_t i = 0; i < random; i++) {
        run_schedule();
    }
}

schedule_result schedule_explore(const schedule_scenario *wanted, schedule_mutation change,
                                 const char *function) {
    scenario = wanted;
    mutation = change;
    mutated_function = function;
    rng = sp2_test_random();
    result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(result != MAP_FAILED);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        explore();
        _exit(0);
    }
    int status = 0;
    REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
    schedule_result seen = *result;
    if (status != 0 && seen.failure[0] == '\0') {
        snprintf(seen.failure, sizeof(seen.failure), "the process ended with status 0x%x", status);
    }
    munmap(result, sizeof(*result));
    return seen;
}
